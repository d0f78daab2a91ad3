//! The actions, one by one: what is decided, what conflicts, what is too much.
//!
//! Standards: RFC 5228 §2.10 and §4, RFC 5429 §2.3 (what reject excludes), RFC 5293 (editheader), RFC 8579 §4.
//! *Reading:* the same folder gets one copy, with the flags of the last action that named it, as in Pigeonhole.

use super::super::compare;
use super::super::outcome::{Done, DoneAct};
use super::super::program::{Act, How, Index, Texts};
use super::super::template::Template;
use super::flags::Change;
use super::{Answer, Run, shown};
use crate::limits::{SCRIPT_ACTIONS_MAX, SCRIPT_HEADER_BYTES_MAX};
use crate::mail::{is_field_name, may_be_added, may_be_deleted};
use crate::plan::{Edit, Flags, FolderName};

impl Run<'_> {
    pub(super) fn act(&mut self, act: &Act, line: usize) -> Answer<()> {
        match act {
            Act::Keep { flags } => {
                let flags = self.flags_for(flags.as_ref());
                self.implicit_keep = false;
                self.explicit_keep = true;
                self.keep(flags, line)
            }
            Act::FileInto { folder, flags, copy, create, special_use } => {
                let flags = self.flags_for(flags.as_ref());
                self.implicit_keep &= *copy;
                self.file_into(folder, flags, *create, special_use.as_ref(), line)
            }
            Act::Discard => {
                self.implicit_keep = false;
                self.once(|done| matches!(done, DoneAct::Discard), DoneAct::Discard, "discard".into(), line)
            }
            Act::Redirect { address, copy } => self.redirect(address, *copy, line),
            Act::Reject { reason, extended } => self.reject(reason, *extended, line),
            Act::Vacation(vacation) => self.vacation(vacation, line),
            Act::Notify { method, from, importance, message } => {
                self.notify(method, from.as_ref(), importance.as_ref(), message.as_ref(), line)
            }
            Act::Error { words } => Err(self.expand(words)),
            Act::AddHeader { field, value, last } => self.add_header(field, value, *last, line),
            Act::DeleteHeader { field, index, patterns, how } => {
                self.delete_header(field, *index, patterns.as_ref(), how, line)
            }
            Act::SetFlag { .. }
            | Act::AddFlag { .. }
            | Act::RemoveFlag { .. }
            | Act::Set { .. }
            | Act::Global { .. }
            | Act::ExtractText { .. }
            | Act::DebugLog { .. }
            | Act::Include { .. }
            | Act::ForEveryPart
            | Act::Break(_) => {
                self.remember_act(act, line);
                Ok(())
            }
        }
    }

    /// What changes the script's own memory alone.
    fn remember_act(&mut self, act: &Act, line: usize) {
        match act {
            Act::SetFlag { variable, flags } => self.change_flags(Change::Set, variable.as_ref(), flags),
            Act::AddFlag { variable, flags } => self.change_flags(Change::Add, variable.as_ref(), flags),
            Act::RemoveFlag { variable, flags } => self.change_flags(Change::Remove, variable.as_ref(), flags),
            Act::Set { variable, modifiers, value } => {
                let value = self.expand(value);
                self.set(variable, modifiers, value);
            }
            Act::ExtractText { variable, modifiers, first } => {
                let text = self.part_text(*first);
                self.set(variable, modifiers, text);
            }
            Act::Global { names } => self.bind_globals(names),
            Act::DebugLog { words } => {
                let words = shown(&self.expand(words));
                self.note(line, format!("debug_log {words}"));
            }
            Act::Keep { .. }
            | Act::FileInto { .. }
            | Act::Redirect { .. }
            | Act::Discard
            | Act::Reject { .. }
            | Act::Vacation(_)
            | Act::Notify { .. }
            | Act::Error { .. }
            | Act::AddHeader { .. }
            | Act::DeleteHeader { .. }
            // Control structures, which the engine runs.
            | Act::Include { .. }
            | Act::ForEveryPart
            | Act::Break(_) => {}
        }
    }

    /// Decides, unless the same was decided before: then nothing more happens.
    pub(super) fn once(
        &mut self,
        is_same: impl Fn(&DoneAct) -> bool,
        act: DoneAct,
        what: String,
        line: usize,
    ) -> Answer<()> {
        if self.before.iter().chain(&self.done).any(|done| is_same(&done.act)) {
            self.note(line, format!("{what} (again)"));
            return Ok(());
        }
        self.room_for_one()?;
        self.decide(line, act, what);
        Ok(())
    }

    pub(super) fn room_for_one(&self) -> Answer<()> {
        let set = self.request.options.actions_max;
        let most = if set == 0 { SCRIPT_ACTIONS_MAX } else { set.min(SCRIPT_ACTIONS_MAX) };
        if self.before.len() + self.done.len() >= most {
            return Err(format!("the scripts want more than {most} actions"));
        }
        Ok(())
    }

    fn keep(&mut self, flags: Flags, line: usize) -> Answer<()> {
        self.no_reject("keep")?;
        self.store("keep", &FolderName::inbox(), DoneAct::Keep { flags }, line)
    }

    fn file_into(
        &mut self,
        folder: &Template,
        flags: Flags,
        create: bool,
        special_use: Option<&Template>,
        line: usize,
    ) -> Answer<()> {
        let mut written = self.expand(folder);
        // RFC 8579 §4: the folder of that use, where there is one; else the named one.
        if let Some(use_) = special_use.map(|use_| self.expand(use_)) {
            let known = self
                .request
                .special_uses
                .iter()
                .find(|(known, of)| known.eq_ignore_ascii_case(&use_) && self.folder_exists(of));
            written = known.map_or(written, |(_, of)| of.clone());
        }
        let name = FolderName::parse(&written).map_err(|why| format!("fileinto {}: {why}", shown(&written)))?;
        self.no_reject("fileinto")?;
        if create {
            self.made.push(name.to_string());
        }
        let act = DoneAct::Store { written, folder: name.clone(), flags, create };
        self.store(&format!("fileinto {name}"), &name, act, line)
    }

    /// One copy a folder; the last flags count.
    fn store(&mut self, what: &str, name: &FolderName, act: DoneAct, line: usize) -> Answer<()> {
        let edits = self.letter.edits.len();
        let same = |done: &&mut Done| done.act.folder().as_ref() == Some(name);
        let Some(known) = self.done.iter_mut().find(same) else {
            if self.before.iter().any(|done| done.act.folder().as_ref() == Some(name)) {
                // An earlier script files there: the plan unites both.
                self.decide(line, act, what.to_string());
                return Ok(());
            }
            self.room_for_one()?;
            self.decide(line, act, what.to_string());
            return Ok(());
        };
        match (&mut known.act, act) {
            // A keep of what is filed into the inbox is the same copy.
            (DoneAct::Store { flags, .. }, DoneAct::Keep { flags: new }) => *flags = new,
            (known, new) => *known = new,
        }
        known.edits = edits;
        self.note(line, format!("{what} (again)"));
        Ok(())
    }

    /// RFC 5429 §2.3: a message is rejected or delivered, not both.
    pub(super) fn no_reject(&self, what: &str) -> Answer<()> {
        let rejected = self.done.iter().find(|done| matches!(done.act, DoneAct::Reject { .. }));
        match rejected {
            Some(done) => Err(format!("{what}: line {} rejects the message, which excludes this", done.line)),
            None => Ok(()),
        }
    }

    fn add_header(&mut self, field: &Template, value: &Template, last: bool, line: usize) -> Answer<()> {
        let (name, value) = (self.expand(field), self.expand(value));
        self.check_field(&name, "addheader")?;
        let bad = |c: char| c.is_control() && !matches!(c, '\r' | '\n' | '\t');
        if value.contains(bad) {
            return Err(format!("addheader {name}: the value holds control characters"));
        }
        if value.len() > SCRIPT_HEADER_BYTES_MAX {
            return Err(format!("addheader {name}: the value has more than {SCRIPT_HEADER_BYTES_MAX} octets"));
        }
        if self.is_protected(&name, may_be_added) {
            self.note(line, format!("addheader {name}: nothing is done, the field is protected"));
            return Ok(());
        }
        // RFC 5293 §4: unfolded; who writes it folds it again.
        let value = value.split(['\r', '\n']).map(str::trim).filter(|l| !l.is_empty()).collect::<Vec<_>>().join(" ");
        self.note(line, format!("addheader {name}: {}", shown(&value)));
        self.edit(Edit::Add { name, value, last })
    }

    fn delete_header(
        &mut self,
        field: &Template,
        index: Option<Index>,
        patterns: Option<&Texts>,
        how: &How,
        line: usize,
    ) -> Answer<()> {
        let name = self.expand(field);
        self.check_field(&name, "deleteheader")?;
        if self.is_protected(&name, may_be_deleted) {
            self.note(line, format!("deleteheader {name}: nothing is done, the field is protected"));
            return Ok(());
        }
        let mut fields = super::fields::indexed(self.letter.places(&name), index);
        if let Some(patterns) = patterns {
            let texts = self.expand_all(patterns);
            let keys = texts.iter().map(|text| compare::key(text, how.comparator, how.match_type));
            let keys: Vec<_> = keys.collect::<Result<_, _>>()?;
            let value = |at: &usize| self.letter.fields().get(*at).map(|field| field.decoded()).unwrap_or_default();
            fields.retain(|at| {
                let value = value(at);
                let value = compare::Prepared::new(&value, how.comparator);
                keys.iter().any(|key| key.matches(&value).is_some())
            });
        }
        if fields.is_empty() {
            return Ok(());
        }
        self.note(line, format!("deleteheader {name}: {} fields", fields.len()));
        self.edit(Edit::Delete { fields })
    }

    fn edit(&mut self, edit: Edit) -> Answer<()> {
        if self.letter.edits.len() >= SCRIPT_ACTIONS_MAX {
            return Err(format!("the scripts change the header more than {SCRIPT_ACTIONS_MAX} times"));
        }
        self.letter.edit(edit);
        Ok(())
    }

    fn check_field(&self, name: &str, what: &str) -> Answer<()> {
        if is_field_name(name) { Ok(()) } else { Err(format!("{what}: {} can't be the name of a field", shown(name))) }
    }

    fn is_protected(&self, name: &str, may_change: fn(&str) -> bool) -> bool {
        let set = &self.request.options.editheader_protected;
        !may_change(name) || set.iter().any(|known| known.eq_ignore_ascii_case(name))
    }
}
