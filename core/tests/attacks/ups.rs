//! A hostile or broken identity provider.

use vestibule_core::{EndpointUrl, Unreachable};

use crate::expect::{assert_redirect, complete, get, member, until_callback};
use crate::world::upstream::Answer;
use crate::world::{
    APP, Browser, World, authorize_with, claims_of, config, json_of, location, query_of,
};

/// A sign-in whose provider answers so at the token endpoint and about the person: the client is
/// told, and nothing is kept.
fn refused(token: Option<Answer>, user: Option<Answer>, error: &str) {
    let mut world = World::new();
    if let Some(token) = token {
        world.upstream.token = token;
    }
    if let Some(user) = user {
        world.upstream.user = user;
    }
    let (browser, callback) = until_callback(&mut world, &authorize_with(&[]));
    let response = world.send(get(&callback, &browser.header()));
    assert_redirect(&response, APP, error, Some("S"));
    assert_eq!((world.store.len(), world.store.swaps), (0, 0), "something was kept");
    let said = format!("{:?}{:?}", response.headers, world.events);
    assert!(!said.contains("planted"), "{said}");
}

fn token(status: u16, body: &str) -> Option<Answer> {
    Some(Answer::Says(status, body.to_owned()))
}

fn unreachable(why: Unreachable) -> Option<Answer> {
    Some(Answer::Unreachable(why))
}

/// A person as the provider describes them; the `sub` of our token, or `None` if they are refused.
fn subject(user: &str) -> Option<String> {
    let mut world = World::new();
    world.upstream.user = Answer::Says(200, user.to_owned());
    let (browser, callback) = until_callback(&mut world, &authorize_with(&[]));
    let response = world.send(get(&callback, &browser.header()));
    let said = query_of(location(&response.headers).unwrap());
    let Some(code) = said.get("code") else {
        assert_redirect(&response, APP, "server_error", Some("S"));
        assert_eq!(world.store.len(), 0);
        return None;
    };
    let tokens = json_of(&world.redeem(code));
    Some(member(&claims_of(&member(&tokens, "access_token")), "sub"))
}

#[test]
fn ups_01_an_answer_without_end_is_cut_off() {
    refused(unreachable(Unreachable::TooLarge), None, "server_error");
    refused(None, unreachable(Unreachable::TooLarge), "server_error");
    // Nor does asking again help where the address is not permitted.
    refused(unreachable(Unreachable::NotPermitted), None, "server_error");
}

#[test]
fn ups_01_ups_02_every_call_has_a_cap_a_deadline_and_a_reach() {
    let mut world = World::new();
    let (browser, callback) = until_callback(&mut world, &authorize_with(&[]));
    let mut step = world.begin(get(&callback, &browser.header()));
    let mut calls = 0;
    while !matches!(step, vestibule_core::Step::Done(_)) {
        if let vestibule_core::Step::Http(pending) = step {
            let (call, waiting) = pending.split();
            assert!(call.body_cap <= 1 << 20, "{}", call.body_cap);
            assert!(call.deadline.as_secs() <= 30, "{:?}", call.deadline);
            assert_eq!(call.reach, vestibule_core::Reach::Configured);
            assert_eq!(call.url.scheme(), "https");
            calls += 1;
            let answer = world.upstream.answer(&call);
            step = waiting.resume(answer, world.tick());
        } else {
            step = world.advance(step).ok().unwrap();
        }
    }
    assert_eq!(calls, 2);
}

#[test]
fn ups_02_a_provider_that_does_not_answer_is_temporarily_unavailable() {
    for why in [Unreachable::Connection, Unreachable::Deadline] {
        refused(unreachable(why), None, "temporarily_unavailable");
        refused(None, unreachable(why), "temporarily_unavailable");
    }
    for status in [429, 500, 502, 503, 504] {
        refused(token(status, "planted"), None, "temporarily_unavailable");
        refused(None, token(status, "planted"), "temporarily_unavailable");
    }
}

/// A transport never follows a redirect; that one came back is an answer like any other.
#[test]
fn ups_03_a_redirect_is_no_answer() {
    let tokens = r#"{"access_token":"x","token_type":"Bearer"}"#;
    for status in [301, 302, 303, 307, 308, 304] {
        refused(token(status, tokens), None, "server_error");
        refused(None, token(status, r#"{"sub":"planted"}"#), "server_error");
    }
}

#[test]
fn ups_04_a_page_or_an_error_with_status_200_is_an_error() {
    for body in [
        "<html>planted</html>",
        "",
        "null",
        "[]",
        "\"x\"",
        r#"{"error":"bad_verification_code","error_description":"planted"}"#,
        r#"{"error":"x","access_token":"planted","token_type":"bearer"}"#,
        r#"{"error":null,"access_token":"planted","token_type":"bearer"}"#,
        r#"{"access_token":"a","access_token":"b","token_type":"bearer"}"#,
        "{\"access_token\":\"a\",\"token_type\":\"bearer\"} junk",
        "\u{FEFF}{\"access_token\":\"a\",\"token_type\":\"bearer\"}",
    ] {
        refused(token(200, body), None, "server_error");
    }
    for (status, body) in [(400, r#"{"error":"invalid_grant"}"#), (401, ""), (404, "planted")] {
        refused(token(status, body), None, "server_error");
    }
    for status in [201, 204, 206] {
        refused(token(status, r#"{"access_token":"a","token_type":"bearer"}"#), None, {
            "server_error"
        });
    }
}

#[test]
fn ups_05_a_form_is_not_read_as_something_else() {
    refused(token(200, "access_token=planted&token_type=bearer"), None, "server_error");
}

#[test]
fn ups_06_an_access_token_that_is_none_is_an_error() {
    let huge = format!("\"{}\"", "a".repeat(1 << 20));
    for value in
        ["null", "1", "true", "{}", "[\"a\"]", "\"\"", "\"a\\r\\nX: 1\"", "\"a b\"", "\"é\"", &huge]
    {
        let body = format!(r#"{{"access_token":{value},"token_type":"Bearer"}}"#);
        refused(token(200, &body), None, "server_error");
        let body =
            format!(r#"{{"access_token":"a","refresh_token":{value},"token_type":"Bearer"}}"#);
        if value != "null" {
            refused(token(200, &body), None, "server_error");
        }
    }
    refused(token(200, r#"{"token_type":"Bearer"}"#), None, "server_error");
}

#[test]
fn ups_07_a_strange_lifetime_changes_nothing_of_ours() {
    for expires_in in ["\"3600\"", "-1", "0", "1e308", "18446744073709551616", "null", "[]"] {
        let mut world = World::new();
        let body =
            format!(r#"{{"access_token":"x","token_type":"Bearer","expires_in":{expires_in}}}"#);
        world.upstream.token = Answer::Says(200, body);
        assert_eq!(world.until_tokens()["expires_in"], 900, "{expires_in}");
    }
    let none = r#"{"access_token":"a","token_type":"Bearer","expires_in":1e400}"#;
    refused(token(200, none), None, "server_error");
}

#[test]
fn ups_08_a_token_of_another_type_is_an_error() {
    for kind in ["", r#","token_type":"mac""#, r#","token_type":"DPoP""#, r#","token_type":1"#] {
        let body = format!(r#"{{"access_token":"a"{kind}}}"#);
        refused(token(200, &body), None, "server_error");
    }
}

#[test]
fn ups_17_the_same_address_is_not_the_same_person() {
    let with = |sub: &str| {
        subject(&format!(r#"{{"sub":"{sub}","email":"alice@idp.test","email_verified":true}}"#))
    };
    assert_eq!(with("alice"), Some("idp:alice".to_owned()));
    assert_eq!(with("mallory"), Some("idp:mallory".to_owned()));
    // The same name at another provider.
    let mut world = World::new();
    let mut browser = Browser::default();
    let page = browser.get(&mut world, &authorize_with(&[]));
    let consent = browser.press(&mut world, &page, ("provider", "other"));
    let callback = crate::world::browser::callback_of(
        location(&consent.headers).unwrap(),
        &[("code", "upstream-code")],
    );
    let said = query_of(&complete(&mut world, &mut browser, &callback));
    let tokens = json_of(&world.redeem(&said["code"]));
    assert_eq!(claims_of(&member(&tokens, "access_token"))["sub"], "other:alice");
    assert_eq!(config().providers.len(), 2);
}

#[test]
fn ups_18_an_identifier_is_exact_or_refused() {
    let long = format!("\"{}\"", "a".repeat(10 * 1024));
    for value in [
        "0",
        "-1",
        "1e20",
        "1.0",
        "1.5",
        "null",
        "{}",
        "[]",
        "true",
        "\"\"",
        "\" \"",
        "\"a b\"",
        "\"a\\u0000\"",
        "\"a\\nb\"",
        "\"é\"",
        "18446744073709551616",
        &long,
    ] {
        for name in ["sub", "id", "user_id"] {
            assert_eq!(subject(&format!(r#"{{"{name}":{value}}}"#)), None, "{name}: {value}");
        }
        // A worse member in front is not skipped for a better one behind.
        assert_eq!(subject(&format!(r#"{{"sub":{value},"id":7}}"#)), None, "{value}");
    }
    for (user, expected) in [
        (r#"{"id":1}"#, "idp:1"),
        (r#"{"id":"1.0"}"#, "idp:1.0"),
        (r#"{"id":"01"}"#, "idp:01"),
        (r#"{"sub":"ALICE"}"#, "idp:ALICE"),
        (r#"{"sub":"idp:1"}"#, "idp:idp:1"),
        (r#"{"id":18446744073709551615}"#, "idp:18446744073709551615"),
    ] {
        assert_eq!(subject(user), Some(expected.to_owned()), "{user}");
    }
}

#[test]
fn ups_24_a_provider_that_will_not_say_who_it_is_gets_nobody_in() {
    for (status, body) in [
        (401, r#"{"sub":"alice"}"#),
        (403, r#"{"sub":"alice"}"#),
        (404, ""),
        (200, r#"{"error":"invalid_token","sub":"alice"}"#),
        (200, "{}"),
        (200, "<html>"),
        (204, r#"{"sub":"alice"}"#),
    ] {
        refused(None, token(status, body), "server_error");
    }
}

#[test]
fn ups_25_what_the_provider_says_of_an_error_is_not_passed_on() {
    let mut world = World::new();
    let (browser, callback) = until_callback(&mut world, &authorize_with(&[]));
    let state = query_of(&callback)["state"].clone();
    let long = "planted".repeat(1500);
    for (error, told) in [
        ("access_denied", "access_denied"),
        ("temporarily_unavailable", "temporarily_unavailable"),
        ("server_error", "server_error"),
        ("invalid_scope", "server_error"),
        ("<script>planted</script>", "server_error"),
        ("planted\r\nSet-Cookie: x=1", "server_error"),
    ] {
        for description in ["<b>planted</b>", "planted\r\nX: 1", "\u{202E}planted", &long] {
            let query = form_urlencoded::Serializer::new(String::new())
                .append_pair("state", &state)
                .append_pair("error", error)
                .append_pair("error_description", description)
                .append_pair("error_uri", "https://evil.test/planted")
                .finish();
            let uri = format!("/oauth/callback/idp?{query}");
            let response = world.send(get(&uri, &browser.header()));
            assert_redirect(&response, APP, told, Some("S"));
            let said = format!("{:?}", response.headers);
            assert!(!said.contains("planted") && !said.contains("evil"), "{said}");
        }
    }
    assert!(world.upstream.calls.is_empty());
    let body = r#"{"error":"x","error_description":"<script>planted</script>"}"#;
    refused(token(400, body), None, "server_error");
}

/// RFC 6749 §3.1: what stands in the query of an authorization endpoint is kept.
#[test]
fn a_query_of_the_authorization_endpoint_is_kept_beside_ours() {
    let mut config = config();
    let endpoint = EndpointUrl::parse("https://idp.test/authorize?tenant=a%20b").unwrap();
    config.providers[0].metadata_mut().unwrap().authorization_endpoint = endpoint;
    let mut world = World::of(config);
    let location = Browser::default().until_upstream(&mut world, &authorize_with(&[]));
    let query = query_of(&location);
    assert_eq!((&*query["tenant"], &*query["response_type"]), ("a b", "code"));
}
