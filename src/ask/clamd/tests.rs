//! A clamd that misbehaves, over both kinds of sockets: never clean, never later than its time.

use super::*;
use crate::config::ClamdSettings;
use std::time::Instant;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, UnixListener};

/// What a false clamd does with a connection.
#[derive(Clone, Copy)]
enum Manner {
    /// Reads all of the stream, then says this and closes.
    Says(&'static [u8]),
    /// Says this at once and closes, the stream unread.
    Interrupts(&'static [u8]),
    /// Reads the stream and never says anything.
    Silent,
    /// Says one letter without end.
    Endless,
}

async fn serve<S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin>(mut stream: S, manner: Manner) {
    let mut block = vec![0; 1 << 16];
    match manner {
        Manner::Says(_) | Manner::Silent | Manner::Endless => {
            let mut seen = Vec::new();
            while !seen.ends_with(&[0, 0, 0, 0]) {
                let Ok(count @ 1..) = stream.read(&mut block).await else { return };
                seen.extend_from_slice(&block[..count]);
            }
        }
        Manner::Interrupts(_) => drop(stream.read(&mut block[..20]).await),
    }
    match manner {
        Manner::Says(words) | Manner::Interrupts(words) => drop(stream.write_all(words).await),
        Manner::Silent => std::future::pending().await,
        Manner::Endless => while stream.write_all(&[b'a'; 1000]).await.is_ok() {},
    }
}

fn set() -> ClamdSettings {
    ClamdSettings { stream_bytes_max: 8 << 20, connections: 2, seconds: 1, ..ClamdSettings::default() }
}

/// A false clamd at a Unix socket and at a TCP port, and the way to each.
async fn both(folder: &tempfile::TempDir, manner: Manner) -> [Clamd; 2] {
    let socket = folder.path().join("clamd.ctl");
    let _ = std::fs::remove_file(&socket);
    let (unix, tcp) = (UnixListener::bind(&socket).unwrap(), TcpListener::bind("127.0.0.1:0").await.unwrap());
    let address = tcp.local_addr().unwrap().to_string();
    tokio::spawn(async move {
        while let Ok((stream, _)) = unix.accept().await {
            tokio::spawn(serve(stream, manner));
        }
    });
    tokio::spawn(async move {
        while let Ok((stream, _)) = tcp.accept().await {
            tokio::spawn(serve(stream, manner));
        }
    });
    let by_socket = ClamdSettings { socket: Some(socket), ..set() };
    let by_tcp = ClamdSettings { tcp: Some(address), ..set() };
    [Clamd::new(&by_socket), Clamd::new(&by_tcp)]
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_clamd_does_is_an_answer_in_time() {
    let folder = tempfile::tempdir().unwrap();
    let message = vec![b'x'; 4 << 20];
    for (manner, want) in [
        (Manner::Says(b"stream: OK\0"), "Clean"),
        (Manner::Says(b"stream: Eicar FOUND\0"), "Found(\"Eicar\")"),
        (Manner::Says(b"stream: OK"), "NotScanned(\"its answer is none"),
        (Manner::Says(b""), "NotScanned(\"it closed the connection without an answer"),
        (Manner::Interrupts(b""), "NotScanned("),
        (Manner::Silent, "NotScanned(\"no answer within 1 s"),
        (Manner::Endless, "NotScanned(\"an answer of more than 4096 octets"),
    ] {
        for clamd in both(&folder, manner).await {
            let begun = Instant::now();
            let said = format!("{:?}", clamd.scan(&message).await.unwrap());
            assert!(said.starts_with(want), "{said}, not {want}");
            assert!(begun.elapsed() < Duration::from_secs(5), "{want}: {:?}", begun.elapsed());
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_comes_before_the_end_of_the_message_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let [by_socket, _] = both(&folder, Manner::Interrupts(b"INSTREAM size limit exceeded. ERROR\0")).await;
    let said = by_socket.scan(&vec![b'x'; 4 << 20]).await;
    assert!(matches!(&said, Some(Said::TooLarge(why)) if why.contains("size limit exceeded")), "{said:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_is_too_large_is_not_sent_and_no_clamd_says_nothing() {
    let nobody = ClamdSettings { socket: Some("/nonexistent/clamd.ctl".into()), ..set() };
    let said = Clamd::new(&nobody).scan(&vec![b'x'; (8 << 20) + 1]).await;
    assert!(matches!(&said, Some(Said::TooLarge(why)) if why.contains("clamd takes 8388608")), "{said:?}");
    assert_eq!(Clamd::new(&set()).scan(b"x").await, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clamd_that_hangs_costs_its_time_three_times_and_is_asked_shortly_after() {
    let folder = tempfile::tempdir().unwrap();
    let [clamd, _] = both(&folder, Manner::Silent).await;
    for _ in 0..crate::limits::CLAMD_FAILURES_MAX {
        assert!(matches!(clamd.scan(b"x").await, Some(Said::NotScanned(_))));
    }
    // PING first, which gets no answer either; then nothing for some seconds.
    let begun = Instant::now();
    for _ in 0..20 {
        assert!(matches!(clamd.scan(b"x").await, Some(Said::NotScanned(_))));
    }
    assert!(begun.elapsed() < Duration::from_secs(4), "{:?}", begun.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_there_is_said_at_once() {
    for settings in [
        ClamdSettings { socket: Some("/nonexistent/clamd.ctl".into()), ..set() },
        ClamdSettings { tcp: Some("127.0.0.1:1".into()), ..set() },
    ] {
        let clamd = Clamd::new(&settings);
        let begun = Instant::now();
        assert!(matches!(clamd.scan(b"x").await, Some(Said::NotScanned(_))));
        assert!(begun.elapsed() < Duration::from_millis(500));
        assert!(clamd.version().await.unwrap().is_err());
    }
}

#[test]
fn the_age_of_the_signatures_is_read_where_there_is_one() {
    let days = |text: &str| Version(text.to_string()).signatures_days(1_764_000_000);
    assert_eq!(days("ClamAV 1.4.6/27815/Mon Nov 17 08:28:34 2025"), Some(7));
    assert_eq!(days("ClamAV 1.4.6/27815/Sat Nov  1 08:28:34 2025"), Some(23));
    assert_eq!(days("ClamAV 1.4.6"), None);
    assert_eq!(days("ClamAV 1.4.6/27815/yesterday"), None);
}
