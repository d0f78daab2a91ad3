//! The compiled signatures as they are used: octets, opened once in each worker.
//!
//! Everything is read where it lies; only the YARA rules are compiled here, because their engine keeps its own form.

use super::atoms::{LENGTHS, Table};
use super::blob::{self, Cursor, Places, Section};
use super::compile;
use super::hashes::Hashes;
use super::pass::PART_BYTES;
use super::regex as expressions;
use super::yara::Yara;
use crate::limits::SIGNATURE_REGEXES_KEPT_MAX;
use regex::bytes::Regex;
use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

/// Compiled when first needed, by flags and text; `None` where it can't be compiled.
type Regexes = BTreeMap<(Vec<u8>, Vec<u8>), Option<Arc<Regex>>>;

/// Signatures, ready to be matched.
pub struct Database {
    blob: Vec<u8>,
    places: Places,
    yara: Option<Yara>,
    /// Regular expressions that were needed, by pattern and flags.
    regexes: Mutex<Regexes>,
}

impl Database {
    /// Opens what [`compile`] made.
    ///
    /// # Errors
    /// What is wrong with the octets.
    pub fn open(blob: Vec<u8>) -> Result<Self, String> {
        let places = blob::places(&blob)?;
        let mut database = Self { blob, places, yara: None, regexes: Mutex::default() };
        let mut files = Vec::new();
        let mut cursor = Cursor(database.section(Section::Yara));
        let broken = || "compiled signatures: a broken YARA file".to_string();
        while !cursor.0.is_empty() {
            let mut field = || {
                let length = cursor.u32()? as usize;
                std::str::from_utf8(cursor.take(length)?).ok()
            };
            files.push((field().ok_or_else(broken)?, field().ok_or_else(broken)?));
        }
        database.yara = if files.is_empty() { None } else { Some(Yara::of(&files)?) };
        Ok(database)
    }

    /// Our own rules alone, opened once. A test keeps them free of mistakes; were there one, nothing would match and
    /// every start would say so.
    pub fn embedded() -> &'static Arc<Self> {
        static OWN: LazyLock<Arc<Database>> = LazyLock::new(|| {
            let own = compile(&[]).and_then(|compiled| Database::open(compiled.blob));
            Arc::new(own.unwrap_or_else(|_| Database {
                blob: Vec::new(),
                places: Places::default(),
                yara: None,
                regexes: Mutex::default(),
            }))
        });
        &OWN
    }

    /// Octets of the compiled form.
    pub fn bytes(&self) -> usize {
        self.blob.len()
    }

    fn section(&self, section: Section) -> &[u8] {
        let place = self.places.get(section as usize).cloned().unwrap_or_default();
        self.blob.get(place).unwrap_or_default()
    }

    pub(super) fn yara(&self) -> Option<&Yara> {
        self.yara.as_ref()
    }

    /// The tables of atoms, one for each length that is there.
    pub(super) fn atoms(&self) -> Vec<Table<'_>> {
        let sections = [Section::Atoms8, Section::Atoms4, Section::Atoms3, Section::Atoms2];
        sections
            .into_iter()
            .zip(LENGTHS)
            .filter_map(|(section, length)| Table::read(self.section(section), length))
            .collect()
    }

    pub(super) fn hashes(&self) -> Hashes<'_> {
        Hashes::read(self.section(Section::Hashes))
    }

    pub(super) fn part(&self, number: u32) -> Option<&[u8]> {
        let begin = number as usize * PART_BYTES;
        self.section(Section::Parts).get(begin..begin + PART_BYTES)
    }

    pub(super) fn program(&self, at: u32) -> Option<&[u8]> {
        self.section(Section::Programs).get(at as usize..)
    }

    pub(super) fn logical(&self, at: u32) -> Option<&[u8]> {
        self.section(Section::Logical).get(at as usize..)
    }

    /// A name by its number, and whether it is ignored.
    pub(super) fn name(&self, number: u32) -> Option<(&str, bool)> {
        let mut entry = Cursor(self.section(Section::Names).get(number as usize..)?);
        let is_ignored = entry.u8()? != 0;
        Some((std::str::from_utf8(entry.counted()?).ok()?, is_ignored))
    }

    /// A regular expression, compiled when it is first needed.
    pub(super) fn regex(&self, pattern: &[u8], flags: &[u8]) -> Option<Arc<Regex>> {
        let mut kept = self.regexes.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (pattern.to_vec(), flags.to_vec());
        if let Some(known) = kept.get(&key) {
            return known.clone();
        }
        if kept.len() >= SIGNATURE_REGEXES_KEPT_MAX {
            kept.clear();
        }
        let texts = std::str::from_utf8(pattern).ok().zip(std::str::from_utf8(flags).ok());
        let made = texts.and_then(|(pattern, flags)| expressions::build(pattern, flags)).map(Arc::new);
        kept.insert(key, made.clone());
        made
    }
}

impl std::fmt::Debug for Database {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Database({} octets)", self.blob.len())
    }
}
