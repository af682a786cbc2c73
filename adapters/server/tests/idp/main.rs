//! The program signs people in at identity providers that others wrote: `oidc-provider`, which is
//! strict, and `oauth2-mock-server`, which does whatever it is told.
//!
//! Needs Node.js, and the providers beside this file (`npm ci`). Where something of it is missing, a
//! test says so and does nothing; with `CI` in the environment it fails.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod node;
#[path = "../support/parties/mod.rs"]
mod parties;
#[path = "../support/mod.rs"]
mod support;
mod town;
#[path = "../support/wire.rs"]
mod wire;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use node::Node;
use oauth2::TokenResponse;
use oauth2::url::Url;
use parties::Answer;
use serde_json::Value;
use town::{CALLBACK, SECRET, SignIn, Town, Visitor};

fn strict() -> Option<Node> {
    Node::start("oidc-provider.mjs", &[SECRET, CALLBACK])
}

/// Signs in and agrees, on the provider's own pages.
fn ada_agrees(ada: &mut Visitor<'_>, url: Url) -> Url {
    let login = ada.open(url);
    let consent = ada.post(login, "prompt=login&login=ada&password=anything");
    ada.post(consent, "prompt=consent")
}

/// Redeems the code and refreshes; whose tokens they are.
fn subject(town: &Town, SignIn { asked, answer }: SignIn) -> String {
    let Answer::Code(code) = answer else { panic!("{answer:?}") };
    let application = town.application();
    let tokens = application.redeem(&code, &asked.verifier, None).unwrap();
    let tokens = application.refresh(tokens.refresh_token().unwrap().secret()).unwrap();
    let claims = tokens.access_token().secret().split('.').nth(1).unwrap().to_owned();
    let claims: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(claims).unwrap()).unwrap();
    claims["sub"].as_str().unwrap().to_owned()
}

#[test]
fn somebody_signs_in_at_oidc_provider() {
    let Some(idp) = strict() else { return };
    let town = Town::at(&idp.issuer, SECRET);
    assert_eq!(subject(&town, town.sign_in(ada_agrees)), "idp:ada");
    let (said, good) = town.checked();
    assert!(good, "{said}");
    for line in ["PKCE with S256 announced", "iss in callbacks (RFC 9207) announced", "1 RS256"] {
        assert!(said.contains(line), "{said}");
    }
}

#[test]
fn whoever_declines_at_oidc_provider_is_denied() {
    let Some(idp) = strict() else { return };
    let town = Town::at(&idp.issuer, SECRET);
    let denied = town.sign_in(|ada, url| {
        let login = ada.open(url);
        ada.open(format!("{login}/abort").parse().unwrap())
    });
    assert_eq!(denied.answer, Answer::Error("access_denied".to_owned()));
}

#[test]
fn with_a_wrong_secret_oidc_provider_gives_nothing() {
    let Some(idp) = strict() else { return };
    let town = Town::at(&idp.issuer, "not our secret");
    let refused = town.sign_in(ada_agrees).answer;
    assert_eq!(refused, Answer::Error("server_error".to_owned()));
    assert_eq!(town.reasons(), ["the provider answered with an error"]);
}

/// It asks nothing of people.
fn anybody(visitor: &mut Visitor<'_>, url: Url) -> Url {
    visitor.open(url)
}

fn obeying() -> Option<Node> {
    Node::start("oauth2-mock-server.mjs", &[])
}

#[test]
fn keys_of_oauth2_mock_server_rotate_and_unpublished_ones_are_refused() {
    let Some(mut idp) = obeying() else { return };
    let town = Town::at(&idp.issuer, SECRET);
    // Both are published, as a provider does before it signs with a new one.
    for key in ["first", "second", "first"] {
        idp.tell(&format!("sign {key}"));
        assert_eq!(subject(&town, town.sign_in(anybody)), "idp:johndoe", "{key}");
    }
    idp.tell("sign unpublished");
    let refused = town.sign_in(anybody).answer;
    assert_eq!(refused, Answer::Error("server_error".to_owned()));
    let (said, _) = town.checked();
    assert!(said.contains("2 keys: 1 ES256, 1 RS256"), "{said}");
    let unknown = "the provider's ID token is signed by a key that it does not publish";
    assert_eq!(town.reasons(), [unknown]);
}

#[test]
fn a_spoilt_answer_of_oauth2_mock_server_signs_nobody_in() {
    let Some(mut idp) = obeying() else { return };
    let town = Town::at(&idp.issuer, SECRET);
    let spoilt = [
        ("missing", "the provider's answer is malformed: the ID token is missing"),
        ("nonce", "the provider's ID token: the ID token's nonce is not that of this sign-in"),
        ("aud", "the provider's ID token: the ID token's aud is not our client_id alone"),
        ("iss", "the provider's ID token: the ID token's iss is not the configured issuer"),
        ("exp", "the provider's ID token: the ID token has expired; is the clock right?"),
        (
            "sub",
            "the provider's ID token: the ID token's sub is not a text of 1 to 255 visible ASCII \
             characters",
        ),
        ("error", "the provider answered with an error"),
    ];
    for (how, _) in spoilt {
        idp.tell(&format!("spoil {how}"));
        let refused = town.sign_in(anybody).answer;
        assert_eq!(refused, Answer::Error("server_error".to_owned()), "{how}");
    }
    // A lifetime that is none says nothing, and the provider is believed again.
    for harmless in ["expires_in", "nothing"] {
        idp.tell(&format!("spoil {harmless}"));
        assert_eq!(subject(&town, town.sign_in(anybody)), "idp:johndoe", "{harmless}");
    }
    assert_eq!(town.reasons(), spoilt.map(|(_, reason)| reason));
}
