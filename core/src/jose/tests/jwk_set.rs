use serde_json::json;

use super::id_tokens::base64url;
use super::*;

/// The key with another member, alone in a set.
fn alone(key: &Key, member: &str, value: impl Into<Value>) -> Result<JwkSet, &'static str> {
    let mut jwk = key.jwk("k");
    jwk[member] = value.into();
    parse(&json!({ "keys": [jwk] }))
}

#[track_caller]
fn assert_left_out(key: &Key, member: &str, value: impl Into<Value>) {
    let value = value.into();
    let shown = value.to_string();
    assert!(alone(key, member, value).is_err(), "{} {member} {shown}", key.alg());
}

#[test]
fn jwt_16_weak_and_broken_rsa_keys_are_left_out() {
    let modulus = |bits: usize| {
        let mut bytes = vec![0xff; bits / 8];
        bytes[0] = 0x80;
        base64url(bytes)
    };
    for bits in [512, 1024, 2040, 8200, 16384] {
        assert_left_out(&Key::Rsa, "n", modulus(bits));
    }
    for bits in [2048, 3072, 4096, 8192] {
        assert!(alone(&Key::Rsa, "n", modulus(bits)).is_ok(), "{bits}");
    }
    // 2047 bits, an even one, and none at all.
    assert_left_out(&Key::Rsa, "n", base64url([&[0x7f][..], &[0xff; 255]].concat()));
    assert_left_out(&Key::Rsa, "n", base64url([0xfe; 256]));
    assert_left_out(&Key::Rsa, "n", "");
    assert_left_out(&Key::Rsa, "n", json!(1));
    for e in [&[1][..], &[0], &[2], &[0, 1], &[1, 0, 0], &[1, 0, 0, 0, 1], &[]] {
        assert_left_out(&Key::Rsa, "e", base64url(e));
    }
    for e in [&[3][..], &[1, 0, 1], &[0xff; 4]] {
        assert!(alone(&Key::Rsa, "e", base64url(e)).is_ok(), "{e:?}");
    }
}

#[test]
fn jwt_16_points_off_the_curve_and_of_small_order_are_left_out() {
    let ec = Key::P256(7);
    for x in [[0; 32], [1; 32], [0xff; 32]] {
        assert_left_out(&ec, "x", base64url(x));
        assert_left_out(&ec, "y", base64url(x));
    }
    let x = ec.jwk("k")["x"].as_str().unwrap().to_owned();
    assert_left_out(&ec, "x", format!("AA{x}"));
    assert_left_out(&ec, "x", &x[..40]);
    for crv in ["P-384", "P-521", "secp256k1", "p-256", ""] {
        assert_left_out(&ec, "crv", crv);
    }
    let ed = Key::Ed25519(7);
    let identity = [&[1][..], &[0; 31]].concat();
    for x in [vec![0; 32], identity, vec![2; 31], vec![0xff; 33]] {
        assert_left_out(&ed, "x", base64url(x));
    }
    assert_left_out(&ed, "crv", "X25519");
}

#[test]
fn jwt_16_keys_for_something_else_are_left_out() {
    for key in [Key::Rsa, Key::P256(7), Key::Ed25519(7)] {
        for purpose in [json!("enc"), json!(""), json!(null), json!(["sig"])] {
            assert_left_out(&key, "use", purpose);
        }
        for operations in [json!([]), json!(["sign"]), json!("verify"), json!(null)] {
            assert_left_out(&key, "key_ops", operations);
        }
        assert!(alone(&key, "key_ops", json!(["verify"])).is_ok());
        for alg in [json!("HS256"), json!("none"), json!("RS1"), json!("RSA-OAEP"), json!(1)] {
            assert_left_out(&key, "alg", alg);
        }
        for kty in [json!("oct"), json!(""), json!(null)] {
            assert_left_out(&key, "kty", kty);
        }
        for kid in [json!(1), json!(null), json!("k".repeat(513))] {
            assert_left_out(&key, "kid", kid);
        }
    }
    assert_left_out(&Key::Secret(vec![7; 32]), "kid", "k");
}

#[test]
fn jwt_16_of_two_keys_of_one_name_none_is_meant() {
    let keys = [("ed", Key::Ed25519(8)), ("ed", Key::Ed25519(7)), ("ec", Key::P256(7))];
    let set = parse(&id_tokens::jwk_set(&keys)).unwrap();
    assert_eq!(verified_with(&token().text(), &set), Err(NotVerified::UnknownKey));
    assert!(verified_with(&of("ec", Key::P256(7)).text(), &set).is_ok());
    // One that cannot be used is not in the way of one that can.
    let mut keys = id_tokens::jwk_set(&[("ed", Key::Ed25519(8)), ("ed", Key::Ed25519(7))]);
    keys["keys"][0]["use"] = "enc".into();
    assert!(verified_with(&token().text(), &parse(&keys).unwrap()).is_ok());
}

#[test]
fn jwt_16_a_set_of_ten_thousand_keys_is_cut() {
    let jwk = Key::Ed25519(7).jwk("ed");
    let named = |n: usize| {
        let mut jwk = jwk.clone();
        jwk["kid"] = n.to_string().into();
        jwk
    };
    let keys: Vec<Value> = (0..10_000).map(named).collect();
    let set = parse(&json!({ "keys": keys })).unwrap();
    let of = |kid: &str| verified_with(&token().header("kid", kid).text(), &set).is_ok();
    assert_eq!(["0", "63", "64", "9999"].map(of), [true, true, false, false]);
}

#[test]
fn what_is_no_set_is_refused() {
    let bodies = [
        "",
        "null",
        "[]",
        "{}",
        r#"{"keys":{}}"#,
        r#"{"keys":[]}"#,
        r#"{"keys":[1]}"#,
        r#"{"keys":[],"keys":[]}"#,
        "<html>",
    ];
    for body in bodies {
        assert!(JwkSet::parse(body.as_bytes()).is_err(), "{body}");
    }
}

#[test]
fn a_set_outlives_a_record() {
    let bytes = postcard::to_allocvec(&set()).unwrap();
    let set: JwkSet = postcard::from_bytes(&bytes).unwrap();
    for (kid, key) in [("rsa", Key::Rsa), ("ec", Key::P256(7)), ("ed", Key::Ed25519(7))] {
        assert!(verified_with(&of(kid, key).text(), &set).is_ok(), "{kid}");
    }
}
