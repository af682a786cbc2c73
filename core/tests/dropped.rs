//! A flow can be dropped at any step: a client goes away, a process ends. Each is dropped before
//! and after each of its questions was answered, and then tried again as its client would.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests say so when something is wrong")]

mod world;

use serde_json::Value;
use vestibule_core::{MapFailure, Mapped, Request, Response, Step};

use world::{
    Browser, World, authorize_with, config, json_of, location, post, query_of, redemption, refresh,
    text,
};

/// A world in which the application is asked too, so that every kind of question is met.
fn start() -> World {
    let mut config = config();
    config.map_users = true;
    let mut world = World::of(config);
    world.mapper = |_| Ok(Mapped::default());
    world
}

/// Whether the last question that was reached was also carried out before the flow was dropped.
#[derive(Clone, Copy, Debug)]
enum Last {
    Asked,
    Answered,
}

/// Drops the flow of `request` at every step in both ways, each time in a copy of `start`, and
/// tries it again; how often.
fn drop_everywhere(
    start: &World,
    request: impl Fn() -> Request,
    judge: impl Fn(World, Response),
) -> usize {
    let mut drops = 0;
    for questions in 1.. {
        for last in [Last::Asked, Last::Answered] {
            let mut world = start.clone();
            let mut step = world.begin(request());
            for question in 1..=questions {
                if matches!(step, Step::Done(_)) {
                    return drops;
                }
                if question == questions && matches!(last, Last::Asked) {
                    break;
                }
                step = world.advance(step).ok().unwrap();
            }
            drop(step);
            drops += 1;
            let again = world.send(request());
            judge(world, again);
        }
    }
    drops
}

#[test]
fn htt_21_a_dropped_redemption_leaves_the_code_unspent_or_the_grant_ended() {
    let mut world = start();
    let code = world.until_code()["code"].clone();
    let drops = drop_everywhere(
        &world,
        || redemption(&code, &[]),
        |mut world, again| {
            match again.status.as_u16() {
                200 => {
                    let token = json_of(&again)["refresh_token"].as_str().unwrap().to_owned();
                    assert_eq!(world.refresh(&token).status, 200);
                }
                // The first answer was minted for nobody: it must not live on beside a second one.
                400 => assert_eq!(world.redeem(&code).status, 400),
                other => panic!("{other}: {}", text(&again)),
            }
        },
    );
    assert_eq!(drops, 10, "Load, 3 cutoffs, Swap");
}

#[test]
fn htt_21_a_dropped_refresh_is_answered_with_the_same_successor() {
    let mut world = start();
    let token = world.until_tokens()["refresh_token"].as_str().unwrap().to_owned();
    let drops = drop_everywhere(
        &world,
        || refresh(&token, &[]),
        |mut world, again| {
            assert_eq!(again.status, 200, "{}", text(&again));
            let third = world.refresh(&token);
            assert_eq!(third.body, again.body, "the same successor, not another one");
            let successor = json_of(&again)["refresh_token"].as_str().unwrap().to_owned();
            assert_eq!(world.refresh(&successor).status, 200);
        },
    );
    assert_eq!(drops, 12, "Load, 3 cutoffs, MapUser, Swap");
}

#[test]
fn sto_08_a_dropped_callback_can_be_loaded_again_and_gives_one_code() {
    let mut world = start();
    let mut browser = Browser::default();
    let callback = browser.until_callback(&mut world, &authorize_with(&[]));
    let cookies = browser.header();
    let request = || world::request(http::Method::GET, &callback, &[("cookie", &cookies)], "");
    let drops = drop_everywhere(&world, request, |mut world, again| {
        match again.status.as_u16() {
            303 => {
                let code = query_of(location(&again.headers).unwrap())["code"].clone();
                assert_eq!(world.redeem(&code).status, 200);
                // A third time finds the record and asks nothing upstream.
                let calls = world.upstream.calls.len();
                let third = world.send(world::request(
                    http::Method::GET,
                    &callback,
                    &[("cookie", &cookies)],
                    "",
                ));
                assert_eq!((third.status.as_u16(), world.upstream.calls.len()), (400, calls));
            }
            400 => assert!(text(&again).contains("signed in already"), "{}", text(&again)),
            other => panic!("{other}: {}", text(&again)),
        }
        assert_eq!(world.store.len(), 1, "one flow, one grant");
    });
    assert_eq!(drops, 16, "Load, 2 cutoffs, Http, Http, 1 cutoff, MapUser, Swap");
}

#[test]
fn htt_21_a_dropped_revocation_is_done_the_second_time() {
    let mut world = start();
    let tokens = world.until_tokens();
    let token = tokens["refresh_token"].as_str().unwrap().to_owned();
    let request = || post("/oauth/revoke", &[("client_id", "P"), ("token", &token)], &[]);
    let drops = drop_everywhere(&world, request, |mut world, again| {
        assert_eq!(again.status, 200);
        assert_eq!(world.refresh(&token).status, 400);
        assert!(!world.is_live(tokens["access_token"].as_str().unwrap()));
    });
    assert_eq!(drops, 10, "Load, 3 cutoffs, Swap");
}

/// Drops a request that ends its grant; tried again, it is refused, and nothing of the grant lives.
fn ends_the_grant(world: &World, tokens: &Value, request: impl Fn() -> Request) -> usize {
    drop_everywhere(world, request, |mut world, again| {
        assert_eq!(again.status, 400, "{}", text(&again));
        assert_eq!(world.refresh(tokens["refresh_token"].as_str().unwrap()).status, 400);
        assert!(!world.is_live(tokens["access_token"].as_str().unwrap()));
    })
}

#[test]
fn cod_13_a_dropped_replay_of_a_code_ends_the_grant_the_second_time() {
    let mut world = start();
    let code = world.until_code()["code"].clone();
    let tokens = json_of(&world.redeem(&code));
    let drops = ends_the_grant(&world, &tokens, || redemption(&code, &[]));
    assert_eq!(drops, 10, "Load, 3 cutoffs, Swap");
}

#[test]
fn ref_02_a_dropped_replay_of_a_refresh_token_ends_the_grant_the_second_time() {
    let mut world = start();
    let spent = world.until_tokens()["refresh_token"].as_str().unwrap().to_owned();
    let tokens = json_of(&world.refresh(&spent));
    world.pass(61);
    let drops = ends_the_grant(&world, &tokens, || refresh(&spent, &[]));
    assert_eq!(drops, 10, "Load, 3 cutoffs, Swap");
}

#[test]
fn a_dropped_refresh_of_a_person_who_is_refused_ends_the_grant_the_second_time() {
    let mut world = start();
    let tokens = world.until_tokens();
    world.mapper = |_| Err(MapFailure::Denied("left".to_owned()));
    let token = tokens["refresh_token"].as_str().unwrap().to_owned();
    let drops = ends_the_grant(&world, &tokens, || refresh(&token, &[]));
    assert_eq!(drops, 12, "Load, 3 cutoffs, MapUser, Swap");
}

#[test]
fn a_dropped_repetition_inside_the_grace_is_answered_the_same_again() {
    let mut world = start();
    let token = world.until_tokens()["refresh_token"].as_str().unwrap().to_owned();
    let first = world.refresh(&token);
    let drops = drop_everywhere(
        &world,
        || refresh(&token, &[]),
        |_, again| {
            assert_eq!(again.body, first.body);
        },
    );
    assert_eq!(drops, 10, "Load, 3 cutoffs, MapUser");
}
