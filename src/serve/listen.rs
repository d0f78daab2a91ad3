//! The sockets: bound by us or handed over by systemd, and the connections that come in on them.
//!
//! LMTP's and ManageSieve's; does not speak any protocol. A unix socket is a file, so that this part makes, chmods and removes such files, and no
//! others. Standards: RFC 2033 §5 (never TCP port 25); sd_listen_fds(3).

use crate::config::Settings;
use crate::limits::LISTEN_BACKLOG;
use crate::serve::line::Reader;
use crate::serve::output::Writer;
use rustix::fs::{FileType, Gid, Mode, Stat};
use rustix::net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType};
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::os::unix::net::UnixStream as StdUnixStream;
use std::path::{Path, PathBuf};

/// The TCP port of SMTP, on which LMTP must not run.
const SMTP_PORT: u16 = 25;

/// Bound sockets that nobody accepts on yet.
#[derive(Debug, Default)]
pub struct Listeners {
    unix: Vec<UnixSocket>,
    tcp: Vec<std::net::TcpListener>,
    sieve: Vec<(std::net::TcpListener, Service)>,
}

/// What is spoken behind a door.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Service {
    Lmtp,
    /// Begins in clear.
    ManageSieve,
    /// Encrypted from the first octet.
    ManageSieveTls,
}

/// The name of ManageSieve's sockets in systemd (FileDescriptorName=).
const SIEVE_SOCKET_NAME: &str = "managesieve";

#[derive(Debug)]
struct UnixSocket {
    listener: std::os::unix::net::UnixListener,
    file: Option<SocketFile>,
}

/// A socket file that we made, and that we remove when we stop.
#[derive(Debug)]
pub(super) struct SocketFile {
    path: PathBuf,
    /// Device and inode: another server's file of the same name is not ours.
    identity: (u64, u64),
}

/// One listening socket of the running server.
pub(super) enum Door {
    Unix(tokio::net::UnixListener, Option<SocketFile>),
    Tcp(tokio::net::TcpListener, Service),
}

/// Who is at the other end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Peer {
    /// The uid of the process that connected, where the system tells.
    Unix(Option<u32>),
    Tcp(IpAddr),
}

/// One connection.
pub(super) struct Connection {
    pub(super) stream: Stream,
    pub(super) peer: Peer,
}

/// A socket of either kind.
pub(super) enum Stream {
    Unix(tokio::net::UnixStream),
    Tcp(tokio::net::TcpStream),
}

impl Stream {
    /// For a protocol that stays in clear.
    pub(super) fn split(self) -> (Reader, Writer) {
        match self {
            Self::Unix(stream) => {
                let (reader, writer) = stream.into_split();
                (Box::new(reader), Box::new(writer))
            }
            Self::Tcp(stream) => {
                let (reader, writer) = stream.into_split();
                (Box::new(reader), Box::new(writer))
            }
        }
    }
}

/// Binds what the settings name. Sockets from systemd stand in for the configured ones of the same kind.
///
/// # Errors
/// With the path or address in its words: a socket that can't be bound, that another server answers on, an unknown group,
/// or TCP port 25.
pub fn bind(settings: &Settings) -> io::Result<Listeners> {
    let mut listeners = from_systemd()?;
    let lmtp = &settings.lmtp;
    if let Some(path) = lmtp.unix.as_deref().filter(|_| listeners.unix.is_empty()) {
        let socket = bind_unix(path, lmtp.unix_mode, lmtp.unix_group.as_deref());
        listeners.unix.push(socket.map_err(|error| in_words(&path.display().to_string(), &error))?);
    }
    if listeners.tcp.is_empty() {
        for address in &lmtp.tcp {
            let listener = bind_tcp(*address).map_err(|error| in_words(&address.to_string(), &error))?;
            listeners.tcp.push(listener);
        }
    }
    if listeners.sieve.is_empty() {
        let sieve = &settings.managesieve;
        let clear = sieve.listen.iter().map(|address| (address, Service::ManageSieve));
        for (address, service) in clear.chain(sieve.tls_listen.iter().map(|address| (address, Service::ManageSieveTls)))
        {
            let listener = std::net::TcpListener::bind(address);
            let listener = listener.map_err(|error| in_words(&address.to_string(), &error))?;
            listeners.sieve.push((listener, service));
        }
    }
    Ok(listeners)
}

impl Listeners {
    /// The addresses as bound: port 0 has become a real one.
    pub fn tcp_addresses(&self) -> Vec<SocketAddr> {
        self.tcp.iter().filter_map(|listener| listener.local_addr().ok()).collect()
    }

    pub fn unix_paths(&self) -> Vec<PathBuf> {
        let path = |socket: &UnixSocket| socket.listener.local_addr().ok()?.as_pathname().map(Path::to_path_buf);
        self.unix.iter().filter_map(path).collect()
    }

    /// Where we listen, for people: `unix:/run/tamis/lmtp.sock`, `127.0.0.1:24`.
    pub fn places(&self) -> Vec<String> {
        let unix = self.unix_paths().into_iter().map(|path| format!("unix:{}", path.display()));
        unix.chain(self.tcp_addresses().into_iter().map(|address| address.to_string())).collect()
    }

    /// Where scripts can be edited, as bound.
    pub fn managesieve_places(&self) -> Vec<String> {
        let address = |(listener, _): &(std::net::TcpListener, Service)| listener.local_addr().ok();
        self.sieve.iter().filter_map(address).map(|address| address.to_string()).collect()
    }

    /// True where there is no socket for LMTP.
    pub fn is_empty(&self) -> bool {
        self.unix.is_empty() && self.tcp.is_empty()
    }

    /// # Errors
    /// Outside of a tokio runtime, or where a socket can't be made non-blocking.
    pub(super) fn open(self) -> io::Result<Vec<Door>> {
        let mut doors = Vec::new();
        for socket in self.unix {
            socket.listener.set_nonblocking(true)?;
            doors.push(Door::Unix(tokio::net::UnixListener::from_std(socket.listener)?, socket.file));
        }
        for listener in self.tcp {
            listener.set_nonblocking(true)?;
            doors.push(Door::Tcp(tokio::net::TcpListener::from_std(listener)?, Service::Lmtp));
        }
        for (listener, service) in self.sieve {
            listener.set_nonblocking(true)?;
            doors.push(Door::Tcp(tokio::net::TcpListener::from_std(listener)?, service));
        }
        Ok(doors)
    }
}

impl Door {
    pub(super) fn service(&self) -> Service {
        match self {
            Door::Unix(..) => Service::Lmtp,
            Door::Tcp(_, service) => *service,
        }
    }

    /// Waits for a connection; may be dropped without losing one.
    ///
    /// # Errors
    /// What the system says, such as no handles left.
    pub(super) async fn accept(&self) -> io::Result<Connection> {
        match self {
            Door::Unix(listener, _) => {
                let (stream, _) = listener.accept().await?;
                let peer = Peer::Unix(stream.peer_cred().ok().map(|cred| cred.uid()));
                Ok(Connection { stream: Stream::Unix(stream), peer })
            }
            Door::Tcp(listener, _) => {
                let (stream, address) = listener.accept().await?;
                // Replies are gathered by us; waiting for more in the kernel would only delay them.
                let _ = stream.set_nodelay(true);
                Ok(Connection { stream: Stream::Tcp(stream), peer: Peer::Tcp(address.ip()) })
            }
        }
    }

    /// Stops listening. The file goes first, while we still answer on it: a successor sees either our answer or no file,
    /// and we never remove the file of a successor.
    pub(super) fn close(self) {
        if let Door::Unix(listener, file) = self {
            if let Some(file) = file {
                file.remove();
            }
            drop(listener);
        }
    }
}

impl SocketFile {
    fn remove(&self) {
        match rustix::fs::lstat(&self.path) {
            Ok(stat) if identity(&stat) == self.identity => {
                if let Err(error) = rustix::fs::unlink(&self.path) {
                    tracing::warn!(path = ?self.path, error = %error, "socket file can't be removed");
                }
            }
            Ok(_) | Err(_) => {}
        }
    }
}

fn identity(stat: &Stat) -> (u64, u64) {
    (stat.st_dev, stat.st_ino)
}

fn in_words(what: &str, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("can't listen on {what}: {error}"))
}

fn bind_tcp(address: SocketAddr) -> io::Result<std::net::TcpListener> {
    refuse_smtp_port(address)?;
    std::net::TcpListener::bind(address)
}

/// RFC 2033 §5: LMTP must not be used on TCP port 25.
fn refuse_smtp_port(address: SocketAddr) -> io::Result<()> {
    if address.port() == SMTP_PORT {
        let words = "LMTP must not run on TCP port 25, which is SMTP's (RFC 2033 §5); 24 is LMTP's";
        return Err(io::Error::new(io::ErrorKind::InvalidInput, words));
    }
    Ok(())
}

/// Mode and group are set between bind and listen: until then every connect is refused, so that nobody can slip in while
/// the file still has other rights.
fn bind_unix(path: &Path, mode: u32, group: Option<&str>) -> io::Result<UnixSocket> {
    let group = group.map(group_id).transpose()?;
    remove_stale(path)?;
    let socket = rustix::net::socket_with(AddressFamily::UNIX, SocketType::STREAM, SocketFlags::CLOEXEC, None)?;
    rustix::net::bind(&socket, &SocketAddrUnix::new(path)?)?;
    let file = SocketFile { path: path.to_path_buf(), identity: identity(&rustix::fs::lstat(path)?) };
    let ready = (|| {
        rustix::fs::chown(path, None, group)?;
        rustix::fs::chmod(path, Mode::from_raw_mode(mode))?;
        rustix::net::listen(&socket, LISTEN_BACKLOG)
    })();
    if let Err(error) = ready {
        file.remove();
        return Err(error.into());
    }
    Ok(UnixSocket { listener: socket.into(), file: Some(file) })
}

/// A group by name or number.
fn group_id(name: &str) -> io::Result<Gid> {
    let unknown = || io::Error::new(io::ErrorKind::NotFound, format!("no group {name:?} (settings: lmtp.unix_group)"));
    if let Ok(number) = name.parse() {
        return Ok(Gid::from_raw(number));
    }
    let group = nix::unistd::Group::from_name(name).map_err(io::Error::from)?.ok_or_else(unknown)?;
    Ok(Gid::from_raw(group.gid.as_raw()))
}

/// Removes the socket file of a server that is gone: only where nobody answers on it, and only a socket.
fn remove_stale(path: &Path) -> io::Result<()> {
    let stat = match rustix::fs::lstat(path) {
        Ok(stat) => stat,
        Err(rustix::io::Errno::NOENT) => return Ok(()),
        Err(error) => return Err(error.into()),
    };
    if !FileType::from_raw_mode(stat.st_mode).is_socket() {
        let words = "there is a file that is not a socket; move it away or choose another path (settings: lmtp.unix)";
        return Err(io::Error::new(io::ErrorKind::AlreadyExists, words));
    }
    match StdUnixStream::connect(path) {
        Ok(_) => Err(io::Error::new(io::ErrorKind::AddrInUse, "another server answers there")),
        Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => Ok(rustix::fs::unlink(path)?),
        Err(error) => Err(error),
    }
}

/// Sockets of socket activation; none where we were started by hand.
fn from_systemd() -> io::Result<Listeners> {
    let names = std::env::var("LISTEN_FDNAMES").unwrap_or_default();
    let names: Vec<&str> = names.split(':').collect();
    let mut handed = listenfd::ListenFd::from_env();
    let mut listeners = Listeners::default();
    for index in 0..handed.len() {
        if names.get(index) == Some(&SIEVE_SOCKET_NAME) {
            let listener = handed.take_tcp_listener(index)?;
            listeners.sieve.extend(listener.map(|listener| (listener, Service::ManageSieve)));
        } else if let Ok(Some(listener)) = handed.take_unix_listener(index) {
            listeners.unix.push(UnixSocket { listener, file: None });
        } else if let Some(listener) = handed.take_tcp_listener(index)? {
            refuse_smtp_port(listener.local_addr()?)?;
            listeners.tcp.push(listener);
        }
    }
    Ok(listeners)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::{MetadataExt, PermissionsExt};

    fn socket_in(dir: &tempfile::TempDir) -> PathBuf {
        dir.path().join("lmtp")
    }

    #[test]
    fn a_unix_socket_has_its_mode_and_group_before_anybody_can_connect() {
        let dir = tempfile::tempdir().unwrap();
        let gid = std::fs::metadata(dir.path()).unwrap().gid();
        let socket = bind_unix(&socket_in(&dir), 0o660, Some(&gid.to_string())).unwrap();
        let meta = std::fs::metadata(socket_in(&dir)).unwrap();
        assert_eq!((meta.permissions().mode() & 0o7777, meta.gid()), (0o660, gid));
        assert!(StdUnixStream::connect(socket_in(&dir)).is_ok());
        drop(socket);
    }

    #[test]
    fn a_stale_socket_is_replaced_and_a_live_one_is_not() {
        let dir = tempfile::tempdir().unwrap();
        let first = bind_unix(&socket_in(&dir), 0o600, None).unwrap();
        let refused = bind_unix(&socket_in(&dir), 0o600, None).unwrap_err();
        assert_eq!(refused.kind(), io::ErrorKind::AddrInUse);
        drop(first);
        bind_unix(&socket_in(&dir), 0o600, None).unwrap();
    }

    #[test]
    fn a_file_that_is_not_a_socket_is_never_removed() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(socket_in(&dir), "precious").unwrap();
        assert!(bind_unix(&socket_in(&dir), 0o600, None).is_err());
        assert_eq!(std::fs::read(socket_in(&dir)).unwrap(), b"precious");
    }

    #[test]
    fn an_unknown_group_is_named_and_leaves_no_socket() {
        let dir = tempfile::tempdir().unwrap();
        let error = bind_unix(&socket_in(&dir), 0o600, Some("no-such-group")).unwrap_err();
        assert!(error.to_string().contains("no-such-group"), "{error}");
        assert!(!socket_in(&dir).exists());
    }

    #[test]
    fn a_stop_removes_our_socket_file_but_not_another_servers() {
        let dir = tempfile::tempdir().unwrap();
        let first = bind_unix(&socket_in(&dir), 0o600, None).unwrap();
        let kept = std::fs::rename(socket_in(&dir), dir.path().join("old"));
        let second = bind_unix(&socket_in(&dir), 0o600, None).unwrap();
        first.file.unwrap().remove();
        assert!(kept.is_ok() && socket_in(&dir).exists());
        second.file.unwrap().remove();
        assert!(!socket_in(&dir).exists());
    }

    #[test]
    fn tcp_port_25_is_refused() {
        let error = bind_tcp("127.0.0.1:25".parse().unwrap()).unwrap_err();
        assert!(error.to_string().contains("RFC 2033"), "{error}");
        assert_ne!(bind_tcp("127.0.0.1:0".parse().unwrap()).unwrap().local_addr().unwrap().port(), 0);
    }
}
