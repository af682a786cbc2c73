//! A world for the core: a server, a store, a clock, an upstream provider, a browser. Everything in
//! it is given, so every run is the same.
#![allow(unreachable_pub, reason = "the world is a module of every test")]
#![allow(unused_imports, reason = "each test uses its part of the world")]
#![allow(dead_code, reason = "each test uses its part of the world")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests say so when something is wrong")]

pub mod browser;
pub mod explore;
pub mod id_tokens;
pub mod judges;
pub mod store;
pub mod upstream;

use std::collections::HashMap;
use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, Method, header};
use serde_json::{Value, json};
use vestibule_core::provider::{TokenAuth, custom};
use vestibule_core::{
    Algorithm, ClientSecret, Config, ConfiguredClient, EndpointUrl, Event, Issuer, MapFailure,
    MapUser, Mapped, ProviderId, Reply, Request, Resource, Response, SealingSecret, Server,
    SignatureLibrary, SigningKey, Step, Tick, Timestamp,
};

pub use browser::{Browser, form_of, query_of};
pub use judges::{Judge, Remote, serve, verifier_for};
pub use store::Store;
pub use upstream::Upstream;

pub const ISSUER: &str = "https://as.test";
pub const RES: &str = "https://mcp.test/mcp";
pub const APP: &str = "https://app.test/cb";
pub const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
pub const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

/// A server and its surroundings at one moment. A clone goes its own way from there, with a store
/// of its own.
#[derive(Clone)]
pub struct World {
    pub server: Server,
    pub store: Store,
    pub upstream: Upstream,
    pub mapper: fn(&MapUser) -> Result<Mapped, MapFailure>,
    pub now: u64,
    pub events: Vec<Event>,
    /// What verifies signatures in place of core, where the configuration has it.
    pub library: Option<Arc<dyn SignatureLibrary>>,
    ticks: u64,
}

/// Clients and providers of the fixtures: P public web, N public native, C confidential; `idp` and
/// `other` upstream.
pub fn config() -> Config {
    let secrets = vec![SealingSecret::new([1; 32]).unwrap()];
    let key = SigningKey::from_bytes(Algorithm::EdDsa, [2; 32]).unwrap();
    let mut config = Config::new(Issuer::parse(ISSUER).unwrap(), secrets, vec![key]);
    config.clients = vec![
        client("P", None, &[APP]),
        client("N", None, &["http://127.0.0.1/cb", "http://localhost/cb"]),
        client("C", Some("a-secret-of-the-client"), &[APP]),
    ];
    config.providers = vec![provider("idp"), provider("other")];
    let scopes = ["mcp:read", "mcp:write"].map(str::to_owned);
    config.resources = vec![Resource::new(RES, scopes.into()).unwrap()];
    config
}

pub fn client(id: &str, secret: Option<&str>, redirect_uris: &[&str]) -> ConfiguredClient {
    let mut client = ConfiguredClient::new(id);
    client.secret = secret.map(ClientSecret::new);
    client.redirect_uris = redirect_uris.iter().map(|uri| (*uri).to_owned()).collect();
    client
}

pub fn provider(id: &str) -> vestibule_core::provider::Provider {
    let at = |path: &str| EndpointUrl::parse(&format!("https://{id}.test/{path}")).unwrap();
    let secret = ClientSecret::new("our-secret-upstream");
    let id_ = ProviderId::parse(id).unwrap();
    let mut provider =
        custom(id_, at("authorize"), at("token"), at("userinfo"), "vestibule", Some(secret));
    provider.name = format!("The {id}");
    provider.scopes = vec!["profile".to_owned()];
    provider.token_auth = TokenAuth::Post;
    provider
}

impl World {
    pub fn new() -> Self {
        Self::of(config())
    }

    pub fn of(config: Config) -> Self {
        Self {
            library: config.signature_library.clone(),
            server: Server::new(config).unwrap(),
            store: Store::default(),
            upstream: Upstream::default(),
            mapper: |_| Ok(Mapped::default()),
            now: 1_800_000_000,
            events: Vec::new(),
            ticks: 0,
        }
    }

    /// The same world with another configuration: a restart with a change.
    pub fn reconfigured(&self, config: Config) -> Self {
        Self { server: Server::new(config).unwrap(), ..self.clone() }
    }

    pub fn pass(&mut self, seconds: u64) {
        self.now += seconds;
    }

    pub fn tick(&mut self) -> Tick {
        self.ticks += 1;
        let mut seed = [0; 32];
        seed[..8].copy_from_slice(&self.ticks.to_be_bytes());
        Tick::new(Timestamp::from_seconds(self.now), seed)
    }

    /// Answers one question as this world would; `Err` with the value if there was none left.
    pub fn advance<T>(&mut self, step: Step<T>) -> Result<Step<T>, T> {
        Ok(match step {
            Step::Done(value) => return Err(value),
            Step::Http(pending) => {
                let (call, waiting) = pending.split();
                let answer = self.upstream.answer(&call);
                waiting.resume(answer, self.tick())
            }
            Step::Load(pending) => {
                let (load, waiting) = pending.split();
                let answer = self.store.load(&load);
                waiting.resume(answer, self.tick())
            }
            Step::Swap(pending) => {
                let (swap, waiting) = pending.split();
                let answer = self.store.swap(swap);
                waiting.resume(answer, self.tick())
            }
            Step::List(pending) => {
                let (list, waiting) = pending.split();
                let answer = self.store.list(&list);
                waiting.resume(answer, self.tick())
            }
            Step::MapUser(pending) => {
                let (map, waiting) = pending.split();
                let answer = (self.mapper)(&map);
                waiting.resume(answer, self.tick())
            }
            Step::Pause(pending) => {
                let (_, waiting) = pending.split();
                waiting.resume((), self.tick())
            }
        })
    }

    pub fn finish<T>(&mut self, mut step: Step<T>) -> T {
        loop {
            match self.advance(step) {
                Ok(next) => step = next,
                Err(value) => return value,
            }
        }
    }

    /// Begins a request; the caller answers its questions.
    pub fn begin(&mut self, request: Request) -> Step<Reply> {
        let tick = self.tick();
        self.server.handle(request, tick)
    }

    /// A whole request.
    pub fn send(&mut self, request: Request) -> Response {
        let step = self.begin(request);
        let reply = self.finish(step);
        self.events.extend(reply.events);
        if let Some(follow_up) = reply.follow_up {
            self.finish(follow_up);
        }
        reply.response
    }

    pub fn get(&mut self, path_and_query: &str) -> Response {
        self.send(request(Method::GET, path_and_query, &[], ""))
    }

    /// A POST with a form, as a client sends it.
    pub fn post(&mut self, path: &str, form: &[(&str, &str)]) -> Response {
        self.send(post(path, form, &[]))
    }

    // Walking to a state.

    /// Registers a public client; its id.
    pub fn register(&mut self, redirect_uri: &str) -> String {
        let body = json!({
            "redirect_uris": [redirect_uri],
            "client_name": "Test",
            "token_endpoint_auth_method": "none",
        });
        let response = self.register_with(&body);
        assert_eq!(response.status, 201, "{}", text(&response));
        json_of(&response)["client_id"].as_str().unwrap().to_owned()
    }

    pub fn register_with(&mut self, body: &Value) -> Response {
        let json = [("content-type", "application/json")];
        self.send(request(Method::POST, "/oauth/register", &json, &body.to_string()))
    }

    /// A sign-in of client P up to the client's redirect URI: its query.
    pub fn until_code(&mut self) -> HashMap<String, String> {
        self.until_code_with(&[])
    }

    /// The same with parameters of the authorization request changed; an empty value leaves one
    /// out.
    pub fn until_code_with(&mut self, changes: &[(&str, &str)]) -> HashMap<String, String> {
        let mut browser = Browser::default();
        let location = browser.until_redirect(self, &authorize_with(changes));
        let query = query_of(&location);
        assert!(query.contains_key("code"), "no code came back: {location}");
        query
    }

    /// A sign-in of client P up to its tokens.
    pub fn until_tokens(&mut self) -> Value {
        let code = self.until_code()["code"].clone();
        let response = self.redeem(&code);
        assert_eq!(response.status, 200, "{}", text(&response));
        json_of(&response)
    }

    pub fn redeem(&mut self, code: &str) -> Response {
        self.send(redemption(code, &[]))
    }

    pub fn redeem_with(&mut self, code: &str, changes: &[(&str, &str)]) -> Response {
        self.send(redemption(code, changes))
    }

    pub fn refresh(&mut self, refresh_token: &str) -> Response {
        self.send(refresh(refresh_token, &[]))
    }

    pub fn refresh_with(&mut self, refresh_token: &str, changes: &[(&str, &str)]) -> Response {
        self.send(refresh(refresh_token, changes))
    }

    pub fn revoke(&mut self, token: &str) -> Response {
        self.post("/oauth/revoke", &[("client_id", "P"), ("token", token)])
    }
}

pub fn request(method: Method, uri: &str, headers: &[(&str, &str)], body: &str) -> Request {
    let mut request = http::Request::builder().method(method).uri(uri);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    Request::from(request.body(Bytes::copy_from_slice(body.as_bytes())).unwrap())
}

pub fn post(path: &str, form: &[(&str, &str)], headers: &[(&str, &str)]) -> Request {
    let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
    let mut all = vec![("content-type", "application/x-www-form-urlencoded")];
    all.extend(headers);
    request(Method::POST, path, &all, &body)
}

pub fn resource_request(access_token: &str) -> http::request::Parts {
    let request = http::Request::builder().uri(RES);
    let request = request.header(header::AUTHORIZATION, format!("Bearer {access_token}"));
    request.body(()).unwrap().into_parts().0
}

/// The path and query of the base request, with changes; an empty value leaves a parameter out.
pub fn authorize_with(changes: &[(&str, &str)]) -> String {
    let base = [
        ("response_type", "code"),
        ("client_id", "P"),
        ("redirect_uri", APP),
        ("code_challenge", CHALLENGE),
        ("code_challenge_method", "S256"),
        ("state", "S"),
        ("resource", RES),
    ];
    let query = form_urlencoded::Serializer::new(String::new())
        .extend_pairs(changed(&base, changes))
        .finish();
    format!("/oauth/authorize?{query}")
}

pub fn redemption(code: &str, changes: &[(&str, &str)]) -> Request {
    let base = [
        ("grant_type", "authorization_code"),
        ("client_id", "P"),
        ("code", code),
        ("redirect_uri", APP),
        ("code_verifier", VERIFIER),
    ];
    post("/oauth/token", &changed(&base, changes), &[])
}

pub fn refresh(refresh_token: &str, changes: &[(&str, &str)]) -> Request {
    let base =
        [("grant_type", "refresh_token"), ("client_id", "P"), ("refresh_token", refresh_token)];
    post("/oauth/token", &changed(&base, changes), &[])
}

/// `base` with the values of `changes`; an empty value leaves a parameter out, a new name adds one.
fn changed<'a>(
    base: &[(&'a str, &'a str)],
    changes: &[(&'a str, &'a str)],
) -> Vec<(&'a str, &'a str)> {
    let mut pairs = base.to_vec();
    pairs.retain(|(name, _)| !changes.iter().any(|(changed, _)| changed == name));
    pairs.extend(changes.iter().filter(|(_, value)| !value.is_empty()));
    pairs
}

pub fn text(response: &Response) -> String {
    String::from_utf8_lossy(&response.body).into_owned()
}

pub fn json_of(response: &Response) -> Value {
    serde_json::from_slice(&response.body).unwrap_or_else(|_| panic!("no JSON: {}", text(response)))
}

/// Status and error code of a JSON answer: what `TOK(e)` means, with all that must hold for it.
pub fn error_of(response: &Response) -> (u16, String) {
    let json = json_of(response);
    assert_eq!(response.headers[header::CACHE_CONTROL], "no-store");
    assert!(json.get("access_token").is_none());
    (response.status.as_u16(), json["error"].as_str().unwrap_or_default().to_owned())
}

pub fn location(headers: &HeaderMap) -> Option<&str> {
    headers.get(header::LOCATION)?.to_str().ok()
}

/// The claims of an access token, unverified.
pub fn claims_of(access_token: &str) -> Value {
    use base64::Engine;
    let payload = access_token.split('.').nth(1).unwrap();
    let json = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(payload).unwrap();
    serde_json::from_slice(&json).unwrap()
}
