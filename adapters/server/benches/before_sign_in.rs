//! Before anybody has signed in, a request leaves nothing behind: no row, no memory.
//!
//! `cargo bench -p vestibule --bench before_sign_in` starts the program with a SQLite store, sends
//! 1 000 requests to warm it up and 100 000 more, half of them registrations and half of them
//! authorization requests of the clients that were just registered, and compares the program's
//! resident memory (`VmRSS`, Linux) and the number of its records. It fails where more than 1 MiB or
//! any row was added.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a bench says what it measured")]

#[path = "../tests/support/mod.rs"]
mod support;

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::time::Instant;

use support::{Running, vestibule};
use tempfile::TempDir;
use vestibule_sqlite::SqliteStore;

const WARM_UP: usize = 1_000;
const REQUESTS: usize = 100_000;
const MOST_KIB: u64 = 1024;

const CONFIGURATION: &str = r#"
issuer = "https://auth.example.com"
listen = "127.0.0.1:0"
secrets = ["planted-planted-planted-planted-planted"]

[[provider]]
id = "idp"
authorization_endpoint = "https://idp.example.com/authorize"
token_endpoint = "https://idp.example.com/token"
userinfo_endpoint = "https://idp.example.com/userinfo"
client_id = "vestibule"
client_secret = "planted-planted"
"#;

fn main() {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("vestibule.toml"), CONFIGURATION).unwrap();
    let mut command = vestibule(&["serve", "--config", "vestibule.toml", "--log-level", "warn"]);
    let running = Running::start(command.current_dir(folder.path()));
    let mut connection = Connection::new(&running.address);

    connection.send(WARM_UP);
    let before = (resident(running.id()), rows(folder.path()));
    let began = Instant::now();
    connection.send(REQUESTS);
    let seconds = began.elapsed().as_secs_f64();
    let after = (resident(running.id()), rows(folder.path()));

    println!("{REQUESTS} requests in {seconds:.1} s on one connection");
    println!("resident memory: {} KiB before, {} KiB after", before.0, after.0);
    println!("records: {} before, {} after", before.1, after.1);
    assert!(after.0 <= before.0 + MOST_KIB, "more than {MOST_KIB} KiB stayed");
    assert_eq!(after.1, before.1, "records stayed");
}

/// `VmRSS` of a process, in KiB.
fn resident(process: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

/// `select count(*)`, by another process than the server's.
fn rows(folder: &Path) -> u64 {
    SqliteStore::open(folder.join("vestibule.db")).unwrap().count().wait().unwrap()
}

/// One that is kept open.
struct Connection {
    address: String,
    stream: BufReader<TcpStream>,
    count: usize,
}

impl Connection {
    fn new(address: &str) -> Self {
        let stream = TcpStream::connect(address).unwrap();
        stream.set_nodelay(true).unwrap();
        Self { address: address.to_owned(), stream: BufReader::new(stream), count: 0 }
    }

    fn send(&mut self, requests: usize) {
        for _ in 0..requests / 2 {
            self.count += 1;
            let metadata = format!(
                r#"{{"client_name":"Client {}","redirect_uris":["https://app.example.com/cb"],"token_endpoint_auth_method":"none"}}"#,
                self.count
            );
            let registered = self.call("POST", "/oauth/register", "application/json", &metadata);
            let registered: serde_json::Value = serde_json::from_str(&registered).unwrap();
            let client_id = registered["client_id"].as_str().unwrap();
            let query = "response_type=code&state=s&code_challenge_method=S256\
                &redirect_uri=https%3A%2F%2Fapp.example.com%2Fcb\
                &code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
            let target = format!("/oauth/authorize?client_id={client_id}&{query}");
            let page = self.call("GET", &target, "text/plain", "");
            assert!(page.contains("name=\"form\""), "no sign-in page: {page}");
        }
    }

    /// The body of an answer that is good.
    fn call(&mut self, method: &str, target: &str, content_type: &str, body: &str) -> String {
        let request = format!(
            "{method} {target} HTTP/1.1\r\nHost: {}\r\nContent-Type: {content_type}\r\n\
             Content-Length: {}\r\n\r\n{body}",
            self.address,
            body.len()
        );
        self.stream.get_mut().write_all(request.as_bytes()).unwrap();
        let (mut status, mut length) = (String::new(), 0);
        self.stream.read_line(&mut status).unwrap();
        loop {
            let mut line = String::new();
            self.stream.read_line(&mut line).unwrap();
            match line.trim().split_once(": ") {
                Some((name, value)) if name.eq_ignore_ascii_case("content-length") => {
                    length = value.parse().unwrap();
                }
                Some(_) => {}
                None => break,
            }
        }
        let mut body = vec![0; length];
        self.stream.read_exact(&mut body).unwrap();
        let body = String::from_utf8(body).unwrap();
        assert!(status.contains(" 200 ") || status.contains(" 201 "), "{status}{body}");
        body
    }
}
