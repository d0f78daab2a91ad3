//! Letters that are made to harm who looks at them: bombs, lies, depth, breadth, broken bytes.
//!
//! Each goes to the real server, which must answer it, keep or hold it byte by byte, stay small, and never call clean
//! what it could not look at. Vectors of the field: 42.zip, overlapping archives, quines, long windows.

use crate::{
    scan::{Attachment, letter, scan_letters},
    world::{Ledger, World},
};
use std::{
    fmt::Write as _,
    fs,
    io::{Cursor, Read, Write},
    time::{Duration, Instant},
};

/// Octets that one look may take, unless it says that the letter was beyond its limits.
const LOOK_KIB_MAX: u64 = 256 << 10;
/// As [`LOOK_KIB_MAX`], for the processor.
const LOOK_CPU_MAX: Duration = Duration::from_secs(2);
/// Octets by which the server may grow over all of these letters.
const SERVER_GROWS_KIB_MAX: u64 = 40 << 10;
/// Seconds within which a letter must be answered.
const ANSWER_SECONDS_MAX: u64 = 60;
/// Findings that say: not all of it was looked at.
const OVER_LIMIT: [&str; 6] =
    ["too_big_inside", "too_many_inside", "too_deep_inside", "too_long_inside", "lying_inside", "hostile_structure"];

/// A name and a whole letter.
type Attack = (&'static str, Vec<u8>);

fn zip(members: &[(String, Vec<u8>)]) -> Vec<u8> {
    let mut writer = ::zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, contents) in members {
        writer.start_file(name.as_str(), ::zip::write::SimpleFileOptions::default()).unwrap();
        writer.write_all(contents).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

fn gzip(contents: impl Read) -> Vec<u8> {
    let mut encoder = flate2::read::GzEncoder::new(contents, flate2::Compression::new(6));
    let mut out = Vec::new();
    encoder.read_to_end(&mut out).unwrap();
    out
}

fn zeros(octets: u64) -> impl Read {
    std::io::repeat(0).take(octets)
}

/// Every name of the directory points to the same compressed member.
fn overlapping_zip(names: u16, octets: u64) -> Vec<u8> {
    let mut one = Vec::new();
    zeros(octets).read_to_end(&mut one).unwrap();
    let archive = zip(&[("0".to_string(), one)]);
    let directory = memchr::memmem::rfind(&archive, b"PK\x01\x02").unwrap();
    let entry = &archive[directory..directory + 47];
    let mut out = archive[..directory].to_vec();
    for name in 0..names {
        let name = format!("{name:05}");
        let mut entry = entry[..46].to_vec();
        entry[28..30].copy_from_slice(&5u16.to_le_bytes());
        out.extend_from_slice(&entry);
        out.extend_from_slice(name.as_bytes());
    }
    let size = u32::try_from(out.len() - directory).unwrap();
    out.extend_from_slice(b"PK\x05\x06\0\0\0\0");
    out.extend_from_slice(&names.to_le_bytes());
    out.extend_from_slice(&names.to_le_bytes());
    out.extend_from_slice(&size.to_le_bytes());
    out.extend_from_slice(&u32::try_from(directory).unwrap().to_le_bytes());
    out.extend_from_slice(b"\0\0");
    out
}

/// Sixteen archives in each of so many levels, zeros in the innermost.
fn layered_zip(levels: usize, octets: u64) -> Vec<u8> {
    let mut inner = Vec::new();
    zeros(octets).read_to_end(&mut inner).unwrap();
    for level in 0..levels {
        // Different by one octet, so that none is passed over as seen before.
        let members: Vec<(String, Vec<u8>)> =
            (0..16).map(|n| (format!("{level}-{n}"), [&inner[..], &[n as u8]].concat())).collect();
        inner = zip(&members);
    }
    inner
}

fn deep(depth: usize, pack: impl Fn(Vec<u8>) -> Vec<u8>) -> Vec<u8> {
    (0..depth).fold(b"#!/bin/sh\n".to_vec(), |inner, _| pack(inner))
}

/// A bomb of many joined streams of the same compressed zeros.
fn joined(stream: Vec<u8>, times: usize) -> Vec<u8> {
    stream.repeat(times)
}

fn bzip2_of_zeros(octets: u64) -> Vec<u8> {
    let mut out = Vec::new();
    ::bzip2::read::BzEncoder::new(zeros(octets), ::bzip2::Compression::best()).read_to_end(&mut out).unwrap();
    out
}

/// A header that asks for a window of 4 GiB.
fn lzma_with_a_wide_window() -> Vec<u8> {
    let mut out = vec![0x5d, 0xff, 0xff, 0xff, 0xff];
    out.extend_from_slice(&[0xff; 8]);
    out.extend_from_slice(&[0; 64]);
    out
}

fn zstd_with_a_wide_window() -> Vec<u8> {
    // Magic, no checksum and no size, window descriptor of 2 TiB, one raw block of four octets.
    let mut out = b"\x28\xb5\x2f\xfd\x00\xf8".to_vec();
    out.extend_from_slice(&[(4 << 3) | 1, 0, 0]);
    out.extend_from_slice(b"data");
    out
}

fn tar_with_bad_names() -> Vec<u8> {
    let mut out = Vec::new();
    let names = ["../../etc/cron.d/x", "/etc/passwd", "a\nb\x1b[31m", "`id`", "-rf", "x\u{202e}fdp.exe", "con.txt:ads"];
    for name in names {
        let mut header = [0u8; 512];
        header[..name.len()].copy_from_slice(name.as_bytes());
        header[100..107].copy_from_slice(b"0000644");
        header[124..135].copy_from_slice(b"00000000004");
        header[156] = b'0';
        header[257..263].copy_from_slice(b"ustar\0");
        let sum: u32 = header.iter().map(|b| u32::from(*b)).sum::<u32>() + 8 * 32;
        header[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
        out.extend_from_slice(&header);
        out.extend_from_slice(b"text");
        out.resize(out.len().next_multiple_of(512), 0);
    }
    out.resize(out.len() + 1024, 0);
    out
}

fn archives() -> Vec<Attack> {
    let attach =
        |name: &'static str, contents: Vec<u8>| (name, letter(&Attachment { name: format!("{name}.bin"), contents }));
    let one = |contents: Vec<u8>| zip(&[("x".to_string(), contents)]);
    let mut lie = zip(&[("lie".to_string(), vec![0; 30 << 20])]);
    let at = memchr::memmem::rfind(&lie, b"PK\x01\x02").unwrap();
    lie[at + 24..at + 28].fill(0);
    let mut tail = zip(&[("a".to_string(), b"one".to_vec())]);
    tail.extend(zip(&[("b".to_string(), b"two".to_vec())]));
    vec![
        attach("overlap-65534x10MB.zip", overlapping_zip(65_534, 10_000_000)),
        attach("overlap-100x10MB.zip", overlapping_zip(100, 10_000_000)),
        attach("layers-16^4x20MB.zip", layered_zip(4, 20_000_000)),
        attach("zip-depth-1000", deep(1000, one)),
        attach("gz-depth-1000", deep(1000, |inner| gzip(&inner[..]))),
        attach("gz-bomb", joined(gzip(zeros(50 << 20)), 40)),
        attach("bzip2-bomb", joined(bzip2_of_zeros(20 << 20), 200)),
        attach("lzma-dict-4GB", lzma_with_a_wide_window()),
        attach("zstd-window-2TB", zstd_with_a_wide_window()),
        attach("size-lie.zip", lie),
        attach("two-ends.zip", tail),
        attach("names.tar", tar_with_bad_names()),
    ]
}

const HEAD: &str =
    "From: a@home.example\r\nTo: b@home.example\r\nSubject: x\r\nDate: Sun, 1 Mar 2026 10:00:00 +0100\r\n";

fn structures() -> Vec<Attack> {
    let mut mime = HEAD.to_string();
    for n in 0..10_000 {
        write!(mime, "Content-Type: multipart/mixed; boundary=b{n}\r\n\r\n--b{n}\r\n").unwrap();
    }
    let mut encoded = b"From: a@home.example\r\n\r\n#!/bin/sh\r\n".to_vec();
    for _ in 0..25 {
        use base64::{Engine, engine::general_purpose::STANDARD};
        let inner = STANDARD.encode(&encoded);
        encoded = format!("{HEAD}Content-Type: message/rfc822\r\nContent-Transfer-Encoding: base64\r\n\r\n{inner}\r\n")
            .into();
        if encoded.len() > 20 << 20 {
            break;
        }
    }
    let text = |name, text: String| (name, text.into_bytes());
    let many = |what: &str, count: usize| what.repeat(count);
    vec![
        text("mime-depth-10000", mime),
        text("rfc822-depth-10000", format!("{HEAD}{}", many("Content-Type: message/rfc822\r\n\r\n", 10_000))),
        ("rfc822-b64-depth-25", encoded),
        text(
            "parts-200k",
            format!(
                "{HEAD}Content-Type: multipart/mixed; boundary=b\r\n\r\n{}--b--\r\n",
                many("--b\r\n\r\n\r\n", 200_000)
            ),
        ),
        text("headers-200k", format!("{HEAD}{}\r\nx\r\n", many("X-A: b\r\n", 200_000))),
        text("addresses-100k", format!("{HEAD}Cc: {}z@z\r\n\r\nx\r\n", many("a@b.example, ", 100_000))),
        text("parentheses-100k", format!("{HEAD}Cc: {}\r\n\r\nx\r\n", many("(", 100_000))),
        text("encoded-words-100k", format!("{HEAD}Comments: {}\r\n\r\nx\r\n", many("=?utf-8?b?eA==?= ", 100_000))),
        text("parameters-100k", {
            let pieces = (0..100_000).fold(String::new(), |mut all, n| {
                write!(all, "; name*{n}*=x").unwrap();
                all
            });
            format!("{HEAD}Content-Type: text/plain{pieces}\r\n\r\nx\r\n")
        }),
        text("folded-200k", format!("{HEAD}X-A:{}\r\n\r\nx\r\n", many("\r\n b", 200_000))),
        text("line-10MB", format!("{HEAD}X-A: {}\r\n\r\nx\r\n", many("y", 10_000_000))),
        text("html-depth-100k", format!("{HEAD}Content-Type: text/html\r\n\r\n{}x\r\n", many("<div><b>", 100_000))),
        text(
            "html-attributes-1M",
            format!("{HEAD}Content-Type: text/html\r\n\r\n<p {}>x\r\n", many("a=1 ", 1_000_000)),
        ),
        ("broken-bytes", [HEAD.as_bytes(), b"\r\n\0\xff\xfe\r\r\n\n.\r\n..\r\n"].concat()),
        text("no-end-of-header", HEAD.to_string()),
        (
            "boundary-in-boundary",
            format!(
                "{HEAD}Content-Type: multipart/mixed; boundary=a\r\n\r\n{}",
                many("--a\r\nContent-Type: multipart/mixed; boundary=aa\r\n\r\n--aa\r\n\r\n", 90)
            )
            .into_bytes(),
        ),
    ]
}

/// The only worker of the server, what it used of a processor so far, and the most memory that it had.
struct Worker {
    pid: u32,
    cpu: Duration,
    peak_kib: u64,
}

impl Worker {
    fn of(server: u32) -> Option<Self> {
        let numbers = fs::read_dir("/proc").unwrap().filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
        numbers.filter_map(|pid: u32| Self::read(pid, server)).next()
    }

    fn read(pid: u32, parent: u32) -> Option<Self> {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        let fields: Vec<&str> = stat.rsplit_once(") ")?.1.split(' ').collect();
        if fields[1].parse() != Ok(parent) {
            return None;
        }
        // In hundredths of a second (proc_pid_stat(5), where a second has a hundred ticks).
        let ticks: u64 = fields[11].parse::<u64>().ok()? + fields[12].parse::<u64>().ok()?;
        let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
        Some(Self {
            pid,
            cpu: Duration::from_millis(ticks * 10),
            peak_kib: peak.trim().trim_end_matches(" kB").parse().ok()?,
        })
    }

    /// Begins to measure the most memory anew (proc_pid_clear_refs(5)).
    fn forget_peak(&self) {
        fs::write(format!("/proc/{}/clear_refs", self.pid), "5").unwrap();
    }
}

/// What a letter cost; `None` where the worker was replaced.
fn cost(before: Option<&Worker>, server: u32) -> Option<(Duration, u64)> {
    let (before, after) = (before?, Worker::of(server)?);
    (before.pid == after.pid).then(|| (after.cpu.saturating_sub(before.cpu), after.peak_kib))
}

#[test]
fn letters_that_attack_are_answered_kept_and_never_called_clean_unseen() {
    let mut world = World::new();
    world.accept_domains(&["home.example"]);
    world.set("[look]\nworkers = 1\n");
    world.start();
    let rcpts = ["b@home.example".to_string()];
    let deliver = |letter: &[u8]| {
        let mut ledger = Ledger::default();
        world.lmtp().deliver(&mut ledger, "a@home.example", &rcpts, letter).unwrap();
        ledger
    };
    deliver(b"Subject: first\r\n\r\nx\r\n");
    let (server, rss) = (world.server_id(), world.resident_kib());
    let mut attacks = archives();
    attacks.extend(structures());
    let scans = scan_letters(&attacks.iter().map(|(name, letter)| (*name, letter.clone())).collect::<Vec<_>>());
    let mut faults = Vec::new();
    for ((name, letter), scan) in attacks.iter().zip(&scans) {
        let worker = Worker::of(server);
        worker.iter().for_each(Worker::forget_peak);
        let begun = Instant::now();
        let ledger = deliver(letter);
        let (took, cost) = (begun.elapsed(), cost(worker.as_ref(), server));
        println!(
            "{name:24} {:9} octets {:5.2} s {cost:?} {:9} {:?}",
            letter.len(),
            took.as_secs_f64(),
            scan.class,
            scan.inside()
        );
        let over = OVER_LIMIT.iter().any(|finding| scan.has(finding));
        let dear = cost.is_none_or(|(cpu, kib)| cpu > LOOK_CPU_MAX || kib > LOOK_KIB_MAX);
        let is_bomb = ["overlap", "layers", "depth-1000", "bomb"].iter().any(|word| name.contains(word));
        for (is_wrong, what) in [
            (
                !ledger.answers.iter().all(|(_, reply)| reply.is_ok()) || ledger.answers.len() != 1,
                format!("{ledger:?}"),
            ),
            (took.as_secs() >= ANSWER_SECONDS_MAX, format!("answered after {took:?}")),
            (dear && !over, format!("cost {cost:?} and does not say that it is beyond its limits")),
            (is_bomb && (!over || scan.class == "CLEAN"), format!("{} {:?}", scan.class, scan.findings)),
        ] {
            if is_wrong {
                faults.push(format!("{name}: {what}"));
            }
        }
    }
    let grown = world.resident_kib().saturating_sub(rss);
    println!("the server grew by {grown} KiB");
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    assert!(grown < SERVER_GROWS_KIB_MAX, "the server grew by {grown} KiB");
}
