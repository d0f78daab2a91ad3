//! Encrypted PDFs that open for everybody: those whose password for readers is empty.
//!
//! Such files are common (forbidden printing) and read without a question, so they are read here too. Does not try any
//! other password. Standards: ISO 32000-2 §7.6.

use aes::cipher::{BlockCipherDecrypt, BlockCipherEncrypt, KeyInit};
use md5::{Digest, Md5};
use sha2::{Sha256, Sha384, Sha512};

/// What stands in for missing octets of a password (algorithm 2, step a).
const PADDING: &[u8; 32] = b"\x28\xbf\x4e\x5e\x4e\x75\x8a\x41\x64\x00\x4e\x56\xff\xfa\x01\x08\x2e\x2e\x00\xb6\xd0\x68\x3e\x80\x2f\x0c\xa9\xfe\x64\x53\x69\x7a";
/// Rounds of the slow hash (algorithm 2.B) end by chance after 64; more than this no file needs.
const ROUNDS_MAX: usize = 512;

/// What the encryption dictionary says.
#[derive(Clone, Debug, Default)]
pub(super) struct Terms {
    pub(super) is_standard: bool,
    pub(super) version: i64,
    pub(super) revision: i64,
    pub(super) length_bits: i64,
    pub(super) permissions: i64,
    pub(super) owner: Vec<u8>,
    pub(super) user: Vec<u8>,
    pub(super) user_key: Vec<u8>,
    pub(super) metadata_is_open: bool,
    /// The method of the crypt filter for strings and streams, where there is one.
    pub(super) method: Option<Method>,
    /// The first half of the file's `/ID`.
    pub(super) id: Vec<u8>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Method {
    Open,
    Rc4,
    Aes128,
    Aes256,
}

/// A key that opens a file.
#[derive(Clone, Debug)]
pub(super) struct Key {
    bytes: Vec<u8>,
    method: Method,
}

impl Key {
    /// The key, where the empty password opens the file.
    pub(super) fn of_everybody(terms: &Terms) -> Option<Self> {
        if !terms.is_standard {
            return None;
        }
        let method = match (terms.version, terms.method) {
            (1..=3, _) => Method::Rc4,
            (_, Some(method)) => method,
            _ => return None,
        };
        let bytes = if terms.revision >= 5 { modern_key(terms)? } else { old_key(terms)? };
        Some(Self { bytes, method })
    }

    /// The octets of a string or a stream of that object.
    pub(super) fn opened(&self, number: u32, generation: u16, data: &[u8]) -> Vec<u8> {
        let own = |salt: &[u8]| {
            let [a, b, c, _] = number.to_le_bytes();
            let tail = [&[a, b, c][..], &generation.to_le_bytes(), salt].concat();
            let hash = Md5::digest([&self.bytes[..], &tail].concat());
            hash.iter().copied().take(self.bytes.len() + 5).collect::<Vec<u8>>()
        };
        match self.method {
            Method::Open => data.to_vec(),
            Method::Rc4 => rc4(&own(b""), data),
            Method::Aes128 => cbc(&own(b"sAlT"), data),
            Method::Aes256 => cbc(&self.bytes, data),
        }
    }
}

/// Algorithms 2 and 6.
fn old_key(terms: &Terms) -> Option<Vec<u8>> {
    let bytes = if terms.revision <= 2 { 5 } else { usize::try_from(terms.length_bits / 8).ok()?.clamp(5, 16) };
    let owner = terms.owner.get(..32)?;
    let permissions = terms.permissions.to_le_bytes();
    let mut text = [&PADDING[..], owner, permissions.get(..4)?, &terms.id].concat();
    if terms.revision >= 4 && terms.metadata_is_open {
        text.extend([0xff; 4]);
    }
    let mut key = Md5::digest(&text).to_vec();
    key.truncate(bytes);
    if terms.revision >= 3 {
        for _ in 0..50 {
            key = Md5::digest(&key).to_vec();
            key.truncate(bytes);
        }
    }
    let is_right = if terms.revision <= 2 {
        rc4(&key, PADDING) == terms.user.get(..32)?
    } else {
        let mut proof = Md5::digest([&PADDING[..], &terms.id].concat()).to_vec();
        for round in 0..20_u8 {
            proof = rc4(&key.iter().map(|byte| byte ^ round).collect::<Vec<u8>>(), &proof);
        }
        proof == terms.user.get(..16)?
    };
    is_right.then_some(key)
}

/// Algorithms 2.A and 11.
fn modern_key(terms: &Terms) -> Option<Vec<u8>> {
    let hash = if terms.revision == 5 { |salt: &[u8]| Some(Sha256::digest(salt).to_vec()) } else { slow_hash };
    if hash(terms.user.get(32..40)?)? != terms.user.get(..32)? {
        return None;
    }
    let sealed = [&[0; 16][..], terms.user_key.get(..32)?].concat();
    let key = cbc_blocks(&hash(terms.user.get(40..48)?)?, &sealed);
    (key.len() == 32).then_some(key)
}

/// Algorithm 2.B for the empty password.
fn slow_hash(salt: &[u8]) -> Option<Vec<u8>> {
    let mut key = Sha256::digest(salt).to_vec();
    for round in 1..=ROUNDS_MAX {
        let cipher = aes::Aes128::new_from_slice(key.get(..16)?).ok()?;
        let mut before: [u8; 16] = key.get(16..32)?.try_into().ok()?;
        let mut sealed = Vec::new();
        for block in key.repeat(64).chunks_exact(16) {
            let mut mixed = aes::Block::default();
            mixed.iter_mut().zip(block).zip(before).for_each(|((place, byte), before)| *place = byte ^ before);
            cipher.encrypt_block(&mut mixed);
            before.copy_from_slice(&mixed);
            sealed.extend_from_slice(&mixed);
        }
        let sum: u32 = sealed.iter().take(16).map(|byte| u32::from(*byte)).sum();
        key = match sum % 3 {
            0 => Sha256::digest(&sealed).to_vec(),
            1 => Sha384::digest(&sealed).to_vec(),
            _ => Sha512::digest(&sealed).to_vec(),
        };
        if round >= 64 && usize::from(*sealed.last()?) + 32 <= round {
            key.truncate(32);
            return Some(key);
        }
    }
    None
}

fn rc4(key: &[u8], data: &[u8]) -> Vec<u8> {
    let mut state: [u8; 256] = std::array::from_fn(|at| at.to_le_bytes()[0]);
    let of = |state: &[u8; 256], at: u8| state.get(usize::from(at)).copied().unwrap_or(0);
    let mut other = 0_u8;
    for (at, key) in (0..=255_u8).zip(key.iter().cycle()) {
        other = other.wrapping_add(of(&state, at)).wrapping_add(*key);
        state.swap(usize::from(at), usize::from(other));
    }
    let (mut one, mut other) = (0_u8, 0_u8);
    let mut out = Vec::with_capacity(data.len());
    for byte in data {
        one = one.wrapping_add(1);
        other = other.wrapping_add(of(&state, one));
        state.swap(usize::from(one), usize::from(other));
        out.push(byte ^ of(&state, of(&state, one).wrapping_add(of(&state, other))));
    }
    out
}

/// CBC behind its first block, padding taken off.
fn cbc(key: &[u8], data: &[u8]) -> Vec<u8> {
    let mut out = cbc_blocks(key, data);
    if let Some(padding) = out.last().map(|last| usize::from(*last)).filter(|padding| (1..=16).contains(padding)) {
        out.truncate(out.len() - padding);
    }
    out
}

fn cbc_blocks(key: &[u8], data: &[u8]) -> Vec<u8> {
    let small = aes::Aes128::new_from_slice(key).ok();
    let large = aes::Aes256::new_from_slice(key).ok();
    let mut out = Vec::with_capacity(data.len());
    for (before, block) in data.chunks_exact(16).zip(data.chunks_exact(16).skip(1)) {
        let Ok(mut opened) = aes::Block::try_from(block) else { return out };
        match (&small, &large) {
            (Some(cipher), _) => cipher.decrypt_block(&mut opened),
            (None, Some(cipher)) => cipher.decrypt_block(&mut opened),
            (None, None) => return out,
        }
        out.extend(opened.iter().zip(before).map(|(byte, before)| byte ^ before));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rc4_gives_the_known_stream() {
        assert_eq!(rc4(b"Key", b"Plaintext"), b"\xbb\xf3\x16\xe8\xd9\x40\xaf\x0a\xd3");
    }
}
