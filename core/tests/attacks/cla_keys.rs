//! With which key a client of a document must sign, and that it must.

use serde_json::{Value, json};
use vestibule_core::{AssertionFault, Refusal};

use crate::cim::{
    ID, asking, document_with, fetches, fetches_of, publish, publish_at, shown, world,
};
use crate::cla_signed::{
    KEYS_AT, Signer, assertions, claims, publish_signing, redeeming, refused, refused_for,
    succeeds, until_code, until_tokens,
};
use crate::expect::{C_SECRET, basic, last_refusal, member, tok401};
use crate::world::id_tokens::{Key, jwk_set, signed};
use crate::world::{APP, VERIFIER, World, post, redemption, refresh};

#[test]
fn cla_18_no_key_is_taken_or_fetched_that_an_assertion_names() {
    let (mut world, signer, code) = until_code();
    let evil = Signer { key: Key::P256(66), kid: "one" };
    let calls = world.upstream.calls.clone();
    let evils = jwk_set(&[("one", evil.key.clone())]);
    publish_at(&mut world, "https://evil.test/jwks", &evils);
    for (name, value) in [
        ("jwk", evils["keys"][0].clone()),
        ("jku", json!("https://evil.test/jwks")),
        ("x5u", json!("https://evil.test/x5u")),
        ("x5c", json!(["MIIB"])),
    ] {
        let mut header = evil.header();
        header[name] = value;
        let assertion = evil.sign(&header, &claims(&world, "once"));
        refused(&mut world, redeeming(&code, &assertion));
        header.as_object_mut().unwrap().remove("kid").unwrap();
        let assertion = evil.sign(&header, &claims(&world, "once"));
        refused(&mut world, redeeming(&code, &assertion));
    }
    assert!(world.upstream.calls.iter().all(|call| !call.contains("evil")));
    assert_eq!(world.upstream.calls[..calls.len()], calls);
    // None of it is obeyed beside the right key either, and so it does no harm.
    let mut header = signer.header();
    header["jku"] = json!("https://evil.test/jwks");
    let assertion = signer.sign(&header, &claims(&world, "once"));
    succeeds(&mut world, redeeming(&code, &assertion));
}

#[test]
fn cla_18_only_a_signature_of_the_published_key_counts() {
    let (mut world, signer, code) = until_code();
    let right = signer.assertion(&world, "once");
    let (message, _) = right.rsplit_once('.').unwrap();
    let secret = Key::Secret(signer.jwks().to_string().into_bytes());
    for wrong in [
        signed(&Key::P256(66), message),
        format!("{message}."),
        format!("{message}.AAAA"),
        message.to_owned(),
        format!("{right}."),
        "x".to_owned(),
        signer.sign(&json!({ "alg": "none" }), &claims(&world, "once")),
        signer.sign(&json!({ "alg": "EdDSA", "kid": "one" }), &claims(&world, "once")),
        Signer { key: secret, kid: "one" }.assertion(&world, "once"),
    ] {
        refused(&mut world, redeeming(&code, &wrong));
    }
    assert_eq!(assertions(&world), 0);
    succeeds(&mut world, redeeming(&code, &right));
}

/// JWT-07: a client's own keys are fetched again for a key that they do not have, and not each time.
#[test]
fn cla_18_made_up_names_of_keys_do_not_make_calls() {
    let (mut world, signer) = (World::new(), Signer::new());
    publish_signing(&mut world, &json!({ "jwks_uri": KEYS_AT }));
    publish_at(&mut world, KEYS_AT, &signer.jwks());
    let code = world.until_code_with(&[("client_id", ID)])["code"].clone();
    for n in 0..100 {
        let mut header = signer.header();
        header["kid"] = json!(format!("made-up-{n}"));
        let assertion = signer.sign(&header, &claims(&world, "once"));
        refused_for(&mut world, redeeming(&code, &assertion), AssertionFault::UnknownKey);
    }
    assert_eq!((fetches_of(&world, KEYS_AT), fetches(&world)), (1, 1));
    let request = signer.redemption(&world, &code, "once");
    succeeds(&mut world, request);
}

#[test]
fn cla_20_who_publishes_keys_signs() {
    for keys in [json!({ "jwks": Signer::new().jwks() }), json!({ "jwks_uri": KEYS_AT })] {
        // Whatever it says beside them of how it authenticates.
        for method in [json!("private_key_jwt"), json!("none"), Value::Null] {
            let (mut world, signer) = (World::new(), Signer::new());
            let mut document = document_with(&keys);
            document["token_endpoint_auth_method"] = method.clone();
            if method.is_null() {
                document.as_object_mut().unwrap().remove("token_endpoint_auth_method").unwrap();
            }
            publish(&mut world, &document);
            publish_at(&mut world, KEYS_AT, &signer.jwks());
            let code = world.until_code_with(&[("client_id", ID)])["code"].clone();
            tok401(&mut world, redemption(&code, &[("client_id", ID)]));
            assert_eq!(*last_refusal(&world), Refusal::ClientDidNotSign { by_header: false });
            let form = [
                ("grant_type", "authorization_code"),
                ("code", &*code),
                ("redirect_uri", APP),
                ("code_verifier", VERIFIER),
            ];
            let header = basic(&format!("{}:", ID.replace(':', "%3A")));
            let header = [("authorization", &*header)];
            tok401(&mut world, post("/oauth/token", &form, &header));
            let request = signer.redemption(&world, &code, "once");
            let tokens = succeeds(&mut world, request);
            let token = member(&tokens, "refresh_token");
            tok401(&mut world, refresh(&token, &[("client_id", ID)]));
            assert_eq!(*last_refusal(&world), Refusal::ClientDidNotSign { by_header: false });
            let request = signer.refresh(&world, &token, "twice");
            succeeds(&mut world, request);
        }
    }
}

/// A public one has nothing fetched for it at the token endpoint.
#[test]
fn cla_20_a_public_client_of_a_document_costs_no_call_and_shows_no_more_than_its_id() {
    let mut world = world();
    world.upstream.cache_control = Some("no-store");
    shown(&mut world, &asking());
    let code = world.until_code_with(&[("client_id", ID)])["code"].clone();
    let calls = fetches(&world);
    let signer = Signer::new();
    for secret in [C_SECRET, "anything"] {
        tok401(&mut world, redemption(&code, &[("client_id", ID), ("client_secret", secret)]));
    }
    let tokens = succeeds(&mut world, redemption(&code, &[("client_id", ID)]));
    let token = member(&tokens, "refresh_token");
    let next = succeeds(&mut world, refresh(&token, &[("client_id", ID)]));
    assert_eq!(fetches(&world), calls);
    // Where it signs, its document is looked at, and has no keys.
    let token = member(&next, "refresh_token");
    let request = signer.refresh(&world, &token, "once");
    refused_for(&mut world, request, AssertionFault::NoKeys);
    assert_eq!((fetches(&world), assertions(&world)), (calls + 1, 0));
    let form = [("client_id", ID), ("token", &*token)];
    assert_eq!(world.send(post("/oauth/revoke", &form, &[])).status, 200);
    assert!(!world.is_live(&member(&next, "access_token")));
    assert_eq!(fetches(&world), calls + 1);
}

#[test]
fn int_11_who_does_not_sign_revokes_nothing() {
    let (mut world, signer, tokens) = until_tokens();
    for name in ["refresh_token", "access_token"] {
        let token = member(&tokens, name);
        let own = [("token", &*token), ("client_id", ID)];
        for form in
            [own.to_vec(), [&own[..], &[("client_secret", C_SECRET)]].concat(), own[..1].to_vec()]
        {
            tok401(&mut world, post("/oauth/revoke", &form, &[]));
        }
        let header = basic(&format!("{}:x", ID.replace(':', "%3A")));
        let header = [("authorization", &*header)];
        tok401(&mut world, post("/oauth/revoke", &own[..1], &header));
        let evil = Signer { key: Key::P256(66), kid: "one" };
        let request = evil.revocation(&world, &token, "once");
        refused(&mut world, request);
        assert!(world.is_live(&member(&tokens, "access_token")), "{name}");
    }
    let token = member(&tokens, "refresh_token");
    let request = signer.revocation(&world, &token, "once");
    assert_eq!(world.send(request).status, 200);
    assert!(!world.is_live(&member(&tokens, "access_token")));
}
