//! Archives and messages for the tests of this part.
//!
//! Not in the program.

mod archives;

pub(super) use archives::*;

use base64::{Engine, engine::general_purpose::STANDARD};
use std::io::{Cursor, Write};

/// A message with a text and one attachment.
pub(super) fn letter(name: &str, contents: &[u8]) -> Vec<u8> {
    let lines: Vec<String> =
        STANDARD.encode(contents).as_bytes().chunks(76).map(|l| String::from_utf8_lossy(l).into_owned()).collect();
    format!(
        "From: a@b.example\r\nSubject: x\r\nDate: Mon, 1 Sep 2025 10:00:00 +0200\r\nMIME-Version: 1.0\r\n\
         Content-Type: multipart/mixed; boundary=letter\r\n\r\n--letter\r\n\r\nsee below\r\n--letter\r\n\
         Content-Type: application/octet-stream\r\nContent-Disposition: attachment; filename=\"{name}\"\r\n\
         Content-Transfer-Encoding: base64\r\n\r\n{}\r\n--letter--\r\n",
        lines.join("\r\n")
    )
    .into_bytes()
}

/// What is in a message with these contents attached: items but its text as `path type octets`, notes as `kind path`.
pub(super) fn seen(name: &str, contents: &[u8]) -> (Vec<String>, Vec<String>) {
    let bytes = letter(name, contents);
    let inside = super::open(&crate::mail::Message::parse(&bytes));
    let items = inside.items.iter().skip(1).map(|i| format!("{} {} {}", i.path.join("/"), i.true_type, i.size));
    let notes = inside.notes.iter().map(|n| format!("{:?} {}", n.kind, n.path.join("/")));
    (items.collect(), notes.collect())
}

pub(super) fn zip(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = ::zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, contents) in members {
        writer.start_file(*name, ::zip::write::SimpleFileOptions::default()).unwrap();
        writer.write_all(contents).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

pub(super) fn gzip(contents: &[u8]) -> Vec<u8> {
    let mut writer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    writer.write_all(contents).unwrap();
    writer.finish().unwrap()
}

pub(super) fn tar(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut builder = ::tar::Builder::new(Vec::new());
    for (name, contents) in members {
        let mut header = ::tar::Header::new_gnu();
        header.set_size(contents.len() as u64);
        builder.append_data(&mut header, name, *contents).unwrap();
    }
    builder.into_inner().unwrap()
}
