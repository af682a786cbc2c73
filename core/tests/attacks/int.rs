//! Revocation.

use vestibule_core::{Ended, Event, Response};

use crate::expect::{
    C_SECRET, assert_clean, basic, member, register_evil, tok, tok401, tokens_with,
};
use crate::world::{World, json_of, post, refresh, request, text};

fn revoke(world: &mut World, form: &[(&str, &str)]) -> Response {
    let response = world.send(post("/oauth/revoke", form, &[]));
    assert_clean(&response);
    response
}

/// RFC 7009 §2.2: one answer for what was revoked and for what was not there to be.
fn assert_no_oracle(response: &Response) {
    assert_eq!(response.status, 200, "{}", text(response));
    assert!(response.body.is_empty());
}

#[test]
fn int_07_a_token_of_another_client_is_not_revoked_and_nobody_is_told() {
    let mut world = World::new();
    let evil = register_evil(&mut world);
    let tokens = world.until_tokens();
    let own = [("client_id", &*evil), ("token", "nothing")];
    let nothing = revoke(&mut world, &own);
    assert_no_oracle(&nothing);
    for name in ["access_token", "refresh_token"] {
        let token = member(&tokens, name);
        for thief in [
            &[("client_id", &*evil)][..],
            &[("client_id", "N")],
            &[("client_id", "C"), ("client_secret", C_SECRET)],
        ] {
            let response = revoke(&mut world, &[thief, &[("token", &*token)]].concat());
            assert_no_oracle(&response);
            assert_eq!(response.headers, nothing.headers);
            assert!(world.is_live(&member(&tokens, "access_token")));
        }
    }
    assert_eq!(world.refresh(&member(&tokens, "refresh_token")).status, 200);
}

#[test]
fn int_08_any_token_of_a_grant_ends_it() {
    for name in ["access_token", "refresh_token"] {
        let mut world = World::new();
        let other = world.until_tokens();
        let first = world.until_tokens();
        world.pass(1);
        let second = json_of(&world.refresh(&member(&first, "refresh_token")));
        // A token of an earlier generation too: it is this client's.
        for tokens in [&first, &second] {
            let mut world = world.clone();
            assert_no_oracle(&revoke(
                &mut world,
                &[("client_id", "P"), ("token", &member(tokens, name))],
            ));
            let ended = world.events.last();
            assert!(matches!(ended, Some(Event::GrantEnded { why: Ended::Revoked, .. })));
            for dead in [&first, &second] {
                assert!(!world.is_live(&member(dead, "access_token")));
                let dead = member(dead, "refresh_token");
                tok(&mut world, refresh(&dead, &[]), "invalid_grant");
            }
            assert!(world.is_live(&member(&other, "access_token")), "another sign-in of the same");
            // Again, and it is as dead as before.
            let swaps = world.store.swaps;
            let token = member(tokens, name);
            assert_no_oracle(&revoke(&mut world, &[("client_id", "P"), ("token", &token)]));
            assert_eq!(world.store.swaps, swaps);
        }
    }
}

#[test]
fn int_09_a_hint_is_a_hint() {
    for name in ["access_token", "refresh_token"] {
        for hint in ["access_token", "refresh_token", "id_token", "urn:x", "", "\"<x>"] {
            let mut world = World::new();
            let tokens = world.until_tokens();
            let token = member(&tokens, name);
            let form = [("client_id", "P"), ("token", &*token), ("token_type_hint", hint)];
            assert_no_oracle(&revoke(&mut world, &form));
            assert!(!world.is_live(&member(&tokens, "access_token")), "{name} as {hint}");
        }
    }
}

#[test]
fn int_11_who_cannot_authenticate_revokes_nothing() {
    let mut world = World::new();
    let c = [("client_id", "C"), ("client_secret", C_SECRET)];
    let tokens = tokens_with(&mut world, &c[..1], &c);
    let token = member(&tokens, "refresh_token");
    let token = ("token", &*token);
    for form in [
        &[token][..],
        &[token, ("client_id", "C")],
        &[token, ("client_id", "C"), ("client_secret", "wrong")],
        &[token, ("client_id", "nobody")],
        &[token, ("client_id", "P"), ("client_secret", "anything")],
    ] {
        tok401(&mut world, post("/oauth/revoke", form, &[]));
    }
    for header in [basic("C:wrong"), basic("C:"), "Bearer x".to_owned()] {
        let request = post("/oauth/revoke", &[token], &[("authorization", &header)]);
        tok401(&mut world, request);
    }
    let both = basic(&format!("C:{C_SECRET}"));
    let twice = post("/oauth/revoke", &[&c[..], &[token]].concat(), &[("authorization", &both)]);
    tok(&mut world, twice, "invalid_request");
    tok(&mut world, post("/oauth/revoke", &c, &[]), "invalid_request");
    assert!(world.is_live(&member(&tokens, "access_token")));

    let request = post("/oauth/revoke", &[token], &[("authorization", &both)]);
    assert_no_oracle(&world.send(request));
    assert!(!world.is_live(&member(&tokens, "access_token")));
}

#[test]
fn int_05_a_token_to_be_revoked_stands_in_a_body() {
    let mut world = World::new();
    let tokens = world.until_tokens();
    let token = member(&tokens, "access_token");
    let uri = format!("/oauth/revoke?client_id=P&token={token}");
    let by_get = crate::expect::refused(&mut world, crate::expect::get(&uri, ""));
    assert_eq!(by_get.status, 405);
    let form = [("content-type", "application/x-www-form-urlencoded")];
    let in_query = request(http::Method::POST, &uri, &form, "client_id=P");
    tok(&mut world, in_query, "invalid_request");
    assert!(world.is_live(&token));
}
