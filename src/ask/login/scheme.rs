//! One stored password in any of Dovecot's schemes, and whether a given one is it.
//!
//! Verifying is slow on purpose: run it where it may block. A scheme that isn't known here, and an empty one, is never
//! right. Standards: Dovecot 2.3 *password schemes*; crypt(5); RFC 2307 (SSHA); RFC 5802 §3 (SCRAM).

use super::md5_crypt::md5_crypt;
use super::scram::Keys;
use crate::limits::PASSWORD_BYTES_MAX;
use argon2::{Argon2, PasswordVerifier};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use sha_crypt::ShaCrypt;
use sha1::Sha1;
use sha2::{Digest, Sha256, Sha512};
use subtle::ConstantTimeEq;
use yescrypt::Yescrypt;

/// A stored password.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Scheme {
    Plain(String),
    /// crypt(3) and its kin: the scheme stands in the text.
    Crypt(Crypt, String),
    Digest {
        hash: Hash,
        digest: Vec<u8>,
        salt: Vec<u8>,
    },
    /// Dovecot's `$1$salt$rounds$hex`, with SHA-1.
    Pbkdf2 {
        salt: String,
        rounds: u32,
        key: Vec<u8>,
    },
    Scram(Keys),
    /// Nobody's: empty, unknown or unreadable.
    None,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Crypt {
    Md5,
    Sha,
    Bcrypt,
    Argon2,
    Yescrypt,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Hash {
    Sha1,
    Sha256,
    Sha512,
}

impl Scheme {
    /// Reads `{SCHEME}text`; without a scheme it is crypt(3)'s, as everywhere in passwd-files.
    pub(super) fn parse(stored: &str) -> Self {
        let (scheme, text) = match stored.strip_prefix('{').and_then(|rest| rest.split_once('}')) {
            Some((scheme, text)) => (scheme.to_ascii_uppercase(), text),
            None => ("CRYPT".to_string(), stored),
        };
        let (scheme, encoding) = scheme.split_once('.').unwrap_or((&scheme, ""));
        if text.is_empty() {
            return Self::None;
        }
        let digest = |hash, salted| of_digest(text, encoding, hash, salted).unwrap_or(Self::None);
        match scheme {
            "PLAIN" | "CLEARTEXT" | "CLEAR" if encoding.is_empty() => Self::Plain(text.to_string()),
            "CRYPT" | "MD5-CRYPT" | "SHA256-CRYPT" | "SHA512-CRYPT" | "BLF-CRYPT" | "ARGON2I" | "ARGON2ID" => {
                Crypt::of(text).map_or(Self::None, |crypt| Self::Crypt(crypt, text.to_string()))
            }
            "SHA" | "SHA1" => digest(Hash::Sha1, Salted::No),
            "SHA256" => digest(Hash::Sha256, Salted::No),
            "SHA512" => digest(Hash::Sha512, Salted::No),
            "SSHA" => digest(Hash::Sha1, Salted::Yes),
            "SSHA256" => digest(Hash::Sha256, Salted::Yes),
            "SSHA512" => digest(Hash::Sha512, Salted::Yes),
            "PBKDF2" => of_pbkdf2(text).unwrap_or(Self::None),
            "SCRAM-SHA-256" => Keys::parse(text).map_or(Self::None, Self::Scram),
            _ => Self::None,
        }
    }

    /// For counting which one most users have.
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Plain(_) => "plain",
            Self::Crypt(Crypt::Md5, _) => "md5-crypt",
            Self::Crypt(Crypt::Sha, _) => "sha-crypt",
            Self::Crypt(Crypt::Bcrypt, _) => "bcrypt",
            Self::Crypt(Crypt::Argon2, _) => "argon2",
            Self::Crypt(Crypt::Yescrypt, _) => "yescrypt",
            Self::Digest { .. } => "digest",
            Self::Pbkdf2 { .. } => "pbkdf2",
            Self::Scram(_) => "scram",
            Self::None => "none",
        }
    }

    pub(super) fn does_for_scram(&self) -> bool {
        matches!(self, Self::Plain(_) | Self::Scram(_))
    }

    /// Is that the password? Blocks for as long as the hash takes.
    pub(super) fn verify(&self, password: &[u8]) -> bool {
        if password.is_empty() || password.len() > PASSWORD_BYTES_MAX || password.contains(&0) {
            return false;
        }
        match self {
            Self::Plain(stored) => bool::from(stored.as_bytes().ct_eq(password)),
            Self::Crypt(crypt, stored) => crypt.verify(password, stored),
            Self::Digest { hash, digest, salt } => bool::from(hash.of(password, salt).ct_eq(digest)),
            Self::Pbkdf2 { salt, rounds, key } => {
                let mut made = vec![0; key.len()];
                pbkdf2::pbkdf2_hmac::<Sha1>(password, salt.as_bytes(), *rounds, &mut made);
                bool::from(made.ct_eq(key))
            }
            Self::Scram(keys) => keys.are_of(password),
            Self::None => false,
        }
    }
}

impl Crypt {
    /// By the prefix that crypt(5) names.
    fn of(text: &str) -> Option<Self> {
        let prefixes = [
            ("$1$", Self::Md5),
            ("$5$", Self::Sha),
            ("$6$", Self::Sha),
            ("$2a$", Self::Bcrypt),
            ("$2b$", Self::Bcrypt),
            ("$2y$", Self::Bcrypt),
            ("$argon2", Self::Argon2),
            ("$y$", Self::Yescrypt),
        ];
        prefixes.into_iter().find(|(prefix, _)| text.starts_with(prefix)).map(|(_, crypt)| crypt)
    }

    fn verify(self, password: &[u8], stored: &str) -> bool {
        match self {
            Self::Md5 => {
                md5_crypt(password, stored).is_some_and(|made| bool::from(made.as_bytes().ct_eq(stored.as_bytes())))
            }
            Self::Sha => ShaCrypt::default().verify_password(password, stored).is_ok(),
            Self::Bcrypt => bcrypt::verify(password, stored).unwrap_or(false),
            Self::Argon2 => argon2::PasswordHash::new(stored)
                .is_ok_and(|stored| Argon2::default().verify_password(password, &stored).is_ok()),
            Self::Yescrypt => Yescrypt::default().verify_password(password, stored).is_ok(),
        }
    }
}

impl Hash {
    fn of(self, password: &[u8], salt: &[u8]) -> Vec<u8> {
        let text = [password, salt].concat();
        match self {
            Self::Sha1 => Sha1::digest(&text).to_vec(),
            Self::Sha256 => Sha256::digest(&text).to_vec(),
            Self::Sha512 => Sha512::digest(&text).to_vec(),
        }
    }

    fn bytes(self) -> usize {
        match self {
            Self::Sha1 => 20,
            Self::Sha256 => 32,
            Self::Sha512 => 64,
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Salted {
    Yes,
    No,
}

/// The digest, and behind it the salt; in Base64, or as `encoding` says.
fn of_digest(text: &str, encoding: &str, hash: Hash, salted: Salted) -> Option<Scheme> {
    let bytes = match encoding {
        "HEX" => hex(text)?,
        "" | "B64" | "BASE64" => STANDARD_NO_PAD.decode(text.trim_end_matches('=')).ok()?,
        _ => return None,
    };
    let (digest, salt) = bytes.split_at_checked(hash.bytes())?;
    ((salted == Salted::Yes) != salt.is_empty()).then(|| Scheme::Digest {
        hash,
        digest: digest.to_vec(),
        salt: salt.to_vec(),
    })
}

fn of_pbkdf2(text: &str) -> Option<Scheme> {
    let mut fields = text.strip_prefix("$1$")?.split('$');
    let (salt, rounds, key) = (fields.next()?, fields.next()?.parse().ok()?, hex(fields.next()?)?);
    (fields.next().is_none() && rounds > 0 && key.len() == Hash::Sha1.bytes()).then(|| Scheme::Pbkdf2 {
        salt: salt.to_string(),
        rounds,
        key,
    })
}

fn hex(text: &str) -> Option<Vec<u8>> {
    let (pairs, []) = text.as_bytes().as_chunks::<2>() else { return None };
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    pairs.iter().map(|[high, low]| Some(digit(*high)? << 4 | digit(*low)?)).collect()
}

/// Standard Base64 with its padding, as SCRAM and Dovecot write it.
pub(super) fn base64(text: &str) -> Option<Vec<u8>> {
    STANDARD.decode(text).ok()
}

#[cfg(test)]
mod tests;
