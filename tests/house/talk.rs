//! Runs `tests/talk/*.talk`: a conversation with the real server, line by line, all in one write, and octet by octet.
//!
//! Each way has a server of its own, so that nothing is left over from another. The forms of a line:
//!
//! ```text
//! # why this must be so
//! given user anna                      anna@home.example, in a passwd-file
//! given account postmaster             a user without a domain
//! given 1000 users u                   u1 to u1000
//! given ben over quota                 the same as a user whose mailbox is full
//! given set lmtp.idle_seconds = 1      any setting
//! given tcp                            talk over TCP; without it, over the unix socket
//! C: NOOP                              sends the line with CRLF
//! C< "a" * 5000 "\r\n"                 sends exactly these octets: \r \n \t \0 \\ \" \xHH
//! C* 3 RCPT TO:<u{n}@home.example>     sends it with n = 1, 2, 3
//! C closes                             the client goes away
//! S: 250 2.0.0 *                       expects this line; * stands for any end
//! S: 250-*                             expects a reply of several lines
//! S* 3 250 2.1.5 *                     expects it three times
//! when the server is told to stop
//! then the connection is closed
//! then anna has 2 new letters
//! then anna's letter 1 ends with "…"   or: begins with, contains, lacks; the octets as they lie on disk
//! ```
//!
//! `TALK=smuggling cargo test --test house talks` runs those whose name has the word.

use crate::world::{World, tail};
use std::{
    fs,
    io::{BufRead, BufReader, Read, Write},
    net::{Shutdown, TcpStream},
    os::unix::net::UnixStream,
    path::{Path, PathBuf},
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

/// Servers that run side by side.
const AT_ONCE: usize = 4;
/// Where the users of a talk live.
const DOMAIN: &str = "home.example";
/// How long a reply may take before a talk fails.
const REPLY_SECONDS: u64 = 60;
/// Octets that are sent one by one; what is longer goes in odd pieces.
const OCTETS_MAX: usize = 1 << 16;

#[test]
fn every_talk_goes_as_written_in_three_ways() {
    let wanted = std::env::var("TALK").unwrap_or_default();
    let talks: Vec<Talk> = files().iter().map(|file| read(file)).filter(|talk| talk.name.contains(&wanted)).collect();
    assert!(!talks.is_empty(), "no talk in tests/talk has {wanted:?} in its name");
    let runs: Vec<(&Talk, Way)> = talks.iter().flat_map(|talk| WAYS.map(|way| (talk, way))).collect();
    let (next, faults) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                while let Some((talk, way)) = runs.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let ran = std::panic::catch_unwind(|| run(talk, *way));
                    let fault = ran.unwrap_or_else(|_| Err("could not be run, see above".into())).err();
                    faults.lock().unwrap().extend(fault.map(|fault| format!("{} ({way:?}): {fault}", talk.name)));
                }
            });
        }
    });
    let faults = faults.into_inner().unwrap();
    assert!(faults.is_empty(), "{} of {} talks:\n{}", faults.len(), runs.len(), faults.join("\n"));
}

/// How the client's octets are cut into writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    LineByLine,
    AllAtOnce,
    OctetByOctet,
}

const WAYS: [Way; 3] = [Way::LineByLine, Way::AllAtOnce, Way::OctetByOctet];

struct Talk {
    name: String,
    givens: Vec<String>,
    steps: Vec<Step>,
}

struct Step {
    line: usize,
    act: Act,
}

enum Act {
    Send(Vec<u8>),
    Expect(String),
    ClientCloses,
    ServerStops,
    IsClosed,
    Letters(String, usize),
    Letter(String, usize, Look, Vec<u8>),
}

#[derive(Clone, Copy, Debug)]
enum Look {
    BeginsWith,
    EndsWith,
    Contains,
    Lacks,
}

fn files() -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> = fs::read_dir("tests/talk").unwrap().map(|entry| entry.unwrap().path()).collect();
    found.sort();
    found
}

fn read(file: &Path) -> Talk {
    let name = file.file_stem().unwrap().to_string_lossy().into_owned();
    let text = fs::read_to_string(file).unwrap();
    assert!(text.starts_with("# "), "{name}: say first why this must be so");
    let mut talk = Talk { name, givens: Vec::new(), steps: Vec::new() };
    for (at, line) in text.lines().enumerate().filter(|(_, line)| !line.is_empty() && !line.starts_with('#')) {
        match line.strip_prefix("given ") {
            Some(given) => talk.givens.push(given.to_string()),
            None => {
                let acts = acts(line).unwrap_or_else(|| panic!("{}:{}: not understood: {line}", talk.name, at + 1));
                talk.steps.extend(acts.into_iter().map(|act| Step { line: at + 1, act }));
            }
        }
    }
    talk
}

fn acts(line: &str) -> Option<Vec<Act>> {
    let one = |act| Some(vec![act]);
    if let Some(text) = line.strip_prefix("C: ") {
        return one(Act::Send(format!("{text}\r\n").into_bytes()));
    }
    if line == "C:" {
        return one(Act::Send(b"\r\n".to_vec()));
    }
    if let Some(text) = line.strip_prefix("C< ") {
        return one(Act::Send(octets(text)?));
    }
    if let Some(text) = line.strip_prefix("C* ") {
        let (count, text) = text.split_once(' ')?;
        let count: usize = count.parse().ok()?;
        return Some(
            (1..=count).map(|n| Act::Send(format!("{text}\r\n").replace("{n}", &n.to_string()).into_bytes())).collect(),
        );
    }
    if let Some(text) = line.strip_prefix("S: ") {
        return one(Act::Expect(text.to_string()));
    }
    if let Some(text) = line.strip_prefix("S* ") {
        let (count, text) = text.split_once(' ')?;
        return Some((0..count.parse().ok()?).map(|_| Act::Expect(text.to_string())).collect());
    }
    match line {
        "C closes" => one(Act::ClientCloses),
        "when the server is told to stop" => one(Act::ServerStops),
        "then the connection is closed" => one(Act::IsClosed),
        _ => one(letters(line.strip_prefix("then ")?)?),
    }
}

/// `anna has 2 new letters`, `anna's letter 1 ends with "…"`.
fn letters(text: &str) -> Option<Act> {
    if let Some((user, count)) = text.split_once(" has ") {
        let count = count.strip_suffix(" new letters").or(count.strip_suffix(" new letter"))?;
        return Some(Act::Letters(user.to_string(), count.parse().ok()?));
    }
    let (user, rest) = text.split_once("'s letter ")?;
    let (number, rest) = rest.split_once(' ')?;
    let looks = [
        ("begins with ", Look::BeginsWith),
        ("ends with ", Look::EndsWith),
        ("contains ", Look::Contains),
        ("lacks ", Look::Lacks),
    ];
    let (look, want) = looks.iter().find_map(|(words, look)| Some((*look, rest.strip_prefix(words)?)))?;
    Some(Act::Letter(user.to_string(), number.parse().ok()?, look, octets(want)?))
}

/// `"a\r\n" * 3 "b"` as octets.
fn octets(text: &str) -> Option<Vec<u8>> {
    let (mut all, mut rest) = (Vec::new(), text.trim());
    while !rest.is_empty() {
        let (piece, after) = quoted(rest.strip_prefix('"')?)?;
        rest = after.trim_start();
        let mut count = 1;
        if let Some(times) = rest.strip_prefix("* ") {
            let end = times.find(' ').unwrap_or(times.len());
            count = times[..end].parse().ok()?;
            rest = times[end..].trim_start();
        }
        all.extend(piece.repeat(count));
    }
    Some(all)
}

/// What stands up to the closing quote, and what follows it.
fn quoted(text: &str) -> Option<(Vec<u8>, &str)> {
    let (mut out, mut chars) = (Vec::new(), text.char_indices());
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return Some((out, &text[at + 1..])),
            '\\' => match chars.next()?.1 {
                'r' => out.push(b'\r'),
                'n' => out.push(b'\n'),
                't' => out.push(b'\t'),
                '0' => out.push(0),
                'x' => out.push(u8::from_str_radix(&format!("{}{}", chars.next()?.1, chars.next()?.1), 16).ok()?),
                other => out.extend(other.to_string().bytes()),
            },
            _ => out.extend(c.to_string().bytes()),
        }
    }
    None
}

/// Runs one talk in one way; the error says at which line it went otherwise.
fn run(talk: &Talk, way: Way) -> Result<(), String> {
    let mut world = World::new();
    prepare(&mut world, talk);
    world.start();
    let result = Client::connect(&world, talk).converse(&talk.steps, way, &mut world);
    result.map_err(|fault| format!("{fault}\n--- last words of the server ---\n{}", tail(&world.log(), 10)))
}

fn prepare(world: &mut World, talk: &Talk) {
    let mut users = Vec::new();
    for given in &talk.givens {
        let words: Vec<&str> = given.split(' ').collect();
        match words[..] {
            ["user", user] => users.push((format!("{user}@{DOMAIN}"), "")),
            ["account", name] => users.push((name.to_string(), "")),
            [count, "users", user] => {
                users.extend((1..=count.parse::<usize>().unwrap()).map(|n| (format!("{user}{n}@{DOMAIN}"), "")));
            }
            [user, "over", "quota"] => users.push((format!("{user}@{DOMAIN}"), "userdb_quota_rule=*:bytes=100")),
            ["set", ..] => world.set(given.trim_start_matches("set ")),
            ["tcp"] => {}
            _ => panic!("{}: not understood: given {given}", talk.name),
        }
    }
    let file = world.passwd_file(&users);
    world.set(&format!("users.passwd_file = {file:?}\nlook.workers = 1"));
    // What the filter thinks of these scraps is not the question here: all go to INBOX.
    world.set("class.spam.score = 1000.0\nclass.bulk.score = 1000.0");
}

trait Socket: Read + Write + Send {
    fn again(&self) -> Box<dyn Socket>;
    fn close(&self);
}

impl Socket for UnixStream {
    fn again(&self) -> Box<dyn Socket> {
        Box::new(self.try_clone().unwrap())
    }
    fn close(&self) {
        self.shutdown(Shutdown::Both).ok();
    }
}

impl Socket for TcpStream {
    fn again(&self) -> Box<dyn Socket> {
        Box::new(self.try_clone().unwrap())
    }
    fn close(&self) {
        self.shutdown(Shutdown::Both).ok();
    }
}

struct Client {
    reader: BufReader<Box<dyn Socket>>,
}

impl Client {
    fn connect(world: &World, talk: &Talk) -> Self {
        let patience = Some(Duration::from_secs(REPLY_SECONDS));
        let stream: Box<dyn Socket> = if talk.givens.iter().any(|given| given == "tcp") {
            let stream = TcpStream::connect(("127.0.0.1", world.tcp_port)).unwrap();
            stream.set_nodelay(true).unwrap();
            stream.set_read_timeout(patience).unwrap();
            Box::new(stream)
        } else {
            let stream = UnixStream::connect(world.socket()).unwrap();
            stream.set_read_timeout(patience).unwrap();
            Box::new(stream)
        };
        Self { reader: BufReader::new(stream) }
    }

    /// Line by line, what the server says is read before the client says more. In the other ways everything up to the next
    /// check goes out without waiting.
    fn converse(&mut self, steps: &[Step], way: Way, world: &mut World) -> Result<(), String> {
        let goes_on = |a: &Step, b: &Step| match (&a.act, &b.act) {
            (Act::Send(_), Act::Send(_) | Act::Expect(_)) | (Act::Expect(_), Act::Expect(_)) => true,
            (Act::Expect(_), Act::Send(_)) => way != Way::LineByLine,
            _ => false,
        };
        steps.chunk_by(goes_on).try_for_each(|piece| self.piece(piece, way, world))
    }

    /// Sends beside reading: with both in one thread, client and server could wait for each other's reading for ever.
    fn piece(&mut self, piece: &[Step], way: Way, world: &mut World) -> Result<(), String> {
        let lines: Vec<&[u8]> = piece
            .iter()
            .filter_map(|step| if let Act::Send(line) = &step.act { Some(&line[..]) } else { None })
            .collect();
        let writes = if way == Way::LineByLine {
            lines.iter().map(|line| line.to_vec()).collect()
        } else {
            vec![lines.concat()]
        };
        let mut writer = self.reader.get_ref().again();
        std::thread::scope(|scope| {
            // The server may close before it has read all: that is for the talk to expect, not an error here.
            scope.spawn(move || writes.iter().for_each(|write| send(&mut *writer, write, way)));
            for step in piece {
                if let Err(fault) = self.step(step, world) {
                    self.reader.get_ref().close();
                    return Err(format!("line {}: {fault}", step.line));
                }
            }
            Ok(())
        })
    }

    fn step(&mut self, step: &Step, world: &mut World) -> Result<(), String> {
        match &step.act {
            Act::Send(_) => Ok(()),
            Act::Expect(want) => self.expect(want),
            Act::ClientCloses => {
                self.reader.get_ref().close();
                Ok(())
            }
            Act::ServerStops => {
                world.tell_to_stop();
                Ok(())
            }
            Act::IsClosed => {
                let mut rest = Vec::new();
                match self.reader.read_to_end(&mut rest) {
                    Err(error) if error.kind() != std::io::ErrorKind::ConnectionReset => {
                        Err(format!("not closed: {error}"))
                    }
                    _ if rest.is_empty() => Ok(()),
                    _ => Err(format!("before the close came {:?}", String::from_utf8_lossy(&rest))),
                }
            }
            Act::Letters(user, want) => match new_letters(world, user).len() {
                got if got == *want => Ok(()),
                got => Err(format!("{user} has {got} new letters, not {want}")),
            },
            Act::Letter(user, number, look, want) => check_letter(world, user, *number, *look, want),
        }
    }

    fn expect(&mut self, want: &str) -> Result<(), String> {
        let mut line = self.line()?;
        if want.ends_with("-*") {
            let code = want.trim_end_matches('*');
            while line.starts_with(code) {
                line = self.line()?;
            }
            return matches(&line, &format!("{} *", code.trim_end_matches('-')));
        }
        matches(&line, want)
    }

    fn line(&mut self) -> Result<String, String> {
        let mut line = Vec::new();
        self.reader.read_until(b'\n', &mut line).map_err(|error| format!("no reply: {error}"))?;
        let line = String::from_utf8_lossy(&line).into_owned();
        line.strip_suffix("\r\n")
            .map(str::to_string)
            .ok_or_else(|| format!("no reply but the end of the connection: {line:?}"))
    }
}

fn matches(line: &str, want: &str) -> Result<(), String> {
    let is_it = match want.strip_suffix('*') {
        Some(start) => line.starts_with(start),
        None => line == want,
    };
    if is_it { Ok(()) } else { Err(format!("the server said {line:?}, not {want:?}")) }
}

fn send(to: &mut dyn Write, bytes: &[u8], way: Way) {
    let size = match way {
        Way::OctetByOctet if bytes.len() <= OCTETS_MAX => 1,
        Way::OctetByOctet => 997,
        Way::LineByLine | Way::AllAtOnce => bytes.len().max(1),
    };
    for piece in bytes.chunks(size) {
        if to.write_all(piece).is_err() {
            return;
        }
    }
}

/// In the order in which they were stored.
fn new_letters(world: &World, user: &str) -> Vec<Vec<u8>> {
    let folder = world.home(user).join("Maildir/new");
    let mut files: Vec<_> = fs::read_dir(folder).into_iter().flatten().map(|entry| entry.unwrap()).collect();
    files.sort_by_key(|entry| (entry.metadata().unwrap().modified().unwrap(), entry.file_name()));
    files.iter().map(|entry| fs::read(entry.path()).unwrap()).collect()
}

fn check_letter(world: &World, user: &str, number: usize, look: Look, want: &[u8]) -> Result<(), String> {
    let letters = new_letters(world, user);
    let Some(letter) = number.checked_sub(1).and_then(|at| letters.get(at)) else {
        return Err(format!("{user} has no letter {number}"));
    };
    let has = letter.windows(want.len()).any(|part| part == want);
    let is_so = match look {
        Look::BeginsWith => letter.starts_with(want),
        Look::EndsWith => letter.ends_with(want),
        Look::Contains => has,
        Look::Lacks => !has,
    };
    let words =
        || format!("{look:?} {:?} is not so: {:?}", String::from_utf8_lossy(want), String::from_utf8_lossy(letter));
    if is_so { Ok(()) } else { Err(words()) }
}
