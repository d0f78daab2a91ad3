//! A server that takes mail by SMTP on loopback and remembers it; for one answer each it can be told to misbehave.
//!
//! Speaks as much SMTP as Postfix's smtpd does to a client that keeps to the rules, and fails the test where one doesn't:
//! a bare LF, or a dot that is not doubled, ends the conversation.

use std::{
    collections::VecDeque,
    io::{BufRead, BufReader, Write},
    net::{TcpListener, TcpStream},
    sync::{Arc, Mutex},
    thread,
};

/// One message that was answered with 250.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Taken {
    pub(crate) from: String,
    pub(crate) to: String,
    /// Dots undoubled.
    pub(crate) message: Vec<u8>,
}

#[derive(Default)]
struct State {
    taken: Vec<Taken>,
    /// (command, reply), in order; an empty reply closes the connection.
    odd: VecDeque<(String, String)>,
}

/// Runs until the test's process ends.
pub(crate) struct Server {
    pub(crate) port: u16,
    state: Arc<Mutex<State>>,
}

impl Server {
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let state: Arc<Mutex<State>> = Arc::default();
        let theirs = Arc::clone(&state);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let state = Arc::clone(&theirs);
                thread::spawn(move || talk(stream, &state));
            }
        });
        Self { port, state }
    }

    pub(crate) fn taken(&self) -> Vec<Taken> {
        self.state.lock().unwrap().taken.clone()
    }

    /// The next answer to this command (`connect`, `EHLO`, `MAIL`, `RCPT`, `DATA`, `.`) is this one.
    pub(crate) fn answer_once(&self, command: &str, reply: &str) {
        self.state.lock().unwrap().odd.push_back((command.into(), reply.into()));
    }
}

/// The reply to a command; none: close.
fn reply(state: &Mutex<State>, command: &str, usual: &str) -> Option<String> {
    let mut state = state.lock().unwrap();
    let at = state.odd.iter().position(|(of, _)| of == command);
    match at.and_then(|at| state.odd.remove(at)) {
        Some((_, reply)) if reply.is_empty() => None,
        Some((_, reply)) => Some(reply),
        None => Some(usual.to_string()),
    }
}

fn talk(stream: TcpStream, state: &Mutex<State>) -> Option<()> {
    let mut stream = BufReader::new(stream);
    let greeting = reply(state, "connect", "220 mx ESMTP")?;
    say(&mut stream, &greeting)?;
    let (mut from, mut to) = (String::new(), String::new());
    loop {
        let line = String::from_utf8(line(&mut stream)?).ok()?;
        let path = || line.split(['<', '>']).nth(1).unwrap_or_default().to_string();
        let verb = line.split([' ', '\r']).next().unwrap_or_default();
        let answer = match verb {
            "EHLO" => reply(state, verb, "250-mx\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n250 SIZE 10000000")?,
            "MAIL" => reply(state, verb, "250 2.1.0 Ok")?,
            "RCPT" => reply(state, verb, "250 2.1.5 Ok")?,
            "DATA" => reply(state, verb, "354 go on")?,
            "QUIT" => return say(&mut stream, "221 2.0.0 Bye"),
            _ => "502 5.5.1 what?".to_string(),
        };
        match verb {
            "MAIL" => from = path(),
            "RCPT" => to = path(),
            _ => {}
        }
        say(&mut stream, &answer)?;
        if answer.starts_with("354") {
            let message = message(&mut stream)?;
            let answer = reply(state, ".", "250 2.0.0 Ok: queued")?;
            if answer.starts_with("250") {
                state.lock().unwrap().taken.push(Taken { from: from.clone(), to: to.clone(), message });
            }
            say(&mut stream, &answer)?;
        }
    }
}

/// Up to the dot.
fn message(stream: &mut BufReader<TcpStream>) -> Option<Vec<u8>> {
    let mut message = Vec::new();
    loop {
        let line = line(stream)?;
        match line.strip_prefix(b".") {
            Some(b"\r\n") => return Some(message),
            Some(rest) if rest.starts_with(b".") => message.extend_from_slice(rest),
            Some(_) => return None,
            None => message.extend_from_slice(&line),
        }
    }
}

/// One line that ends with CRLF.
fn line(stream: &mut BufReader<TcpStream>) -> Option<Vec<u8>> {
    let mut line = Vec::new();
    stream.read_until(b'\n', &mut line).ok()?;
    line.ends_with(b"\r\n").then_some(line)
}

fn say(stream: &mut BufReader<TcpStream>, reply: &str) -> Option<()> {
    stream.get_mut().write_all(format!("{reply}\r\n").as_bytes()).ok()
}
