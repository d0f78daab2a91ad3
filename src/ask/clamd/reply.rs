//! Reads what clamd answers to INSTREAM: exactly *OK*, exactly *FOUND*, or not scanned.
//!
//! Our own reader, because the client crate calls everything without *FOUND* that holds *OK* clean. Standards: clamd(8).

use super::{Said, shown};

/// The names with which clamd says that it did not look at all of it (AlertExceedsMax).
const LIMITS: &str = "Heuristics.Limits.Exceeded";
/// More octets than its StreamMaxLength.
const SIZE_LIMIT: &[u8] = b"INSTREAM size limit exceeded. ERROR";

/// What an answer says.
///
/// # Errors
/// Why it is none; clamd is then in trouble, and not only with this message.
pub(super) fn read(reply: &[u8]) -> Result<Said, String> {
    if reply.is_empty() {
        return Err("it closed the connection without an answer".into());
    }
    let Some(text) = reply.strip_suffix(b"\0").filter(|text| !text.contains(&0)) else {
        return Err(format!("its answer is none: {:?}", shown(reply)));
    };
    let name = text.strip_prefix(b"stream: ").and_then(|rest| rest.strip_suffix(b" FOUND"));
    match (text, name) {
        (b"stream: OK", _) => Ok(Said::Clean),
        (_, Some(name)) if name.starts_with(LIMITS.as_bytes()) => {
            Ok(Said::TooLarge(format!("not all of it was looked at: {}", shown(name))))
        }
        (_, Some(name)) if !name.trim_ascii().is_empty() => Ok(Said::Found(shown(name))),
        // Answers about this message: clamd itself is well.
        (SIZE_LIMIT, _) => Ok(Said::TooLarge(format!("it answered {:?}", shown(SIZE_LIMIT)))),
        (error, _) if error.ends_with(b" ERROR") => Ok(Said::NotScanned(format!("it answered {:?}", shown(error)))),
        (other, _) => Err(format!("its answer is none: {:?}", shown(other))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(reply: &str, want: Result<Said, &str>) {
        match (read(reply.as_bytes()), want) {
            (Ok(Said::NotScanned(got)), Ok(Said::NotScanned(want))) if got.contains(&want) => {}
            (Ok(Said::TooLarge(got)), Ok(Said::TooLarge(want))) if got.contains(&want) => {}
            (Err(got), Err(want)) if got.contains(want) => {}
            (got, want) => assert_eq!(got, want.map_err(str::to_string), "{reply:?}"),
        }
    }

    #[test]
    fn only_a_plain_ok_is_clean() {
        let found = |name: &str| Ok(Said::Found(name.to_string()));
        let not = |why: &str| Ok(Said::NotScanned(why.to_string()));
        let large = |why: &str| Ok(Said::TooLarge(why.to_string()));
        check("stream: OK\0", Ok(Said::Clean));
        check("stream: Eicar-Test.UNOFFICIAL FOUND\0", found("Eicar-Test.UNOFFICIAL"));
        check("stream: a b FOUND FOUND\0", found("a b FOUND"));
        check("stream: Evil\r\nX-PM-Scan: CLEAN FOUND\0", found("Evil%0D%0AX-PM-Scan: CLEAN"));
        check("stream: \u{1b}[2Jü FOUND\0", found("%1B[2J%C3%BC"));
        check(&format!("stream: {} FOUND\0", "a".repeat(4000)), found(&"a".repeat(100)));
        check("stream: Heuristics.Limits.Exceeded.MaxFileSize FOUND\0", large("not all of it"));
        check("INSTREAM size limit exceeded. ERROR\0", large("size limit exceeded"));
        check("stream: Can't allocate memory ERROR\0", not("allocate memory"));
        for nonsense in [
            "",
            "\0",
            "OK\0",
            "stream: OK",
            "stream: OK\0\0",
            "stream: OK\n\0",
            "stream: OK \0",
            "stream: ok\0",
            "stream:  FOUND\0",
            "stream: FOUND\0",
            "stream: OK\0stream: X FOUND\0",
            "fd[10]: OK\0",
            "HTTP/1.1 200 OK\r\n\r\n",
            "UNKNOWN COMMAND\0",
        ] {
            assert!(read(nonsense.as_bytes()).is_err(), "{nonsense:?}: {:?}", read(nonsense.as_bytes()));
        }
    }
}
