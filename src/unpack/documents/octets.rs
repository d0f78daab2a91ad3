//! Numbers and texts at places in foreign bytes.
//!
//! Does not panic: what is not there is `None`. All numbers are little-endian, as in all formats of Microsoft.

pub(in crate::unpack) use crate::unpack::fields::{slice as piece, u16_le as u16_at, u32_le as u32_at};

/// A number that counts octets or says where something lies.
pub(in crate::unpack) fn size_at(bytes: &[u8], at: usize) -> Option<usize> {
    usize::try_from(u32_at(bytes, at)?).ok()
}

/// The octets before the first NUL, and what follows it.
pub(in crate::unpack) fn until_nul(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let end = memchr::memchr(0, bytes)?;
    Some((bytes.get(..end)?, bytes.get(end + 1..)?))
}

/// UTF-16 text; what is none becomes a mark, an odd octet at the end is left out.
pub(in crate::unpack) fn utf16(bytes: &[u8]) -> String {
    let units: Vec<u16> = bytes.chunks_exact(2).filter_map(|two| u16_at(two, 0)).collect();
    String::from_utf16_lossy(&units)
}

/// Text in a code page of Windows; Western where the page is unknown.
pub(in crate::unpack) fn code_page(bytes: &[u8], page: u16) -> String {
    let label = match page {
        932 => "shift_jis".to_string(),
        936 => "gbk".to_string(),
        949 => "euc-kr".to_string(),
        950 => "big5".to_string(),
        10_000 => "macintosh".to_string(),
        20_866 => "koi8-r".to_string(),
        65_001 => "utf-8".to_string(),
        page => format!("windows-{page}"),
    };
    let encoding = encoding_rs::Encoding::for_label(label.as_bytes()).unwrap_or(encoding_rs::WINDOWS_1252);
    encoding.decode_without_bom_handling(bytes).0.into_owned()
}
