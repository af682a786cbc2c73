//! What one address may do, over sockets: a proxy that is trusted plays the addresses.

#![allow(clippy::unwrap_used, reason = "tests")]

#[cfg(unix)]
#[path = "limits/files.rs"]
mod files;
mod support;

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use support::{Running, header, vestibule};
use tempfile::TempDir;

const SECRET: &str = "the desk's own secret";

const CONFIGURATION: &str = r#"
issuer = "https://auth.example.com"
listen = "127.0.0.1:0"
secrets = ["planted-planted-planted-planted-planted"]

[[client]]
id = "desk"
secret = "the desk's own secret"
redirect_uris = ["https://desk.example.com/cb"]

[[client]]
id = "till"
secret = "the till's own secret"
redirect_uris = ["https://till.example.com/cb"]

[[client]]
id = "phone"
redirect_uris = ["https://phone.example.com/cb"]

[[provider]]
id = "idp"
authorization_endpoint = "https://idp.example.com/authorize"
token_endpoint = "https://idp.example.com/token"
userinfo_endpoint = "https://idp.example.com/userinfo"
client_id = "vestibule"
client_secret = "planted-planted"

[limits]
"#;

/// A refresh with a token that is none.
const GRANT: &str = "grant_type=refresh_token&refresh_token=x";

const TRUSTED: &str = "trusted_proxies = [\"127.0.0.1/32\"]\n";

/// The program with these limits.
struct Limited {
    running: Running,
    folder: TempDir,
}

impl Limited {
    fn start(limits: &str) -> Self {
        let folder = TempDir::new().unwrap();
        fs::write(folder.path().join("vestibule.toml"), format!("{CONFIGURATION}{limits}"))
            .unwrap();
        let mut command = vestibule(&["serve", "--config", "vestibule.toml"]);
        let running = Running::start(command.current_dir(folder.path()));
        Self { running, folder }
    }

    /// A connection as a proxy keeps one.
    fn proxy(&self) -> Proxy {
        Proxy(BufReader::new(TcpStream::connect(&self.running.address).unwrap()))
    }

    /// How many records there are.
    fn rows(&self) -> i64 {
        let store = rusqlite::Connection::open(self.folder.path().join("vestibule.db")).unwrap();
        store.query_row("SELECT count(*) FROM record", [], |row| row.get(0)).unwrap()
    }

    fn log(self) -> String {
        self.running.signal("TERM");
        self.running.end().stderr
    }
}

struct Proxy(BufReader<TcpStream>);

impl Proxy {
    fn get(&mut self, path: &str, forwarded_for: &str, more: &str) -> String {
        self.ask("GET", path, forwarded_for, more, "")
    }

    /// Posts for somebody; the answer as it came.
    fn post(&mut self, path: &str, forwarded_for: &str, more: &str, body: &str) -> String {
        self.ask("POST", path, forwarded_for, more, body)
    }

    fn ask(
        &mut self,
        method: &str,
        path: &str,
        forwarded_for: &str,
        more: &str,
        body: &str,
    ) -> String {
        let length = body.len();
        let head = format!(
            "{method} {path} HTTP/1.1\r\nHost: auth.example.com\r\nX-Forwarded-For: {forwarded_for}\r\n\
             Content-Length: {length}\r\n{more}\r\n"
        );
        self.0.get_mut().write_all(format!("{head}{body}").as_bytes()).unwrap();
        let mut answer = String::new();
        while !answer.ends_with("\r\n\r\n") {
            assert!(self.0.read_line(&mut answer).unwrap() > 0, "closed after {answer:?}");
        }
        let mut body = vec![0; header(&answer, "content-length").parse().unwrap()];
        self.0.read_exact(&mut body).unwrap();
        answer + &String::from_utf8(body).unwrap()
    }

    fn form(&mut self, forwarded_for: &str, form: &str) -> String {
        let kind = "Content-Type: application/x-www-form-urlencoded\r\n";
        self.post("/oauth/token", forwarded_for, kind, form)
    }

    fn with_secret(&mut self, forwarded_for: &str, secret: &str) -> String {
        self.form(forwarded_for, &format!("{GRANT}&client_id=desk&client_secret={secret}"))
    }

    fn by_header(&mut self, forwarded_for: &str, secret: &str) -> String {
        self.basic(forwarded_for, &format!("desk:{secret}"))
    }

    fn basic(&mut self, forwarded_for: &str, credentials: &str) -> String {
        let credentials = STANDARD.encode(credentials);
        let more = format!(
            "Content-Type: application/x-www-form-urlencoded\r\nAuthorization: Basic {credentials}\r\n"
        );
        self.post("/oauth/token", forwarded_for, &more, GRANT)
    }

    fn register(&mut self, forwarded_for: &str) -> String {
        let metadata = r#"{"redirect_uris":["https://app.example.com/cb"]}"#;
        let kind = "Content-Type: application/json\r\n";
        self.post("/oauth/register", forwarded_for, kind, metadata)
    }
}

fn status(answer: &str) -> u16 {
    answer.split(' ').nth(1).unwrap().parse().unwrap()
}

/// RFC 6585 §4, as OAuth says errors.
fn assert_too_many(answer: &str) {
    assert_eq!(status(answer), 429, "{answer}");
    let seconds: u64 = header(answer, "retry-after").parse().unwrap();
    assert!((1..=60).contains(&seconds), "{answer}");
    assert_eq!(header(answer, "content-type"), "application/json");
    assert_eq!(header(answer, "cache-control"), "no-store");
    assert!(answer.contains("\"error\":\"temporarily_unavailable\""), "{answer}");
}

/// Whether the client was let in: what it shows is then found to be no token.
fn assert_heard(answer: &str) {
    assert_eq!(status(answer), 400, "{answer}");
    assert!(answer.contains("\"invalid_grant\""), "{answer}");
}

#[test]
fn cla_21_a_thousand_wrong_secrets() {
    let limited = Limited::start(TRUSTED);
    let mut proxy = limited.proxy();
    let answers: Vec<_> = (0..1000)
        .map(|n| {
            // What stands further left is what the guesser says of itself.
            let forwarded_for = format!("198.51.100.{}, 203.0.113.5", n % 256);
            let guess = format!("guess{n}");
            if n % 2 == 0 {
                proxy.with_secret(&forwarded_for, &guess)
            } else {
                proxy.by_header(&forwarded_for, &guess)
            }
        })
        .collect();
    assert!(answers[..60].iter().all(|answer| status(answer) == 401));
    let refused: Vec<_> = answers.iter().filter(|answer| status(answer) == 429).collect();
    refused.iter().for_each(|answer| assert_too_many(answer));
    // One may be tried again in each second that all this takes.
    assert!(refused.len() > 700, "{}", refused.len());
    assert!(answers.iter().all(|answer| matches!(status(answer), 401 | 429)));

    // Where the guesser is, another client's right secret is heard. This one's is not: the guesser
    // would learn of it.
    assert_heard(&proxy.basic("203.0.113.5", "till:the till's own secret"));
    for n in 0..61 {
        proxy.by_header("203.0.113.5", &format!("more{n}"));
    }
    assert_too_many(&proxy.by_header("203.0.113.5", SECRET));
    // From elsewhere it is, and so is who shows none where the guesser is: in the body, or by Basic.
    let secret = SECRET.replace(' ', "+");
    assert_heard(&proxy.with_secret("203.0.113.6", &secret));
    assert_heard(&proxy.by_header("203.0.113.6, 127.0.0.1", SECRET));
    assert_heard(&proxy.form("203.0.113.5", &format!("{GRANT}&client_id=phone")));
    assert_heard(&proxy.basic("203.0.113.5", "phone:"));
    assert!(limited.log().contains("too many of this kind from one address"));
}

/// Many honest clients share the addresses of those who host them.
#[test]
fn cla_21_what_is_right_is_never_counted() {
    let limited = Limited::start(&format!("{TRUSTED}wrong_secrets = 1\n"));
    let mut proxy = limited.proxy();
    for _ in 0..100 {
        assert_heard(&proxy.by_header("203.0.113.5", SECRET));
        // Nobody's secret is guessed at.
        let unknown = "grant_type=refresh_token&refresh_token=x&client_id=nobody&client_secret=x";
        assert_eq!(status(&proxy.form("203.0.113.5", unknown)), 401);
    }
    assert_eq!(status(&proxy.by_header("203.0.113.5", "wrong")), 401);
    assert_too_many(&proxy.by_header("203.0.113.5", "wrong"));
    // The right one now says nothing about itself either.
    assert_too_many(&proxy.by_header("203.0.113.5", SECRET));
    let revocation = "token=x&client_id=desk&client_secret=wrong";
    let kind = "Content-Type: application/x-www-form-urlencoded\r\n";
    assert_too_many(&proxy.post("/oauth/revoke", "203.0.113.5", kind, revocation));
}

/// Who registers has a secret of 256 bits, which nobody guesses: guesses at it shut out nobody.
#[test]
fn cla_21_guesses_at_a_client_of_the_guessers_own_cost_nobody_anything() {
    let limited = Limited::start(&format!("{TRUSTED}wrong_secrets = 1\n"));
    let mut proxy = limited.proxy();
    let registered = proxy.register("203.0.113.5");
    let client_id = registered.split("\"client_id\":\"").nth(1).unwrap().split('"').next().unwrap();
    for _ in 0..100 {
        assert_eq!(status(&proxy.basic("203.0.113.5", &format!("{client_id}:wrong"))), 401);
    }
    assert_heard(&proxy.by_header("203.0.113.5", SECRET));
}

#[test]
fn dcr_01_registrations_without_end_from_one_network() {
    let limited = Limited::start(TRUSTED);
    let before = limited.rows();
    let mut proxy = limited.proxy();
    let register = |n| proxy.register(&format!("2001:db8::{n:x}"));
    let answers: Vec<_> = (1..=1000).map(register).collect();
    assert!(answers[..600].iter().all(|answer| status(answer) == 201));
    let refused: Vec<_> = answers.iter().filter(|answer| status(answer) == 429).collect();
    assert!(refused.len() > 100, "{}", refused.len());
    refused.iter().for_each(|answer| assert_too_many(answer));
    for elsewhere in ["2001:db8:0:1::1", "203.0.113.5"] {
        assert_eq!(status(&proxy.register(elsewhere)), 201);
    }
    assert_eq!(limited.rows(), before);
}

/// A client_id that is a URL costs a call to somebody. No host has that name, so none is found.
#[test]
fn cim_16_documents_without_end_from_one_network() {
    let limited = Limited::start(&format!("{TRUSTED}client_documents = 3\n"));
    let mut proxy = limited.proxy();
    let mut look =
        |id: &str, from: &str| proxy.get(&format!("/oauth/authorize?client_id={id}"), from, "");
    let document = |n| format!("https://app{n}.invalid/client.json");
    for n in 0..3 {
        assert_eq!(status(&look(&document(n), &format!("2001:db8::{n}"))), 400);
    }
    for id in [document(0), document(4)] {
        let answer = look(&id, "2001:db8::9");
        assert_eq!(status(&answer), 429, "{answer}");
        let seconds: u64 = header(&answer, "retry-after").parse().unwrap();
        assert!((1..=60).contains(&seconds), "{answer}");
        assert!(header(&answer, "content-type").starts_with("text/html"), "{answer}");
    }
    // Where no document would be fetched nothing is counted, nor is it elsewhere.
    for id in ["phone", "nobody", "http://app.invalid/client.json", "https://10.0.0.1/client.json"]
    {
        assert_ne!(status(&look(id, "2001:db8::9")), 429, "{id}");
    }
    assert_eq!(status(&look(&document(5), "203.0.113.5")), 400);
}

#[test]
fn htt_16_who_is_not_trusted_is_not_believed() {
    let limited = Limited::start("trusted_proxies = [\"10.0.0.0/8\"]\nwrong_secrets = 3\n");
    let mut proxy = limited.proxy();
    for n in 0..3 {
        assert_eq!(status(&proxy.by_header(&format!("203.0.113.{n}"), "wrong")), 401);
    }
    assert_too_many(&proxy.by_header("203.0.113.9", "wrong"));
    let log = limited.log();
    assert_eq!(log.matches("trusted_proxies").count(), 1, "{log}");
}

#[test]
fn behind_a_proxy_of_which_nobody_told_us_nobody_is_counted() {
    let limited = Limited::start("wrong_secrets = 1\nregistrations = 1\n");
    let mut proxy = limited.proxy();
    for _ in 0..10 {
        assert_eq!(status(&proxy.by_header("203.0.113.5", "wrong")), 401);
        assert_eq!(status(&proxy.register("203.0.113.5")), 201);
    }
    let log = limited.log();
    assert_eq!(log.matches("nobody is counted").count(), 1, "{log}");
}

#[test]
fn zero_is_no_limit() {
    let limited = Limited::start(&format!("{TRUSTED}wrong_secrets = 0\nregistrations = 0\n"));
    let mut proxy = limited.proxy();
    for _ in 0..700 {
        assert_eq!(status(&proxy.by_header("203.0.113.5", "wrong")), 401);
        assert_eq!(status(&proxy.register("203.0.113.5")), 201);
    }
}

#[test]
fn connections_are_as_many_and_as_idle_as_they_may_be() {
    let limited = Limited::start("connections = 1\nidle = \"1s\"\n");
    let mut first = TcpStream::connect(&limited.running.address).unwrap();
    // Whoever comes second is served when the first, which asks nothing, has been sent away.
    let answer = support::get(&limited.running.address, "auth.example.com", "/health");
    assert_eq!(status(&answer), 200);
    assert_eq!(first.read(&mut [0]).unwrap(), 0);
}
