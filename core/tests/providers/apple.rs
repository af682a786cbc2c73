//! Apple, which posts its answer.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::{Method, header};
use p256::ecdsa::signature::Verifier;
use p256::pkcs8::DecodePrivateKey;
use serde_json::{Value, json};
use vestibule_core::provider::{Provider, apple};
use vestibule_core::{InvalidKey, JwtFault, Refusal, Response, Step};

use crate::scene::{CLIENT_ID, Scene};
use crate::world::browser::callback_of;
use crate::world::{Browser, World, location, post, query_of, request, text};

/// Made for these tests by `openssl genpkey`, and used nowhere else.
const KEY: &str = include_str!("../fixtures/p256.pem");

const CALLBACK: &str = "/oauth/callback/apple";
const TOKEN: &str = "https://appleid.apple.com/auth/token";

fn provider() -> Provider {
    apple(CLIENT_ID, "TEAM123456", "KEY1234567", KEY).unwrap()
}

fn scene() -> Scene {
    Scene::new(provider(), include_str!("fixtures/apple.json"))
}

/// Posts to the callback as a browser does that comes from Apple's page: with no cookie.
fn posted(world: &mut World, form: &[(&str, &str)]) -> Response {
    let from = [("origin", "https://appleid.apple.com"), ("sec-fetch-site", "cross-site")];
    world.send(post(CALLBACK, form, &from))
}

/// A browser away at Apple, and the state with which it will come back.
fn away(scene: &mut Scene) -> (Browser, String) {
    let mut browser = Browser::default();
    let upstream = scene.until_upstream(&mut browser);
    scene.answer_for(&upstream);
    (browser, query_of(&upstream)["state"].clone())
}

/// Where the POST sends the browser on to.
fn sent_on(scene: &mut Scene, state: &str) -> String {
    let response = posted(&mut scene.world, &[("code", "upstream-code"), ("state", state)]);
    assert_eq!(response.status, 303, "{}", text(&response));
    location(&response.headers).unwrap().to_owned()
}

#[test]
fn apple_sign_in() {
    scene().assert_signs_in();
}

#[test]
fn apple_denied() {
    scene().assert_denied();
}

#[test]
fn apple_refresh() {
    let mut scene = scene().keeping();
    let start = scene.world.now;
    let asked = scene.refreshes();
    // Made for each, when its time has come.
    for (asked, now) in asked.iter().zip([start + 3600, start + 7200]) {
        assert_is_ours(&asked["client_secret"], now);
    }
    assert_eq!(asked.len(), 2);
}

#[test]
fn a_post_touches_no_cookie_and_asks_nothing() {
    let mut scene = scene();
    let (browser, state) = away(&mut scene);
    scene.world.upstream.calls.clear();
    let form = [("code", "upstream-code"), ("state", &*state)];
    let without = posted(&mut scene.world, &form);
    let cookie = browser.header();
    let step = scene.world.begin(post(CALLBACK, &form, &[("cookie", &*cookie)]));
    let Step::Done(with) = step else { panic!("a question was asked") };
    for response in [&without, &with.response] {
        assert_eq!(response.status, 303);
        assert!(!response.headers.contains_key(header::SET_COOKIE));
        let location = location(&response.headers).unwrap();
        assert!(location.starts_with(&format!("{CALLBACK}?posted=")), "{location}");
        assert!(!location.contains("upstream-code") && !location.contains(&state), "{location}");
        assert_eq!(response.headers[header::REFERRER_POLICY], "no-referrer");
    }
    assert!(scene.world.upstream.calls.is_empty() && scene.world.store.len() == 0);
}

#[test]
fn what_was_posted_is_checked_as_a_query_is() {
    // In another browser.
    let mut scene = scene();
    let (_, state) = away(&mut scene);
    let uri = sent_on(&mut scene, &state);
    let response = Browser::default().get(&mut scene.world, &uri);
    assert_eq!((response.status.as_u16(), location(&response.headers)), (400, None));
    // With a state that is none, and without one.
    for form in [&[("code", "c"), ("state", "forged")][..], &[("code", "c")], &[]] {
        let (mut browser, _) = away(&mut scene);
        let response = posted(&mut scene.world, form);
        let uri = location(&response.headers).unwrap().to_owned();
        assert_eq!(browser.get(&mut scene.world, &uri).status, 400, "{form:?}");
    }
    assert!(scene.world.upstream.calls.is_empty());
}

#[test]
fn what_was_posted_lives_a_minute() {
    for (seconds, status) in [(59, 303), (61, 400)] {
        let mut scene = scene();
        let (mut browser, state) = away(&mut scene);
        let uri = sent_on(&mut scene, &state);
        scene.world.pass(seconds);
        let response = browser.get(&mut scene.world, &uri);
        assert_eq!(response.status, status, "{seconds}");
        assert_eq!(scene.world.upstream.calls.is_empty(), status == 400);
    }
}

#[test]
fn what_was_posted_completes_once() {
    let mut scene = scene();
    let (mut browser, state) = away(&mut scene);
    let uri = sent_on(&mut scene, &state);
    let cookies = browser.clone();
    assert_eq!(browser.get(&mut scene.world, &uri).status, 303);
    let again = { cookies }.get(&mut scene.world, &uri);
    assert_eq!((again.status.as_u16(), location(&again.headers)), (400, None));
}

#[test]
fn what_was_posted_cannot_be_forged_or_mixed() {
    let mut scene = scene();
    let (mut browser, state) = away(&mut scene);
    let uri = sent_on(&mut scene, &state);
    let mut refused = |uri: &str| {
        let response = browser.get(&mut scene.world, uri);
        assert_eq!((response.status.as_u16(), location(&response.headers)), (400, None), "{uri}");
    };
    let (path, sealed) = uri.split_once("posted=").unwrap();
    for at in (0..sealed.len()).step_by(7) {
        let mut changed = sealed.as_bytes().to_vec();
        changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
        refused(&format!("{path}posted={}", String::from_utf8(changed).unwrap()));
    }
    refused(&format!("{path}posted={state}"));
    refused(&format!("{path}posted=x&posted={sealed}"));
    for more in ["code=other", "error=access_denied", "iss=x", &format!("state={state}")] {
        refused(&format!("{uri}&{more}"));
    }
    assert!(scene.world.upstream.calls.is_empty());
}

#[test]
fn what_is_posted_is_bounded_and_a_form() {
    let mut world = scene().world;
    let long = "a".repeat(1025);
    for form in [&[("code", &*long)][..], &[("state", &*long)], &[("code", "a"), ("code", "b")]] {
        assert_eq!(posted(&mut world, form).status, 400);
    }
    let json = [("content-type", "application/json")];
    assert_eq!(world.send(request(Method::POST, CALLBACK, &json, "{}")).status, 415);
    let longest = "a".repeat(1024);
    let user = json!({ "name": { "firstName": longest, "lastName": longest } }).to_string();
    let form = ["code", "state", "iss", "error"].map(|name| (name, &*longest));
    let response = posted(&mut world, &[&form[..], &[("user", &*user)]].concat());
    assert!(location(&response.headers).unwrap().len() < 6 * 1024);
}

#[test]
fn other_providers_post_nothing() {
    let mut world = World::new();
    let response = world.send(post("/oauth/callback/idp", &[("code", "c"), ("state", "s")], &[]));
    assert_eq!(response.status, 405);
    assert_eq!(response.headers[header::ALLOW], "GET");
}

#[test]
fn quirk_apple_posts_its_answer() {
    assert_eq!(scene().sent_upstream()["response_mode"], "form_post");
}

/// Apple's JWT: who we are, for whom, for five minutes, by our key.
#[test]
fn quirk_apple_secret_is_a_signed_jwt() {
    let mut scene = scene();
    scene.person();
    assert_is_ours(&scene.asked(TOKEN)["client_secret"], scene.world.now);
    assert_eq!(apple("a", "b", "c", "no key").unwrap_err(), InvalidKey::NeitherPemNorBase64url);
}

fn assert_is_ours(secret: &str, now: u64) {
    let parts: Vec<&str> = secret.split('.').collect();
    let decode = |part: &str| URL_SAFE_NO_PAD.decode(part).unwrap();
    let object = |part: &str| -> Value { serde_json::from_slice(&decode(part)).unwrap() };
    assert_eq!(object(parts[0]), json!({ "alg": "ES256", "kid": "KEY1234567" }));
    let claims = json!({
        "iss": "TEAM123456",
        "iat": now,
        "exp": now + 300,
        "aud": "https://appleid.apple.com",
        "sub": CLIENT_ID,
    });
    assert_eq!(object(parts[1]), claims);
    let key = p256::ecdsa::SigningKey::from_pkcs8_pem(KEY).unwrap();
    let signature = p256::ecdsa::Signature::from_slice(&decode(parts[2])).unwrap();
    let message = format!("{}.{}", parts[0], parts[1]);
    assert!(key.verifying_key().verify(message.as_bytes(), &signature).is_ok());
}

#[test]
fn quirk_apple_writes_booleans_as_texts() {
    for (value, verified) in
        [(json!("true"), true), (json!(true), true), (json!("false"), false), (json!(1), false)]
    {
        let mut scene = scene().with_claim("email_verified", value);
        assert_eq!(scene.person()["email_verified"], verified);
    }
}

/// At the first sign-in only, unsigned: a name to show, and no address.
#[test]
fn quirk_apple_lets_the_browser_bring_the_name() {
    let mut scene = scene().with_claim("email", Value::Null);
    let person = scene.person();
    assert_eq!((&person["name"], &person["email"]), (&"John Appleseed".into(), &Value::Null));
    for user in ["", "{", r#"{"name":{"firstName":7}}"#] {
        let mut scene = self::scene();
        scene.fixture["callback"]["user"] = user.into();
        assert_eq!(scene.person()["name"], Value::Null, "{user}");
    }
}

#[test]
fn an_id_token_of_another_sign_in_is_refused() {
    let mut scene = scene();
    scene.change = |right| right.claim("nonce", "another");
    scene.assert_refused(Refusal::IdToken(JwtFault::Nonce));
    let mut scene = self::scene();
    let (mut browser, state) = away(&mut scene);
    let said = [("code", "upstream-code")];
    let upstream = format!("https://x.test/?state={state}&redirect_uri=https://as.test{CALLBACK}");
    // Where the answer stands in the query it is checked like any other's.
    let response = browser.get(&mut scene.world, &callback_of(&upstream, &said));
    assert_eq!(response.status, 303);
}
