//! Names that lead out of the folder that an archive is unpacked to.
//!
//! Does not open anything: here no name is ever a path. A name that climbs out, or goes through a link of the same
//! archive that does, has no honest use. An absolute name has: backups, and packages of images.

use std::collections::BTreeSet;

/// What is noted.
pub(super) const DETAIL: &str = "a name that leads out of the archive";

/// True for a name whose `..` climb higher than where it begins.
pub(super) fn climbs(name: &str) -> bool {
    let mut depth = 0i64;
    name.split(['/', '\\']).any(|part| {
        depth += match part {
            ".." => -1,
            "" | "." => 0,
            _ => 1,
        };
        depth < 0
    })
}

/// The links of one archive that lead out of it.
#[derive(Default)]
pub(super) struct Links(BTreeSet<String>);

impl Links {
    /// Remembers a link; its target counts from the folder it stands in.
    pub(super) fn add(&mut self, name: &str, target: &str) {
        let folder = name.rsplit_once('/').map_or("", |(folder, _)| folder);
        if target.starts_with('/') || climbs(&format!("{folder}/{target}")) {
            self.0.insert(plain(name).to_string());
        }
    }

    /// True where a name climbs out, or lies behind such a link.
    pub(super) fn escapes(&self, name: &str) -> bool {
        let name = plain(name);
        let behind =
            || name.match_indices('/').filter_map(|(at, _)| name.get(..at)).any(|folder| self.0.contains(folder));
        climbs(name) || (!self.0.is_empty() && behind())
    }
}

fn plain(name: &str) -> &str {
    name.trim_start_matches("./").trim_end_matches('/')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_that_leave_the_archive_escape() {
        for (name, want) in [
            ("../x", true),
            ("a/../../x", true),
            ("a\\..\\..\\x", true),
            ("a/../x", false),
            ("/etc/x", false),
            ("a..b/..c", false),
        ] {
            assert_eq!(climbs(name), want, "{name}");
        }
        let mut links = Links::default();
        links.add("./out", "/etc");
        links.add("in/side", "../x");
        links.add("in/up", "../../x");
        for (name, want) in [("out/passwd", true), ("out", false), ("in/side/y", false), ("in/up/y", true)] {
            assert_eq!(links.escapes(name), want, "{name}");
        }
    }
}
