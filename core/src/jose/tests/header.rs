use serde_json::json;

use super::id_tokens::{base64url, signed};
use super::*;

#[test]
fn jwt_01_none_and_missing_signatures_are_refused() {
    for alg in ["none", "None", "nOnE", "NONE", ""] {
        let message = token().header("alg", alg).message();
        assert_refused(&format!("{message}."), JwtFault::Algorithm);
        assert_refused(&signed(&Key::Ed25519(7), &message), JwtFault::Algorithm);
    }
    let message = token().message();
    assert_refused(&message, JwtFault::Malformed);
    assert_refused(&format!("{message}."), JwtFault::Signature);
    assert_refused(&format!("{message}.AA"), JwtFault::Signature);
    assert_refused(&token().without_header("alg").text(), JwtFault::Algorithm);
    assert_refused(&token().header("alg", json!(["EdDSA"])).text(), JwtFault::Algorithm);
}

#[test]
fn jwt_02_a_public_key_is_no_secret() {
    let keys = [("rsa", Key::Rsa), ("ec", Key::P256(7)), ("ed", Key::Ed25519(7))];
    for (kid, key) in keys {
        let jwk = key.jwk(kid);
        let number = jwk["n"].as_str().or(jwk["x"].as_str()).unwrap().to_owned();
        for secret in [jwk.to_string(), number] {
            let forged = of(kid, Key::Secret(secret.into_bytes()));
            assert_refused(&forged.text(), JwtFault::Algorithm);
        }
    }
}

#[test]
fn jwt_03_the_algorithm_is_the_keys() {
    // No JWK of the set needs an `alg` for that.
    let mut set = id_tokens::jwk_set(&[("rsa", Key::Rsa), ("ec", Key::P256(7))]);
    for jwk in set["keys"].as_array_mut().unwrap() {
        jwk.as_object_mut().unwrap().remove("alg");
    }
    let set = parse(&set).unwrap();
    assert!(verified_with(&of("rsa", Key::Rsa).text(), &set).is_ok());
    for (kid, alg) in [("rsa", "ES256"), ("rsa", "EdDSA"), ("ec", "RS256"), ("ec", "EdDSA")] {
        let forged = of(kid, Key::Rsa).header("alg", alg).text();
        assert_eq!(verified_with(&forged, &set), Err(JwtFault::Algorithm.into()), "{alg}");
    }
    for alg in ["HS256", "HS512", "RS1", "RS512", "PS256", "ES512", "rs256", "Ed448"] {
        let forged = of("rsa", Key::Rsa).header("alg", alg).text();
        assert_eq!(verified_with(&forged, &set), Err(JwtFault::Algorithm.into()), "{alg}");
    }
}

#[test]
fn jwt_05_a_token_does_not_bring_its_key() {
    let evil = Key::Ed25519(66);
    let jwk = evil.jwk("ed");
    let forged = token()
        .header("jku", "https://evil.test/jwks")
        .header("x5u", "https://evil.test/certificate")
        .header("x5c", json!(["AAAA"]))
        .header("jwk", jwk.clone());
    assert_refused(&forged.signed_by(evil.clone()).text(), JwtFault::Signature);
    let forged = of("evil", evil).header("jwk", jwk).text();
    assert_eq!(verified(&forged), Err(NotVerified::UnknownKey));
}

#[test]
fn jwt_06_strange_kids_are_refused() {
    for kid in ["../../dev/null", "' OR 1=1 --", "\0", "", "ED", "ed ", "ed\0"] {
        let token = token().header("kid", kid).text();
        assert_eq!(verified(&token), Err(NotVerified::UnknownKey), "{kid:?}");
    }
    for kid in [json!(1), json!(null), json!(["ed"]), json!({}), json!("k".repeat(10 * 1024))] {
        assert_refused(&token().header("kid", kid).text(), JwtFault::Malformed);
    }
}

#[test]
fn jwt_06_without_a_kid_only_one_key_can_be_meant() {
    let token = token().without_header("kid");
    assert_accepted(&token);
    let of = |keys: &[(&str, Key)]| {
        verified_with(&token.text(), &parse(&id_tokens::jwk_set(keys)).unwrap()).map(drop)
    };
    let (ours, other) = (("a", Key::Ed25519(7)), ("b", Key::Ed25519(8)));
    assert_eq!(of(&[ours.clone(), other.clone()]), Err(JwtFault::AmbiguousKey.into()));
    assert_eq!(of(&[ours]), Ok(()));
    assert_eq!(of(&[("a", Key::Rsa)]), Err(NotVerified::UnknownKey));
    // A provider that names none and has changed its key.
    assert_eq!(of(&[other]), Err(NotVerified::UnknownKey));
}

#[test]
fn jwt_08_critical_members_are_refused() {
    for (member, value) in [
        ("crit", json!(["x"])),
        ("crit", json!([])),
        ("crit", json!(null)),
        ("crit", json!(["b64"])),
        ("b64", json!(false)),
        ("b64", json!(true)),
    ] {
        assert_refused(&token().header(member, value).text(), JwtFault::Critical);
    }
}

#[test]
fn jwt_14_a_jwt_of_another_kind_is_refused() {
    for typ in [json!("at+jwt"), json!("logout+jwt"), json!("dpop+jwt"), json!(""), json!(1)] {
        assert_refused(&token().header("typ", typ).text(), JwtFault::Type);
    }
    for typ in ["jwt", "JWT", "application/jwt"] {
        assert_accepted(&token().header("typ", typ));
    }
    assert_accepted(&token().without_header("typ"));
}

#[test]
fn jwt_18_other_serialisations_are_refused() {
    let text = token().text();
    let [header, claims, signature] = text.split('.').collect::<Vec<_>>().try_into().unwrap();
    let flattened = json!({
        "protected": header,
        "header": { "alg": "none" },
        "payload": claims,
        "signature": signature,
    });
    let general = json!({ "payload": claims, "signatures": [flattened] });
    for other in [
        flattened.to_string(),
        general.to_string(),
        // Five parts are a JWE (RFC 7516 §3.1).
        format!("{header}.{claims}.{claims}.{claims}.{signature}"),
        format!("{header}.{claims}.{claims}.{signature}"),
        format!("{text}."),
        format!(".{text}"),
        "..".to_owned(),
        ".".to_owned(),
        String::new(),
    ] {
        assert_refused(&other, JwtFault::Malformed);
    }
}

#[test]
fn jwt_19_repeated_names_are_refused() {
    let key = Key::Ed25519(7);
    let header = |header: &str| base64url(header);
    let claims = token().message().split_once('.').unwrap().1.to_owned();
    let twice = header(r#"{"alg":"none","alg":"EdDSA","kid":"ed"}"#);
    assert_refused(&signed(&key, &format!("{twice}.{claims}")), JwtFault::Malformed);
    let once = header(r#"{"alg":"EdDSA","kid":"ed"}"#);
    let claims = base64url(r#"{"sub":"alice","sub":"bob"}"#);
    assert_refused(&signed(&key, &format!("{once}.{claims}")), JwtFault::Malformed);
}

#[test]
fn jwt_21_only_canonical_base64url_is_taken() {
    let text = token().text();
    let [header, claims, signature] = text.split('.').collect::<Vec<_>>().try_into().unwrap();
    // 64 bytes are 86 characters, whose last has four bits that must be zero.
    let last = signature.chars().last().unwrap();
    let next = char::from(last as u8 + 1);
    let trailing = format!("{}{next}", &signature[..signature.len() - 1]);
    for other in [
        format!("{header}=.{claims}.{signature}"),
        format!("{header}.{claims}=.{signature}"),
        format!("{header}.{claims}.{signature}=="),
        format!("{header}.{claims}.{trailing}"),
        format!(" {text}"),
        format!("{text}\n"),
        format!("{header}. {claims}.{signature}"),
        format!("{header}.{claims}.+{}", &signature[1..]),
    ] {
        assert_refused(&other, JwtFault::Malformed);
    }
}

#[test]
fn a_token_beyond_all_measure_is_not_looked_at() {
    let long = token().claim("picture", "x".repeat(16 * 1024));
    assert_refused(&long.text(), JwtFault::Malformed);
    assert_accepted(&token().claim("picture", "x".repeat(8 * 1024)));
}
