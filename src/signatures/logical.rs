//! Logical signatures: which patterns must fit, and how often: `0&(1|2)>3,2`.
//!
//! An expression is compiled to a row of steps for a stack. Does not match patterns. Standards: the signature manual of
//! ClamAV, "logical signatures".

use super::blob::{Cursor, put32};
use crate::limits::{SIGNATURE_NESTING_MAX, SIGNATURE_SUBSIGNATURES_MAX};

const PUSH: u8 = 1;
const AND: u8 = 2;
const OR: u8 = 3;
const COUNT: u8 = 4;

/// Compiles an expression over so many patterns.
///
/// # Errors
/// What is wrong, in a few words.
pub(super) fn write(text: &str, patterns: usize) -> Result<Vec<u8>, String> {
    let mut reader = Reader { rest: text.as_bytes(), code: Vec::new(), patterns, depth: 0 };
    reader.all()?;
    match reader.rest.first() {
        None => Ok(reader.code),
        Some(sign) => Err(format!("`{}` in the expression", char::from(*sign))),
    }
}

struct Reader<'a> {
    rest: &'a [u8],
    code: Vec<u8>,
    patterns: usize,
    depth: usize,
}

impl Reader<'_> {
    /// Terms joined from left to right.
    fn all(&mut self) -> Result<(), String> {
        self.term()?;
        while let Some(join) = self.rest.first().and_then(|sign| match sign {
            b'&' => Some(AND),
            b'|' => Some(OR),
            _ => None,
        }) {
            self.rest = self.rest.get(1..).unwrap_or_default();
            self.term()?;
            self.code.push(join);
        }
        Ok(())
    }

    fn term(&mut self) -> Result<(), String> {
        if let [b'(', rest @ ..] = self.rest {
            self.rest = rest;
            self.depth += 1;
            if self.depth > SIGNATURE_NESTING_MAX {
                return Err(format!("more than {SIGNATURE_NESTING_MAX} brackets"));
            }
            self.all()?;
            self.depth -= 1;
            let [b')', rest @ ..] = self.rest else { return Err("no `)` follows".into()) };
            self.rest = rest;
        } else {
            let index = self.number()?;
            if index as usize >= self.patterns.min(SIGNATURE_SUBSIGNATURES_MAX) {
                return Err(format!("there is no pattern {index}"));
            }
            self.code.extend([PUSH, u8::try_from(index).unwrap_or(u8::MAX)]);
        }
        if let [kind @ (b'=' | b'<' | b'>'), rest @ ..] = self.rest {
            self.rest = rest;
            let count = self.number()?;
            let mut different = 0;
            if let [b',', rest @ ..] = self.rest {
                self.rest = rest;
                different = self.number()?;
            }
            self.code.extend([COUNT, *kind]);
            put32(&mut self.code, count as usize);
            put32(&mut self.code, different as usize);
        }
        Ok(())
    }

    fn number(&mut self) -> Result<u32, String> {
        let digits = self.rest.iter().take_while(|octet| octet.is_ascii_digit()).count();
        let (number, rest) = self.rest.split_at_checked(digits).unwrap_or_default();
        let number = std::str::from_utf8(number).ok().and_then(|digits| digits.parse().ok());
        self.rest = rest;
        number.ok_or_else(|| "a number is missing in the expression".into())
    }
}

/// What is known of one side of a sign.
#[derive(Clone, Copy, Default)]
struct Value {
    holds: bool,
    count: u32,
    /// A bit for each pattern that fits.
    which: u64,
}

/// Does the expression hold, where each pattern fits so often? False for broken code.
pub(super) fn holds(code: &[u8], counts: &dyn Fn(u8) -> u32) -> bool {
    evaluate(code, counts).unwrap_or(false)
}

fn evaluate(code: &[u8], counts: &dyn Fn(u8) -> u32) -> Option<bool> {
    let mut stack: Vec<Value> = Vec::new();
    let mut code = Cursor(code);
    while let Some(step) = code.u8() {
        let value = match step {
            PUSH => {
                let index = code.u8()?;
                let count = counts(index);
                let which = if count > 0 { 1_u64.checked_shl(index.into()).unwrap_or(0) } else { 0 };
                Value { holds: count > 0, count, which }
            }
            AND | OR => {
                let (right, left) = (stack.pop()?, stack.pop()?);
                let holds = if step == AND { left.holds && right.holds } else { left.holds || right.holds };
                Value { holds, count: left.count.saturating_add(right.count), which: left.which | right.which }
            }
            COUNT => {
                let value = stack.pop()?;
                let (kind, count, different) = (code.u8()?, code.u32()?, code.u32()?);
                let counted = match kind {
                    b'=' => value.count == count,
                    b'<' => value.count < count,
                    b'>' => value.count > count,
                    _ => return None,
                };
                Value { holds: counted && value.which.count_ones() >= different, ..value }
            }
            _ => return None,
        };
        stack.push(value);
    }
    stack.pop().map(|value| value.holds && stack.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expressions_hold_as_the_manual_says() {
        for (text, counts, want) in [
            ("0", &[1][..], true),
            ("0", &[0], false),
            ("0&1", &[1, 0], false),
            ("0|1", &[1, 0], true),
            ("0&1|2", &[0, 0, 1], true),
            ("0&(1|2)", &[0, 0, 1], false),
            ("0=0&1", &[0, 1], true),
            ("0=2", &[2], true),
            ("0=2", &[3], false),
            ("0>2", &[3], true),
            ("0<3&1", &[2, 1], true),
            ("(0|1|2)>3", &[2, 2, 0], true),
            ("(0|1|2)>3,3", &[2, 2, 0], false),
            ("(0|1|2)>3,2", &[2, 2, 0], true),
            ("(0&1)=0&2", &[0, 0, 1], true),
            ("((0|1)&2)", &[0, 3, 1], true),
        ] {
            let code = write(text, counts.len()).unwrap();
            assert_eq!(holds(&code, &|at| counts[usize::from(at)]), want, "{text} {counts:?}");
        }
    }

    #[test]
    fn what_is_no_expression_is_told() {
        for text in ["", "0&", "(0", "0)", "3", "0x1", "0=", "0&&1", &"(".repeat(1000)] {
            assert!(write(text, 2).is_err(), "{text}");
        }
        assert!(!holds(&[PUSH], &|_| 1) && !holds(&[AND], &|_| 1) && !holds(&[PUSH, 0, PUSH, 0], &|_| 1));
    }
}
