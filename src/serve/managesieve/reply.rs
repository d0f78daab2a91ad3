//! What we say: OK, NO and BYE with their codes, and lists of strings before them.
//!
//! Text goes into quotes where it is short and one line, else into a literal. Foreign text can't end either. Standards:
//! RFC 5804 §1.2, §1.3 (response codes), §4.

/// Octets of a quoted string (RFC 5804 §4).
const QUOTED_BYTES_MAX: usize = 1024;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Status {
    Ok,
    No,
    Bye,
}

/// One answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Reply {
    /// Lines before the status, ready to be sent.
    data: Vec<u8>,
    pub(super) status: Status,
    /// Such as `QUOTA/MAXSIZE`, with its own strings, ready to be sent.
    code: Option<Vec<u8>>,
    text: String,
}

impl Reply {
    pub(super) fn ok(text: impl Into<String>) -> Self {
        Self { data: Vec::new(), status: Status::Ok, code: None, text: text.into() }
    }

    pub(super) fn no(text: impl Into<String>) -> Self {
        Self { status: Status::No, ..Self::ok(text) }
    }

    pub(super) fn bye(text: impl Into<String>) -> Self {
        Self { status: Status::Bye, ..Self::ok(text) }
    }

    pub(super) fn with_code(self, code: &str) -> Self {
        Self { code: Some(code.as_bytes().to_vec()), ..self }
    }

    /// A code with one string behind it, such as `TAG {2}`.
    pub(super) fn with_code_of(self, code: &str, value: &[u8]) -> Self {
        let mut out = format!("{code} ").into_bytes();
        string(&mut out, value);
        Self { code: Some(out), ..self }
    }

    /// One line of strings before the status; an atom such as `ACTIVE` may stand behind them.
    pub(super) fn line(mut self, strings: &[&[u8]], atom: &str) -> Self {
        for (at, text) in strings.iter().enumerate() {
            if at > 0 {
                self.data.push(b' ');
            }
            string(&mut self.data, text);
        }
        if !atom.is_empty() {
            self.data.push(b' ');
            self.data.extend_from_slice(atom.as_bytes());
        }
        self.data.extend_from_slice(b"\r\n");
        self
    }

    /// A literal of its own line before the status, whatever is in it.
    pub(super) fn content(mut self, bytes: &[u8]) -> Self {
        literal(&mut self.data, bytes);
        self.data.extend_from_slice(b"\r\n");
        self
    }

    pub(super) fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.data);
        out.extend_from_slice(match self.status {
            Status::Ok => b"OK",
            Status::No => b"NO",
            Status::Bye => b"BYE",
        });
        if let Some(code) = &self.code {
            out.extend_from_slice(b" (");
            out.extend_from_slice(code);
            out.push(b')');
        }
        if !self.text.is_empty() {
            out.push(b' ');
            string(out, self.text.as_bytes());
        }
        out.extend_from_slice(b"\r\n");
    }
}

/// A string in the form that fits.
pub(super) fn string(out: &mut Vec<u8>, text: &[u8]) {
    let fits =
        text.len() <= QUOTED_BYTES_MAX && !text.iter().any(u8::is_ascii_control) && std::str::from_utf8(text).is_ok();
    if !fits {
        return literal(out, text);
    }
    out.push(b'"');
    for byte in text {
        if matches!(byte, b'"' | b'\\') {
            out.push(b'\\');
        }
        out.push(*byte);
    }
    out.push(b'"');
}

fn literal(out: &mut Vec<u8>, text: &[u8]) {
    out.extend_from_slice(format!("{{{}}}\r\n", text.len()).as_bytes());
    out.extend_from_slice(text);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(reply: &Reply, want: &str) {
        let mut out = Vec::new();
        reply.write(&mut out);
        assert_eq!(String::from_utf8(out).unwrap(), want);
    }

    #[test]
    fn answers_are_written_as_the_grammar_says() {
        check(&Reply::ok("Done"), "OK \"Done\"\r\n");
        check(&Reply::ok(""), "OK\r\n");
        check(&Reply::no("a \"b\" \\c").with_code("QUOTA/MAXSIZE"), "NO (QUOTA/MAXSIZE) \"a \\\"b\\\" \\\\c\"\r\n");
        check(&Reply::ok("Done").with_code_of("TAG", b"x)\r\nOK"), "OK (TAG {6}\r\nx)\r\nOK) \"Done\"\r\n");
        check(&Reply::ok("Done").with_code_of("TAG", b"t1"), "OK (TAG \"t1\") \"Done\"\r\n");
        check(&Reply::no("line 1\nline 2"), "NO {13}\r\nline 1\nline 2\r\n");
        check(
            &Reply::ok("x").line(&[b"a", b"b"], "").line(&[b"c"], "ACTIVE"),
            "\"a\" \"b\"\r\n\"c\" ACTIVE\r\nOK \"x\"\r\n",
        );
        check(&Reply::ok("").content(b"keep;\r\n"), "{7}\r\nkeep;\r\n\r\nOK\r\n");
        let long = "x".repeat(1025);
        check(&Reply::bye(long.clone()), &format!("BYE {{1025}}\r\n{long}\r\n"));
    }
}
