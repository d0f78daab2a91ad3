//! VBA source made plain: comments gone, lines joined, pieces of text put together, all in lower case.
//!
//! Does not run anything: only literals, `Chr` of numbers and what joins them are folded, for that is how words are hidden
//! most. Standards: MS-VBAL §3.2 (lines), §3.3.4 (strings).

/// What became of one module.
#[derive(Debug, Default, PartialEq, Eq)]
pub(in crate::unpack) struct Folded {
    pub(in crate::unpack) text: String,
    /// Characters that were written as numbers.
    pub(in crate::unpack) characters: usize,
    /// Octets of the longest text that is joined from pieces or written at once, without a space in it.
    pub(in crate::unpack) longest: usize,
    /// Where the last text ends in `text`, before its closing quote, while only operators followed.
    joint: Option<usize>,
    /// Octets since the last space of that text.
    run: usize,
}

/// True where a line does something: it is no attribute, option, comment or empty line.
pub(in crate::unpack) fn has_code(source: &str) -> bool {
    let mut class_header = false;
    source.lines().map(|line| line.trim().to_ascii_lowercase()).any(|line| {
        // Exported classes begin with `VERSION 1.0 CLASS BEGIN ... END`.
        class_header |= line.starts_with("version ");
        let is_header = class_header && !line.starts_with("attribute ");
        class_header &= line.starts_with("attribute ") || line != "end";
        let idle = ["attribute ", "option ", "'", "rem "].iter().any(|word| line.starts_with(word));
        !(line.is_empty() || idle || line == "rem" || is_header || line.chars().all(|c| c == '\0'))
    })
}

pub(in crate::unpack) fn fold(source: &str) -> Folded {
    let mut folded = Folded::default();
    let mut rest = source;
    while let Some(first) = rest.chars().next() {
        rest = match first {
            '"' => folded.literal(rest),
            '\'' => rest.find(['\n', '\r']).and_then(|end| rest.get(end..)).unwrap_or_default(),
            ' ' | '\t' if continues(rest).is_some() => continues(rest).unwrap_or_default(),
            _ if first.is_alphanumeric() || first == '_' => folded.word(rest),
            _ => {
                if !matches!(first, ' ' | '\t' | '&' | '+') {
                    folded.joint = None;
                }
                folded.text.push(first);
                rest.get(first.len_utf8()..).unwrap_or_default()
            }
        };
    }
    folded
}

/// What follows ` _` at the end of a line.
fn continues(rest: &str) -> Option<&str> {
    let behind = rest.get(1..)?.strip_prefix('_')?.trim_start_matches([' ', '\t']);
    behind.strip_prefix("\r\n").or_else(|| behind.strip_prefix('\n')).or_else(|| behind.strip_prefix('\r'))
}

impl Folded {
    /// A text in quotes, in which two quotes are one.
    fn literal<'a>(&mut self, rest: &'a str) -> &'a str {
        let mut text = String::new();
        let mut at = rest.get(1..).unwrap_or_default();
        loop {
            let end = at.find(['"', '\n', '\r']).unwrap_or(at.len());
            text.push_str(at.get(..end).unwrap_or_default());
            at = at.get(end..).unwrap_or_default();
            match at.strip_prefix("\"\"") {
                Some(behind) => {
                    text.push('"');
                    at = behind;
                }
                None => break,
            }
        }
        self.join(&text.to_lowercase());
        at.strip_prefix('"').unwrap_or(at)
    }

    /// Adds a text, to the one before where only operators are between them.
    fn join(&mut self, text: &str) {
        let is_joined = self.joint.is_some();
        match self.joint {
            Some(end) => self.text.truncate(end),
            None => self.text.push('"'),
        }
        self.text.push_str(text);
        self.run = match text.rfind(' ') {
            Some(space) => text.len() - space - 1,
            None if is_joined => self.run + text.len(),
            None => text.len(),
        };
        self.longest = self.longest.max(self.run);
        self.joint = Some(self.text.len());
        self.text.push('"');
    }

    /// A name, a number, a keyword; `Chr(65)` becomes a text.
    fn word<'a>(&mut self, rest: &'a str) -> &'a str {
        let end = rest.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(rest.len());
        let (word, behind) = rest.split_at_checked(end).unwrap_or((rest, ""));
        let word = word.to_lowercase();
        let line_begins = self.text.trim_end_matches([' ', '\t']).ends_with(['\n', '\r', ':']) || self.text.is_empty();
        if word == "rem" && line_begins {
            return behind.find(['\n', '\r']).and_then(|end| behind.get(end..)).unwrap_or_default();
        }
        if ["chr", "chrw", "chrb"].contains(&word.as_str())
            && let Some((code, after)) = number_in_brackets(behind)
        {
            self.characters += 1;
            let character = char::from_u32(code).filter(|c| !c.is_control()).unwrap_or(' ');
            self.join(&character.to_lowercase().to_string());
            return after;
        }
        self.joint = None;
        self.text.push_str(&word);
        behind
    }
}

/// Octets of the sum in `Chr(...)` that is read.
const SUM_BYTES_MAX: usize = 64;

/// The value of `(101)`, `$(60 + 5)`, `(&H41)`, and what follows it.
fn number_in_brackets(rest: &str) -> Option<(u32, &str)> {
    let inside = rest.strip_prefix('$').unwrap_or(rest).trim_start_matches(' ').strip_prefix('(')?;
    let end = inside.bytes().take(SUM_BYTES_MAX).position(|byte| byte == b')')?;
    let (sum, after) = (inside.get(..end)?, inside.get(end + 1..)?);
    let mut total = 0_i64;
    let mut sign = 1;
    let mut number = String::new();
    for c in sum.chars().chain(['+']) {
        if !matches!(c, '+' | '-') {
            number.push(c);
            continue;
        }
        let text = number.trim().trim_end_matches(['%', '&', '#']).to_ascii_lowercase();
        let value = match text.strip_prefix("&h") {
            Some(hex) => i64::from_str_radix(hex, 16).ok()?,
            None if text.is_empty() => 0,
            None => text.parse().ok()?,
        };
        total += sign * i64::from(u32::try_from(value).ok()?);
        sign = if c == '-' { -1 } else { 1 };
        number.clear();
    }
    Some((u32::try_from(total).ok()?, after))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hidden_words_are_put_together() {
        for (source, want) in [
            ("x = \"pow\" & \"ER\" + \"shell\"", "x = \"powershell\""),
            ("x = \"po\" & _\r\n  \"wer\" ' she\"ll", "x = \"power\" "),
            ("y = Chr(99) & ChrW$(60 + 49) & chr(&H64)", "y = \"cmd\""),
            ("z = \"a\"\"b\" & c & \"d\"", "z = \"a\"b\" & c & \"d\""),
            ("Rem Shell\nA: rem Shell\nb", "\na: \nb"),
            ("chr(x) & chr(", "chr(x) & chr("),
            ("\"open\nShell", "\"open\"\nshell"),
        ] {
            assert_eq!(fold(source).text, want, "{source}");
        }
        assert_eq!(fold("a = Chr(1) & Chr(65)").characters, 2);
    }

    #[test]
    fn attributes_and_comments_are_no_code() {
        for (source, want) in [
            ("Attribute VB_Name = \"ThisDocument\"\r\nAttribute VB_Base = \"1\"\r\n", false),
            ("Attribute VB_Name = \"A\"\nOption Explicit\n' nothing\nRem nothing\n\n", false),
            ("VERSION 1.0 CLASS\nBEGIN\n  MultiUse = -1\nEND\nAttribute VB_Name = \"A\"\n", false),
            ("Attribute VB_Name = \"A\"\nSub x()\nEnd Sub\n", true),
            ("VERSION 1.0 CLASS\nBEGIN\nEND\nAttribute VB_Name = \"A\"\nDim x\n", true),
            ("", false),
        ] {
            assert_eq!(has_code(source), want, "{source}");
        }
    }

    #[test]
    fn long_sources_take_little_time() {
        let joined = "x = x & \"abcdefgh\" & _\n\"i\" & Chr(65) & \n".repeat(20_000);
        assert!(fold(&joined).characters == 20_000);
        let one = format!("x = {}", "\"abcdefgh\" & ".repeat(50_000));
        assert_eq!(fold(&one).text.matches('"').count(), 2);
    }
}
