//! Compiled scripts: Python, Lua, AppleScript.
//!
//! Does not read their code. Source: CPython's importlib (the number, then CR LF), lua.org's lundump.h, the mark that
//! macOS writes.

use crate::unpack::fields::u16_le;
use crate::unpack::{Contents, Format, Nature};

pub(in crate::unpack) const FORMAT: Format =
    Format { name: "bytecode", about: "compiled Python, Lua and AppleScript", recognise, nature: Nature::Program };

fn recognise(contents: &Contents<'_>) -> Option<&'static str> {
    let bytes = contents.bytes;
    if bytes.starts_with(b"FasdUAS ") {
        return Some("application/x-applescript");
    }
    if bytes.starts_with(b"\x1bLua") && bytes.get(4).is_some_and(|version| (0x50..=0x5f).contains(version)) {
        return Some("application/x-lua-bytecode");
    }
    is_python(bytes).then_some("application/x-python-code")
}

/// Python 3 counts from 3000, Python 2 ended at 62211. Behind the number come CR LF, then flags or a time, and code with
/// zeros, which no text has.
fn is_python(bytes: &[u8]) -> bool {
    let known = u16_le(bytes, 0).is_some_and(
        |number| matches!(number, 3000..=3999 | 20_121 | 50_428 | 50_823 | 60_202 | 60_717 | 62_011..=62_211),
    );
    known && bytes.get(2..4) == Some(b"\r\n") && bytes.iter().skip(4).take(60).any(|byte| *byte == 0)
}
