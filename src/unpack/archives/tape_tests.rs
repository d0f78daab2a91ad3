//! Tests of tar, cpio, ar and packages: what honest tools write, lies, damage, what stands behind the end.
//!
//! Not in the program. The tools' own files were tried beside these.

use super::tape_samples::*;
use crate::unpack::samples::{gzip, seen};

const SCRIPT: &[u8] = b"#!/bin/sh\nexit\n";

/// Members as `path type octets`, and the notes, without those of programs.
fn check(name: &str, archive: &[u8], items: &[&str], notes: &[&str]) {
    let (found, noted) = seen(name, archive);
    assert_eq!(found[1..], items.iter().map(|item| format!("2/{item}")).collect::<Vec<_>>(), "{name}");
    let noted: Vec<&str> = noted.iter().map(String::as_str).filter(|note| !note.starts_with("Program")).collect();
    assert_eq!(noted, notes, "{name}");
}

#[test]
fn pax_and_gnu_headers_name_the_member_behind_them() {
    let long = format!("{}/x.sh", "n".repeat(120));
    let gnu = Entry { kind: b'L', ..file("././@LongLink", long.as_bytes()) };
    let records = [record("mtime", "1.5"), record("path", &long)].concat();
    let comment = record("comment", "x");
    let global = Entry { kind: b'g', ..pax(&comment) };
    let archive = ustar(&[gnu, file("short", SCRIPT), global, pax(&records), file("short", SCRIPT), file("z", b"z")]);
    let item = format!("{long} text/x-shellscript 15");
    check("a.tar", &ended(archive), &[&item, &item, "z text/plain 1"], &[]);
}

#[test]
fn two_sizes_of_a_member_are_both_read() {
    let inner = ustar(&[file("inner.sh", SCRIPT)]);
    // The extended header tells the size, the old one says nothing follows; and the other way round.
    let size = record("size", &inner.len().to_string());
    let first = ustar(&[pax(&size), Entry { size: 0, ..file("a", &inner) }, file("z", b"z")]);
    let inner_item = "inner.sh text/x-shellscript 15";
    check(
        "a.tar",
        &ended(first),
        &["a application/x-tar 1024", "a/inner.sh text/x-shellscript 15", inner_item, "z text/plain 1"],
        &["Lying 2"],
    );
    let none = record("size", "0");
    let second = ustar(&[pax(&none), file("a", &inner), file("z", b"z")]);
    check(
        "b.tar",
        &ended(second),
        &["a application/x-tar 1024", "a/inner.sh text/x-shellscript 15", inner_item, "z text/plain 1"],
        &["Lying 2"],
    );
}

#[test]
fn damage_hides_no_member() {
    let one = ustar(&[file("a.sh", SCRIPT)]);
    let two = ustar(&[file("b.sh", SCRIPT)]);
    let mut broken = [&one[..], &two].concat();
    broken[0] ^= 1;
    let item = |name: &str| format!("{name} text/x-shellscript 15");
    // The first header is broken: its octets are looked at, and the second member is found.
    check("a.tar", &broken, &["no header text/x-shellscript 512", &item("b.sh")], &["Damaged 2"]);
    check("only.tar", &broken[..one.len()], &["no header text/x-shellscript 512"], &["Damaged 2"]);
    let junk = [&one[..], &[7; 512], &two].concat();
    check("b.tar", &junk, &[&item("a.sh"), "no header application/octet-stream 512", &item("b.sh")], &["Damaged 2"]);
    let behind = [&ended(one.clone())[..], &[0; 4096], &two].concat();
    check("c.tar", &behind, &[&item("a.sh"), &item("b.sh")], &[]);
    check("d.tar", &one[..520], &["a.sh text/x-script 8"], &["Damaged 2"]);
}

#[test]
fn links_devices_and_folders_have_no_contents_unless_they_claim_some() {
    let special = |name, kind, link| Entry { kind, link, ..file(name, b"") };
    let honest = [special("d/", b'5', ""), special("l", b'2', "d"), special("dev", b'3', ""), special("f", b'6', "")];
    check("a.tar", &ended(ustar(&honest)), &[], &[]);
    let inner = ustar(&[file("x.sh", SCRIPT)]);
    let lying = [Entry { kind: b'3', ..file("dev", &inner) }, file("z", b"z")];
    check(
        "b.tar",
        &ended(ustar(&lying)),
        &[
            "dev application/x-tar 1024",
            "dev/x.sh text/x-shellscript 15",
            "x.sh text/x-shellscript 15",
            "z text/plain 1",
        ],
        &["Lying 2"],
    );
}

#[test]
fn names_that_lead_out_are_noted_and_opened() {
    let link = |name, link| Entry { kind: b'2', link, ..file(name, b"") };
    for (entries, lies) in [
        (vec![file("../../x.sh", SCRIPT)], true),
        (vec![link("out", "/etc"), file("out/x.sh", SCRIPT)], true),
        (vec![link("up", "../.."), file("up/x.sh", SCRIPT)], true),
        (vec![Entry { kind: b'1', ..link("hard", "../../passwd") }, file("x.sh", SCRIPT)], true),
        (vec![link("lib", "/usr/lib"), file("/etc/x.sh", SCRIPT), file("a/../x.sh", SCRIPT)], false),
    ] {
        let (items, notes) = seen("a.tar", &ended(ustar(&entries)));
        assert!(items.iter().any(|item| item.ends_with("x.sh text/x-shellscript 15")));
        assert_eq!(notes.contains(&"Lying 2".to_string()), lies, "{items:?}");
    }
    let cpio = newc(&[(0o120_777, "out", b"/etc"), (0o100_644, "out/x", SCRIPT)]);
    assert_eq!(seen("a.cpio", &cpio).1[0], "Lying 2");
}

#[test]
fn sparse_members_are_what_a_disk_would_hold() {
    let records = [
        record("GNU.sparse.major", "1"),
        record("GNU.sparse.minor", "0"),
        record("GNU.sparse.name", "s.sh"),
        record("GNU.sparse.realsize", "600"),
    ];
    let mut data = b"2\n0\n15\n590\n3\n".to_vec();
    data.resize(512, 0);
    data.extend_from_slice(SCRIPT);
    data.extend_from_slice(b"end");
    let new = ustar(&[pax(&records.concat()), file("GNUSparseFile.0/s.sh", &data)]);
    let (items, _) = seen("a.tar", &ended(new));
    assert_eq!(items[1], "2/s.sh text/x-shellscript 600");
    // One that claims terabytes ends at the budget.
    let records = [record("GNU.sparse.size", "9999999999999"), record("GNU.sparse.map", "0,15")].concat();
    let (_, notes) = seen("b.tar", &ended(ustar(&[pax(&records), file("s.sh", SCRIPT)])));
    assert_eq!(notes[0], "TooBig 2");
}

#[test]
fn cpio_goes_on_behind_trailers_and_damage() {
    let one = newc(&[(0o040_755, "d", b""), (0o100_644, "a.sh", SCRIPT), (0o120_777, "l", b"a.sh")]);
    check(
        "a.cpio",
        &[&one[..], &[0; 100], &one].concat(),
        &["a.sh text/x-shellscript 15", "a.sh text/x-shellscript 15"],
        &[],
    );
    let behind = [&one[..], SCRIPT].concat();
    check("b.cpio", &behind, &["a.sh text/x-shellscript 15", "behind the end text/x-shellscript 15"], &["Damaged 2"]);
    let mut broken = newc(&[(0o100_644, "first", b"x"), (0o100_644, "a.sh", SCRIPT)]);
    let second = memchr::memmem::rfind(&broken, b"a.sh").unwrap() - 110;
    broken.splice(second..second, *b"junk");
    check(
        "c.cpio",
        &broken,
        &["first text/plain 1", "no header text/plain 4", "a.sh text/x-shellscript 15"],
        &["Damaged 2"],
    );
}

#[test]
fn ar_knows_the_names_of_gnu_and_bsd() {
    let archive = ar(&[
        ("/", b"\0\0\0\0"),
        ("//", b"a_long_name_for_a_member.sh/\n"),
        ("/0", SCRIPT),
        ("short.sh/", SCRIPT),
        ("#1/8", b"bsd.sh\0\0#!/bin/sh\nexit\n"),
    ]);
    let item = |name: &str| format!("{name} text/x-shellscript 15");
    let items = [item("a_long_name_for_a_member.sh"), item("short.sh"), item("bsd.sh")];
    check("a.a", &archive, &[&items[0], &items[1], &items[2]], &[]);
    let thin = [b"!<thin>\n", &archive[8..8 + 60], b"\0\0\0\0", &ar(&[("x.o/", b"")])[8..]].concat();
    check("t.a", &thin, &["x.o application/octet-stream 0"], &["Unread 2"]);
}

#[test]
fn packages_are_programs_and_opened() {
    let tar = ended(ustar(&[file("./postinst", SCRIPT)]));
    let deb = ar(&[("debian-binary", b"2.0\n"), ("control.tar.gz", &gzip(&tar)), ("data.tar", &tar)]);
    let (items, notes) = seen("a.deb", &deb);
    assert_eq!(items[0], format!("2 application/vnd.debian.binary-package {}", deb.len()));
    assert_eq!(items[4], "2/control.tar.gz/control.tar/./postinst text/x-shellscript 15");
    assert_eq!(notes[0], "Program 2");
    let rpm = rpm(SCRIPT, &gzip(&newc(&[(0o100_755, "./bin/x", SCRIPT)])));
    let (items, notes) = seen("a.rpm", &rpm);
    assert_eq!(items[0], format!("2 application/x-rpm {}", rpm.len()));
    assert_eq!(items[1], "2/post-install text/x-shellscript 15");
    assert_eq!(items[4], "2/payload/contents/./bin/x text/x-shellscript 15");
    assert_eq!(notes[0], "Program 2");
    assert!(seen("b.rpm", &rpm[..120]).1.contains(&"Damaged 2".to_string()));
}
