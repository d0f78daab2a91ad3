//! What we think of a message. Pure: facts → checks → findings → verdict; no network, disk, clock or chance.
//!
//! Looked at once per message ([`look`], inside a worker), judged once per recipient ([`judge`], in the server),
//! because each may have other rules. What a finding weighs is data (`config/rules/*.toml`).

mod checks;
mod content;
mod domains;
mod facts;
mod judge;
mod lists;
mod look;
mod phrases;
mod policy;
mod rules;
mod text;
mod verdict;

pub use checks::{CHECKS, Check};
pub use content::{Content, Treatment};
pub use facts::Facts;
pub use judge::judge;
pub use lists::{Brand, Lists};
pub use look::{Finding, Kit, Look, Summary, look, look_with};
pub use policy::{ClassPolicy, Conduct, Policy};
pub use rules::{Group, Problem, Rule, Rules, RulesError, Within};
pub use text::Text;
pub use verdict::{Class, Fate, Verdict, Weighed};

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = "From: Anna <anna@home.example>\nTo: ben@home.example\nDate: Sun, 1 Mar 2026 10:00:00 +0100\n\
                        Message-ID: <1@home.example>\nSubject: hello\n";
    const NEWSLETTER: &str = "From: Shop <news@shop.example>\nTo: ben@home.example\n\
        Date: Sun, 1 Mar 2026 10:00:00 +0100\nMessage-ID: <1@shop.example>\nSubject: Spring is here\n\
        List-Unsubscribe: <https://shop.example/u>\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\n\n\
        Our new garden chairs: https://shop.example/chairs\nUnsubscribe: https://shop.example/u\n";
    const DISCUSSION: &str = "From: Anna <anna@home.example>\nTo: choir@lists.example\n\
        Date: Sun, 1 Mar 2026 10:00:00 +0100\nMessage-ID: <1@home.example>\nSubject: [Choir] Tuesday\n\
        List-Id: <choir.lists.example>\nList-Post: <mailto:choir@lists.example>\nPrecedence: list\n\
        List-Unsubscribe: <mailto:choir-leave@lists.example>\n\nWe meet at eight.\nTo unsubscribe, write to choir-leave.\n";
    const PHISHING: &str = "From: PayPal Service <service@account-check.example>\nTo: ben@home.example\n\
        Date: Sun, 1 Mar 2026 10:00:00 +0100\nMessage-ID: <1@account-check.example>\n\
        Subject: Your account has been limited\nMIME-Version: 1.0\nContent-Type: text/html; charset=utf-8\n\n\
        <p>Verify your account within 24 hours: <a href=\"https://evil.example/x\">https://www.paypal.com/</a></p>\n";
    const FORTUNE: &str = "From: Barrister James <james@chambers.example>\nReply-To: barrister.james@gmail.com\n\
        Date: Sun, 1 Mar 2026 10:00:00 +0100\nSubject: CONFIDENTIAL BUSINESS PROPOSAL\n\n\
        Dear Friend, my late client died without next of kin. I need a foreign partner for the transfer of funds of\n\
        25 million dollars. Get back to me.\n";
    const PILLS: &str = "From: Pharmacy <x@pills.cll>\nSubject: CHEAP VIAGRA AND CIALIS\n\n\
        Online pharmacy, no prescription: http://192.0.2.7/buy\n";

    fn class_of(letter: &str) -> (Class, String) {
        let rules = Rules::embedded();
        let verdict = judge(&rules.look_at_sample(letter).unwrap(), rules, &Policy::default());
        (verdict.class, format!("{} {:?}", verdict.score, verdict.findings))
    }

    #[test]
    fn letters_of_each_kind_get_their_class() {
        let list_id = format!("{HEAD}List-Id: <choir.lists.example>\nList-Unsubscribe: <mailto:leave@lists.example>");
        for (letter, want) in [
            (HEAD, Class::Clean),
            (&list_id, Class::Clean),
            (DISCUSSION, Class::Clean),
            (NEWSLETTER, Class::Bulk),
            (PHISHING, Class::Spam),
            (FORTUNE, Class::Spam),
            (PILLS, Class::Spam),
            (&format!("; inside = program 2/a.zip/b.exe\n{HEAD}"), Class::Virus),
            (&format!("; inside = macro 2/a.doc\n{HEAD}"), Class::Spam),
            (&format!("{HEAD}\n{{gtube}}"), Class::Spam),
        ] {
            let (class, why) = class_of(letter);
            assert_eq!(class, want, "{letter}\n{why}");
        }
    }

    #[test]
    fn no_header_of_lists_makes_bulk_alone() {
        for rule in Rules::embedded().rules.values() {
            assert!(rule.bulk < Policy::default().bulk_score, "{}", rule.name);
            assert!(rule.class != Some(Class::Bulk), "{}", rule.name);
        }
    }

    #[test]
    fn no_layer_but_what_is_attached_or_known_by_name_decides_alone() {
        let may = ["attachments", "signatures"];
        for group in Rules::embedded().groups.values().filter(|group| !may.contains(&group.name.as_str())) {
            assert!(group.max < Policy::default().spam_score, "{}", group.name);
        }
    }
}
