//! Debian's `clamav-testfiles`: one harmless program in 44 containers.

use crate::{
    scan::{Attachment, scan},
    tools::is_missing,
};
use std::{fs, path::Path};

const FOLDER: &str = "/usr/share/clamav-testfiles";
const PROGRAM: &str = "application/vnd.microsoft.portable-executable";
/// Containers whose program only their own decoder shows: the container is told by this kind.
const BY_KIND: [(&str, &str); 0] = [];

#[test]
fn the_program_is_found_in_every_container() {
    let folder = Path::new(FOLDER);
    if is_missing(&[], &[folder]) {
        return;
    }
    let mut files: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    assert!(files.len() >= 44, "{} files", files.len());
    let attachments: Vec<Attachment> = files.iter().map(|file| Attachment::of_file(file)).collect();
    let mut wrong = Vec::new();
    for scan in scan(&attachments) {
        let programs = scan.paths_of(&[PROGRAM]);
        let by_kind = BY_KIND.iter().find(|(name, _)| *name == scan.name);
        let good = match by_kind {
            Some((_, kind)) => scan.parts.iter().any(|(_, found)| found == kind),
            None => !programs.is_empty() && scan.has("program_inside") && scan.class == "VIRUS",
        };
        println!("{:24} {}", scan.name, programs.last().unwrap_or(&"-"));
        if !good {
            wrong.push(format!("{}: {} {:?} {:?}", scan.name, scan.class, scan.parts, scan.inside()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
