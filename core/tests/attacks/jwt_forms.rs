//! Access tokens whose form, header or signature is wrong, as the server and a resource in a process
//! of its own see them.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::Sha256;
use vestibule_core::{Algorithm, SigningKey};

use crate::expect::{member, rs401};
use crate::jwt::{Forger, joined};
use crate::world::{Judge, World, config, resource_request};

fn encode(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// A world whose server signs so, and one of its tokens.
fn signing_with(algorithm: Algorithm) -> (World, String) {
    let mut config = config();
    config.signing_keys = vec![SigningKey::from_bytes(algorithm, [2; 32]).unwrap()];
    let mut world = World::of(config);
    let token = member(&world.until_tokens(), "access_token");
    assert!(Judge::agree(&world, &resource_request(&token)).is_ok(), "{algorithm:?}");
    (world, token)
}

/// Its header with members changed, and the rest as it is: signed by the key that believes a word.
fn with_header(forger: &Forger, changes: &[(&str, Option<Value>)]) -> String {
    let mut header = forger.header.clone();
    for (name, value) in changes {
        match value {
            Some(value) => header.insert((*name).to_owned(), value.clone()),
            None => header.remove(*name),
        };
    }
    joined(&Value::Object(header).to_string(), &Value::Object(forger.claims.clone()).to_string())
}

#[test]
fn jwt_01_jwt_03_the_algorithm_is_the_keys() {
    let forger = Forger::new();
    let mut algorithms: Vec<Option<Value>> = ["none", "None", "nOnE", "", "HS256", "ES256"]
        .into_iter()
        .chain(["RS256", "PS256", "EdDSA ", "eddsa", "Ed25519"])
        .map(|alg| Some(json!(alg)))
        .collect();
    algorithms.extend([None, Some(Value::Null), Some(json!(["EdDSA"]))]);
    for alg in algorithms {
        rs401(&forger.world, &with_header(&forger, &[("alg", alg)]));
    }
    let genuine = with_header(&forger, &[]);
    assert!(forger.accepts(&genuine));
    let (message, _) = genuine.rsplit_once('.').unwrap();
    for unsigned in [format!("{message}."), message.to_owned(), format!("{message}.AA")] {
        rs401(&forger.world, &unsigned);
    }
}

#[test]
fn jwt_02_a_published_key_is_no_secret() {
    for algorithm in [Algorithm::EdDsa, Algorithm::Es256] {
        let (mut world, token) = signing_with(algorithm);
        let set = crate::world::json_of(&world.get("/.well-known/jwks.json"));
        let key = &set["keys"][0];
        let point: Vec<u8> = ["x", "y"]
            .iter()
            .filter_map(|name| key[name].as_str())
            .flat_map(|text| URL_SAFE_NO_PAD.decode(text).unwrap())
            .collect();
        let der = public_key_der(algorithm, &point);
        let pem = format!(
            "-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n",
            STANDARD.encode(&der)
        );
        let claims = token.split('.').nth(1).unwrap();
        let header = json!({ "alg": "HS256", "typ": "at+jwt", "kid": key["kid"] });
        let signed = format!("{}.{claims}", encode(header.to_string()));
        let documents = [key, &set].map(|it| it.to_string().into_bytes());
        for secret in documents.into_iter().chain([point, der, pem.into_bytes()]) {
            let mac = Hmac::<Sha256>::new_from_slice(&secret).unwrap().chain_update(&signed);
            rs401(&world, &format!("{signed}.{}", encode(mac.finalize().into_bytes())));
        }
    }
}

/// SubjectPublicKeyInfo (RFC 5280 §4.1.2.7), whose head is the same for all keys of a curve (RFC 5480
/// §2, RFC 8410 §4).
fn public_key_der(algorithm: Algorithm, point: &[u8]) -> Vec<u8> {
    let head: &[u8] = match algorithm {
        Algorithm::EdDsa => &[0x30, 0x2a, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 3, 0x21, 0],
        _ => &[
            0x30, 0x59, 0x30, 0x13, 6, 7, 0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1, 6, 8, 0x2a, 0x86,
            0x48, 0xce, 0x3d, 3, 1, 7, 3, 0x42, 0, 4,
        ],
    };
    [head, point].concat()
}

#[test]
fn jwt_05_a_token_does_not_bring_its_key() {
    let forger = Forger::new();
    let key = json!({ "kty": "OKP", "crv": "Ed25519", "x": encode([5; 32]), "kid": "mine" });
    for (name, value) in [
        ("jku", json!("https://evil.test/jwks.json")),
        ("x5u", json!("https://evil.test/x5u")),
        ("jwk", key),
        ("x5c", json!(["MIIB"])),
    ] {
        let mine = [(name, Some(value.clone())), ("kid", Some(json!("mine")))];
        rs401(&forger.world, &with_header(&forger, &mine));
        // Beside the name of a known key it is not even read.
        assert!(forger.accepts(&with_header(&forger, &[(name, Some(value))])), "{name}");
    }
}

#[test]
fn jwt_06_a_strange_kid_names_nothing() {
    let forger = Forger::new();
    let own = forger.header["kid"].as_str().unwrap().to_owned();
    for kid in [
        json!("../../dev/null"),
        json!("' OR 1=1 --"),
        json!("\0"),
        json!(format!("{own}\0")),
        json!(own[1..]),
        json!("k".repeat(10 * 1024)),
        json!(1),
        json!([own]),
        json!(""),
    ] {
        rs401(&forger.world, &with_header(&forger, &[("kid", Some(kid))]));
    }
    rs401(&forger.world, &with_header(&forger, &[("kid", None)]));
}

#[test]
fn jwt_08_nothing_critical_is_understood() {
    let forger = Forger::new();
    for (name, value) in [
        ("crit", json!(["x"])),
        ("crit", json!([])),
        ("crit", Value::Null),
        ("b64", json!(false)),
        ("b64", json!(true)),
    ] {
        rs401(&forger.world, &with_header(&forger, &[(name, Some(value))]));
    }
}

#[test]
fn jwt_15_zero_mirrored_and_der_signatures_are_refused() {
    let (world, token) = signing_with(Algorithm::Es256);
    let (message, signature) = token.rsplit_once('.').unwrap();
    let signature = URL_SAFE_NO_PAD.decode(signature).unwrap();
    let genuine = p256::ecdsa::Signature::from_slice(&signature).unwrap();
    let mirrored = p256::ecdsa::Signature::from_scalars(genuine.r(), -genuine.s()).unwrap();
    let [mut no_r, mut no_s] = [signature.clone(), signature.clone()];
    no_r[..32].fill(0);
    no_s[32..].fill(0);
    for forged in [
        vec![0; 64],
        no_r,
        no_s,
        mirrored.to_bytes().to_vec(),
        genuine.to_der().as_bytes().to_vec(),
        [&signature[..], &[0]].concat(),
    ] {
        rs401(&world, &format!("{message}.{}", encode(forged)));
    }
}

#[test]
fn jwt_18_jwt_21_other_serialisations_and_encodings_are_refused() {
    let (world, token) = signing_with(Algorithm::EdDsa);
    let (message, signature) = token.rsplit_once('.').unwrap();
    let (header, claims) = message.split_once('.').unwrap();
    // The last character of 64 bytes carries four bits; the others are to be zero.
    let last = signature.as_bytes()[85];
    let trailing = if last == b'A' { 'B' } else { char::from(last + 1) };
    for other in [
        token.replacen('.', "=.", 1),
        format!("{token}="),
        format!("{message}.{}{trailing}", &signature[..85]),
        format!("{header}.{claims}.{signature}.{signature}.{signature}"),
        format!("{header}..{signature}"),
        json!({ "payload": claims, "protected": header, "signature": signature }).to_string(),
        json!({ "payload": claims, "signatures": [{ "protected": header, "signature": signature }] })
            .to_string(),
        format!("{}.{claims}.{signature}", header.replacen('e', "%65", 1)),
        format!("{token} {token}"),
        "a".repeat(20 * 1024),
    ] {
        rs401(&world, &other);
    }
}

#[test]
fn jwt_19_what_stands_there_twice_is_refused() {
    let forger = Forger::new();
    let header = Value::Object(forger.header.clone()).to_string();
    let claims = Value::Object(forger.claims.clone()).to_string();
    assert!(forger.accepts(&joined(&header, &claims)));
    let twice = |text: &str, name: &str, value: &str| {
        text.replacen('{', &format!("{{\"{name}\":\"{value}\","), 1)
    };
    for (name, value) in [("alg", "none"), ("alg", "EdDSA"), ("typ", "JWT"), ("kid", "x")] {
        rs401(&forger.world, &joined(&twice(&header, name, value), &claims));
    }
    for name in ["sub", "aud", "iss", "jti", "client_id", "scope"] {
        let own = forger.claims[name].as_str().unwrap();
        for value in ["x", own] {
            rs401(&forger.world, &joined(&header, &twice(&claims, name, value)));
        }
    }
    let deep = claims.replacen('{', r#"{"x":{"a":1,"a":2},"#, 1);
    rs401(&forger.world, &joined(&header, &deep));
}
