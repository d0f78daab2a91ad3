//! SCRAM-SHA-256, the server's side: the password is never sent, and we prove that we know its hash, too.
//!
//! Pure: the nonce and the keys come in as arguments. No channel binding is offered. *Reading:* a password is prepared by
//! NFKC alone, which is SASLprep for everything that people type. Standards: RFC 5802, RFC 7677.

use super::scheme::base64;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use unicode_normalization::UnicodeNormalization;

/// Iterations for a password that is stored as it is (RFC 7677 §4: at least 4096).
const ITERATIONS: u32 = 4096;

/// What is stored of a password.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Keys {
    iterations: u32,
    salt: Vec<u8>,
    stored_key: [u8; 32],
    server_key: [u8; 32],
}

impl Keys {
    /// Dovecot's `iterations,salt,stored key,server key`, the last three in Base64.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let mut fields = text.split(',');
        let iterations = fields.next()?.parse().ok().filter(|count| *count > 0)?;
        let salt = base64(fields.next()?)?;
        let mut key = || base64(fields.next()?)?.try_into().ok();
        let (stored_key, server_key) = (key()?, key()?);
        fields.next().is_none().then_some(Self { iterations, salt, stored_key, server_key })
    }

    /// Those of a password that is stored as it is, with this salt.
    pub(super) fn with_password(&self, password: &[u8]) -> Self {
        Self::of(password, self.salt.clone(), self.iterations)
    }

    fn of(password: &[u8], salt: Vec<u8>, iterations: u32) -> Self {
        let prepared = std::str::from_utf8(password).map(|text| text.nfkc().collect::<String>().into_bytes());
        let mut salted = [0; 32];
        pbkdf2::pbkdf2_hmac::<Sha256>(prepared.as_deref().unwrap_or(password), &salt, iterations, &mut salted);
        let stored_key = Sha256::digest(hmac(&salted, b"Client Key")).into();
        Self { iterations, salt, stored_key, server_key: hmac(&salted, b"Server Key") }
    }

    /// Of nobody: the same salt for the same name, and a key that no proof fits.
    pub(super) fn of_nobody(name: &str, secret: &[u8; 32]) -> Self {
        let derived = |what: &str| hmac(secret, format!("{what}\0{}", name.to_lowercase()).as_bytes());
        let salt = derived("salt").get(..16).unwrap_or_default().to_vec();
        Self { iterations: ITERATIONS, salt, stored_key: derived("stored"), server_key: derived("server") }
    }

    /// Is that the password? Blocks for as long as the hash takes.
    pub(super) fn are_of(&self, password: &[u8]) -> bool {
        bool::from(self.with_password(password).stored_key.ct_eq(&self.stored_key))
    }
}

/// The client's first message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct First {
    pub(super) user: String,
    gs2: String,
    bare: String,
    nonce: String,
}

impl First {
    /// `None` where it is none, asks for channel binding, or for another one's rights.
    pub(super) fn parse(message: &[u8]) -> Option<Self> {
        let message = std::str::from_utf8(message).ok()?;
        let mut fields = message.splitn(3, ',');
        let (binding, authzid, bare) = (fields.next()?, fields.next()?, fields.next()?);
        if !matches!(binding, "n" | "y") {
            return None;
        }
        let mut attributes = bare.split(',');
        let user = name(attributes.next()?.strip_prefix("n=")?)?;
        let nonce = attributes.next()?.strip_prefix("r=").filter(|nonce| is_nonce(nonce))?;
        if !authzid.is_empty() && name(authzid.strip_prefix("a=")?)? != user {
            return None;
        }
        let gs2 = format!("{binding},{authzid},");
        Some(Self { user, gs2, bare: bare.to_string(), nonce: nonce.to_string() })
    }
}

/// An exchange after the server's first message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Server {
    pub(super) challenge: String,
    first: First,
    nonce: String,
    keys: Keys,
}

impl Server {
    /// `nonce`: printable ASCII without a comma, never used before.
    pub(super) fn new(first: First, nonce: &str, keys: Keys) -> Self {
        let nonce = format!("{}{nonce}", first.nonce);
        let challenge = format!("r={nonce},s={},i={}", STANDARD.encode(&keys.salt), keys.iterations);
        Self { challenge, first, nonce, keys }
    }

    /// What we say with success; `None` where the proof is wrong.
    pub(super) fn last(&self, message: &[u8]) -> Option<String> {
        let message = std::str::from_utf8(message).ok()?;
        let (without_proof, proof) = message.rsplit_once(",p=")?;
        let mut attributes = without_proof.split(',');
        let binding = base64(attributes.next()?.strip_prefix("c=")?)?;
        let nonce = attributes.next()?.strip_prefix("r=")?;
        if binding != self.first.gs2.as_bytes() || nonce != self.nonce {
            return None;
        }
        let proof: [u8; 32] = base64(proof)?.try_into().ok()?;
        let auth = format!("{},{},{without_proof}", self.first.bare, self.challenge);
        let signature = hmac(&self.keys.stored_key, auth.as_bytes());
        let client_key: Vec<u8> = proof.iter().zip(signature).map(|(a, b)| a ^ b).collect();
        let is_right = Sha256::digest(client_key).as_slice().ct_eq(&self.keys.stored_key);
        bool::from(is_right).then(|| format!("v={}", STANDARD.encode(hmac(&self.keys.server_key, auth.as_bytes()))))
    }
}

fn is_nonce(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_graphic() && b != b',')
}

/// RFC 5802 §5.1: `=2C` is a comma, `=3D` an equals sign, and no other `=` may stand there.
fn name(text: &str) -> Option<String> {
    let mut parts = text.split('=');
    let mut name = parts.next()?.to_string();
    for part in parts {
        let (sign, rest) = part.split_at_checked(2)?;
        name.push(match sign {
            "2C" => ',',
            "3D" => '=',
            _ => return None,
        });
        name.push_str(rest);
    }
    (!name.is_empty()).then_some(name)
}

fn hmac(key: &[u8], text: &[u8]) -> [u8; 32] {
    // A key of any length will do.
    Hmac::<Sha256>::new_from_slice(key).map_or([0; 32], |mac| mac.chain_update(text).finalize().into_bytes().into())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of RFC 7677 §3.
    const FIRST: &[u8] = b"n,,n=user,r=rOprNGfwEbeRWgbNEkqO";
    const FINAL: &str =
        "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=";

    fn server() -> Server {
        let keys = Keys::of(b"pencil", base64("W22ZaJ0SNY7soEsUEjb6gQ==").unwrap(), 4096);
        Server::new(First::parse(FIRST).unwrap(), "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0", keys)
    }

    #[test]
    fn the_example_of_the_standard_is_spoken() {
        let server = server();
        assert_eq!(
            server.challenge,
            "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096"
        );
        let last = server.last(FINAL.as_bytes());
        assert_eq!(last.as_deref(), Some("v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="));
        for (from, to) in [("biws", "eSws"), ("$k0,p", "$k1,p"), ("p=dH", "p=eH"), (",p=", ",q=")] {
            assert_eq!(server.last(FINAL.replacen(from, to, 1).as_bytes()), None, "{to}");
        }
    }

    #[test]
    fn first_messages_that_ask_for_more_are_refused() {
        let user = |message: &str| First::parse(message.as_bytes()).map(|first| first.user);
        assert_eq!(user("n,,n=a=2Cb=3Dc,r=x").as_deref(), Some("a,b=c"));
        assert_eq!(user("y,a=anna,n=anna,r=x,ext=1").as_deref(), Some("anna"));
        for message in [
            "p=tls-unique,,n=a,r=x",
            "n,a=root,n=anna,r=x",
            "n,,n=a=20b,r=x",
            "n,,n=,r=x",
            "n,,n=a,r=",
            "n,,m=ext,n=a,r=x",
            "n,,n=a",
            "",
        ] {
            assert_eq!(user(message), None, "{message}");
        }
    }

    #[test]
    fn stored_keys_are_those_of_the_password_and_nobody_has_none() {
        let keys = Keys::of(b"secret", b"salt".to_vec(), 4096);
        let text = format!(
            "4096,{},{},{}",
            STANDARD.encode(b"salt"),
            STANDARD.encode(keys.stored_key),
            STANDARD.encode(keys.server_key)
        );
        assert_eq!(Keys::parse(&text), Some(keys.clone()));
        assert!(keys.are_of(b"secret") && !keys.are_of(b"Secret"));
        for bad in ["", "0,c2FsdA==,x,x", "4096,c2FsdA==,a2V5,a2V5", &format!("{text},x")] {
            assert_eq!(Keys::parse(bad), None, "{bad}");
        }
        let nobody = |name| Keys::of_nobody(name, &[7; 32]);
        assert_eq!(nobody("Anna"), nobody("anna"));
        assert_ne!(nobody("anna").salt, nobody("ben").salt);
    }
}
