//! Refresh tokens.

use std::time::Duration;

use serde_json::Value;
use vestibule_core::{Ended, Event, Refusal, Server};

use crate::expect::{
    C_SECRET, RES2, assert_tok, damaged, invalid_grant, last_refusal, member, register_evil,
    together, tok, tok401, tokens_with,
};
use crate::world::store::Fault;
use crate::world::{World, claims_of, config, json_of, refresh, text};

const DAY: u64 = 24 * 60 * 60;
const GRACE: u64 = 60;

/// A server without a grace: the second use of a refresh token ends the grant.
fn strict() -> World {
    let mut config = config();
    config.lifetimes.grace = Duration::ZERO;
    World::of(config)
}

fn both() -> [(World, u64); 2] {
    [(World::new(), GRACE), (strict(), 0)]
}

fn token(tokens: &Value) -> String {
    member(tokens, "refresh_token")
}

fn rotate(world: &mut World, tokens: &Value) -> Value {
    let response = world.refresh(&token(tokens));
    assert_eq!(response.status, 200, "{}", text(&response));
    json_of(&response)
}

fn assert_dead(world: &mut World, tokens: &Value) {
    assert!(!world.is_live(&member(tokens, "access_token")), "the access token lives on");
    tok(world, refresh(&token(tokens), &[]), "invalid_grant");
}

fn replays(world: &World) -> usize {
    let replayed = |event: &&Event| {
        matches!(event, Event::GrantEnded { why: Ended::RefreshTokenReplayed, .. })
    };
    world.events.iter().filter(replayed).count()
}

#[test]
fn ref_01_a_refresh_gives_another_refresh_token_and_retires_the_old_one() {
    for (mut world, grace) in both() {
        let first = world.until_tokens();
        world.pass(1);
        let second = rotate(&mut world, &first);
        assert_ne!(token(&first), token(&second));
        assert_ne!(member(&first, "access_token"), member(&second, "access_token"));
        world.pass(grace);
        invalid_grant(&mut world, refresh(&token(&first), &[]));
    }
}

#[test]
fn ref_02_a_used_up_token_ends_the_whole_family() {
    for (mut world, grace) in both() {
        let mut all = vec![world.until_tokens()];
        for _ in 0..3 {
            world.pass(10);
            all.push(rotate(&mut world, all.last().unwrap()));
        }
        world.pass(grace);
        for (n, old) in all[..3].iter().enumerate() {
            let mut world = world.clone();
            invalid_grant(&mut world, refresh(&token(old), &[]));
            assert_eq!(replays(&world), 1, "token {n}");
            for tokens in &all {
                assert_dead(&mut world, tokens);
            }
        }
    }
}

#[test]
fn ref_03_fifty_at_once_without_a_grace_get_one_answer() {
    let mut world = strict();
    let tokens = world.until_tokens();
    let servers = [world.server.clone()];
    let requests = (0..50).map(|_| refresh(&token(&tokens), &[])).collect();
    let responses = together(&mut world, &servers, requests);
    let (won, lost): (Vec<_>, Vec<_>) =
        responses.iter().partition(|response| response.status == 200);
    assert_eq!(won.len(), 1);
    lost.into_iter().for_each(|response| assert_tok(response, 400, "invalid_grant"));
    assert_dead(&mut world, &json_of(won[0]));
}

#[test]
fn ref_04_ref_06_fifty_at_once_inside_the_grace_get_the_same_from_every_instance() {
    let mut world = World::new();
    let tokens = world.until_tokens();
    let servers = [world.server.clone(), Server::new(config()).unwrap()];
    let requests = (0..50).map(|_| refresh(&token(&tokens), &[])).collect();
    let responses = together(&mut world, &servers, requests);
    for response in &responses {
        assert_eq!(response.status, 200, "{}", text(response));
        assert_eq!(response.body, responses[0].body);
    }
    assert_eq!(world.store.len(), 1, "one family");
    rotate(&mut world, &json_of(&responses[0]));
}

#[test]
fn ref_06_without_a_grace_two_instances_answer_once() {
    let mut world = strict();
    let tokens = world.until_tokens();
    let servers = [world.server.clone(), strict().server];
    let requests = (0..10).map(|_| refresh(&token(&tokens), &[])).collect();
    let responses = together(&mut world, &servers, requests);
    assert_eq!(responses.iter().filter(|response| response.status == 200).count(), 1);
}

#[test]
fn ref_05_a_lost_answer_is_given_again_until_its_successor_is_used() {
    let mut world = World::new();
    let first = world.until_tokens();
    let second = rotate(&mut world, &first);
    for _ in 0..5 {
        world.pass(10);
        let again = rotate(&mut world, &first);
        assert_eq!(token(&again), token(&second), "the same successor");
        assert_eq!(member(&again, "access_token"), member(&second, "access_token"));
    }
    // Asking again does not renew the window.
    let mut late = world.clone();
    late.pass(10);
    invalid_grant(&mut late, refresh(&token(&first), &[]));
    assert_dead(&mut late, &second);

    let third = rotate(&mut world, &second);
    invalid_grant(&mut world, refresh(&token(&first), &[]));
    assert_eq!(replays(&world), 1);
    for tokens in [&second, &third] {
        assert_dead(&mut world, tokens);
    }
}

#[test]
fn ref_05_without_a_grace_the_second_use_ends_the_grant() {
    let mut world = strict();
    let first = world.until_tokens();
    let second = rotate(&mut world, &first);
    invalid_grant(&mut world, refresh(&token(&first), &[]));
    assert_dead(&mut world, &second);
}

#[test]
fn ref_07_a_restart_forgets_no_rotation() {
    for (mut world, grace) in both() {
        let first = world.until_tokens();
        let second = rotate(&mut world, &first);
        let mut config = config();
        config.lifetimes.grace = Duration::from_secs(grace);
        world.server = Server::new(config).unwrap();
        world.pass(grace);
        invalid_grant(&mut world, refresh(&token(&first), &[]));
        assert_dead(&mut world, &second);
    }
}

#[test]
fn ref_08_rotations_within_one_second_are_told_apart() {
    for (mut world, _) in both() {
        let mut all = vec![world.until_tokens()];
        for _ in 0..3 {
            all.push(rotate(&mut world, all.last().unwrap()));
        }
        let distinct: std::collections::HashSet<_> = all.iter().map(token).collect();
        assert_eq!(distinct.len(), 4);
        for old in &all[..2] {
            let mut world = world.clone();
            invalid_grant(&mut world, refresh(&token(old), &[]));
            assert_dead(&mut world, all.last().unwrap());
        }
    }
}

#[test]
fn ref_11_a_narrower_scope_is_for_once() {
    for (mut world, _) in both() {
        let tokens = world.until_tokens();
        let narrowed = world.refresh_with(&token(&tokens), &[("scope", "mcp:read")]);
        let narrowed = json_of(&narrowed);
        assert_eq!(narrowed["scope"], "mcp:read");
        assert_eq!(claims_of(&member(&narrowed, "access_token"))["scope"], "mcp:read");
        let full = rotate(&mut world, &narrowed);
        assert_eq!(full["scope"], "mcp:read mcp:write");
        // Never more than was granted.
        let wider = refresh(&token(&full), &[("scope", "mcp:read admin")]);
        tok(&mut world, wider, "invalid_scope");
        rotate(&mut world, &full);
    }
    // Not even what the resource has, if the person did not grant it.
    let mut world = World::new();
    let tokens = tokens_with(&mut world, &[("scope", "mcp:read")], &[]);
    let wider = refresh(&token(&tokens), &[("scope", "mcp:read mcp:write")]);
    tok(&mut world, wider, "invalid_scope");
    assert_eq!(rotate(&mut world, &tokens)["scope"], "mcp:read");
}

#[test]
fn ref_12_another_client_cannot_refresh_and_ends_nothing() {
    for (mut world, grace) in both() {
        let evil = register_evil(&mut world);
        let first = world.until_tokens();
        let second = rotate(&mut world, &first);
        world.pass(grace);
        for stolen in [&first, &second] {
            for thief in [
                &[("client_id", &*evil)][..],
                &[("client_id", "N")],
                &[("client_id", "C"), ("client_secret", C_SECRET)],
            ] {
                tok(&mut world, refresh(&token(stolen), thief), "invalid_grant");
                assert_eq!(*last_refusal(&world), Refusal::OtherClient);
            }
        }
        rotate(&mut world, &second);
    }
}

#[test]
fn ref_13_a_confidential_client_refreshes_with_its_secret() {
    for (mut world, _) in both() {
        let c = [("client_id", "C"), ("client_secret", C_SECRET)];
        let tokens = tokens_with(&mut world, &c[..1], &c);
        tok401(&mut world, refresh(&token(&tokens), &c[..1]));
        let wrong = [("client_id", "C"), ("client_secret", "wrong")];
        tok401(&mut world, refresh(&token(&tokens), &wrong));
        assert_eq!(world.refresh_with(&token(&tokens), &c).status, 200);
    }
}

#[test]
fn ref_14_another_resource_is_refused_before_anything_is_spent() {
    for (mut world, _) in both() {
        let tokens = world.until_tokens();
        let calls = world.upstream.calls.len();
        for other in [RES2, "https://mcp.test/mcp-evil", "https://mcp.test/", "urn:x"] {
            let request = refresh(&token(&tokens), &[("resource", other)]);
            tok(&mut world, request, "invalid_target");
        }
        assert_eq!(world.upstream.calls.len(), calls);
        rotate(&mut world, &tokens);
    }
}

#[test]
fn ref_15_no_other_text_of_ours_is_a_refresh_token() {
    let mut world = World::new();
    let code = world.until_code()["code"].clone();
    let tokens = world.until_tokens();
    let id = register_evil(&mut world);
    let body = code.strip_prefix("vac1_").unwrap();
    let mut wrong = vec![member(&tokens, "access_token"), code.clone(), id];
    wrong.extend([body.to_owned(), format!("vrt1_{body}"), "x".to_owned()]);
    let own = token(&tokens);
    let bare = own.strip_prefix("vrt1_").unwrap();
    wrong.push(bare.to_owned());
    wrong.extend(damaged(bare).iter().map(|text| format!("vrt1_{text}")));
    for wrong in wrong {
        tok(&mut world, refresh(&wrong, &[]), "invalid_grant");
        assert_eq!(*last_refusal(&world), Refusal::TokenForged);
    }
    assert_eq!(world.redeem(&code).status, 200);
    rotate(&mut world, &tokens);
}

#[test]
fn ref_16_idle_and_absolute_lifetimes_end_at_their_second() {
    for (world, _) in both() {
        let mut idle = world.clone();
        let tokens = idle.until_tokens();
        idle.pass(30 * DAY);
        tok(&mut idle, refresh(&token(&tokens), &[]), "invalid_grant");
        assert_eq!(*last_refusal(&idle), Refusal::TokenExpired);
        idle.now -= 1;
        rotate(&mut idle, &tokens);

        // Used every 29 days, it ends 90 days after the redemption all the same.
        let mut used = world;
        let mut tokens = used.until_tokens();
        for _ in 0..3 {
            used.pass(29 * DAY);
            tokens = rotate(&mut used, &tokens);
        }
        used.pass(3 * DAY - 1);
        let mut last = used.clone();
        let short = rotate(&mut last, &tokens);
        assert_eq!(short["expires_in"], 1, "no access token outlives the grant");
        last.pass(1);
        tok(&mut last, refresh(&token(&short), &[]), "invalid_grant");
        used.pass(1);
        tok(&mut used, refresh(&token(&tokens), &[]), "invalid_grant");
    }
}

#[test]
fn ref_18_trouble_of_our_own_spends_no_token() {
    for (world, _) in both() {
        for faults in [vec![Fault::Unavailable; 40], {
            [vec![Fault::None], vec![Fault::Unavailable; 40]].concat()
        }] {
            let mut world = world.clone();
            let tokens = world.until_tokens();
            world.store.faults = faults;
            let response = world.refresh(&token(&tokens));
            assert_tok(&response, 503, "temporarily_unavailable");
            assert!(response.headers.contains_key(http::header::RETRY_AFTER));
            world.store.faults.clear();
            rotate(&mut world, &tokens);
        }
    }
}

#[test]
fn ref_21_a_dead_token_stays_dead_and_starves_nobody() {
    for (mut world, grace) in both() {
        let first = world.until_tokens();
        let second = rotate(&mut world, &first);
        world.pass(grace);
        invalid_grant(&mut world, refresh(&token(&first), &[]));
        for n in 0..7200 {
            world.now += n % 2;
            tok(&mut world, refresh(&token(&first), &[]), "invalid_grant");
        }
        assert_dead(&mut world, &second);
        assert_eq!(world.store.len(), 1);
        world.until_tokens();
    }
}
