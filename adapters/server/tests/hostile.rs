//! What strangers send to the program to fill its log or its memory.

#![allow(clippy::unwrap_used, reason = "tests")]

mod support;

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;

use support::served::start;
use support::{Running, send, vestibule};

fn get(running: &Running, path: &str) -> String {
    support::get(&running.address, "auth.example.com", path)
}

fn post(running: &Running, path: &str, content_type: &str, body: &str) -> String {
    let length = body.len();
    let head = format!(
        "POST {path} HTTP/1.1\r\nHost: auth.example.com\r\nConnection: close\r\n\
         Content-Type: {content_type}\r\nContent-Length: {length}\r\n\r\n"
    );
    send(&running.address, &format!("{head}{body}"))
}

#[test]
fn htt_14_a_hostile_name_or_path_makes_one_line() {
    let name =
        "Good\r\n2026-01-01T00:00:00Z INFO event=\"code_issued\"\u{1b}[2J\u{85}\u{2028}forged";
    let metadata = serde_json::json!({
        "redirect_uris": ["https://app.example.com/cb"],
        "client_name": name,
    });
    for log in ["human", "json"] {
        let (running, _folder) = start(&["--log", log]);
        let registered =
            post(&running, "/oauth/register", "application/json", &metadata.to_string());
        assert!(registered.starts_with("HTTP/1.1 201 "), "{registered}");
        let paths = [
            "/%0d%0aINFO%20forged",
            "/\u{2028}forged\u{85}",
            "/forged%1b%5b2J",
            "/health%0aforged",
        ];
        for path in paths {
            get(&running, path);
        }
        running.signal("TERM");
        let log = running.end().stderr;
        let forged: Vec<_> = log.lines().filter(|line| line.contains("forged")).collect();
        assert_eq!(forged.len(), 1 + paths.len(), "{log}");
        assert!(forged.iter().all(|line| line.contains("request_id")), "{log}");
        let is_harmless = |c: char| !c.is_control() && !matches!(c, '\u{2028}' | '\u{202e}');
        let json = log.starts_with('{');
        for line in forged {
            assert!(json || line.chars().all(is_harmless), "{line:?}");
            assert!(!line.contains('\u{1b}'), "{line:?}");
        }
    }
}

#[test]
fn htt_14_a_long_path_makes_a_short_line() {
    let (running, _folder) = start(&[]);
    let long = "x".repeat(30_000);
    let answer = get(&running, &format!("/{long}"));
    assert!(answer.starts_with("HTTP/1.1 404 "), "{answer}");
    running.signal("TERM");
    let log = running.end().stderr;
    assert!(log.contains(&format!("/{}…", "x".repeat(199))), "{log}");
    assert!(log.lines().all(|line| line.len() < 1000), "{log}");

    // The program's own line, too.
    let running = Running::start(&mut vestibule(&["dev", "--listen", "127.0.0.1:0"]));
    let answer = get(&running, &format!("/{long}"));
    assert!(answer.starts_with("HTTP/1.1 421 "), "{answer}");
    running.signal("TERM");
    let log = running.end().stderr;
    assert!(log.contains(&format!("/{}…", "x".repeat(199))), "{log}");
    assert!(log.lines().all(|line| line.len() < 1000), "{log}");
}

/// The bits of a DEFLATE stream (RFC 1951 §3.1.1), least significant first.
#[derive(Default)]
struct Bits {
    bytes: Vec<u8>,
    used: usize,
}

impl Bits {
    fn push(&mut self, bits: &str) {
        for bit in bits.bytes() {
            if self.used.is_multiple_of(8) {
                self.bytes.push(0);
            }
            *self.bytes.last_mut().unwrap() |= (bit - b'0') << (self.used % 8);
            self.used += 1;
        }
    }
}

/// Nothing but `a`, 258 of them from each 13 bits.
fn bomb(longest: usize) -> Vec<u8> {
    let mut bits = Bits::default();
    // The last block, with the fixed codes (§3.2.6); an `a`; then "258 like the one before".
    bits.push("110");
    bits.push("10010001");
    while bits.bytes.len() < longest - 32 {
        bits.push("1100010100000");
    }
    bits.push("0000000");
    let mut gzip = b"\x1f\x8b\x08\0\0\0\0\0\0\xff".to_vec();
    gzip.extend(bits.bytes);
    gzip
}

#[test]
fn htt_18_a_compressed_body_is_refused_and_not_inflated() {
    let (running, _folder) = start(&[]);
    let bomb = bomb(60 * 1024);
    let ask = |path: &str, content_type: &str| {
        let head = format!(
            "POST {path} HTTP/1.1\r\nHost: auth.example.com\r\nConnection: close\r\n\
             Content-Type: {content_type}\r\nContent-Encoding: gzip\r\nContent-Length: {}\r\n\r\n",
            bomb.len()
        );
        let mut stream = TcpStream::connect(&running.address).unwrap();
        stream.write_all(&[head.as_bytes(), &bomb].concat()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    };
    // Once, so that what is needed anyway is there.
    ask("/oauth/token", "application/x-www-form-urlencoded");
    let before = most_memory(&running);
    for (path, content_type) in [
        ("/oauth/token", "application/x-www-form-urlencoded"),
        ("/oauth/revoke", "application/x-www-form-urlencoded"),
        ("/oauth/register", "application/json"),
    ] {
        let answer = ask(path, content_type);
        assert!(answer.starts_with("HTTP/1.1 415 "), "{answer}");
        assert_eq!(support::header(&answer, "accept-encoding"), "identity");
    }
    // Inflated it is 9 MB, and each copy as much again.
    if let Some((before, after)) = before.zip(most_memory(&running)) {
        assert!(after - before < 4096, "{before} KiB, then {after} KiB");
    }
}

/// The most memory that the process ever had, in KiB, where the system tells.
fn most_memory(running: &Running) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{}/status", running.id())).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.split_whitespace().next()?.parse().ok()
}
