//! How values become what a setting means: sizes, paths, choices, addresses; each refusal says what would be right.
//!
//! Used by the table. Does not know which setting it reads: the key is put before the sentence by `load.rs`.

use super::names::{hint, nearest};
use super::value::Value;
use crate::filter::{ClassPolicy, Conduct};
use crate::limits::{SETTINGS_TAG_BYTES_MAX, UNIX_PATH_BYTES_MAX};
use crate::mail::Address;
use crate::plan::FolderName;
use std::net::{IpAddr, SocketAddr};
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};

/// The port of SMTP between hosts, which LMTP must not use (RFC 2033 §5).
const SMTP_PORT: u16 = 25;

/// Text without control characters.
pub(super) fn text(value: &Value) -> Result<&str, String> {
    match value {
        Value::Text(text) if text.chars().any(char::is_control) => Err("holds a control character".into()),
        Value::Text(text) => Ok(text),
        Value::Whole(_) | Value::Number(_) | Value::Flag(_) | Value::List(_) => {
            Err(format!("takes text in quotes, not {}", value.kind()))
        }
    }
}

/// Text, where the empty one means *none*.
pub(super) fn optional_text(value: &Value) -> Result<Option<String>, String> {
    Ok(Some(text(value)?).filter(|t| !t.is_empty()).map(str::to_string))
}

pub(super) fn flag(value: &Value) -> Result<bool, String> {
    match value {
        Value::Flag(flag) => Ok(*flag),
        Value::Text(_) | Value::Whole(_) | Value::Number(_) | Value::List(_) => {
            Err(format!("takes true or false without quotes, not {}", value.kind()))
        }
    }
}

/// A whole number in a range, ends included.
pub(super) fn whole(value: &Value, range: RangeInclusive<u64>) -> Result<u64, String> {
    let wanted = || format!("takes a whole number from {} to {}", range.start(), range.end());
    match value {
        Value::Whole(whole) => {
            u64::try_from(*whole).ok().filter(|w| range.contains(w)).ok_or_else(|| format!("{}, not {whole}", wanted()))
        }
        Value::Number(number) => Err(format!("{}, not {number}", wanted())),
        Value::Text(_) | Value::Flag(_) | Value::List(_) => {
            Err(format!("{} without quotes, not {}", wanted(), value.kind()))
        }
    }
}

pub(super) fn whole_u32(value: &Value, range: RangeInclusive<u32>) -> Result<u32, String> {
    let read = whole(value, u64::from(*range.start())..=u64::from(*range.end()))?;
    u32::try_from(read).map_err(|e| e.to_string())
}

pub(super) fn whole_usize(value: &Value, range: RangeInclusive<u32>) -> Result<usize, String> {
    usize::try_from(whole_u32(value, range)?).map_err(|e| e.to_string())
}

/// Points from 0 to 1000.
pub(super) fn points(value: &Value) -> Result<f64, String> {
    let number = match value {
        Value::Number(number) => *number,
        Value::Whole(whole) => *whole as f64,
        Value::Text(_) | Value::Flag(_) | Value::List(_) => {
            return Err(format!("takes points as a number without quotes, such as 6.0, not {}", value.kind()));
        }
    };
    if (0.0..=1000.0).contains(&number) {
        Ok(number)
    } else {
        Err(format!("takes points from 0 to 1000, not {number}"))
    }
}

/// Points, or `"off"` for none.
pub(super) fn points_or_off(value: &Value) -> Result<Option<f64>, String> {
    match value {
        Value::Text(text) if text == "off" => Ok(None),
        Value::Text(text) => Err(format!("takes \"off\" or points as a number without quotes, not {text:?}")),
        Value::Whole(_) | Value::Number(_) | Value::Flag(_) | Value::List(_) => points(value).map(Some),
    }
}

/// Octets: a number, or a number with a unit. `KiB MiB GiB` and, as in Dovecot, the bare letters `k M G` count by 1024,
/// `kB MB GB` by 1000; case and the space between don't matter.
pub(super) fn size(value: &Value, range: RangeInclusive<u64>) -> Result<u64, String> {
    let octets = match value {
        Value::Whole(whole) => u64::try_from(*whole).ok(),
        Value::Text(text) => size_of_text(text),
        Value::Number(_) | Value::Flag(_) | Value::List(_) => None,
    };
    let octets = octets.ok_or_else(|| format!("takes a size such as 52428800, \"50 MiB\" or \"1 GB\", not {value}"))?;
    if range.contains(&octets) {
        Ok(octets)
    } else {
        Err(format!("takes a size from {} to {} octets, not {octets}", range.start(), range.end()))
    }
}

fn size_of_text(text: &str) -> Option<u64> {
    let text = text.trim();
    let digits = text.chars().take_while(char::is_ascii_digit).count();
    let (number, unit) = text.split_at_checked(digits)?;
    let factor: u64 = match unit.trim().to_ascii_lowercase().as_str() {
        "" | "b" => 1,
        "kb" => 1000,
        "mb" => 1_000_000,
        "gb" => 1_000_000_000,
        "tb" => 1_000_000_000_000,
        "k" | "kib" => 1 << 10,
        "m" | "mib" => 1 << 20,
        "g" | "gib" => 1 << 30,
        "t" | "tib" => 1 << 40,
        _ => return None,
    };
    number.parse::<u64>().ok()?.checked_mul(factor)
}

/// A limit in octets; `""` and 0 are none.
pub(super) fn optional_size(value: &Value) -> Result<Option<u64>, String> {
    if matches!(value, Value::Text(text) if text.trim().is_empty()) {
        return Ok(None);
    }
    // Messages are counted in signed 64-bit numbers in `maildirsize` and SQLite.
    Ok(Some(size(value, 0..=(1 << 62))?).filter(|octets| *octets > 0))
}

/// One of a few words.
pub(super) fn choice<T: Copy>(value: &Value, choices: &[(&str, T)]) -> Result<T, String> {
    let word = text(value)?;
    if let Some((_, chosen)) = choices.iter().find(|(name, _)| *name == word) {
        return Ok(*chosen);
    }
    let names: Vec<String> = choices.iter().map(|(name, _)| format!("{name:?}")).collect();
    let near = nearest(word, choices.iter().map(|(name, _)| *name)).map(|name| format!("{name:?}"));
    Err(format!("takes {}, not {word:?}{}", or_list(&names), hint(near)))
}

fn or_list(names: &[String]) -> String {
    match names.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} or {last}", rest.join(", ")),
        Some((last, _)) => last.clone(),
        None => String::new(),
    }
}

/// A list whose items are read by `item`, whose refusal names the item; a single value is not taken for a list.
pub(super) fn list<T>(value: &Value, item: impl Fn(&Value) -> Result<T, String>) -> Result<Vec<T>, String> {
    match value {
        Value::List(items) => items.iter().map(item).collect(),
        Value::Text(_) | Value::Whole(_) | Value::Number(_) | Value::Flag(_) => {
            Err(format!("takes a list, such as [{value}], not {}", value.kind()))
        }
    }
}

/// A path; a relative one hangs from `folder`, the folder of the settings file.
pub(super) fn path(value: &Value, folder: &Path) -> Result<PathBuf, String> {
    let text = text(value)?;
    if text.is_empty() {
        return Err("takes a path, not empty text".into());
    }
    if text.starts_with('~') {
        return Err(format!("{text:?} begins with ~, which only a shell knows; write the whole path"));
    }
    Ok(folder.join(text))
}

/// A path; the empty one means *off*.
pub(super) fn optional_path(value: &Value, folder: &Path) -> Result<Option<PathBuf>, String> {
    if text(value)?.is_empty() { Ok(None) } else { path(value, folder).map(Some) }
}

/// A path that a Unix socket can have (unix(7): `sun_path` holds 108 octets with the final NUL).
pub(super) fn socket_path(value: &Value, folder: &Path) -> Result<Option<PathBuf>, String> {
    let path = optional_path(value, folder)?;
    match path.as_ref().map(|p| p.as_os_str().len()) {
        Some(octets) if octets > UNIX_PATH_BYTES_MAX => {
            Err(format!("the path has {octets} octets; a Unix socket takes at most {UNIX_PATH_BYTES_MAX}"))
        }
        Some(_) | None => Ok(path),
    }
}

/// A path with `%u` (user), `%n` (local part), `%d` (domain) and, where `home` may stand, `%h`; `~/` is `%h/`.
/// The empty one means *off*.
pub(super) fn script_path(value: &Value, folder: &Path) -> Result<String, String> {
    if text(value)?.is_empty() { Ok(String::new()) } else { template(value, folder, "hund") }
}

/// As [`script_path`]; `"off"` stays as it is.
pub(super) fn script_path_or_off(value: &Value, folder: &Path) -> Result<String, String> {
    if text(value)? == "off" { Ok("off".into()) } else { script_path(value, folder) }
}

/// As [`script_path`], never empty, and different for each user.
pub(super) fn user_path(value: &Value, folder: &Path, letters: &str) -> Result<String, String> {
    let path = template(value, folder, letters)?;
    if ["%h", "%n", "%u"].iter().any(|own| path.contains(own)) {
        Ok(path)
    } else {
        Err(format!("{path:?} is the same folder for all users; put %n or %u in it"))
    }
}

fn template(value: &Value, folder: &Path, letters: &str) -> Result<String, String> {
    let home = letters.contains('h');
    let text = match text(value)? {
        "" => return Err("takes a path, not empty text".into()),
        text if home && text.starts_with("~/") => format!("%h{}", text.trim_start_matches('~')),
        text if text.starts_with('~') => return path(value, folder).map(|p| p.display().to_string()),
        text => text.to_string(),
    };
    let mut after_percent = text.split('%');
    after_percent.next();
    for rest in after_percent {
        let letter = rest.chars().next();
        if !letter.is_some_and(|l| letters.contains(l)) {
            let known: Vec<String> = letters.chars().map(|l| format!("%{l}")).collect();
            let unknown = letter.map(String::from).unwrap_or_default();
            return Err(format!("{text:?} holds %{unknown}; known are {}", known.join(" ")));
        }
    }
    if text.starts_with('/') || text.starts_with('%') {
        return Ok(text);
    }
    Ok(folder.join(text).display().to_string())
}

/// Permission bits in octal text, such as `"0660"`.
pub(super) fn mode(value: &Value) -> Result<u32, String> {
    let wanted = "takes permission bits in octal, in quotes, such as \"0660\"";
    match value {
        Value::Text(text) => u32::from_str_radix(text.strip_prefix("0o").unwrap_or(text), 8)
            .ok()
            .filter(|mode| *mode <= 0o777)
            .ok_or_else(|| format!("{wanted}, not {text:?}")),
        // A number would be ambiguous: 660 is not 0660.
        Value::Whole(_) | Value::Number(_) | Value::Flag(_) | Value::List(_) => {
            Err(format!("{wanted}, not {}", value.kind()))
        }
    }
}

/// `address:port`; whether it may be other than loopback is for `checks.rs`.
pub(super) fn tcp_address(value: &Value) -> Result<SocketAddr, String> {
    let text = text(value)?;
    let address: SocketAddr =
        text.parse().map_err(|_| format!("{text:?} is not address:port, such as \"127.0.0.1:24\" or \"[::1]:24\""))?;
    if address.port() == SMTP_PORT {
        return Err(format!("{text:?} has port 25, which LMTP must not use (RFC 2033 §5); 24 is usual"));
    }
    Ok(address)
}

/// `address:port` of a server that takes mail by SMTP.
pub(super) fn submission(value: &Value) -> Result<SocketAddr, String> {
    let text = text(value)?;
    let wanted = || format!("{text:?} is not address:port, such as \"127.0.0.1:25\" or \"[::1]:10025\"");
    text.parse().ok().filter(|address: &SocketAddr| address.port() > 0).ok_or_else(wanted)
}

/// `host:port`, where the host is an address or a name; the empty text means *off*.
pub(super) fn optional_host_and_port(value: &Value) -> Result<Option<String>, String> {
    let text = text(value)?;
    if text.is_empty() {
        return Ok(None);
    }
    let named = || {
        let (host, port) = text.rsplit_once(':')?;
        (is_host_name(host) && port.parse::<u16>().is_ok_and(|port| port > 0)).then_some(())
    };
    match text.parse::<SocketAddr>().is_ok_and(|address| address.port() > 0) || named().is_some() {
        true => Ok(Some(text.to_string())),
        false => Err(format!("{text:?} is not host:port, such as \"127.0.0.1:3310\" or \"scanner.example.org:3310\"")),
    }
}

/// One of two words: is it the first?
pub(super) fn flag_word(value: &Value, yes: &str, no: &str) -> Result<bool, String> {
    choice(value, &[(yes, true), (no, false)])
}

/// A program with its whole path, and words; an empty list is none.
pub(super) fn command(value: &Value) -> Result<Vec<String>, String> {
    let words = list(value, |word| text(word).map(str::to_string))?;
    match words.first() {
        Some(program) if !program.starts_with('/') => {
            Err(format!("{program:?} is not the whole path of a program, such as \"/usr/sbin/sendmail\""))
        }
        Some(_) | None => Ok(words),
    }
}

/// `\Junk=INBOX.Spams`: a special use (RFC 6154 §2) and its folder.
pub(super) fn special_use(value: &Value) -> Result<(String, FolderName), String> {
    let text = text(value)?;
    let wanted = || format!("{text:?} is not USE=FOLDER, such as \"\\\\Junk=INBOX.Spams\"");
    let (usage, folder) = text.split_once('=').filter(|(usage, _)| usage.len() > 1).ok_or_else(wanted)?;
    if !usage.strip_prefix('\\').is_some_and(|word| word.bytes().all(|b| b.is_ascii_alphanumeric())) {
        return Err(wanted());
    }
    Ok((usage.to_string(), FolderName::parse(folder)?))
}

/// `address:port` of a protocol that may run on any port.
pub(super) fn socket_address(value: &Value) -> Result<SocketAddr, String> {
    let text = text(value)?;
    text.parse().map_err(|_| format!("{text:?} is not address:port, such as \"0.0.0.0:4190\" or \"[::]:4190\""))
}

pub(super) fn ip_address(value: &Value) -> Result<IpAddr, String> {
    let text = text(value)?;
    text.parse()
        .map(|ip: IpAddr| ip.to_canonical())
        .map_err(|_| format!("{text:?} is not an IP address, such as \"127.0.0.1\" or \"::1\""))
}

/// A domain, in lower case.
pub(super) fn domain(value: &Value) -> Result<String, String> {
    domain_of(text(value)?)
}

/// As [`domain`], from a section's name.
pub(super) fn domain_of(text: &str) -> Result<String, String> {
    let wanted = || format!("{text:?} is not a domain, such as \"example.org\"");
    if text.is_empty() {
        return Err(wanted());
    }
    Address::parse(&format!("x@{text}")).map(|a| a.domain().to_string()).map_err(|_| wanted())
}

/// A host's name: letters, digits, `-`, `_` and dots (RFC 5321 §2.3.5, and `_` because real hosts have it).
pub(super) fn host_name(value: &Value) -> Result<String, String> {
    let text = text(value)?;
    if is_host_name(text) {
        Ok(text.to_ascii_lowercase())
    } else {
        Err(format!("{text:?} is not a host name, such as \"mx.example.org\""))
    }
}

pub(super) fn is_host_name(text: &str) -> bool {
    text.len() <= crate::limits::DOMAIN_BYTES_MAX
        && text
            .split('.')
            .all(|label| !label.is_empty() && label.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_'))
}

/// What to do with a class.
pub(super) fn action(class: &mut ClassPolicy, value: &Value) -> Result<(), String> {
    let choices = [
        ("mark", Conduct::Mark),
        ("tag", Conduct::Tag),
        ("quarantine", Conduct::Quarantine),
        ("discard", Conduct::Discard),
    ];
    class.conduct = choice(value, &choices)?;
    Ok(())
}

/// The words before a subject: printable ASCII, because they stand in a header field as they are.
pub(super) fn tag(class: &mut ClassPolicy, value: &Value) -> Result<(), String> {
    let text = text(value)?;
    if !text.is_ascii() {
        return Err(format!(
            "{text:?} holds letters other than ASCII, which can't stand in a header field as they are"
        ));
    }
    if text.len() > SETTINGS_TAG_BYTES_MAX {
        return Err(format!("takes at most {SETTINGS_TAG_BYTES_MAX} characters, not {}", text.len()));
    }
    class.tag = text.trim().to_string();
    Ok(())
}

pub(super) fn releases(class: &mut ClassPolicy, value: &Value) -> Result<(), String> {
    class.recipient_releases = flag(value)?;
    Ok(())
}

/// The signs that part user and detail; none of them may be a letter, a digit or part of the address itself.
pub(super) fn delimiters(value: &Value) -> Result<String, String> {
    let text = text(value)?;
    match text.chars().find(|c| !c.is_ascii_punctuation() || "@\"\\".contains(*c)) {
        Some(bad) => Err(format!("takes signs such as \"+\" or \"+-\", not {bad:?}")),
        None => Ok(text.to_string()),
    }
}

/// `level` or `target=level`, several with commas between, as the log filter reads them.
pub(super) fn log_filter(value: &Value) -> Result<String, String> {
    const LEVELS: [&str; 6] = ["off", "error", "warn", "info", "debug", "trace"];
    let text = text(value)?;
    for part in text.split(',') {
        let level = part.rsplit('=').next().unwrap_or(part).trim();
        if !LEVELS.contains(&level) {
            let near = nearest(level, LEVELS.into_iter()).map(|name| format!("{name:?}"));
            return Err(format!("{level:?} is not a level ({}){}", LEVELS.join(", "), hint(near)));
        }
    }
    Ok(text.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text_value(text: &str) -> Value {
        Value::Text(text.into())
    }

    #[test]
    fn the_way_out_and_special_uses_are_read_or_refused() {
        for (text, good) in
            [("127.0.0.1:25", true), ("[::1]:10025", true), ("localhost:25", false), ("127.0.0.1:0", false)]
        {
            assert_eq!(submission(&text_value(text)).is_ok(), good, "{text}");
        }
        for (text, good) in [
            ("\\Junk=INBOX.Spams", true),
            ("\\Junk=Spams/Old", true),
            ("Junk=Spams", false),
            ("\\Junk", false),
            ("\\=Spams", false),
            ("\\Junk=../x", false),
        ] {
            assert_eq!(special_use(&text_value(text)).is_ok(), good, "{text}");
        }
        let words = |words: &[&str]| Value::List(words.iter().map(|word| text_value(word)).collect());
        assert_eq!(command(&words(&[])), Ok(vec![]));
        assert!(command(&words(&["/usr/sbin/sendmail", "-oi"])).is_ok());
        assert!(command(&words(&["sendmail -oi"])).is_err());
    }

    #[test]
    fn a_server_is_an_address_or_a_name_with_its_port() {
        let read = |text: &str| optional_host_and_port(&text_value(text));
        assert_eq!(read(""), Ok(None));
        for good in ["127.0.0.1:3310", "[::1]:3310", "scanner.example.org:3310"] {
            assert_eq!(read(good), Ok(Some(good.to_string())));
        }
        for bad in ["127.0.0.1", "::1", "scanner:0", "scanner:x", "a b:1", ":3310", "/run/clamd.ctl"] {
            assert!(read(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn sizes_are_read_with_and_without_units() {
        for (text, want) in [
            ("0", Some(0)),
            ("500k", Some(512_000)),
            ("500 kB", Some(500_000)),
            ("50 MiB", Some(52_428_800)),
            ("1 GB", Some(1_000_000_000)),
            (" 1GiB ", Some(1 << 30)),
            ("2 T", Some(2 << 40)),
            ("", None),
            ("MiB", None),
            ("-1", None),
            ("1.5 MiB", None),
            ("50 MiBs", None),
            ("18446744073709551616", None),
            ("18446744073709551615 k", None),
        ] {
            assert_eq!(size_of_text(text), want, "{text:?}");
        }
    }

    #[test]
    fn relative_paths_hang_from_the_folder_of_the_file() {
        let folder = Path::new("/etc/tamis");
        for (text, want) in [("/a/b", "/a/b"), ("rules", "/etc/tamis/rules"), ("../x", "/etc/tamis/../x")] {
            assert_eq!(path(&text_value(text), folder), Ok(PathBuf::from(want)));
        }
        for (text, want) in [
            ("~/sieve", "%h/sieve"),
            ("%h/.dovecot.sieve", "%h/.dovecot.sieve"),
            ("default.sieve", "/etc/tamis/default.sieve"),
            ("/var/lib/sieve/%d/%n", "/var/lib/sieve/%d/%n"),
            ("", ""),
        ] {
            assert_eq!(script_path(&text_value(text), folder), Ok(want.to_string()));
        }
    }

    #[test]
    fn a_folder_that_all_users_would_share_is_refused() {
        let folder = Path::new("/");
        assert!(user_path(&text_value("/var/vmail/%d/%n"), folder, "und").is_ok());
        for text in ["/var/vmail", "/var/vmail/%d", "/var/vmail/%x/%n", "/var/vmail/%n/100%", "%h/Maildir", "~/Maildir"]
        {
            assert!(user_path(&text_value(text), folder, "und").is_err(), "{text}");
        }
    }

    #[test]
    fn a_socket_path_that_does_not_fit_is_refused_at_start() {
        let long = text_value(&format!("/run/{}", "x".repeat(UNIX_PATH_BYTES_MAX)));
        assert!(socket_path(&long, Path::new("/")).is_err());
        let fits = text_value(&format!("/{}", "x".repeat(UNIX_PATH_BYTES_MAX - 1)));
        assert!(socket_path(&fits, Path::new("/")).is_ok());
    }
}
