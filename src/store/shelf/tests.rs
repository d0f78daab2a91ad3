//! Tests of the shelf: Dovecot's layout, no way out of a home, nothing lost whatever call fails.

use super::*;
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};

const LIMITS: ShelfLimits = ShelfLimits { scripts: 3, script_bytes: 100, bytes: 200 };

struct House {
    place: tempfile::TempDir,
    mailbox: Mailbox,
    paths: ScriptPaths,
    shelves: Shelves,
}

impl House {
    fn new() -> Self {
        Self::on(Disk::default())
    }

    fn on(disk: Disk) -> Self {
        let place = tempfile::tempdir().unwrap();
        let home = place.path().join("anna");
        let mailbox = Mailbox {
            user: "anna@example.org".into(),
            domain: "example.org".into(),
            maildir: home.join("Maildir"),
            home,
            owner: None,
            quota: Default::default(),
        };
        let paths = ScriptPaths { dir: "%h/sieve".into(), active: "~/.dovecot.sieve".into(), ..ScriptPaths::default() };
        Self { place, mailbox, paths, shelves: Shelves::new(disk) }
    }

    fn of(&self) -> Owned<'_> {
        Owned { mailbox: &self.mailbox, paths: &self.paths }
    }

    fn put(&self, script: &str, text: &str) -> Result<(), ShelfError> {
        self.shelves.put(self.of(), &name(script), text.as_bytes(), LIMITS)
    }

    fn activate(&self, script: &str) -> Result<(), ShelfError> {
        let wanted = (!script.is_empty()).then(|| name(script));
        self.shelves.activate(self.of(), wanted.as_ref())
    }

    fn get(&self, script: &str) -> Result<String, ShelfError> {
        self.shelves.get(self.of(), &name(script)).map(|bytes| String::from_utf8(bytes).unwrap())
    }

    /// Names, the active one with a star.
    fn list(&self) -> String {
        let list = self.shelves.list(self.of()).unwrap();
        list.iter().map(|s| format!("{}{}", s.name, if s.active { "*" } else { "" })).collect::<Vec<_>>().join(" ")
    }

    fn path(&self, below: &str) -> PathBuf {
        self.mailbox.home.join(below)
    }
}

fn name(text: &str) -> ScriptName {
    ScriptName::parse(text).unwrap()
}

#[test]
fn names_that_could_be_paths_or_break_lines_are_refused() {
    for good in ["main", "Ürlaub 2026", ".hidden", "..", "a.sieve", &"x".repeat(249)] {
        assert!(ScriptName::parse(good).is_some(), "{good}");
    }
    for bad in
        ["", "a/b", "a\0", "a\n", "a\u{7f}", "a\u{85}", "a\u{2028}", "a\u{2029}", &"x".repeat(250), &"é".repeat(130)]
    {
        assert!(ScriptName::parse(bad).is_none(), "{bad:?}");
    }
}

#[test]
fn scripts_are_kept_as_dovecot_keeps_them() {
    let house = House::new();
    assert_eq!((house.list().as_str(), house.get("main")), ("", Err(ShelfError::NonExistent)));
    house.put("main", "keep;").unwrap();
    house.put("main", "stop;").unwrap();
    house.put("other", "").unwrap();
    house.activate("main").unwrap();
    assert_eq!((house.list().as_str(), house.get("main").as_deref()), ("main* other", Ok("stop;")));
    assert_eq!(fs::read_link(house.path(".dovecot.sieve")).unwrap(), Path::new("sieve/main.sieve"));
    let mode = |below: &str| fs::metadata(house.path(below)).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode("sieve"), mode("sieve/main.sieve")), (0o700, 0o600));
    assert_eq!(fs::read_dir(house.path("sieve/tmp")).unwrap().count(), 0);
}

#[test]
fn the_active_script_can_be_renamed_but_not_deleted() {
    let house = House::new();
    house.put("a", "keep;").unwrap();
    house.put("b", "stop;").unwrap();
    house.activate("a").unwrap();
    let rename = |from: &str, to: &str| house.shelves.rename(house.of(), &name(from), &name(to));
    let delete = |script: &str| house.shelves.delete(house.of(), &name(script));
    assert_eq!(delete("a"), Err(ShelfError::Active));
    assert_eq!(rename("a", "b"), Err(ShelfError::AlreadyExists));
    assert_eq!(rename("a", "a"), Err(ShelfError::AlreadyExists));
    assert_eq!(rename("x", "y"), Err(ShelfError::NonExistent));
    rename("a", "c").unwrap();
    assert_eq!((house.list().as_str(), house.get("c").as_deref()), ("b c*", Ok("keep;")));
    assert_eq!(delete("a"), Err(ShelfError::NonExistent));
    house.activate("").unwrap();
    assert!(fs::symlink_metadata(house.path(".dovecot.sieve")).is_err());
    delete("c").unwrap();
    house.activate("").unwrap();
    assert_eq!((house.list().as_str(), house.activate("c")), ("b", Err(ShelfError::NonExistent)));
}

#[test]
fn limits_count_the_difference_and_say_which_one_it_was() {
    let house = House::new();
    assert_eq!(house.put("big", &"x".repeat(101)), Err(ShelfError::TooLarge(100)));
    for script in ["a", "b"] {
        house.put(script, &"x".repeat(90)).unwrap();
    }
    assert_eq!(house.put("c", &"x".repeat(21)), Err(ShelfError::Full(200)));
    house.put("c", &"x".repeat(20)).unwrap();
    house.put("a", &"x".repeat(90)).unwrap();
    assert_eq!(house.put("d", ""), Err(ShelfError::TooMany(3)));
    assert_eq!(house.shelves.has_space(house.of(), &name("a"), 91, LIMITS), Err(ShelfError::Full(200)));
    assert_eq!(house.shelves.has_space(house.of(), &name("a"), 90, LIMITS), Ok(()));
}

#[test]
fn a_plain_active_file_is_rescued_under_a_name_of_its_own() {
    let house = House::new();
    house.put("main", "keep;").unwrap();
    house.put("dovecot.orig", "theirs").unwrap();
    fs::write(house.path(".dovecot.sieve"), "precious").unwrap();
    assert_eq!(house.list(), "dovecot.orig main");
    house.activate("main").unwrap();
    assert_eq!(house.list(), "dovecot.orig dovecot.orig.1 main*");
    assert_eq!(house.get("dovecot.orig.1").as_deref(), Ok("precious"));
}

#[test]
fn links_of_the_user_never_lead_out_of_the_home() {
    let house = House::new();
    house.put("main", "keep;").unwrap();
    let other = house.place.path().join("ben");
    fs::create_dir(&other).unwrap();
    fs::write(other.join("secret.sieve"), "secret").unwrap();
    symlink(other.join("secret.sieve"), house.path("sieve/way.sieve")).unwrap();
    symlink(other.join("secret.sieve"), house.path(".dovecot.sieve")).unwrap();
    assert!(matches!(house.get("way"), Err(ShelfError::Refused(_))));
    assert_eq!(house.list(), "main way", "a foreign link is no active script");
    // Putting replaces the link, not what it points to.
    house.put("way", "mine").unwrap();
    assert_eq!(fs::read(other.join("secret.sieve")).unwrap(), b"secret");
    fs::remove_dir_all(house.path("sieve")).unwrap();
    symlink(&other, house.path("sieve")).unwrap();
    assert!(house.put("main", "keep;").is_err() && house.shelves.list(house.of()).is_err());
    assert_eq!(fs::read_dir(&other).unwrap().count(), 1);
}

#[test]
fn link_and_scripts_may_share_a_folder_and_lie_outside_of_the_home() {
    let mut house = House::new();
    house.paths = ScriptPaths {
        dir: house.place.path().join("store/%n").display().to_string(),
        active: house.place.path().join("store/%n/active.sieve").display().to_string(),
        ..ScriptPaths::default()
    };
    house.put("main", "keep;").unwrap();
    assert!(house.put("active", "keep;").is_err(), "the link's own name is nobody's");
    house.activate("main").unwrap();
    assert_eq!(house.list(), "main*");
    house.paths.dir = String::new();
    assert!(matches!(house.put("main", ""), Err(ShelfError::Refused(refusal)) if refusal.cause.contains("sieve.dir")));
}

#[test]
fn whatever_call_fails_the_old_script_or_the_new_one_is_there_and_active() {
    type Act = fn(&House) -> Result<(), ShelfError>;
    let acts: [Act; 3] = [
        |house| house.put("main", "new"),
        |house| house.shelves.rename(house.of(), &name("main"), &name("moved")),
        |house| house.activate("other"),
    ];
    for act in acts {
        for call in 1.. {
            let mut house = House::new();
            house.put("main", "old").unwrap();
            house.put("other", "other").unwrap();
            house.activate("main").unwrap();
            house.shelves = Shelves::new(Disk::failing_at(call, 28));
            let done = act(&house);
            house.shelves = Shelves::new(Disk::default());
            let active = fs::read_to_string(house.path(".dovecot.sieve")).unwrap();
            assert!(["old", "new", "other"].contains(&active.as_str()), "call {call}: {active}");
            assert!(house.list().contains('*'), "call {call}");
            if done.is_ok() && call > 30 {
                break;
            }
        }
    }
}
