//! The `$1$` hash of old password tables. For verifying what is there; nobody should make new ones.
//!
//! Source: P.-H. Kamp's description of the algorithm of FreeBSD, as in crypt(5) and Python's passlib documentation.

use md5::{Digest, Md5};

const ALPHABET: &[u8; 64] = b"./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
/// Which octets of the digest make a group of four letters.
const GROUPS: [(usize, usize, usize); 5] = [(0, 6, 12), (1, 7, 13), (2, 8, 14), (3, 9, 15), (4, 10, 5)];

/// The hash of a password with the salt of a stored one; `None` where that isn't one.
pub(super) fn md5_crypt(password: &[u8], stored: &str) -> Option<String> {
    let (salt, _) = stored.strip_prefix("$1$")?.split_once('$')?;
    let salt = salt.get(..8).unwrap_or(salt);
    let bytes = salt.as_bytes();
    let alternate = Md5::new().chain_update(password).chain_update(bytes).chain_update(password).finalize();
    let mut begin = Md5::new().chain_update(password).chain_update(b"$1$").chain_update(bytes);
    let fill = alternate.iter().cycle().take(password.len()).copied().collect::<Vec<u8>>();
    begin.update(fill);
    let mut length = password.len();
    while length > 0 {
        begin.update(if length & 1 == 1 { &[0][..] } else { password.get(..1).unwrap_or_default() });
        length >>= 1;
    }
    let mut digest = begin.finalize();
    for round in 0..1000 {
        let mut next = Md5::new();
        next.update(if round & 1 == 1 { password } else { &digest[..] });
        if round % 3 != 0 {
            next.update(bytes);
        }
        if round % 7 != 0 {
            next.update(password);
        }
        next.update(if round & 1 == 1 { &digest[..] } else { password });
        digest = next.finalize();
    }
    let mut text = format!("$1${salt}$");
    for (a, b, c) in GROUPS {
        let octet = |at: usize| digest.get(at).copied().map_or(0, u32::from);
        letters(&mut text, octet(a) << 16 | octet(b) << 8 | octet(c), 4);
    }
    letters(&mut text, digest.get(11).copied().map_or(0, u32::from), 2);
    Some(text)
}

fn letters(text: &mut String, mut value: u32, count: usize) {
    for _ in 0..count {
        let at = usize::try_from(value & 0x3f).unwrap_or_default();
        text.extend(ALPHABET.get(at).map(|letter| char::from(*letter)));
        value >>= 6;
    }
}
