//! Addresses in header fields and in scripts, and the parts of them that tests compare.
//!
//! Does not decode display names and delivers nothing. Standards: RFC 5228 §2.4.2.3, §2.7.4 and §5.1, RFC 5233
//! (`:user`, `:detail`), RFC 5322 §3.4 and §4.4. *Reading:* what is no address in a list of addresses is left out; a
//! field without any address is one value for `:all` and none for the other parts.

use super::rfc822::{Scan, is_atext};

/// An address that can be mailed to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Mailbox {
    /// Without quotes and escapes: printable ASCII.
    pub(super) local: String,
    pub(super) domain: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum AddressPart {
    All,
    LocalPart,
    Domain,
    User,
    Detail,
}

/// What an `address` test compares of one field's value (still encoded, folded or not).
pub(super) fn values(raw_value: &str, part: AddressPart, delimiter: &str) -> Vec<String> {
    let raw_value = raw_value.trim_matches([' ', '\t', '\r', '\n']);
    if raw_value.is_empty() {
        return vec![String::new()];
    }
    let list = read(raw_value);
    if list.mailboxes.is_empty() && list.is_anything && part == AddressPart::All {
        // RFC 5228 §2.4.2.2: the value without its folds.
        return vec![raw_value.replace(['\r', '\n'], "")];
    }
    list.mailboxes.iter().filter_map(|mailbox| self::part(mailbox, part, delimiter)).collect()
}

/// All addresses of one field's value; those in groups count, the groups' names don't.
pub(super) fn addresses(raw_value: &str) -> Vec<Mailbox> {
    read(raw_value).mailboxes
}

/// One part of an address; `None` where it has none. Any character of `delimiter` ends the user (RFC 5233 §4: the
/// first one counts), and what follows is the detail.
pub(super) fn part(mailbox: &Mailbox, part: AddressPart, delimiter: &str) -> Option<String> {
    let split = || mailbox.local.split_once(|c| delimiter.contains(c));
    match part {
        AddressPart::All => Some(mailbox.to_string()),
        AddressPart::LocalPart => Some(mailbox.local.clone()),
        AddressPart::Domain => Some(mailbox.domain.clone()),
        AddressPart::User => Some(split().map_or(mailbox.local.as_str(), |(user, _)| user).to_string()),
        AddressPart::Detail => split().map(|(_, detail)| detail.to_string()),
    }
}

/// The one address that an argument names: `a@b`, or with a display name `Anna <a@b>` (RFC 5228 §2.4.2.3). The domain
/// becomes lower case.
///
/// # Errors
/// What is wrong with it, in a few words.
pub(super) fn parse_one(text: &str) -> Result<Mailbox, String> {
    let mut scan = Scan::new(text);
    if scan.skip().is_none() || scan.is_at_end() {
        return Err("it is empty".into());
    }
    let start = scan.clone();
    let in_angles = scan.phrase().is_some() && scan.peek() == Some('<');
    let found = if in_angles {
        scan.step();
        scan.skip().and_then(|()| addr_spec(&mut scan))
    } else {
        scan = start;
        addr_spec(&mut scan)
    };
    let mailbox = found.ok_or("it is not of the form name@domain")?;
    if in_angles && !(scan.eat('>') && scan.skip().is_some()) {
        return Err("the > is missing".into());
    }
    match scan.peek() {
        None => Ok(Mailbox { domain: mailbox.domain.to_lowercase(), ..mailbox }),
        Some(',') => Err("one address is wanted, not a list".into()),
        Some(other) => Err(format!("it goes on with {other:?} behind the address")),
    }
}

/// What one field's value holds.
#[derive(Default)]
struct List {
    mailboxes: Vec<Mailbox>,
    /// Whether there was anything but white space and comments.
    is_anything: bool,
}

fn read(raw_value: &str) -> List {
    let mut list = List::default();
    let mut scan = Scan::new(raw_value);
    if scan.skip().is_none() || scan.is_at_end() {
        return list;
    }
    list.is_anything = true;
    loop {
        let start = scan.clone();
        if scan.phrase().is_some() && scan.eat(':') {
            group(&mut scan, &mut list);
        } else {
            scan = start;
            list.mailboxes.extend(mailbox(&mut scan));
        }
        if !scan.eat(',') || scan.skip().is_none() || scan.is_at_end() {
            return list;
        }
    }
}

/// The members of a group and the semicolon behind them.
fn group(scan: &mut Scan<'_>, list: &mut List) {
    if scan.skip().is_none() {
        return;
    }
    if scan.peek() != Some(';') {
        loop {
            list.mailboxes.extend(mailbox(scan));
            if !scan.eat(',') || scan.skip().is_none() {
                break;
            }
        }
    }
    if scan.eat(';') {
        let _ = scan.skip();
    }
}

/// `Anna <a@b>` or `a@b`; `None` where it is neither.
fn mailbox(scan: &mut Scan<'_>) -> Option<Mailbox> {
    let start = scan.clone();
    if scan.phrase().is_some() && scan.eat('<') {
        return angle_addr(scan);
    }
    *scan = start;
    let found = addr_spec(scan);
    if found.is_none() {
        // A name without an address: the next one is behind it.
        let _ = scan.phrase();
    }
    found
}

/// What stands behind `<`, with the route of RFC 5322 §4.4 passed over.
fn angle_addr(scan: &mut Scan<'_>) -> Option<Mailbox> {
    scan.skip()?;
    if scan.peek() == Some('@') {
        while scan.peek() == Some('@') {
            domain(scan)?;
            while scan.eat(',') {
                scan.skip()?;
            }
        }
        scan.eat(':');
        scan.skip()?;
    }
    let found = addr_spec(scan);
    if !scan.eat('>') {
        return None;
    }
    scan.skip()?;
    found
}

/// `local@domain`; `None` also where it could not be mailed to.
fn addr_spec(scan: &mut Scan<'_>) -> Option<Mailbox> {
    let local = local_part(scan)?;
    if scan.peek() != Some('@') {
        return None;
    }
    let domain = domain(scan)?;
    let printable = |c: char| matches!(c, ' '..='~');
    let is_fair = !local.is_empty() && local.chars().all(printable) && is_fair(&domain);
    is_fair.then_some(Mailbox { local, domain })
}

/// *Deviation:* dots may stand anywhere in it, because some Japanese carriers gave such addresses out.
fn local_part(scan: &mut Scan<'_>) -> Option<String> {
    if scan.peek()? == '"' {
        return scan.quoted();
    }
    let mut text = String::new();
    loop {
        while scan.eat('.') {
            text.push('.');
        }
        if scan.peek()? == '@' && !text.is_empty() {
            return Some(text);
        }
        text.push_str(scan.atom()?);
        if scan.peek() != Some('.') {
            return Some(text);
        }
    }
}

/// What stands behind `@`, which comes next.
fn domain(scan: &mut Scan<'_>) -> Option<String> {
    scan.step();
    scan.skip()?;
    if scan.peek()? != '[' {
        return scan.dot_atom();
    }
    let mut text = String::new();
    loop {
        let c = scan.peek()?;
        scan.step();
        text.push(c);
        match c {
            ']' => return scan.skip().map(|()| text),
            '\\' => {
                text.push(scan.peek()?);
                scan.step();
            }
            _ => {}
        }
    }
}

/// No empty label; nothing in a literal that would end a path of RFC 5321.
fn is_fair(domain: &str) -> bool {
    if domain.starts_with('[') {
        return !domain.contains(|c: char| c.is_control() || c.is_whitespace() || "<>\\\"".contains(c));
    }
    domain.split('.').all(|label| !label.is_empty() && !label.contains(char::is_control))
}

impl std::fmt::Display for Mailbox {
    /// RFC 5321 §4.1.2: the local part is quoted where it must be.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.local.split('.').all(|atom| !atom.is_empty() && atom.chars().all(is_atext)) {
            return write!(f, "{}@{}", self.local, self.domain);
        }
        let escaped = self.local.replace('\\', "\\\\").replace('"', "\\\"");
        write!(f, "\"{escaped}\"@{}", self.domain)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use AddressPart::{All, Detail, Domain, LocalPart, User};

    #[test]
    fn lists_are_read_as_an_address_test_sees_them() {
        for (value, all) in [
            ("nodom", &["nodom"][..]),
            ("a@b, nodom", &["a@b"]),
            ("g: h@i, j@k;, nodom, <l@m", &["h@i", "j@k"]),
            ("undisclosed-recipients:;", &["undisclosed-recipients:;"]),
            ("", &[""]),
            ("  ", &[""]),
            ("(x) ", &[]),
            ("<>", &["<>"]),
            ("\"a b\"@c", &["\"a b\"@c"]),
            (r#""a\"b"@c"#, &[r#""a\"b"@c"#]),
            ("a (x) @ b (y)", &["a@b"]),
            ("<@r,@s:a@b>", &["a@b"]),
            ("<@r a@b>", &["a@b"]),
            ("a@b,,c@d", &["a@b", "c@d"]),
            (",a@b,", &["a@b"]),
            ("=?utf-8?q?J=C3=B6rg?= <j@x>", &["j@x"]),
            ("jörg@x", &["jörg@x"]),
            ("jörg@x, a@b", &["a@b"]),
            ("a..b@c", &["\"a..b\"@c"]),
            ("\"a\".\"b\"@c", &["\"a\".\"b\"@c"]),
            ("Joe Q. Public <j@x>", &["j@x"]),
            ("a@b. , c@d", &["c@d"]),
            ("a@b (x", &["a@b (x"]),
            ("a b <>, c@d", &["c@d"]),
            ("a b@c, d@e", &["a b@c, d@e"]),
            ("g: a@b, c d, e@f; , h@i", &["a@b", "e@f", "h@i"]),
            ("a@b,\r\n c@d,\r\n\te@f", &["a@b", "c@d", "e@f"]),
            ("\"j\u{1}\"@x", &["\"j\u{1}\"@x"]),
        ] {
            assert_eq!(values(value, All, "+"), all, "{value:?}");
        }
        assert!(values("nodom", Domain, "+").is_empty(), "what is no address has no parts");
        assert_eq!(values("", Domain, "+"), [""]);
    }

    #[test]
    fn parts_are_cut_at_the_first_delimiter() {
        let cut = |text, which, delimiter| part(&parse_one(text).unwrap(), which, delimiter);
        for (text, delimiter, user, detail) in [
            ("a+b@x", "+", "a", Some("b")),
            ("a+b+c@x", "+", "a", Some("b+c")),
            ("a-b+c@x", "+-", "a", Some("b+c")),
            ("a+@x", "+", "a", Some("")),
            ("+a@x", "+", "", Some("a")),
            ("a@x", "+", "a", None),
            ("a+b@x", "", "a+b", None),
        ] {
            assert_eq!(cut(text, User, delimiter).as_deref(), Some(user), "{text}");
            assert_eq!(cut(text, Detail, delimiter).as_deref(), detail, "{text}");
        }
        assert_eq!(cut("\"a b\"@X", LocalPart, "+").as_deref(), Some("a b"));
        assert_eq!(cut("a@X", Domain, "+").as_deref(), Some("x"));
    }

    #[test]
    fn one_address_is_taken_and_nothing_else() {
        for (text, want) in [
            ("<a@b>", "a@b"),
            ("A B <a@B.C>", "a@b.c"),
            ("\"A, B\" <a@b> (c)", "a@b"),
            ("a..b@c", "\"a..b\"@c"),
            ("a@müll.de", "a@müll.de"),
            ("a @ b", "a@b"),
            ("a@[1.2.3.4]", "a@[1.2.3.4]"),
            (" a@b ", "a@b"),
        ] {
            assert_eq!(parse_one(text).map(|mailbox| mailbox.to_string()).as_deref(), Ok(want), "{text}");
        }
        for text in [
            "a",
            "@b",
            "a@b, c@d",
            "a@b.",
            "a@b..c",
            "jö@x",
            "a b@c",
            "a@b c",
            "<a@b",
            "",
            " ",
            "g: a@b;",
            "<@r:a@b>",
            "a@b>",
            "\"\"@c",
            "a@b\r\nc",
            "<>",
            "a@b;",
            "a@b\u{1}",
            "\"a\u{1}\"@c",
            "a@[x y]",
            "<a@b> <c@d>",
        ] {
            assert!(parse_one(text).is_err(), "{text:?} passed");
        }
    }
}
