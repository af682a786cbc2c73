//! Authorization codes.

use std::collections::HashSet;

use http::{Method, header};
use vestibule_core::{Ended, Event, Refusal, Server, Step};

use crate::expect::{
    C_SECRET, EVIL, RES2, assert_tok, damaged, get, invalid_grant, last_refusal, member, refused,
    register_evil, registration, rewritten, rs401, send_to, together, tok, tok401, tokens_with,
    until_callback,
};
use crate::world::browser::form_of;
use crate::world::store::Fault;
use crate::world::{
    APP, Browser, Store, VERIFIER, World, authorize_with, claims_of, config, json_of, location,
    redemption, refresh, request, text,
};

/// A world with a code that was redeemed: the code and what came of it.
fn redeemed() -> (World, String, serde_json::Value) {
    let mut world = World::new();
    let code = world.until_code()["code"].clone();
    let tokens = json_of(&world.redeem(&code));
    (world, code, tokens)
}

fn assert_dead(world: &mut World, tokens: &serde_json::Value) {
    assert!(!world.is_live(&member(tokens, "access_token")), "the access token lives on");
    let refresh_token = member(tokens, "refresh_token");
    tok(world, refresh(&refresh_token, &[]), "invalid_grant");
}

fn assert_alive(world: &mut World, tokens: &serde_json::Value) {
    assert!(world.is_live(&member(tokens, "access_token")), "the grant was ended");
}

#[test]
fn cod_01_a_code_that_is_redeemed_twice_ends_what_came_of_it() {
    let (mut world, code, tokens) = redeemed();
    assert_alive(&mut world, &tokens);
    invalid_grant(&mut world, redemption(&code, &[]));
    assert!(
        world
            .events
            .iter()
            .any(|event| matches!(event, Event::GrantEnded { why: Ended::CodeReplayed, .. }))
    );
    assert_dead(&mut world, &tokens);
    // And stays so.
    tok(&mut world, redemption(&code, &[]), "invalid_grant");
}

#[test]
fn cod_03_cod_05_two_instances_redeem_a_code_once_and_see_the_replay() {
    let mut world = World::new();
    let code = world.until_code()["code"].clone();
    let servers = [world.server.clone(), Server::new(config()).unwrap()];
    let requests = (0..20).map(|_| redemption(&code, &[])).collect();
    let responses = together(&mut world, &servers, requests);
    let (won, lost): (Vec<_>, Vec<_>) =
        responses.iter().partition(|response| response.status == 200);
    assert_eq!(won.len(), 1);
    for response in lost {
        assert_tok(response, 400, "invalid_grant");
    }
    assert_dead(&mut world, &json_of(won[0]));
}

#[test]
fn cod_06_another_client_cannot_redeem_and_does_not_spoil_a_code() {
    let mut world = World::new();
    let evil = register_evil(&mut world);
    let code = world.until_code()["code"].clone();
    for thief in [
        &[("client_id", &*evil), ("redirect_uri", EVIL)][..],
        &[("client_id", &*evil)],
        &[("client_id", "N")],
        &[("client_id", "C"), ("client_secret", C_SECRET)],
    ] {
        tok(&mut world, redemption(&code, thief), "invalid_grant");
        assert_eq!(*last_refusal(&world), Refusal::OtherClient);
    }
    let tokens = json_of(&world.redeem(&code));
    // Nor does a replay by another client end what came of it.
    tok(&mut world, redemption(&code, &[("client_id", "N")]), "invalid_grant");
    assert_alive(&mut world, &tokens);
}

#[test]
fn cod_07_a_code_is_dead_at_the_second_of_its_expiry() {
    let mut world = World::new();
    let code = world.until_code()["code"].clone();
    for (age, status) in [(119, 200), (120, 400), (121, 400), (100_000, 400)] {
        let mut world = world.clone();
        world.pass(age);
        assert_eq!(world.redeem(&code).status, status, "{age} s");
    }
}

#[test]
fn cod_08_cod_10_a_damaged_code_is_refused_and_ends_nothing() {
    let mut world = World::new();
    let code = world.until_code()["code"].clone();
    let other = world.until_code()["code"].clone();
    let body = code.strip_prefix("vac1_").unwrap();
    let mut forged: Vec<_> = damaged(body).iter().map(|text| format!("vac1_{text}")).collect();
    forged.extend([body.to_owned(), format!("vrt1_{body}"), format!("VAC1_{body}")]);
    // The key's name and the nonce of the one, the rest of the other: what two grants share.
    let half = other.len() / 2;
    forged.extend([16, 32, half].map(|at| format!("{}{}", &code[..at], &other[at..])));
    let mut bytes = body.to_owned();
    for at in [4, 27, 28, 40] {
        bytes = rewritten(&bytes, |bytes| bytes[at] ^= 1);
        forged.push(format!("vac1_{bytes}"));
    }
    for forged in &forged {
        tok(&mut world, redemption(forged, &[]), "invalid_grant");
        assert_eq!(*last_refusal(&world), Refusal::TokenForged, "{forged}");
    }
    let tokens = json_of(&world.redeem(&code));
    for forged in &forged {
        tok(&mut world, redemption(forged, &[]), "invalid_grant");
    }
    // Nor does a genuine code that does not fit otherwise.
    for wrong in [("code_verifier", "a".repeat(43)), ("redirect_uri", EVIL.to_owned())] {
        tok(&mut world, redemption(&code, &[(wrong.0, &wrong.1)]), "invalid_grant");
    }
    tok(&mut world, redemption(&code, &[("resource", RES2)]), "invalid_target");
    assert_alive(&mut world, &tokens);
}

#[test]
fn cod_11_a_replay_after_three_rotations_ends_the_present_tokens() {
    let (mut world, code, mut tokens) = redeemed();
    let mut all = vec![tokens.clone()];
    for _ in 0..3 {
        world.pass(20);
        tokens = json_of(&world.refresh(&member(&tokens, "refresh_token")));
        all.push(tokens.clone());
    }
    invalid_grant(&mut world, redemption(&code, &[]));
    for tokens in all {
        assert_dead(&mut world, &tokens);
    }
}

/// A refresh that has decided and not yet written when the replay ends the grant.
#[test]
fn cod_12_no_token_of_an_issuance_in_flight_survives_the_revocation() {
    let (mut world, code, tokens) = redeemed();
    let mut in_flight = world.begin(refresh(&member(&tokens, "refresh_token"), &[]));
    while !matches!(in_flight, Step::Swap(_)) {
        in_flight = world.advance(in_flight).ok().unwrap();
    }
    invalid_grant(&mut world, redemption(&code, &[]));
    let reply = world.finish(in_flight);
    assert_tok(&reply.response, 400, "invalid_grant");
    assert_dead(&mut world, &tokens);
}

#[test]
fn cod_13_a_revocation_whose_write_fails_is_tried_again() {
    for fault in [Fault::Unavailable, Fault::AppliedButUnavailable] {
        let (mut world, code, tokens) = redeemed();
        world.store.faults = vec![Fault::None, fault, fault];
        invalid_grant(&mut world, redemption(&code, &[]));
        assert_dead(&mut world, &tokens);

        // A store that stays away: nothing is granted, and whoever comes again ends the grant.
        let (mut world, code, tokens) = redeemed();
        world.store.faults = [vec![Fault::None], vec![fault; 40]].concat();
        let denied = world.send(redemption(&code, &[]));
        assert_tok(&denied, 503, "temporarily_unavailable");
        world.store.faults.clear();
        let again = world.redeem(&code);
        assert_tok(&again, 400, "invalid_grant");
        assert_dead(&mut world, &tokens);
    }
}

#[test]
fn cod_14_a_restart_forgets_no_spent_code() {
    let (mut world, code, tokens) = redeemed();
    world.server = Server::new(config()).unwrap();
    assert_alive(&mut world, &tokens);
    invalid_grant(&mut world, redemption(&code, &[]));
    world.server = Server::new(config()).unwrap();
    tok(&mut world, redemption(&code, &[]), "invalid_grant");
    assert_dead(&mut world, &tokens);
}

#[test]
fn cod_15_a_redemption_without_one_code_is_malformed() {
    let mut world = World::new();
    let code = world.until_code()["code"].clone();
    tok(&mut world, redemption("", &[]), "invalid_request");
    tok(&mut world, redemption("x", &[("code", "")]), "invalid_request");
    let body = format!(
        "grant_type=authorization_code&client_id=P&code={code}&code={code}&code_verifier={VERIFIER}"
    );
    let form = [("content-type", "application/x-www-form-urlencoded")];
    tok(&mut world, request(Method::POST, "/oauth/token", &form, &body), "invalid_request");
    tok(&mut world, redemption(&"a".repeat(60_000), &[]), "invalid_grant");
    let huge = refused(&mut world, redemption(&"a".repeat(1 << 20), &[]));
    assert_tok(&huge, 413, "invalid_request");
    assert_eq!(world.redeem(&code).status, 200);
}

#[test]
fn cod_16_the_token_endpoint_takes_posts_only() {
    let mut world = World::new();
    let code = world.until_code()["code"].clone();
    let uri = format!(
        "/oauth/token?grant_type=authorization_code&client_id=P&code={code}\
         &code_verifier={VERIFIER}"
    );
    let response = refused(&mut world, get(&uri, ""));
    assert_tok(&response, 405, "invalid_request");
    let allow = response.headers[header::ALLOW].to_str().unwrap();
    assert!(allow.split(", ").any(|method| method == "POST"), "{allow}");
    assert!(!allow.contains("GET"), "{allow}");
    assert_eq!(world.redeem(&code).status, 200);
}

#[test]
fn cod_17_a_redemption_widens_nothing() {
    let mut world = World::new();
    let asked = [("scope", "mcp:read")];
    for wider in ["admin", "mcp:read mcp:write", "mcp:write"] {
        let tokens = tokens_with(&mut world, &asked, &[("scope", wider)]);
        assert_eq!(tokens["scope"], "mcp:read");
        assert_eq!(claims_of(&member(&tokens, "access_token"))["scope"], "mcp:read");
    }
    let code = world.until_code()["code"].clone();
    tok(&mut world, redemption(&code, &[("resource", RES2)]), "invalid_target");
    assert_eq!(world.redeem(&code).status, 200);
}

#[test]
fn cod_18_a_thousand_codes_share_nothing_but_what_they_are() {
    let mut world = World::new();
    let mut codes = Vec::new();
    let mut tokens = HashSet::new();
    for _ in 0..1000 {
        let code = world.until_code()["code"].clone();
        let answer = json_of(&world.redeem(&code));
        for name in ["access_token", "refresh_token"] {
            assert!(tokens.insert(member(&answer, name)));
        }
        codes.push(code);
    }
    assert_eq!(codes.iter().collect::<HashSet<_>>().len(), codes.len());
    // A prefix and the key's name are the same in all; behind them no character is, and none of
    // them tells an id or a time: the nonce comes next, then the ciphertext.
    let header = "vac1_".len() + 6;
    assert!(codes.iter().all(|code| code[..header - 1] == codes[0][..header - 1]));
    let shortest = codes.iter().map(String::len).min().unwrap();
    assert!((shortest - header) * 6 >= 128 + 24 * 8, "{shortest} characters");
    for at in header..shortest - 1 {
        let seen: HashSet<u8> = codes.iter().map(|code| code.as_bytes()[at]).collect();
        assert!(seen.len() > 48, "character {at} takes {} values", seen.len());
    }
}

#[test]
fn cod_19_a_client_that_was_removed_gets_nothing_for_its_code() {
    let mut world = World::new();
    let code = world.until_code()["code"].clone();
    let tokens = world.until_tokens();
    let (browser, callback) = until_callback(&mut world, &authorize_with(&[]));
    let mut page_open = Browser::default();
    let page = page_open.get(&mut world, &authorize_with(&[]));

    let mut config = config();
    config.clients.retain(|client| client.id.as_str() != "P");
    let mut world = world.reconfigured(config);
    tok401(&mut world, redemption(&code, &[]));
    tok401(&mut world, refresh(&member(&tokens, "refresh_token"), &[]));
    // On its way, or before it.
    let calls = world.upstream.calls.len();
    let response = refused(&mut world, get(&callback, &browser.header()));
    assert_eq!((response.status.as_u16(), world.upstream.calls.len()), (400, calls));
    let form = [("form", &*form_of(&page)), ("provider", "idp")];
    let response = page_open.press_with(&mut world, &form, &[]);
    assert_eq!(response.status, 400, "{}", text(&response));
}

#[test]
fn cod_20_a_spent_code_is_remembered_for_as_long_as_it_could_be_shown() {
    // Nothing that came of the code outlives it: no refresh token, an access token of a second.
    let mut config = config();
    config.lifetimes.access = std::time::Duration::from_secs(1);
    config.lifetimes.grace = std::time::Duration::ZERO;
    let mut world = World::of(config);
    let mut metadata = registration(APP);
    metadata["grant_types"] = serde_json::json!(["authorization_code"]);
    let id = member(&json_of(&world.register_with(&metadata)), "client_id");
    let code = world.until_code_with(&[("client_id", &id)])["code"].clone();
    let tokens = json_of(&world.redeem_with(&code, &[("client_id", &id)]));
    assert!(tokens.get("refresh_token").is_none());

    world.pass(119);
    world.store.sweep(world.now);
    invalid_grant(&mut world, redemption(&code, &[("client_id", &id)]));
    assert_eq!(*last_refusal(&world), Refusal::CodeReplayed);
    // A node that is a minute behind still sees it after another has swept.
    world.pass(60);
    world.store.sweep(world.now + 59);
    world.now -= 61;
    invalid_grant(&mut world, redemption(&code, &[("client_id", &id)]));
    assert_eq!(*last_refusal(&world), Refusal::GrantEnded);
}

#[test]
fn cod_21_every_redirect_is_a_303() {
    let mut world = World::new();
    let mut browser = Browser::default();
    let page = browser.get(&mut world, &authorize_with(&[]));
    let consent = browser.press(&mut world.clone(), &page, ("provider", "idp"));
    let cancelled = browser.press(&mut world.clone(), &page, ("cancel", "1"));
    let (mut browser, callback) = until_callback(&mut world, &authorize_with(&[]));
    let back = browser.get(&mut world, &callback);
    let refusal = world.get(&authorize_with(&[("response_type", "token")]));
    let form = [("content-type", "application/x-www-form-urlencoded")];
    let posted = world.send(request(Method::POST, "/oauth/authorize", &form, "client_id=P"));
    for response in [consent, cancelled, back, refusal, posted] {
        assert_eq!(response.status, 303);
        assert!(location(&response.headers).is_some());
    }
}

#[test]
fn cod_22_a_code_without_a_record_is_worth_nothing() {
    let mut world = World::new();
    let code = world.until_code()["code"].clone();
    let tokens = world.until_tokens();
    world.store = Store::default();
    assert!(!world.is_live(&member(&tokens, "access_token")));
    tok(&mut world, redemption(&code, &[]), "invalid_grant");
    assert_eq!(*last_refusal(&world), Refusal::GrantUnknown);
    let other = Server::new(config()).unwrap();
    assert_eq!(send_to(&mut world, &other, redemption(&code, &[])).status, 400);
    rs401(&world, &code);
}
