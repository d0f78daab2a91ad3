//! Carries out what concerns scripts, and puts what came of it into the words of the protocol.
//!
//! Diagnostics have the shape that clients know from Pigeonhole, `NAME: line N: error: WORDS`, and the column behind.
//! Standards: RFC 5804 §2.3 to §2.12, §1.3 (response codes).

use super::command::Act;
use super::reply::Reply;
use crate::admin::scripts::{self, Diagnostic, Editor, No, NotPut};
use crate::deliver::Env;
use crate::limits::SIEVE_DIAGNOSTICS_MAX;
use std::sync::Arc;

/// Does it and says how it went.
pub(super) async fn carry_out(act: Act, editor: &Editor, env: &Arc<Env>) -> Reply {
    match act {
        Act::HaveSpace(name, bytes) => done(scripts::has_space(&name, bytes, editor, env).await, "There is room"),
        Act::Put(name, text) => match scripts::put(&name, &text, editor, env).await {
            Ok(report) => with_warnings("Stored", name.as_str(), &report.warnings),
            Err(why) => not_put(why, name.as_str(), "was not stored"),
        },
        Act::Check(text) => match scripts::check(&text, editor, env).await {
            Ok(report) if report.errors.is_empty() => with_warnings("Script is right", "", &report.warnings),
            Ok(report) => not_put(NotPut::Invalid(report), "", "would not be stored"),
            Err(why) => not_put(why, "", "would not be stored"),
        },
        Act::List => match scripts::list(editor, env).await {
            Ok(list) => list.iter().fold(Reply::ok("That is all"), |reply, script| {
                reply.line(&[script.name.as_str().as_bytes()], if script.active { "ACTIVE" } else { "" })
            }),
            Err(why) => refusal(&why),
        },
        Act::Get(name) => match scripts::get(&name, editor, env).await {
            Ok(text) => Reply::ok("That is it").content(&text),
            Err(why) => refusal(&why),
        },
        Act::SetActive(name) => {
            let words = if name.is_some() { "Script is active" } else { "No script is active" };
            match scripts::activate(name.as_ref(), editor, env).await {
                Ok(()) => Reply::ok(words),
                Err(why) => not_put(why, name.as_ref().map_or("", |name| name.as_str()), "was not made active"),
            }
        }
        Act::Delete(name) => done(scripts::delete(&name, editor, env).await, "Deleted"),
        Act::Rename(from, to) => done(scripts::rename(&from, &to, editor, env).await, "Renamed"),
    }
}

fn done(result: Result<(), No>, words: &str) -> Reply {
    match result {
        Ok(()) => Reply::ok(words),
        Err(why) => refusal(&why),
    }
}

fn refusal(why: &No) -> Reply {
    match why {
        No::NonExistent => Reply::no("There is no such script").with_code("NONEXISTENT"),
        No::AlreadyExists => Reply::no("There is a script of this name already").with_code("ALREADYEXISTS"),
        No::Active => Reply::no("The active script can't be deleted").with_code("ACTIVE"),
        No::TooMany(max) => Reply::no(format!("You may have {max} scripts")).with_code("QUOTA/MAXSCRIPTS"),
        No::TooLarge(max) => Reply::no(format!("A script may have {max} octets")).with_code("QUOTA/MAXSIZE"),
        No::Full(max) => Reply::no(format!("All your scripts may have {max} octets")).with_code("QUOTA/MAXSTORAGE"),
        No::Refused(refusal) => {
            tracing::error!(cause = refusal.cause, remedy = refusal.kind.remedy(), "a script could not be handled");
            Reply::no("Scripts can't be read or written right now, try again later").with_code("TRYLATER")
        }
    }
}

/// `end` says what did not happen.
fn not_put(why: NotPut, name: &str, end: &str) -> Reply {
    match why {
        NotPut::Shelf(why) => refusal(&why),
        NotPut::Unchecked(trouble) => {
            tracing::error!(cause = %trouble, "a script could not be checked");
            Reply::no("Script can't be checked right now, try again later").with_code("TRYLATER")
        }
        NotPut::Invalid(report) => {
            let mut words = lines(name, "error", &report.errors);
            words.push_str(&lines(name, "warning", &report.warnings));
            words.push_str(&of(name, &format!("error: the script {end}\r\n")));
            Reply::no(words)
        }
    }
}

fn with_warnings(words: &str, name: &str, warnings: &[Diagnostic]) -> Reply {
    if warnings.is_empty() {
        Reply::ok(words)
    } else {
        Reply::ok(lines(name, "warning", warnings)).with_code("WARNINGS")
    }
}

/// One line for each, the first [`SIEVE_DIAGNOSTICS_MAX`] of them.
fn lines(name: &str, kind: &str, diagnostics: &[Diagnostic]) -> String {
    let mut out = String::new();
    for found in diagnostics.iter().take(SIEVE_DIAGNOSTICS_MAX) {
        let mend = found.mend.as_deref().map(|mend| format!("; {mend}")).unwrap_or_default();
        let place = format!("line {}: {kind}: {} (column {}){mend}\r\n", found.line, found.words, found.column);
        out.push_str(&of(name, &place));
    }
    if let Some(more) = diagnostics.len().checked_sub(SIEVE_DIAGNOSTICS_MAX).filter(|more| *more > 0) {
        out.push_str(&of(name, &format!("{kind}: {more} more were found\r\n")));
    }
    out
}

fn of(name: &str, line: &str) -> String {
    if name.is_empty() { line.to_string() } else { format!("{name}: {line}") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sieve::Report;

    fn found(line: usize, words: &str, mend: Option<&str>) -> Diagnostic {
        let (words, mend) = (words.to_string(), mend.map(str::to_string));
        Diagnostic { line, column: 7, code: "x".into(), words, mend, excerpt: String::new() }
    }

    fn wire(reply: &Reply) -> String {
        let mut out = Vec::new();
        reply.write(&mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn diagnostics_have_the_shape_that_clients_know() {
        let errors = vec![found(2, "unknown test `hedaer`", Some("did you mean `header`?")), found(3, "x", None)];
        let report = Report { errors, warnings: vec![found(1, "unused", None)] };
        let said = wire(&not_put(NotPut::Invalid(report.clone()), "main", "was not stored"));
        assert!(said.starts_with("NO {"), "{said}");
        assert!(said.contains("\r\nmain: line 2: error: unknown test `hedaer` (column 7); did you mean `header`?\r\n"));
        assert!(said.contains("main: line 1: warning: unused (column 7)\r\n"), "{said}");
        assert!(said.ends_with("main: error: the script was not stored\r\n\r\n"), "{said}");
        assert!(wire(&not_put(NotPut::Invalid(report.clone()), "", "was not stored")).contains("}\r\nline 2: error: "));
        assert!(wire(&with_warnings("Stored", "main", &report.warnings)).starts_with("OK (WARNINGS) {"));
        let many = lines("a", "error", &vec![found(1, "x", None); SIEVE_DIAGNOSTICS_MAX + 3]);
        assert_eq!(many.lines().count(), SIEVE_DIAGNOSTICS_MAX + 1);
        assert!(many.ends_with("a: error: 3 more were found\r\n"));
    }
}
