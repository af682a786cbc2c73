//! PKCE.

use std::collections::HashSet;

use vestibule_core::Refusal;

use crate::expect::{
    assert_local400, assert_page, complete, damaged, interstitial, last_refusal, local400, redir,
    refused, register_evil, tok,
};
use crate::world::browser::{callback_of, form_of};
use crate::world::{
    APP, Browser, CHALLENGE, VERIFIER, World, authorize_with, location, post, query_of, redemption,
    text,
};

#[test]
fn pkc_01_pkc_02_pkc_09_no_client_gets_a_code_without_a_challenge() {
    let mut world = World::new();
    // A verifier for a code without a challenge cannot come to pass: there is no such code.
    let evil = register_evil(&mut world);
    let without = [("code_challenge", ""), ("code_challenge_method", "")];
    for method in [&without[..], &without[..1]] {
        redir(&mut world, &authorize_with(method), "invalid_request");
        let confidential = [&[("client_id", "C")], method].concat();
        redir(&mut world, &authorize_with(&confidential), "invalid_request");
        let nonce = [&[("client_id", "C"), ("nonce", "n")], method].concat();
        redir(&mut world, &authorize_with(&nonce), "invalid_request");
        let unvetted =
            [&[("client_id", &*evil), ("redirect_uri", crate::expect::EVIL)], method].concat();
        interstitial(&mut world, &authorize_with(&unvetted), "invalid_request", "evil.test");
    }
}

#[test]
fn pkc_03_pkc_04_pkc_05_no_method_but_s256() {
    let mut world = World::new();
    for method in ["plain", "", "S512", "s256", "S256 ", " S256", "S256,plain", "none"] {
        let authorize = authorize_with(&[("code_challenge_method", method)]);
        redir(&mut world, &authorize, "invalid_request");
    }
    redir(&mut world, &format!("{}&code_challenge_method=plain", authorize_with(&[])), {
        "invalid_request"
    });
    // Sent with no value it was not sent (RFC 6749 §3.1), so it means plain as well.
    let empty = authorize_with(&[("code_challenge_method", "")]) + "&code_challenge_method=";
    redir(&mut world, &empty, "invalid_request");
}

#[test]
fn pkc_06_a_challenge_is_43_characters_of_base64url() {
    let mut world = World::new();
    let short = &CHALLENGE[..42];
    let mut bad = vec![short.to_owned(), "a".repeat(129), format!("{CHALLENGE}A")];
    for c in ['=', '+', '/', '%', '\0', 'é', ' ', '.', '~'] {
        bad.push(format!("{short}{c}"));
        bad.push(format!("{c}{short}"));
    }
    bad.push(format!("{CHALLENGE}="));
    // The trailing bits of the last character are not zero.
    bad.push(format!("{short}N"));
    for challenge in bad {
        let authorize = authorize_with(&[("code_challenge", &challenge)]);
        redir(&mut world, &authorize, "invalid_request");
    }
}

#[test]
fn pkc_07_pkc_08_a_redemption_without_a_verifier_gets_nothing() {
    let mut world = World::new();
    let code = world.until_code()["code"].clone();
    tok(&mut world, redemption(&code, &[("code_verifier", "")]), "invalid_request");
    let mut form = vec![("grant_type", "authorization_code"), ("client_id", "P")];
    form.extend([("code", &*code), ("redirect_uri", APP), ("code_verifier", "")]);
    tok(&mut world, post("/oauth/token", &form, &[]), "invalid_request");
    assert_eq!(world.redeem(&code).status, 200);
}

#[test]
fn pkc_10_pkc_11_a_wrong_verifier_gets_nothing() {
    let mut world = World::new();
    let code = world.until_code()["code"].clone();
    let mut wrong = vec![
        CHALLENGE.to_owned(),
        "a".repeat(43),
        "a".repeat(128),
        "a".repeat(129),
        VERIFIER[..42].to_owned(),
        VERIFIER.to_ascii_lowercase(),
        format!("{VERIFIER}A"),
        format!("{VERIFIER} "),
        format!("{VERIFIER}\0"),
        format!("{VERIFIER}="),
    ];
    wrong.extend((0..43).map(|at| crate::expect::with_other_char(VERIFIER, at)));
    for verifier in wrong.iter().filter(|wrong| *wrong != VERIFIER) {
        tok(&mut world, redemption(&code, &[("code_verifier", verifier)]), "invalid_grant");
        assert_eq!(*last_refusal(&world), Refusal::CodeVerifier);
    }
    assert_eq!(world.redeem(&code).status, 200);
}

#[test]
fn pkc_14_the_consent_form_says_what_was_asked_and_nothing_beside_it_does() {
    let mut world = World::new();
    let mut browser = Browser::default();
    let page = browser.get(&mut world, &authorize_with(&[]));
    let form = form_of(&page);

    // Another text in the form's place is refused, whatever it is.
    for forged in damaged(&form).iter().step_by(7) {
        let fields = [("form", &**forged), ("provider", "idp")];
        let cookies = browser.header();
        let response =
            refused(&mut world, post("/oauth/consent", &fields, &[("cookie", &cookies)]));
        assert_eq!(response.status, 403, "{}", text(&response));
        assert_page(&response);
    }
    let cookies = browser.header();
    let without = post("/oauth/consent", &[("provider", "idp")], &[("cookie", &cookies)]);
    assert_local400(&refused(&mut world, without));

    // Fields beside it mean nothing.
    let fields = [
        ("form", &*form),
        ("provider", "idp"),
        ("code_challenge", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"),
        ("redirect_uri", crate::expect::EVIL),
        ("client_id", "N"),
        ("state", "evil"),
        ("scope", "admin"),
    ];
    let upstream = browser.press_with(&mut world, &fields, &[]);
    let callback = callback_of(location(&upstream.headers).unwrap(), &[("code", "upstream-code")]);
    let said = complete(&mut world, &mut browser, &callback);
    assert!(said.starts_with("https://app.test/cb?"), "{said}");
    let said = query_of(&said);
    assert_eq!(said["state"], "S");
    let aaa = "a".repeat(43);
    tok(&mut world, redemption(&said["code"], &[("code_verifier", &aaa)]), "invalid_grant");
    assert_eq!(world.redeem(&said["code"]).status, 200);
}

/// The policy: a wrong verifier does not burn the code, or whoever sees a code could keep its owner
/// out. 256 bits cannot be guessed in its lifetime.
#[test]
fn pkc_15_fifty_wrong_verifiers_and_the_right_one_once() {
    let mut world = World::new();
    let code = world.until_code()["code"].clone();
    for n in 0..50 {
        let wrong = format!("{n:043}");
        tok(&mut world, redemption(&code, &[("code_verifier", &wrong)]), "invalid_grant");
    }
    let answers = [world.redeem(&code), world.redeem(&code), world.redeem(&code)];
    assert_eq!(answers.map(|answer| answer.status.as_u16()), [200, 400, 400]);
}

#[test]
fn pkc_16_each_sign_in_has_a_challenge_of_its_own_upstream() {
    let mut world = World::new();
    let mut seen = HashSet::from([CHALLENGE.to_owned(), VERIFIER.to_owned()]);
    for _ in 0..10 {
        let mut browser = Browser::default();
        let upstream = browser.until_upstream(&mut world, &authorize_with(&[]));
        let asked = query_of(&upstream);
        assert_eq!(asked["code_challenge_method"], "S256");
        assert_eq!(asked["code_challenge"].len(), 43);
        assert!(seen.insert(asked["code_challenge"].clone()), "the same challenge twice");

        let callback = callback_of(&upstream, &[("code", "upstream-code")]);
        complete(&mut world, &mut browser, &callback);
        let exchange = world.upstream.calls.iter().rfind(|call| call.contains("/token ")).unwrap();
        let verifier = exchange.split("code_verifier=").nth(1).unwrap().split('&').next().unwrap();
        assert!(!upstream.contains(verifier), "the verifier was sent in the clear");
        assert!(seen.insert(verifier.to_owned()), "the same verifier twice");
    }
    // The client's own never goes upstream.
    assert!(!world.upstream.calls.iter().any(|call| call.contains(VERIFIER)));
    local400(&mut world, &authorize_with(&[("client_id", "unknown")]));
}
