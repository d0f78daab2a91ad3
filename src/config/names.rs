//! Which name was meant: the nearest valid one to a name that isn't.
//!
//! Compares only; says nothing where nothing is near, because a wrong hint costs more time than none.

/// How alike two names must be to be offered, from 0 (nothing in common) to 1 (equal).
const LIKENESS_MIN: f64 = 0.55;

/// The known name that was probably meant, where one is near enough.
pub(super) fn nearest<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let name = name.to_lowercase();
    known
        .map(|candidate| (candidate, likeness(&name, candidate)))
        .filter(|(_, likeness)| *likeness >= LIKENESS_MIN)
        // The first of equals, so that the order of the table decides and not chance.
        .fold(None, |best: Option<(&str, f64)>, new| if best.is_some_and(|b| b.1 >= new.1) { best } else { Some(new) })
        .map(|(candidate, _)| candidate)
}

/// ` ; did you mean X?` or nothing.
pub(super) fn hint(nearest: Option<impl std::fmt::Display>) -> String {
    nearest.map(|name| format!("; did you mean {name}?")).unwrap_or_default()
}

/// Names of the same section are alike by their last part alone: else a long section makes all of them alike.
fn likeness(name: &str, candidate: &str) -> f64 {
    let (section, last) = split(name);
    let (candidate_section, candidate_last) = split(candidate);
    let lasts = strsim::normalized_damerau_levenshtein(last, candidate_last);
    if section == candidate_section {
        return lasts.max(words_in_common(last, candidate_last));
    }
    // The right name in the wrong section, or a slip in the section's name.
    let wrong_section = if lasts >= 0.8 { 0.9 * lasts } else { 0.0 };
    let whole = strsim::normalized_damerau_levenshtein(name, candidate);
    wrong_section.max(if whole >= 0.75 { whole } else { 0.0 })
}

/// `max_message_bytes` and `message_bytes_max` are the same words; `mode` is half of `unix_mode`.
fn words_in_common(a: &str, b: &str) -> f64 {
    let (a, b): (Vec<&str>, Vec<&str>) = (a.split('_').collect(), b.split('_').collect());
    let common = a.iter().filter(|word| b.contains(word)).count();
    // The share of the longer one, a little raised so that one word of two is enough.
    1.1 * common as f64 / a.len().max(b.len()).max(1) as f64
}

fn split(name: &str) -> (&str, &str) {
    name.rsplit_once('.').unwrap_or(("", name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::every_setting;

    #[test]
    fn the_nearest_name_is_the_one_that_a_person_meant() {
        for (name, want) in [
            ("lmtp.unixx", Some("lmtp.unix")),
            ("lmtp.mode", Some("lmtp.unix_mode")),
            ("lmtp.max_message_bytes", Some("lmtp.message_bytes_max")),
            ("lmtp.max_connections", Some("lmtp.connections_max")),
            ("server.hostname", Some("server.host_name")),
            ("lmpt.unix", Some("lmtp.unix")),
            ("lmtp.passwd_file", Some("users.passwd_file")),
            ("LMTP.Unix", Some("lmtp.unix")),
            ("class.spam.actoin", Some("class.spam.action")),
            ("class.spam.colour", None),
            ("lmtp.socket_backlog", None),
            ("", None),
        ] {
            assert_eq!(nearest(name, every_setting().map(|s| s.name)), want, "{name}");
        }
    }
}
