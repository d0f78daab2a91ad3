//! What a source knows of one user, and how it becomes a mailbox: templates, Dovecot's `mail` and `quota_rule`.
//!
//! Does not look whether any path exists. Standards: Dovecot 2.3 *mail location*, *quota rules*, *variables*.

use crate::mail::Address;
use crate::plan::{Mailbox, Quota};
use std::path::PathBuf;

/// Paths for users whose source names none. `%d` domain, `%n` name before the `@`, `%u` the whole, `%h` home, `%%` `%`.
pub(super) struct Templates {
    pub(super) home: String,
    pub(super) maildir: String,
}

/// What a source said; everything but the name may be missing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Record {
    /// As the source spells it, with or without a domain.
    pub(super) user: String,
    pub(super) home: Option<String>,
    /// A mail location such as `maildir:~/Maildir`.
    pub(super) mail: Option<String>,
    pub(super) uid: Option<u32>,
    pub(super) gid: Option<u32>,
    pub(super) quota: Quota,
}

impl Record {
    pub(super) fn named(user: &str) -> Self {
        Self { user: user.to_string(), ..Self::default() }
    }

    /// Notes one field of Dovecot's user database; those that don't matter here are left out.
    pub(super) fn set(&mut self, field: &str, value: &str) {
        match field {
            "home" if !value.is_empty() => self.home = Some(value.to_string()),
            "mail" if !value.is_empty() => self.mail = Some(value.to_string()),
            "uid" => self.uid = value.parse().ok(),
            "gid" => self.gid = value.parse().ok(),
            _ if field.starts_with("quota_rule") => add_quota_rule(&mut self.quota, value),
            _ => {}
        }
    }

    /// The mailbox; `None` where the user's name can't be part of a path.
    ///
    /// # Errors
    /// A mail location that is no Maildir++ of ours, or a path that isn't absolute, in words for the operator.
    pub(super) fn mailbox(self, address: &Address, templates: &Templates) -> Result<Option<Mailbox>, String> {
        let (name, domain) = match self.user.rsplit_once('@') {
            Some((name, domain)) => (name.to_string(), domain.to_lowercase()),
            None => (self.user.clone(), address.domain().to_string()),
        };
        if !is_component(&name) || !is_component(&self.user) || !(domain.is_empty() || is_component(&domain)) {
            return Ok(None);
        }
        let names = Names { user: &self.user, name: &name, domain: &domain };
        // What a source gives as home is a path; only our own setting is a template.
        let home = self.home.or_else(|| expand(&templates.home, names, ""));
        let Some(home) = home else { return Ok(None) };
        let location = match &self.mail {
            Some(mail) => maildir_of(mail, &home).map_err(|why| format!("user {}: {why}", self.user))?,
            None => templates.maildir.clone(),
        };
        let Some(maildir) = expand(&location, names, &home) else { return Ok(None) };
        for path in [&home, &maildir] {
            if !path.starts_with('/') || path.contains('\0') {
                return Err(format!("user {}: the path {path:?} is not absolute", self.user));
            }
        }
        Ok(Some(Mailbox {
            domain,
            home: PathBuf::from(home),
            maildir: PathBuf::from(maildir),
            owner: self.uid.zip(self.gid).filter(|(uid, _)| *uid != 0),
            quota: self.quota,
            user: self.user,
        }))
    }
}

#[derive(Clone, Copy)]
struct Names<'a> {
    user: &'a str,
    name: &'a str,
    domain: &'a str,
}

/// True where a text is safe as one step of a path.
pub(super) fn is_component(text: &str) -> bool {
    !text.is_empty() && text != "." && text != ".." && !text.contains(['/', '\0'])
}

/// Fills a template; `None` where a value that it asks for is empty. The names are single steps of a path by then.
fn expand(template: &str, names: Names<'_>, home: &str) -> Option<String> {
    let mut path = String::new();
    let mut chars = template.chars();
    while let Some(c) = chars.next() {
        if c != '%' {
            path.push(c);
            continue;
        }
        let value = match chars.next() {
            Some('u') => names.user,
            Some('n') => names.name,
            Some('d') => names.domain,
            Some('h') => home,
            Some('%') => "%",
            Some(_) | None => "",
        };
        if value.is_empty() {
            return None;
        }
        path.push_str(value);
    }
    Some(path)
}

/// The template of the Maildir in a mail location: `maildir:~/Maildir:LAYOUT=…`.
fn maildir_of(location: &str, home: &str) -> Result<String, String> {
    let Some(rest) = location.strip_prefix("maildir:") else {
        return Err(format!("mail location {location:?} is not a Maildir"));
    };
    let mut parts = rest.split(':');
    let path = parts.next().unwrap_or_default();
    if let Some(layout) =
        parts.find_map(|part| part.strip_prefix("LAYOUT=")).filter(|l| !l.eq_ignore_ascii_case("maildir++"))
    {
        return Err(format!("mail location {location:?} has the layout {layout}, only Maildir++ is known"));
    }
    // The home is a path already: a % in it is no variable.
    let home = home.replace('%', "%%");
    Ok(match path.strip_prefix('~').map(|rest| rest.trim_start_matches('/')) {
        Some("") => home,
        Some(below) => format!("{home}/{below}"),
        None if path.starts_with(['/', '%']) => path.to_string(),
        None => format!("{home}/{path}"),
    })
}

/// `*:storage=1G:messages=100`; rules for single folders and of other forms are left out.
fn add_quota_rule(quota: &mut Quota, rule: &str) {
    let Some(limits) = rule.strip_prefix("*:") else { return };
    for limit in limits.split(':') {
        match limit.split_once('=') {
            // Dovecot: `storage` counts kibibytes where no unit stands, `bytes` octets; 0 is no limit.
            Some(("storage", size)) => quota.bytes = size_of(size, 1 << 10),
            Some(("bytes", size)) => quota.bytes = size_of(size, 1),
            Some(("messages", count)) => quota.messages = count.parse().ok().filter(|count| *count > 0),
            Some(_) | None => {}
        }
    }
}

fn size_of(text: &str, plain_unit: u64) -> Option<u64> {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let unit = match text.get(digits.len()..)?.to_ascii_uppercase().as_str() {
        "" => plain_unit,
        "B" => 1,
        "K" | "KB" => 1 << 10,
        "M" | "MB" => 1 << 20,
        "G" | "GB" => 1 << 30,
        "T" | "TB" => 1 << 40,
        _ => return None,
    };
    digits.parse::<u64>().ok()?.checked_mul(unit).filter(|size| *size > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The Maildir of a user whose home is `/home/a`.
    fn check(user: &str, mail: Option<&str>, template: &str, want: Result<Option<&str>, &str>) {
        let templates = Templates { home: "/home/a".into(), maildir: template.into() };
        let record = Record { mail: mail.map(Into::into), ..Record::named(user) };
        let got = record.mailbox(&Address::new("a", "x.example"), &templates);
        let got = got.map(|found| found.map(|mailbox| mailbox.maildir.display().to_string()));
        assert_eq!(got.as_ref().map(Option::as_deref).map_err(String::as_str), want, "{user} {mail:?} {template}");
    }

    #[test]
    fn templates_and_mail_locations_become_paths_inside_their_place() {
        for (user, mail, template, want) in [
            ("a@y.example", None, "/m/%d/%n/%u", Ok(Some("/m/y.example/a/a@y.example"))),
            ("a", None, "/m/%d/%n", Ok(Some("/m/x.example/a"))),
            ("a", None, "%h/100%%", Ok(Some("/home/a/100%"))),
            ("100%", None, "%h/%n", Ok(Some("/home/a/100%"))),
            ("..", None, "/m/%n", Ok(None)),
            ("a/../../b", None, "/m/%n", Ok(None)),
            ("../a@x", None, "/m/%n", Ok(None)),
            ("a@..", None, "/m/%d/%n", Ok(None)),
            ("a\0", None, "/m/%n", Ok(None)),
            ("@x", None, "/m/%d", Ok(None)),
            ("a", None, "/m/%x", Ok(None)),
            ("a", None, "m/%n", Err("user a: the path \"m/a\" is not absolute")),
            ("a", Some("maildir:~/M:INDEX=/x"), "", Ok(Some("/home/a/M"))),
            ("a", Some("maildir:/v/%d/%n"), "", Ok(Some("/v/x.example/a"))),
            ("a", Some("maildir:%h/M"), "", Ok(Some("/home/a/M"))),
            ("a", Some("maildir:M"), "", Ok(Some("/home/a/M"))),
            ("a", Some("maildir:~"), "", Ok(Some("/home/a"))),
            ("a", Some("mdbox:~/x"), "", Err("user a: mail location \"mdbox:~/x\" is not a Maildir")),
            (
                "a",
                Some("maildir:~/M:LAYOUT=fs"),
                "",
                Err("user a: mail location \"maildir:~/M:LAYOUT=fs\" has the layout fs, only Maildir++ is known"),
            ),
        ] {
            check(user, mail, template, want);
        }
    }

    #[test]
    fn quota_rules_are_read_as_dovecot_writes_them() {
        for (rule, bytes, messages) in [
            ("*:storage=1G:messages=100", Some(1 << 30), Some(100)),
            ("*:storage=5", Some(5 << 10), None),
            ("*:bytes=5000", Some(5000), None),
            ("*:storage=0", None, None),
            ("*:storage=99999999999999T", None, None),
            ("Trash:storage=+10M", None, None),
            ("*:ignore", None, None),
            ("", None, None),
        ] {
            let mut record = Record::named("a");
            record.set("quota_rule", rule);
            assert_eq!(record.quota, Quota { bytes, messages }, "{rule}");
        }
    }

    #[test]
    fn root_owns_no_mailbox() {
        let templates = Templates { home: "/h".into(), maildir: "%h/M".into() };
        for (uid, want) in [(0, None), (1000, Some((1000, 8)))] {
            let record = Record { uid: Some(uid), gid: Some(8), ..Record::named("a") };
            assert_eq!(record.mailbox(&Address::new("a", ""), &templates).unwrap().unwrap().owner, want);
        }
    }
}
