//! Blocks of 7z archives that are packed by one method which the reader of 7z does not know: Deflate64, Zstandard.
//!
//! Does not read them behind a filter. Sources: 7zFormat.txt, and the method numbers of 7-Zip and its branches.

use super::zip_member;
use deflate64::Deflate64Decoder;
use sevenz_rust2::Archive;
use std::io::Read;

const START_BYTES: u64 = 32;
const DEFLATE_64: &[u8] = &[4, 1, 9];
const ZSTD: &[u8] = &[4, 0xf7, 0x11, 1];

/// How to begin reading the block, where it is such a one.
pub(super) fn reader<'a>(
    archive: &Archive,
    block: usize,
    bytes: &'a [u8],
) -> Option<impl Fn() -> Box<dyn Read + 'a> + use<'a>> {
    let [coder] = archive.blocks.get(block)?.coders.as_slice() else { return None };
    let is_deflate = match coder.encoder_method_id() {
        DEFLATE_64 => true,
        ZSTD => false,
        _ => return None,
    };
    let stream = *archive.stream_map.block_first_pack_stream_index().get(block)?;
    let offset = *archive.stream_map.pack_stream_offsets().get(stream)?;
    let start = START_BYTES.checked_add(archive.pack_pos())?.checked_add(offset)?;
    let end = start.checked_add(*archive.pack_sizes().get(stream)?)?;
    let data = bytes.get(usize::try_from(start).ok()?..usize::try_from(end).ok()?)?;
    Some(move || -> Box<dyn Read + 'a> {
        if is_deflate { Box::new(Deflate64Decoder::with_buffer(data)) } else { zip_member::zstd(data) }
    })
}
