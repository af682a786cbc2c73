//! Addresses and domains.

use serde_json::json;
use vestibule_core::Rule;

use crate::world::{Browser, authorize_with, config, query_of, text};
use crate::{emails, says, sign_in, with};

#[test]
fn without_a_rule_everybody_may_sign_in() {
    assert!(config().access.allows_everybody());
    assert!(sign_in(&mut with(emails(&[]))).is_ok());
}

#[test]
fn an_address_or_its_domain_lets_a_person_in() {
    for pattern in ["*@idp.test", "alice@idp.test", "ALICE@IDP.TEST"] {
        let mut world = with(emails(&["bob@example.com", pattern]));
        assert!(sign_in(&mut world).is_ok(), "{pattern}");
    }
    for pattern in ["*@sub.idp.test", "*@test", "bob@idp.test"] {
        assert_eq!(sign_in(&mut with(emails(&[pattern]))), Err(Rule::Email), "{pattern}");
    }
}

#[test]
fn an_address_that_only_looks_right_is_refused() {
    for address in [
        "a@sub.example.com",
        "a@example.com.evil.test",
        "\"a@example.com\"@evil.test",
        "\"a@evil.test\"@example.com",
        "a@evil.test,b@example.com",
        "a@ex\u{0430}mple.com",
    ] {
        let mut world = with(emails(&["*@example.com"]));
        let user = json!({ "sub": "mallory", "email": address, "email_verified": true });
        world.upstream.user = says(&user);
        assert_eq!(sign_in(&mut world), Err(Rule::Email), "{address}");
    }
}

#[test]
fn an_address_that_is_not_verified_or_not_there_is_refused() {
    for (verified, rule) in [
        (json!({ "sub": "a", "email": "a@example.com" }), Rule::EmailUnverified),
        (
            json!({ "sub": "a", "email": "a@example.com", "email_verified": false }),
            Rule::EmailUnverified,
        ),
        (
            json!({ "sub": "a", "email": "a@example.com", "email_verified": "true" }),
            Rule::EmailUnverified,
        ),
        (json!({ "sub": "a", "email_verified": true }), Rule::NoEmail),
    ] {
        let mut world = with(emails(&["*@example.com"]));
        world.upstream.user = says(&verified);
        assert_eq!(sign_in(&mut world), Err(rule), "{verified}");
    }
}

#[test]
fn the_refused_read_who_they_are_and_can_tell_the_client() {
    let mut world = with(emails(&["*@example.com"]));
    let user = json!({ "sub": "m", "email": "<m>@evil.test", "email_verified": true });
    world.upstream.user = says(&user);
    let mut browser = Browser::default();
    let callback = browser.until_callback(&mut world, &authorize_with(&[]));
    let page = browser.get(&mut world, &callback);
    let page = text(&page);
    assert!(page.contains("You signed in as") && page.contains("@evil.test"), "{page}");
    assert!(!page.contains("<m>") && !page.contains("example.com"), "{page}");
    let link = page.split("href=\"").nth(1).unwrap().split('"').next().unwrap();
    let told = query_of(&link.replace("&#38;", "&").replace("&amp;", "&"));
    assert_eq!((&*told["error"], &*told["state"]), ("access_denied", "S"));
    assert!(told.contains_key("iss") && !told.contains_key("code"));
}
