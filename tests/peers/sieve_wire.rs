//! A ManageSieve client of our own, for what real clients don't do: odd splits, bad bytes, TLS at odd moments.

use rustls::pki_types::{CertificateDer, ServerName, pem::PemObject};
use std::{
    io::{self, Read, Write},
    net::TcpStream,
    path::Path,
    sync::Arc,
    time::Duration,
};

/// A socket, in clear or in TLS.
pub(crate) trait Socket: Read + Write {}
impl<T: Read + Write> Socket for T {}

pub(crate) struct SieveWire {
    socket: Box<dyn Socket>,
    read: Vec<u8>,
}

impl SieveWire {
    /// Connects in clear; the greeting is not read yet.
    pub(crate) fn open(port: u16) -> Self {
        Self { socket: Box::new(connect(port)), read: Vec::new() }
    }

    /// STARTTLS with these bytes right behind it in clear, then the handshake; the capabilities in TLS are not read yet.
    pub(crate) fn start_tls(port: u16, certificate: &Path, behind: &[u8]) -> Self {
        let mut stream = connect(port);
        let mut clear = Self { socket: Box::new(stream.try_clone().unwrap()), read: Vec::new() };
        clear.reply();
        stream.write_all(&[b"STARTTLS\r\n", behind].concat()).unwrap();
        assert!(clear.reply().starts_with("OK"), "STARTTLS was refused");
        assert!(clear.read.is_empty(), "{:?} came in clear", clear.read);
        Self::encrypted(stream, certificate)
    }

    /// TLS from the first octet; the greeting is not read yet.
    pub(crate) fn in_tls(port: u16, certificate: &Path) -> Self {
        Self::encrypted(connect(port), certificate)
    }

    fn encrypted(stream: TcpStream, certificate: &Path) -> Self {
        let mut roots = rustls::RootCertStore::empty();
        roots.add(CertificateDer::from_pem_slice(&std::fs::read(certificate).unwrap()).unwrap()).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = rustls::ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        let name = ServerName::try_from("localhost").unwrap();
        let client = rustls::ClientConnection::new(Arc::new(config), name).unwrap();
        Self { socket: Box::new(rustls::StreamOwned::new(client, stream)), read: Vec::new() }
    }

    pub(crate) fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.socket.write_all(bytes.as_ref()).unwrap();
        self.socket.flush().unwrap();
    }

    /// Sends a line and reads its answer.
    pub(crate) fn command(&mut self, line: impl AsRef<[u8]>) -> String {
        self.send([line.as_ref(), b"\r\n"].concat());
        self.reply()
    }

    /// All lines up to OK, NO or BYE, the status first; `closed` where the server has closed.
    pub(crate) fn reply(&mut self) -> String {
        let mut before = String::new();
        loop {
            let Some(line) = self.line() else { return format!("closed {before}") };
            if ["OK", "NO", "BYE"].iter().any(|status| line.starts_with(status)) {
                return format!("{line} | {before}");
            }
            before.push_str(&line);
            before.push('\n');
        }
    }

    /// One line with the literals in it.
    pub(crate) fn line(&mut self) -> Option<String> {
        let mut line = Vec::new();
        loop {
            while !self.read.windows(2).any(|pair| pair == b"\r\n") {
                self.more().ok()?;
            }
            let end = self.read.windows(2).position(|pair| pair == b"\r\n").unwrap();
            line.extend(self.read.drain(..end + 2));
            line.truncate(line.len() - 2);
            let text = String::from_utf8_lossy(&line).into_owned();
            let count = text.strip_suffix('}').and_then(|text| text.rsplit_once('{')).and_then(|(_, n)| n.parse().ok());
            let Some(count): Option<usize> = count else { return Some(text) };
            while self.read.len() < count {
                self.more().ok()?;
            }
            line.extend(self.read.drain(..count));
        }
    }

    fn more(&mut self) -> io::Result<()> {
        let mut piece = [0; 4096];
        let count = self.socket.read(&mut piece)?;
        self.read.extend(&piece[..count]);
        if count == 0 { Err(io::ErrorKind::UnexpectedEof.into()) } else { Ok(()) }
    }
}

fn connect(port: u16) -> TcpStream {
    let stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    stream
}
