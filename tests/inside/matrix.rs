//! Five programs in every kind of archive, nested once to ten times: each is found, whatever its name.

use crate::{
    scan::{Attachment, Scan, scan},
    tools::{is_missing, program, run, samples},
};
use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

/// Name in the archive, which says nothing or lies, and what is found: the true type.
const PAYLOADS: [(&str, &str); 5] = [
    ("picture.jpg", "application/vnd.microsoft.portable-executable"),
    ("notes.txt", "application/x-elf"),
    ("sheet.csv", "application/x-mach-binary"),
    ("readme", "text/x-shellscript"),
    ("song.mp3", "text/plain"),
];
const DEPTHS: [usize; 4] = [1, 2, 5, 10];
const KINDS: [&str; 8] = ["zip", "tar.gz", "tar.xz", "7z", "rar", "cab", "iso", "mixed"];

/// The five files.
fn lay_payloads(folder: &Path) {
    // The smallest program that Windows starts, from the headers alone.
    let mut windows = vec![0; 1024];
    windows[..2].copy_from_slice(b"MZ");
    windows[0x3c] = 0x40;
    windows[0x40..0x46].copy_from_slice(b"PE\0\0\x4c\x01");
    windows[0x46] = 1;
    windows[0x54] = 0xe0;
    windows[0x56..0x58].copy_from_slice(&[0x02, 0x01]);
    windows[0x58..0x5a].copy_from_slice(&[0x0b, 0x01]);
    let mac = [&b"\xcf\xfa\xed\xfe\x07\0\0\x01\x03\0\0\0\x02\0\0\0"[..], &[0; 512]].concat();
    let eicar = [r"X5O!P%@AP[4\PZX54(P^)7CC)7}$EICAR-", "STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"].concat();
    let elf = fs::read(program("true").unwrap()).unwrap();
    let contents: [&[u8]; 5] = [&windows, &elf, &mac, b"#!/bin/sh\necho hello\n", eicar.as_bytes()];
    for ((name, _), contents) in PAYLOADS.iter().zip(contents) {
        fs::write(folder.join(name), contents).unwrap();
    }
}

/// Packs all files of a folder; the archive's path.
fn pack(kind: &str, folder: &Path, depth: usize) -> PathBuf {
    let archive = folder.parent().unwrap().join(format!("level{depth}.{kind}"));
    let out = archive.to_str().unwrap();
    let mut names: Vec<String> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    let with = |first: &[&'static str]| -> Vec<&str> {
        first.iter().copied().chain([out]).chain(names.iter().map(String::as_str)).collect()
    };
    match kind {
        "zip" => run(folder, "zip", &with(&["-q"])),
        "tar.gz" => run(folder, "tar", &with(&["-czf"])),
        "tar.xz" => run(folder, "tar", &with(&["-cJf"])),
        "7z" => run(folder, "7z", &with(&["a", "-bd", "-y"])),
        "rar" => run(folder, rar().to_str().unwrap(), &with(&["a", "-idq"])),
        "cab" => run(folder, "gcab", &with(&["-c", "-z"])),
        "iso" => run(folder, "genisoimage", &["-quiet", "-J", "-R", "-o", out, "."]),
        _ => unreachable!("{kind}"),
    }
    archive
}

/// RAR's own program, which `tests/run.sh` fetches from Debian's non-free section.
fn rar() -> PathBuf {
    samples().join("rar/usr/bin/rar")
}

/// The archives of one kind, one for each depth of [`DEPTHS`].
fn nested(kind: &str) -> Vec<(usize, Attachment)> {
    let base = tempfile::tempdir().unwrap();
    let mut folder = base.path().join("0/in");
    fs::create_dir_all(&folder).unwrap();
    lay_payloads(&folder);
    let mut archives = Vec::new();
    for depth in 1..=10 {
        // A mixed one changes with each level.
        let this = if kind == "mixed" { KINDS[depth % 7] } else { kind };
        let archive = pack(this, &folder, depth);
        if DEPTHS.contains(&depth) {
            archives.push((depth, Attachment::of_file(&archive)));
        }
        folder = base.path().join(format!("{depth}/in"));
        fs::create_dir_all(&folder).unwrap();
        fs::copy(&archive, folder.join(archive.file_name().unwrap())).unwrap();
    }
    archives
}

/// What was not found.
fn missing(scan: &Scan) -> Vec<String> {
    let mut missing = Vec::new();
    for (name, true_type) in PAYLOADS {
        let found = scan.parts.iter().any(|(path, kind)| {
            // ISO 9660 and cabinets may change the case of names.
            path.to_lowercase().ends_with(name) && kind == true_type
        });
        if !found {
            missing.push(format!("{name} ({true_type})"));
        }
    }
    for finding in ["program_inside", "eicar"] {
        if !scan.has(finding) {
            missing.push(format!("the finding {finding}"));
        }
    }
    if scan.class != "VIRUS" {
        missing.push(format!("the class VIRUS, it is {}", scan.class));
    }
    missing
}

#[test]
fn programs_are_found_at_every_depth_of_every_archive() {
    if is_missing(&["zip", "tar", "gzip", "xz", "7z", "gcab", "genisoimage"], &[&rar()]) {
        return;
    }
    let mut wrong = BTreeMap::new();
    for kind in KINDS {
        let archives = nested(kind);
        let (depths, attachments): (Vec<_>, Vec<_>) = archives.into_iter().unzip();
        for (depth, scan) in depths.iter().zip(scan(&attachments)) {
            let missing = missing(&scan);
            println!("{kind} {depth}: {:.0} ms, {}", scan.ms, if missing.is_empty() { "all found" } else { "NOT ALL" });
            if !missing.is_empty() {
                wrong.insert(
                    format!("{kind} at depth {depth}"),
                    (missing, scan.inside().into_iter().map(str::to_string).collect::<Vec<_>>()),
                );
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}
