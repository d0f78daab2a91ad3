//! `mailto:` URIs of notifications.
//!
//! Does not build messages; `notify` does. Standards: RFC 6068, RFC 5436 §2.2 and §2.7 (fields that a URI may not set),
//! RFC 3986 §2 (percent signs).

use super::{Named, letter::is_same};
use crate::limits::{NOTIFY_FIELDS_MAX, NOTIFY_RECIPIENTS_MAX};

/// What a `mailto:` URI asks for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::sieve) struct Mailto {
    pub(super) to: Vec<Named>,
    pub(super) cc: Vec<Named>,
    pub(super) subject: Option<String>,
    pub(super) body: Option<String>,
    pub(super) fields: Vec<(String, String)>,
    /// What was left out, and why: warnings for the script's author.
    pub(in crate::sieve) warnings: Vec<String>,
}

/// Fields that are ours to write, or nobody's.
const RESERVED: &[&str] = &[
    "auto-submitted",
    "bcc",
    "content-disposition",
    "content-transfer-encoding",
    "content-type",
    "data",
    "date",
    "from",
    "importance",
    "in-reply-to",
    "message-id",
    "mime-version",
    "precedence",
    "received",
    "references",
    "resent-bcc",
    "resent-cc",
    "resent-date",
    "resent-from",
    "resent-message-id",
    "resent-sender",
    "resent-to",
    "return-path",
    "sender",
    "x-auto-response-suppress",
    "x-priority",
];

/// Reads a `mailto:` URI.
///
/// # Errors
/// What is wrong with it: `valid_notify_method` is then false, and `notify` is an error.
pub(in crate::sieve) fn parse_mailto(uri: &str) -> Result<Mailto, String> {
    let (scheme, rest) = uri.split_once(':').ok_or("it has no scheme such as mailto:")?;
    if !scheme.eq_ignore_ascii_case("mailto") {
        return Err(format!("the method {scheme:?} is not known; mailto is"));
    }
    let mut mailto = Mailto::default();
    let (to, query) = rest.split_once('?').unwrap_or((rest, ""));
    if let Some(bad) = to.chars().find(|c| matches!(c, ':' | ';')) {
        return Err(format!("{bad:?} must be written with a percent sign in an address"));
    }
    let recipients = decode(to)?;
    if !recipients.is_empty() {
        mailto.add(&recipients, Copy::No)?;
    }
    for (count, pair) in query.split('&').filter(|pair| !pair.is_empty()).enumerate() {
        if count >= NOTIFY_FIELDS_MAX {
            mailto.warnings.push(format!("only the first {NOTIFY_FIELDS_MAX} header fields of the URI are used"));
            break;
        }
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        mailto.set(decode(name)?, decode(value)?)?;
    }
    if mailto.to.is_empty() && mailto.cc.is_empty() {
        mailto.warnings.push("the URI names nobody to notify".into());
    }
    Ok(mailto)
}

/// Whether the recipients are named in To or in Cc.
#[derive(Clone, Copy)]
enum Copy {
    No,
    Yes,
}

impl Mailto {
    /// Whom it is sent to.
    pub(super) fn recipients(&self) -> impl Iterator<Item = &Named> {
        self.to.iter().chain(&self.cc)
    }

    fn set(&mut self, name: String, value: String) -> Result<(), String> {
        let lower = name.to_ascii_lowercase();
        if lower != "body" && value.contains(|c: char| c.is_control()) {
            return Err(format!("the field {name:?} holds a control character"));
        }
        match lower.as_str() {
            "to" => return self.add(&value, Copy::No),
            "cc" => return self.add(&value, Copy::Yes),
            "subject" if self.subject.is_none() => self.subject = Some(value),
            "body" if self.body.is_none() => self.body = Some(value),
            "subject" | "body" => self.warnings.push(format!("the second {lower} of the URI is ignored")),
            "" => self.warnings.push("a field without a name is ignored".into()),
            _ if !name.bytes().all(|b| b.is_ascii_graphic() && b != b':') => {
                return Err(format!("{name:?} is no name of a header field"));
            }
            _ if RESERVED.contains(&lower.as_str()) => {
                self.warnings.push(format!("the field {name} may not be set by a URI and is ignored"));
            }
            _ if self.fields.iter().any(|(known, _)| known.eq_ignore_ascii_case(&name)) => {
                self.warnings.push(format!("the second {name} of the URI is ignored"));
            }
            _ => self.fields.push((name, value)),
        }
        Ok(())
    }

    /// Adds a list of addresses; a comma inside of quotes is no end.
    fn add(&mut self, list: &str, copy: Copy) -> Result<(), String> {
        if list.contains(|c: char| c.is_control()) {
            return Err("its recipients hold a control character".into());
        }
        let mut is_quoted = false;
        let is_end = |c: char| {
            is_quoted ^= c == '"';
            c == ',' && !is_quoted
        };
        for text in list.split(is_end) {
            let named = Named::parse(text).map_err(|why| format!("the recipient {text:?} is no address: {why}"))?;
            if self.recipients().any(|known| is_same(&known.mailbox, &named.mailbox)) {
                self.warnings.push(format!("{} is named twice", named.mailbox));
            } else if self.recipients().count() >= NOTIFY_RECIPIENTS_MAX {
                self.warnings
                    .push(format!("only the first {NOTIFY_RECIPIENTS_MAX} recipients of the URI are notified"));
                break;
            } else {
                match copy {
                    Copy::No => self.to.push(named),
                    Copy::Yes => self.cc.push(named),
                }
            }
        }
        Ok(())
    }
}

/// Resolves percent signs; characters that a URI may not hold are refused (RFC 6068 §2: `qchar`).
fn decode(text: &str) -> Result<String, String> {
    let mut octets = Vec::new();
    let mut rest = text.as_bytes();
    while let Some((first, behind)) = rest.split_first() {
        rest = behind;
        if *first != b'%' {
            if !(first.is_ascii_alphanumeric() || b"-._~!$'()*+,;:@=/?".contains(first)) {
                return Err(format!("{:?} must be written with a percent sign", char::from(*first)));
            }
            octets.push(*first);
            continue;
        }
        let digits = behind.get(..2).filter(|digits| digits.iter().all(u8::is_ascii_hexdigit));
        let digits = digits.and_then(|digits| std::str::from_utf8(digits).ok());
        let octet = digits.and_then(|digits| u8::from_str_radix(digits, 16).ok()).filter(|octet| *octet != 0);
        octets.push(octet.ok_or("two hexadecimal digits, not 00, belong behind a percent sign")?);
        rest = behind.get(2..).unwrap_or_default();
    }
    String::from_utf8(octets).map_err(|_| "its percent signs do not make UTF-8".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(list: &[Named]) -> Vec<String> {
        list.iter().map(|named| named.mailbox.to_string()).collect()
    }

    #[test]
    fn uris_name_recipients_subject_and_body() {
        let read = |uri| parse_mailto(uri).unwrap();
        let all = read(
            "MAILTO:a@b%2Cc@d,%22a%2C%20b%22@c?to=e@f&cc=A%20B%20%3Cg@h%3E&subject=x%20y&body=l1%0D%0Al2&X-Foo=%C3%A4",
        );
        assert_eq!(names(&all.to), ["a@b", "c@d", "\"a, b\"@c", "e@f"]);
        assert_eq!(names(&all.cc), ["g@h"]);
        assert_eq!(all.cc[0].name.as_deref(), Some("A B"));
        assert_eq!(all.subject.as_deref(), Some("x y"));
        assert_eq!(all.body.as_deref(), Some("l1\r\nl2"));
        assert_eq!(all.fields, [("X-Foo".to_string(), "ä".to_string())]);
        assert!(all.warnings.is_empty(), "{:?}", all.warnings);
        for (uri, warning) in [
            ("mailto:?to=a@b&bcc=e@f", "bcc"),
            ("mailto:a@b?From=z@z", "From"),
            ("mailto:a@b?Content-Type=text/html", "Content-Type"),
            ("mailto:a@b,A@B", "twice"),
            ("mailto:a@b?subject=a&subject=b", "second"),
            ("mailto:a@b?reply-to=x@y&reply-to=z@y", "second"),
            ("mailto:", "nobody"),
            ("mailto:a@b?=x", "without a name"),
        ] {
            let warnings = read(uri).warnings;
            assert!(warnings.len() == 1 && warnings[0].contains(warning), "{uri}: {warnings:?}");
        }
        let many = (0..20).map(|n| format!("a{n}@b")).collect::<Vec<_>>().join(",");
        assert_eq!(read(&format!("mailto:{many}")).to.len(), NOTIFY_RECIPIENTS_MAX);
    }

    #[test]
    fn uris_that_hide_something_are_refused() {
        for uri in [
            "",
            "mailto",
            "xmpp:a@b",
            "mailto:a",
            "mailto:a@b?subject=x y",
            "mailto:a@b?subject=%0D%0Ainj:%20x",
            "mailto:a@b?x%3Ay=1",
            "mailto:a@b?x%0Ay=1",
            "mailto:a@b?body=%00",
            "mailto:a@b#f",
            "mailto:a@b;c@d",
            "mailto:a@b?subject=%E4",
            "mailto:a@b?subject=%4",
            "mailto:a@b%0D%0A",
            "mailto:a@b,",
            "mailto:a@b%3Cc@d%3E",
            "mailto:a@b?cc=x",
            "mailto:a@b?subject=\u{e4}",
        ] {
            assert!(parse_mailto(uri).is_err(), "{uri:?} passed");
        }
    }
}
