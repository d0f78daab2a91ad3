//! The form of a case: a script, and pairs of a letter and what becomes of it, in one text file.
//!
//! A line at the margin names a part; its text stands behind the colon, or below it, indented by four spaces:
//!   about: RFC 5228 §4.1            what is shown, and what was added to the printed script
//!   printed: 2                      how many scripts of the RFC these are; else one for each script, 0 for prose
//!   script: personal NAME: global NAME: before: after:
//!   request: {"set": {…}}           fields of the request, of the whole case or (behind a message) of one letter
//!   message: a                      cases/letters/a.eml; `a +200K` longer by so much, `a =4000` exactly so long;
//!                                   or the letter itself, indented, with `size: +200K` behind it
//!   message again: a                as a later delivery: what the one before asked of `duplicate` is remembered
//!   want: keep implicit             see wants.rs; `want at work:` and `want after work:` where the clock decides

use serde_json::{Map, Value, json};
use std::{
    fs,
    path::{Path, PathBuf},
};

const INDENT: &str = "    ";

#[derive(Default)]
pub(crate) struct Case {
    pub(crate) file: PathBuf,
    pub(crate) about: String,
    pub(crate) printed: Option<usize>,
    pub(crate) script: String,
    pub(crate) personal: Vec<(String, String)>,
    pub(crate) global: Vec<(String, String)>,
    before: Vec<String>,
    after: Vec<String>,
    request: Map<String, Value>,
    pub(crate) trials: Vec<Trial>,
}

#[derive(Default)]
pub(crate) struct Trial {
    pub(crate) letter: String,
    /// Does it follow the letter before?
    pub(crate) again: bool,
    request: Map<String, Value>,
    /// In a case that the clock decides: whether one is at work, and what is wanted then.
    wants: Vec<(Option<bool>, Vec<String>)>,
}

/// All cases of a folder, by name.
pub(crate) fn folder(name: &str) -> Vec<Case> {
    let mut files: Vec<PathBuf> =
        fs::read_dir(cases().join(name)).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files.into_iter().map(read).collect()
}

fn cases() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/sieve/cases")
}

fn read(file: PathBuf) -> Case {
    let text = fs::read_to_string(&file).unwrap();
    let mut case = Case { file, ..Case::default() };
    for (key, text) in parts(&text) {
        take(&mut case, &key, text);
    }
    assert!(
        !case.about.is_empty() && !case.trials.is_empty(),
        "{}: about, message or want is missing",
        case.file.display()
    );
    assert!(case.trials.iter().all(|trial| !trial.wants.is_empty()), "{}: a want is missing", case.file.display());
    case
}

fn take(case: &mut Case, key: &str, text: String) {
    let (word, name) = key.split_once(' ').unwrap_or((key, ""));
    match (word, name) {
        ("about", "") => case.about = text,
        ("note", "") => {}
        ("printed", "") => case.printed = Some(text.parse().unwrap()),
        ("script", "") => case.script = text,
        ("personal", _) => case.personal.push((name.to_string(), text)),
        ("global", _) => case.global.push((name.to_string(), text)),
        ("before", "") => case.before.push(text),
        ("after", "") => case.after.push(text),
        ("request", "") => {
            let fields = serde_json::from_str(&text).unwrap_or_else(|e| panic!("{}: {e}", case.file.display()));
            case.trials.last_mut().map_or(&mut case.request, |trial| &mut trial.request).extend::<Map<_, _>>(fields);
        }
        ("message", "" | "again") => {
            case.trials.push(Trial { letter: letter(&text), again: name == "again", ..Trial::default() });
        }
        ("size", "") => {
            let trial = case.trials.last_mut().unwrap();
            trial.letter = grown(&trial.letter, &text);
        }
        ("want", _) => {
            let at_work = match name {
                "" => None,
                "at work" => Some(true),
                "after work" => Some(false),
                _ => panic!("{}: want {name}?", case.file.display()),
            };
            let wants = text.lines().map(str::to_string).collect();
            case.trials.last_mut().unwrap().wants.push((at_work, wants));
        }
        _ => panic!("{}: no part is named {key:?}", case.file.display()),
    }
}

fn parts(text: &str) -> Vec<(String, String)> {
    let mut parts: Vec<(String, String)> = Vec::new();
    for line in text.lines() {
        if line.is_empty() || line.starts_with(INDENT) {
            let body = &mut parts.last_mut().expect("a part begins at the margin").1;
            *body += line.strip_prefix(INDENT).unwrap_or(line);
            *body += "\n";
        } else {
            let (key, value) = line.split_once(':').unwrap_or_else(|| panic!("neither indented nor a part: {line:?}"));
            parts.push((key.to_string(), value.trim().to_string()));
        }
    }
    parts
}

/// The letter of that name, or the text itself; with the line ends of mail.
fn letter(text: &str) -> String {
    if text.contains('\n') {
        return text.replace('\n', "\r\n");
    }
    let (name, size) = text.split_once(' ').unwrap_or((text, "+0"));
    let file = cases().join("letters").join(format!("{name}.eml"));
    let text = fs::read_to_string(&file).unwrap_or_else(|e| panic!("{}: {e}", file.display()));
    grown(&text.replace('\n', "\r\n"), size)
}

fn grown(letter: &str, size: &str) -> String {
    let (sign, number) = size.split_at(1);
    let (digits, unit) = match number.strip_suffix('K') {
        Some(digits) => (digits, 1 << 10),
        None => number.strip_suffix('M').map_or((number, 1), |digits| (digits, 1 << 20)),
    };
    let number: usize = digits.parse::<usize>().unwrap() * unit;
    let missing = if sign == "=" { number - letter.len() } else { number };
    let line = "x".repeat(70) + "\r\n";
    let mut more: String = line.chars().cycle().take(missing).collect();
    if more.ends_with('\r') {
        more.replace_range(missing - 1.., "x");
    }
    letter.to_string() + &more
}

impl Case {
    /// How many scripts of its RFC the case shows.
    pub(crate) fn scripts(&self) -> usize {
        self.printed.unwrap_or(1 + self.personal.len() + self.global.len())
    }

    /// The request for one of the letters; included scripts are written into `shelf`.
    pub(crate) fn request(&self, trial: &Trial, wants: &[String], shelf: &Path) -> Value {
        let mut request = json!({
            "script": self.script, "message": trial.letter,
            "from": "coyote@desert.example.org", "to": "roadrunner@acme.example.com",
            "mailboxes": folders(wants), "before": self.before, "after": self.after,
            "include_dir": shelved(&self.personal, &shelf.join("personal")),
            "global_dir": shelved(&self.global, &shelf.join("global")),
        });
        let fields = request.as_object_mut().unwrap();
        fields.extend(self.request.clone());
        fields.extend(trial.request.clone());
        request
    }
}

impl Trial {
    /// What is wanted at this time of the day.
    pub(crate) fn wants(&self, clock: &Clock) -> Vec<String> {
        let fits = |at_work: &Option<bool>| at_work.is_none_or(|at_work| at_work == clock.at_work);
        let wants = self.wants.iter().filter(|(when, _)| fits(when)).flat_map(|(_, wants)| wants);
        wants.map(|want| clock.fill(want)).collect()
    }
}

/// Folders that the case expects to be there.
fn folders(wants: &[String]) -> Vec<String> {
    let stores = wants.iter().filter_map(|want| want.strip_prefix("store "));
    let names = stores.map(|rest| rest.split(" [").next().unwrap().to_string());
    ["INBOX".to_string()].into_iter().chain(names).collect()
}

fn shelved(scripts: &[(String, String)], dir: &Path) -> Value {
    fs::create_dir_all(dir).unwrap();
    for (name, script) in scripts {
        fs::write(dir.join(format!("{name}.sieve")), script).unwrap();
    }
    json!(dir)
}

/// The local time, of which some examples speak.
pub(crate) struct Clock {
    at_work: bool,
    words: Vec<(&'static str, String)>,
}

impl Clock {
    pub(crate) fn now() -> Self {
        let output = std::process::Command::new("date").arg("+%u %H %Y %m %a %d").env("LC_ALL", "C").output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        let mut fields = text.split_whitespace().map(str::to_string);
        let mut next = || fields.next().unwrap();
        let (day, hour): (u8, u8) = (next().parse().unwrap(), next().parse().unwrap());
        let words = ["{year}", "{month}", "{weekday}", "{day}"].map(|word| (word, next()));
        Self { at_work: day < 6 && (9..17).contains(&hour), words: words.into() }
    }

    fn fill(&self, want: &str) -> String {
        self.words.iter().fold(want.to_string(), |text, (word, value)| text.replace(word, value))
    }
}
