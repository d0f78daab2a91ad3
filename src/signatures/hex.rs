//! ClamAV's language of octet patterns, read: `68??6c{2-4}6f(61|62)*21`.
//!
//! A pattern is a row of parts; `*` and open gaps stand between them. Within a part all is bounded. Does not match.
//! Standards: the signature manual of ClamAV, "body-based signature content format".

use crate::limits::{SIGNATURE_GAP_MAX, SIGNATURE_PATTERN_BYTES_MAX};

/// An octet with the bits of it that count.
pub(super) type Masked = (u8, u8);

/// One step of a part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Element {
    Literal(Vec<u8>),
    Masked(Masked),
    /// So many octets of any value.
    Gap {
        min: u32,
        max: u32,
    },
    /// One of several rows of octets; or, negated, none of them (all have the same length then).
    Choice {
        negated: bool,
        rows: Vec<Vec<Masked>>,
    },
}

/// What must stand before or behind a pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Edge {
    pub(super) kind: EdgeKind,
    pub(super) negated: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum EdgeKind {
    /// `(B)`: the edge of a word or of an address.
    Boundary,
    /// `(L)`: the edge of a line.
    Line,
    /// `(W)`: no letter or digit.
    Word,
}

/// What stands between two gaps without a bound.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Part {
    /// Octets that lie between it and the part before, at least.
    pub(super) min_gap: u32,
    pub(super) elements: Vec<Element>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Pattern {
    pub(super) parts: Vec<Part>,
    pub(super) left: Option<Edge>,
    pub(super) right: Option<Edge>,
}

/// Reads a pattern.
///
/// # Errors
/// What is wrong, in a few words.
pub(super) fn read(text: &str) -> Result<Pattern, String> {
    if text.len() > SIGNATURE_PATTERN_BYTES_MAX {
        return Err(format!("a pattern of more than {SIGNATURE_PATTERN_BYTES_MAX} characters"));
    }
    let mut reader = Reader { rest: text.as_bytes(), pattern: Pattern::default(), part: Part::default() };
    reader.pattern.left = reader.edge();
    while !reader.rest.is_empty() {
        reader.step()?;
    }
    reader.end_part(0)?;
    Ok(reader.pattern)
}

struct Reader<'a> {
    rest: &'a [u8],
    pattern: Pattern,
    part: Part,
}

impl Reader<'_> {
    fn step(&mut self) -> Result<(), String> {
        match self.rest {
            [b'*', rest @ ..] => {
                self.rest = rest;
                self.end_part(0)
            }
            [b'{', ..] => {
                let inner = self.until(b'}')?;
                self.gap(&inner)
            }
            [b'[', ..] => {
                let inner = self.until(b']')?;
                self.gap(&inner)
            }
            [b'(', ..] => self.choice(false),
            [b'!', b'(', ..] => self.choice(true),
            [high, low, rest @ ..] => {
                self.rest = rest;
                let octet = masked(*high, *low)?;
                self.part.push_octet(octet);
                Ok(())
            }
            _ => Err("half an octet at the end".into()),
        }
    }

    /// The text up to a closing sign; both signs are taken.
    fn until(&mut self, close: u8) -> Result<String, String> {
        let at = memchr::memchr(close, self.rest).ok_or_else(|| format!("no `{}` follows", char::from(close)))?;
        let inner = String::from_utf8_lossy(self.rest.get(1..at).unwrap_or_default()).into_owned();
        self.rest = self.rest.get(at + 1..).unwrap_or_default();
        Ok(inner)
    }

    fn gap(&mut self, inner: &str) -> Result<(), String> {
        let number = |text: &str| text.parse::<u32>().map_err(|_| format!("`{inner}` is no gap"));
        let (min, max) = match inner.split_once('-') {
            None => (number(inner)?, Some(number(inner)?)),
            Some((min, "")) => (number(min)?, None),
            Some(("", max)) => (0, Some(number(max)?)),
            Some((min, max)) => (number(min)?, Some(number(max)?)),
        };
        let Some(max) = max else { return self.end_part(min) };
        if max < min {
            return Err(format!("the gap `{inner}` ends before it begins"));
        }
        if max > SIGNATURE_GAP_MAX {
            return Err(format!("a gap of more than {SIGNATURE_GAP_MAX} octets"));
        }
        self.part.elements.push(Element::Gap { min, max });
        Ok(())
    }

    fn choice(&mut self, negated: bool) -> Result<(), String> {
        if let Some(edge) = self.edge() {
            if !self.rest.is_empty() {
                return Err("(B), (L) or (W) inside a pattern".into());
            }
            self.pattern.right = Some(edge);
            return Ok(());
        }
        if negated {
            self.rest = self.rest.get(1..).unwrap_or_default();
        }
        let inner = self.until(b')')?;
        let rows = inner.split('|').map(row).collect::<Result<Vec<_>, _>>()?;
        let same = rows.iter().all(|row| Some(row.len()) == rows.first().map(Vec::len));
        if negated && !same {
            return Err("negated alternatives of several lengths".into());
        }
        self.part.elements.push(Element::Choice { negated, rows });
        Ok(())
    }

    /// `(B)`, `(L)`, `(W)` or one of them negated, taken where it stands next.
    fn edge(&mut self) -> Option<Edge> {
        let (negated, behind) = match self.rest {
            [b'!', rest @ ..] => (true, rest),
            rest => (false, rest),
        };
        let (kind, rest) = match behind {
            [b'(', b'B', b')', rest @ ..] => (EdgeKind::Boundary, rest),
            [b'(', b'L', b')', rest @ ..] => (EdgeKind::Line, rest),
            [b'(', b'W', b')', rest @ ..] => (EdgeKind::Word, rest),
            _ => return None,
        };
        self.rest = rest;
        Some(Edge { kind, negated })
    }

    /// A gap without an end follows, or nothing.
    fn end_part(&mut self, min_gap: u32) -> Result<(), String> {
        if self.part.elements.is_empty() {
            return Err("nothing between two gaps".into());
        }
        let next = Part { min_gap, elements: Vec::new() };
        self.pattern.parts.push(std::mem::replace(&mut self.part, next));
        Ok(())
    }
}

impl Part {
    fn push_octet(&mut self, (value, mask): Masked) {
        match (mask, self.elements.last_mut()) {
            (0xff, Some(Element::Literal(octets))) => octets.push(value),
            (0xff, _) => self.elements.push(Element::Literal(vec![value])),
            (0, Some(Element::Gap { min, max })) if min == max && *max < SIGNATURE_GAP_MAX => {
                *min += 1;
                *max += 1;
            }
            (0, _) => self.elements.push(Element::Gap { min: 1, max: 1 }),
            _ => self.elements.push(Element::Masked((value, mask))),
        }
    }
}

fn row(text: &str) -> Result<Vec<Masked>, String> {
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    if pairs.is_empty() || !rest.is_empty() {
        return Err(format!("`{text}` is no alternative"));
    }
    pairs.iter().map(|[high, low]| masked(*high, *low)).collect()
}

fn masked(high: u8, low: u8) -> Result<Masked, String> {
    let (value, mask) =
        nibble(high).zip(nibble(low)).map_or((None, 0), |((h, hm), (l, lm))| (Some((h << 4) | l), (hm << 4) | lm));
    let value = value.ok_or_else(|| format!("`{}{}` is no octet", char::from(high), char::from(low)))?;
    Ok((value, mask))
}

fn nibble(digit: u8) -> Option<Masked> {
    match digit {
        b'?' => Some((0, 0)),
        b'0'..=b'9' => Some((digit - b'0', 15)),
        b'a'..=b'f' => Some((digit - b'a' + 10, 15)),
        b'A'..=b'F' => Some((digit - b'A' + 10, 15)),
        _ => None,
    }
}

impl Pattern {
    /// As two-octet characters: a zero behind each octet (the modifier `w`).
    pub(super) fn widened(&self) -> Self {
        let wide = |octets: &[Masked]| octets.iter().flat_map(|octet| [*octet, (0, 0xff)]).collect::<Vec<_>>();
        let parts = self.parts.iter().map(|part| {
            let mut wider = Part { min_gap: part.min_gap, elements: Vec::new() };
            for element in &part.elements {
                match element {
                    Element::Literal(octets) => {
                        octets.iter().flat_map(|octet| [(*octet, 0xff), (0, 0xff)]).for_each(|o| wider.push_octet(o));
                    }
                    Element::Masked(octet) => wide(&[*octet]).into_iter().for_each(|octet| wider.push_octet(octet)),
                    Element::Gap { min, max } => wider.elements.push(Element::Gap { min: min * 2, max: max * 2 }),
                    Element::Choice { negated, rows } => wider
                        .elements
                        .push(Element::Choice { negated: *negated, rows: rows.iter().map(|row| wide(row)).collect() }),
                }
            }
            wider
        });
        Self { parts: parts.collect(), ..self.clone() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_is_read() {
        let literal = |octets: &[u8]| Element::Literal(octets.to_vec());
        let one = |elements: Vec<Element>| Pattern { parts: vec![Part { min_gap: 0, elements }], ..Pattern::default() };
        for (text, want) in [
            ("6162", one(vec![literal(b"ab")])),
            ("61??62", one(vec![literal(b"a"), Element::Gap { min: 1, max: 1 }, literal(b"b")])),
            ("61????62", one(vec![literal(b"a"), Element::Gap { min: 2, max: 2 }, literal(b"b")])),
            ("a??a", one(vec![Element::Masked((0xa0, 0xf0)), Element::Masked((0x0a, 0x0f))])),
            (
                "61{3}62{-4}63{1-2}",
                one(vec![
                    literal(b"a"),
                    Element::Gap { min: 3, max: 3 },
                    literal(b"b"),
                    Element::Gap { min: 0, max: 4 },
                    literal(b"c"),
                    Element::Gap { min: 1, max: 2 },
                ]),
            ),
            (
                "61!(62|63)",
                one(vec![
                    literal(b"a"),
                    Element::Choice { negated: true, rows: vec![vec![(0x62, 0xff)], vec![(0x63, 0xff)]] },
                ]),
            ),
        ] {
            assert_eq!(read(text), Ok(want), "{text}");
        }
        let parts = |text| read(text).unwrap().parts.iter().map(|p| (p.min_gap, p.elements.len())).collect::<Vec<_>>();
        assert_eq!(parts("61*62{5-}63"), [(0, 1), (0, 1), (5, 1)]);
        let edged = read("(B)6162!(W)").unwrap();
        assert_eq!(edged.left, Some(Edge { kind: EdgeKind::Boundary, negated: false }));
        assert_eq!(edged.right, Some(Edge { kind: EdgeKind::Word, negated: true }));
    }

    #[test]
    fn what_is_no_pattern_is_told() {
        for text in ["", "6", "6g", "61{", "61{x}62", "61{3-2}62", "61**62", "61(62|", "!(61|6263)64", "61(L)62", "()"]
        {
            assert!(read(text).is_err(), "{text}");
        }
    }
}
