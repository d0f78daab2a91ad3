//! The certificate and key of the server: the operator's files, or one of our own that is made once and kept.
//!
//! Does not know what is in them. Our own is one file with both, so that no crash leaves one without the other.

use super::{Store, disk::random};
use crate::limits::CERTIFICATE_BYTES_MAX;
use crate::refusal::{Kind, Refusal, of_io};
use std::io::ErrorKind;
use std::path::PathBuf;

/// The name of our own, in the data folder.
const OWN: &str = "tls.pem";

/// Where the operator's are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CertificateFiles {
    pub certificate: PathBuf,
    pub key: PathBuf,
}

/// Certificates and key, PEM.
#[derive(Clone, PartialEq, Eq)]
pub struct Certificate {
    pub chain: Vec<u8>,
    pub key: Vec<u8>,
    /// Where it is our own: its file.
    pub own: Option<PathBuf>,
}

impl Store {
    /// Reads the operator's certificate; where there is none, our own, which `make` makes the first time.
    ///
    /// # Errors
    /// Which file, and what the system said.
    pub fn certificate(
        &self,
        files: Option<&CertificateFiles>,
        make: impl FnOnce() -> Result<String, String>,
    ) -> Result<Certificate, Refusal> {
        let read = |path: &PathBuf| {
            let in_words = |error| of_io(&format!("reading {}", path.display()), &error);
            self.disk.read(path, CERTIFICATE_BYTES_MAX).map_err(in_words)
        };
        if let Some(files) = files {
            return Ok(Certificate { chain: read(&files.certificate)?, key: read(&files.key)?, own: None });
        }
        let path = self.dir.join(OWN);
        let at = |doing: &str, error: std::io::Error| of_io(&format!("{doing} {}", path.display()), &error);
        let dir = self.disk.dir(&self.dir).map_err(|error| at("reading", error))?;
        let pem = match dir.read(OWN, CERTIFICATE_BYTES_MAX) {
            Err(error) if error.kind() == ErrorKind::NotFound => {
                let made = make().map_err(|why| Refusal::new(Kind::Storage, format!("making a certificate: {why}")))?;
                let beside = format!("{OWN}.{:016x}", random().map_err(|error| at("making", error))?);
                dir.create(&beside, made.as_bytes()).map_err(|error| at("writing", error))?;
                // Another process may have been faster: its file is as good.
                let linked = dir.link(&beside, &dir, OWN);
                dir.clean(&beside);
                match linked {
                    Err(error) if error.kind() != ErrorKind::AlreadyExists => return Err(at("writing", error)),
                    Ok(()) | Err(_) => dir.sync().map_err(|error| at("writing", error))?,
                }
                dir.read(OWN, CERTIFICATE_BYTES_MAX).map_err(|error| at("reading", error))?
            }
            read => read.map_err(|error| at("reading", error))?,
        };
        Ok(Certificate { chain: pem.clone(), key: pem, own: Some(path) })
    }
}
