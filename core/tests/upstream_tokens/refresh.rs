//! At our own refresh.

use vestibule_core::{Ended, Event, Refusal, Unreachable};

use crate::kit::{
    HOUR, access_token, an_hour_later, asked, names, principal, refresh_token, rotating, says,
    start,
};
use crate::world::upstream::Answer;
use crate::world::{error_of, json_of, text};

#[test]
fn a_token_that_lives_is_not_refreshed() {
    let mut world = start();
    let mut token = refresh_token(&world.until_tokens());
    for (passed, refreshes) in [(HOUR - 61, 0), (1, 1), (HOUR - 61, 1), (1, 2)] {
        world.pass(passed);
        token = refresh_token(&json_of(&world.refresh(&token)));
        assert_eq!(world.upstream.refreshes().len(), refreshes);
    }
    assert!(world.upstream.refreshes()[1].contains("refresh_token=renewed-refresh-1"));
}

#[test]
fn what_came_is_kept_and_told() {
    let mut world = start();
    let token = refresh_token(&world.until_tokens());
    world.pass(HOUR);
    world.events.clear();
    let refreshed = json_of(&world.refresh(&token));
    assert_eq!(names(&world), ["upstream_refreshed", "refreshed"]);
    let who = principal(&world, &refreshed);
    assert_eq!(asked(&mut world, &who).unwrap(), "renewed-access-1");
}

#[test]
fn a_refresh_token_that_is_not_rotated_goes_on() {
    let mut world = start();
    let mut token = refresh_token(&world.until_tokens());
    world.upstream.refresh =
        says(r#"{"access_token":"renewed","token_type":"Bearer","expires_in":3600}"#);
    for _ in 0..3 {
        world.pass(HOUR);
        token = refresh_token(&json_of(&world.refresh(&token)));
    }
    let refreshes = world.upstream.refreshes();
    assert_eq!(refreshes.len(), 3);
    assert!(refreshes.iter().all(|call| call.contains("refresh_token=upstream-refresh")));
}

#[test]
fn without_a_refresh_token_or_an_end_nothing_is_refreshed() {
    for token in [
        r#"{"access_token":"upstream-access","token_type":"Bearer","expires_in":3600}"#,
        r#"{"access_token":"upstream-access","token_type":"Bearer","refresh_token":"r"}"#,
    ] {
        let mut world = start();
        world.upstream.token = says(token);
        let tokens = world.until_tokens();
        world.pass(HOUR);
        assert_eq!(world.refresh(&refresh_token(&tokens)).status, 200);
        assert!(world.upstream.refreshes().is_empty());
    }
}

/// With the status that each provider says it with.
#[test]
fn ref_17_ups_28_what_the_provider_ended_is_ended_here() {
    for (status, body) in [
        (400, r#"{"error":"invalid_grant"}"#),
        (401, r#"{"error":"invalid_grant","error_description":"disabled"}"#),
        (200, r#"{"error":"bad_refresh_token"}"#),
    ] {
        let (mut world, tokens, principal) = an_hour_later();
        world.upstream.refresh = Answer::Says(status, body.to_owned());
        world.events.clear();
        let refused = world.refresh(&refresh_token(&tokens));
        assert_eq!(error_of(&refused), (400, "invalid_grant".to_owned()));
        assert!(matches!(
            &world.events[..],
            [
                Event::GrantEnded { why: Ended::Upstream, .. },
                Event::Refused { refusal: Refusal::UpstreamGrantEnded }
            ]
        ));
        assert!(!world.is_live(&access_token(&tokens)));
        // No retry storm.
        assert_eq!(world.refresh(&refresh_token(&tokens)).status, 400);
        assert_eq!(asked(&mut world, &principal), Err(Refusal::GrantEnded));
        assert_eq!(world.upstream.refreshes().len(), 1);
        assert!(world.upstream.revocations().is_empty(), "the provider has ended it itself");
    }
}

#[test]
fn ref_18_trouble_upstream_burns_nothing() {
    let trouble = |status, body: &str| Answer::Says(status, body.to_owned());
    for answer in [
        trouble(429, r#"{"error":"invalid_grant"}"#),
        trouble(500, "<html>"),
        trouble(503, ""),
        trouble(400, r#"{"error":"invalid_client"}"#),
        trouble(401, r#"{"error":"invalid_client"}"#),
        trouble(200, r#"{"error":"incorrect_client_credentials"}"#),
        trouble(400, "nonsense"),
        trouble(302, ""),
        trouble(200, r#"{"access_token":7}"#),
        Answer::Unreachable(Unreachable::Deadline),
        Answer::Unreachable(Unreachable::Connection),
        Answer::Unreachable(Unreachable::TooLarge),
    ] {
        let mut world = start();
        let tokens = world.until_tokens();
        world.pass(HOUR);
        world.upstream.refresh = answer;
        let token = refresh_token(&tokens);
        let refused = world.refresh(&token);
        assert_eq!(error_of(&refused), (503, "temporarily_unavailable".to_owned()));
        assert!(refused.headers.contains_key("retry-after"));
        assert!(world.upstream.revocations().is_empty());
        world.upstream.refresh = rotating();
        let refreshed = world.refresh(&token);
        assert_eq!(refreshed.status, 200, "{}", text(&refreshed));
    }
}

/// What would be refused in any case asks nobody.
#[test]
fn ref_14_what_is_asked_for_is_judged_before_the_provider_is_asked() {
    let mut world = start();
    let token = refresh_token(&world.until_tokens());
    world.pass(HOUR);
    for change in [("scope", "mcp:admin"), ("resource", "https://other.test"), ("client_id", "N")] {
        assert_eq!(world.refresh_with(&token, &[change]).status, 400);
    }
    assert!(world.upstream.refreshes().is_empty());
}

#[test]
fn a_repeated_refresh_is_answered_with_the_same_bytes_whatever_the_provider_says_by_then() {
    let mut world = start();
    let token = refresh_token(&world.until_tokens());
    world.pass(HOUR);
    let first = world.refresh(&token);
    world.upstream.refresh = Answer::Says(503, String::new());
    assert_eq!(world.refresh(&token).body, first.body);
}
