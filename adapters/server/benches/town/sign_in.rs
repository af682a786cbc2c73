//! A sign-in, as a browser and an application go through it.

use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};
use url::{Url, form_urlencoded};

use super::connection::Connection;
use super::program::{HOST, REDIRECT_URI, RESOURCE, SCOPE};
use super::recording::{Answer, STEPS};

/// What a browser says of itself with each request.
const BROWSER: &str = "user-agent: Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 \
    Firefox/140.0\r\naccept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8\r\n\
    accept-language: en-GB,en;q=0.5\r\naccept-encoding: gzip, deflate, br\r\n";
const FORM: &str = "content-type: application/x-www-form-urlencoded\r\n";

/// Somebody who signs in with a new browser each time.
pub(crate) struct Person<'a> {
    pub(crate) connection: &'a mut Connection,
    pub(crate) client_id: &'a str,
    /// Whether the answers are those of another sign-in, so that they have its `state`.
    pub(crate) replayed: bool,
}

/// What was seen of a sign-in.
pub(crate) struct SignedIn {
    pub(crate) answers: [Answer; STEPS.len()],
    pub(crate) sent: [usize; STEPS.len()],
    pub(crate) received: [usize; STEPS.len()],
    /// How long the application waited for its tokens.
    pub(crate) token: Duration,
}

/// Somebody who is at the identity provider.
struct Away<'a> {
    walk: Walk<'a>,
    state: String,
    verifier: String,
    page: Answer,
    leaving: Answer,
}

impl Person<'_> {
    /// Panics where anything goes wrong. `n` tells sign-ins apart.
    pub(crate) async fn sign_in(&mut self, n: u64) -> SignedIn {
        let (client_id, replayed) = (self.client_id, self.replayed);
        let Away { mut walk, state, verifier, page, leaving } = self.leave(n).await;

        // The provider would show pages of its own here, and send the browser back.
        let provider = location(&leaving);
        let back = Url::parse(&parameter(&provider, "redirect_uri")).unwrap();
        let upstream = parameter(&provider, "state");
        let returned = form(&[("code", "a-code-of-the-identity-provider"), ("state", &upstream)]);
        let arrived = walk.get(&format!("{}?{returned}", back.path()), 303).await;

        let application = location(&arrived);
        assert!(replayed || parameter(&application, "state") == state, "{arrived:?}");
        let redeemed = form(&[
            ("grant_type", "authorization_code"),
            ("code", &parameter(&application, "code")),
            ("redirect_uri", REDIRECT_URI),
            ("code_verifier", &verifier),
            ("client_id", client_id),
            ("resource", RESOURCE),
        ]);
        let began = Instant::now();
        let tokens = walk.redeem(&redeemed).await;
        let token = began.elapsed();
        let said: serde_json::Value = serde_json::from_str(&tokens.body).unwrap();
        assert!(
            said["access_token"].is_string() && said["refresh_token"].is_string(),
            "{tokens:?}"
        );

        let sizes: [(usize, usize); STEPS.len()] = walk.sizes.try_into().unwrap();
        SignedIn {
            answers: [page, leaving, arrived, tokens],
            sent: sizes.map(|(sent, _)| sent),
            received: sizes.map(|(_, received)| received),
            token,
        }
    }

    /// Goes as far as the identity provider, and no further.
    pub(crate) async fn abandon(&mut self, n: u64) {
        self.leave(n).await;
    }

    async fn leave(&mut self, n: u64) -> Away<'_> {
        let mut walk = Walk { connection: self.connection, cookies: Vec::new(), sizes: Vec::new() };
        let state = format!("{n:022}");
        let verifier = URL_SAFE_NO_PAD.encode(Sha256::digest(n.to_le_bytes()));
        let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(&verifier));

        let asked = form(&[
            ("response_type", "code"),
            ("client_id", self.client_id),
            ("redirect_uri", REDIRECT_URI),
            ("scope", SCOPE),
            ("state", &state),
            ("code_challenge", &challenge),
            ("code_challenge_method", "S256"),
            ("resource", RESOURCE),
        ]);
        let page = walk.get(&format!("/oauth/authorize?{asked}"), 200).await;

        let sealed = page.body.split("name=\"form\" value=\"").nth(1).unwrap().split('"').next();
        let pressed = form(&[("form", sealed.unwrap()), ("provider", "idp")]);
        let leaving = walk.post("/oauth/consent", &pressed).await;
        Away { walk, state, verifier, page, leaving }
    }
}

/// The browser, and beside it the application.
struct Walk<'a> {
    connection: &'a mut Connection,
    cookies: Vec<(String, String)>,
    sizes: Vec<(usize, usize)>,
}

impl Walk<'_> {
    async fn get(&mut self, target: &str, status: u16) -> Answer {
        let cookies = self.cookie_field();
        let request = format!("GET {target} HTTP/1.1\r\nhost: {HOST}\r\n{BROWSER}{cookies}\r\n");
        self.browse(&request, status).await
    }

    /// What a browser says of a form on a page of the same site that sends no referrer.
    async fn post(&mut self, target: &str, body: &str) -> Answer {
        let (cookies, length) = (self.cookie_field(), body.len());
        let request = format!(
            "POST {target} HTTP/1.1\r\nhost: {HOST}\r\n{BROWSER}{FORM}content-length: {length}\r\n\
             origin: null\r\nsec-fetch-site: same-origin\r\n{cookies}\r\n{body}"
        );
        self.browse(&request, 303).await
    }

    async fn redeem(&mut self, body: &str) -> Answer {
        let length = body.len();
        let request = format!(
            "POST /oauth/token HTTP/1.1\r\nhost: {HOST}\r\naccept: application/json\r\n{FORM}\
             content-length: {length}\r\n\r\n{body}"
        );
        self.call(&request, 200).await
    }

    async fn browse(&mut self, request: &str, status: u16) -> Answer {
        let answer = self.call(request, status).await;
        for field in answer.headers.all("set-cookie") {
            let (name, value) = field.split(';').next().unwrap().split_once('=').unwrap();
            self.cookies.retain(|(kept, _)| kept != name);
            if !field.contains("Max-Age=0") {
                self.cookies.push((name.to_owned(), value.to_owned()));
            }
        }
        answer
    }

    async fn call(&mut self, request: &str, status: u16) -> Answer {
        let answer = self.connection.call(request).await;
        assert_eq!(answer.status, status, "{request}\n\nwas answered with {answer:?}");
        self.sizes.push((self.connection.sent, self.connection.received));
        answer
    }

    fn cookie_field(&self) -> String {
        let pairs: Vec<_> =
            self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        if pairs.is_empty() { String::new() } else { format!("cookie: {}\r\n", pairs.join("; ")) }
    }
}

fn form(pairs: &[(&str, &str)]) -> String {
    form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish()
}

fn location(answer: &Answer) -> Url {
    Url::parse(answer.header("location").unwrap()).unwrap()
}

fn parameter(url: &Url, name: &str) -> String {
    let mut pairs = url.query_pairs();
    pairs
        .find(|(key, _)| key == name)
        .unwrap_or_else(|| panic!("no {name} in {url}"))
        .1
        .into_owned()
}
