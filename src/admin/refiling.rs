//! What a plan means for a message that lies there already, and a plan in words.
//!
//! Nothing is sent, answered, changed or deleted: those actions are told and left out. *Reading:* implicit keep is where
//! the message lies, explicit keep is INBOX.

use crate::mail::Edit;
use crate::plan::{Action, Flags, FolderName, Plan};
use crate::sieve::keeps;

/// What shall become of an old message.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Wish {
    /// Each folder once; never empty.
    pub(super) targets: Vec<(FolderName, Flags)>,
    /// What is left out, in words.
    pub(super) skipped: Vec<String>,
}

/// What the plan wants for a message in this folder; what is discarded goes to `trash`, or stays where there is none.
pub(super) fn wish(plan: &Plan, folder: &FolderName, trash: Option<&FolderName>) -> Wish {
    let mut wish = Wish::default();
    if plan.trouble.is_some() {
        wish.add(folder.clone(), &Flags::default());
        return wish;
    }
    for action in &plan.actions {
        match action {
            Action::File { folder: inbox, flags, .. } if inbox.is_inbox() && !keeps(&plan.trace) => {
                wish.add(folder.clone(), flags);
            }
            Action::File { folder, flags, .. } => wish.add(folder.clone(), flags),
            Action::Discard { .. } => match trash {
                Some(trash) => wish.add(trash.clone(), &Flags::default()),
                None => wish.skipped.push(word(action)),
            },
            Action::Send(_) | Action::Quarantine { .. } => wish.skipped.push(word(action)),
        }
    }
    wish.skipped.extend(edits(plan));
    if wish.targets.is_empty() {
        wish.add(folder.clone(), &Flags::default());
    }
    wish
}

impl Wish {
    fn add(&mut self, folder: FolderName, flags: &Flags) {
        match self.targets.iter_mut().find(|(known, _)| *known == folder) {
            Some((_, known)) => *known = std::mem::take(known).united(flags),
            None => self.targets.push((folder, flags.clone())),
        }
    }
}

/// All that a plan does, sorted, so that two can be compared.
pub(super) fn words(plan: &Plan) -> Vec<String> {
    let mut all: Vec<String> = plan.actions.iter().map(word).collect();
    all.extend(edits(plan));
    all.extend(plan.trouble.as_ref().map(|why| format!("failed: {why}")));
    all.sort();
    all
}

fn word(action: &Action) -> String {
    match action {
        Action::File { folder, flags, .. } => place(folder, flags),
        Action::Send(outgoing) => format!("{} to {}", outgoing.kind.word(), outgoing.to.join(", ")),
        Action::Quarantine { .. } => "quarantine".into(),
        Action::Discard { .. } => "discard".into(),
    }
}

fn edits(plan: &Plan) -> impl Iterator<Item = String> {
    plan.edits.iter().map(|edit| match edit {
        Edit::Add { name, .. } => format!("addheader {name}"),
        Edit::Delete { .. } => "deleteheader".into(),
    })
}

/// `INBOX.A`, with flags `INBOX.A (\\Seen work)`.
pub(super) fn place(folder: &FolderName, flags: &Flags) -> String {
    let names = flags.names();
    if names.is_empty() { folder.to_string() } else { format!("{folder} ({})", names.join(" ")) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sieve::{Cache, Request, Script, plan_with};

    const MAIL: &[u8] = b"From: <a@x.example>\r\nSubject: x\r\n\r\nx\r\n";

    fn run(script: &str) -> Plan {
        let require = "require [\"fileinto\", \"copy\", \"imap4flags\", \"reject\", \"editheader\", \"vacation\"];\n";
        let scripts = vec![Script::new("main", format!("{require}{script}")), Script::vendor()];
        let to = "anna@x.example".to_string();
        let request = Request { scripts, from: "a@x.example".into(), to, ..Request::default() };
        plan_with(&mut Cache::default(), MAIL, &request)
    }

    #[test]
    fn only_filing_is_done_on_old_mail() {
        let [folder, bin] = ["Work", "Trash"].map(|name| FolderName::parse(name).unwrap());
        let check = |script: &str, trash: bool, targets: &[&str], skipped: &[&str]| {
            let wish = wish(&run(script), &folder, trash.then_some(&bin));
            let got: Vec<String> = wish.targets.iter().map(|(folder, flags)| place(folder, flags)).collect();
            assert_eq!(
                (got, wish.skipped.iter().map(String::as_str).collect()),
                (words_of(targets), skipped.to_vec()),
                "{script}"
            );
        };
        check("", false, &["INBOX.Work"], &[]);
        check("keep;", false, &["INBOX"], &[]);
        check("fileinto \"INBOX\";", false, &["INBOX"], &[]);
        check("fileinto \"A\";", false, &["INBOX.A"], &[]);
        check("fileinto :copy \"A\";", false, &["INBOX.A", "INBOX.Work"], &[]);
        check("fileinto \"A\"; fileinto \"Work\";", false, &["INBOX.A", "INBOX.Work"], &[]);
        check("addflag \"\\\\Flagged\";", false, &["INBOX.Work (\\Flagged)"], &[]);
        check("discard;", false, &["INBOX.Work"], &["discard"]);
        check("discard;", true, &["INBOX.Trash"], &[]);
        check("redirect \"b@x.example\";", false, &["INBOX.Work"], &["redirect to b@x.example"]);
        check("redirect :copy \"b@x.example\"; fileinto \"A\";", false, &["INBOX.A"], &["redirect to b@x.example"]);
        check("addheader \"X-A\" \"b\"; fileinto \"A\";", false, &["INBOX.A"], &["addheader X-A"]);
        check("fileinto \"A..B\";", false, &["INBOX.Work"], &[]);
        check("if true { fileinto \"A\"; } error_of_syntax", false, &["INBOX.Work"], &[]);
    }

    fn words_of(list: &[&str]) -> Vec<String> {
        list.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn plans_that_do_the_same_read_the_same() {
        assert_eq!(words(&run("keep;")), words(&run("")));
        let one = words(&run("fileinto \"B\"; fileinto \"A\";"));
        assert_eq!(one, words(&run("fileinto \"A\"; fileinto \"B\"; ")));
        assert_eq!(one, ["INBOX.A", "INBOX.B"]);
        assert_ne!(words(&run("keep :flags \"\\\\Seen\";")), words(&run("keep;")));
        assert_eq!(words(&run("discard;")), ["discard"]);
        assert!(words(&run("fileinto \"A..B\";"))[1].starts_with("failed: script main, line 2"));
    }
}
