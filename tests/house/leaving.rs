//! Scripts that send, from LMTP to the submission server: what is taken, what is refused, what is sent once.

use crate::takes_mail::{Server, Taken};
use crate::world::{Ledger, Stored, World, header_values, wait_until};

const ANNA: &str = "anna@example.org";

struct House {
    world: World,
    server: Server,
}

impl House {
    fn new(script: &str) -> Self {
        let mut world = World::new();
        let server = Server::start();
        world.accept_domains(&["example.org"]);
        world.set(&format!("[sieve]\nsubmission = \"127.0.0.1:{}\"\n", server.port));
        world.make_home(ANNA);
        world.own_file("mail/anna/.dovecot.sieve", script);
        world.start();
        Self { world, server }
    }

    /// The code that the message was answered.
    fn deliver(&self, letter: &str, from: &str) -> u16 {
        let mut ledger = Ledger::default();
        let rcpts = [ANNA.to_string()];
        self.world.lmtp().deliver(&mut ledger, from, &rcpts, letter.as_bytes()).unwrap();
        ledger.answers[0].1.code
    }

    fn kept(&self) -> Vec<Stored> {
        self.world.mail_of(ANNA)
    }

    fn taken(&self) -> Vec<Taken> {
        self.server.taken()
    }
}

fn letter(number: u32, more: &str) -> String {
    format!(
        "From: Ben <ben@friends.example>\r\nTo: <anna@example.org>\r\nDate: Fri, 21 Nov 2025 10:00:00 +0000\r\n\
         Message-ID: <{number}@friends.example>\r\nSubject: Hello {number}\r\n{more}\r\nHello Anna, how are you?\r\n"
    )
}

fn text(message: &[u8]) -> String {
    String::from_utf8_lossy(message).into_owned()
}

#[test]
fn a_redirect_leaves_before_the_answer_and_is_kept_where_nobody_takes_it() {
    let house = House::new("redirect \"anna@elsewhere.example\";");
    assert_eq!(house.deliver(&letter(1, ""), "ben@friends.example"), 250);
    let [sent] = &house.taken()[..] else { panic!("{:?}", house.taken()) };
    assert_eq!((sent.from.as_str(), sent.to.as_str()), ("ben@friends.example", "anna@elsewhere.example"));
    assert!(text(&sent.message).contains("Hello Anna"), "{}", text(&sent.message));
    assert_eq!(house.kept().len(), 0);

    house.server.answer_once("RCPT", "450 4.2.0 later");
    assert_eq!(house.deliver(&letter(2, ""), "ben@friends.example"), 451, "nobody has it, so nobody may think so");
    assert_eq!((house.taken().len(), house.kept().len()), (1, 0));
    assert_eq!(house.deliver(&letter(2, ""), "ben@friends.example"), 250);
    assert_eq!((house.taken().len(), house.kept().len()), (2, 0));

    house.server.answer_once("RCPT", "550 5.1.1 no such user");
    assert_eq!(house.deliver(&letter(3, ""), "ben@friends.example"), 250);
    let [kept] = &house.kept()[..] else { panic!("{} messages", house.kept().len()) };
    assert!(kept.header("X-PM-Sieve").concat().contains("550 no such user"), "{:?}", kept.header("X-PM-Sieve"));

    let came_back = letter(4, "X-Sieve-Redirected-From: anna@example.org\r\n");
    assert_eq!(house.deliver(&came_back, "ben@friends.example"), 250);
    assert_eq!((house.taken().len(), house.kept().len()), (2, 2), "what goes round is kept");
}

#[test]
fn a_vacation_answers_people_once_and_programs_never() {
    let house = House::new("require \"vacation\"; vacation :days 3 :subject \"Fort\" \"Ich bin weg, liebe Grüße.\";");
    for (number, more) in
        [(1, "List-Id: <l.example>\r\n"), (2, "Auto-Submitted: auto-replied\r\n"), (3, "Precedence: bulk\r\n")]
    {
        assert_eq!(house.deliver(&letter(number, more), "ben@friends.example"), 250);
    }
    assert_eq!(house.deliver(&letter(4, ""), ""), 250);
    assert_eq!(house.deliver(&letter(5, ""), "ben@friends.example"), 250);
    wait_until(10, "the answer is there", || !house.taken().is_empty());
    assert_eq!(house.deliver(&letter(6, ""), "ben@friends.example"), 250);
    let [sent] = &house.taken()[..] else { panic!("{:?}", house.taken()) };
    assert_eq!((sent.from.as_str(), sent.to.as_str()), ("", "ben@friends.example"));
    assert_eq!(header_values(&sent.message, "In-Reply-To"), ["<5@friends.example>"]);
    assert_eq!(header_values(&sent.message, "Subject"), ["Fort"]);
    assert_eq!(house.kept().len(), 6, "an answer keeps the message");
}

#[test]
fn a_reject_tells_the_sender_and_never_bounces() {
    let house = House::new("require \"reject\"; reject \"Not here.\";");
    assert_eq!(house.deliver(&letter(1, ""), "ben@friends.example"), 250);
    let [sent] = &house.taken()[..] else { panic!("{:?}", house.taken()) };
    assert_eq!((sent.from.as_str(), sent.to.as_str()), ("", "ben@friends.example"));
    assert!(text(&sent.message).contains("Not here."), "{}", text(&sent.message));
    assert_eq!(house.kept().len(), 0);
    // The null sender can't be told; the journal remembers.
    assert_eq!(house.deliver(&letter(2, ""), ""), 250);
    assert_eq!((house.taken().len(), house.kept().len()), (1, 0));
    let rows = house.world.journal(2);
    assert!(rows.iter().any(|row| row["outcome"].as_str().unwrap().contains("discarded")), "{rows:?}");
    // A program's mail is not answered, and not lost.
    assert_eq!(house.deliver(&letter(3, "Auto-Submitted: auto-generated\r\n"), "cron@friends.example"), 250);
    assert_eq!((house.taken().len(), house.kept().len()), (1, 1));
}

#[test]
fn a_duplicate_is_known_by_the_next_delivery_and_by_nobody_else() {
    let house = House::new("require [\"duplicate\", \"fileinto\"]; if duplicate { fileinto \"Again\"; }");
    let again = |more: &str| letter(1, more);
    for more in ["X-Try: 1\r\n", "X-Try: 2\r\n", "X-Try: 3\r\n"] {
        assert_eq!(house.deliver(&again(more), "ben@friends.example"), 250);
    }
    assert_eq!(house.deliver(&letter(2, ""), "ben@friends.example"), 250);
    let mut folders: Vec<String> = house.kept().into_iter().map(|mail| mail.folder).collect();
    folders.sort();
    assert_eq!(folders, ["INBOX", "INBOX", "INBOX.Again", "INBOX.Again"]);
}

#[test]
fn a_changed_header_and_keywords_are_stored_as_the_script_left_them() {
    let house = House::new(
        "require [\"editheader\", \"fileinto\", \"imap4flags\", \"copy\"];\n\
         fileinto :copy \"Before\";\naddheader \"X-Note\" \"Grüße\";\ndeleteheader \"X-Secret\";\n\
         fileinto :flags [\"\\\\Flagged\", \"$Work\"] \"After\";",
    );
    assert_eq!(house.deliver(&letter(1, "X-Secret: hidden\r\n"), "ben@friends.example"), 250);
    let mail = house.kept();
    let of = |folder: &str| mail.iter().find(|mail| mail.folder == folder).unwrap();
    assert_eq!(of("INBOX.Before").header("X-Secret"), ["hidden"]);
    assert!(of("INBOX.Before").header("X-Note").is_empty());
    assert!(of("INBOX.After").header("X-Secret").is_empty());
    assert_eq!(of("INBOX.After").header("X-Note").len(), 1);
    let keywords = std::fs::read_to_string(house.world.path("mail/anna/Maildir/.After/dovecot-keywords")).unwrap();
    assert_eq!(keywords, "0 $Work\n");
    let body = |message: &[u8]| text(message).split_once("\r\n\r\n").unwrap().1.to_string();
    assert_eq!(body(&of("INBOX.After").bytes), "Hello Anna, how are you?\r\n");
}

#[test]
fn what_is_held_is_never_sent_on() {
    let house = House::new("redirect \"anna@elsewhere.example\";");
    let eicar = ["X5O!P%@AP[4\\PZX54(P^)7CC)7}$EICAR", "-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"].concat();
    let virus = letter(1, "").replace("Hello Anna, how are you?", &eicar);
    assert_eq!(house.deliver(&virus, "ben@friends.example"), 250);
    assert_eq!((house.taken().len(), house.kept().len()), (0, 0));
    let rows = house.world.journal(1);
    assert!(rows[0]["outcome"].as_str().unwrap().contains("quarantine"), "{rows:?}");
}
