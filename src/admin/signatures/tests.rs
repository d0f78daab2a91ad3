//! Updates from a server on loopback: what is new, the same, broken, smaller, or away.

use super::*;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};

/// What the server gives; an ETag goes with it.
#[derive(Clone, Default)]
struct Site {
    status: &'static str,
    more: &'static str,
    body: String,
}

/// Answers every request with what the site is at that time, and 304 where its ETag is known already.
fn serve(site: Arc<Mutex<Site>>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let place = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut known = String::new();
            for line in BufReader::new(stream.try_clone().unwrap()).lines() {
                let line = line.unwrap().to_ascii_lowercase();
                if let Some(etag) = line.strip_prefix("if-none-match: ") {
                    known = etag.to_string();
                }
                if line.is_empty() {
                    break;
                }
            }
            let site = site.lock().unwrap().clone();
            let etag = format!("\"{}\"", site.body.len());
            let (status, body) =
                if known == etag { ("304 Not Modified", "") } else { (site.status, site.body.as_str()) };
            let head = format!("HTTP/1.1 {status}\r\nETag: {etag}\r\n{}Connection: close\r\n", site.more);
            let _ = write!(stream, "{head}Content-Length: {}\r\n\r\n{body}", body.len());
        }
    });
    place
}

fn lines(count: usize) -> String {
    (0..count).map(|n| format!("T{n}:0:*:616263{n:02}\n")).collect()
}

#[test]
fn a_file_is_taken_only_where_it_is_no_worse() {
    let site = Arc::new(Mutex::new(Site::default()));
    let place = serve(Arc::clone(&site));
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("signatures");
    let sources = vec![format!("{place}/x.ndb")];
    let settings = SignatureSettings { dir: Some(dir.clone()), sources, ..SignatureSettings::default() };
    let step = |status: &'static str, body: String, shrinking, want: Outcome, in_use: usize| {
        *site.lock().unwrap() = Site { status, body, ..Site::default() };
        let rows = update(&settings, shrinking).unwrap().unwrap();
        assert_eq!(rows.len(), 1);
        assert_eq!(rows[0].outcome, want, "{rows:?}");
        let loaded =
            check(&settings, &[]).unwrap().iter().filter(|f| f.name == "x.ndb").map(|f| f.loaded).sum::<usize>();
        assert_eq!(in_use, loaded, "{rows:?}");
    };
    let (no, yes) = (Shrinking::Refused, Shrinking::Allowed);
    step("500 Oops", String::new(), no, Outcome::Failed, 0);
    step("200 OK", "no signature\n".into(), no, Outcome::Refused, 0);
    step("200 OK", lines(40), no, Outcome::New, 40);
    step("200 OK", lines(40), no, Outcome::Unchanged, 40);
    step("200 OK", lines(41), no, Outcome::New, 41);
    step("200 OK", String::new(), no, Outcome::Refused, 41);
    step("404 Not Found", String::new(), no, Outcome::Failed, 41);
    step("200 OK", lines(10), no, Outcome::Refused, 41);
    step("200 OK", lines(10), yes, Outcome::New, 10);
    step("200 OK", format!("{}{}", lines(10), "wrong\n".repeat(11)), yes, Outcome::Refused, 10);
    let names = std::fs::read_dir(&dir).unwrap().flatten().map(|e| e.file_name().into_string().unwrap());
    let mut names: Vec<String> = names.collect();
    names.sort();
    assert_eq!(names, [".sources.json", ".update.lock", "x.ndb", "x.ndb.old"]);
}

#[test]
fn an_encrypted_source_is_not_fetched_in_clear() {
    let clear = serve(Arc::new(Mutex::new(Site { status: "200 OK", more: "", body: lines(3) })));
    let wrong = clear.replace("http://", "https://") + "/x.ndb";
    assert!(fetch::http(&wrong, &Validators::default(), 1000).is_err());
    assert!(fetch::http(&format!("{clear}/x.ndb"), &Validators::default(), 10).is_err(), "too large");
    let moved = Site { status: "302 Found", more: "Location: /x.ndb\r\n", body: String::new() };
    let round = serve(Arc::new(Mutex::new(moved)));
    assert!(fetch::http(&format!("{round}/x.ndb"), &Validators::default(), 1000).is_err(), "a circle");
}

#[test]
fn two_updates_do_not_overlap() {
    let folder = tempfile::tempdir().unwrap();
    let settings = SignatureSettings { dir: Some(folder.path().into()), ..SignatureSettings::default() };
    let held = signature_files::lock(folder.path()).unwrap();
    assert_eq!(update(&settings, Shrinking::Refused), Ok(None));
    drop(held);
    assert_eq!(update(&settings, Shrinking::Refused), Ok(Some(Vec::new())));
    assert!(update(&SignatureSettings::default(), Shrinking::Refused).is_err());
}

#[test]
fn the_list_says_what_is_loaded() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("a.ndb"), lines(5)).unwrap();
    std::fs::write(folder.path().join("b.cdb"), "x\n").unwrap();
    let with = SignatureSettings { dir: Some(folder.path().into()), ..SignatureSettings::default() };
    let own = list(&SignatureSettings::default()).unwrap();
    let all = list(&with).unwrap();
    assert!(own.loaded >= 25 && all.loaded == own.loaded + 5, "{} {}", own.loaded, all.loaded);
    assert!(all.compiled_bytes > own.compiled_bytes && all.files.len() == own.files.len() + 2);
}
