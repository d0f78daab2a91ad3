//! Tests of images of discs and disks: every kind, circles, places outside of the image.
//!
//! Not in the program. The tools' own images were tried beside these.

use super::image_samples::*;
use crate::unpack::samples::seen;

const SCRIPT: &[u8] = b"#!/bin/sh\nexit\n";
const MORE: &[u8] = b"#!/bin/sh\ntrue\n";

fn check(name: &str, image: &[u8], items: &[&str], notes: &[&str]) {
    let (found, noted) = seen(name, image);
    assert_eq!(found[1..], items.iter().map(|item| format!("2/{item}")).collect::<Vec<_>>(), "{name}");
    let noted: Vec<&str> = noted.iter().map(String::as_str).filter(|note| !note.starts_with("Program")).collect();
    assert_eq!(noted, notes, "{name}");
}

#[test]
fn a_disc_shows_the_names_that_windows_shows_and_what_only_another_tree_has() {
    let plain = iso(("A.SH;1", SCRIPT), ("B.;1", MORE), None);
    check("a.iso", &plain, &["A.SH text/x-shellscript 15", "SUB/B text/x-shellscript 15"], &[]);
    let joliet = iso(("A.SH;1", SCRIPT), ("B.SH;1", MORE), Some("ein längerer Name.pdf"));
    check("b.iso", &joliet, &["ein längerer Name.pdf text/x-shellscript 15", "SUB/B.SH text/x-shellscript 15"], &[]);
    let raw: Vec<u8> = plain
        .chunks(2048)
        .flat_map(|data| [b"\0\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\0\0\0\0\x01", data, &[0; 288]].concat())
        .collect();
    let (items, _) = seen("a.bin", &raw);
    assert_eq!(items[2], "2/track.iso/A.SH text/x-shellscript 15");
}

#[test]
fn a_file_outside_of_the_disc_is_damaged() {
    let image = iso(("A.SH;1", SCRIPT), ("B.SH;1", MORE), None);
    let cut = &image[..25 * 2048 + 5];
    check("a.iso", cut, &["A.SH text/x-shellscript 15", "SUB/B.SH text/x-script 5"], &["Damaged 2"]);
}

#[test]
fn udf_is_read_with_extents_and_with_contents_in_the_entry() {
    let image = udf(("a.sh", SCRIPT), ("b.sh", MORE));
    check("a.udf", &image, &["a.sh text/x-shellscript 15", "b.sh text/x-shellscript 15"], &[]);
    // Both on one disc: what each of them shows is found.
    let iso = iso(("C.SH;1", b"#!/bin/sh\nc\n"), ("D.SH;1", b"#!/bin/sh\nd\n"), None);
    let mut both = udf(("a.sh", SCRIPT), ("b.sh", MORE));
    both[16 * 2048..26 * 2048].copy_from_slice(&iso[16 * 2048..]);
    // The descriptors of UDF are moved out of the way.
    let image = udf(("a.sh", SCRIPT), ("b.sh", MORE));
    both.extend_from_slice(&image[32 * 512..35 * 512]);
    both[256 * 512 + 20..256 * 512 + 24].copy_from_slice(&257u32.to_le_bytes());
    both.extend_from_slice(&image[40 * 512..60 * 512]);
    let at = 258 * 512 - 512 + 188;
    both[at..at + 4].copy_from_slice(&260u32.to_le_bytes());
    check(
        "b.iso",
        &both,
        &[
            "a.sh text/x-shellscript 15",
            "b.sh text/x-shellscript 15",
            "C.SH text/x-shellscript 12",
            "SUB/D.SH text/x-shellscript 12",
        ],
        &[],
    );
}

#[test]
fn fat_is_read_with_long_names() {
    let image = fat(("A long name.sh", SCRIPT), (b"B       SH ", MORE));
    let items = ["A long name.sh text/x-shellscript 15", "FOLDER/B.SH text/x-shellscript 15"];
    check("a.img", &image, &items, &[]);
    let (items, notes) = seen("d.img", &mbr(&image));
    assert_eq!(items[2], "2/partition 1/A long name.sh text/x-shellscript 15");
    assert_eq!(notes[0], "Damaged 2");
    let (items, _) = seen("f.vhd", &[&image[..], &[&b"conectix"[..], &[0; 55], &[2], &[0; 448]].concat()].concat());
    assert_eq!(items[2], "2/disk/A long name.sh text/x-shellscript 15");
    check(
        "g.img",
        &image[..5 * 512 + 3],
        &["A long name.sh text/x-shellscript 15", "FOLDER/B.SH text/x-script 3"],
        &["Damaged 2"],
    );
}

#[test]
fn a_dynamic_disk_has_zeros_where_nothing_was_stored() {
    let (items, notes) = seen("a.vhd", &vhd(b"block"));
    assert_eq!(items[1], "2/disk application/octet-stream 131072");
    assert_eq!(notes, [""; 0]);
}

#[test]
fn images_that_are_not_read_are_noted() {
    let at = |place: usize, mark: &[u8]| [vec![0; place], mark.to_vec(), vec![0; 2048]].concat();
    for (image, want) in [
        (at(0, b"vhdxfile"), "application/x-vhdx"),
        (at(0, b"QFI\xfb"), "application/x-qemu-disk"),
        (at(0, b"MSWIM\0\0\0"), "application/x-ms-wim"),
        (at(3, b"NTFS    "), "application/x-ntfs-image"),
        (at(0x438, &[0x53, 0xef, 1, 0, 1, 0]), "application/x-ext-image"),
        ([vec![1; 999], b"koly\0\0\0\x04".to_vec(), vec![0; 504]].concat(), "application/x-apple-diskimage"),
    ] {
        let (items, notes) = seen("a.img", &image);
        assert_eq!(items, [format!("2 {want} {}", image.len())]);
        assert_eq!(notes, ["Unread 2"]);
    }
}
