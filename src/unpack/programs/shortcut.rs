//! Windows shortcuts, which start any program with any arguments.
//!
//! Does not follow them, and does not read the list of shell items. What is appended behind a shortcut is found by
//! `hidden`. Source: MS-SHLLINK §2.

use crate::limits::SHORTCUT_BLOCKS_MAX;
use crate::unpack::fields::{u16_le, u32_le};
use crate::unpack::{Contents, Format, Nature};

pub(in crate::unpack) const FORMAT: Format =
    Format { name: "lnk", about: "Windows shortcuts", recognise, nature: Nature::Program };

pub(in crate::unpack) const MARK: &[u8] = b"\x4c\0\0\0\x01\x14\x02\0\0\0\0\0\xc0\0\0\0\0\0\0\x46";
pub(in crate::unpack) const SHORTCUT: &str = "application/x-ms-shortcut";
/// Flags of the header (§2.1.1).
const HAS_ITEMS: u32 = 1;
const HAS_INFO: u32 = 1 << 1;
/// Name, relative path, working folder, arguments, icon: in this order, each only where its flag is set (§2.4).
const STRINGS: [(u32, Text); 5] = [
    (1 << 2, Text::Name),
    (1 << 3, Text::RelativePath),
    (1 << 4, Text::WorkingFolder),
    (1 << 5, Text::Arguments),
    (1 << 6, Text::Icon),
];
const IS_UNICODE: u32 = 1 << 7;
const HEADER_BYTES: usize = 0x4c;
/// A target with variables, in a block of its own (§2.5.4).
const ENVIRONMENT_BLOCK: u32 = 0xa000_0001;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Text {
    Name,
    RelativePath,
    WorkingFolder,
    Arguments,
    Icon,
}

fn recognise(contents: &Contents<'_>) -> Option<&'static str> {
    contents.bytes.starts_with(MARK).then_some(SHORTCUT)
}

/// What a shortcut says of itself.
#[derive(Default)]
pub(in crate::unpack) struct Shortcut {
    target: String,
    relative: String,
    pub(in crate::unpack) arguments: String,
    icon: String,
    /// Where it ends in its file.
    pub(in crate::unpack) end: usize,
}

impl Shortcut {
    /// Reads as much as is sound; `None` only where it is no shortcut.
    pub(in crate::unpack) fn read(bytes: &[u8]) -> Option<Self> {
        let flags = bytes.starts_with(MARK).then(|| u32_le(bytes, 20)).flatten()?;
        let mut shortcut = Self { end: HEADER_BYTES, ..Self::default() };
        if flags & HAS_ITEMS != 0 {
            shortcut.end += 2 + usize::from(u16_le(bytes, shortcut.end)?);
        }
        if flags & HAS_INFO != 0 {
            let info = bytes.get(shortcut.end..)?;
            shortcut.target = local_path(info).unwrap_or_default();
            shortcut.end += (u32_le(info, 0)? as usize).max(4);
        }
        for (_, what) in STRINGS.iter().filter(|(flag, _)| flags & flag != 0) {
            let Some((text, end)) = string(bytes, shortcut.end, flags & IS_UNICODE != 0) else { break };
            shortcut.end = end;
            match what {
                Text::RelativePath => shortcut.relative = text,
                Text::Arguments => shortcut.arguments = text,
                Text::Icon => shortcut.icon = text,
                Text::Name | Text::WorkingFolder => {}
            }
        }
        shortcut.read_blocks(bytes);
        shortcut.end = shortcut.end.min(bytes.len());
        Some(shortcut)
    }

    /// The blocks at the end, of which one may name the target.
    fn read_blocks(&mut self, bytes: &[u8]) {
        for _ in 0..SHORTCUT_BLOCKS_MAX {
            let Some(size) = u32_le(bytes, self.end) else { return };
            // §2.5.2: a size below 4 ends the list.
            if size < 4 {
                self.end += 4;
                return;
            }
            if u32_le(bytes, self.end + 4) == Some(ENVIRONMENT_BLOCK) && self.target.is_empty() {
                let wide = bytes.get(self.end + 268..self.end + 788).unwrap_or_default();
                self.target = from_wide(wide);
            }
            self.end = self.end.saturating_add(size as usize);
        }
    }

    /// The command, as people would type it.
    fn command(&self) -> String {
        let target = if self.target.is_empty() { &self.relative } else { &self.target };
        let icon = if self.icon.is_empty() { String::new() } else { format!(" (icon: {})", self.icon) };
        format!("{target} {}{icon}", self.arguments.trim()).trim().to_string()
    }
}

/// The path on this machine, or the share, of a LinkInfo (§2.3).
fn local_path(info: &[u8]) -> Option<String> {
    let text = |at: usize| {
        let rest = info.get(at..)?;
        let end = memchr::memchr(0, rest)?;
        Some(String::from_utf8_lossy(rest.get(..end)?).into_owned())
    };
    let path = u32_le(info, 16).filter(|at| *at > 0).and_then(|at| text(at as usize)).unwrap_or_default();
    if !path.is_empty() {
        return Some(path);
    }
    let share = u32_le(info, 20).filter(|at| *at > 0)? as usize;
    let name = share + u32_le(info, share + 8)? as usize;
    let rest = u32_le(info, 24).and_then(|at| text(at as usize)).unwrap_or_default();
    Some(format!("{}\\{rest}", text(name)?))
}

/// A counted string and where it ends.
fn string(bytes: &[u8], at: usize, unicode: bool) -> Option<(String, usize)> {
    let count = usize::from(u16_le(bytes, at)?);
    let end = at + 2 + if unicode { count * 2 } else { count };
    let text = bytes.get(at + 2..end)?;
    Some((if unicode { from_wide(text) } else { String::from_utf8_lossy(text).into_owned() }, end))
}

fn from_wide(bytes: &[u8]) -> String {
    let units: Vec<u16> =
        bytes.chunks_exact(2).filter_map(|pair| u16_le(pair, 0)).take_while(|unit| *unit != 0).collect();
    String::from_utf16_lossy(&units)
}

pub(super) fn describe(contents: &Contents<'_>) -> Option<String> {
    let command = Shortcut::read(contents.bytes)?.command();
    (!command.is_empty()).then_some(command)
}
