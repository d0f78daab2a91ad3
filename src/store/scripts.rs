//! Sieve scripts on disk, in Dovecot's layout: read, never compiled, never written.
//!
//! What the user can change is read beneath the user's home: a link that leaves it is reported, not followed. What the
//! operator names may be a link to anywhere. All of it is read with the rights of the mailbox's owner, as Dovecot does.
//! Compiled copies (`*.svbin`) are ignored. Standards: Pigeonhole's sieve_before, sieve_after, sieve_default,
//! sieve_global and sieve = file:DIR;active=LINK; RFC 6609 (include).

use super::disk::{Dir, Disk};
use crate::limits::{SCRIPT_BYTES_MAX, SCRIPT_FILES_MAX, SCRIPTS_BYTES_MAX};
use crate::plan::Mailbox;
use std::ffi::OsStr;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

/// Where scripts live; empty paths are off. `%h`, `%u`, `%n`, `%d` are replaced.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ScriptPaths {
    pub before: String,
    pub after: String,
    pub default: String,
    pub global: String,
    pub dir: String,
    pub active: String,
    /// The script behind all others; `off` is none, empty the embedded one.
    pub last: String,
    pub lists: String,
    pub global_lists: String,
}

/// What was read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scripts {
    /// (name, text), in byte order of their names.
    pub before: Vec<(String, String)>,
    /// The user's active script, or the operator's default one; `None`: neither, the vendor's is used.
    pub personal: Option<(String, String)>,
    pub after: Vec<(String, String)>,
    /// What `include :personal` may name; read only where a script speaks of `include`.
    pub personal_includes: Vec<(String, String)>,
    /// What `include :global` may name; read only where a script speaks of `include`.
    pub global_includes: Vec<(String, String)>,
    /// The operator's script that runs last; `None`: the vendor's.
    pub last: Option<(String, String)>,
    /// What `:list` may name; read only where a script speaks of `extlists`.
    pub lists: Vec<(String, String)>,
    /// Files that are there but could not be read, with the reason.
    pub unreadable: Vec<(PathBuf, String)>,
}

/// Replaces `%h` (home), `%u` (user), `%n` (user without domain), `%d` (domain) and `%%`; `~/` at the start is home.
/// Other letters after `%` stay as they are.
///
/// # Errors
/// A sentence, where a name would change the path: it holds `/` or NUL, or is `.` or `..`.
pub fn expand(template: &str, mailbox: &Mailbox) -> Result<PathBuf, String> {
    let home = mailbox.home.to_string_lossy();
    let name = mailbox.user.rsplit_once('@').map_or(mailbox.user.as_str(), |(name, _)| name);
    let mut out = String::new();
    let mut rest = template;
    if let Some(below) = template.strip_prefix("~/") {
        out.push_str(&home);
        out.push('/');
        rest = below;
    }
    while let Some((plain, coded)) = rest.split_once('%') {
        out.push_str(plain);
        let letter = coded.chars().next();
        rest = coded.strip_prefix(|_| true).unwrap_or_default();
        match letter {
            Some('h') => out.push_str(&home),
            Some('u') => out.push_str(one_name(&mailbox.user)?),
            Some('n') => out.push_str(one_name(name)?),
            Some('d') => out.push_str(one_name(&mailbox.domain)?),
            Some('%') => out.push('%'),
            Some(other) => out.extend(['%', other]),
            None => out.push('%'),
        }
    }
    out.push_str(rest);
    Ok(PathBuf::from(out))
}

fn one_name(name: &str) -> Result<&str, String> {
    if name == "." || name == ".." || name.contains(['/', '\0']) {
        return Err(format!("{name:?} can't be part of a path"));
    }
    Ok(name)
}

/// Reads what applies to one mailbox. What is not there is left out; what is there and can't be read is reported.
pub(super) fn read(disk: &Disk, mailbox: &Mailbox, paths: &ScriptPaths) -> Scripts {
    read_with(disk, mailbox, paths, None)
}

/// As [`read`], with another script in the place of the user's where one is given.
pub(super) fn read_with(
    disk: &Disk,
    mailbox: &Mailbox,
    paths: &ScriptPaths,
    personal: Option<(String, String)>,
) -> Scripts {
    let mut reader = Reader { disk, mailbox, home: None, bytes_left: SCRIPTS_BYTES_MAX, unreadable: Vec::new() };
    let before = reader.some(&paths.before);
    let personal = personal.or_else(|| reader.personal(paths));
    let after = reader.some(&paths.after);
    let last = if paths.last == "off" { Some(("last".into(), String::new())) } else { reader.file(&paths.last) };
    let speak_of = |word: &str, more: &[(String, String)]| {
        let texts = before.iter().chain(&personal).chain(&after).chain(more).map(|(_, text)| text);
        texts.into_iter().any(|text| text.to_ascii_lowercase().contains(word))
    };
    let [personal_includes, global_includes] =
        [&paths.dir, &paths.global].map(|path| if speak_of("include", &[]) { reader.some(path) } else { Vec::new() });
    let more = [personal_includes.as_slice(), &global_includes].concat();
    let lists = match speak_of("extlists", &more) {
        true => [&paths.global_lists, &paths.lists].into_iter().flat_map(|path| reader.those(path, ".txt")).collect(),
        false => Vec::new(),
    };
    let unreadable = reader.unreadable;
    Scripts { before, personal, after, personal_includes, global_includes, last, lists, unreadable }
}

struct Reader<'a> {
    disk: &'a Disk,
    mailbox: &'a Mailbox,
    /// Opened once; `None` where it is not there.
    home: Option<Dir>,
    bytes_left: u64,
    unreadable: Vec<(PathBuf, String)>,
}

impl Reader<'_> {
    /// The user's active script; where there is none, the operator's default.
    fn personal(&mut self, paths: &ScriptPaths) -> Option<(String, String)> {
        let Some(path) = self.path(&paths.active) else { return self.file(&paths.default) };
        match self.active(&path) {
            Ok(Some((name, bytes))) => self.text(&path, name, bytes),
            Ok(None) => self.file(&paths.default),
            Err(error) => {
                self.report(&path, &error.to_string());
                None
            }
        }
    }

    /// Name and bytes behind the active link, or of a plain file in its place; `None` where nothing has that name.
    fn active(&mut self, path: &Path) -> io::Result<Option<(String, Vec<u8>)>> {
        let (Some(parent), Some(file)) = (path.parent(), path.file_name().and_then(OsStr::to_str)) else {
            return Err(io::Error::new(ErrorKind::InvalidInput, "is no file name"));
        };
        let Some((base, below)) = self.base(parent)? else { return Ok(None) };
        let dir = if below.as_os_str().is_empty() { None } else { Some(base.sub_beneath(&below)) };
        let dir = match dir {
            Some(Err(error)) if is_absent(&error) => return Ok(None),
            Some(opened) => Some(opened?),
            None => None,
        };
        let target = match dir.as_ref().unwrap_or(&base).read_link(file) {
            Ok(target) => target,
            Err(error) if is_absent(&error) => return Ok(None),
            // A plain file.
            Err(error) if error.kind() == ErrorKind::InvalidInput => PathBuf::from(file),
            Err(error) => return Err(error),
        };
        let name = stem(target.file_name().and_then(OsStr::to_str).unwrap_or(file));
        // An absolute link into the home is as good as a relative one.
        let target = target.strip_prefix(base.path()).map_or_else(|_| below.join(&target), Path::to_path_buf);
        match base.read_beneath(&target, SCRIPT_BYTES_MAX) {
            Ok(bytes) => Ok(Some((name, bytes))),
            Err(error) => {
                Err(io::Error::new(error.kind(), format!("points to {}: {}", target.display(), plain(&error))))
            }
        }
    }

    /// All scripts at a path: a file, or a folder's `*.sieve` in byte order.
    fn some(&mut self, template: &str) -> Vec<(String, String)> {
        self.those(template, ".sieve")
    }

    fn those(&mut self, template: &str, ending: &str) -> Vec<(String, String)> {
        let Some(path) = self.path(template) else { return Vec::new() };
        let names = match self.list(&path) {
            Ok(Some(names)) => names,
            Ok(None) => return self.one(&path).into_iter().collect(),
            Err(error) => {
                self.report(&path, &plain(&error));
                return Vec::new();
            }
        };
        let scripts: Vec<&String> = names.iter().filter(|name| name.ends_with(ending)).collect();
        if scripts.len() > SCRIPT_FILES_MAX {
            self.report(&path, &format!("more than {SCRIPT_FILES_MAX} scripts, the rest is not read"));
        }
        scripts.into_iter().take(SCRIPT_FILES_MAX).filter_map(|name| self.one(&path.join(name))).collect()
    }

    /// One script that must be a file.
    fn file(&mut self, template: &str) -> Option<(String, String)> {
        let path = self.path(template)?;
        self.one(&path)
    }

    /// A folder's names; `None` where there is a file or nothing.
    fn list(&mut self, path: &Path) -> io::Result<Option<Vec<String>>> {
        let dir = match self.base(path) {
            Ok(Some((base, below))) if below.as_os_str().is_empty() => Ok(base),
            Ok(Some((base, below))) => base.sub_beneath(&below),
            Ok(None) => return Ok(None),
            Err(error) => Err(error),
        };
        match dir {
            Ok(dir) => dir.names().map(Some),
            Err(error) if is_absent(&error) => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn one(&mut self, path: &Path) -> Option<(String, String)> {
        let name = stem(path.file_name().and_then(OsStr::to_str)?);
        let bytes = match self.in_home(path) {
            Some(below) => match self.home() {
                Ok(Some(home)) => home.read_beneath(&below, SCRIPT_BYTES_MAX),
                Ok(None) => return None,
                Err(error) => Err(error),
            },
            None => self.disk.read(path, SCRIPT_BYTES_MAX),
        };
        match bytes {
            Ok(bytes) => self.text(path, name, bytes),
            Err(error) if is_absent(&error) => None,
            Err(error) => {
                self.report(path, &plain(&error));
                None
            }
        }
    }

    fn text(&mut self, path: &Path, name: String, bytes: Vec<u8>) -> Option<(String, String)> {
        let Some(left) = self.bytes_left.checked_sub(bytes.len() as u64) else {
            self.report(path, &format!("all scripts together have more than {SCRIPTS_BYTES_MAX} bytes"));
            return None;
        };
        self.bytes_left = left;
        match String::from_utf8(bytes) {
            Ok(text) => Some((name, text)),
            Err(_) => {
                self.report(path, "is not UTF-8 (RFC 5228 §2.1)");
                None
            }
        }
    }

    /// The folder to stay beneath and the way from there: home for what lies in it, else the named folder itself.
    fn base(&mut self, path: &Path) -> io::Result<Option<(Dir, PathBuf)>> {
        let (base, below) = match self.in_home(path) {
            Some(below) => (self.mailbox.home.as_path(), below),
            None => (path, PathBuf::new()),
        };
        match self.disk.dir(base) {
            Ok(dir) => Ok(Some((dir, below))),
            Err(error) if is_absent(&error) => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn home(&mut self) -> io::Result<Option<&Dir>> {
        if self.home.is_none() {
            self.home = self.base(&self.mailbox.home)?.map(|(dir, _)| dir);
        }
        Ok(self.home.as_ref())
    }

    fn in_home(&self, path: &Path) -> Option<PathBuf> {
        let home = &self.mailbox.home;
        if home.as_os_str().is_empty() { None } else { path.strip_prefix(home).ok().map(Path::to_path_buf) }
    }

    /// `None` where the setting is off or the name can't be part of a path.
    fn path(&mut self, template: &str) -> Option<PathBuf> {
        if template.is_empty() {
            return None;
        }
        expand(template, self.mailbox).map_err(|why| self.report(Path::new(template), &why)).ok()
    }

    fn report(&mut self, path: &Path, why: &str) {
        self.unreadable.push((path.to_path_buf(), why.to_string()));
    }
}

/// A folder on the way that is not there, or is a file, has no scripts in it either.
fn is_absent(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory)
}

/// EXDEV means something only to those who know openat2(2).
fn plain(error: &io::Error) -> String {
    if error.kind() == ErrorKind::CrossesDevices { "leaves the user's home".to_string() } else { error.to_string() }
}

/// `main` of `main.sieve`, `dovecot` of `.dovecot.sieve`.
fn stem(file: &str) -> String {
    file.strip_suffix(".sieve").or(file.strip_suffix(".txt")).unwrap_or(file).trim_start_matches('.').to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::os::unix::fs::symlink;

    fn mailbox(home: &Path) -> Mailbox {
        Mailbox {
            user: "anna@example.org".into(),
            domain: "example.org".into(),
            home: home.into(),
            maildir: home.join("Maildir"),
            owner: None,
            quota: Default::default(),
        }
    }

    struct House {
        place: tempfile::TempDir,
        mailbox: Mailbox,
        paths: ScriptPaths,
    }

    impl House {
        fn new() -> Self {
            let place = tempfile::tempdir().unwrap();
            let home = place.path().join("home/anna");
            fs::create_dir_all(home.join("sieve")).unwrap();
            let etc = |name: &str| place.path().join("etc").join(name).display().to_string();
            let paths = ScriptPaths {
                before: etc("before"),
                after: etc("after.sieve"),
                default: etc("default.sieve"),
                global: etc("global"),
                dir: "%h/sieve".into(),
                active: "~/.dovecot.sieve".into(),
                lists: "%h/sieve/lists".into(),
                ..ScriptPaths::default()
            };
            Self { mailbox: mailbox(&home), place, paths }
        }
        fn write(&self, path: &str, text: impl AsRef<[u8]>) -> &Self {
            let path = self.place.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
            self
        }
        fn link(&self, target: impl AsRef<Path>) -> &Self {
            let link = self.mailbox.home.join(".dovecot.sieve");
            let _ = fs::remove_file(&link);
            symlink(target, link).unwrap();
            self
        }
        fn read(&self) -> Scripts {
            read(&Disk::default(), &self.mailbox, &self.paths)
        }
    }

    fn pair(name: &str, text: &str) -> (String, String) {
        (name.into(), text.into())
    }

    #[test]
    fn templates_name_the_user() {
        let mailbox = mailbox(Path::new("/home/a"));
        for (template, want) in [
            ("%h/sieve", "/home/a/sieve"),
            ("~/.dovecot.sieve", "/home/a/.dovecot.sieve"),
            ("/s/%d/%n.sieve", "/s/example.org/anna.sieve"),
            ("/s/%u", "/s/anna@example.org"),
            ("/s/100%%/%x%", "/s/100%/%x%"),
            ("/s/é%né", "/s/éannaé"),
        ] {
            assert_eq!(expand(template, &mailbox), Ok(PathBuf::from(want)), "{template}");
        }
        for user in ["../root", "..", "a/b", "..@example.org", "a\0"] {
            let hostile = Mailbox { user: user.into(), ..mailbox.clone() };
            assert!(expand("/s/%n.sieve", &hostile).is_err(), "{user:?}");
        }
    }

    #[test]
    fn nothing_there_is_nothing_read_and_nothing_reported() {
        assert_eq!(House::new().read(), Scripts::default());
        let mut house = House::new();
        house.mailbox.home = "/nowhere/anna".into();
        assert_eq!(house.read(), Scripts::default());
    }

    #[test]
    fn the_layout_of_dovecot_is_read() {
        let house = House::new();
        house
            .write("etc/before/20-b.sieve", "b")
            .write("etc/before/10-a.sieve", "a")
            .write("etc/before/x.svbin", "\u{0}");
        house.write("etc/after.sieve", "z").write("etc/default.sieve", "default").write("etc/global/g.sieve", "global");
        let scripts = house.read();
        assert_eq!(scripts.before, [pair("10-a", "a"), pair("20-b", "b")]);
        assert_eq!(scripts.after, [pair("after", "z")]);
        assert_eq!(scripts.personal, Some(pair("default", "default")), "without an active script");
        assert!(scripts.global_includes.is_empty(), "nobody includes anything");

        house.write("home/anna/sieve/main.sieve", "require \"include\";").write("home/anna/sieve/other.sieve", "o");
        house.write("home/anna/sieve/main.svbin", "\u{0}").link("sieve/main.sieve");
        let scripts = house.read();
        assert_eq!(scripts.personal, Some(pair("main", "require \"include\";")));
        assert_eq!(scripts.personal_includes, [pair("main", "require \"include\";"), pair("other", "o")]);
        assert_eq!(scripts.global_includes, [pair("g", "global")]);
        assert!(scripts.unreadable.is_empty());
    }

    #[test]
    fn the_active_script_may_be_a_file_or_a_link_to_anywhere_at_home() {
        let house = House::new();
        house.write("home/anna/.dovecot.sieve", "plain");
        assert_eq!(house.read().personal, Some(pair("dovecot", "plain")));
        house.write("home/anna/sieve/main.sieve", "main");
        house.link(house.mailbox.home.join("sieve/main.sieve"));
        assert_eq!(house.read().personal, Some(pair("main", "main")), "absolute, but at home");
        house.link("sieve/../sieve/./main.sieve");
        assert_eq!(house.read().personal, Some(pair("main", "main")));
    }

    #[test]
    fn a_link_that_leaves_home_or_leads_nowhere_is_reported_and_not_read() {
        let house = House::new();
        house.write("etc/default.sieve", "default").write("home/ben/secret.sieve", "secret");
        let secret = house.place.path().join("home/ben/secret.sieve");
        for target in [Path::new("../ben/secret.sieve"), &secret, Path::new("sieve/gone.sieve"), Path::new("sieve")] {
            let scripts = house.link(target).read();
            assert_eq!(scripts.personal, None, "{target:?}");
            assert_eq!(scripts.unreadable.len(), 1, "{target:?}");
            assert_eq!(scripts.unreadable[0].0, house.mailbox.home.join(".dovecot.sieve"));
        }
        symlink(&secret, house.mailbox.home.join("sieve/x.sieve")).unwrap();
        house.write("etc/after.sieve", "include").link("sieve/none");
        let scripts = house.read();
        assert!(scripts.personal_includes.is_empty());
        assert!(scripts.unreadable.iter().any(|(path, why)| path.ends_with("sieve/x.sieve") && why.contains("home")));
    }

    #[test]
    fn a_script_that_is_too_large_or_not_utf8_is_reported() {
        let house = House::new();
        house.write("home/anna/.dovecot.sieve", vec![b'#'; SCRIPT_BYTES_MAX as usize + 1]);
        let scripts = house.read();
        assert_eq!((scripts.personal, scripts.unreadable.len()), (None, 1));
        house.write("home/anna/.dovecot.sieve", b"\xff");
        assert_eq!(house.read().unreadable[0].1, "is not UTF-8 (RFC 5228 §2.1)");
    }
}
