//! Samples of compressed streams, made by the tools of each format, and writers for what has no tool.
//!
//! Not in the program.

/// What all samples hold.
pub(in crate::unpack) const SCRIPT: &[u8] = b"#!/bin/sh\n# a script of some length, of some length\n";
/// bzip2 1.0.
pub(in crate::unpack) const BZIP2: &[u8] =
    b"BZh91AY&SY\xa1l0\xe8\0\0\x06Q\x80\0\x10h\x04\xbb\xe7\xdc\0 \0@\x95C\xd2yOI\xe9\x07\xa4\xf5\n4d\x0d\
    \x1adi\x05\xae-<\x1b\xb0\xcf\xed\xf9\xa9$\xc8\xa5\xb0yN)\xf4\x880\x99H\xd4\xaa?\x17rE8P\x90\xa1l0\
    \xe8";
/// xz 5.
pub(in crate::unpack) const XZ: &[u8] =
    b"\xfd7zXZ\0\0\x04\xe6\xd6\xb4F\x02\0!\x01\x16\0\0\0t/\xe5\xa3\xe0\x003\0,]\0\x11\x88BF=\xf4\x164s\n\x0d\
    \x8f\x97\xe2\xfc\x89h\xd8\xd1\x8d!\xd4\xe9)\xc5\x8b\x95{a\x1d\x95\xc9\xa91\x0e\xd3B\xb2\xf0\xefT\xd4\
    S\xa0\0\xb4p\xe0\xe5\xfb\x22\x97\xd6\0\x01H4\x93\x84\x929\x1f\xb6\xf3}\x01\0\0\0\0\x04YZ";
/// xz --format=lzma.
pub(in crate::unpack) const LZMA: &[u8] =
    b"]\0\0\x80\0\xff\xff\xff\xff\xff\xff\xff\xff\0\x11\x88BF=\xf4\x164s\n\x0d\x8f\x97\xe2\xfc\x89h\xd8\
    \xd1\x8d!\xd4\xe9)\xc5\x8b\x95{a\x1d\x95\xc9\xa91\x0e\xd3B\xb2\xf0\xef`\xd3\xd7\x9f\xff\xfa^\xb0\0";
/// lzip 1.
pub(in crate::unpack) const LZIP: &[u8] =
    b"LZIP\x01\x0c\0\x11\x88BF=\xf4\x164s\n\x0d\x8f\x97\xe2\xfc\x89h\xd8\xd1\x8d!\xd4\xe9)\xc5\x8b\x95{a\
    \x1d\x95\xc9\xa91\x0e\xd3B\xb2\xf0\xef`\xd3\xd7\x9f\xff\xfa^\xb0\0\x11\xbd\x94\x124\0\0\0\0\0\0\0L\0\
    \0\0\0\0\0\0";
/// zstd 1.5, with a checksum.
pub(in crate::unpack) const ZSTD: &[u8] =
    b"(\xb5/\xfd$4m\x01\0T\x02#!/bin/sh\n# a script of some length,\n\x01\0\x9cn>\x01\x1d\x04(<";
/// brotli 1.
pub(in crate::unpack) const BROTLI: &[u8] =
    b"\xa1\x98\x01\xc0o\xa46\xba\xab\xfc\xc9)GZ\x8b)i]~x+\xb0\xbc\x88\x81\x0d8p\x89\xc2\x14g\xbf\x07\xb0B\
    \x9bu\x1c\xb1g\xfb\x22\x18\x0d]N\xe0\x12\x01";
/// compress 4.
pub(in crate::unpack) const COMPRESS: &[u8] =
    b"\x1f\x9d\x90#B\xbc\x10\x93\xc6\xcd\x8b9h\x14\x8c\0\x11\x06\xc4\x9c1r\xd2\xc0\xa1\x03\xe2\x8d\x19\x87\
    o\xda\x94\x01\xc1\xa6\x8c\x9b3t\xd0\xb0\xa8xqN\xc6\x8d\x1d?\x86T\0";
/// xz --lzma2=dict=1536MiB.
pub(in crate::unpack) const XZ_LARGE: &[u8] =
    b"\xfd7zXZ\0\0\x04\xe6\xd6\xb4F\x02\0!\x01%\0\0\0;x{A\xe0\x003\0,]\0\x11\x88BF=\xf4\x164s\n\x0d\x8f\x97\
    \xe2\xfc\x89h\xd8\xd1\x8d!\xd4\xe9)\xc5\x8b\x95{a\x1d\x95\xc9\xa91\x0e\xd3B\xb2\xf0\xefT\xd4S\xa0\0\
    \xb4p\xe0\xe5\xfb\x22\x97\xd6\0\x01H4\x93\x84\x929\x1f\xb6\xf3}\x01\0\0\0\0\x04YZ";
/// zstd --long=31, from a pipe: a window of 2 GiB.
pub(in crate::unpack) const ZSTD_LARGE: &[u8] =
    b"(\xb5/\xfd\x04\xa8m\x01\0T\x02#!/bin/sh\n# a script of some length,\n\x01\0\x9cn>\x01\x1d\x04(<";
/// brotli --large_window=30.
pub(in crate::unpack) const BROTLI_LARGE: &[u8] =
    b"\x11^\xcc\0\xe07R\x1b\xddU\xfe\xe4\x94#\xad\xc5\x94\xb4.?\xbc\x15X^\xc4\xc0\x06\x1c\xb8Da\x8a\xb3\
    \xdf\x03\xb0\x826\xd6\xe1\x88=\xdb\x17\xc1h\xe8r\x02\x97\x08";
/// A million zeros.
pub(in crate::unpack) const BZIP2_ZEROS: &[u8] =
    b"BZh91AY&SYy\xd3\x9eH\0\x07\xa8\xc0@\xc0\0\0\x02\0\x08 \x000\xcc\x09\xaai\x95$6\xa9I\x0f\x17rE8P\x90y\
    \xd3\x9eH";
/// 2^20 zeros.
pub(in crate::unpack) const XZ_ZEROS: &[u8] =
    b"\xfd7zXZ\0\0\x04\xe6\xd6\xb4F\x02\0!\x01\x16\0\0\0t/\xe5\xa3\xef\xff\xff\0\xd9]\0\0o\xfd\xff\xff\xa3\
    \xb7\xffG>H\x15r9aQ\xb8\x92(\xe6\xa3\x86\x07\xf9\xee\xe4\x1e\x82\xd3/\xc5:<\x01K\xb1~\xc9\x8a\x8aM/\
    \xa3\x0d\xd9\x7f\xa6\xe3\x8c#\x11S\xe0Y\x18\xc5u\x8a\xe2w\xf8\xb6\x94\x7f\x0cj\xc0\xdetId\xe2\xe9\
    \x5cS\xb2\x04\xd8\xf7D\x0c\xab_\x0dmF\xe9\xe5\xc3v\x88\xb7\x96W\xac\xb6M\xe1i\x1do\xfbK\x88\x10lB\
    \xcb\x88?\x5c\0\x8f\xd0N\xaf&(\x94q\x1f=\x8f$\xe1p\x9e\xa7#_\xec(\xcb\x85\xd1\x95\x98\x8a~*\x91\xf2'\
    u\xf7\x19\xc0\x06\x98M\x98\xfd\xd8\xaf\xd5\x90\x0f\xc4%S\xf8\xf5\x9161\x05\xa5\xb0\xeeo\xc1pMG\x0c\
    \xd1\x91\x11\xaa\xad`\x1d\xba\xce\xb1'\x18\x5cY\x86\xe9fRX\xbe\xe9v\xacY\xe4\xe5[\x05\x08\xf9\xc7\
    \xda\xad\xfc\xfbR*\xf7\xe4\x95%\0\0\0\0\0\xc2\xf6\xba>\xa2pk`\0\x01\xf5\x01\x80\x80@\0y\x97\x7fG\xb1\
    \xc4g\xfb\x02\0\0\0\0\x04YZ";

/// A `.lzma` file whose header asks for a dictionary of 4 GiB.
pub(in crate::unpack) fn lzma_large() -> Vec<u8> {
    let mut bytes = LZMA.to_vec();
    bytes[1..5].fill(0xff);
    bytes
}

pub(in crate::unpack) fn lz4(contents: &[u8]) -> Vec<u8> {
    let mut info = lz4_flex::frame::FrameInfo::new();
    info.content_checksum = true;
    let mut writer = lz4_flex::frame::FrameEncoder::with_frame_info(info, Vec::new());
    std::io::Write::write_all(&mut writer, contents).unwrap();
    writer.finish().unwrap()
}

pub(in crate::unpack) fn zlib(contents: &[u8]) -> Vec<u8> {
    let mut writer = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::default());
    std::io::Write::write_all(&mut writer, contents).unwrap();
    writer.finish().unwrap()
}

/// A zstd frame of so many runs of 128 KiB of zeros, four octets each.
pub(in crate::unpack) fn zstd_zeros(runs: usize) -> Vec<u8> {
    // A window of 128 KiB; a block header is last | run << 1 | size << 3.
    let mut frame = b"\x28\xb5\x2f\xfd\x00\x38".to_vec();
    for run in 0..runs {
        let word = u32::from(run + 1 == runs) | 1 << 1 | (128 << 10) << 3;
        frame.extend_from_slice(&word.to_le_bytes()[..3]);
        frame.push(0);
    }
    frame
}

/// SZDD of single octets, and a match of three that is `rep` again.
pub(in crate::unpack) fn szdd() -> Vec<u8> {
    let mut file = b"SZDD\x88\xf0\x27\x33Ae".to_vec();
    file.extend_from_slice(&9u32.to_le_bytes());
    // Six singles, then the match at the begin of the window, which is 4096 - 16.
    file.push(0b0011_1111);
    file.extend_from_slice(b"repeat\xf0\xf0");
    file
}

/// KWAJ with a name, by one of its methods.
pub(in crate::unpack) fn kwaj(method: u16, data: &[u8]) -> Vec<u8> {
    let mut file = b"KWAJ\x88\xf0\x27\xd1".to_vec();
    let names = b"SETUP\0EXE\0";
    file.extend_from_slice(&method.to_le_bytes());
    file.extend_from_slice(&(14 + names.len() as u16).to_le_bytes());
    file.extend_from_slice(&(8u16 | 16).to_le_bytes());
    file.extend_from_slice(names);
    file.extend_from_slice(data);
    file
}
