//! Keywords that we set are the keywords that Dovecot shows, and its own keep their letters beside ours.

use crate::{
    dovecot::Dovecot,
    is_missing,
    world::{World, mail_owner},
};
use tamis::mail::{Address, Stamp};
use tamis::plan::{Action, Flags, FolderName, Mailbox, Plan, Quota, Rcpt};
use tamis::store::{Disk, Key, Options, Order, Store};

const ANNA: &str = "anna@example.test";

fn deliver(world: &World, key: u8, flags: &[&str]) {
    let options = Options { dir: world.path("store"), host_name: "tamis.example".into() };
    let store = Store::open(&options, Disk::default()).unwrap();
    let home = world.home(ANNA);
    let (maildir, owner, quota) = (home.join("Maildir"), Some(mail_owner()), Quota::default());
    let mailbox = Mailbox { user: ANNA.into(), domain: "example.test".into(), home, maildir, owner, quota };
    let rcpt = &Rcpt { address: Address::parse(ANNA).unwrap(), mailbox };
    let flags = Flags::from_names(flags.iter().copied());
    let plan = &Plan::of(Action::File { folder: FolderName::parse("Work").unwrap(), flags, edits: 0 });
    let message = format!("From: <x@friends.example>\r\nSubject: number {key}\r\n\r\nHello\r\n");
    let (message, stamp, key) = (message.as_bytes(), &Stamp::default(), Key([key; 32]));
    store.carry_out(&Order { plan, rcpt, message, stamp, key, held: None, leaving: None }).unwrap();
}

#[test]
fn dovecot_and_we_share_the_letters_of_a_folder() {
    if is_missing(&["dovecot"], true) {
        return;
    }
    let world = World::new();
    let users = world.passwd_file(&[(ANNA.into(), "")]);
    world.make_home(ANNA);
    deliver(&world, 1, &["\\Flagged", "$Label1", "work"]);
    let dovecot = Dovecot::start(&world, &users);
    let mut imap = dovecot.imap(ANNA);
    assert_eq!(imap.flags("INBOX.Work"), ["$Label1 \\Flagged work"]);
    // Dovecot gives the next letter to a keyword of its own, and we the one after.
    imap.add_flag("INBOX.Work", "1", "theirs");
    deliver(&world, 2, &["ours", "theirs"]);
    deliver(&world, 3, &[]);
    let mut imap = dovecot.imap(ANNA);
    assert_eq!(imap.flags("INBOX.Work"), ["$Label1 \\Flagged theirs work", "ours theirs", ""]);
    let letters = std::fs::read_to_string(world.home(ANNA).join("Maildir/.Work/dovecot-keywords")).unwrap();
    assert_eq!(letters, "0 $Label1\n1 work\n2 theirs\n3 ours\n");
}
