//! What a compressed file holds, by its name: `a.tar.xz` holds `a.tar`, `a.tgz` as well, `setup.ex_` holds `setup.exe`.
//!
//! Does not look at contents: a name is what people see, never a reason to trust.

/// Suffixes of compressed files, with what takes their place.
const SUFFIXES: [(&str, &str); 37] = [
    ("gz", ""),
    ("tgz", "tar"),
    ("taz", "tar"),
    ("svgz", "svg"),
    ("emz", "emf"),
    ("wmz", "wmf"),
    ("z", ""),
    ("bz2", ""),
    ("bz", ""),
    ("tbz2", "tar"),
    ("tbz", "tar"),
    ("tb2", "tar"),
    ("xz", ""),
    ("txz", "tar"),
    ("lzma", ""),
    ("tlz", "tar"),
    ("lz", ""),
    ("zst", ""),
    ("zstd", ""),
    ("tzst", "tar"),
    ("lz4", ""),
    ("tlz4", "tar"),
    ("br", ""),
    ("szdd", ""),
    ("kwaj", ""),
    ("zlib", ""),
    ("zz", ""),
    // The last letter of the ending was replaced (MS-DOS COMPRESS).
    ("ex_", "exe"),
    ("dl_", "dll"),
    ("sy_", "sys"),
    ("dr_", "drv"),
    ("in_", "inf"),
    ("hl_", "hlp"),
    ("oc_", "ocx"),
    ("sc_", "scr"),
    ("co_", "com"),
    ("do_", "doc"),
];

/// The name of the contents; `contents` where the name says nothing.
pub(super) fn inner_name(name: Option<&str>) -> String {
    let known = name.and_then(|name| name.rsplit_once('.')).and_then(|(stem, suffix)| {
        let (_, instead) = SUFFIXES.iter().find(|(known, _)| known.eq_ignore_ascii_case(suffix))?;
        Some(if instead.is_empty() { stem.to_string() } else { format!("{stem}.{instead}") })
    });
    known.filter(|name| !name.is_empty()).unwrap_or_else(|| "contents".to_string())
}

/// True where the name ends so: for kinds that have no certain mark.
pub(super) fn ends_with(name: Option<&str>, suffixes: &[&str]) -> bool {
    let suffix = name.and_then(|name| name.rsplit_once('.')).map(|(_, suffix)| suffix);
    suffix.is_some_and(|suffix| suffixes.iter().any(|known| known.eq_ignore_ascii_case(suffix)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_suffix_says_what_the_contents_are_called() {
        for (name, want) in [
            (Some("a.tar.xz"), "a.tar"),
            (Some("a.b.TGZ"), "a.b.tar"),
            (Some("setup.ex_"), "setup.exe"),
            (Some("a.bin"), "contents"),
            (Some(".gz"), "contents"),
            (Some("gz"), "contents"),
            (None, "contents"),
        ] {
            assert_eq!(inner_name(name), want);
        }
    }
}
