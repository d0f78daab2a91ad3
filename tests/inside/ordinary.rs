//! Ordinary files of a Debian machine: none of them may be called a program, a macro or a trick.

use crate::{
    scan::{Attachment, Scan, scan},
    tools::is_missing,
};
use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

/// Where ordinary files lie, and how many of each are taken: evenly over all.
const FOLDERS: [(&str, usize); 7] = [
    ("/usr/share/doc", 1500),
    ("/usr/share/icons", 300),
    ("/usr/share/pixmaps", 100),
    ("/usr/share/fonts", 100),
    ("/usr/share/man", 300),
    ("/usr/share/locale", 200),
    ("/usr/share/mime", 100),
];
const FILE_BYTES_MAX: u64 = 2 << 20;
/// What speaks of danger or of a lie.
const DANGERS: [&str; 25] = [
    "signature_virus",
    "signature_phishing",
    "signature_spam",
    "signature_pua",
    "signatures_gave_up",
    "program_inside",
    "hidden_program_inside",
    "macro_inside",
    "old_macro_inside",
    "auto_macro_inside",
    "macro_starts_inside",
    "macro_loads_inside",
    "macro_hides_inside",
    "excel_macro_inside",
    "dde_inside",
    "remote_template_inside",
    "external_object_inside",
    "package_inside",
    "rtf_trick_inside",
    "pdf_launch_inside",
    "smuggling_inside",
    "svg_script_inside",
    "lying_inside",
    "encrypted_inside",
    "false_type",
];

/// Endings of scripts, packed or not: examples of documentation that are programs indeed.
const SCRIPTS: [&str; 10] = [".sh", ".pl", ".pm", ".py", ".rb", ".js", ".bat", ".cmd", ".lua", ".php"];

/// True for what is a program indeed, by its ending or its first line.
fn is_program(path: &Path) -> bool {
    let name = path.to_string_lossy();
    let name = name.trim_end_matches(".gz").trim_end_matches(".txt");
    let output = Command::new("zcat").arg("-f").arg(path).output().unwrap();
    let begin = output.stdout;
    SCRIPTS.iter().any(|ending| name.ends_with(ending)) || begin.starts_with(b"#!") || begin.starts_with(b"\x7fELF")
}

fn all_files(folder: &str) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut folders = vec![PathBuf::from(folder)];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(next).into_iter().flatten().flatten() {
            let Ok(kind) = entry.file_type() else { continue };
            if kind.is_dir() {
                folders.push(entry.path());
            } else if kind.is_file() && entry.metadata().is_ok_and(|m| m.len() <= FILE_BYTES_MAX && m.len() > 0) {
                files.push(entry.path());
            }
        }
    }
    files.sort();
    files
}

fn dangers(scan: &Scan) -> Vec<&(String, String)> {
    scan.findings.iter().filter(|(name, _)| DANGERS.contains(&name.as_str())).collect()
}

#[test]
fn ordinary_files_are_called_harmless() {
    if is_missing(&[], &[Path::new("/usr/share/doc")]) {
        return;
    }
    let mut files = Vec::new();
    for (folder, most) in FOLDERS {
        let all = all_files(folder);
        let step = all.len().div_ceil(most).max(1);
        files.extend(all.into_iter().step_by(step).filter(|path| !is_program(path)));
    }
    assert!(files.len() > 500, "only {} ordinary files", files.len());
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    let mut wrong = Vec::new();
    for chunk in files.chunks(500) {
        let attachments: Vec<Attachment> = chunk.iter().map(|file| Attachment::of_file(file)).collect();
        for (scan, file) in scan(&attachments).iter().zip(chunk) {
            let kinds = scan.parts.last().map(|(_, kind)| kind.clone()).unwrap_or_default();
            *counts.entry(kinds).or_default() += 1;
            let found = dangers(scan);
            if !found.is_empty() {
                wrong.push(format!("{}: {found:?}", file.display()));
            }
        }
    }
    println!("{} files, by true type: {counts:?}", files.len());
    assert!(wrong.is_empty(), "{} of {} files:\n{}", wrong.len(), files.len(), wrong.join("\n"));
}
