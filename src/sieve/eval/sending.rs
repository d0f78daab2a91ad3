//! The actions by which a message leaves: redirect, reject, vacation, notify.
//!
//! What our own messages say is made in `reply`. Standards: RFC 5228 §4.2, RFC 5429 §2, RFC 5230 §4, RFC 5435 §3.

use super::super::outcome::DoneAct;
use super::super::program::Vacation;
use super::super::reply::{self, Origin};
use super::super::template::Template;
use super::super::{address, reply::notify, reply::reject, reply::vacation};
use super::{Answer, Run, shown};

impl Run<'_> {
    pub(super) fn redirect(&mut self, address: &Template, copy: bool, line: usize) -> Answer<()> {
        let text = self.expand(address);
        let to = address::parse_one(&text).map_err(|why| format!("redirect {}: {why}", shown(&text)))?;
        self.no_reject("redirect")?;
        self.implicit_keep &= copy;
        let to = format!("{}@{}", to.local, to.domain);
        let known = self.before.iter().chain(&self.done).filter(|done| matches!(done.act, DoneAct::Redirect { .. }));
        let known = known.count();
        let is_new = !self.before.iter().chain(&self.done).any(|done| is_redirect_to(&done.act, &to));
        let most = self.request.options.redirects_max;
        if is_new && known >= most {
            return Err(format!("redirect {}: the scripts redirect the message more than {most} times", shown(&to)));
        }
        let request = self.request;
        // The null reverse-path stays: a bounce may not make bounces.
        let from = match request.options.redirect_from_recipient && !request.from.is_empty() {
            true => self.own_address(),
            false => request.from.clone(),
        };
        let what = format!("redirect {}", shown(&to));
        let act = DoneAct::Redirect { to: to.clone(), from };
        self.once(|done| is_redirect_to(done, &to), act, what, line)
    }

    pub(super) fn reject(&mut self, reason: &Template, extended: bool, line: usize) -> Answer<()> {
        let reason = self.expand(reason);
        for done in &self.done {
            let other = match &done.act {
                DoneAct::Reject { .. } => "another reject",
                DoneAct::Keep { .. } | DoneAct::Store { .. } => "a delivery",
                DoneAct::Redirect { .. } => "a redirect",
                DoneAct::Vacation { .. } => "an answer",
                DoneAct::Discard | DoneAct::Notify { .. } => continue,
            };
            return Err(format!("reject: line {} wants {other}, which excludes it", done.line));
        }
        self.room_for_one()?;
        self.implicit_keep = false;
        let own = self.own_addresses(&[]);
        let sender = self.own_address();
        let reply =
            reject::rejection(&reason, &self.request.to, &sender, &self.answered(&own), &self.origin(&self.seed()));
        let drops = self.request.from.is_empty() || self.is_spam();
        self.decide(line, DoneAct::Reject { reason, extended, reply, drops }, "reject".into());
        Ok(())
    }

    pub(super) fn vacation(&mut self, given: &Vacation, line: usize) -> Answer<()> {
        self.no_reject("vacation")?;
        if let Some(done) = self.done.iter().find(|done| matches!(done.act, DoneAct::Vacation { .. })) {
            return Err(format!("vacation: line {} answers already", done.line));
        }
        if self.before.iter().any(|done| matches!(done.act, DoneAct::Vacation { .. })) {
            // Whom an earlier script of the sequence answers gets no second answer.
            self.note(line, "vacation (again)".into());
            return Ok(());
        }
        self.room_for_one()?;
        let options = &self.request.options;
        let mut seconds = given.seconds.unwrap_or(options.vacation_seconds_default).max(options.vacation_seconds_min);
        if options.vacation_seconds_max > 0 {
            seconds = seconds.min(options.vacation_seconds_max);
        }
        let text = |template: &Option<Template>| template.as_ref().map(|template| self.expand(template));
        let action = vacation::Vacation {
            reason: self.expand(&given.reason),
            subject: text(&given.subject),
            from: text(&given.from),
            addresses: self.expand_all(&given.addresses),
            handle: text(&given.handle),
            written: [
                given.subject.as_ref().map(Template::source).unwrap_or_default(),
                given.from.as_ref().map(Template::source).unwrap_or_default(),
                given.reason.source(),
            ],
            is_mime: given.mime,
            seconds: i64::try_from(seconds).unwrap_or(i64::MAX),
        };
        let own = self.own_addresses(&action.addresses);
        let reply = vacation::answer(&action, &self.answered(&own), &self.origin(&self.seed()));
        let what = match &reply {
            Ok(outgoing) => format!("vacation: an answer for {}", shown(&outgoing.to.join(", "))),
            Err(why) => format!("vacation: no answer, because {why}"),
        };
        self.decide(line, DoneAct::Vacation { reply }, what);
        Ok(())
    }

    pub(super) fn notify(
        &mut self,
        method: &Template,
        from: Option<&Template>,
        importance: Option<&Template>,
        message: Option<&Template>,
        line: usize,
    ) -> Answer<()> {
        let method = self.expand(method);
        let mailto = notify::parse_mailto(&method).map_err(|why| format!("notify {}: {why}", shown(&method)))?;
        let text = |template: Option<&Template>| template.map(|template| self.expand(template));
        let importance = match text(importance).as_deref() {
            None => 2,
            Some("1") => 1,
            Some("2") => 2,
            Some("3") => 3,
            Some(other) => return Err(format!("notify: :importance is \"1\", \"2\" or \"3\", not {}", shown(other))),
        };
        self.room_for_one()?;
        let action = notify::Notify { from: text(from), message: text(message), importance };
        let own = self.own_addresses(&[]);
        let reply = notify::notification(&action, &mailto, &self.answered(&own), &self.origin(&self.seed()));
        let what = match &reply {
            Ok(outgoing) => format!("notify {}", shown(&outgoing.to.join(", "))),
            Err(why) => format!("notify: nothing is sent, because {why}"),
        };
        self.decide(line, DoneAct::Notify { method, reply }, what);
        Ok(())
    }

    /// The user's main address.
    fn own_address(&self) -> String {
        let request = self.request;
        if request.user_email.is_empty() { request.to.clone() } else { request.user_email.clone() }
    }

    fn own_addresses(&self, more: &[String]) -> Vec<String> {
        let request = self.request;
        let known = [Some(&request.user_email), Some(&request.to), request.orig_to.as_ref()];
        known.into_iter().flatten().chain(more).filter(|address| !address.is_empty()).cloned().collect()
    }

    fn answered<'s>(&'s self, own: &'s [String]) -> reply::Letter<'s> {
        reply::Letter { bytes: self.letter.raw(), from: &self.request.from, own, is_spam: self.is_spam() }
    }

    fn is_spam(&self) -> bool {
        matches!(self.request.scan.as_ref().map(|scan| scan.class.as_str()), Some("SPAM" | "VIRUS"))
    }

    fn origin<'s>(&'s self, seed: &'s str) -> Origin<'s> {
        let host = self.request.environment.get("host").map_or("localhost", String::as_str);
        Origin { now: self.request.now, seed, host }
    }

    /// Another one for each message of a run.
    fn seed(&self) -> String {
        format!("{} {}", self.request.seed, self.done.len())
    }
}

fn is_redirect_to(act: &DoneAct, address: &str) -> bool {
    matches!(act, DoneAct::Redirect { to, .. } if to == address)
}
