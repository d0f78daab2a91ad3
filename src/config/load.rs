//! Reads a settings file: every mistake at once, each with its place and the name that was probably meant.
//!
//! Knows sections and keys from the table only. Touches the file and the machine's name, nothing else. Standards:
//! TOML 1.1.

use super::checks::{Contradiction, contradictions};
use super::error::ConfigError;
use super::layers::{Given, Layer, user_key};
use super::names::{hint, nearest};
use super::readers::{domain_of, is_host_name};
use super::setting::{Read, Scope, Setting};
use super::settings::{
    ClamdSettings, LeavingSettings, Lmtp, LoginSources, LookSettings, ManageSieve, Server, Settings, SignatureSettings,
    UserSources,
};
use super::table::{SECTIONS, every_setting, find};
use super::value::Value;
use crate::filter::Policy;
use crate::limits::SETTINGS_BYTES_MAX;
use crate::plan::Quota;
use crate::sieve::Options;
use crate::store::ScriptPaths;
use crate::unpack::Allowance;
use std::collections::BTreeMap;
use std::io::Read as _;
use std::path::Path;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// Where the settings are looked for when nobody says otherwise.
pub const SETTINGS_FILE: &str = "/etc/tamis/tamis.toml";

/// The tables whose keys are names of domains and users, not of settings.
const DOMAIN: &str = "domain";
const USER: &str = "user";
/// How the TOML reader says that a name stands twice.
const DUPLICATE: &str = "duplicate key";

impl Settings {
    /// Reads a settings file. Relative paths in it hang from its folder; the default host name is this machine's.
    ///
    /// # Errors
    /// Every mistake of the file, in its order; one without a place where it can't be read or is larger than
    /// [`SETTINGS_BYTES_MAX`].
    pub fn load(path: &Path) -> Result<Self, Vec<ConfigError>> {
        let whole = |problem| vec![ConfigError::of_file(path, problem)];
        let bytes = read_file(path).map_err(whole)?;
        let text = String::from_utf8(bytes).map_err(|e| {
            let good = e.as_bytes().get(..e.utf8_error().valid_up_to()).unwrap_or_default();
            let line = 1 + good.iter().filter(|octet| **octet == b'\n').count();
            whole(format!("is not UTF-8 text from line {line} on"))
        })?;
        let absolute = std::path::absolute(path).map_err(|e| whole(format!("has no absolute path: {e}")))?;
        let folder = absolute.parent().unwrap_or(Path::new("/"));
        Reading::new(&text, path, folder, &machine_name()).finish()
    }

    /// Reads settings from text. `file_label` stands in errors, and relative paths hang from its folder; `host_name`
    /// is the default of `server.host_name`.
    ///
    /// # Errors
    /// Every mistake of the text, in its order.
    pub fn from_text(text: &str, file_label: &Path, host_name: &str) -> Result<Self, Vec<ConfigError>> {
        let folder = file_label.parent().unwrap_or(Path::new(""));
        Reading::new(text, file_label, folder, host_name).finish()
    }

    /// The defaults alone, with this machine's name.
    pub fn embedded() -> Self {
        Self::defaults(Path::new(""), Path::new(""), &machine_name()).0
    }

    /// The defaults, and what is wrong with them: nothing, as a test keeps.
    pub(super) fn defaults(file: &Path, folder: &Path, host_name: &str) -> (Self, Vec<String>) {
        let mut settings = Self::blank(file, folder, host_name);
        let mut faults = Vec::new();
        for setting in every_setting() {
            let read = Value::of_literal(setting.default).and_then(|value| settings.read(setting, &value));
            faults.extend(read.err().map(|problem| format!("{}: {problem}", setting.name)));
        }
        settings.derive();
        (settings, faults)
    }

    fn blank(file: &Path, folder: &Path, host_name: &str) -> Self {
        Self {
            server: Server { host_name: host_name.to_string(), ..Server::default() },
            lmtp: Lmtp::default(),
            users: UserSources::default(),
            login: LoginSources::default(),
            managesieve: ManageSieve::default(),
            look: LookSettings::default(),
            unpack: Allowance::default(),
            clamd: ClamdSettings::default(),
            signatures: SignatureSettings::default(),
            policy: Policy::default(),
            scripts: ScriptPaths::default(),
            sieve: Options::default(),
            leaving: LeavingSettings::default(),
            special_use: Vec::new(),
            quarantine_days: 1,
            journal_days: 1,
            rules_dir: None,
            quota: Quota::default(),
            file: file.into(),
            folder: folder.into(),
            given: Vec::new(),
            of_domains: BTreeMap::new(),
            of_users: BTreeMap::new(),
        }
    }

    fn read(&mut self, setting: &Setting, value: &Value) -> Result<(), String> {
        match setting.read {
            Read::Server(read) => read(self, value),
            Read::Domain(read) | Read::User(read) => {
                let mut personal = self.personal();
                read(&mut personal, value)?;
                self.set_personal(personal);
                Ok(())
            }
        }
    }

    /// Defaults that depend on other settings.
    fn derive(&mut self) {
        if self.server.mta_names.is_empty() {
            self.server.mta_names = vec![self.server.host_name.clone()];
        }
    }
}

fn read_file(path: &Path) -> Result<Vec<u8>, String> {
    let file = std::fs::File::open(path).map_err(|e| format!("can't be opened: {e}"))?;
    let mut bytes = Vec::new();
    file.take(SETTINGS_BYTES_MAX + 1).read_to_end(&mut bytes).map_err(|e| format!("can't be read: {e}"))?;
    if bytes.len() as u64 > SETTINGS_BYTES_MAX {
        return Err(format!("is larger than {SETTINGS_BYTES_MAX} octets, which no settings file needs"));
    }
    Ok(bytes)
}

/// What uname(2) says, where that is a host name at all.
fn machine_name() -> String {
    let uname = rustix::system::uname();
    let name = uname.nodename().to_string_lossy().to_ascii_lowercase();
    if is_host_name(&name) { name } else { "localhost".to_string() }
}

/// One file being read.
struct Reading<'t> {
    text: &'t str,
    /// The offset at which each line begins.
    lines: Vec<usize>,
    /// The offset up to which the text is TOML: what the reader makes of the rest is a guess, not worth a word.
    trusted_until: usize,
    settings: Settings,
    errors: Vec<ConfigError>,
}

impl<'t> Reading<'t> {
    fn new(text: &'t str, file: &Path, folder: &Path, host_name: &str) -> Self {
        let (settings, faults) = Settings::defaults(file, folder, host_name);
        let errors =
            faults.into_iter().map(|fault| ConfigError::of_file(file, format!("default of {fault}"))).collect();
        let lines = std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect();
        Self { text, lines, trusted_until: text.len(), settings, errors }
    }

    fn finish(mut self) -> Result<Settings, Vec<ConfigError>> {
        let (table, faults) = DeTable::parse_recoverable(self.text);
        let place = |fault: &toml::de::Error| fault.span().map_or(self.text.len(), |span| span.start);
        let mut faults: Vec<(usize, String)> = faults.iter().map(|f| (place(f), f.message().to_string())).collect();
        faults.sort();
        self.trusted_until = faults.first().map_or(self.text.len(), |(offset, _)| *offset);
        self.top(table.get_ref());
        self.not_toml(&faults);
        self.settings.derive();
        if self.errors.is_empty() {
            self.contradictions();
        }
        if self.errors.is_empty() {
            self.settings.given.sort_by_key(|given| (given.line, given.column));
            return Ok(self.settings);
        }
        self.errors.sort_by_key(|error| (error.line, error.column));
        self.errors.dedup();
        Err(self.errors)
    }

    /// Says where the text isn't TOML: one thing about each run of lines, because one slip makes many.
    fn not_toml(&mut self, places: &[(usize, String)]) {
        let mut line_before = None;
        for (offset, message) in places {
            let (line, column) = self.place(*offset);
            let begins_a_run = line_before.is_none_or(|before| line > before + 1);
            line_before = Some(line);
            if !begins_a_run {
                continue;
            }
            // A good line that can't begin here stands within a list that was opened above; so does the rest.
            let in_list = column == 1 && message != DUPLICATE && self.source_line(line).contains('=');
            let hint = if in_list { "; is a list above not closed?" } else { "" };
            self.fault_at(line, column, "", format!("this is not TOML: {message}{hint}"));
            if in_list {
                break;
            }
        }
    }

    fn top(&mut self, table: &DeTable<'_>) {
        for (key, value) in table {
            match (key.get_ref().as_ref(), value.get_ref()) {
                (DOMAIN, DeValue::Table(domains)) => self.each_domain(domains),
                (USER, DeValue::Table(users)) => self.each_user(users),
                (name @ (DOMAIN | USER), _) => {
                    self.fault(key.span().start, name, format!("is a section; {}", example_of(name)));
                }
                (name, _) => self.entry(name, key, value, &Layer::Server),
            }
        }
    }

    fn each_domain(&mut self, domains: &DeTable<'_>) {
        for (key, value) in domains {
            match domain_of(key.get_ref()) {
                Ok(domain) if self.settings.of_domains.contains_key(&domain) => {
                    self.fault(key.span().start, DOMAIN, format!("{domain:?} has two sections, in different case"));
                }
                Ok(domain) => {
                    self.settings.of_domains.insert(domain.clone(), Vec::new());
                    self.named(DOMAIN, key, value, &Layer::Domain(domain));
                }
                Err(problem) => self.fault(key.span().start, DOMAIN, problem),
            }
        }
    }

    fn each_user(&mut self, users: &DeTable<'_>) {
        for (key, value) in users {
            let user = user_key(key.get_ref());
            if user.is_empty() {
                self.fault(key.span().start, USER, format!("a user's name is empty; {}", example_of(USER)));
            } else if self.settings.of_users.contains_key(&user) {
                self.fault(key.span().start, USER, format!("{user:?} has two sections, in different case"));
            } else {
                self.settings.of_users.insert(user.clone(), Vec::new());
                self.named(USER, key, value, &Layer::User(user));
            }
        }
    }

    /// The section of one domain or user.
    fn named(&mut self, kind: &str, key: &Key<'_>, value: &Spanned<DeValue<'_>>, layer: &Layer) {
        match value.get_ref() {
            DeValue::Table(table) => {
                for (inner, value) in table {
                    self.entry(inner.get_ref(), inner, value, layer);
                }
            }
            DeValue::String(_)
            | DeValue::Integer(_)
            | DeValue::Float(_)
            | DeValue::Boolean(_)
            | DeValue::Datetime(_)
            | DeValue::Array(_) => {
                // `[user] passwd_file = …` is the slip of a person who meant `[users]`.
                let meant = format!("{kind}s.{}", key.get_ref());
                let meant = find(&meant).map(|setting| setting.name);
                let name = format!("{kind}.{}", key.get_ref());
                self.fault(key.span().start, &name, format!("no such setting; {}{}", example_of(kind), hint(meant)));
            }
        }
    }

    /// A key or a section below one: `name` is dotted, without the layer.
    fn entry(&mut self, name: &str, key: &Key<'_>, value: &Spanned<DeValue<'_>>, layer: &Layer) {
        if value.span().end > self.trusted_until {
            return;
        }
        let shown = format!("{layer}{name}");
        match (find(name), value.get_ref()) {
            (Some(setting), value_ref) => match Value::of_toml(value_ref) {
                Ok(read) => self.setting(setting, read, key, value, layer),
                Err(problem) => self.fault(value.span().start, &shown, problem),
            },
            (None, DeValue::Table(table)) if is_section(name) => {
                for (inner, value) in table {
                    self.entry(&format!("{name}.{}", inner.get_ref()), inner, value, layer);
                }
            }
            (None, _) if is_section(name) => {
                self.fault(key.span().start, &shown, format!("is a section; write it once as [{shown}]"));
            }
            (None, DeValue::Table(_)) => {
                let near = nearest(name, SECTIONS.iter().map(|s| s.name).chain([DOMAIN, USER]))
                    .map(|section| format!("[{layer}{section}]"));
                self.fault(key.span().start, &shown, format!("no such section{}", hint(near)));
            }
            (None, _) => self.fault(key.span().start, &shown, format!("no such setting{}", meant(name))),
        }
    }

    fn setting(
        &mut self,
        setting: &'static Setting,
        read: Value,
        key: &Key<'_>,
        value: &Spanned<DeValue<'_>>,
        layer: &Layer,
    ) {
        let shown = format!("{layer}{}", setting.name);
        let accepted = match (layer, setting.read) {
            (Layer::Server, Read::Server(_) | Read::Domain(_) | Read::User(_)) => self.settings.read(setting, &read),
            (Layer::Domain(_), Read::Domain(reader) | Read::User(reader)) | (Layer::User(_), Read::User(reader)) => {
                reader(&mut self.settings.personal(), &read)
            }
            (Layer::Domain(_), Read::Server(_)) | (Layer::User(_), Read::Server(_) | Read::Domain(_)) => {
                let problem = match setting.scope() {
                    Scope::Global => "is set once for the whole server, in no domain's or user's section",
                    Scope::Domain | Scope::User => "may differ by domain, not by user",
                };
                return self.fault(key.span().start, &shown, problem.to_string());
            }
        };
        if let Err(problem) = accepted {
            return self.fault(value.span().start, &shown, problem);
        }
        let (line, column) = self.place(value.span().start);
        let given = Given { key: setting.name, value: read, line, column };
        match layer {
            Layer::Server => self.settings.given.push(given),
            Layer::Domain(name) => self.settings.of_domains.entry(name.clone()).or_default().push(given),
            Layer::User(name) => self.settings.of_users.entry(name.clone()).or_default().push(given),
        }
    }

    fn contradictions(&mut self) {
        for Contradiction { layer, keys, problem } in contradictions(&self.settings) {
            let given = self.settings.given_in(&layer);
            let place = keys.iter().find_map(|key| given.iter().find(|given| given.key == *key));
            // A layer that gives none of the keys only inherits what is shown where it stands.
            let Some((line, column, key)) = place.map(|given| (given.line, given.column, given.key)) else { continue };
            self.fault_at(line, column, &format!("{layer}{key}"), problem);
        }
    }

    fn fault(&mut self, offset: usize, key: &str, problem: String) {
        if offset < self.trusted_until {
            let (line, column) = self.place(offset);
            self.fault_at(line, column, key, problem);
        }
    }

    fn fault_at(&mut self, line: usize, column: usize, key: &str, problem: String) {
        let source_line = self.source_line(line).to_string();
        let file = self.settings.file.clone();
        self.errors.push(ConfigError { file, line, column, key: key.to_string(), problem, source_line });
    }

    /// The text of a line, 1-based.
    fn source_line(&self, line: usize) -> &'t str {
        let begin = self.lines.get(line.saturating_sub(1)).copied().unwrap_or(self.text.len());
        self.text.get(begin..).and_then(|rest| rest.lines().next()).unwrap_or_default()
    }

    /// Line and column of an offset, both 1-based, the column in characters.
    fn place(&self, offset: usize) -> (usize, usize) {
        let line = self.lines.partition_point(|begin| *begin <= offset);
        let begin = self.lines.get(line.saturating_sub(1)).copied().unwrap_or_default();
        let before = self.text.get(begin..offset).map_or(0, |text| text.chars().count());
        (line, before + 1)
    }
}

type Key<'a> = Spanned<std::borrow::Cow<'a, str>>;

fn is_section(name: &str) -> bool {
    every_setting().any(|s| s.name.strip_prefix(name).is_some_and(|rest| rest.starts_with('.')))
}

/// The sections that hold keys, in the order of the table.
pub(super) fn sections() -> Vec<&'static str> {
    let mut names: Vec<&str> = every_setting().map(Setting::section).collect();
    names.dedup();
    names
}

/// What may have been meant by an unknown setting's name.
pub(super) fn meant(name: &str) -> String {
    let section = name.rsplit_once('.').map_or("", |(section, _)| section);
    match nearest(name, every_setting().map(|s| s.name)) {
        Some(near) => hint(Some(near)),
        None if is_section(section) => format!("; `tamis config explain {section}` lists those of [{section}]"),
        None => String::new(),
    }
}

fn example_of(kind: &str) -> String {
    let example = if kind == USER { "anna@example.org" } else { "example.org" };
    format!("each {kind} has a section of its own, such as [{kind}.{example:?}]")
}
