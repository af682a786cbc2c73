//! GitHub's organisations and teams are asked for again at a refresh: at most hourly.

use vestibule_core::{Ended, Event, Response, Rule, Step, Unreachable};

use crate::github::{asked, organizations, world};
use crate::names;
use crate::rule;
use crate::world::explore::in_turns;
use crate::world::upstream::Answer;
use crate::world::{World, error_of, json_of, refresh, text};

const HOUR: u64 = 60 * 60;

/// Somebody of `acme` signed in, and this much time has passed.
fn after(seconds: u64) -> (World, String) {
    let mut world = world(|rules| rules.organizations = names(&["acme"]));
    world.upstream.memberships = vec![("", organizations(&["acme"]))];
    let refresh_token = world.until_tokens()["refresh_token"].as_str().unwrap().to_owned();
    world.pass(seconds);
    world.upstream.calls.clear();
    (world, refresh_token)
}

fn ended(world: &World) -> Option<Ended> {
    let why = |event: &Event| {
        if let Event::GrantEnded { why, .. } = event { Some(*why) } else { None }
    };
    world.events.iter().find_map(why)
}

#[test]
fn ups_28_whoever_left_is_out_at_the_first_refresh_after_an_hour() {
    let (mut world, refresh_token) = after(HOUR);
    world.upstream.memberships = vec![("", organizations(&[]))];
    assert_eq!(error_of(&world.refresh(&refresh_token)), (400, "invalid_grant".to_owned()));
    assert_eq!((rule(&world), ended(&world)), (Some(Rule::Organization), Some(Ended::Denied)));
}

#[test]
fn whoever_stayed_is_asked_about_once_an_hour() {
    let (mut world, refresh_token) = after(HOUR);
    let response = world.refresh(&refresh_token);
    let next = json_of(&response)["refresh_token"].as_str().unwrap().to_owned();
    world.pass(HOUR - 1);
    assert_eq!(world.refresh(&next).status, 200);
    assert_eq!(asked(&world), 1);
}

#[test]
fn within_the_hour_nobody_is_asked() {
    let (mut world, refresh_token) = after(HOUR - 1);
    world.upstream.memberships.clear();
    assert_eq!(world.refresh(&refresh_token).status, 200);
}

#[test]
fn ref_18_trouble_at_github_spends_nothing() {
    let too_many = Answer::Says(403, r#"{"message":"a secondary rate limit"}"#.to_owned());
    let busy = Answer::Says(502, String::new());
    for answer in [busy, too_many, Answer::Unreachable(Unreachable::Deadline)] {
        let (mut world, refresh_token) = after(HOUR);
        world.upstream.memberships = vec![("", answer)];
        let response = world.refresh(&refresh_token);
        assert_eq!(error_of(&response), (503, "temporarily_unavailable".to_owned()));
        assert!(response.headers.contains_key("retry-after"));
        world.upstream.memberships = vec![("", organizations(&["acme"]))];
        assert_eq!(world.refresh(&refresh_token).status, 200);
    }
}

#[test]
fn a_token_that_github_no_longer_knows_ends_the_grant() {
    let (mut world, refresh_token) = after(HOUR);
    world.upstream.memberships = vec![("", Answer::Says(401, "{}".to_owned()))];
    assert_eq!(error_of(&world.refresh(&refresh_token)), (400, "invalid_grant".to_owned()));
    assert_eq!(ended(&world), Some(Ended::Upstream));
}

/// As many at the same moment.
fn fifty(world: &mut World, token: &str) -> Vec<Response> {
    let steps = (0..50).map(|_| world.begin(refresh(token, &[]))).collect();
    in_turns(world, steps)
}

#[test]
fn ref_19_fifty_refreshes_at_once_ask_github_once() {
    let (mut world, refresh_token) = after(HOUR);
    for response in fifty(&mut world, &refresh_token) {
        assert_eq!(response.status, 200, "{}", text(&response));
    }
    assert_eq!(asked(&world), 1);
}

#[test]
fn ref_19_fifty_refreshes_at_once_ask_a_github_that_fails_once_too() {
    let (mut world, refresh_token) = after(HOUR);
    world.upstream.memberships = vec![("", Answer::Says(502, String::new()))];
    for response in fifty(&mut world, &refresh_token) {
        assert_eq!(error_of(&response), (503, "temporarily_unavailable".to_owned()));
    }
    assert_eq!(asked(&world), 1);
}

#[test]
fn whoever_asks_github_and_is_gone_keeps_the_others_for_as_long_as_it_could_take() {
    let (mut world, refresh_token) = after(HOUR);
    let mut step = world.begin(refresh(&refresh_token, &[]));
    while !matches!(step, Step::Http(_)) {
        step = world.advance(step).unwrap_or_else(|_| panic!("it asked nobody"));
    }
    drop(step);
    world.pass(60);
    assert_eq!(world.refresh(&refresh_token).status, 503);
    world.pass(1);
    assert_eq!(world.refresh(&refresh_token).status, 200);
}

#[test]
fn a_used_up_token_is_seen_whatever_github_says() {
    let (mut world, refresh_token) = after(0);
    let response = world.refresh(&refresh_token);
    let next = json_of(&response)["refresh_token"].as_str().unwrap().to_owned();
    world.pass(HOUR);
    world.upstream.memberships = vec![("", Answer::Says(502, String::new()))];
    assert_eq!(error_of(&world.refresh(&refresh_token)), (400, "invalid_grant".to_owned()));
    assert_eq!(ended(&world), Some(Ended::RefreshTokenReplayed));
    assert_eq!(world.refresh(&next).status, 400);
    assert_eq!(asked(&world), 0);
}

#[test]
fn a_refresh_that_is_repeated_asks_nothing_again() {
    let (mut world, refresh_token) = after(HOUR);
    assert_eq!(world.refresh(&refresh_token).status, 200);
    assert_eq!(world.refresh(&refresh_token).status, 200);
    assert_eq!(asked(&world), 1);
}

#[test]
fn ref_14_nothing_is_asked_for_a_request_that_is_refused_anyway() {
    let (mut world, refresh_token) = after(HOUR);
    let elsewhere = [("resource", "https://other.test/mcp")];
    assert_eq!(error_of(&world.refresh_with(&refresh_token, &elsewhere)).1, "invalid_target");
    assert_eq!(asked(&world), 0);
}
