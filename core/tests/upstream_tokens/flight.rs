//! One flight for everybody who wants the tokens at the same time.

use vestibule_core::{Cutoff, HttpCall, Pending, Refusal, Reply, Response, Step};

use crate::kit::{HOUR, an_hour_later, ask, asked, names, refresh_token, says, start};
use crate::world::explore::{Ending, explore, in_turns};
use crate::world::store::Fault;
use crate::world::upstream::Answer;
use crate::world::{World, error_of, json_of, post, refresh, text};

fn fifty(world: &mut World, token: &str) -> Vec<Response> {
    let steps = (0..50).map(|_| world.begin(refresh(token, &[]))).collect();
    in_turns(world, steps)
}

#[test]
fn ref_19_fifty_refreshes_at_once_make_one_upstream_call() {
    let mut world = start();
    let token = refresh_token(&world.until_tokens());
    world.pass(HOUR);
    world.events.clear();
    let responses = fifty(&mut world, &token);
    assert_eq!(world.upstream.refreshes().len(), 1);
    for response in &responses {
        assert_eq!(response.status, 200, "{}", text(response));
        assert_eq!(response.body, responses[0].body);
    }
    let told = |name| names(&world).into_iter().filter(|it| *it == name).count();
    assert_eq!(
        (told("upstream_refreshed"), told("refreshed"), told("refreshed_again")),
        (1, 1, 49)
    );
}

#[test]
fn ref_19_fifty_refreshes_at_once_make_one_upstream_call_that_fails_too() {
    let mut world = start();
    let token = refresh_token(&world.until_tokens());
    world.pass(HOUR);
    let working = std::mem::replace(&mut world.upstream.refresh, Answer::Says(503, String::new()));
    for response in fifty(&mut world, &token) {
        assert_eq!(error_of(&response), (503, "temporarily_unavailable".to_owned()));
    }
    assert_eq!(world.upstream.refreshes().len(), 1);
    world.upstream.refresh = working;
    assert_eq!(world.refresh(&token).status, 200);
}

#[test]
fn ref_19_in_every_order_two_refreshes_make_one_upstream_call() {
    let mut start = start();
    let token = refresh_token(&start.until_tokens());
    start.pass(HOUR);
    let two = || (0..2).map(|_| refresh(&token, &[])).collect();
    let schedules = explore(&start, two, 0, |Ending { mut world, responses, .. }| {
        assert_eq!(world.upstream.refreshes().len(), 1);
        for response in &responses {
            if response.status != 200 {
                assert_eq!(error_of(response), (503, "temporarily_unavailable".to_owned()));
            }
        }
        let again = world.refresh(&token);
        assert_eq!(again.status, 200, "{}", text(&again));
        assert_eq!(world.upstream.refreshes().len(), 1);
    });
    assert!(schedules > 100, "{schedules} schedules");
}

#[test]
fn in_every_order_revoking_beats_a_lease() {
    let mut start = start();
    let tokens = start.until_tokens();
    let token = refresh_token(&tokens);
    start.pass(HOUR);
    let actors = || {
        let revocation = post("/oauth/revoke", &[("client_id", "P"), ("token", &token)], &[]);
        vec![refresh(&token, &[]), revocation]
    };
    explore(&start, actors, 1, |Ending { mut world, responses, .. }| {
        if responses[1].status != 200 {
            assert_eq!(world.revoke(&token).status, 200);
        }
        assert_eq!(world.refresh(&token).status, 400);
        if responses[0].status == 200 {
            let minted = json_of(&responses[0]);
            assert!(!world.is_live(minted["access_token"].as_str().unwrap()));
            assert_eq!(world.refresh(&refresh_token(&minted)).status, 400);
        }
    });
}

/// A refresh up to its upstream call.
fn until_call(world: &mut World, token: &str) -> Pending<HttpCall, Reply> {
    let mut step = world.begin(refresh(token, &[]));
    loop {
        if let Step::Http(call) = step {
            return call;
        }
        step = world.advance(step).unwrap_or_else(|_| panic!("it asked nobody"));
    }
}

fn finish(world: &mut World, call: Pending<HttpCall, Reply>) -> Response {
    let reply = world.finish(Step::Http(call));
    if let Some(follow_up) = reply.follow_up {
        world.finish(follow_up);
    }
    world.events.extend(reply.events);
    reply.response
}

#[test]
fn a_cutoff_during_the_call_leaves_no_refresh_token_behind() {
    let mut world = start();
    world.upstream.refresh = says(r#"{"access_token":"new-access","token_type":"Bearer"}"#);
    let token = refresh_token(&world.until_tokens());
    world.pass(HOUR);
    let call = until_call(&mut world, &token);
    let tick = world.tick();
    let step = world.server.end(Cutoff::Issuer, tick);
    world.finish(step).unwrap();
    finish(&mut world, call);
    let [only] = world.upstream.revocations()[..] else {
        panic!("{:?}", world.upstream.revocations())
    };
    assert!(only.contains("token=upstream-refresh&"), "{only}");
}

#[test]
fn tokens_that_come_for_a_grant_that_is_over_are_revoked_too() {
    let mut world = start();
    let token = refresh_token(&world.until_tokens());
    world.pass(HOUR);
    let call = until_call(&mut world, &token);
    world.revoke(&token);
    let refused = finish(&mut world, call);
    assert_eq!(error_of(&refused), (400, "invalid_grant".to_owned()));
    let revocations = world.upstream.revocations();
    assert_eq!(revocations.len(), 2);
    assert!(revocations[1].contains("token=renewed-refresh-1&"));
}

#[test]
fn a_lease_keeps_others_waiting_for_a_while_and_then_lets_them_in() {
    let (mut world, tokens, who) = an_hour_later();
    let token = refresh_token(&tokens);
    drop(until_call(&mut world, &token));
    let waiting = world.refresh(&token);
    assert_eq!(error_of(&waiting), (503, "temporarily_unavailable".to_owned()));
    assert_eq!(ask(&mut world, &who).unwrap_err(), Refusal::UpstreamRefreshAwaited);
    assert!(world.upstream.refreshes().is_empty());
    world.pass(16);
    assert_eq!(asked(&mut world, &who).unwrap(), "renewed-access-1");
    assert_eq!(world.refresh(&token).status, 200);
}

/// A process that was held up comes back after another has refreshed: the provider tells it that
/// its refresh token is used up, which is no news and ends nothing.
#[test]
fn a_flight_that_was_overtaken_ends_nothing() {
    let mut world = start();
    let token = refresh_token(&world.until_tokens());
    world.pass(HOUR);
    let late = until_call(&mut world, &token);
    world.pass(16);
    let first = world.refresh(&token);
    assert_eq!(first.status, 200);
    world.upstream.refresh = Answer::Says(400, r#"{"error":"invalid_grant"}"#.to_owned());
    let answer = finish(&mut world, late);
    assert_eq!(answer.body, first.body, "{}", text(&answer));
    assert!(world.upstream.revocations().is_empty());
}

/// The provider rotated, and what it gave could not be written down.
#[test]
fn ref_20_a_write_that_failed_for_a_while_is_tried_again() {
    let mut world = start();
    let token = refresh_token(&world.until_tokens());
    world.pass(HOUR);
    let call = until_call(&mut world, &token);
    world.store.faults = vec![Fault::Unavailable; 5];
    let answer = finish(&mut world, call);
    assert_eq!(answer.status, 200, "{}", text(&answer));
    assert_eq!(world.upstream.refreshes().len(), 1);
}

#[test]
fn ref_20_a_refresh_token_that_was_lost_ends_the_grant_and_is_not_shown_for_ever() {
    let mut world = start();
    let token = refresh_token(&world.until_tokens());
    world.pass(HOUR);
    let call = until_call(&mut world, &token);
    world.store.faults = vec![Fault::Unavailable; 1000];
    let answer = finish(&mut world, call);
    assert_eq!(error_of(&answer), (503, "temporarily_unavailable".to_owned()));
    world.store.faults.clear();
    // The provider knows the old one no longer.
    world.upstream.refresh = Answer::Says(400, r#"{"error":"invalid_grant"}"#.to_owned());
    assert_eq!(world.refresh(&token).status, 503, "the lease still holds");
    world.pass(16);
    for _ in 0..3 {
        assert_eq!(error_of(&world.refresh(&token)), (400, "invalid_grant".to_owned()));
    }
    assert_eq!(world.upstream.refreshes().len(), 2);
}
