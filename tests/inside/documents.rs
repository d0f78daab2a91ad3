//! Documents with and without macros: LibreOffice makes some, others are the test files of the `oletools` project.

use crate::{
    scan::{Attachment, Scan, scan},
    tools::{is_missing, run, samples},
};
use std::{
    fs,
    path::{Path, PathBuf},
};

/// What a plain document must not be said to have. A finding that is not here speaks of no danger.
const HARMLESS: [&str; 1] = ["unread_inside"];

const BASIC: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<office:document xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0"
 xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0" xmlns:script="urn:oasis:names:tc:opendocument:xmlns:script:1.0"
 xmlns:ooo="http://openoffice.org/2004/office" office:version="1.3" office:mimetype="application/vnd.oasis.opendocument.text">
<office:scripts><office:script script:language="ooo:Basic"><ooo:libraries>
<ooo:library-embedded ooo:name="Standard"><ooo:module ooo:name="Module1"><ooo:source-code>
Sub Main
  Shell("calc.exe", 1)
End Sub
</ooo:source-code></ooo:module></ooo:library-embedded></ooo:libraries></office:script></office:scripts>
<office:body><office:text><text:p>Hello</text:p></office:text></office:body></office:document>"#;

/// Lets LibreOffice write a file in another format.
fn convert(folder: &Path, file: &str, format: &str) {
    run(folder, "soffice", &["--headless", "--norestore", "--convert-to", format, "--outdir", "out", file]);
}

fn plain_documents(folder: &Path) -> Vec<Attachment> {
    let paragraphs: String = (1..60)
        .map(|n| format!("<h2>Chapter {n}</h2><p>The weather of day {n} was <b>fine</b>. <a href='https://example.org/{n}'>More</a></p>"))
        .collect();
    fs::write(folder.join("text.html"), format!("<html><body><h1>A report</h1>{paragraphs}</body></html>")).unwrap();
    let rows: String = (1..200).map(|n| format!("{n},day {n},{}\n", n * 7 % 31)).collect();
    fs::write(folder.join("table.csv"), format!("number,name,value\n{rows}")).unwrap();
    for format in
        ["docx:MS Word 2007 XML", "doc:MS Word 97", "odt:writer8", "rtf:Rich Text Format", "pdf:writer_web_pdf_Export"]
    {
        convert(folder, "text.html", format);
    }
    for format in ["xlsx", "xls", "ods"] {
        convert(folder, "table.csv", format);
    }
    files_in(&folder.join("out"))
}

fn files_in(folder: &Path) -> Vec<Attachment> {
    let mut files: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files.iter().filter(|file| file.is_file()).map(|file| Attachment::of_file(file)).collect()
}

#[test]
fn plain_documents_give_nothing_and_macros_are_found() {
    if is_missing(&["soffice"], &[]) {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let plain = plain_documents(folder.path());
    assert_eq!(plain.len(), 8, "{:?}", plain.iter().map(|a| &a.name).collect::<Vec<_>>());
    for scan in scan(&plain) {
        let found: Vec<_> = scan.inside().into_iter().filter(|name| !HARMLESS.contains(name)).collect();
        assert!(found.is_empty() && scan.class == "CLEAN", "{}: {} {:?}", scan.name, scan.class, scan.findings);
    }
    fs::write(folder.path().join("macro.fodt"), BASIC).unwrap();
    convert(folder.path(), "macro.fodt", "odt");
    let with_macro = scan(&[Attachment::of_file(&folder.path().join("out/macro.odt"))]);
    assert!(with_macro[0].has("macro_inside"), "{:?}", with_macro[0].findings);
}

/// Part of the path of a test file of `oletools`, and the finding that it must give; none: nothing may be found.
const OLETOOLS: &[(&str, &[&str])] = &[
    // These lie in archives with a password.
    (".zip", &["encrypted_inside"]),
    ("basic/encrypted.docx", &["encrypted_inside"]),
    ("basic/text", &[]),
    ("encrypted/", &["encrypted_inside"]),
    ("excel4-macros/", &["excel_macro_inside"]),
    ("msodde/RTF-Spec", &[]),
    ("msodde/dde-", &["dde_inside"]),
    ("harmless-clean", &[]),
    ("oleform/", &["macro_inside"]),
    ("oleobj/external_link/", &["external_object_inside"]),
    ("oleobj/sample_with_calc", &["program_inside", "package_inside"]),
    ("oleobj/sample_with_lnk_to", &["package_inside"]),
    ("oleobj/sample_with_lnk", &["program_inside", "package_inside"]),
    ("olevba/", &["macro_inside", "old_macro_inside"]),
    ("ooxml/dde-", &["dde_inside"]),
    ("other/presentation.xps", &[]),
    ("rtfobj/issue_251", &["rtf_trick_inside"]),
];

fn wrong(scan: &Scan, path: &str) -> Option<String> {
    let (_, wanted) = OLETOOLS.iter().find(|(part, _)| path.contains(part))?;
    let found = scan.inside();
    let good = match wanted {
        [] => found.iter().all(|name| HARMLESS.contains(name)),
        all => all.iter().all(|name| found.contains(name)),
    };
    (!good).then(|| format!("{path}: wanted {wanted:?}, found {found:?} in {:?}", scan.parts.len()))
}

#[test]
fn the_test_files_of_oletools_are_told_apart() {
    let folder = samples().join("oletools");
    if is_missing(&[], &[&folder]) {
        return;
    }
    let mut files = Vec::new();
    let mut folders = vec![folder.clone()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() { folders.push(path) } else { files.push(path) }
        }
    }
    files.sort();
    let attachments: Vec<Attachment> = files.iter().map(|file| Attachment::of_file(file)).collect();
    let scans = scan(&attachments);
    let names = files.iter().map(|file| file.strip_prefix(&folder).unwrap().display().to_string());
    let mut told = 0;
    let mut faults = Vec::new();
    for (scan, name) in scans.iter().zip(names) {
        println!("{name}: {:?}", scan.inside());
        told += usize::from(OLETOOLS.iter().any(|(part, _)| name.contains(part)));
        faults.extend(wrong(scan, &name));
    }
    assert!(told >= 60, "only {told} of {} files have an expectation", files.len());
    assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults.join("\n"));
}
