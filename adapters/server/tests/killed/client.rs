//! A client that writes down each answer it received, and holds the server to them.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;
use sha2::{Digest, Sha256};
use url::{Url, form_urlencoded};

use crate::http::{Answer, call};
use crate::town::Town;

pub(crate) const ISSUER: &str = "https://auth.example.com";
const REDIRECT_URI: &str = "https://app.example.com/cb";

/// What a client holds of one sign-in, and what it therefore may expect.
#[derive(Clone, Debug)]
enum Held {
    /// A code. `tried`: a redemption of it was not answered.
    Code { code: String, verifier: String, tried: bool },
    /// A refresh token that nobody used, or whose use was not answered: either way it is good, since
    /// its grace is longer than this test.
    Tokens { refresh_token: String },
    /// A revocation that was not answered.
    Revoking { refresh_token: String },
    /// Revoked, and that was answered: over for ever.
    Revoked { refresh_token: String },
    /// A code that had been spent by a redemption without an answer; redeeming it again has ended
    /// the grant.
    Spent { code: String, verifier: String },
}

/// How often what happened, so that a run in which nothing happened does not pass.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Tally {
    pub(crate) signed_in: usize,
    pub(crate) redeemed: usize,
    pub(crate) refreshed: usize,
    pub(crate) revoked: usize,
    pub(crate) lost: usize,
}

pub(crate) struct Client<'a> {
    town: &'a Town,
    number: u64,
    random: u64,
    held: Vec<Held>,
    pub(crate) tally: Tally,
}

impl<'a> Client<'a> {
    pub(crate) fn new(town: &'a Town, number: u64) -> Self {
        let random = number + 1;
        Self { town, number, random, held: Vec::new(), tally: Tally::default() }
    }

    /// Works until it is told to stop, then holds the server to everything it holds.
    pub(crate) fn run(mut self) -> Tally {
        while !self.town.is_over() {
            if self.held.is_empty() || self.below(4) == 0 {
                self.sign_in();
            } else {
                let which = self.below(self.held.len());
                self.go_on(which);
            }
        }
        for which in 0..self.held.len() {
            // Codes are redeemed, tokens refreshed; then the tokens once more.
            self.go_on(which);
            self.go_on(which);
        }
        self.tally
    }

    /// Takes the next step with one of the things it holds.
    fn go_on(&mut self, which: usize) {
        let before = self.held[which].clone();
        self.held[which] = match before.clone() {
            Held::Code { code, verifier, tried } => match self.redeem(&code, &verifier) {
                None => Held::Code { code, verifier, tried: true },
                Some(answer) if answer.status == 200 => tokens(&answer),
                Some(answer) => {
                    assert!(tried, "a code that was handed out is gone: {answer:?}");
                    assert_refused(&answer, &before);
                    Held::Spent { code, verifier }
                }
            },
            Held::Spent { code, verifier } => {
                if let Some(answer) = self.redeem(&code, &verifier) {
                    assert_refused(&answer, &before);
                }
                before
            }
            Held::Tokens { refresh_token } if !self.town.is_over() && self.below(5) == 0 => {
                self.revoke(refresh_token)
            }
            Held::Tokens { refresh_token } => match self.refresh(&refresh_token) {
                None => before,
                Some(answer) => {
                    assert_eq!(answer.status, 200, "{before:?} is gone: {answer:?}");
                    self.tally.refreshed += 1;
                    tokens(&answer)
                }
            },
            Held::Revoking { refresh_token } => self.revoke(refresh_token),
            Held::Revoked { refresh_token } => {
                if let Some(answer) = self.refresh(&refresh_token) {
                    assert_refused(&answer, &before);
                }
                before
            }
        };
    }

    fn sign_in(&mut self) {
        let number = self.next();
        let verifier = URL_SAFE_NO_PAD.encode(Sha256::digest(format!("{}-{number}", self.number)));
        let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(&verifier));
        let query = form(&[
            ("response_type", "code"),
            ("client_id", "app"),
            ("redirect_uri", REDIRECT_URI),
            ("state", "state"),
            ("code_challenge", &challenge),
            ("code_challenge_method", "S256"),
        ]);
        let mut cookies = BTreeMap::new();
        let target = format!("/oauth/authorize?{query}");
        let Some(page) = self.browse("GET", &target, &mut cookies, "") else { return };
        let hidden = page.body.split("name=\"form\" value=\"").nth(1).unwrap();
        let hidden = hidden.split('"').next().unwrap();
        let consent = form(&[("form", hidden), ("provider", "idp")]);
        let Some(leaving) = self.browse("POST", "/oauth/consent", &mut cookies, &consent) else {
            return;
        };
        let upstream: Url = leaving.header("location").parse().unwrap();
        let (_, state) = upstream.query_pairs().find(|(name, _)| name == "state").unwrap();
        let callback =
            format!("/oauth/callback/idp?{}", form(&[("code", "upstream"), ("state", &state)]));
        let mut tried = false;
        let back = loop {
            match self.browse("GET", &callback, &mut cookies, "") {
                Some(back) => break back,
                // As by a reload of the page.
                None => tried = true,
            }
        };
        if back.status == 400 {
            assert!(tried, "a callback is refused that was never seen: {back:?}");
            assert!(back.body.contains("signed in already"), "{back:?}");
            return;
        }
        assert_eq!(back.status, 303, "{back:?}");
        let location: Url = back.header("location").parse().unwrap();
        let (_, code) = location.query_pairs().find(|(name, _)| name == "code").unwrap();
        self.tally.signed_in += 1;
        self.held.push(Held::Code { code: code.into_owned(), verifier, tried: false });
    }

    fn redeem(&mut self, code: &str, verifier: &str) -> Option<Answer> {
        let answer = self.post(
            "/oauth/token",
            &[
                ("grant_type", "authorization_code"),
                ("client_id", "app"),
                ("code", code),
                ("code_verifier", verifier),
                ("redirect_uri", REDIRECT_URI),
            ],
        )?;
        self.tally.redeemed += usize::from(answer.status == 200);
        Some(answer)
    }

    fn refresh(&mut self, refresh_token: &str) -> Option<Answer> {
        let form = [
            ("grant_type", "refresh_token"),
            ("client_id", "app"),
            ("refresh_token", refresh_token),
        ];
        self.post("/oauth/token", &form)
    }

    fn revoke(&mut self, refresh_token: String) -> Held {
        let answer = self.post("/oauth/revoke", &[("client_id", "app"), ("token", &refresh_token)]);
        match answer {
            None => Held::Revoking { refresh_token },
            Some(answer) => {
                assert_eq!(answer.status, 200, "{answer:?}");
                self.tally.revoked += 1;
                Held::Revoked { refresh_token }
            }
        }
    }

    fn post(&mut self, target: &str, pairs: &[(&str, &str)]) -> Option<Answer> {
        let headers = [("Content-Type", "application/x-www-form-urlencoded")];
        self.send("POST", target, &headers, &form(pairs))
    }

    fn browse(
        &mut self,
        method: &str,
        target: &str,
        cookies: &mut BTreeMap<String, String>,
        body: &str,
    ) -> Option<Answer> {
        let pairs: Vec<_> = cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let headers =
            [("Content-Type", "application/x-www-form-urlencoded"), ("Cookie", &*pairs.join("; "))];
        let answer = self.send(method, target, &headers, body)?;
        for field in answer.all("set-cookie") {
            let (name, value) = field.split(';').next().unwrap().split_once('=').unwrap();
            cookies.insert(name.to_owned(), value.to_owned());
        }
        Some(answer)
    }

    /// `None`: the server was killed before it answered in full.
    fn send(
        &mut self,
        method: &str,
        target: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> Option<Answer> {
        let address = self.town.address();
        match call(&address, method, target, headers, body) {
            Ok(answer) => {
                assert!(answer.status < 500, "{target}: {answer:?}");
                self.town.answered();
                Some(answer)
            }
            Err(_) => {
                self.town.leave(&address);
                self.tally.lost += 1;
                None
            }
        }
    }

    /// xorshift: the same choices in every run.
    fn next(&mut self) -> u64 {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        self.random
    }

    fn below(&mut self, count: usize) -> usize {
        usize::try_from(self.next() % count as u64).unwrap()
    }
}

fn tokens(answer: &Answer) -> Held {
    let body: Value = serde_json::from_str(&answer.body).unwrap();
    Held::Tokens { refresh_token: body["refresh_token"].as_str().unwrap().to_owned() }
}

fn assert_refused(answer: &Answer, held: &Held) {
    assert_eq!(answer.status, 400, "{held:?} came back: {answer:?}");
    assert!(answer.body.contains("invalid_grant"), "{held:?}: {answer:?}");
}

fn form(pairs: &[(&str, &str)]) -> String {
    form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish()
}
