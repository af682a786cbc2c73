//! A sign-in, walked without a network as far as a test needs it.

#![allow(dead_code, reason = "not every test walks as far")]

use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http::header::{CONTENT_TYPE, COOKIE, LOCATION, SET_COOKIE};
use http::{HeaderMap, HeaderValue};
use vestibule_core::provider::custom;
use vestibule_core::{
    Algorithm, Config, ConfiguredClient, EndpointUrl, HttpCall, Issuer, ProviderId, Reply, Request,
    Resource, Response, SealingSecret, Server, SigningKey, Step, Tick, Timestamp,
};

/// A server with one client and one provider, neither of which exists.
pub(crate) fn server() -> Server {
    server_with("http://127.0.0.1:1")
}

/// The same with a provider that does.
pub(crate) fn server_with(provider: &str) -> Server {
    Server::new(config_with(provider)).unwrap()
}

/// The same for these resources, each with scopes that a client gets.
pub(crate) fn server_for(resources: Vec<Resource>) -> Server {
    server_at("http://127.0.0.1:1", resources)
}

/// The same where it is.
pub(crate) fn server_at(issuer: &str, resources: Vec<Resource>) -> Server {
    let mut config = config_with("http://127.0.0.1:1");
    config.issuer = Issuer::parse(issuer).unwrap();
    config.resources = resources;
    Server::new(config).unwrap()
}

fn config_with(provider: &str) -> Config {
    let endpoint = |path| EndpointUrl::parse(&format!("{provider}{path}")).unwrap();
    let mut config = Config::new(
        Issuer::parse("http://127.0.0.1:1").unwrap(),
        vec![SealingSecret::new([1; 32]).unwrap()],
        vec![SigningKey::from_bytes(Algorithm::EdDsa, [1; 32]).unwrap()],
    );
    let id = ProviderId::parse("idp").unwrap();
    let (authorize, token, user) = (endpoint("/authorize"), endpoint("/token"), endpoint("/user"));
    config.providers.push(custom(id, authorize, token, user, "vestibule", None));
    let mut client = ConfiguredClient::new("app");
    client.redirect_uris.push("https://app.test/cb".to_owned());
    config.clients.push(client);
    config
}

/// Where a client sends a browser. The challenge is that of RFC 7636 Appendix B, and so is
/// [`VERIFIER`].
pub(crate) const AUTHORIZE: &str = "/oauth/authorize?response_type=code&client_id=app\
    &redirect_uri=https%3A%2F%2Fapp.test%2Fcb\
    &code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&code_challenge_method=S256";

pub(crate) const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";

/// What a browser posts when somebody allows what the page says.
pub(crate) fn allowed(page: &str) -> String {
    format!("form={}&provider=idp", between(page, "name=\"form\" value=\"", "\""))
}

/// What a provider sends back with, from where the browser was sent to it.
pub(crate) fn returned(location: &str) -> String {
    let state = between(&format!("{location}&"), "state=", "&").to_owned();
    format!("/oauth/callback/idp?code=theirs&state={state}")
}

pub(crate) fn between<'a>(text: &'a str, before: &str, after: &str) -> &'a str {
    text.split_once(before).and_then(|(_, rest)| rest.split_once(after)).unwrap().0
}

/// The cookie that a `Set-Cookie` sets.
pub(crate) fn cookie(headers: &HeaderMap) -> HeaderValue {
    let set = headers[SET_COOKIE].to_str().unwrap();
    set.split(';').next().unwrap().parse().unwrap()
}

/// The request with which a browser comes back from the provider: the first that asks questions.
pub(crate) fn coming_back(server: &Server) -> http::Request<Bytes> {
    coming_back_from(server, "")
}

/// The same where the client asked for something more.
pub(crate) fn coming_back_from(server: &Server, asked: &str) -> http::Request<Bytes> {
    let page = done(server, get(&format!("{AUTHORIZE}{asked}")));
    let consent = http::Request::post("/oauth/consent")
        .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
        .header(COOKIE, cookie(&page.headers))
        .body(allowed(std::str::from_utf8(&page.body).unwrap()).into());
    let leaving = done(server, consent.unwrap());
    let mut back = get(&returned(leaving.headers[LOCATION].to_str().unwrap()));
    back.headers_mut().insert(COOKIE, cookie(&leaving.headers));
    back
}

/// A call as a flow makes it.
pub(crate) fn call() -> HttpCall {
    let server = server();
    let mut step = server.handle(coming_back(&server).into(), tick());
    // Neither a grant nor a cutoff is there.
    while let Step::Load(question) = step {
        step = question.split().1.resume(Ok(None), tick());
    }
    let Step::Http(question) = step else { unreachable!("a code is exchanged") };
    question.split().0
}

pub(crate) fn get(path: &str) -> http::Request<Bytes> {
    http::Request::get(path).body(Bytes::new()).unwrap()
}

fn done(server: &Server, request: http::Request<Bytes>) -> Response {
    let Step::Done(Reply { response, .. }) = server.handle(Request::from(request), tick()) else {
        unreachable!("asks nothing")
    };
    response
}

fn tick() -> Tick {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or(Duration::ZERO);
    Tick::new(Timestamp::from_seconds(now.as_secs()), [7; 32])
}
