//! The message that is answered, as far as an answer needs it.
//!
//! Reads the header only. Standards: RFC 3834 §2 (what is not answered), RFC 5230 §4.5 and §4.6.

use super::super::address::{self, Mailbox};
use super::super::rfc822::Scan;
use crate::limits::REPLY_ID_BYTES_MAX;
use crate::mail::{Field, fields};

/// The message, and what is known beside it.
#[derive(Clone, Debug)]
pub(in crate::sieve) struct Letter<'a> {
    /// The whole message, or its header.
    pub(in crate::sieve) bytes: &'a [u8],
    /// MAIL FROM; empty for the null reverse-path.
    pub(in crate::sieve) from: &'a str,
    /// All addresses of the recipient: the original one, the one of RCPT TO, aliases.
    pub(in crate::sieve) own: &'a [String],
    /// True where our verdict is spam or virus.
    pub(in crate::sieve) is_spam: bool,
}

const RECIPIENT_FIELDS: [&str; 6] = ["To", "Cc", "Bcc", "Resent-To", "Resent-Cc", "Resent-Bcc"];

impl Letter<'_> {
    fn fields(&self, name: &str) -> impl Iterator<Item = Field<'_>> {
        fields(self.bytes).filter(move |field| field.is(name))
    }

    /// The first field of that name in readable form.
    pub(super) fn text(&self, name: &str) -> Option<String> {
        self.fields(name).next().map(|field| decode(&field.text()))
    }

    /// The ids of a field without their angles; those that no header should hold are left out.
    pub(super) fn message_ids(&self, name: &str) -> Vec<String> {
        let text = self.fields(name).next().map(|field| field.text()).unwrap_or_default();
        let ids = text.split('<').skip(1).filter_map(|rest| rest.split_once('>')).map(|(id, _)| id);
        let is_fair =
            |id: &&str| !id.is_empty() && id.len() <= REPLY_ID_BYTES_MAX && id.bytes().all(|b| b.is_ascii_graphic());
        ids.filter(is_fair).map(str::to_string).collect()
    }

    /// Where an answer goes.
    ///
    /// # Errors
    /// Why there is nobody whom a program should answer.
    pub(super) fn sender(&self) -> Result<Mailbox, String> {
        if self.from.is_empty() {
            return Err("the message has the null sender".into());
        }
        address::parse_one(self.from).map_err(|why| format!("the sender {:?} can't be answered: {why}", self.from))
    }

    /// RFC 3834 §2: programs, lists and daemons are not answered.
    pub(super) fn is_for_people(&self, sender: &Mailbox) -> Result<(), String> {
        if let Some(field) = fields(self.bytes).find(|field| starts_with(field.name, "List-")) {
            return Err(format!("the message comes from a mailing list ({})", String::from_utf8_lossy(field.name)));
        }
        self.is_by_a_person()?;
        if let Some(field) = self
            .fields("Precedence")
            .find(|field| ["bulk", "junk", "list"].iter().any(|word| field.text().eq_ignore_ascii_case(word)))
        {
            return Err(format!("the message is marked as Precedence: {}", field.text()));
        }
        let suppresses = |word: &str| ["all", "oof", "autoreply"].iter().any(|w| word.trim().eq_ignore_ascii_case(w));
        if self.fields("X-Auto-Response-Suppress").any(|field| field.text().split(',').any(suppresses)) {
            return Err("the message asks for no automatic answers (X-Auto-Response-Suppress)".into());
        }
        if is_daemon(&sender.local.to_ascii_lowercase()) {
            return Err(format!("{sender} is the address of a program"));
        }
        Ok(())
    }

    /// RFC 3834 §5: no answer to a message that a program made.
    pub(super) fn is_by_a_person(&self) -> Result<(), String> {
        let by_a_program = |field: &Field<'_>| {
            let text = field.text();
            let mut scan = Scan::new(&text);
            !scan.skip().and_then(|()| scan.token()).is_some_and(|word| word.eq_ignore_ascii_case("no"))
        };
        match self.fields("Auto-Submitted").find(by_a_program) {
            Some(field) => Err(format!("the message was made by a program (Auto-Submitted: {})", field.text())),
            None => Ok(()),
        }
    }

    /// The first of `mine` to whom the message is addressed.
    pub(super) fn addressee(&self, mine: &[Mailbox]) -> Option<Mailbox> {
        let named = RECIPIENT_FIELDS.iter().flat_map(|name| self.fields(name));
        let named: Vec<Mailbox> = named.flat_map(|field| address::addresses(&field.text())).collect();
        mine.iter().find(|mailbox| named.iter().any(|other| is_same(mailbox, other))).cloned()
    }
}

/// Letter case tells no mailboxes apart, as elsewhere in tamis.
pub(super) fn is_same(a: &Mailbox, b: &Mailbox) -> bool {
    a.to_string().to_lowercase() == b.to_string().to_lowercase()
}

/// RFC 5230 §4.6 and customs: addresses that only programs have.
fn is_daemon(local: &str) -> bool {
    const BEGINS: [&str; 5] = ["mailer-daemon", "listserv", "majordomo", "owner-", "noreply"];
    const WORDS: [&str; 3] = ["no-reply", "donotreply", "do-not-reply"];
    BEGINS.iter().any(|word| local.starts_with(word))
        || WORDS.iter().any(|word| local.starts_with(word))
        || local.ends_with("-request")
}

fn starts_with(name: &[u8], start: &str) -> bool {
    name.get(..start.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(start.as_bytes()))
}

/// A value of a header in readable form, as tests of scripts see it.
pub(super) fn decode(text: &str) -> String {
    crate::sieve::letter::decode(text.as_bytes())
}
