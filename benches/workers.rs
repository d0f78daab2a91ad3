//! What the cage costs a message: the same look in this process, in a kept worker, and in one process for each.
//!
//! Prints a table; asserts nothing. Run with `cargo bench --bench workers`.
#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a program for people that may stop at any error"
)]

use std::hint::black_box;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tamis::ask::{Options, Pool};
use tamis::filter;
use tamis::mail::Session;
use tamis::sieve::{Request, Script, plan};

/// Time to spend on each figure.
const SPAN: Duration = Duration::from_secs(3);

/// A message of about so many octets: text, HTML with links, and a base64 attachment that takes the rest.
fn message(octets: usize) -> Arc<[u8]> {
    let mut text = String::from(
        "From: Anna <anna@example.org>\r\nTo: ben@example.org\r\nSubject: a picture\r\nMessage-ID: <1@example.org>\r\n\
         Date: Thu, 1 Jan 2026 10:00:00 +0000\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n",
    );
    text += "--b\r\nContent-Type: text/plain\r\n\r\nHello Ben, see https://example.org/picture\r\n";
    text += "--b\r\nContent-Type: text/html\r\n\r\n<p>Hello <a href=\"https://example.org/\">Ben</a></p>\r\n";
    text += "--b\r\nContent-Type: image/png; name=a.png\r\nContent-Transfer-Encoding: base64\r\n\r\n";
    let mut state = 1_u64;
    while text.len() < octets {
        for _ in 0..76 {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            let letter = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"[(state >> 58) as usize];
            text.push(char::from(letter));
        }
        text += "\r\n";
    }
    text += "--b--\r\n";
    text.into_bytes().into()
}

/// Microseconds of one call, and the calls made.
fn in_process(mut call: impl FnMut()) -> f64 {
    call();
    let begin = Instant::now();
    let mut calls = 0_u32;
    while begin.elapsed() < SPAN {
        call();
        calls += 1;
    }
    begin.elapsed().as_secs_f64() * 1e6 / f64::from(calls)
}

async fn by_worker(pool: &Pool, message: &Arc<[u8]>, script: Option<&Request>) -> f64 {
    // A copy for each call, so that the message has to travel each time, as in life.
    let fresh = || Arc::<[u8]>::from(&message[..]);
    pool.look(&fresh(), &Session::default()).await.unwrap();
    let (begin, mut calls, mut spent) = (Instant::now(), 0_u32, Duration::ZERO);
    while begin.elapsed() < SPAN {
        let message = fresh();
        let start = Instant::now();
        black_box(pool.look(&message, &Session::default()).await.unwrap());
        if let Some(request) = script {
            black_box(pool.sieve(&message, request).await.unwrap());
        }
        spent += start.elapsed();
        calls += 1;
    }
    spent.as_secs_f64() * 1e6 / f64::from(calls)
}

fn main() {
    let program = PathBuf::from(env!("CARGO_BIN_EXE_tamis"));
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let request = Request { scripts: vec![Script::vendor()], ..Request::default() };
    println!("{:<44} {:>12} {:>12}   against the first", "one message", "20 kB (µs)", "2 MB (µs)");
    let sizes = [message(20_000), message(2_000_000)];
    let mut base = [0.0; 2];
    let mut row = |name: &str, micros: [f64; 2]| {
        if base[0] == 0.0 {
            base = micros;
        }
        println!(
            "{name:<44} {:>12.0} {:>12.0}   ×{:.1} / ×{:.1}",
            micros[0],
            micros[1],
            micros[0] / base[0],
            micros[1] / base[1]
        );
    };
    row(
        "look in this process (no cage)",
        sizes.each_ref().map(|message| {
            in_process(|| {
                black_box(filter::look(message, &Session::default()));
            })
        }),
    );
    row(
        "look and script in this process (no cage)",
        sizes.each_ref().map(|message| {
            in_process(|| {
                black_box(filter::look(message, &Session::default()));
                black_box(plan(message, &request));
            })
        }),
    );
    let kept = Pool::new(program.clone(), 1);
    let each = Pool::with(Options { questions_max: 1, ..Options::new(program, 1) });
    row("look by a kept worker", sizes.each_ref().map(|m| runtime.block_on(by_worker(&kept, m, None))));
    row(
        "look and script by a kept worker",
        sizes.each_ref().map(|m| runtime.block_on(by_worker(&kept, m, Some(&request)))),
    );
    row("look by one process for each message", sizes.each_ref().map(|m| runtime.block_on(by_worker(&each, m, None))));
}
