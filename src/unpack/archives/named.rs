//! Archives, images and file systems that are known by their marks and not read: what is in them nobody here sees, and
//! that is said.
//!
//! Does not list members. Sources: the formats' own notes, and what their readers look for.

use crate::unpack::fields::u32_le;
use crate::unpack::{Contents, Format, Nature, NoteKind, Opening};

pub(in crate::unpack) const FORMAT: Format = Format {
    name: "unread",
    about: "archives, images and file systems that are only recognised: ACE, ALZ, EGG, ARC, VHDX, VMDK, WIM, NTFS and others",
    recognise: |contents| known(contents.bytes).map(|(media_type, _)| media_type),
    nature: Nature::Unread(open),
};

/// Place, mark, media type, and what it is.
const MARKS: [(usize, &[u8], &str, &str); 34] = [
    (7, b"**ACE**", "application/x-ace-compressed", "an ACE archive"),
    (0, b"ALZ\x01", "application/x-alz-compressed", "an ALZ archive"),
    (0, b"EGGA\0\x01", "application/x-egg-compressed", "an EGG archive"),
    (0, b"SIT!\0", "application/x-stuffit", "a StuffIt archive"),
    (0, b"StuffIt (c)1997", "application/x-stuffit", "a StuffIt archive"),
    (0, b"StuffIt!", "application/x-stuffitx", "a StuffIt X archive"),
    (0, b"ArC\x01", "application/x-freearc", "a FreeArc archive"),
    (0, b"UHA\x06", "application/x-uharc", "a UHARC archive"),
    (0, b"BH\x05\x07", "application/x-blackhole", "a BlackHole archive"),
    (7, b"-sqx-", "application/x-sqx-compressed", "an SQX archive"),
    (0, b"KGB_arch -", "application/x-kgb-compressed", "a KGB archive"),
    (0, b"7kSt\xa0\x31\x83\xd3\x8c\xb2\x28\xb0\xd3zPQ", "application/x-zpaq", "a ZPAQ archive"),
    (0, b"zPQ", "application/x-zpaq", "a ZPAQ archive"),
    (0, b"DMS!", "application/x-dms", "a DMS image"),
    (0, b"LZX\0", "application/x-lzx", "an LZX archive"),
    (0, b"\x13\x5d\x65\x8c", "application/x-installshield", "an archive of InstallShield 3"),
    (0, b"xar!\0\x1c", "application/x-xar", "a XAR archive"),
    (0, b"vhdxfile", "application/x-vhdx", "a virtual disk (VHDX)"),
    (0, b"KDMV", "application/x-vmdk", "a virtual disk (VMDK)"),
    (0, b"# Disk DescriptorFile", "application/x-vmdk", "a virtual disk (VMDK)"),
    (0, b"QFI\xfb", "application/x-qemu-disk", "a virtual disk (QCOW)"),
    (64, b"\x7f\x10\xda\xbe", "application/x-virtualbox-vdi", "a virtual disk (VDI)"),
    (0, b"MSWIM\0\0\0", "application/x-ms-wim", "a Windows image (WIM)"),
    (0, b"WLPWM\0\0\0", "application/x-ms-wim", "a Windows image (WIM)"),
    (0, b"hsqs", "application/vnd.squashfs", "a file system (squashfs)"),
    (0, b"sqsh", "application/vnd.squashfs", "a file system (squashfs)"),
    (0, b"\x45\x3d\xcd\x28", "application/x-cramfs", "a file system (cramfs)"),
    (1024, b"\xe2\xe1\xf5\xe0", "application/x-erofs-image", "a file system (EROFS)"),
    (0, b"-rom1fs-", "application/x-romfs", "a file system (romfs)"),
    (3, b"NTFS    ", "application/x-ntfs-image", "a file system (NTFS)"),
    (3, b"EXFAT   ", "application/x-exfat-image", "a file system (exFAT)"),
    (1024, b"H+\0\x04", "application/x-hfs-image", "a file system (HFS+)"),
    (1024, b"HX\0\x05", "application/x-hfs-image", "a file system (HFSX)"),
    (32, b"NXSB", "application/x-apfs-image", "a file system (APFS)"),
];
/// Octets of the header of a member of ARC.
const ARC_HEADER_BYTES: usize = 29;
const ARC: &str = "application/x-arc";

/// ext2 and its followers: the mark, the state and what to do about errors, each a small number.
const EXT_MARK_AT: usize = 0x438;
/// The trailer of Apple's disk images, from the end.
const DMG_TRAILER_BYTES: usize = 512;

fn known(bytes: &[u8]) -> Option<(&'static str, &'static str)> {
    let marked = MARKS.iter().find(|(at, mark, _, _)| bytes.get(*at..).is_some_and(|rest| rest.starts_with(mark)));
    if let Some((_, _, media_type, what)) = marked {
        return Some((media_type, what));
    }
    if begins_as_arc(bytes) {
        return Some((ARC, "an ARC archive"));
    }
    if matches!(bytes.get(EXT_MARK_AT..EXT_MARK_AT + 6), Some([0x53, 0xef, 0..=7, 0, 1..=3, 0])) {
        return Some(("application/x-ext-image", "a file system (ext2, ext3, ext4)"));
    }
    let trailer = bytes.len().checked_sub(DMG_TRAILER_BYTES).and_then(|at| bytes.get(at..))?;
    trailer.starts_with(b"koly\0\0\0\x04").then_some(("application/x-apple-diskimage", "an Apple disk image (DMG)"))
}

/// ARC has a mark of one octet; its name in 8.3 and its sizes must make sense, too.
fn begins_as_arc(bytes: &[u8]) -> bool {
    let Some(header) = bytes.get(..ARC_HEADER_BYTES) else { return false };
    let (Some([0x1a, 1..=11]), Some(name)) = (header.get(..2), header.get(2..15)) else { return false };
    let Some(length) = memchr::memchr(0, name) else { return false };
    let readable = |byte: &u8| byte.is_ascii_graphic() && !matches!(byte, b'/' | b'\\' | b'*' | b'?');
    let packed = u32_le(header, 15).map_or(usize::MAX, |size| size as usize);
    length > 0 && name.iter().take(length).all(readable) && packed <= bytes.len()
}

fn open(contents: &Contents<'_>, opening: &mut Opening<'_>) {
    if let Some((_, what)) = known(contents.bytes) {
        opening.note(NoteKind::Unread, what);
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::samples::shown;

    #[test]
    fn what_is_not_read_is_said_so() {
        for (bytes, want) in [
            (&b"\x31\x32\x33\0\0\x90\0**ACE**\x14\x14"[..], "application/x-ace-compressed"),
            (b"ALZ\x01\x0a\0\0\0", "application/x-alz-compressed"),
            (b"\x1a\x08README.TXT\0\0\0\x03\0\0\0\x21\x30\0\0\0\0\x03\0\0\0abc", "application/x-arc"),
        ] {
            assert_eq!(shown(bytes), (vec![want.to_string()], vec!["Unread".to_string()]));
        }
        assert_eq!(shown(b"\x1a\x08 is how this begins").1, [""; 0]);
    }
}
