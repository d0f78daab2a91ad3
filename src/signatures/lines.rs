//! ClamAV's text formats, line by line: what a line says, or why it is not taken.
//!
//! Does not compile. Wrong lines and lines that we can't serve are different things: the first are mistakes of the file.
//! Standards: the signature manual of ClamAV.

use super::hex::{self, Pattern};
use super::logical;
use super::offset::Offset;
use super::regex::{Rest, Trigger};
use crate::limits::{SIGNATURE_NAME_BYTES_MAX, SIGNATURE_SUBSIGNATURES_MAX};

/// Why a line is not taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Refused {
    Wrong(String),
    /// Rightly written, but of a kind that we don't serve.
    Unserved(&'static str),
}

impl From<String> for Refused {
    fn from(words: String) -> Self {
        Self::Wrong(words)
    }
}

fn wrong(words: &str) -> Refused {
    Refused::Wrong(words.into())
}

/// A digest with the size of what has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct HashLine<'a> {
    pub(super) digest: Vec<u8>,
    /// `None`: any.
    pub(super) size: Option<u32>,
    pub(super) name: &'a str,
}

/// One pattern with its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct BodyLine<'a> {
    pub(super) name: &'a str,
    pub(super) target: u8,
    pub(super) offset: Offset,
    pub(super) pattern: Pattern,
}

/// Several patterns and an expression over them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct LogicalLine<'a> {
    pub(super) name: &'a str,
    pub(super) target: Target,
    pub(super) expression: Vec<u8>,
    pub(super) patterns: Vec<SubPattern>,
}

/// To what a logical signature is tied.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Target {
    pub(super) kind: u8,
    pub(super) file_size: Option<(u32, u32)>,
    pub(super) entry_point: Option<(u32, u32)>,
    pub(super) sections: Option<(u32, u32)>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum SubPattern {
    /// With the ways in which it is tried: as it is, widened, or both.
    Octets {
        offset: Offset,
        pattern: Pattern,
        folds: bool,
        whole_word: bool,
        plain: bool,
        wide: bool,
    },
    Regex(Trigger),
}

/// Targets that contents of ours can be.
const TARGETS: [u8; 11] = [0, 1, 2, 3, 4, 5, 6, 7, 9, 10, 12];

pub(super) fn hash(line: &str) -> Result<HashLine<'_>, Refused> {
    let mut fields = line.split(':');
    let (Some(digest), Some(size), Some(name)) = (fields.next(), fields.next(), fields.next()) else {
        return Err(wrong("a line is DIGEST:SIZE:NAME"));
    };
    hash_of(digest, size, name)
}

/// Hashes of sections have the size first.
pub(super) fn section_hash(line: &str) -> Result<HashLine<'_>, Refused> {
    let mut fields = line.split(':');
    let (Some(size), Some(digest), Some(name)) = (fields.next(), fields.next(), fields.next()) else {
        return Err(wrong("a line is SIZE:DIGEST:NAME"));
    };
    hash_of(digest, size, name)
}

fn hash_of<'a>(digest: &str, size: &str, name: &'a str) -> Result<HashLine<'a>, Refused> {
    let (pairs, _) = digest.as_bytes().as_chunks::<2>();
    let octet = |[high, low]: &[u8; 2]| {
        let digits = [*high, *low];
        u8::from_str_radix(std::str::from_utf8(&digits).ok()?, 16).ok()
    };
    let octets: Option<Vec<u8>> = pairs.iter().map(octet).collect();
    let digest = octets.filter(|octets| [16, 20, 32].contains(&octets.len()) && octets.len() * 2 == digest.len());
    let digest = digest.ok_or_else(|| wrong("no MD5, SHA-1 or SHA-256 in hexadecimal digits"))?;
    let size = match size {
        "*" => None,
        digits => Some(digits.parse().map_err(|_| wrong("the size is no number"))?),
    };
    Ok(HashLine { digest, size, name: named(name)? })
}

pub(super) fn body(line: &str) -> Result<BodyLine<'_>, Refused> {
    let mut fields = line.split(':');
    let (Some(name), Some(target), Some(offset), Some(hex)) =
        (fields.next(), fields.next(), fields.next(), fields.next())
    else {
        return Err(wrong("a line is NAME:TARGET:OFFSET:PATTERN"));
    };
    let name = named(name)?;
    let kind = target.parse().map_err(|_| wrong("the target is no number"))?;
    Ok(BodyLine { name, target: served(kind)?, offset: place(offset)?, pattern: hex::read(hex)? })
}

fn named(name: &str) -> Result<&str, Refused> {
    let good =
        !name.is_empty() && name.len() <= SIGNATURE_NAME_BYTES_MAX && name.bytes().all(|b| (0x20..0x7f).contains(&b));
    if good { Ok(name) } else { Err(wrong("no name, or a name with strange signs")) }
}

fn served(target: u8) -> Result<u8, Refused> {
    if TARGETS.contains(&target) { Ok(target) } else { Err(Refused::Unserved("a target that no contents have here")) }
}

fn place(text: &str) -> Result<Offset, Refused> {
    if text.starts_with("VI") {
        return Err(Refused::Unserved("places in version information"));
    }
    Ok(Offset::read(text)?)
}

pub(super) fn logical(line: &str) -> Result<LogicalLine<'_>, Refused> {
    let mut fields = line.split(';');
    let (Some(name), Some(target), Some(expression)) = (fields.next(), fields.next(), fields.next()) else {
        return Err(wrong("a line is NAME;TARGET;EXPRESSION;PATTERN…"));
    };
    let (name, target) = (named(name)?, target_of(target)?);
    let texts: Vec<&str> = fields.collect();
    if texts.len() > SIGNATURE_SUBSIGNATURES_MAX {
        return Err(Refused::Unserved("more patterns than ClamAV allows"));
    }
    let expression = logical::write(expression, texts.len())?;
    if logical::holds(&expression, &|_| 0) {
        return Err(wrong("the expression holds for anything"));
    }
    let patterns = texts.iter().map(|text| sub_pattern(text, texts.len())).collect::<Result<_, _>>()?;
    Ok(LogicalLine { name, target, expression, patterns })
}

/// The patterns of octets alone of a line of the same kind, without a look at the rest.
pub(super) fn octet_patterns(line: &str) -> impl Iterator<Item = Pattern> {
    let texts = line.split(';').skip(3).filter(|text| !text.contains('/'));
    texts.filter_map(|text| match sub_pattern(text, 0) {
        Ok(SubPattern::Octets { pattern, .. }) => Some(pattern),
        Ok(SubPattern::Regex(_)) | Err(_) => None,
    })
}

fn target_of(text: &str) -> Result<Target, Refused> {
    let mut target = Target::default();
    for field in text.split(',').filter(|field| !field.is_empty()) {
        let (key, value) = field.split_once(':').ok_or_else(|| wrong("the target block is no KEY:VALUE"))?;
        match key {
            "Engine" => {}
            "Target" => target.kind = served(value.parse().map_err(|_| wrong("the target is no number"))?)?,
            "FileSize" => target.file_size = Some(range(value)?),
            "EntryPoint" => target.entry_point = Some(range(value)?),
            "NumberOfSections" => target.sections = Some(range(value)?),
            "Container" if value == "CL_TYPE_ANY" => {}
            "Container" => return Err(Refused::Unserved("a container named by its kind")),
            "Intermediates" => return Err(Refused::Unserved("containers named by their kinds")),
            "IconGroup1" | "IconGroup2" => return Err(Refused::Unserved("icons")),
            "HandlerType" => return Err(Refused::Unserved("another handler for the contents")),
            _ => return Err(Refused::Unserved("an unknown condition of the target")),
        }
    }
    Ok(target)
}

fn range(text: &str) -> Result<(u32, u32), Refused> {
    let parse = |number: &str| number.parse().map_err(|_| wrong("a range is no two numbers"));
    let (from, to) = text.split_once('-').unwrap_or((text, text));
    Ok((parse(from)?, parse(to)?))
}

fn sub_pattern(text: &str, count: usize) -> Result<SubPattern, Refused> {
    if text.starts_with("${") || text.contains("$$") {
        return Err(Refused::Unserved("macro patterns"));
    }
    if text.starts_with("fuzzy_img#") {
        return Err(Refused::Unserved("fuzzy hashes of images"));
    }
    if let Some(slash) = text.find('/') {
        let (before, regex) = text.split_at_checked(slash).unwrap_or_default();
        let (offset, trigger) = before.split_once(':').unwrap_or(("*", before));
        let Rest { pattern, flags } = Rest::read(regex)?;
        let offset = match offset.strip_suffix(":").unwrap_or(offset) {
            "" => Offset::default(),
            offset => place(offset)?,
        };
        return Ok(SubPattern::Regex(Trigger { offset, expression: logical::write(trigger, count)?, pattern, flags }));
    }
    if text.contains('#') {
        return Err(Refused::Unserved("comparisons of octets"));
    }
    let (body, ways) = text.rsplit_once("::").unwrap_or((text, ""));
    if !ways.bytes().all(|way| b"iwfa".contains(&way)) {
        return Err(wrong("an unknown modifier of a pattern"));
    }
    let (offset, hex) = body.split_once(':').unwrap_or(("*", body));
    let wide = ways.contains('w');
    Ok(SubPattern::Octets {
        offset: place(offset)?,
        pattern: hex::read(hex)?,
        folds: ways.contains('i'),
        whole_word: ways.contains('f'),
        plain: !wide || ways.contains('a'),
        wide,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_of_line_is_read() {
        let line = hash("44d88612fea8a8f36de82e1278abb02f:68:Eicar-Test").unwrap();
        assert_eq!((line.digest.len(), line.size, line.name), (16, Some(68), "Eicar-Test"));
        assert_eq!(hash("44d88612fea8a8f36de82e1278abb02f:*:X:73").unwrap().size, None);
        assert_eq!(section_hash("10:44d88612fea8a8f36de82e1278abb02f:X").unwrap().size, Some(10));
        assert_eq!(body("X.Y-1:4:0,5:6162:17:255").unwrap().target, 4);
        let line = logical("X;Engine:51-255,Target:7,FileSize:1-20;0&1;0:6162::iw;0/a(b|c)\\/d/si").unwrap();
        assert_eq!((line.target.kind, line.target.file_size), (7, Some((1, 20))));
        assert!(matches!(&line.patterns[0], SubPattern::Octets { folds: true, wide: true, plain: false, .. }));
        assert!(matches!(&line.patterns[1], SubPattern::Regex(Trigger { pattern, .. }) if pattern == "a(b|c)\\/d"));
    }

    #[test]
    fn wrong_and_unserved_lines_are_told_apart() {
        for line in ["x", "X:0:*", "X:0:*:6", ":0:*:6162", "X:zero:*:6162", "X:0:y:6162", "\u{e9}:0:*:6162"] {
            assert!(matches!(body(line), Err(Refused::Wrong(_))), "{line}");
        }
        for line in ["abcd:3:X", "44d88612fea8a8f36de82e1278abb02f:x:X", "44d88612fea8a8f36de82e1278abb02f:3"] {
            assert!(matches!(hash(line), Err(Refused::Wrong(_))), "{line}");
        }
        for line in ["X;Target:0;0=0;6162", "X;Target:0;1;6162", "X;Target:0", "X;Target:0;0;6162::q", "X;T;0;6162"] {
            assert!(matches!(logical(line), Err(Refused::Wrong(_))), "{line}");
        }
        for line in [
            "X;Target:0,Container:CL_TYPE_ZIP;0;6162",
            "X;Target:0,IconGroup1:x;0;6162",
            "X;Target:0;0;${6-7}12$",
            "X;Target:0;0;0(>>5#hb2#=123)",
            "X;Target:0;0;fuzzy_img#af2ad01ed42993c7",
            "X;Target:11;0;6162",
        ] {
            assert!(matches!(logical(line), Err(Refused::Unserved(_))), "{line}");
        }
        assert!(matches!(body("X:0:VI:6162"), Err(Refused::Unserved(_))));
    }
}
