//! The EICAR test file: harmless, and by agreement reported as a virus, so that people can try their set-up.
//!
//! Does not report a text that only quotes it. Standards: the definition of EICAR (68 octets at the very begin, behind
//! them only white space and Ctrl-Z, 128 octets at most).

/// The two halves stay apart so that no file of ours is the test file.
const FIRST_HALF: &[u8] = br"X5O!P%@AP[4\PZX54(P^)7CC)7}$EICAR-";
const SECOND_HALF: &[u8] = b"STANDARD-ANTIVIRUS-TEST-FILE!$H+H*";
const BYTES_MAX: usize = 128;

pub(super) fn is_eicar(bytes: &[u8]) -> bool {
    let behind = bytes.strip_prefix(FIRST_HALF).and_then(|rest| rest.strip_prefix(SECOND_HALF));
    bytes.len() <= BYTES_MAX
        && behind.is_some_and(|rest| rest.iter().all(|byte| matches!(byte, b' ' | b'\t' | b'\r' | b'\n' | 0x1a)))
}

/// The test file, for tests of other files.
#[cfg(test)]
pub(super) fn sample() -> Vec<u8> {
    [FIRST_HALF, SECOND_HALF].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_test_file_itself_counts() {
        assert_eq!(sample().len(), 68);
        for (before, behind, want) in [("", "", true), ("", "\r\n\x1a ", true), ("", "x", false), (" ", "", false)] {
            let bytes = [before.as_bytes(), &sample(), behind.as_bytes()].concat();
            assert_eq!(is_eicar(&bytes), want, "{before:?} {behind:?}");
        }
        let padded = [sample(), vec![b' '; 61]].concat();
        assert!(!is_eicar(&padded) && is_eicar(&padded[..128]));
    }
}
