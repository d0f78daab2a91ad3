//! One command line as a value.
//!
//! smtp-proto reads verbs, keywords and parameters. Around it stand our own readers for what it gets wrong or drops:
//! paths (it loses quotes, refuses addresses without a domain or with a literal), `SIZE` beyond 18 digits (it wraps
//! around), arguments of commands that have none, XFORWARD, and parameters that we don't offer. Does not know the state of
//! the session. Standards: RFC 5321 §4.1, RFC 1870 §5, RFC 6152 §3, RFC 6531 §3.4, RFC 2033 §4.1.

use super::xforward::{self, Attribute};
use crate::mail::{Address, AddressError};
use crate::serve::line::LineFault;
use smtp_proto::{MAIL_BODY_BINARYMIME, MAIL_SMTPUTF8, Request};

/// What a peer asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Command {
    /// The name the peer gives itself.
    Lhlo(String),
    /// HELO or EHLO: the peer believes this is SMTP.
    Smtp,
    Mail(MailFrom),
    Rcpt(Address),
    Data,
    Rset,
    Noop,
    Vrfy,
    Help,
    Quit,
    Xforward(Vec<Attribute>),
}

/// MAIL FROM with its parameters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct MailFrom {
    /// `None` is the null reverse-path `<>`.
    pub(super) reverse_path: Option<Address>,
    /// SIZE in octets, where it was given; numbers beyond 64 bits become the largest one.
    pub(super) size: Option<u64>,
    /// The parameter SMTPUTF8 was given.
    pub(super) smtputf8: bool,
}

/// Why a line is not a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    Line(LineFault),
    Unknown,
    /// A command of SMTP that we know and don't offer.
    NotOffered,
    /// BDAT, which we don't offer: its chunk follows without being asked for and must not be read as commands.
    Chunk,
    /// The form that was expected.
    Usage(&'static str),
    Parameter,
    UnknownParameter,
    Sender(AddressError),
    Rcpt(AddressError),
}

/// Reads one line without its CRLF; control bytes are gone already (`line.rs` refuses them).
///
/// # Errors
/// The [`Fault`] that the peer is told.
pub(super) fn parse(line: &[u8]) -> Result<Command, Fault> {
    let line = line.trim_ascii_end();
    let (verb, argument) =
        line.iter().position(|b| *b == b' ').and_then(|at| line.split_at_checked(at)).unwrap_or((line, b""));
    let is = |name: &[u8]| verb.eq_ignore_ascii_case(name);
    if is(b"XFORWARD") {
        return xforward::parse(argument).map(Command::Xforward);
    }
    if is(b"MAIL") || is(b"RCPT") {
        return transaction_command(line);
    }
    if verb.is_empty() {
        return Err(Fault::Unknown);
    }
    if !argument.is_empty() && (is(b"DATA") || is(b"RSET") || is(b"QUIT")) {
        return Err(Fault::Usage("Command takes no argument"));
    }
    of_request(&mut [line, b"\r\n"].concat().iter())
}

/// Commands without a path.
fn of_request(line: &mut std::slice::Iter<'_, u8>) -> Result<Command, Fault> {
    match Request::parse(line).map_err(of_error)? {
        Request::Lhlo { host } => Ok(Command::Lhlo(host.into_owned())),
        Request::Ehlo { .. } | Request::Helo { .. } => Ok(Command::Smtp),
        Request::Data => Ok(Command::Data),
        Request::Rset => Ok(Command::Rset),
        Request::Noop { .. } => Ok(Command::Noop),
        Request::Vrfy { .. } => Ok(Command::Vrfy),
        Request::Help { .. } => Ok(Command::Help),
        Request::Quit => Ok(Command::Quit),
        Request::Bdat { .. } => Err(Fault::Chunk),
        Request::Auth { .. }
        | Request::Expn { .. }
        | Request::Etrn { .. }
        | Request::Atrn { .. }
        | Request::Burl { .. }
        | Request::StartTls => Err(Fault::NotOffered),
        // Read elsewhere: a path is needed.
        Request::Mail { .. } | Request::Rcpt { .. } => Err(Fault::Unknown),
    }
}

fn of_error(error: smtp_proto::Error) -> Fault {
    use smtp_proto::Error as E;
    match error {
        E::SyntaxError { syntax } if syntax.starts_with("BDAT") => Fault::Chunk,
        // HELO and EHLO get the same answer, whatever follows them.
        E::SyntaxError { syntax } if syntax.starts_with("EHLO") || syntax.starts_with("HELO") => Fault::Unknown,
        E::SyntaxError { syntax } => Fault::Usage(syntax),
        E::InvalidParameter { .. } => Fault::Parameter,
        E::UnsupportedParameter { .. } => Fault::UnknownParameter,
        E::InvalidSenderAddress => Fault::Sender(AddressError::Syntax),
        E::InvalidRecipientAddress => Fault::Rcpt(AddressError::Syntax),
        E::UnknownCommand | E::NeedsMoreData { .. } | E::ResponseTooLong | E::InvalidResponse { .. } => Fault::Unknown,
    }
}

/// MAIL and RCPT: the path is cut out and read by [`Address::parse`]; smtp-proto sees a plain one in its place.
fn transaction_command(line: &[u8]) -> Result<Command, Fault> {
    let is_mail = line.get(..4).is_some_and(|verb| verb.eq_ignore_ascii_case(b"MAIL"));
    let usage = Fault::Usage(if is_mail { "Form is MAIL FROM:<address>" } else { "Form is RCPT TO:<address>" });
    let cut = cut(line).ok_or(usage)?;
    let offered: &[&str] = if is_mail { &["SIZE", "BODY", "SMTPUTF8"] } else { &[] };
    let (size, others) = parameters(cut.parameters, offered)?;
    let plain = [cut.head, b"<a@b.example>", others.as_bytes(), b"\r\n"].concat();
    let request = Request::parse(&mut plain.iter()).map_err(of_error)?;
    if let Request::Rcpt { .. } = request {
        return address(cut.path).map(Command::Rcpt).map_err(Fault::Rcpt);
    }
    let Request::Mail { from } = request else { return Err(usage) };
    // BINARYMIME is a value of BODY that only servers with CHUNKING offer (RFC 3030 §3).
    if from.flags & MAIL_BODY_BINARYMIME != 0 {
        return Err(Fault::UnknownParameter);
    }
    let smtputf8 = from.flags & MAIL_SMTPUTF8 != 0;
    let reverse_path = match cut.path {
        b"" => None,
        path => Some(address(path).map_err(Fault::Sender)?),
    };
    if !smtputf8 && reverse_path.as_ref().is_some_and(|a| !a.is_ascii()) {
        return Err(Fault::Sender(AddressError::NeedsSmtputf8));
    }
    Ok(Command::Mail(MailFrom { reverse_path, size, smtputf8 }))
}

fn address(path: &[u8]) -> Result<Address, AddressError> {
    std::str::from_utf8(path).map_err(|_| AddressError::Syntax).and_then(Address::parse)
}

/// A line with a path, in three pieces.
struct Cut<'a> {
    /// `MAIL FROM:`
    head: &'a [u8],
    /// What stands between `<` and `>`.
    path: &'a [u8],
    /// What follows, with its leading space.
    parameters: &'a [u8],
}

/// Cuts at the first `<` and the first `>` behind it that is not quoted.
fn cut(line: &[u8]) -> Option<Cut<'_>> {
    let open = line.iter().position(|b| *b == b'<')?;
    let (head, rest) = line.split_at_checked(open)?;
    let rest = rest.get(1..)?;
    let (mut quoted, mut escaped) = (false, false);
    let close = rest.iter().position(|byte| {
        let was_escaped = std::mem::replace(&mut escaped, false);
        match byte {
            _ if was_escaped => false,
            b'\\' if quoted => {
                escaped = true;
                false
            }
            b'"' => {
                quoted = !quoted;
                false
            }
            b'>' => !quoted,
            _ => false,
        }
    })?;
    let (path, rest) = rest.split_at_checked(close)?;
    Some(Cut { head, path, parameters: rest.get(1..)? })
}

/// Checks the names of the parameters and takes SIZE out; returns the others for smtp-proto.
fn parameters(text: &[u8], offered: &[&str]) -> Result<(Option<u64>, String), Fault> {
    let text = std::str::from_utf8(text).map_err(|_| Fault::Parameter)?;
    if !text.is_empty() && !text.starts_with(' ') {
        return Err(Fault::Parameter);
    }
    let (mut size, mut others, mut seen) = (None, String::new(), Vec::new());
    for word in text.split(' ').filter(|word| !word.is_empty()) {
        let (name, value) = word.split_once('=').unwrap_or((word, ""));
        let name = name.to_ascii_uppercase();
        if !offered.contains(&name.as_str()) {
            return Err(Fault::UnknownParameter);
        }
        if seen.contains(&name) {
            return Err(Fault::Parameter);
        }
        if name == "SIZE" {
            size = Some(size_of(value)?);
        } else {
            others.push(' ');
            others.push_str(word);
        }
        seen.push(name);
    }
    Ok((size, others))
}

/// RFC 1870 §5: 1 to 20 digits, which may be more than 64 bits hold.
fn size_of(digits: &str) -> Result<u64, Fault> {
    if digits.is_empty() || digits.len() > 20 || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return Err(Fault::Parameter);
    }
    Ok(digits.parse().unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mail(path: &str, size: Option<u64>, smtputf8: bool) -> Result<Command, Fault> {
        let reverse_path = (!path.is_empty()).then(|| Address::parse(path).unwrap());
        Ok(Command::Mail(MailFrom { reverse_path, size, smtputf8 }))
    }

    fn rcpt(path: &str) -> Result<Command, Fault> {
        Ok(Command::Rcpt(Address::parse(path).unwrap()))
    }

    fn check(line: &str, want: Result<Command, Fault>) {
        assert_eq!(parse(line.as_bytes()), want, "{line:?}");
    }

    #[test]
    fn verbs_are_read_in_any_case_with_and_without_what_may_follow() {
        for (line, want) in [
            ("lhlo mx.example", Command::Lhlo("mx.example".into())),
            ("LHLO [IPv6:::1] ", Command::Lhlo("[IPv6:::1]".into())),
            ("ehlo x", Command::Smtp),
            ("HELO x", Command::Smtp),
            ("dAtA ", Command::Data),
            ("DATA", Command::Data),
            ("RSET", Command::Rset),
            ("NOOP", Command::Noop),
            ("NOOP with words \"and quotes", Command::Noop),
            ("VRFY <anna@x.example>", Command::Vrfy),
            ("HELP", Command::Help),
            ("help mail", Command::Help),
            ("quit   ", Command::Quit),
        ] {
            check(line, Ok(want));
        }
    }

    #[test]
    fn what_is_no_command_is_told_apart() {
        use Fault::{Chunk, NotOffered, Unknown};
        for (line, want) in [
            ("", Unknown),
            (" NOOP", Unknown),
            ("GET / HTTP/1.1", Unknown),
            ("MAILX", Unknown),
            ("NOOPNOOPNOOP", Unknown),
            ("EHLO", Unknown),
            ("XCLIENT ADDR=1.2.3.4", Unknown),
            ("STARTTLS", NotOffered),
            ("AUTH PLAIN AAAA", NotOffered),
            ("EXPN list", NotOffered),
            ("BDAT 5 LAST", Chunk),
            ("BDAT 99999999999999999999999 LAST", Chunk),
            ("BDAT", Chunk),
            ("BDAT x", Chunk),
        ] {
            check(line, Err(want));
        }
        for line in [
            "LHLO",
            "VRFY",
            "DATA now",
            "RSET x",
            "QUIT 1",
            "MAIL",
            "MAIL FROM:",
            "RCPT TO:a@x",
            "MAIL TO:<a@x>",
            "RCPT FROM:<a@x>",
            "MAIL FROM:x<a@x>",
            "MAIL FROM:<a@x",
            "RCPT TO:<\"a@x>",
            "MAILFROM:<a@x>",
        ] {
            assert!(
                matches!(parse(line.as_bytes()), Err(Fault::Usage(_) | Unknown)),
                "{line}: {:?}",
                parse(line.as_bytes())
            );
        }
    }

    #[test]
    fn paths_are_read_as_real_mail_writes_them() {
        for path in [
            "anna@x.example",
            "postmaster",
            "a@[192.0.2.1]",
            "a@[IPv6:2001:db8::1]",
            r#""john doe"@x.example"#,
            r#""john\"x@evil"@h.example"#,
            r#""a>b"@x.example"#,
            r#""a\\"@x.example"#,
            r#"""@x.example"#,
            "@a.example,@b.example:anna@x.example",
            "a..b.@x.example",
            "bounce+a=b.example@list.example",
        ] {
            check(&format!("MAIL FROM:<{path}>"), mail(path, None, false));
            check(&format!("rcpt to: <{path}> "), rcpt(path));
            check(&format!("MAIL FROM:<{path}> BODY=8BITMIME SIZE=12"), mail(path, Some(12), false));
        }
        check("MAIL FROM:<>", mail("", None, false));
        check("RCPT TO:<>", Err(Fault::Rcpt(AddressError::Syntax)));
        check("MAIL FROM:<a b@x>", Err(Fault::Sender(AddressError::Syntax)));
        check("RCPT TO:<@x>", Err(Fault::Rcpt(AddressError::Syntax)));
        check(&format!("RCPT TO:<{}@x>", "a".repeat(257)), Err(Fault::Rcpt(AddressError::TooLong)));
        check(&format!("MAIL FROM:<a@{}>", "a".repeat(256)), Err(Fault::Sender(AddressError::TooLong)));
        assert_eq!(parse(b"MAIL FROM:<\xe9@x.example> SMTPUTF8"), Err(Fault::Sender(AddressError::Syntax)));
    }

    #[test]
    fn parameters_that_are_not_offered_are_refused() {
        for (line, want) in [
            ("MAIL FROM:<a@x> FOO", Fault::UnknownParameter),
            ("MAIL FROM:<a@x> RET=HDRS", Fault::UnknownParameter),
            ("MAIL FROM:<a@x> AUTH=<>", Fault::UnknownParameter),
            ("MAIL FROM:<a@x> BODY=BINARYMIME", Fault::UnknownParameter),
            ("RCPT TO:<a@x> ORCPT=rfc822;a@x", Fault::UnknownParameter),
            ("RCPT TO:<a@x> NOTIFY=NEVER", Fault::UnknownParameter),
            ("MAIL FROM:<a@x> BODY=9BIT", Fault::Parameter),
            ("MAIL FROM:<a@x> BODY", Fault::UnknownParameter),
            ("MAIL FROM:<a@x> SMTPUTF8=1", Fault::UnknownParameter),
            ("MAIL FROM:<a@x>SIZE=1", Fault::Parameter),
            ("MAIL FROM:<a@x>>", Fault::Parameter),
            ("MAIL FROM:<a@x> SIZE=", Fault::Parameter),
            ("MAIL FROM:<a@x> SIZE=-1", Fault::Parameter),
            ("MAIL FROM:<a@x> SIZE=1 SIZE=2", Fault::Parameter),
            ("MAIL FROM:<a@x> SIZE=999999999999999999999", Fault::Parameter),
        ] {
            check(line, Err(want));
        }
    }

    #[test]
    fn a_size_beyond_all_numbers_stays_large() {
        check("MAIL FROM:<a@x> SIZE=999999999999999999", mail("a@x", Some(999_999_999_999_999_999), false));
        check("MAIL FROM:<a@x> size=18446744073709551615", mail("a@x", Some(u64::MAX), false));
        check("MAIL FROM:<a@x> SIZE=99999999999999999999", mail("a@x", Some(u64::MAX), false));
        check("MAIL FROM:<a@x>  SIZE=0   BODY=7BIT", mail("a@x", Some(0), false));
    }

    #[test]
    fn letters_beyond_ascii_need_smtputf8() {
        check("MAIL FROM:<josé@x.example>", Err(Fault::Sender(AddressError::NeedsSmtputf8)));
        check("MAIL FROM:<josé@x.example> SMTPUTF8 BODY=8BITMIME", mail("josé@x.example", None, true));
        check("MAIL FROM:<> smtputf8", mail("", None, true));
    }

    #[test]
    fn no_line_makes_the_reader_panic() {
        let pieces: [&[u8]; 16] = [
            b"MAIL",
            b"RCPT",
            b" FROM:",
            b" TO:",
            b"<",
            b">",
            b"\"",
            b"\\",
            b"@",
            b" ",
            b"SIZE=",
            b"9999999999",
            b"\xff",
            b"XFORWARD ",
            b"NAME=+",
            b"BDAT 1",
        ];
        let mut seed = 7u64;
        for _ in 0..50_000 {
            let mut line = Vec::new();
            for _ in 0..12 {
                seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                line.extend_from_slice(pieces[(seed >> 60) as usize]);
            }
            let _ = parse(&line);
        }
    }
}
