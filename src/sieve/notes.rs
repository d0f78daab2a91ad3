//! Where something stands in a script, and the list of what was found wrong with it.
//!
//! Does not find anything itself: lexer, parser and checker write here. Standards: RFC 5228 §2.10.5.

use super::report::{Diagnostic, Report};
use crate::limits::{SCRIPT_DIAGNOSTICS_MAX, SCRIPT_EXCERPT_CHARS_MAX};

/// A piece of the text, in octets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Span {
    pub(super) start: usize,
    pub(super) end: usize,
}

impl Span {
    /// From the begin of this one to the end of the other.
    pub(super) fn to(self, other: Self) -> Self {
        Self { start: self.start, end: other.end.max(self.end) }
    }
}

/// All findings about one script.
pub(super) struct Notes<'a> {
    source: &'a str,
    /// Where each line begins.
    lines: Vec<usize>,
    errors: Vec<Diagnostic>,
    warnings: Vec<Diagnostic>,
    /// Findings beyond [`SCRIPT_DIAGNOSTICS_MAX`].
    more: usize,
}

impl<'a> Notes<'a> {
    pub(super) fn new(source: &'a str) -> Self {
        let lines = std::iter::once(0).chain(memchr::memchr_iter(b'\n', source.as_bytes()).map(|at| at + 1)).collect();
        Self { source, lines, errors: Vec::new(), warnings: Vec::new(), more: 0 }
    }

    pub(super) fn error(&mut self, code: &str, span: Span, words: impl Into<String>) {
        self.note(true, code, span, words.into(), None);
    }

    /// An error with what would mend it.
    pub(super) fn error_with(&mut self, code: &str, span: Span, words: impl Into<String>, mend: Option<String>) {
        self.note(true, code, span, words.into(), mend);
    }

    pub(super) fn warning(&mut self, code: &str, span: Span, words: impl Into<String>, mend: Option<String>) {
        self.note(false, code, span, words.into(), mend);
    }

    /// Is nothing more told? Then looking for a mend is in vain.
    pub(super) fn is_full(&self) -> bool {
        self.errors.len() >= SCRIPT_DIAGNOSTICS_MAX
    }

    /// 1-based.
    pub(super) fn line(&self, span: Span) -> usize {
        self.lines.partition_point(|begin| *begin <= span.start).max(1)
    }

    fn note(&mut self, is_error: bool, code: &str, span: Span, words: String, mend: Option<String>) {
        let list = if is_error { &self.errors } else { &self.warnings };
        if list.len() >= SCRIPT_DIAGNOSTICS_MAX {
            self.more += 1;
            return;
        }
        let line = self.line(span);
        let (column, excerpt) = self.excerpt(line, span);
        let found = Diagnostic { line, column, code: code.into(), words, mend, excerpt };
        let list = if is_error { &mut self.errors } else { &mut self.warnings };
        if !list.contains(&found) {
            list.push(found);
        }
    }

    /// The column in characters, and the line with carets below.
    fn excerpt(&self, line: usize, span: Span) -> (usize, String) {
        let begin = self.lines.get(line - 1).copied().unwrap_or_default();
        let text = self.source.get(begin..).unwrap_or_default().lines().next().unwrap_or_default();
        let count = |from: usize, to: usize| self.source.get(from..to).map_or(0, |piece| piece.chars().count());
        let column = count(begin, span.start) + 1;
        let width = count(span.start, span.end.min(begin + text.len())).max(1);
        // Of a long line a window round the place.
        let from = (column - 1).saturating_sub(SCRIPT_EXCERPT_CHARS_MAX / 2);
        let shown: String = text.chars().skip(from).take(SCRIPT_EXCERPT_CHARS_MAX).map(one_wide).collect();
        // Tabs stay tabs, so that the carets stand below what they mean.
        let lead: String = shown.chars().take(column - 1 - from).map(|c| if c == '\t' { '\t' } else { ' ' }).collect();
        let width = width.min(shown.chars().count().saturating_sub(column - 1 - from).max(1));
        (column, format!("{shown}\n{lead}{}", "^".repeat(width)))
    }

    pub(super) fn into_report(mut self) -> Report {
        let place = |d: &Diagnostic| (d.line, d.column);
        self.errors.sort_by_key(place);
        self.warnings.sort_by_key(place);
        if self.more > 0
            && let Some(last) = self.errors.last_mut()
        {
            last.words.push_str(&format!(" (and {} more)", self.more));
        }
        Report { errors: self.errors, warnings: self.warnings }
    }
}

/// Controls would be shown wider than the caret below them.
fn one_wide(c: char) -> char {
    if c.is_control() && c != '\t' { '\u{fffd}' } else { c }
}

/// The nearest of the known names, where one is near enough to be meant.
pub(super) fn nearest<'n>(name: &str, known: impl IntoIterator<Item = &'n str>) -> Option<&'n str> {
    let name = name.to_ascii_lowercase();
    let allowed = (name.chars().count() / 3).clamp(1, 3);
    let known: Vec<&str> = known.into_iter().collect();
    // What was begun and not finished.
    let mut begun = known.iter().filter(|known| name.len() >= 4 && known.to_ascii_lowercase().starts_with(&name));
    if let (Some(only), None) = (begun.next(), begun.next()) {
        return Some(only);
    }
    known
        .into_iter()
        .map(|known| (strsim::damerau_levenshtein(&name, &known.to_ascii_lowercase()), known))
        .filter(|(distance, _)| *distance <= allowed)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, known)| known)
}

/// `use "keep"`, where a name is near.
pub(super) fn use_nearest<'n>(name: &str, known: impl IntoIterator<Item = &'n str>) -> Option<String> {
    nearest(name, known).map(|near| format!("use \"{near}\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn findings_have_line_column_and_carets() {
        let mut notes = Notes::new("keep;\n\té kepe;\n");
        notes.error("x", Span { start: 10, end: 14 }, "unknown");
        notes.error("x", Span { start: 10, end: 14 }, "unknown");
        let report = notes.into_report();
        assert_eq!(report.errors.len(), 1);
        let found = report.errors.first().unwrap();
        assert_eq!((found.line, found.column, found.excerpt.as_str()), (2, 4, "\té kepe;\n\t  ^^^^"));
    }

    #[test]
    fn only_near_names_are_offered() {
        for (name, want) in [
            ("kepe", Some("keep")),
            ("KEEP", Some("keep")),
            ("fileinot", Some("fileinto")),
            ("file", Some("fileinto")),
            ("xyz", None),
        ] {
            assert_eq!(nearest(name, ["keep", "fileinto", "stop"]), want, "{name}");
        }
    }
}
