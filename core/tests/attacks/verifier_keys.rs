//! What a server's key set can hold that is no key (JWT-16), as a resource in a process of its own
//! reads it.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use serde_json::{Value, json};
use vestibule_core::{Denied, Purpose, Refusal};

use crate::expect::member;
use crate::world::{RES, Remote, World, json_of, serve};

/// One whose server publishes what is made of its own key.
fn publishing(keys: impl Fn(Value) -> Vec<Value> + 'static) -> (Remote, String) {
    let mut remote = Remote::of(World::new(), RES);
    remote.answer = Box::new(move |world, call| {
        let mut response = serve(world, call)?;
        if call.purpose == Purpose::FetchKeys {
            let own = json_of(&response)["keys"][0].clone();
            response.body = Bytes::from(json!({ "keys": keys(own) }).to_string());
        }
        Ok(response)
    });
    let token = member(&remote.world.until_tokens(), "access_token");
    (remote, token)
}

fn encode(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// Keys that are none.
fn broken() -> Vec<Value> {
    let (short, long) = (encode(&[0xff; 64]), encode(&[0xff; 256]));
    let one = encode(&[1; 32]);
    vec![
        json!({ "kty": "RSA", "n": short, "e": "AQAB", "kid": "512" }),
        json!({ "kty": "RSA", "n": long, "e": "AQ", "kid": "e1" }),
        json!({ "kty": "RSA", "n": long, "e": "Ag", "kid": "e2" }),
        json!({ "kty": "RSA", "n": encode(&[0xff; 2048]), "e": "AQAB", "kid": "16384" }),
        json!({ "kty": "EC", "crv": "P-256", "x": one, "y": one, "kid": "off" }),
        json!({ "kty": "EC", "crv": "P-384", "x": one, "y": one, "kid": "384" }),
        json!({ "kty": "OKP", "crv": "Ed25519", "x": encode(&[0; 32]), "kid": "weak" }),
        json!({ "kty": "OKP", "crv": "X25519", "x": one, "kid": "x" }),
        json!({ "kty": "oct", "k": one, "kid": "oct" }),
        json!({ "kty": "oct", "k": one, "kid": "oct", "alg": "HS256" }),
        json!({ "kid": "nothing" }),
        json!("key"),
        Value::Null,
    ]
}

#[test]
fn jwt_16_what_is_no_key_is_left_out() {
    let (mut remote, token) = publishing(|own| {
        let mut keys = broken();
        keys.push(own);
        keys
    });
    assert!(remote.judge(&token).is_ok());

    let (mut remote, token) = publishing(|_| broken());
    assert_eq!(remote.judge(&token).unwrap_err(), Denied::Unavailable);
    assert!(matches!(remote.verifier.failure(), Some(Refusal::UpstreamMalformed(_))));
}

#[test]
fn jwt_16_of_two_keys_of_one_name_none_is_meant() {
    let (mut remote, token) = publishing(|own| {
        let mut other = own.clone();
        // The key of RFC 8037 Appendix A.2.
        other["x"] = json!("11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo");
        let mut third = other.clone();
        third["kid"] = json!("third");
        vec![own, other, third]
    });
    assert_eq!(remote.judge(&token).unwrap_err(), Denied::UnknownKey);
}

#[test]
fn jwt_16_a_key_that_is_for_something_else_verifies_nothing() {
    for (name, value) in [
        ("use", json!("enc")),
        ("key_ops", json!(["sign"])),
        ("alg", json!("ES256")),
        ("alg", json!("HS256")),
        ("kid", json!(1)),
    ] {
        let (mut remote, token) = publishing(move |mut own| {
            own[name] = value.clone();
            vec![own]
        });
        assert_eq!(remote.judge(&token).unwrap_err(), Denied::Unavailable, "{name}");
    }
}

#[test]
fn jwt_16_of_ten_thousand_keys_few_are_looked_at() {
    let many = |own: &Value, at: usize| {
        let mut keys: Vec<Value> = (0..10_000)
            .map(|n| {
                let mut key = own.clone();
                key["kid"] = json!(format!("k{n}"));
                key
            })
            .collect();
        keys.insert(at, own.clone());
        keys
    };
    let (mut remote, token) = publishing(move |own| many(&own, 0));
    assert!(remote.judge(&token).is_ok());
    let (mut remote, token) = publishing(move |own| many(&own, 5000));
    assert_eq!(remote.judge(&token).unwrap_err(), Denied::UnknownKey);
}

/// Perhaps its key is one of those that could not be had: there is nothing wrong with the token.
#[test]
fn a_key_that_is_unknown_after_a_failed_refresh_is_a_503() {
    let mut world = World::new();
    let tokens = world.until_tokens();
    let token = crate::expect::member(&tokens, "access_token");
    let (_, rest) = token.split_once('.').unwrap();
    // {"alg":"EdDSA","typ":"at+jwt","kid":"new"}
    let new = format!("eyJhbGciOiJFZERTQSIsInR5cCI6ImF0K2p3dCIsImtpZCI6Im5ldyJ9.{rest}");
    let mut remote = crate::world::Remote::of(world, crate::world::RES);
    remote.refresh();
    let reason = |remote: &crate::world::Remote| remote.look(&new).0.unwrap_err().reason();
    assert_eq!(reason(&remote), vestibule_core::Denied::UnknownKey);
    remote.answer = Box::new(|_, _| Err(vestibule_core::Unreachable::Connection));
    remote.refresh();
    assert_eq!(reason(&remote), vestibule_core::Denied::Unavailable);
}
