//! One command as a value.
//!
//! Does not know the state of the session. Standards: RFC 5804 §2 (commands), §1.6 (names of scripts).

use super::words::Word;
use crate::admin::scripts::ScriptName;

/// What a peer asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Command {
    Authenticate {
        mechanism: String,
        /// Base64, not decoded.
        initial: Option<Vec<u8>>,
    },
    StartTls,
    Logout,
    Capability,
    /// With the text to be sent back.
    Noop(Option<Vec<u8>>),
    Unauthenticate,
    Script(Act),
}

/// What a peer wants done with scripts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Act {
    HaveSpace(ScriptName, u64),
    Put(ScriptName, Vec<u8>),
    List,
    /// `None`: no script shall be active.
    SetActive(Option<ScriptName>),
    Get(ScriptName),
    Delete(ScriptName),
    Rename(ScriptName, ScriptName),
    Check(Vec<u8>),
}

/// Why words are no command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    Unknown,
    /// The form that was expected.
    Usage(&'static str),
    Name,
}

/// Reads the words of one command.
///
/// # Errors
/// The [`Fault`] that the peer is told.
pub(super) fn parse(words: Vec<Word>) -> Result<Command, Fault> {
    let mut words = words.into_iter();
    let Some(Word::Atom(verb)) = words.next() else { return Err(Fault::Unknown) };
    let verb = verb.to_ascii_uppercase();
    let arguments: Vec<Word> = words.collect();
    match verb.as_str() {
        "AUTHENTICATE" => authenticate(arguments),
        "STARTTLS" => alone(arguments, Command::StartTls),
        "LOGOUT" => alone(arguments, Command::Logout),
        "CAPABILITY" => alone(arguments, Command::Capability),
        "UNAUTHENTICATE" => alone(arguments, Command::Unauthenticate),
        "NOOP" => match arguments.as_slice() {
            [] => Ok(Command::Noop(None)),
            [Word::Text(tag)] => Ok(Command::Noop(Some(tag.clone()))),
            _ => Err(Fault::Usage("Form is NOOP or NOOP \"tag\"")),
        },
        _ => script(&verb, arguments).map(Command::Script),
    }
}

fn authenticate(arguments: Vec<Word>) -> Result<Command, Fault> {
    let usage = Fault::Usage("Form is AUTHENTICATE \"mechanism\" or AUTHENTICATE \"mechanism\" \"initial response\"");
    let mut arguments = arguments.into_iter();
    let (mechanism, initial) = match (arguments.next(), arguments.next(), arguments.next()) {
        (Some(Word::Text(mechanism)), None, None) => (mechanism, None),
        (Some(Word::Text(mechanism)), Some(Word::Text(initial)), None) => (mechanism, Some(initial)),
        _ => return Err(usage),
    };
    String::from_utf8(mechanism).map(|mechanism| Command::Authenticate { mechanism, initial }).map_err(|_| usage)
}

fn alone(arguments: Vec<Word>, command: Command) -> Result<Command, Fault> {
    if arguments.is_empty() { Ok(command) } else { Err(Fault::Usage("Command takes no argument")) }
}

fn script(verb: &str, arguments: Vec<Word>) -> Result<Act, Fault> {
    let mut arguments = arguments.into_iter();
    let given = (arguments.next(), arguments.next(), arguments.next());
    match (verb, given) {
        ("HAVESPACE", (Some(Word::Text(of)), Some(Word::Number(bytes)), None)) => Ok(Act::HaveSpace(name(of)?, bytes)),
        ("HAVESPACE", _) => Err(Fault::Usage("Form is HAVESPACE \"name\" octets")),
        ("PUTSCRIPT", (Some(Word::Text(of)), Some(Word::Text(text)), None)) => Ok(Act::Put(name(of)?, text)),
        ("PUTSCRIPT", _) => Err(Fault::Usage("Form is PUTSCRIPT \"name\" \"script\"")),
        ("LISTSCRIPTS", (None, None, None)) => Ok(Act::List),
        ("LISTSCRIPTS", _) => Err(Fault::Usage("Command takes no argument")),
        ("SETACTIVE", (Some(Word::Text(of)), None, None)) if of.is_empty() => Ok(Act::SetActive(None)),
        ("SETACTIVE", (Some(Word::Text(of)), None, None)) => Ok(Act::SetActive(Some(name(of)?))),
        ("SETACTIVE", _) => Err(Fault::Usage("Form is SETACTIVE \"name\" or SETACTIVE \"\"")),
        ("GETSCRIPT", (Some(Word::Text(of)), None, None)) => Ok(Act::Get(name(of)?)),
        ("GETSCRIPT", _) => Err(Fault::Usage("Form is GETSCRIPT \"name\"")),
        ("DELETESCRIPT", (Some(Word::Text(of)), None, None)) => Ok(Act::Delete(name(of)?)),
        ("DELETESCRIPT", _) => Err(Fault::Usage("Form is DELETESCRIPT \"name\"")),
        ("RENAMESCRIPT", (Some(Word::Text(from)), Some(Word::Text(to)), None)) => {
            Ok(Act::Rename(name(from)?, name(to)?))
        }
        ("RENAMESCRIPT", _) => Err(Fault::Usage("Form is RENAMESCRIPT \"old name\" \"new name\"")),
        ("CHECKSCRIPT", (Some(Word::Text(text)), None, None)) => Ok(Act::Check(text)),
        ("CHECKSCRIPT", _) => Err(Fault::Usage("Form is CHECKSCRIPT \"script\"")),
        _ => Err(Fault::Unknown),
    }
}

fn name(bytes: Vec<u8>) -> Result<ScriptName, Fault> {
    String::from_utf8(bytes).ok().and_then(|name| ScriptName::parse(&name)).ok_or(Fault::Name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::serve::managesieve::words::cut;

    fn read(line: &str) -> Result<Command, Fault> {
        let mut words = Vec::new();
        cut(line.as_bytes(), &mut words).unwrap();
        parse(words)
    }

    #[test]
    fn commands_are_read_in_any_case_with_their_arguments() {
        let name = |text: &str| ScriptName::parse(text).unwrap();
        for (line, want) in [
            ("logout", Command::Logout),
            ("Capability", Command::Capability),
            ("NOOP", Command::Noop(None)),
            ("NOOP \"x\"", Command::Noop(Some(b"x".to_vec()))),
            ("AUTHENTICATE \"plain\"", Command::Authenticate { mechanism: "plain".into(), initial: None }),
            ("AUTHENTICATE \"x\" \"\"", Command::Authenticate { mechanism: "x".into(), initial: Some(vec![]) }),
            ("havespace \"a\" 7", Command::Script(Act::HaveSpace(name("a"), 7))),
            ("PUTSCRIPT \"a\" \"\"", Command::Script(Act::Put(name("a"), vec![]))),
            ("SETACTIVE \"\"", Command::Script(Act::SetActive(None))),
            ("RENAMESCRIPT \"a\" \"b\"", Command::Script(Act::Rename(name("a"), name("b")))),
            ("LISTSCRIPTS", Command::Script(Act::List)),
        ] {
            assert_eq!(read(line), Ok(want), "{line}");
        }
        for (line, want) in [
            ("", "unknown"),
            ("\"NOOP\"", "unknown"),
            ("GET", "unknown"),
            ("LOGOUT \"x\"", "usage"),
            ("HAVESPACE \"a\" \"7\"", "usage"),
            ("PUTSCRIPT \"a\"", "usage"),
            ("GETSCRIPT a", "usage"),
            ("GETSCRIPT \"\"", "name"),
            ("GETSCRIPT \"../x\"", "name"),
            ("AUTHENTICATE PLAIN", "usage"),
            ("LISTSCRIPTS \"a\" \"b\" \"c\" \"d\"", "usage"),
        ] {
            let said = match read(line) {
                Err(Fault::Unknown) => "unknown",
                Err(Fault::Usage(_)) => "usage",
                Err(Fault::Name) => "name",
                Ok(_) => "taken",
            };
            assert_eq!(said, want, "{line}");
        }
    }
}
