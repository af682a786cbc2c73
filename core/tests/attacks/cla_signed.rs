//! `private_key_jwt` (RFC 7523 §2.2) of clients that publish keys in a document.

use serde_json::{Value, json};
use vestibule_core::{AssertionFault, Refusal, Request, Response};

use crate::cim::{ID, document_with, fetches, publish, publish_at};
use crate::expect::{C_SECRET, assert_tok, last_refusal, member, together, tok, tok401};
use crate::world::id_tokens::{Key, base64url, jwk_set, signed};
use crate::world::{APP, ISSUER, World, explore, json_of, post, redemption, refresh, text};

const TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// Where a client may publish its keys.
pub(crate) const KEYS_AT: &str = "https://app.test/jwks.json";

/// A client's key, and what it signs with it.
pub(crate) struct Signer {
    pub(crate) key: Key,
    pub(crate) kid: &'static str,
}

impl Signer {
    pub(crate) fn new() -> Self {
        Self { key: Key::P256(7), kid: "one" }
    }

    /// With another key.
    pub(crate) fn other() -> Self {
        Self { key: Key::Ed25519(8), kid: "other" }
    }

    pub(crate) fn jwks(&self) -> Value {
        jwk_set(&[(self.kid, self.key.clone())])
    }

    pub(crate) fn header(&self) -> Value {
        json!({ "alg": self.key.alg(), "kid": self.kid, "typ": "JWT" })
    }

    /// An assertion that is right in everything.
    pub(crate) fn assertion(&self, world: &World, jti: &str) -> String {
        self.sign(&self.header(), &claims(world, jti))
    }

    pub(crate) fn sign(&self, header: &Value, claims: &Value) -> String {
        let [header, claims] = [header, claims].map(|part| base64url(part.to_string()));
        signed(&self.key, &format!("{header}.{claims}"))
    }

    pub(crate) fn redemption(&self, world: &World, code: &str, jti: &str) -> Request {
        redeeming(code, &self.assertion(world, jti))
    }

    pub(crate) fn refresh(&self, world: &World, token: &str, jti: &str) -> Request {
        refreshing(token, &self.assertion(world, jti))
    }

    pub(crate) fn revocation(&self, world: &World, token: &str, jti: &str) -> Request {
        revoking(token, &self.assertion(world, jti))
    }
}

pub(crate) fn claims(world: &World, jti: &str) -> Value {
    let now = world.now;
    json!({ "iss": ID, "sub": ID, "aud": ISSUER, "jti": jti, "iat": now, "exp": now + 60 })
}

pub(crate) fn shown_as(assertion: &str) -> [(&str, &str); 3] {
    [("client_id", ID), ("client_assertion_type", TYPE), ("client_assertion", assertion)]
}

pub(crate) fn redeeming(code: &str, assertion: &str) -> Request {
    redemption(code, &shown_as(assertion))
}

fn refreshing(token: &str, assertion: &str) -> Request {
    refresh(token, &shown_as(assertion))
}

fn revoking(token: &str, assertion: &str) -> Request {
    post("/oauth/revoke", &[&shown_as(assertion)[..], &[("token", token)]].concat(), &[])
}

/// Puts the document of a client that signs where the client is.
pub(crate) fn publish_signing(world: &mut World, keys: &Value) {
    let mut document = document_with(keys);
    document["token_endpoint_auth_method"] = json!("private_key_jwt");
    publish(world, &document);
}

/// A client that signs, and a code of it.
pub(crate) fn until_code() -> (World, Signer, String) {
    let (mut world, signer) = (World::new(), Signer::new());
    publish_signing(&mut world, &json!({ "jwks": signer.jwks() }));
    let code = world.until_code_with(&[("client_id", ID)])["code"].clone();
    (world, signer, code)
}

pub(crate) fn until_tokens() -> (World, Signer, Value) {
    let (mut world, signer, code) = until_code();
    let request = signer.redemption(&world, &code, "first");
    let tokens = succeeds(&mut world, request);
    (world, signer, tokens)
}

pub(crate) fn succeeds(world: &mut World, request: Request) -> Value {
    let response = world.send(request);
    assert_eq!(response.status, 200, "{}: {:?}", text(&response), world.events.last());
    json_of(&response)
}

pub(crate) fn refused(world: &mut World, request: Request) {
    assert_tok(&world.send(request), 401, "invalid_client");
}

pub(crate) fn refused_for(world: &mut World, request: Request, fault: AssertionFault) {
    refused(world, request);
    assert_eq!(*last_refusal(world), Refusal::ClientAssertion(fault));
}

pub(crate) fn assertions(world: &World) -> usize {
    world.store.records().filter(|(key, _)| key.as_str().starts_with("assertion")).count()
}

#[test]
fn cla_14_an_assertion_is_good_for_once() {
    let (mut world, signer, tokens) = until_tokens();
    let token = member(&tokens, "refresh_token");
    let assertion = signer.assertion(&world, "once");
    let next = succeeds(&mut world, refreshing(&token, &assertion));
    let next = member(&next, "refresh_token");
    let replayed = AssertionFault::Replayed;
    for token in [&token, &next] {
        refused_for(&mut world, refreshing(token, &assertion), replayed);
        // Signed anew it is another text of the same name.
        let again = signer.assertion(&world, "once");
        refused_for(&mut world, refreshing(token, &again), replayed);
        refused_for(&mut world, revoking(token, &assertion), replayed);
    }
    let code = world.until_code_with(&[("client_id", ID)])["code"].clone();
    refused_for(&mut world, redeeming(&code, &assertion), replayed);
    // Until it is over by any clock, and then it is over.
    world.pass(119);
    refused_for(&mut world, refreshing(&next, &assertion), replayed);
    world.store.sweep(world.now);
    refused_for(&mut world, refreshing(&next, &assertion), replayed);
    world.pass(1);
    refused_for(&mut world, refreshing(&next, &assertion), AssertionFault::Expiry);
    let request = signer.refresh(&world, &next, "twice");
    succeeds(&mut world, request);
}

/// Two requests with one assertion, in every order of their steps, and with any one write of unknown
/// outcome.
#[test]
fn cla_14_of_two_at_once_one_wins() {
    let (mut world, signer, tokens) = until_tokens();
    let token = member(&tokens, "refresh_token");
    let code = world.until_code_with(&[("client_id", ID)])["code"].clone();
    let assertion = signer.assertion(&world, "once");
    let requests = || vec![refreshing(&token, &assertion), redeeming(&code, &assertion)];
    for most_faults in [0, 1] {
        let schedules = explore::explore(&world, requests, most_faults, |ending| {
            let won = ending.responses.iter().filter(|response| response.status == 200).count();
            if ending.faults == 0 {
                assert_eq!(won, 1);
            }
            assert!(won <= 1, "both");
            for response in &ending.responses {
                assert!([200, 401, 503].contains(&response.status.as_u16()), "{}", text(response));
            }
        });
        assert!(schedules > 10, "{schedules}");
    }
}

#[test]
fn cla_14_of_many_at_once_at_two_servers_one_wins() {
    let (mut world, signer, tokens) = until_tokens();
    let token = member(&tokens, "refresh_token");
    let assertion = signer.assertion(&world, "once");
    let servers = [world.server.clone(), world.server.clone()];
    let all = (0..50).map(|_| refreshing(&token, &assertion)).collect();
    let responses: Vec<Response> = together(&mut world, &servers, all);
    assert_eq!(responses.iter().filter(|response| response.status == 200).count(), 1);
    assert_eq!(responses.iter().filter(|response| response.status == 401).count(), 49);
}

/// One name of two clients is two names.
#[test]
fn cla_14_the_names_of_one_client_are_not_those_of_another() {
    let (mut world, signer, code) = until_code();
    let id = "https://other.test/client.json";
    let document = json!({
        "client_id": id, "client_name": "Other", "redirect_uris": [APP], "jwks": signer.jwks(),
    });
    publish_at(&mut world, id, &document);
    let other_code = world.until_code_with(&[("client_id", id)])["code"].clone();
    let mut theirs = claims(&world, "once");
    (theirs["iss"], theirs["sub"]) = (json!(id), json!(id));
    let theirs = signer.sign(&signer.header(), &theirs);
    let mut changes = shown_as(&theirs);
    changes[0].1 = id;
    // Nor is one client's assertion good for another's code.
    tok(&mut world, redemption(&code, &changes), "invalid_grant");
    succeeds(&mut world, redemption(&other_code, &changes));
    let request = signer.redemption(&world, &code, "once");
    succeeds(&mut world, request);
}

/// Whoever holds nothing of the client makes the server neither fetch nor remember anything.
#[test]
fn cla_14_a_name_is_spent_only_beside_a_code_or_token_of_the_client() {
    let (mut world, signer, code) = until_code();
    let assertion = signer.assertion(&world, "once");
    let others = world.until_code()["code"].clone();
    let tokens = world.until_tokens();
    world.pass(30);
    let before = (world.upstream.calls.len(), assertions(&world));
    for wrong in ["", "wrong", &code[..code.len() - 1], &format!("{code}A"), &*others] {
        let error = if wrong.is_empty() { "invalid_request" } else { "invalid_grant" };
        tok(&mut world, redeeming(wrong, &assertion), error);
    }
    for name in ["refresh_token", "access_token"] {
        let wrong = member(&tokens, name);
        tok(&mut world, refreshing(&wrong, &assertion), "invalid_grant");
        let answer = world.send(revoking(&wrong, &assertion));
        assert_eq!((answer.status.as_u16(), answer.body.len()), (200, 0));
    }
    let form = [&shown_as(&assertion)[..], &[("grant_type", "client_credentials")]].concat();
    tok(&mut world, post("/oauth/token", &form, &[]), "unsupported_grant_type");
    assert_eq!((world.upstream.calls.len(), assertions(&world)), before);
    assert!(world.is_live(&member(&tokens, "access_token")));
    succeeds(&mut world, redeeming(&code, &assertion));
    assert_eq!(assertions(&world), 1);
}

#[test]
fn cla_15_the_audience_is_the_issuer_alone() {
    let (mut world, signer, code) = until_code();
    let calls = world.upstream.calls.len();
    for aud in [
        json!("https://other.test"),
        json!([ISSUER]),
        json!([ISSUER, "https://other.test"]),
        json!(format!("{ISSUER}/")),
        json!(format!("{ISSUER}/oauth/token")),
        json!(format!("{ISSUER}/oauth/par")),
        json!("HTTPS://AS.TEST"),
        json!(""),
        Value::Null,
    ] {
        let mut claims = claims(&world, "once");
        claims["aud"] = aud;
        let assertion = signer.sign(&signer.header(), &claims);
        tok401(&mut world, redeeming(&code, &assertion));
        assert_eq!(
            *last_refusal(&world),
            Refusal::ClientAssertion(AssertionFault::Audience),
            "{claims}"
        );
    }
    assert_eq!(world.upstream.calls.len(), calls);
    let request = signer.redemption(&world, &code, "once");
    succeeds(&mut world, request);
}

#[test]
fn cla_17_every_claim_is_there_and_right() {
    use AssertionFault::{Expiry, Jti, NotYetValid, Subject, Times};
    let (mut world, signer, code) = until_code();
    let now = world.now;
    for (name, value, fault) in [
        ("iss", json!("https://other.test/client.json"), Subject),
        ("iss", Value::Null, Subject),
        ("sub", json!("C"), Subject),
        ("sub", Value::Null, Subject),
        ("exp", Value::Null, Times),
        ("exp", json!((now + 60).to_string()), Times),
        ("exp", json!(now as f64 + 60.5), Times),
        ("exp", json!(-1), Times),
        ("exp", json!(now - 60), Expiry),
        ("exp", json!(now + 10 * 365 * 24 * 60 * 60), Expiry),
        ("exp", json!(u64::MAX), Expiry),
        ("iat", json!(now + 61), NotYetValid),
        ("nbf", json!(now + 61), NotYetValid),
        ("iat", json!("now"), Times),
        ("nbf", json!([now]), Times),
        ("jti", Value::Null, Jti),
        ("jti", json!(""), Jti),
        ("jti", json!(1), Jti),
        ("jti", json!("j".repeat(513)), Jti),
    ] {
        let mut claims = claims(&world, "once");
        claims[name] = value;
        let assertion = signer.sign(&signer.header(), &claims);
        tok401(&mut world, redeeming(&code, &assertion));
        let refusal = last_refusal(&world);
        assert_eq!(*refusal, Refusal::ClientAssertion(fault), "{claims}");
    }
    assert_eq!((fetches(&world), assertions(&world)), (1, 0));
    let request = signer.redemption(&world, &code, "once");
    succeeds(&mut world, request);
}

#[test]
fn cla_17_an_assertion_names_the_client_and_the_request_says_no_other() {
    let (mut world, signer, code) = until_code();
    let assertion = signer.assertion(&world, "once");
    for other in ["P", "C", "https://app.test/other.json"] {
        let mut changes = shown_as(&assertion);
        changes[0].1 = other;
        tok401(&mut world, redemption(&code, &changes));
    }
    for wrong in ["urn:ietf:params:oauth:client-assertion-type:saml2-bearer", ""] {
        let mut changes = shown_as(&assertion);
        changes[1].1 = wrong;
        tok(&mut world, redemption(&code, &changes), "invalid_request");
    }
    let twice = [&shown_as(&assertion)[..], &[("client_secret", C_SECRET)]].concat();
    tok(&mut world, redemption(&code, &twice), "invalid_request");
    // RFC 7521 §4.2: without client_id it is the assertion that says who asks.
    let mut changes = shown_as(&assertion);
    changes[0].1 = "";
    succeeds(&mut world, redemption(&code, &changes));
}
