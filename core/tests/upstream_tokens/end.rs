//! A grant ends, and the provider is asked to end what it gave: once.

use vestibule_core::{Cutoff, MapFailure, Mapped, Occasion, Unreachable};

use crate::kit::{keeping, of, refresh_token, start};
use crate::world::upstream::Answer;
use crate::world::{World, config, json_of};

/// What was asked, which is all that was.
fn revoked(world: &World) -> &str {
    let [only] = world.upstream.revocations()[..] else {
        panic!("{:?}", world.upstream.revocations())
    };
    only
}

#[test]
fn the_refresh_token_is_revoked_when_a_client_gives_its_grant_back() {
    let mut world = start();
    let tokens = world.until_tokens();
    for _ in 0..2 {
        assert_eq!(world.revoke(&refresh_token(&tokens)).status, 200);
    }
    let said = "POST https://idp.test/revoke token=upstream-refresh&token_type_hint=refresh_token";
    assert!(revoked(&world).starts_with(said));
}

#[test]
fn the_access_token_is_where_there_is_no_other() {
    let mut world = start();
    world.upstream.token =
        crate::kit::says(r#"{"access_token":"upstream-access","token_type":"Bearer"}"#);
    let tokens = world.until_tokens();
    world.revoke(&refresh_token(&tokens));
    assert!(revoked(&world).contains("token=upstream-access&token_type_hint=access_token"));
}

#[test]
fn a_replay_of_a_code_or_a_refresh_token_revokes() {
    let mut world = start();
    let code = world.until_code()["code"].clone();
    for status in [200, 400, 400] {
        assert_eq!(world.redeem(&code).status, status);
    }
    revoked(&world);

    let mut world = start();
    let first = refresh_token(&world.until_tokens());
    world.refresh(&first);
    world.pass(61);
    for _ in 0..2 {
        assert_eq!(world.refresh(&first).status, 400);
    }
    revoked(&world);
}

#[test]
fn whom_the_application_refuses_at_a_refresh_is_revoked() {
    let mut config = keeping();
    config.map_users = true;
    let mut world = of(config);
    world.mapper = |map| {
        if map.occasion == Occasion::Refresh {
            return Err(MapFailure::Denied("left".to_owned()));
        }
        Ok(Mapped::default())
    };
    let tokens = world.until_tokens();
    assert_eq!(world.refresh(&refresh_token(&tokens)).status, 400);
    revoked(&world);
}

#[test]
fn whoever_sees_a_cutoff_first_revokes() {
    let mut world = start();
    let tokens = world.until_tokens();
    let tick = world.tick();
    let step = world.server.end(Cutoff::Issuer, tick);
    world.finish(step).unwrap();
    assert!(world.upstream.revocations().is_empty(), "nobody has touched the grant");
    for _ in 0..2 {
        assert_eq!(world.refresh(&refresh_token(&tokens)).status, 400);
    }
    revoked(&world);
}

#[test]
fn an_operator_who_ends_a_persons_grants_revokes_each() {
    let mut world = start();
    for _ in 0..3 {
        world.until_tokens();
    }
    let tick = world.tick();
    let step = world.server.end(Cutoff::Subject("idp:alice".to_owned()), tick);
    assert_eq!(world.finish(step).unwrap().grants.len(), 3);
    assert_eq!(world.upstream.revocations().len(), 3);
}

#[test]
fn a_provider_that_would_end_all_of_a_person_is_asked_only_where_the_person_is_ended() {
    let mut config = keeping();
    config.providers[0].revokes_everything = true;
    let mut world = of(config);
    let one = refresh_token(&world.until_tokens());
    world.until_tokens();
    world.revoke(&one);
    assert_eq!(world.upstream.revocations(), [""; 0]);
    let tick = world.tick();
    let step = world.server.end(Cutoff::Subject("idp:alice".to_owned()), tick);
    world.finish(step).unwrap();
    revoked(&world);
}

#[test]
fn what_the_provider_says_to_it_changes_nothing() {
    for answer in [
        Answer::Says(503, String::new()),
        Answer::Says(400, "{}".to_owned()),
        Answer::Unreachable(Unreachable::Deadline),
    ] {
        let mut world = start();
        let tokens = world.until_tokens();
        world.upstream.revocation = answer;
        assert_eq!(world.revoke(&refresh_token(&tokens)).status, 200);
        assert_eq!(world.refresh(&refresh_token(&tokens)).status, 400);
        revoked(&world);
    }
}

#[test]
fn nobody_is_asked_where_nothing_is_kept_or_there_is_no_endpoint() {
    let mut without = keeping();
    without.providers[0].metadata_mut().unwrap().revocation_endpoint = None;
    for config in [without, config()] {
        let mut world = of(config);
        let tokens = world.until_tokens();
        assert_eq!(world.revoke(&refresh_token(&tokens)).status, 200);
        assert!(world.upstream.revocations().is_empty());
    }
}

/// A refresh token that was just rotated here is one more thing that can end the grant.
#[test]
fn what_is_revoked_is_what_came_last() {
    let mut world = start();
    let tokens = world.until_tokens();
    world.pass(3600);
    let tokens = json_of(&world.refresh(&refresh_token(&tokens)));
    world.revoke(&refresh_token(&tokens));
    assert!(revoked(&world).contains("token=renewed-refresh-1"));
}
