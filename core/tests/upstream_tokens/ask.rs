//! The application asks for a token.

use vestibule_core::{Cutoff, Refusal};

use crate::kit::{HOUR, an_hour_later, ask, asked, principal, rotating, says, start};
use crate::world::store::Fault;
use crate::world::upstream::Answer;

#[test]
fn a_token_that_is_over_is_refreshed_first() {
    let (mut world, _, who) = an_hour_later();
    for _ in 0..2 {
        assert_eq!(asked(&mut world, &who).unwrap(), "renewed-access-1");
    }
    assert_eq!(world.upstream.refreshes().len(), 1);
}

#[test]
fn ref_17_what_the_provider_ended_is_ended_here() {
    let (mut world, tokens, who) = an_hour_later();
    world.upstream.refresh = Answer::Says(400, r#"{"error":"invalid_grant"}"#.to_owned());
    assert_eq!(ask(&mut world, &who).unwrap_err(), Refusal::UpstreamGrantEnded);
    assert!(!world.is_live(tokens["access_token"].as_str().unwrap()));
}

#[test]
fn ref_18_trouble_upstream_burns_nothing() {
    let (mut world, _, who) = an_hour_later();
    world.upstream.refresh = Answer::Says(500, String::new());
    let busy = Refusal::UpstreamRefresh(Box::new(Refusal::UpstreamBusy));
    assert_eq!(ask(&mut world, &who).unwrap_err(), busy);
    world.upstream.refresh = rotating();
    assert_eq!(asked(&mut world, &who).unwrap(), "renewed-access-2");
}

#[test]
fn a_token_that_is_over_and_cannot_be_refreshed_is_none() {
    let (mut world, ..) = an_hour_later();
    world.upstream.token =
        says(r#"{"access_token":"upstream-access","token_type":"Bearer","expires_in":3600}"#);
    let tokens = world.until_tokens();
    let who = principal(&world, &tokens);
    world.pass(HOUR - 1);
    assert_eq!(asked(&mut world, &who).unwrap(), "upstream-access");
    world.pass(1);
    assert_eq!(ask(&mut world, &who).unwrap_err(), Refusal::UpstreamTokenNotKept);
}

#[test]
fn a_principal_that_is_not_the_grants_gets_nothing() {
    let mut world = start();
    let tokens = world.until_tokens();
    let own = principal(&world, &tokens);
    let mut others = [own.clone(), own.clone(), own.clone()];
    others[0].subject = "idp:bob".to_owned();
    others[1].client_id = vestibule_core::ClientId::new("N");
    others[2].resource = "https://other.test".to_owned();
    for other in others {
        assert_eq!(ask(&mut world, &other).unwrap_err(), Refusal::OtherClient);
    }
    let mut late = own;
    late.expires_at = vestibule_core::Timestamp::from_seconds(world.now);
    assert_eq!(ask(&mut world, &late).unwrap_err(), Refusal::TokenExpired);
}

#[test]
fn a_grant_that_is_over_gives_nothing() {
    for cutoff in [Cutoff::Issuer, Cutoff::Subject("idp:alice".to_owned())] {
        let (mut world, _, who) = an_hour_later();
        let tick = world.tick();
        let step = world.server.end(cutoff, tick);
        world.finish(step).unwrap();
        assert_eq!(ask(&mut world, &who).unwrap_err(), Refusal::GrantEnded);
        assert!(world.upstream.refreshes().is_empty());
        assert_eq!(world.upstream.revocations().len(), 1);
    }
}

#[test]
fn sto_03_a_store_that_cannot_say_is_no_token() {
    let (mut world, _, who) = an_hour_later();
    world.store.faults = vec![Fault::Unavailable];
    assert_eq!(ask(&mut world, &who).unwrap_err(), Refusal::StoreUnavailable);
    assert_eq!(asked(&mut world, &who).unwrap(), "renewed-access-1");
}
