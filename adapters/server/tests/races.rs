//! Many requests at the same moment, over sockets, against the running program and its SQLite store.

#![allow(clippy::unwrap_used, reason = "tests")]

#[path = "support/parties/mod.rs"]
mod parties;
mod support;
#[path = "support/wire.rs"]
mod wire;

use std::collections::HashSet;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use oauth2::TokenResponse;
use parties::{Application, Browser, discover, register};
use serde_json::Value;
use support::{Running, vestibule};
use url::form_urlencoded;
use wire::Wire;

const REDIRECT_URI: &str = "http://127.0.0.1:49152/cb";
const AT_ONCE: usize = 50;
const ROUNDS: usize = 200;

/// The program, and an application that has registered itself there.
struct Dev {
    wire: Wire,
    metadata: Value,
    client_id: String,
    running: Running,
}

impl Dev {
    fn start() -> Self {
        let running = Running::start(&mut vestibule(&["dev", "--listen", "127.0.0.1:0"]));
        let issuer = format!("http://{}", running.address);
        let wire = Wire::new(&issuer, &running.address);
        let metadata = discover(&wire, &issuer);
        let client_id = register(&wire, &metadata, REDIRECT_URI);
        Self { wire, metadata, client_id, running }
    }

    fn client(&self) -> Application<'_, Wire> {
        Application::new(&self.wire, &self.metadata, &self.client_id, None, REDIRECT_URI)
    }

    /// A code and its verifier.
    fn sign_in(&self) -> (String, String) {
        let client = self.client();
        let asked = client.ask(None);
        let mut browser = Browser::new(&self.wire);
        let page = browser.get(&asked.url);
        let leaving = browser.press(&page, "provider", "dev");
        let page = browser.follow(&leaving);
        let back = browser.press(&page, "person", "bashir");
        let arrived = browser.follow(&back);
        (client.code(&asked, &arrived.location()), asked.verifier)
    }

    /// The same request to the token endpoint on many connections: all of it but its last byte is
    /// there before the first is let go.
    fn at_once(&self, form: &[(&str, &str)]) -> Vec<Answer> {
        let address = &self.running.address;
        let body = form_urlencoded::Serializer::new(String::new())
            .extend_pairs(form)
            .append_pair("client_id", &self.client_id)
            .finish();
        let request = format!(
            "POST /oauth/token HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\
             Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        let (most, last) = request.as_bytes().split_at(request.len() - 1);
        let waiting = |_| {
            let mut stream = TcpStream::connect(address).unwrap();
            stream.set_nodelay(true).unwrap();
            stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
            stream.write_all(most).unwrap();
            stream
        };
        let mut streams: Vec<_> = (0..AT_ONCE).map(waiting).collect();
        streams.iter_mut().for_each(|stream| stream.write_all(last).unwrap());
        streams.into_iter().map(Answer::of).collect()
    }
}

#[test]
fn cod_05_one_of_many_redemptions_at_once_gets_tokens_and_the_others_end_them() {
    let dev = Dev::start();
    for _ in 0..ROUNDS {
        let (code, verifier) = dev.sign_in();
        let answers = dev.at_once(&[
            ("grant_type", "authorization_code"),
            ("code", &code),
            ("code_verifier", &verifier),
            ("redirect_uri", REDIRECT_URI),
        ]);
        let (won, lost): (Vec<_>, Vec<_>) = answers.iter().partition(|it| it.status == 200);
        assert_eq!(won.len(), 1, "{answers:?}");
        for answer in lost {
            assert_eq!((answer.status, answer.member("error")), (400, "invalid_grant"));
        }
        // Each of them was a second redemption in which everything fits.
        let token = won[0].member("refresh_token");
        assert_eq!(dev.client().refresh(token).unwrap_err(), "invalid_grant");
    }
}

#[test]
fn ref_04_all_refreshes_at_once_get_the_same_successor_and_it_is_good() {
    let dev = Dev::start();
    let client = dev.client();
    for _ in 0..ROUNDS {
        let (code, verifier) = dev.sign_in();
        let tokens = client.redeem(&code, &verifier, None).unwrap();
        let used = tokens.refresh_token().unwrap().secret();
        let answers = dev.at_once(&[("grant_type", "refresh_token"), ("refresh_token", used)]);
        assert!(answers.iter().all(|answer| answer.status == 200), "{answers:?}");
        // Byte for byte; `expires_in` alone counts down.
        let members = ["access_token", "refresh_token", "token_type", "scope"];
        let tokens = answers.iter().map(|answer| members.map(|name| answer.member(name)));
        assert_eq!(tokens.collect::<HashSet<_>>().len(), 1, "{answers:?}");
        let successor = answers[0].member("refresh_token");
        assert_ne!(successor, used);
        client.refresh(successor).unwrap();
        // From now on the used one is a replay.
        assert_eq!(client.refresh(used).unwrap_err(), "invalid_grant");
    }
}

/// What the token endpoint said.
#[derive(Debug)]
struct Answer {
    status: u16,
    body: Value,
}

impl Answer {
    fn of(mut stream: TcpStream) -> Self {
        let mut text = String::new();
        stream.read_to_string(&mut text).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        Self { status, body: serde_json::from_str(body).unwrap() }
    }

    fn member(&self, name: &str) -> &str {
        self.body[name].as_str().unwrap()
    }
}
