use serde_json::json;
use sha2::{Digest, Sha256, Sha512};

use super::id_tokens::{base64url, signed};
use super::*;

const TENANT: &str = "9188040d-6c67-4c5b-b112-36a304b66dad";
const OTHER_TENANT: &str = "8188040d-6c67-4c5b-b112-36a304b66dad";

#[track_caller]
fn assert_claim_refused(name: &str, value: impl Into<Value>, fault: JwtFault) {
    assert_refused(&token().claim(name, value).text(), fault);
}

#[test]
fn jwt_09_what_is_no_time_is_not_taken_for_missing() {
    let values =
        || [json!("1800000000"), json!(null), json!(1.8e9), json!(-1), json!([NOW]), json!(true)];
    for claim in ["exp", "iat", "nbf"] {
        for value in values() {
            assert_claim_refused(claim, value, JwtFault::NumericDate);
        }
        let (header, _) =
            token().message().split_once('.').map(|(a, b)| (a.to_owned(), b.to_owned())).unwrap();
        let infinite = base64url(format!(r#"{{"{claim}":1e400}}"#));
        let infinite = signed(&Key::Ed25519(7), &format!("{header}.{infinite}"));
        assert_refused(&infinite, JwtFault::Malformed);
    }
}

#[test]
fn jwt_10_exp_and_iat_are_required() {
    for claim in ["exp", "iat"] {
        assert_refused(&token().without_claim(claim).text(), JwtFault::NumericDate);
    }
}

#[test]
fn jwt_11_times_are_exact_to_the_second() {
    let at = |claim: &str, value: u64| verified(&token().claim(claim, value).text()).map(drop);
    assert_eq!(at("exp", NOW), Ok(()));
    assert_eq!(at("exp", NOW - 59), Ok(()));
    assert_eq!(at("exp", NOW - 60), Err(JwtFault::Expired.into()));
    assert_eq!(at("exp", 0), Err(JwtFault::Expired.into()));
    assert_eq!(at("exp", u64::MAX), Ok(()));
    assert_eq!(at("nbf", NOW + 60), Ok(()));
    assert_eq!(at("nbf", NOW + 61), Err(JwtFault::NotYetValid.into()));
    assert_eq!(at("nbf", u64::MAX), Err(JwtFault::NotYetValid.into()));
    assert_eq!(at("iat", NOW + 60), Ok(()));
    assert_eq!(at("iat", NOW + 61), Err(JwtFault::IssuedAt.into()));
    assert_eq!(at("iat", u64::MAX), Err(JwtFault::IssuedAt.into()));
}

#[test]
fn ups_27_a_clock_may_be_a_little_off_and_no_more() {
    let at = |iat: u64| verified(&token().claim("iat", iat).text()).map(drop);
    let refused = Err(JwtFault::IssuedAt.into());
    assert_eq!([at(NOW + 30), at(NOW + 600)], [Ok(()), refused]);
    assert_eq!([at(NOW - 659), at(NOW - 660)], [Ok(()), refused]);
}

#[test]
fn jwt_12_the_issuer_is_compared_exactly() {
    for issuer in [
        json!([ISSUER]),
        json!(format!("{ISSUER}/")),
        json!("https://idp.test.evil.test"),
        json!("https://idp"),
        json!("https://IDP.test"),
        json!("https://other.test"),
        json!(null),
        json!(""),
    ] {
        assert_claim_refused("iss", issuer, JwtFault::Issuer);
    }
    assert_refused(&token().without_claim("iss").text(), JwtFault::Issuer);
}

/// Verified with an issuer that has a tenant inside.
fn of_a_tenant(token: &IdToken, set: &JwkSet) -> Result<(), NotVerified> {
    let issuer = "https://login.test/{tenantid}/v2.0";
    let expected = Expected { issuer, ..expected(NOW) };
    verify(&token.text(), &Keys::Published(set), &expected, None).map(drop)
}

fn tenant_issuer(tenant: &str) -> String {
    format!("https://login.test/{tenant}/v2.0")
}

#[test]
fn jwt_12_the_tenant_of_an_issuer_is_the_tokens_own() {
    let set = set();
    let of = |issuer: &str, tid: Value| {
        of_a_tenant(&token().claim("iss", issuer).claim("tid", tid), &set)
    };
    let at = tenant_issuer;
    let issuer = JwtFault::Issuer.into();
    let tenant = JwtFault::Tenant.into();
    assert_eq!(of(&at(TENANT), TENANT.into()), Ok(()));
    assert_eq!(of(&at(OTHER_TENANT), TENANT.into()), Err(issuer));
    assert_eq!(of(&at("{tenantid}"), TENANT.into()), Err(issuer));
    assert_eq!(of(ISSUER, TENANT.into()), Err(issuer));
    for tid in ["", "{tenantid}", "common", "x/../y", &"-".repeat(36), &"a".repeat(36)] {
        assert_eq!(of(&at(tid), tid.into()), Err(tenant), "{tid}");
    }
    assert_eq!(of(&at("1"), json!(1)), Err(tenant));
    assert_eq!(of_a_tenant(&token().claim("iss", at(TENANT)), &set), Err(tenant));
}

#[test]
fn jwt_12_a_key_of_one_tenant_signs_for_no_other() {
    let by_key_of = |key_issuer: &str| {
        let mut set = id_tokens::jwk_set(&[("ed", Key::Ed25519(7))]);
        set["keys"][0]["issuer"] = key_issuer.into();
        let token = token().claim("iss", tenant_issuer(TENANT)).claim("tid", TENANT);
        of_a_tenant(&token, &parse(&set).unwrap())
    };
    assert_eq!(by_key_of(&tenant_issuer("{tenantid}")), Ok(()));
    assert_eq!(by_key_of(&tenant_issuer(TENANT)), Ok(()));
    assert_eq!(by_key_of(&tenant_issuer(OTHER_TENANT)), Err(JwtFault::Issuer.into()));
}

#[test]
fn jwt_13_the_audience_is_us_alone() {
    assert_accepted(&token().claim("aud", json!([CLIENT_ID])));
    for audience in [
        json!([CLIENT_ID, "evil"]),
        json!([CLIENT_ID, CLIENT_ID]),
        json!(["evil"]),
        json!([]),
        json!([[CLIENT_ID]]),
        json!(1),
        json!(null),
        json!({ CLIENT_ID: 1 }),
        json!(""),
        json!("VESTIBULE"),
    ] {
        assert_claim_refused("aud", audience, JwtFault::Audience);
    }
    assert_refused(&token().without_claim("aud").text(), JwtFault::Audience);
}

#[test]
fn ups_12_another_authorized_party_is_refused() {
    assert_accepted(&token().claim("azp", CLIENT_ID));
    for azp in [json!("evil"), json!([CLIENT_ID]), json!(null), json!("")] {
        assert_claim_refused("azp", azp, JwtFault::AuthorizedParty);
    }
    assert_claim_refused("aud", "evil", JwtFault::Audience);
    let both = token().claim("aud", json!([CLIENT_ID, "evil"])).claim("azp", CLIENT_ID);
    assert_refused(&both.text(), JwtFault::Audience);
}

#[test]
fn ups_11_the_nonce_is_that_of_this_sign_in() {
    assert_refused(&token().without_claim("nonce").text(), JwtFault::Nonce);
    for nonce in [json!("of-an-earlier-flow"), json!(""), json!(null), json!([NONCE]), json!(1)] {
        assert_claim_refused("nonce", nonce, JwtFault::Nonce);
    }
}

#[test]
fn the_access_token_beside_it_is_the_one_that_is_meant() {
    let sha256 = base64url(&Sha256::digest(ACCESS_TOKEN)[..16]);
    let sha512 = base64url(&Sha512::digest(ACCESS_TOKEN)[..32]);
    assert_accepted(&of("ec", Key::P256(7)).claim("at_hash", sha256.clone()));
    assert_accepted(&token().claim("at_hash", sha512));
    for hash in [json!(sha256), json!(""), json!(null), json!(1)] {
        assert_claim_refused("at_hash", hash, JwtFault::AccessTokenHash);
    }
    let alone = Expected { access_token: None, ..expected(NOW) };
    let token = token().claim("at_hash", "of-a-token-that-did-not-come").text();
    assert!(verify(&token, &Keys::Published(&set()), &alone, None).is_ok());
}

/// OpenID Connect Core Appendix A.3 has the hash of this token.
#[test]
fn the_hash_of_the_specification_is_reproduced() {
    let token = of("ec", Key::P256(7)).claim("at_hash", "77QmUPtjPfzWtF2AnpK9RQ");
    assert_accepted(&token);
}

#[test]
fn a_subject_is_a_visible_text() {
    for sub in [
        json!(""),
        json!(null),
        json!(1),
        json!(["alice"]),
        json!("a".repeat(256)),
        json!("al ice"),
        json!("alice\0"),
        json!("alicé"),
    ] {
        assert_claim_refused("sub", sub, JwtFault::Subject);
    }
    assert_refused(&token().without_claim("sub").text(), JwtFault::Subject);
    assert_accepted(&token().claim("sub", "a".repeat(255)));
}
