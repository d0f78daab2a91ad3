//! Images and file systems that are known by their marks and not read: each is noted, so that none passes as clean.
//!
//! Does not look inside. Standards: none; the marks are those of each format's own papers.

use crate::unpack::{Contents, Format, Nature, NoteKind, Opening};

pub(in crate::unpack) const FORMAT: Format = Format {
    name: "unread image",
    about: "images of disks and file systems that are only named",
    recognise: |contents| known(contents.bytes).map(|(media_type, _)| media_type),
    nature: Nature::Container(open),
};

/// Place, mark, media type, and what it is.
const MARKS: [(usize, &[u8], &str, &str); 17] = [
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
/// ext2 and its followers: the mark, the state and what to do about errors, each a small number.
const EXT_MARK_AT: usize = 0x438;
/// The trailer of Apple's disk images, from the end.
const DMG_TRAILER_BYTES: usize = 512;

fn known(bytes: &[u8]) -> Option<(&'static str, &'static str)> {
    let marked = MARKS.iter().find(|(at, mark, _, _)| bytes.get(*at..).is_some_and(|rest| rest.starts_with(mark)));
    if let Some((_, _, media_type, what)) = marked {
        return Some((media_type, what));
    }
    if matches!(bytes.get(EXT_MARK_AT..EXT_MARK_AT + 6), Some([0x53, 0xef, 0..=7, 0, 1..=3, 0])) {
        return Some(("application/x-ext-image", "a file system (ext2, ext3, ext4)"));
    }
    let trailer = bytes.len().checked_sub(DMG_TRAILER_BYTES).and_then(|at| bytes.get(at..))?;
    trailer.starts_with(b"koly\0\0\0\x04").then_some(("application/x-apple-diskimage", "an Apple disk image (DMG)"))
}

fn open(contents: &Contents<'_>, opening: &mut Opening<'_>) {
    if let Some((_, what)) = known(contents.bytes) {
        opening.note(NoteKind::Unread, what);
    }
}
