//! Signatures over one message: the message as it came, and each contents inside it, in all its forms.
//!
//! Collects names; what gives up says so. Does not open containers: `unpack` shows what it finds.

use super::database::Database;
use super::executable::Layout;
use super::hashes::Of;
use super::names::Class;
use super::normal;
use super::pass::{self, View};
use super::seen::{Hit, Seen};
use super::yara::Subject;
use crate::limits::{SIGNATURE_CPU_SECONDS, SIGNATURE_STEPS_MIN, SIGNATURE_STEPS_PER_BYTE};
use crate::unpack::{Contents, Item, Spent};
use std::time::Duration;

/// Targets of ClamAV as bits.
mod target {
    pub(super) const ANY: u16 = 1;
    pub(super) const WINDOWS: u16 = 1 << 1;
    pub(super) const OLE: u16 = 1 << 2;
    pub(super) const HTML: u16 = 1 << 3;
    pub(super) const MAIL: u16 = 1 << 4;
    pub(super) const GRAPHICS: u16 = 1 << 5;
    pub(super) const ELF: u16 = 1 << 6;
    pub(super) const TEXT: u16 = 1 << 7;
    pub(super) const MACH_O: u16 = 1 << 9;
    pub(super) const PDF: u16 = 1 << 10;
    pub(super) const JAVA: u16 = 1 << 12;
}

/// The signatures over one message.
pub struct Scan<'d> {
    db: &'d Database,
    clock: fn() -> Spent,
    seen: Seen,
    /// Contents that are known to be good: nothing in them counts.
    good: Vec<Vec<String>>,
}

impl<'d> Scan<'d> {
    /// `clock` says what the look at the message has used.
    pub fn new(db: &'d Database, clock: fn() -> Spent) -> Self {
        Self { db, clock, seen: Seen::default(), good: Vec::new() }
    }

    /// The message as it came.
    pub fn message(&mut self, octets: &[u8]) {
        self.known(&[], octets, None);
        self.pass(&[], octets, target::ANY | target::MAIL, &Layout::default());
        self.yara(&[], octets, Subject::Other);
    }

    /// Contents inside it.
    pub fn contents(&mut self, item: &Item, contents: &Contents<'_>) {
        let (path, octets) = (item.path.as_slice(), contents.bytes);
        if octets.is_empty() {
            return;
        }
        let targets = targets(&item.true_type, octets);
        let layout =
            if targets & (target::WINDOWS | target::ELF) == 0 { Layout::default() } else { Layout::of(octets) };
        self.known(path, octets, digest(&item.sha256).as_deref());
        if targets & target::WINDOWS != 0 {
            self.sections(path, octets, &layout);
        }
        self.pass(path, octets, target::ANY | targets & !target::TEXT, &layout);
        if targets & target::HTML != 0 {
            for form in normal::html(octets) {
                self.pass(path, &form, target::ANY | target::HTML, &layout);
            }
        } else if targets & target::TEXT != 0 {
            self.pass(path, &normal::text(octets), target::ANY | target::TEXT, &layout);
        }
        self.yara(path, octets, subject(&item.true_type));
    }

    /// Everything that was found. What lies in contents that are known to be good is allowed.
    pub fn finish(mut self) -> Seen {
        for hit in &mut self.seen.hits {
            if self.good.iter().any(|good| hit.path.starts_with(good)) {
                hit.class = Some(Class::Allowed);
            }
        }
        self.seen
    }

    fn has_time(&self) -> bool {
        (self.clock)().cpu < Duration::from_secs(SIGNATURE_CPU_SECONDS)
    }

    fn known(&mut self, path: &[String], octets: &[u8], sha256: Option<&[u8]>) {
        let hashes = self.db.hashes();
        if !hashes.names(Of::Good, octets, sha256).is_empty() {
            self.good.push(path.to_vec());
        }
        hashes.names(Of::Contents, octets, sha256).into_iter().for_each(|name| self.hit(name, path));
    }

    fn sections(&mut self, path: &[String], octets: &[u8], layout: &Layout) {
        for (begin, end) in &layout.sections {
            let section = octets.get(*begin..*end).unwrap_or_default();
            self.db.hashes().names(Of::Section, section, None).into_iter().for_each(|name| self.hit(name, path));
        }
    }

    fn pass(&mut self, path: &[String], octets: &[u8], targets: u16, layout: &Layout) {
        let steps = SIGNATURE_STEPS_MIN.saturating_add((octets.len() as u64).saturating_mul(SIGNATURE_STEPS_PER_BYTE));
        let found = pass::run(self.db, View { octets, targets, layout }, steps, &|| self.has_time());
        found.names.into_iter().for_each(|name| self.hit(name, path));
        if !found.is_whole {
            self.seen.give_up(path);
        }
    }

    fn yara(&mut self, path: &[String], octets: &[u8], subject: Subject) {
        let Some(yara) = self.db.yara() else { return };
        if !self.has_time() {
            return self.seen.give_up(path);
        }
        let (fits, is_whole) = yara.scan(octets, subject);
        for fit in fits {
            self.seen.add(Hit { name: fit.name, class: fit.class, path: path.to_vec() });
        }
        if !is_whole {
            self.seen.give_up(path);
        }
    }

    fn hit(&mut self, name: u32, path: &[String]) {
        if let Some((name, is_ignored)) = self.db.name(name) {
            let class = is_ignored.then_some(Class::Allowed);
            self.seen.add(Hit { name: name.to_string(), class, path: path.to_vec() });
        }
    }
}

fn digest(hex: &str) -> Option<Vec<u8>> {
    let (pairs, _) = hex.as_bytes().as_chunks::<2>();
    let octets = pairs.iter().map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok());
    octets.collect::<Option<Vec<u8>>>().filter(|octets| octets.len() == 32)
}

/// Can our own rules have anything to look for in contents of this type?
fn subject(true_type: &str) -> Subject {
    let is_picture = true_type.starts_with("image/") && true_type != "image/svg+xml";
    let is_sound = true_type.starts_with("audio/") || true_type.starts_with("video/");
    if is_picture || is_sound || CLOSED_TYPES.contains(&true_type) { Subject::Other } else { Subject::Active }
}

/// Archives, whose members come by themselves, and programs.
const CLOSED_TYPES: [&str; 10] = [
    "application/zip",
    "application/gzip",
    "application/x-xz",
    "application/x-bzip2",
    "application/zstd",
    "application/x-7z-compressed",
    "application/vnd.rar",
    "application/vnd.microsoft.portable-executable",
    "application/x-elf",
    "application/x-mach-binary",
];

fn targets(true_type: &str, octets: &[u8]) -> u16 {
    if octets.starts_with(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1") {
        return target::OLE;
    }
    match true_type {
        "application/vnd.microsoft.portable-executable" => target::WINDOWS,
        "application/x-elf" => target::ELF,
        "application/x-mach-binary" => target::MACH_O,
        "application/java-vm" => target::JAVA,
        "application/pdf" => target::PDF,
        "message/rfc822" => target::MAIL,
        "text/html" | "application/xhtml+xml" | "image/svg+xml" => target::HTML,
        _ if true_type.starts_with("image/") => target::GRAPHICS,
        _ if true_type.starts_with("text/") => target::TEXT,
        _ => 0,
    }
}
