//! What 100,000 signatures cost: load time, memory and scan rate, beside clamd with the same set over the same files.
//!
//! Makes signatures and files by chance that is the same each time; prints a table. clamd is started on a socket of its
//! own and ended; where it isn't installed, the table says so. Run with `cargo bench --bench signatures`.
#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::cast_precision_loss,
    reason = "a program for people that may stop at any error"
)]

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use tamis::signatures::{Database, Scan, SignatureFile, compile};
use tamis::unpack::{Contents, Item, Role, Spent};

const SIGNATURES: usize = 100_000;
/// Few and small, because clamd needs many seconds for a megabyte of text that has so many pieces of patterns in it.
const FILES: usize = 24;
const FILE_BYTES: usize = 1 << 18;

/// Words that all texts and patterns are made of.
const WORDS: usize = 20_000;

/// xorshift, with a vocabulary
struct Chance(u64, Vec<String>);

impl Chance {
    fn new() -> Self {
        let mut chance = Self(0x9e37_79b9_7f4a_7c15, Vec::new());
        let words = (0..WORDS).map(|_| chance.new_word()).collect();
        chance.1 = words;
        chance
    }

    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound as u64) as usize
    }

    fn one_of(&mut self, all: &[&'static str]) -> &'static str {
        all[self.below(all.len())]
    }

    fn new_word(&mut self) -> String {
        const FIRST: [&str; 24] = [
            "b", "c", "d", "f", "g", "h", "j", "k", "l", "m", "n", "p", "r", "s", "t", "v", "w", "z", "st", "tr", "pl",
            "sch", "qu", "",
        ];
        const MIDDLE: [&str; 8] = ["a", "e", "i", "o", "u", "ei", "ou", "ie"];
        const LAST: [&str; 12] = ["", "", "", "n", "r", "s", "t", "l", "m", "ng", "ck", "nd"];
        let mut word = String::new();
        for _ in 0..1 + self.below(4) {
            word += &[self.one_of(&FIRST), self.one_of(&MIDDLE), self.one_of(&LAST)].concat();
        }
        word
    }

    fn word(&mut self) -> String {
        let at = self.below(self.1.len());
        self.1[at].clone()
    }

    fn words(&mut self, count: usize) -> String {
        (0..count).map(|_| self.word()).collect::<Vec<_>>().join(" ")
    }

    fn octets(&mut self, count: usize) -> Vec<u8> {
        (0..count).map(|_| (self.next() >> 32) as u8).collect()
    }

    /// What a signature is about: a phrase, an address, or code. Addresses begin with their host, not with `http://`:
    /// clamd is very slow where thousands of patterns begin alike, and the table shall show it at its best.
    fn needle(&mut self) -> Vec<u8> {
        let (number, code) = (self.below(1_000_000), self.next());
        let end = self.one_of(&[".com", ".net", ".example", ".top", ".xyz", ".de"]);
        match self.below(4) {
            0 => self.words(5).into_bytes(),
            1 => format!("{}-{}{end}/{}/{code:x}.php", self.word(), self.word(), self.word()).into_bytes(),
            2 => format!("{}{number}@{}{end}", self.word(), self.word()).into_bytes(),
            _ => {
                let count = 16 + self.below(32);
                self.octets(count)
            }
        }
    }
}

fn hex(octets: &[u8]) -> String {
    octets.iter().fold(String::new(), |mut text, octet| {
        let _ = write!(text, "{octet:02x}");
        text
    })
}

/// A pattern and contents that it fits.
fn pattern(chance: &mut Chance) -> (String, Vec<u8>) {
    let needle = chance.needle();
    let half = needle.len() / 2;
    let (first, second) = needle.split_at(half);
    match chance.below(8) {
        0 => (format!("{}*{}", hex(first), hex(second)), [first, b" and then ", second].concat()),
        1 => (format!("{}{{1-20}}{}", hex(first), hex(second)), [first, b" gap ", second].concat()),
        2 => (format!("{}??{}", hex(first), hex(second)), [first, b"?", second].concat()),
        3 => (format!("{}(41|42|43){}", hex(first), hex(second)), [first, b"B", second].concat()),
        _ => (hex(&needle), needle),
    }
}

struct Set {
    files: [(&'static str, String); 3],
    /// Contents that each fit a signature.
    samples: Vec<Vec<u8>>,
}

fn signatures(chance: &mut Chance) -> Set {
    let (mut ndb, mut ldb, mut hdb) = (String::new(), String::new(), String::new());
    let mut samples = Vec::new();
    for number in 0..SIGNATURES {
        match number % 20 {
            0..=11 => {
                let (text, sample) = pattern(chance);
                let _ = writeln!(ndb, "Bench.Body.{number}:0:*:{text}");
                samples.push(sample);
            }
            12..=14 => {
                let (one, two) = (pattern(chance), pattern(chance));
                let _ = writeln!(ldb, "Bench.Logical.{number};Target:0;0&1;{};{}", one.0, two.0);
                samples.push([one.1, b"\n".to_vec(), two.1].concat());
            }
            _ => {
                let (digest, size) = (hex(&chance.octets(16)), 1000 + chance.below(1_000_000));
                let _ = writeln!(hdb, "{digest}:{size}:Bench.Hash.{number}");
            }
        }
    }
    Set { files: [("bench.ndb", ndb), ("bench.ldb", ldb), ("bench.hdb", hdb)], samples }
}

/// Text, pages, base64 and octets by chance, programs of this machine; one in four has something to find.
fn contents(chance: &mut Chance, samples: &[Vec<u8>]) -> Vec<(&'static str, Vec<u8>)> {
    let mut programs: Vec<_> = fs::read_dir("/usr/bin").unwrap().flatten().map(|entry| entry.path()).collect();
    programs.sort();
    let mut programs = programs.into_iter().filter(|path| fs::metadata(path).is_ok_and(|meta| meta.len() > 200_000));
    (0..FILES)
        .map(|number| {
            let (kind, mut bytes) = match number % 6 {
                0 => ("text/plain", chance.words(FILE_BYTES / 7).into_bytes()),
                1 => ("text/html", format!("<p>{}</p>", chance.words(60)).repeat(FILE_BYTES / 500).into_bytes()),
                2 => ("text/plain", hex(&chance.octets(FILE_BYTES / 2)).into_bytes()),
                3 => ("application/octet-stream", chance.octets(FILE_BYTES)),
                _ => {
                    let program = programs.next().and_then(|path| fs::read(path).ok());
                    ("application/octet-stream", program.unwrap_or_else(|| chance.octets(FILE_BYTES)))
                }
            };
            bytes.truncate(FILE_BYTES);
            if number % 4 == 0 && number % 6 != 1 {
                let sample = &samples[chance.below(samples.len())];
                let at = bytes.len() / 2;
                bytes.splice(at..at, [b"\n", &sample[..], b"\n"].concat());
            }
            (kind, bytes)
        })
        .collect()
}

/// Octets of memory that a process has.
fn resident(pid: u32) -> u64 {
    let text = fs::read_to_string(format!("/proc/{pid}/statm")).unwrap_or_default();
    text.split(' ').nth(1).and_then(|pages| pages.parse::<u64>().ok()).unwrap_or(0) * 4096
}

/// One row of the table.
struct Row {
    name: String,
    load: Duration,
    memory: u64,
    scan: Duration,
    found: BTreeSet<usize>,
}

fn tamis(set: &Set, files: &[(&'static str, Vec<u8>)]) -> Vec<Row> {
    let before = resident(std::process::id());
    let sources: Vec<SignatureFile<'_>> =
        set.files.iter().map(|(name, text)| SignatureFile { name, bytes: text.as_bytes() }).collect();
    let begun = Instant::now();
    let compiled = compile(&sources).unwrap();
    let compile_took = begun.elapsed();
    for file in &compiled.files {
        let unserved: usize = file.unserved.values().sum();
        println!("  {}: {} taken, {unserved} not served, {} wrong", file.name, file.loaded, file.wrong);
    }
    let bytes = compiled.blob.len() as u64;
    let begun = Instant::now();
    let db = Database::open(compiled.blob).unwrap();
    let open_took = begun.elapsed();
    let memory = resident(std::process::id()).saturating_sub(before);
    println!("  compiled form: {:.1} MiB; opened in a worker in {} ms", bytes as f64 / 1e6, open_took.as_millis());
    let mut found = BTreeSet::new();
    let begun = Instant::now();
    for (number, (kind, bytes)) in files.iter().enumerate() {
        let item = Item {
            path: vec!["1".into()],
            name: None,
            declared_type: String::new(),
            true_type: (*kind).into(),
            size: bytes.len() as u64,
            sha256: String::new(),
        };
        let mut scan = Scan::new(&db, Spent::default);
        scan.contents(&item, &Contents { bytes, name: None, declared_type: "", role: Role::File });
        let seen = scan.finish();
        assert!(seen.gave_up.is_empty());
        if seen.hits.iter().any(|hit| hit.name.starts_with("Bench.")) {
            found.insert(number);
        }
    }
    vec![Row {
        name: "tamis (with our rules)".into(),
        load: compile_took + open_took,
        memory,
        scan: begun.elapsed(),
        found,
    }]
}

/// Ends the process when it goes.
struct Killed(Child);

impl Drop for Killed {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn ask(socket: &Path, question: &str) -> Option<String> {
    let mut stream = UnixStream::connect(socket).ok()?;
    stream.write_all(question.as_bytes()).ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    Some(answer)
}

fn clamd(dir: &Path, set: &Set, files: &[(&'static str, Vec<u8>)]) -> Option<Row> {
    let (base, data, socket) = (dir.join("db"), dir.join("files"), dir.join("clamd.sock"));
    for folder in [&base, &data] {
        fs::create_dir_all(folder).unwrap();
    }
    set.files.iter().for_each(|(name, text)| fs::write(base.join(name), text).unwrap());
    for (number, (_, bytes)) in files.iter().enumerate() {
        fs::write(data.join(format!("{number:03}")), bytes).unwrap();
    }
    let settings = format!(
        "LocalSocket {}\nDatabaseDirectory {}\nForeground yes\nMaxThreads 2\nTemporaryDirectory {}\n",
        socket.display(),
        base.display(),
        dir.display()
    );
    fs::write(dir.join("clamd.conf"), settings).unwrap();
    let begun = Instant::now();
    let mut command = Command::new("clamd");
    command.arg("-c").arg(dir.join("clamd.conf")).stdout(Stdio::null()).stderr(Stdio::null());
    let child = Killed(command.spawn().ok()?);
    while ask(&socket, "zPING\0").is_none() {
        if begun.elapsed() > Duration::from_secs(120) {
            return None;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    let load = begun.elapsed();
    let memory = resident(child.0.id());
    let begun = Instant::now();
    let answer = ask(&socket, &format!("zCONTSCAN {}\0", data.display()))?;
    let scan = begun.elapsed();
    let mut found = BTreeSet::new();
    for line in answer.split(['\0', '\n']).filter(|line| line.ends_with("FOUND")) {
        let path = line.split(':').next().unwrap_or_default();
        found.extend(path.rsplit('/').next().and_then(|name| name.parse::<usize>().ok()));
    }
    Some(Row { name: "clamd".into(), load, memory, scan, found })
}

fn main() {
    let mut chance = Chance::new();
    let set = signatures(&mut chance);
    let files = contents(&mut chance, &set.samples);
    let bytes: usize = files.iter().map(|(_, bytes)| bytes.len()).sum();
    println!("{SIGNATURES} signatures, {FILES} files, {:.0} MB", bytes as f64 / 1e6);
    let dir = std::env::temp_dir().join(format!("tamis-bench-{}", std::process::id()));
    let mut rows = tamis(&set, &files);
    match clamd(&dir, &set, &files) {
        Some(row) => rows.push(row),
        None => println!("clamd is not installed or does not start"),
    }
    let _ = fs::remove_dir_all(&dir);
    println!("{:24} {:>10} {:>12} {:>12} {:>12} {:>6}", "", "load ms", "memory MB", "scan ms", "MB/s", "found");
    for row in &rows {
        println!(
            "{:24} {:>10} {:>12.1} {:>12} {:>12.1} {:>6}",
            row.name,
            row.load.as_millis(),
            row.memory as f64 / 1e6,
            row.scan.as_millis(),
            bytes as f64 / 1e6 / row.scan.as_secs_f64(),
            row.found.len()
        );
    }
    if let [ours, theirs] = rows.as_slice() {
        let only = |a: &Row, b: &Row| a.found.difference(&b.found).copied().collect::<Vec<_>>();
        println!("only tamis: {:?}; only clamd: {:?}", only(ours, theirs), only(theirs, ours));
    }
}
