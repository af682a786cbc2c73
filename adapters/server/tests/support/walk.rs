//! A walk through everything that can happen to secrets: sign-ins that succeed, and failures of
//! each party.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::collections::HashSet;
use std::fs;
use std::net::TcpListener;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use oauth2::http::header::{AUTHORIZATION, CONTENT_TYPE, COOKIE};
use oauth2::http::{Method, Request};
use oauth2::url::Url;
use oauth2::{SyncHttpClient, TokenResponse};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::parties::{Answer, Application, Browser, discover};
use crate::planted::{Kind, Planted, travelled};
use crate::provider::{Asked, Provider, Script};
use crate::support::{Ran, Running, send, vestibule};
use crate::wire::{Exchange, Wire};

pub(crate) const ISSUER: &str = "https://auth.example.com";
pub(crate) const REDIRECT_URI: &str = "http://127.0.0.1:49152/cb";
/// Is logged, as every path is.
pub(crate) const CONTROL: &str = "a-control-word-that-is-no-secret";

const SEALING: &str = "planted sealing secret of 38 characters";
const OLD_SEALING: &str = "planted older sealing secret, 44 characters";
const REGISTERING: &str = "planted registration secret of 43 characters";
const EDDSA: &[u8; 32] = b"planted EdDSA key of 32 bytes...";
const HS256: &[u8; 32] = b"planted HS256 key of 32 bytes...";
const UPSTREAM_SECRET: &str = "planted: our secret/at the 1st & 2nd";
const CLIENT_SECRET: &str = "planted: the secret/of desk, 100%";
const WRONG_SECRET: &str = "planted: a wrong secret/of desk";
const UPSTREAM_CODE: &str = "planted/upstream code+1";
const UPSTREAM_ACCESS: &str = "planted-upstream-access-token";
const UPSTREAM_REFRESH: &str = "planted-upstream-refresh-token";
const UPSTREAM_WORDS: &str = "planted words of the provider that failed";
const MISPLACED: &str = "planted-where-no-secret-belongs";

/// What is left of a walk.
pub(crate) struct Walked {
    pub(crate) ran: Ran,
    pub(crate) exchanges: Vec<Exchange>,
    /// What the provider was asked, by the program and by browsers.
    pub(crate) asked: Vec<Asked>,
    pub(crate) planted: HashSet<Planted>,
}

/// Runs the program with these arguments and this `VESTIBULE_LOG`, and walks.
pub(crate) fn walk(arguments: &[&str], log: Option<&str>) -> Walked {
    let provider = Provider::start(good());
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("vestibule.toml"), configuration(&provider)).unwrap();
    let mut command = vestibule(&["serve", "--config", "vestibule.toml"]);
    command.args(arguments).current_dir(folder.path()).env("PLANTED_SEALING", SEALING);
    command.envs(log.map(|log| ("VESTIBULE_LOG", log)));
    let running = Running::start(&mut command);
    let wire = Wire::new(ISSUER, &running.address);

    let walk = Walk { wire: &wire, metadata: discover(&wire, ISSUER), provider: &provider };
    let (id, secret) = walk.registered();
    let desk = walk.application("desk", Some(CLIENT_SECRET));
    walk.tokens(&desk);
    walk.replayed_code(&walk.application(&id, Some(&secret)));
    walk.providers_that_fail(&desk);
    walk.browsers_that_differ(&desk);
    walk.misplaced(&running.address);

    let (exchanges, asked) = (wire.seen().clone(), provider.asked());
    let mut planted = travelled(&exchanges, &asked);
    planted.extend(constants());
    running.signal("TERM");
    Walked { ran: running.end(), exchanges, asked, planted }
}

fn good() -> Script {
    let mut script = Script::good(UPSTREAM_CODE, "", "ada");
    let tokens = json!({
        "access_token": UPSTREAM_ACCESS,
        "refresh_token": UPSTREAM_REFRESH,
        "token_type": "Bearer",
    });
    script.token = (200, tokens.to_string());
    script
}

/// What never travels, and what only one side of the wire sees.
fn constants() -> [Planted; 16] {
    let text = |key: &[u8]| String::from_utf8(key.to_vec()).unwrap();
    [
        (Kind::SealingSecret, SEALING.to_owned()),
        (Kind::SealingSecret, OLD_SEALING.to_owned()),
        (Kind::SealingSecret, REGISTERING.to_owned()),
        (Kind::SigningKey, text(EDDSA)),
        (Kind::SigningKey, URL_SAFE_NO_PAD.encode(EDDSA)),
        (Kind::SigningKey, text(HS256)),
        (Kind::SigningKey, URL_SAFE_NO_PAD.encode(HS256)),
        (Kind::UpstreamSecret, UPSTREAM_SECRET.to_owned()),
        (Kind::ClientSecret, CLIENT_SECRET.to_owned()),
        (Kind::ClientSecret, WRONG_SECRET.to_owned()),
        (Kind::UpstreamCode, UPSTREAM_CODE.to_owned()),
        (Kind::UpstreamToken, UPSTREAM_ACCESS.to_owned()),
        (Kind::UpstreamToken, UPSTREAM_REFRESH.to_owned()),
        (Kind::UpstreamWords, UPSTREAM_WORDS.to_owned()),
        (Kind::Misplaced, MISPLACED.to_owned()),
        (Kind::Misplaced, STANDARD.encode(MISPLACED)),
    ]
    .map(|(kind, value)| Planted::new(kind, value))
}

fn configuration(provider: &Provider) -> String {
    // Nobody listens there any more.
    let gone = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let providers = [
        ("basic", "basic", provider.origin.clone()),
        ("post", "post", provider.origin.clone()),
        ("gone", "post", format!("http://{gone}")),
    ]
    .map(|(id, token_auth, calls)| {
        format!(
            r#"
[[provider]]
id = "{id}"
authorization_endpoint = "{}/authorize"
token_endpoint = "{calls}/token"
userinfo_endpoint = "{calls}/userinfo"
client_id = "vestibule"
client_secret = "{UPSTREAM_SECRET}"
token_auth = "{token_auth}"
"#,
            provider.origin
        )
    });
    format!(
        r#"
issuer = "{ISSUER}"
listen = "127.0.0.1:0"
secrets = [{{ env = "PLANTED_SEALING" }}, "{OLD_SEALING}"]
store = "memory:"

[registration]
secrets = ["{REGISTERING}"]

[[signing_key]]
key = "{}"

[[signing_key]]
algorithm = "HS256"
key = "{}"

[[client]]
id = "desk"
secret = "{CLIENT_SECRET}"
redirect_uris = ["{REDIRECT_URI}"]
{}"#,
        URL_SAFE_NO_PAD.encode(EDDSA),
        URL_SAFE_NO_PAD.encode(HS256),
        providers.concat(),
    )
}

struct Walk<'a> {
    wire: &'a Wire,
    metadata: Value,
    provider: &'a Provider,
}

impl<'a> Walk<'a> {
    fn application(&self, id: &str, secret: Option<&str>) -> Application<'a, Wire> {
        Application::new(self.wire, &self.metadata, id, secret, REDIRECT_URI)
    }

    /// A confidential client's client_id and secret.
    fn registered(&self) -> (String, String) {
        let body = json!({ "redirect_uris": [REDIRECT_URI], "client_name": "Walker" });
        self.send(Method::POST, "/oauth/register", "application/json", &body.to_string());
        let seen = self.wire.seen();
        let registered: Value = serde_json::from_str(&seen.last().unwrap().body).unwrap();
        let member = |name: &str| registered[name].as_str().unwrap().to_owned();
        (member("client_id"), member("client_secret"))
    }

    /// What the application is told, its verifier, and where the browser came back to Vestibule.
    fn sign_in(&self, client: &Application<'a, Wire>, provider: &str) -> (Answer, String, Url) {
        let asked = client.ask(None);
        let mut browser = Browser::new(self.wire);
        let page = browser.get(&asked.url);
        let leaving = browser.press(&page, "provider", provider);
        let at_provider = browser.follow(&leaving);
        let arrived = browser.follow(&at_provider);
        let answer = client.read(&asked, &arrived.location());
        // A second time, as by the button "back".
        let again = browser.follow(&at_provider);
        assert!(again.status.is_client_error(), "{again:?}");
        (answer, asked.verifier, at_provider.location())
    }

    fn code(&self, client: &Application<'a, Wire>, provider: &str) -> (String, String) {
        match self.sign_in(client, provider) {
            (Answer::Code(code), verifier, _) => (code, verifier),
            (Answer::Error(error), ..) => unreachable!("refused: {error}"),
        }
    }

    /// Redeemed, refreshed and revoked, with everything wrong that can be.
    fn tokens(&self, desk: &Application<'a, Wire>) {
        let (code, verifier) = self.code(desk, "basic");
        let impostor = self.application("desk", Some(WRONG_SECRET));
        impostor.redeem(&code, &verifier, None).unwrap_err();
        desk.redeem(&code, &desk.ask(None).verifier, None).unwrap_err();
        desk.redeem(&altered(&code), &verifier, None).unwrap_err();
        let first = desk.redeem(&code, &verifier, None).unwrap();
        let used = first.refresh_token().unwrap().secret();
        impostor.refresh(used).unwrap_err();
        desk.refresh(&altered(used)).unwrap_err();
        desk.refresh(first.access_token().secret()).unwrap_err();
        desk.refresh(used).unwrap();
        let again = desk.refresh(used).unwrap();
        desk.revoke(&altered(used)).unwrap();
        desk.revoke(again.refresh_token().unwrap().secret()).unwrap();
        desk.refresh(used).unwrap_err();
    }

    fn replayed_code(&self, client: &Application<'a, Wire>) {
        let (code, verifier) = self.code(client, "post");
        client.redeem(&code, &verifier, None).unwrap();
        client.redeem(&code, &verifier, None).unwrap_err();
    }

    fn providers_that_fail(&self, desk: &Application<'a, Wire>) {
        let error = json!({ "error": "invalid_grant", "error_description": UPSTREAM_WORDS });
        let answers = [
            (500, UPSTREAM_WORDS.to_owned()),
            (400, error.to_string()),
            (302, UPSTREAM_WORDS.to_owned()),
            (200, UPSTREAM_WORDS.to_owned()),
            (200, json!({ "access_token": [UPSTREAM_WORDS] }).to_string()),
        ];
        for answer in answers {
            let userinfo = answer.clone();
            self.fails(desk, "basic", |script| script.token = answer);
            self.fails(desk, "post", |script| script.userinfo = userinfo);
        }
        for error in ["access_denied", "server_error", UPSTREAM_WORDS] {
            let words = [("error", error), ("error_description", UPSTREAM_WORDS)];
            self.fails(desk, "basic", |script| {
                script.back = words.map(|(name, value)| (name, value.to_owned())).into();
            });
        }
        self.fails(desk, "gone", |_| {});
    }

    fn fails(
        &self,
        desk: &Application<'a, Wire>,
        provider: &str,
        change: impl FnOnce(&mut Script),
    ) {
        self.provider.will(change);
        let (answer, ..) = self.sign_in(desk, provider);
        assert!(matches!(answer, Answer::Error(_)), "{answer:?}");
        self.provider.will(|script| *script = good());
    }

    fn browsers_that_differ(&self, desk: &Application<'a, Wire>) {
        let (_, _, callback) = self.sign_in(desk, "basic");
        let mut browser = Browser::new(self.wire);
        let other = browser.get(&callback);
        assert!(other.status.is_client_error(), "{other:?}");
        let forged = callback.as_str().replace("state=", "state=A");
        browser.get(&forged.parse().unwrap());
        let asked = desk.ask(None);
        let page = browser.get(&asked.url);
        // A form that another browser was given, and one that nobody made.
        let other = Browser::new(self.wire).press(&page, "provider", "basic");
        assert!(other.status.is_client_error(), "{other:?}");
        let form = format!("form={}&provider=basic", altered(&"A".repeat(64)));
        self.send(Method::POST, "/oauth/consent", FORM, &form);
        let cancelled = browser.press(&page, "cancel", "1");
        desk.read(&asked, &cancelled.location());
    }

    /// Secrets where nobody should put them.
    fn misplaced(&self, address: &str) {
        let query = format!("client_secret={MISPLACED}&code={MISPLACED}&access_token={MISPLACED}");
        // A client_id is no secret: a form posted to the authorization endpoint keeps it in a URL.
        let fields = format!("{query}&client_id=nobody&grant_type={MISPLACED}");
        for path in ["token", "revoke", "register", "authorize", "consent", "callback/basic", "x"] {
            for method in [Method::GET, Method::OPTIONS, Method::PUT] {
                self.send(method, &format!("/oauth/{path}?{query}"), FORM, &fields);
            }
            let target = format!("/oauth/{path}");
            self.send(Method::POST, &format!("{target}?{query}"), FORM, &fields);
            self.send(Method::POST, &target, FORM, &fields);
            self.send(Method::POST, &target, "application/json", &format!("{{\"{MISPLACED}"));
            self.send(Method::POST, &target, MISPLACED, MISPLACED);
            self.send(Method::POST, &target, FORM, &fields.repeat(2000));
        }
        self.send(Method::GET, &format!("/health?{query}"), FORM, "");
        self.send(Method::GET, &format!("/{CONTROL}?{query}"), FORM, "");
        for broken in [
            format!("{MISPLACED}\r\n\r\n"),
            format!("GET /?{query} HTTP/1.1\r\nHost: a\r\n{MISPLACED}\r\n\r\n"),
            format!("GET / HTTP/1.1\r\nCookie: {}\r\n\r\n", MISPLACED.repeat(2000)),
            format!("POST /oauth/token HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n{MISPLACED}"),
        ] {
            assert!(!send(address, &broken).contains(MISPLACED));
        }
    }

    fn send(&self, method: Method, target: &str, content_type: &str, body: &str) {
        let request = Request::builder()
            .method(method)
            .uri(format!("{ISSUER}{target}"))
            .header(CONTENT_TYPE, content_type)
            .header(AUTHORIZATION, format!("Basic {}", STANDARD.encode(MISPLACED)))
            .header(COOKIE, format!("vestibule-flow={MISPLACED}; {MISPLACED}={MISPLACED}"));
        self.wire.call(request.body(body.as_bytes().to_vec()).unwrap()).unwrap();
    }
}

const FORM: &str = "application/x-www-form-urlencoded";

/// Another character in the middle.
fn altered(text: &str) -> String {
    let (start, end) = text.split_at(text.len() / 2);
    let character = if end.starts_with('A') { 'B' } else { 'A' };
    format!("{start}{character}{}", &end[1..])
}
