//! What is expected of an answer, each expectation with all that must hold for it.

use std::collections::HashMap;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use http::{Method, header};
use serde_json::{Value, json};
use vestibule_core::{Event, Refusal, Reply, Request, Resource, Response, Server, Step};

use crate::world::{
    APP, Browser, ISSUER, Judge, RES, VERIFIER, World, config, json_of, location, post, query_of,
    request, resource_request, text,
};

pub(crate) const RES2: &str = "https://other.test/mcp";
pub(crate) const EVIL: &str = "https://evil.test/cb";
pub(crate) const C_SECRET: &str = "a-secret-of-the-client";

pub(crate) const DOCUMENTS: [&str; 4] = [
    "/.well-known/oauth-authorization-server",
    "/.well-known/oauth-protected-resource/mcp",
    "/.well-known/jwks.json",
    "/oauth/providers",
];
pub(crate) const SHARED: [&str; 3] = ["/oauth/register", "/oauth/token", "/oauth/revoke"];
pub(crate) const PAGES: [&str; 3] = ["/oauth/authorize", "/oauth/consent", "/oauth/callback/idp"];

/// What never stands in an answer that refuses something.
const SECRETS: [&str; 6] = [
    VERIFIER,
    C_SECRET,
    "our-secret-upstream",
    "upstream-access",
    "upstream-refresh",
    "upstream-code",
];

/// Sends a request that must be refused: no record changes, no secret is told, nothing is cached.
pub(crate) fn refused(world: &mut World, request: Request) -> Response {
    let before = (world.store.swaps, world.store.len());
    let response = world.send(request);
    assert_eq!((world.store.swaps, world.store.len()), before, "a refused request wrote");
    assert!(!response.status.is_success(), "not refused: {}", text(&response));
    assert_clean(&response);
    response
}

/// What holds for every answer that refuses something.
pub(crate) fn assert_clean(response: &Response) {
    assert!(response.status != 500 && response.status != 501, "{}", text(response));
    assert_eq!(response.headers[header::CACHE_CONTROL], "no-store");
    assert_eq!(response.headers[header::X_CONTENT_TYPE_OPTIONS], "nosniff");
    let said = format!("{} {:?}", text(response), response.headers);
    for secret in SECRETS {
        assert!(!said.contains(secret), "{secret} stands in {said}");
    }
}

/// `LOCAL400`: a page of our own for the person, and nothing that navigates.
pub(crate) fn assert_local400(response: &Response) {
    assert_eq!(response.status, 400, "{}", text(response));
    assert_page(response);
    assert!(!text(response).contains("href="), "{}", text(response));
}

/// A page that neither navigates nor runs anything.
pub(crate) fn assert_page(response: &Response) {
    assert_clean(response);
    assert_eq!(response.headers[header::CONTENT_TYPE], "text/html; charset=utf-8");
    for name in [header::LOCATION, header::REFRESH] {
        assert!(!response.headers.contains_key(&name), "{name}: {}", text(response));
    }
    let page = text(response).to_ascii_lowercase();
    for active in ["<script", "http-equiv", "onerror=", "onload=", "javascript:"] {
        assert!(!page.contains(active), "{active}: {page}");
    }
}

pub(crate) fn local400(world: &mut World, path_and_query: &str) -> Response {
    let response = refused(world, get(path_and_query, ""));
    assert_local400(&response);
    assert!(!response.headers.contains_key(header::SET_COOKIE));
    response
}

/// `REDIR(e)` for an authorization request: where it goes and the state are the request's own.
pub(crate) fn redir(world: &mut World, path_and_query: &str, error: &str) -> Response {
    let response = refused(world, get(path_and_query, ""));
    let (redirect_uri, state) = asked(path_and_query);
    assert_redirect(&response, &redirect_uri, error, state.as_deref());
    response
}

/// The form that `REDIR(e)` takes before consent for a client that registered itself.
pub(crate) fn interstitial(world: &mut World, path_and_query: &str, error: &str, host: &str) {
    let response = refused(world, get(path_and_query, ""));
    assert_eq!(response.status, 400, "{}", text(&response));
    assert_page(&response);
    let page = text(&response);
    assert!(page.contains(&format!("Go back to \u{2068}{host}\u{2069}")), "{page}");
    let link = page.split_once(" href=\"").unwrap().1.split('"').next().unwrap();
    let link = link.replace("&#38;", "&").replace("&amp;", "&");
    let (redirect_uri, state) = asked(path_and_query);
    assert_told(&link, &redirect_uri, error, state.as_deref());
}

pub(crate) fn assert_redirect(
    response: &Response,
    redirect_uri: &str,
    error: &str,
    state: Option<&str>,
) {
    assert_eq!(response.status, 303, "{}", text(response));
    assert_clean(response);
    assert!(response.body.is_empty());
    let mut locations = response.headers.get_all(header::LOCATION).iter();
    let to = locations.next().unwrap().to_str().unwrap();
    assert!(locations.next().is_none());
    assert_told(to, redirect_uri, error, state);
}

fn assert_told(to: &str, redirect_uri: &str, error: &str, state: Option<&str>) {
    let added = to.strip_prefix(redirect_uri).unwrap_or_else(|| panic!("{to}"));
    assert!(added.starts_with(['?', '&']), "{to}");
    // Reading it also makes sure that no name stands there twice.
    let said = query_of(to);
    assert_eq!(said.get("error").map(String::as_str), Some(error), "{to}");
    assert_eq!(said.get("state").map(String::as_str), state, "{to}");
    assert_eq!(said["iss"], ISSUER, "{to}");
    assert!(!said.contains_key("code"), "{to}");
    assert_describes(&said["error_description"]);
}

/// RFC 6749 §5.2: what an `error_description` may be made of.
pub(crate) fn assert_describes(description: &str) {
    let allowed = |byte: u8| matches!(byte, 0x20..=0x21 | 0x23..=0x5B | 0x5D..=0x7E);
    assert!(!description.is_empty() && description.bytes().all(allowed), "{description:?}");
}

/// `TOK(e)`.
pub(crate) fn tok(world: &mut World, request: Request, error: &str) -> Response {
    let response = refused(world, request);
    assert_tok(&response, 400, error);
    response
}

/// `TOK401`; with the challenge that RFC 6749 §5.2 asks for where the client used the header.
pub(crate) fn tok401(world: &mut World, request: Request) -> Response {
    let by_header = request.parts().headers.contains_key(header::AUTHORIZATION);
    let response = refused(world, request);
    assert_tok(&response, 401, "invalid_client");
    if by_header {
        let challenge = response.headers[header::WWW_AUTHENTICATE].to_str().unwrap();
        assert!(challenge.starts_with("Basic "), "{challenge}");
    }
    response
}

/// `TOK(e)` for a request that may also end a grant.
pub(crate) fn assert_tok(response: &Response, status: u16, error: &str) {
    assert_eq!(response.status, status, "{}", text(response));
    assert_clean(response);
    assert_eq!(response.headers[header::CONTENT_TYPE], "application/json");
    let json = json_of(response);
    assert_eq!(json["error"], error, "{json}");
    for member in ["access_token", "refresh_token", "id_token", "token_type"] {
        assert!(json.get(member).is_none(), "{json}");
    }
    assert_describes(json["error_description"].as_str().unwrap());
}

/// `invalid_grant` that may end a grant.
pub(crate) fn invalid_grant(world: &mut World, request: Request) {
    let response = world.send(request);
    assert_tok(&response, 400, "invalid_grant");
}

/// `RS401`, of the server and of a resource in a process of its own.
pub(crate) fn rs401(world: &World, token: &str) {
    for judge in Judge::both(world, RES) {
        assert_rs401(&judge, &resource_request(token), world.now, token);
    }
}

pub(crate) fn assert_rs401(judge: &Judge, parts: &http::request::Parts, now: u64, what: &str) {
    let challenge = match judge.authenticate(parts, now) {
        Err(challenge) => challenge,
        Ok(principal) => panic!("accepted as {}: {what}", principal.subject),
    };
    let response = challenge.response();
    assert_eq!(response.status, 401, "{what}");
    let field = response.headers[header::WWW_AUTHENTICATE].to_str().unwrap();
    assert!(field.starts_with("Bearer error=\"invalid_token\""), "{field}");
}

pub(crate) fn last_refusal(world: &World) -> &Refusal {
    let refusal = world.events.iter().rev().find_map(|event| {
        if let Event::Refused { refusal } = event { Some(refusal) } else { None }
    });
    refusal.unwrap_or_else(|| panic!("no refusal: {:?}", world.events))
}

/// Redirect URI and state of an authorization request.
fn asked(path_and_query: &str) -> (String, Option<String>) {
    let (_, query) = path_and_query.split_once('?').unwrap();
    let mut all: HashMap<String, String> = HashMap::new();
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        all.entry(name.into_owned()).or_insert(value.into_owned());
    }
    (all.remove("redirect_uri").unwrap_or_else(|| APP.to_owned()), all.remove("state"))
}

pub(crate) fn get(path_and_query: &str, cookies: &str) -> Request {
    let cookie = [("cookie", cookies)];
    let headers = if cookies.is_empty() { &[][..] } else { &cookie };
    request(Method::GET, path_and_query, headers, "")
}

/// A form for the token endpoint with header fields of one's own.
pub(crate) fn token_request(form: &[(&str, &str)], headers: &[(&str, &str)]) -> Request {
    post("/oauth/token", form, headers)
}

pub(crate) fn basic(credentials: &str) -> String {
    format!("Basic {}", STANDARD.encode(credentials))
}

/// The fixtures, with a resource on the server's own origin, so that every document is there.
pub(crate) fn with_own_resource() -> World {
    let mut config = config();
    config.resources.push(Resource::new("https://as.test/mcp", vec![]).unwrap());
    World::of(config)
}

/// A sign-in up to tokens, with changes of the authorization request and of the redemption.
pub(crate) fn tokens_with(
    world: &mut World,
    authorize: &[(&str, &str)],
    redeem: &[(&str, &str)],
) -> Value {
    let code = world.until_code_with(authorize)["code"].clone();
    let response = world.redeem_with(&code, redeem);
    assert_eq!(response.status, 200, "{}", text(&response));
    json_of(&response)
}

pub(crate) fn member(json: &Value, name: &str) -> String {
    json[name].as_str().unwrap_or_else(|| panic!("no {name} in {json}")).to_owned()
}

/// Registers client E of the fixtures, public and with a web address.
pub(crate) fn register_evil(world: &mut World) -> String {
    world.register(EVIL)
}

pub(crate) fn registration(redirect_uri: &str) -> Value {
    json!({ "redirect_uris": [redirect_uri], "token_endpoint_auth_method": "none" })
}

/// A sign-in up to the callback, and the browser that is to ask for it.
pub(crate) fn until_callback(world: &mut World, authorize: &str) -> (Browser, String) {
    let mut browser = Browser::default();
    let callback = browser.until_callback(world, authorize);
    (browser, callback)
}

/// Finishes a sign-in: where the browser is sent.
pub(crate) fn complete(world: &mut World, browser: &mut Browser, callback: &str) -> String {
    let response = browser.get(world, callback);
    assert_eq!(response.status, 303, "{}", text(&response));
    location(&response.headers).unwrap().to_owned()
}

/// Sends a request to another server that shares this world's store.
pub(crate) fn send_to(world: &mut World, server: &Server, request: Request) -> Response {
    let step = server.handle(request, world.tick());
    let reply = world.finish(step);
    world.events.extend(reply.events);
    reply.response
}

/// Many requests at once: each gets one answer in turn, so that all have loaded before any writes.
/// The servers, which share the store, take turns too.
pub(crate) fn together(
    world: &mut World,
    servers: &[Server],
    requests: Vec<Request>,
) -> Vec<Response> {
    let mut steps: Vec<Option<Step<Reply>>> = requests
        .into_iter()
        .zip(servers.iter().cycle())
        .map(|(request, server)| Some(server.handle(request, world.tick())))
        .collect();
    let mut replies: Vec<Option<Reply>> = steps.iter().map(|_| None).collect();
    while steps.iter().any(Option::is_some) {
        for (step, reply) in steps.iter_mut().zip(&mut replies) {
            let Some(waiting) = step.take() else { continue };
            match world.advance(waiting) {
                Ok(next) => *step = Some(next),
                Err(done) => *reply = Some(done),
            }
        }
    }
    replies.into_iter().map(|reply| reply.unwrap().response).collect()
}

/// A text of base64url with its bytes changed.
pub(crate) fn rewritten(text: &str, change: impl FnOnce(&mut Vec<u8>)) -> String {
    let mut bytes = URL_SAFE_NO_PAD.decode(text).unwrap();
    change(&mut bytes);
    URL_SAFE_NO_PAD.encode(bytes)
}

/// The text with another character at one place.
pub(crate) fn with_other_char(text: &str, at: usize) -> String {
    let other = if text.as_bytes()[at] == b'A' { 'B' } else { 'A' };
    format!("{}{other}{}", &text[..at], &text[at + 1..])
}

/// Damaged forms of a sealed text: cut, extended, another case, padded, other trailing bits,
/// another byte at every place.
pub(crate) fn damaged(text: &str) -> Vec<String> {
    let end = text.len() - 1;
    let mut all = vec![
        text[..end].to_owned(),
        text[..text.len() / 2].to_owned(),
        format!("{text}A"),
        format!("{text}="),
        format!("{text}=="),
        format!(" {text}"),
        text.to_ascii_uppercase(),
        text.to_ascii_lowercase(),
        text.replace('_', "/").replace('-', "+") + "+",
    ];
    const ALPHABET: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let last = ALPHABET.find(&text[end..]).unwrap();
    all.extend((1..4).map(|n| {
        let other = ALPHABET.as_bytes()[last ^ n] as char;
        format!("{}{other}", &text[..end])
    }));
    all.extend((0..text.len()).map(|at| with_other_char(text, at)));
    all
}
