use super::*;
use crate::encoding::{base64url, from_base64url};
use crate::keys::Algorithm;

fn key(algorithm: Algorithm) -> SigningKey {
    SigningKey::from_bytes(algorithm, [7; 32]).unwrap()
}

/// A token of any header, correctly signed by `key`.
fn signed(key: &SigningKey, header: &str, claims: &str) -> String {
    let signed = format!("{}.{}", base64url(header), base64url(claims));
    let signature = base64url(key.sign(signed.as_bytes()).unwrap());
    format!("{signed}.{signature}")
}

fn header(key: &SigningKey, change: &str) -> String {
    let (alg, kid) = (key.algorithm().as_str(), key.kid());
    format!(r#"{{"alg":"{alg}","typ":"at+jwt","kid":"{kid}"{change}}}"#)
}

#[test]
fn what_is_signed_verifies_with_every_algorithm() {
    for algorithm in [Algorithm::EdDsa, Algorithm::Es256, Algorithm::Hs256] {
        let key = key(algorithm);
        let token = sign(&key, br#"{"sub":"idp:1"}"#).unwrap();
        assert_eq!(verify(&[key], &token).unwrap()["sub"], "idp:1");
    }
}

#[test]
fn rfc_8037_appendix_a_4_is_reproduced() {
    // The key of Appendix A.1 signs the text of A.4 as printed there.
    let secret = from_base64url("nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A").unwrap();
    let key = SigningKey::from_bytes(Algorithm::EdDsa, secret.try_into().unwrap()).unwrap();
    let message = "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc";
    let signature =
        "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg";
    assert_eq!(base64url(key.sign(message.as_bytes()).unwrap()), signature);
    assert!(key.verify(message.as_bytes(), &from_base64url(signature).unwrap()));
    assert!(key.public_jwk().unwrap().contains("11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"));
}

#[test]
fn rfc_7515_appendix_a_1_and_a_3_verify() {
    let hmac = from_base64url(
        "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow",
    );
    let hs256 = crate::keys::hs256_from_bytes(&hmac.unwrap()).unwrap();
    let payload = "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ";
    let message = format!("eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.{payload}");
    let signature = from_base64url("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk").unwrap();
    assert!(hs256.verify(message.as_bytes(), &signature));

    let secret = from_base64url("jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI").unwrap();
    let es256 = SigningKey::from_bytes(Algorithm::Es256, secret.try_into().unwrap()).unwrap();
    let message = format!("eyJhbGciOiJFUzI1NiJ9.{payload}");
    // The signature of the RFC has a large s; its mirror image, which every verifier accepts too,
    // is the one taken here.
    let printed = from_base64url(
        "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q",
    );
    let signature = p256::ecdsa::Signature::from_slice(&printed.unwrap()).unwrap();
    assert!(es256.verify(message.as_bytes(), &signature.normalize_s().to_bytes()));
}

#[test]
fn jwt_01_none_and_missing_signatures_are_refused() {
    let key = key(Algorithm::EdDsa);
    let good = sign(&key, b"{}").unwrap();
    let (message, _) = good.rsplit_once('.').unwrap();
    let keys = [key];
    for token in [format!("{message}."), message.to_owned(), format!("{message}.AA")] {
        assert!(verify(&keys, &token).is_none(), "{token}");
    }
    for alg in ["none", "None", "nOnE"] {
        let header = format!(r#"{{"alg":"{alg}","typ":"at+jwt","kid":"{}"}}"#, keys[0].kid());
        let token = signed(&keys[0], &header, "{}");
        assert!(verify(&keys, &token).is_none(), "{alg}");
    }
}

#[test]
fn jwt_02_jwt_03_the_algorithm_is_the_keys_not_the_tokens() {
    let key = key(Algorithm::EdDsa);
    let public = key.public_jwk().unwrap().as_bytes().to_vec();
    let hmac = crate::keys::hs256_from_bytes(&public).unwrap();
    let forged = signed(&hmac, &header(&key, "").replace("EdDSA", "HS256"), "{}");
    assert!(verify(&[key], &forged).is_none());
}

#[test]
fn jwt_06_strange_kids_are_refused() {
    let key = key(Algorithm::EdDsa);
    for kid in [r#""../../dev/null""#, r#""' OR 1""#, r#""\u0000""#, "1", "null"] {
        let header = format!(r#"{{"alg":"EdDSA","typ":"at+jwt","kid":{kid}}}"#);
        let token = signed(&key, &header, "{}");
        assert!(verify(std::slice::from_ref(&key), &token).is_none(), "{kid}");
    }
    let token = signed(&key, r#"{"alg":"EdDSA","typ":"at+jwt"}"#, "{}");
    assert!(verify(&[key], &token).is_none(), "no kid");
}

#[test]
fn jwt_08_critical_members_are_refused() {
    let key = key(Algorithm::EdDsa);
    for change in [r#","crit":["x"]"#, r#","crit":[]"#, r#","b64":false"#] {
        let token = signed(&key, &header(&key, change), "{}");
        assert!(verify(std::slice::from_ref(&key), &token).is_none(), "{change}");
    }
}

#[test]
fn jwt_14_a_jwt_of_another_type_is_refused() {
    let key = key(Algorithm::EdDsa);
    let typed = |typ: &str| signed(&key, &header(&key, "").replace("at+jwt", typ), "{}");
    assert!(verify(std::slice::from_ref(&key), &typed("JWT")).is_none());
    assert!(verify(std::slice::from_ref(&key), &typed("application/at+JWT")).is_some());
}

#[test]
fn jwt_15_zero_mirrored_and_der_signatures_are_refused() {
    let key = key(Algorithm::Es256);
    let token = sign(&key, b"{}").unwrap();
    let (message, signature) = token.rsplit_once('.').unwrap();
    let parsed = p256::ecdsa::Signature::from_slice(&from_base64url(signature).unwrap()).unwrap();
    let mirrored = p256::ecdsa::Signature::from_scalars(parsed.r(), -parsed.s()).unwrap();
    let forged = [vec![0; 64], mirrored.to_bytes().to_vec(), parsed.to_der().as_bytes().to_vec()];
    for signature in forged {
        let token = format!("{message}.{}", base64url(signature));
        assert!(verify(std::slice::from_ref(&key), &token).is_none());
    }
}

#[test]
fn jwt_18_jwt_21_other_serialisations_and_encodings_are_refused() {
    let key = key(Algorithm::EdDsa);
    let token = sign(&key, b"{}").unwrap();
    let padded = token.replacen('.', "=.", 1);
    for other in [
        padded,
        format!(" {token}"),
        format!("{token}\n"),
        format!("{token}."),
        format!("{token}="),
    ] {
        assert!(verify(std::slice::from_ref(&key), &other).is_none(), "{other}");
    }
    let json = r#"{"payload":"e30","signatures":[]}"#;
    assert!(verify(&[key], json).is_none());
}

#[test]
fn jwt_19_repeated_names_are_refused() {
    let key = key(Algorithm::EdDsa);
    let twice = signed(&key, &header(&key, r#","alg":"EdDSA""#), "{}");
    assert!(verify(std::slice::from_ref(&key), &twice).is_none());
    let twice = signed(&key, &header(&key, ""), r#"{"sub":"a","sub":"b"}"#);
    assert!(verify(&[key], &twice).is_none());
}
