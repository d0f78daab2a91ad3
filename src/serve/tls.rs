//! TLS: the certificate that is shown, read again after a reload.
//!
//! Does not know the protocol inside. Clients show no certificate. Standards: RFC 8446 (TLS 1.3), RFC 5246 (1.2); older
//! ones are not spoken.

use crate::admin::{self, Certificate};
use crate::deliver::Env;
use crate::refusal::{Kind, Refusal};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

/// What the last reload said, once it was read.
#[derive(Default)]
pub(super) struct Tls {
    known: Mutex<Option<(Weak<Env>, TlsAcceptor)>>,
}

impl Tls {
    /// The acceptor for these surroundings. After a reload with files that can't be used the old certificate stays, and
    /// the log says so.
    ///
    /// # Errors
    /// Which file can't be read or used, where there is no old one.
    pub(super) async fn acceptor(&self, env: &Arc<Env>) -> Result<TlsAcceptor, String> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some((of, acceptor)) = &known
            && of.upgrade().is_some_and(|of| Arc::ptr_eq(&of, env))
        {
            return Ok(acceptor.clone());
        }
        let acceptor = match (env.blocking(load).await, known) {
            (Ok(acceptor), _) => acceptor,
            (Err(refusal), Some((_, old))) => {
                tracing::error!(cause = refusal.cause, "the certificate can't be used, the old one stays");
                old
            }
            (Err(refusal), None) => return Err(refusal.cause),
        };
        let kept = Some((Arc::downgrade(env), acceptor.clone()));
        *self.known.lock().unwrap_or_else(PoisonError::into_inner) = kept;
        Ok(acceptor)
    }
}

/// Blocks.
fn load(env: &Env) -> Result<TlsAcceptor, Refusal> {
    let certificate = admin::certificate(env, || make(&env.settings.server.host_name))?;
    if let Some(file) = &certificate.own {
        tracing::warn!(file = %file.display(), "ManageSieve shows a certificate of our own, which clients don't trust");
    }
    let config = config(&certificate).map_err(|why| Refusal::new(Kind::Storage, format!("TLS certificate: {why}")))?;
    Ok(TlsAcceptor::from(Arc::new(config)))
}

fn config(certificate: &Certificate) -> Result<ServerConfig, String> {
    let chain = CertificateDer::pem_slice_iter(&certificate.chain).collect::<Result<Vec<_>, _>>();
    let chain = chain.map_err(|error| error.to_string())?;
    if chain.is_empty() {
        return Err("there is no certificate in the file (BEGIN CERTIFICATE)".into());
    }
    let key = PrivateKeyDer::from_pem_slice(&certificate.key).map_err(|error| format!("the key: {error}"))?;
    ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .and_then(|builder| builder.with_no_client_auth().with_single_cert(chain, key))
        .map_err(|error| error.to_string())
}

/// A self-signed certificate with its key, PEM.
fn make(host_name: &str) -> Result<String, String> {
    let made = rcgen::generate_simple_self_signed(vec![host_name.to_string()]).map_err(|error| error.to_string())?;
    Ok(format!("{}{}", made.cert.pem(), made.signing_key.serialize_pem()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_we_make_can_be_used_and_nonsense_says_what_is_missing() {
        let pem = make("mx.example.org").unwrap().into_bytes();
        assert!(config(&Certificate { chain: pem.clone(), key: pem.clone(), own: None }).is_ok());
        let why = |chain: &[u8], key: &[u8]| {
            config(&Certificate { chain: chain.to_vec(), key: key.to_vec(), own: None }).map(drop).unwrap_err()
        };
        assert!(why(b"", &pem).contains("no certificate"));
        assert!(why(&pem, b"nonsense").contains("key"));
        let other = make("mx.example.org").unwrap().into_bytes();
        assert!(!why(&pem, &other).is_empty(), "a key of another certificate");
    }
}
