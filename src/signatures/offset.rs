//! Where in contents a pattern may begin: `*`, `10`, `EOF-200,50`, `EP+0`, `S1+4`, `SL+0`, `SE2`.
//!
//! Does not read programs: where their sections lie comes as an argument. Standards: the signature manual of ClamAV.

use super::executable::Layout;

/// The offset of a pattern, as written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Offset {
    pub(super) from: From,
    /// Added to the anchor.
    pub(super) plus: i32,
    /// The pattern may begin so many octets further on.
    pub(super) shift: u32,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum From {
    #[default]
    Anywhere,
    Begin,
    End,
    EntryPoint,
    Section(u16),
    LastSection,
    /// Anywhere within a section.
    InSection(u16),
}

impl Offset {
    /// # Errors
    /// What is wrong, in a few words.
    pub(super) fn read(text: &str) -> Result<Self, String> {
        let wrong = || format!("`{text}` is no offset");
        let (place, shift) = match text.split_once(',') {
            Some((place, shift)) => (place, shift.parse().map_err(|_| wrong())?),
            None => (text, 0),
        };
        if place == "*" || place.is_empty() {
            return Ok(Self::default());
        }
        if place.starts_with("VI") {
            return Err("offsets in version information".into());
        }
        let (from, number) = if let Some(rest) = place.strip_prefix("EOF") {
            (From::End, rest)
        } else if let Some(rest) = place.strip_prefix("EP") {
            (From::EntryPoint, rest)
        } else if let Some(rest) = place.strip_prefix("SL") {
            (From::LastSection, rest)
        } else if let Some(rest) = place.strip_prefix("SE") {
            return Ok(Self { from: From::InSection(rest.parse().map_err(|_| wrong())?), plus: 0, shift });
        } else if let Some(rest) = place.strip_prefix('S') {
            let (section, _) = rest.split_once('+').ok_or_else(wrong)?;
            (From::Section(section.parse().map_err(|_| wrong())?), rest.get(section.len()..).unwrap_or_default())
        } else {
            (From::Begin, place)
        };
        let plus = match number.strip_prefix('+').unwrap_or(number) {
            "" => 0,
            number => number.parse().map_err(|_| wrong())?,
        };
        Ok(Self { from, plus, shift })
    }

    /// The first and last octet at which the pattern may begin; `None` where contents have no such place.
    pub(super) fn range(&self, length: usize, layout: &Layout) -> Option<(usize, usize)> {
        let anchor = match self.from {
            From::Anywhere => return Some((0, usize::MAX)),
            From::Begin => 0,
            From::End => length,
            From::EntryPoint => layout.entry_point?,
            From::Section(number) => layout.sections.get(usize::from(number))?.0,
            From::LastSection => layout.sections.last()?.0,
            From::InSection(number) => {
                let (begin, end) = layout.sections.get(usize::from(number)).copied()?;
                return Some((begin, end));
            }
        };
        let plus = usize::try_from(self.plus.unsigned_abs()).ok()?;
        let begin = if self.plus < 0 { anchor.checked_sub(plus)? } else { anchor.checked_add(plus)? };
        Some((begin, begin.saturating_add(usize::try_from(self.shift).ok()?)))
    }

    /// Three numbers for the compiled form.
    pub(super) fn packed(&self) -> (u32, u32, u32) {
        let (kind, section) = match self.from {
            From::Anywhere => (0, 0),
            From::Begin => (1, 0),
            From::End => (2, 0),
            From::EntryPoint => (3, 0),
            From::Section(number) => (4, number),
            From::LastSection => (5, 0),
            From::InSection(number) => (6, number),
        };
        (kind | (u32::from(section) << 16), self.plus.cast_unsigned(), self.shift)
    }

    pub(super) fn unpacked(kind: u32, plus: u32, shift: u32) -> Option<Self> {
        let section = u16::try_from(kind >> 16).ok()?;
        let from = match kind & 0xff {
            0 => From::Anywhere,
            1 => From::Begin,
            2 => From::End,
            3 => From::EntryPoint,
            4 => From::Section(section),
            5 => From::LastSection,
            6 => From::InSection(section),
            _ => return None,
        };
        Some(Self { from, plus: plus.cast_signed(), shift })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_form_gives_its_range() {
        let layout = Layout { entry_point: Some(50), sections: vec![(20, 40), (40, 90)] };
        for (text, want) in [
            ("*", Some((0, usize::MAX))),
            ("7", Some((7, 7))),
            ("7,3", Some((7, 10))),
            ("EOF-10", Some((90, 90))),
            ("EOF-10,5", Some((90, 95))),
            ("EOF-200", None),
            ("EP+2", Some((52, 52))),
            ("EP-2,4", Some((48, 52))),
            ("S0+1", Some((21, 21))),
            ("S2+1", None),
            ("SL+0", Some((40, 40))),
            ("SE1", Some((40, 90))),
        ] {
            let offset = Offset::read(text).unwrap();
            assert_eq!(offset.range(100, &layout), want, "{text}");
            let (kind, plus, shift) = offset.packed();
            assert_eq!(Offset::unpacked(kind, plus, shift), Some(offset), "{text}");
        }
        for text in ["x", "EOF-x", "S1", "VI", "7,x", "SEx"] {
            assert!(Offset::read(text).is_err(), "{text}");
        }
    }
}
