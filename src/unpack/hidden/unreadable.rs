//! Scripts that were made unreadable: Microsoft's script encoder (VBE, JSE), and commands that PowerShell takes in base64.
//!
//! Does not run anything, and does not put together what a script joins. Sources: published analyses of the script
//! encoder, whose tables are the same everywhere; `powershell -?` on EncodedCommand.

use super::encoded::base64;
use super::{Found, Pieces};
use crate::unpack::programs::shortcut::{SHORTCUT, Shortcut};
use crate::unpack::programs::text::wide;
use crate::unpack::{Contents, Role};
use memchr::memmem;

/// What an encoded script begins and ends with; six letters for its length or its sum, and `==`, stand within.
const BEGIN: &[u8] = b"#@~^";
const END: &[u8] = b"==^#~@";
const NUMBER_BYTES: usize = 8;
/// What the codes from 32 to 127 stand for, in each of three tables; `@` begins an escape.
const TABLES: [&[u8; 96]; 3] = [
    b".GzVBj/&IA42[vrC89pEhqO\tbD#u<~>^@wJa]\"KoN;LPg*}tT+-,0nkf5%!dMRc?{x)(sY3\x7fmUS|:_eFX1ilZH'\\=$y7`Q 6",
    b"20!)[83=X:5e9\\VsfNEkbYx^}Jmq<`>S@B'Hru17MR\"TjGd- \x7f.L]~loytC&v%$+(#A4\t*D?w;UiacPgQIOFh|6pnz/_KZ,W",
    b"-uR`q^I\\b})6 |z\x7fkc3+hQfv1dTC<:>~@E,*t'7DyY/o&rj9{?8wgSG4x]0#Z[lHUpi.L!$NP\tVs5aKX;W\"mM%(FJ2A=_OBe",
];
/// What a code of a tab stands for.
const TABS: [u8; 3] = *b"W{n";
/// Which table is for which character, again and again.
const ORDER: &[u8; 64] = b"0210212112120121012100211201211200121210100210120121002110021012";
const OPTION: &str = "encodedcommand";
/// Letters of base64 that are looked at to know a command.
const COMMAND_LETTERS_MIN: usize = 16;
const COMMAND_LETTERS_LOOK: usize = 256;
const POWERSHELL: &str = "text/x-powershell";

/// Adds what encoded scripts and commands say, as files of their language.
pub(super) fn find(contents: &Contents<'_>, true_type: &'static str, pieces: &mut Pieces<'_>) {
    if true_type == SHORTCUT {
        let arguments = Shortcut::read(contents.bytes).map(|shortcut| shortcut.arguments).unwrap_or_default();
        commands(arguments.as_bytes(), pieces);
        return;
    }
    let decoded = wide(contents.bytes);
    let text = decoded.as_deref().map_or(contents.bytes, str::as_bytes);
    scripts(text, true_type, pieces);
    // People who write about such commands run none.
    if contents.role == Role::File {
        commands(text, pieces);
    }
}

fn scripts(text: &[u8], true_type: &'static str, pieces: &mut Pieces<'_>) {
    let mut from = 0;
    while let Some(at) = text.get(from..).and_then(|rest| memmem::find(rest, BEGIN)).map(|found| from + found) {
        from = at + BEGIN.len();
        let Some((number, rest)) = text.get(from..).and_then(|rest| rest.split_at_checked(NUMBER_BYTES)) else {
            return;
        };
        if !number.ends_with(b"==") {
            continue;
        }
        let said = base64(number.iter()).0.first_chunk().map(|octets| u32::from_le_bytes(*octets) as usize);
        let found = memmem::find(rest, END).map(|end| end.saturating_sub(NUMBER_BYTES - 2));
        let length = said.filter(|said| *said <= rest.len()).or(found).unwrap_or(rest.len());
        let script = decode(rest.get(..length).unwrap_or_default());
        from += NUMBER_BYTES + length;
        if !pieces.add(at, script, Found::Decoded(true_type)) {
            return;
        }
    }
}

fn decode(codes: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(codes.len());
    let mut codes = codes.iter().copied();
    let mut tables = ORDER.iter().cycle().map(|digit| usize::from(digit - b'0'));
    while let Some(code) = codes.next() {
        // Other letters than those of ASCII stay, and take no table.
        if code >= 0x80 {
            out.push(code);
            continue;
        }
        let table = tables.next().unwrap_or(0);
        out.push(match code {
            b'@' => match codes.next() {
                Some(b'&') => b'\n',
                Some(b'#') => b'\r',
                Some(b'*') => b'>',
                Some(b'!') => b'<',
                Some(_) | None => b'@',
            },
            b'\t' => TABS.get(table).copied().unwrap_or(code),
            _ => {
                let place = usize::from(code).checked_sub(32);
                let meant = TABLES.get(table).zip(place).and_then(|(letters, place)| letters.get(place));
                meant.copied().unwrap_or(code)
            }
        });
    }
    out
}

/// `-enc` or another begin of the option, then base64 of UTF-16.
fn commands(text: &[u8], pieces: &mut Pieces<'_>) {
    let mut from = 0;
    for at in memchr::memchr2_iter(b'-', b'/', text) {
        let rest = text.get(at + 1..).unwrap_or_default();
        if at < from || !rest.first().is_some_and(|letter| matches!(letter, b'e' | b'E')) {
            continue;
        }
        let letters = rest.iter().take(OPTION.len() + 1).take_while(|letter| letter.is_ascii_alphabetic()).count();
        let (word, behind) = rest.split_at_checked(letters).unwrap_or_default();
        let word = String::from_utf8_lossy(word).to_ascii_lowercase();
        if !(OPTION.starts_with(&word) || word == "ec") {
            continue;
        }
        let is_filler = |byte: &u8| matches!(byte, b' ' | b'\t' | b'"' | b'\'' | b'^' | b':');
        let filler = behind.iter().take(64).take_while(|byte| is_filler(byte)).count();
        let code = behind.get(filler..).unwrap_or_default();
        let is_letter = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=');
        let look = code.iter().take(COMMAND_LETTERS_LOOK).take_while(|byte| is_letter(byte)).count();
        if filler == 0 || look < COMMAND_LETTERS_MIN || !is_wide(&base64(code.iter().take(look)).0) {
            continue;
        }
        let length = code.iter().take_while(|byte| is_letter(byte)).count();
        let octets = base64(code.iter().take(length)).0;
        from = at + 1 + letters + filler + length;
        let command = encoding_rs::UTF_16LE.decode_without_bom_handling(&octets).0.into_owned().into_bytes();
        if !pieces.add(at, command, Found::Decoded(POWERSHELL)) {
            return;
        }
    }
}

/// Mostly letters of ASCII in UTF-16, the lower octet first.
fn is_wide(octets: &[u8]) -> bool {
    let (pairs, _) = octets.as_chunks::<2>();
    let plain = pairs.iter().filter(|[low, high]| *high == 0 && (*low >= 0x20 || matches!(low, 9 | 10 | 13))).count();
    pairs.len() >= 4 && plain * 10 >= pairs.len() * 8
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::unpack::samples::seen;
    use base64::{Engine, engine::general_purpose::STANDARD};

    #[test]
    fn tables_give_every_letter_once() {
        for (table, tab) in TABLES.iter().zip(TABS) {
            let mut letters: Vec<u8> = table.iter().copied().chain([tab]).filter(|l| *l != b'@').collect();
            letters.sort_unstable();
            letters.dedup();
            // All but `<`, `>` and `@`, which are escaped, and these two as themselves.
            assert_eq!(letters.len(), 96);
        }
    }

    #[test]
    fn encoded_scripts_are_read() {
        let mut pieces = Pieces::default();
        scripts(b"x #@~^DgAAAA==\\ko$K6,J_+V^GrPtQAAA==^#~@ y", "text/vbscript", &mut pieces);
        assert_eq!(pieces.pieces.len(), 1);
        assert!(pieces.pieces[0].bytes.starts_with(b"MsgBox \""), "{:?}", pieces.pieces[0]);
        assert_eq!(decode(b"@&@#@*@!@$\xe4"), b"\n\r><@\xe4");
    }

    #[test]
    fn commands_in_base64_are_read() {
        let wide: Vec<u8> = "IEX (New-Object Net.WebClient)".encode_utf16().flat_map(u16::to_le_bytes).collect();
        let code = STANDARD.encode(wide);
        for (option, want) in [("-enc", true), ("-EncodedCommand", true), ("/e", true), ("-ec", true), ("-exec", false)]
        {
            let script = format!("@echo off\r\npowershell -nop {option} {code}\r\n");
            let (items, notes) = seen("a.bat", script.as_bytes());
            let is_there = items.iter().any(|item| item.starts_with("2/decoded text/x-powershell"));
            assert_eq!((is_there, notes.len()), (want, if want { 2 } else { 1 }), "{option} {items:?} {notes:?}");
        }
    }
}
