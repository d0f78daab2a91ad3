//! Files as attachments of letters, and what `tamis scan --json` says of these.

use serde_json::Value;
use std::{collections::BTreeSet, fs, path::Path, process::Command};

/// What was said of one letter with one attachment.
#[derive(Debug)]
pub(crate) struct Scan {
    /// As it was named to [`scan`].
    pub(crate) name: String,
    pub(crate) class: String,
    pub(crate) ms: f64,
    /// (path without the letter's own part, true type).
    pub(crate) parts: Vec<(String, String)>,
    /// (name, detail).
    pub(crate) findings: Vec<(String, String)>,
}

impl Scan {
    fn read(name: &str, value: &Value) -> Self {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_string();
        let path = |part: &Value| {
            let names: Vec<String> = part["path"].as_array().unwrap().iter().map(text).collect();
            names.join("/")
        };
        Self {
            name: name.to_string(),
            class: text(&value["class"]),
            ms: value["ms"].as_f64().unwrap(),
            parts: value["parts"].as_array().unwrap().iter().map(|p| (path(p), text(&p["true_type"]))).collect(),
            findings: value["findings"]
                .as_array()
                .unwrap()
                .iter()
                .map(|f| (text(&f["name"]), text(&f["detail"])))
                .collect(),
        }
    }

    pub(crate) fn has(&self, finding: &str) -> bool {
        self.findings.iter().any(|(name, _)| name == finding)
    }

    /// The paths of all parts of these true types.
    pub(crate) fn paths_of(&self, true_types: &[&str]) -> Vec<&str> {
        self.parts
            .iter()
            .filter(|(_, found)| true_types.contains(&found.as_str()))
            .map(|(path, _)| path.as_str())
            .collect()
    }

    /// The findings that speak of contents, in order of their names.
    pub(crate) fn inside(&self) -> BTreeSet<&str> {
        self.findings.iter().map(|(name, _)| name.as_str()).filter(|name| name.ends_with("_inside")).collect()
    }
}

/// One attachment: the name that the letter gives it, and its contents.
pub(crate) struct Attachment {
    pub(crate) name: String,
    pub(crate) contents: Vec<u8>,
}

impl Attachment {
    pub(crate) fn of_file(file: &Path) -> Self {
        let name = file.file_name().unwrap().to_string_lossy().into_owned();
        Self { name, contents: fs::read(file).unwrap_or_else(|error| panic!("{}: {error}", file.display())) }
    }
}

/// A letter with one attachment, as a mail program would write it.
pub(crate) fn letter(attachment: &Attachment) -> Vec<u8> {
    use base64::{Engine, engine::general_purpose::STANDARD};
    let encoded = STANDARD.encode(&attachment.contents);
    let name: String =
        attachment.name.chars().map(|c| if c.is_ascii_graphic() && c != '"' { c } else { '_' }).collect();
    let mut letter = format!(
        "From: Anna <anna@home.example>\r\nTo: Ben <ben@home.example>\r\nSubject: The file\r\n\
         Date: Sun, 1 Mar 2026 10:00:00 +0100\r\nMessage-ID: <1@home.example>\r\nMIME-Version: 1.0\r\n\
         Content-Type: multipart/mixed; boundary=frontier\r\n\r\n--frontier\r\nContent-Type: text/plain\r\n\r\n\
         Hello Ben,\r\nhere is the file.\r\nAnna\r\n--frontier\r\n\
         Content-Type: application/octet-stream; name=\"{name}\"\r\n\
         Content-Disposition: attachment; filename=\"{name}\"\r\nContent-Transfer-Encoding: base64\r\n\r\n"
    )
    .into_bytes();
    for line in encoded.as_bytes().chunks(76) {
        letter.extend_from_slice(line);
        letter.extend_from_slice(b"\r\n");
    }
    letter.extend_from_slice(b"--frontier--\r\n");
    letter
}

/// Looks at each attachment in a letter of its own; the answers in the same order.
pub(crate) fn scan(attachments: &[Attachment]) -> Vec<Scan> {
    let letters: Vec<(&str, Vec<u8>)> = attachments.iter().map(|one| (one.name.as_str(), letter(one))).collect();
    scan_letters(&letters)
}

/// Looks at letters, each with a name; the answers in the same order.
pub(crate) fn scan_letters(letters: &[(&str, Vec<u8>)]) -> Vec<Scan> {
    let folder = tempfile::tempdir().unwrap();
    let settings = folder.path().join("tamis.toml");
    fs::write(&settings, "[look]\nworkers = 2\n").unwrap();
    let mut scans = Vec::new();
    for letters in letters.chunks(500) {
        let files: Vec<_> = (0..letters.len()).map(|n| folder.path().join(format!("{n}.eml"))).collect();
        for (file, (_, letter)) in files.iter().zip(letters) {
            fs::write(file, letter).unwrap();
        }
        let output = Command::new(env!("CARGO_BIN_EXE_tamis"))
            .arg("--config")
            .arg(&settings)
            .args(["scan", "--json", "--offline"])
            .args(&files)
            .output()
            .expect("tamis starts");
        let text = String::from_utf8(output.stdout).unwrap();
        let answers: Vec<&str> = text.lines().collect();
        let errors = String::from_utf8_lossy(&output.stderr);
        assert_eq!(answers.len(), files.len(), "{}: {errors}", output.status);
        let read =
            |(answer, (name, _)): (&&str, &(&str, Vec<u8>))| Scan::read(name, &serde_json::from_str(answer).unwrap());
        scans.extend(answers.iter().zip(letters).map(read));
    }
    scans
}
