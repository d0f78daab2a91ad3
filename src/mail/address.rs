//! A mail address of the envelope, read leniently: whatever a real MTA may hand over is accepted and kept.
//!
//! Does not read address lists of header fields (mail-parser does) and does not decide who is a user. Standards:
//! RFC 5321 §4.1.2 and §4.5.3.1, RFC 6531 §3.3. *Deviation:* local parts with doubled or edge dots, addresses without
//! a domain and longer local parts are accepted, because refusing them in MAIL FROM would bounce real mail.

use crate::limits::{DOMAIN_BYTES_MAX, LOCAL_PART_BYTES_MAX};
use serde::{Deserialize, Serialize};
use std::fmt;
use unicode_normalization::UnicodeNormalization;

/// One address. The local part is stored without quotes and escapes, in NFC; the domain in lower case, without the
/// final dot, and empty where there was none (`<postmaster>`).
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Address {
    local: String,
    domain: String,
}

/// Why an address can't be read; each has its own enhanced code (RFC 3463 §3.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AddressError {
    Syntax,
    TooLong,
    /// It has non-ASCII letters and the transaction has no SMTPUTF8.
    NeedsSmtputf8,
}

impl Address {
    /// Reads the text between `<` and `>`: strips a source route (RFC 5321 §4.1.2: ignored), unquotes the local part.
    ///
    /// # Errors
    /// [`AddressError::Syntax`] for controls, open quotes, an empty local part without quotes or a bad domain;
    /// [`AddressError::TooLong`] beyond [`LOCAL_PART_BYTES_MAX`] and [`DOMAIN_BYTES_MAX`].
    pub fn parse(path: &str) -> Result<Self, AddressError> {
        let path = match path.strip_prefix('@') {
            Some(route) => route.split_once(':').ok_or(AddressError::Syntax)?.1,
            None => path,
        };
        let (local, domain) = split(path)?;
        if domain.len() > DOMAIN_BYTES_MAX || local.len() > LOCAL_PART_BYTES_MAX {
            return Err(AddressError::TooLong);
        }
        let domain = domain.strip_suffix('.').unwrap_or(domain);
        if !domain_is_fair(domain) {
            return Err(AddressError::Syntax);
        }
        Ok(Self { local: local.nfc().collect(), domain: domain.nfc().collect::<String>().to_lowercase() })
    }

    /// From parts that are known to be good, such as a signed-in user's name.
    pub fn new(local: &str, domain: &str) -> Self {
        Self { local: local.nfc().collect(), domain: domain.to_lowercase() }
    }

    pub fn local(&self) -> &str {
        &self.local
    }

    pub fn domain(&self) -> &str {
        &self.domain
    }

    /// The same address for look-ups and comparisons: all lower case. *Deviation:* RFC 5321 lets a host tell local
    /// parts apart by case; no user source of ours does.
    pub fn key(&self) -> String {
        if self.domain.is_empty() {
            self.local.to_lowercase()
        } else {
            format!("{}@{}", self.local.to_lowercase(), self.domain)
        }
    }

    /// The address without the detail: `anna+lists@x` becomes `anna@x`. None where there is no detail.
    pub fn without_detail(&self, delimiters: &str) -> Option<Self> {
        let at = self.local.find(|c| delimiters.contains(c)).filter(|at| *at > 0)?;
        Some(Self { local: self.local.get(..at)?.to_string(), domain: self.domain.clone() })
    }

    pub fn is_ascii(&self) -> bool {
        self.local.is_ascii() && self.domain.is_ascii()
    }
}

/// Splits at the `@` behind the local part, which may be a quoted string.
fn split(path: &str) -> Result<(String, &str), AddressError> {
    if path.chars().any(|c| c.is_control()) {
        return Err(AddressError::Syntax);
    }
    let Some(quoted) = path.strip_prefix('"') else {
        let (local, domain) = match path.rsplit_once('@') {
            Some((_, "")) => return Err(AddressError::Syntax),
            Some(pair) => pair,
            None => (path, ""),
        };
        let bad = |c: char| c.is_whitespace() || "<>\"\\,;:()[]@".contains(c);
        if local.is_empty() || local.contains(bad) {
            Err(AddressError::Syntax)
        } else {
            Ok((local.to_string(), domain))
        }?;
        return Ok((local.to_string(), domain));
    };
    let mut local = String::new();
    let mut chars = quoted.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '\\' => local.push(chars.next().ok_or(AddressError::Syntax)?.1),
            '"' => {
                let rest = quoted.get(at + 1..).unwrap_or_default();
                return match rest.strip_prefix('@') {
                    Some(domain) if !domain.is_empty() => Ok((local, domain)),
                    None if rest.is_empty() => Ok((local, "")),
                    _ => Err(AddressError::Syntax),
                };
            }
            c => local.push(c),
        }
    }
    Err(AddressError::Syntax)
}

/// Letters, digits, `-`, `_`, non-ASCII and single dots; or an address literal in brackets (RFC 5321 §4.1.3).
fn domain_is_fair(domain: &str) -> bool {
    if let Some(literal) = domain.strip_prefix('[').and_then(|d| d.strip_suffix(']')) {
        return !literal.is_empty() && literal.chars().all(|c| c.is_ascii_alphanumeric() || ".:-".contains(c));
    }
    domain.is_empty()
        || domain.split('.').all(|label| {
            !label.is_empty() && label.chars().all(|c| c.is_alphanumeric() || c == '-' || c == '_' || !c.is_ascii())
        })
}

impl fmt::Display for Address {
    /// The form of RFC 5321: the local part is quoted where it must be.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plain = |c: char| c.is_alphanumeric() || !c.is_ascii() || "!#$%&'*+-/=?^_`{|}~.".contains(c);
        if !self.local.is_empty() && self.local.chars().all(plain) {
            f.write_str(&self.local)?;
        } else {
            let escaped: String =
                self.local.chars().flat_map(|c| if "\"\\".contains(c) { vec!['\\', c] } else { vec![c] }).collect();
            write!(f, "\"{escaped}\"")?;
        }
        if self.domain.is_empty() { Ok(()) } else { write!(f, "@{}", self.domain) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(path: &str, want: Result<&str, AddressError>) {
        assert_eq!(Address::parse(path).map(|a| a.to_string()).as_deref().map_err(|e| *e), want, "{path}");
    }

    #[test]
    fn paths_that_real_mail_uses_are_read() {
        for (path, want) in [
            ("anna@Example.ORG", "anna@example.org"),
            ("postmaster", "postmaster"),
            ("a@[192.0.2.1]", "a@[192.0.2.1]"),
            ("a@[IPv6:2001:db8::1]", "a@[ipv6:2001:db8::1]"),
            (r#""john doe"@x.example"#, r#""john doe"@x.example"#),
            (r#""john\"x@evil"@h.example"#, r#""john\"x@evil"@h.example"#),
            (r#""anna"@x.example"#, "anna@x.example"),
            (r#"""@x.example"#, r#"""@x.example"#),
            ("@relay.example,@b.example:anna@x.example", "anna@x.example"),
            ("a..b.@x.example", "a..b.@x.example"),
            ("jose\u{301}@x.example", "josé@x.example"),
            ("a@x.example.", "a@x.example"),
            ("bounce+a=b.example@list.example", "bounce+a=b.example@list.example"),
        ] {
            check(path, Ok(want));
        }
    }

    #[test]
    fn paths_that_hide_something_are_refused() {
        for path in [
            "@",
            "a@",
            "@x.example",
            "a b@x.example",
            "a@b@c",
            r#""a@x.example"#,
            r#""a"b@x.example"#,
            "a@x y",
            "a@.x",
            "a\0@x",
            "a@x\r\nRCPT",
            "a@[1.2.3.4",
            "<a@x>",
        ] {
            check(path, Err(AddressError::Syntax));
        }
        check(&format!("{}@x.example", "a".repeat(300)), Err(AddressError::TooLong));
    }

    #[test]
    fn the_detail_goes_at_the_first_delimiter() {
        let address = |text| Address::parse(text).unwrap();
        assert_eq!(
            address("anna+a+b@x.example").without_detail("+-").map(|a| a.to_string()).as_deref(),
            Some("anna@x.example")
        );
        assert_eq!(address("anna@x.example").without_detail("+"), None);
        assert_eq!(address("+anna@x.example").without_detail("+"), None);
    }
}
