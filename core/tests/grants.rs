//! What an operator sees of a person's grants, and by what a store is known again.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests say so when something is wrong")]

mod world;

use std::time::Duration;

use vestibule_core::{Cutoff, GrantId, GrantSummary, Grants, Refusal, SealingSecret};

use world::store::Fault;
use world::{World, config};

const ADA: &str = "idp:alice";

fn list(world: &mut World, subject: &str) -> Result<Grants, Refusal> {
    let tick = world.tick();
    let step = world.server.grants(subject, tick);
    world.finish(step)
}

fn living(world: &mut World) -> Vec<GrantSummary> {
    list(world, ADA).unwrap().living
}

fn token(tokens: &serde_json::Value, name: &str) -> String {
    tokens[name].as_str().unwrap().to_owned()
}

fn with_secrets(world: &World, secrets: &[u8]) -> World {
    let mut config = config();
    config.secrets = secrets.iter().map(|n| SealingSecret::new([*n; 32]).unwrap()).collect();
    world.reconfigured(config)
}

#[test]
fn grants_are_listed_across_pages_and_keys_the_oldest_first() {
    let mut world = World::new();
    for _ in 0..150 {
        world.until_tokens();
        world.pass(1);
    }
    let mut world = with_secrets(&world, &[9, 1]);
    let newest = world.until_code();
    let listed = living(&mut world);
    assert_eq!(listed.len(), 151);
    assert!(listed.is_sorted_by_key(|grant| grant.allowed_at));
    let last = listed.last().unwrap();
    assert_eq!((last.client_id.as_str(), &*last.scope), ("P", "mcp:read mcp:write"));
    assert_eq!((last.refreshed_at, newest.contains_key("code")), (None, true));
    assert!(list(&mut world, "idp:bob").unwrap().living.is_empty());
}

#[test]
fn what_was_ended_or_is_over_is_not_listed() {
    let mut world = World::new();
    world.until_code();
    let tokens = world.until_tokens();
    world.revoke(&token(&tokens, "refresh_token"));
    assert_eq!(living(&mut world).len(), 1, "the code's");
    world.pass(120);
    assert!(living(&mut world).is_empty(), "the code is dead");
    world.until_tokens();
    world.pass(1);
    let tick = world.tick();
    let step = world.server.end(Cutoff::Issuer, tick);
    world.finish(step).unwrap();
    assert!(living(&mut world).is_empty(), "nobody has touched it since");
}

/// A refresh token lives by its own word; only the absolute lifetime of today shortens it.
#[test]
fn a_grant_that_can_be_refreshed_is_listed_whatever_the_lifetimes_of_today() {
    let mut world = World::new();
    let tokens = world.until_tokens();
    world.pass(2 * 86_400);
    let mut shorter = config();
    shorter.lifetimes.refresh = Duration::from_secs(86_400);
    let mut world = world.reconfigured(shorter.clone());
    assert_eq!(living(&mut world).len(), 1);
    assert_eq!(world.clone().refresh(&token(&tokens, "refresh_token")).status, 200);
    shorter.lifetimes.grant = Duration::from_secs(86_400);
    let mut world = world.reconfigured(shorter);
    assert!(living(&mut world).is_empty());
    assert_eq!(world.refresh(&token(&tokens, "refresh_token")).status, 400);
}

#[test]
fn a_person_of_a_provider_that_is_gone_is_listed_and_ended() {
    let mut world = World::new();
    let tokens = world.until_tokens();
    let mut gone = config();
    gone.providers.remove(0);
    let mut world = world.reconfigured(gone);
    assert_eq!(living(&mut world).len(), 1);
    world.pass(1);
    let tick = world.tick();
    let step = world.server.end(Cutoff::Subject(ADA.to_owned()), tick);
    assert_eq!(world.finish(step).unwrap().grants.len(), 1);
    assert_eq!(world.refresh(&token(&tokens, "refresh_token")).status, 400);
}

#[test]
fn sto_11_a_damaged_record_hides_no_other_and_is_told() {
    let mut world = World::new();
    world.until_tokens();
    world.store.corrupt_kind("grant/");
    let whole = world.until_tokens();
    let listed = list(&mut world, ADA).unwrap();
    assert_eq!((listed.living.len(), listed.unreadable.len()), (1, 1));
    world.pass(1);
    let tick = world.tick();
    let step = world.server.end(Cutoff::Subject(ADA.to_owned()), tick);
    let wiped = world.finish(step).unwrap();
    assert_eq!(wiped.grants[0].grant_id, listed.living[0].grant_id);
    assert_eq!(wiped.unreadable, listed.unreadable);
    assert_eq!(world.refresh(&token(&whole, "refresh_token")).status, 400);
}

#[test]
fn one_grant_is_ended_by_its_id_as_it_is_written() {
    let mut world = World::new();
    let code = world.until_code()["code"].clone();
    let tokens = world.until_tokens();
    let listed = living(&mut world);
    let redeemed = listed.iter().find(|grant| grant.refreshed_at.is_some()).unwrap();
    let id = GrantId::parse(&redeemed.grant_id.to_string()).unwrap();
    for was_alive in [true, false] {
        let tick = world.tick();
        let step = world.server.end_grant(id, tick);
        assert_eq!(world.finish(step), Ok(was_alive));
    }
    assert!(!world.is_live(&token(&tokens, "access_token")));
    assert_eq!(world.redeem(&code).status, 200, "the other one");
}

#[test]
fn sto_03_a_list_that_cannot_be_had_is_never_a_shorter_one() {
    let mut world = World::new();
    world.until_tokens();
    world.store.faults = vec![Fault::Unavailable];
    assert_eq!(list(&mut world, ADA), Err(Refusal::StoreUnavailable));
    // The list comes, the cutoffs do not.
    world.store.faults = vec![Fault::None, Fault::Unavailable];
    assert_eq!(list(&mut world, ADA), Err(Refusal::StoreUnavailable));
}

fn knows_store(world: &mut World) -> Result<bool, Refusal> {
    let tick = world.tick();
    let step = world.server.knows_store(tick);
    world.finish(step)
}

fn mark_store(world: &mut World) -> Result<(), Refusal> {
    let tick = world.tick();
    let step = world.server.mark_store(tick);
    world.finish(step)
}

#[test]
fn a_store_is_known_by_who_has_a_secret_of_its_server_in_first_place() {
    let mut world = World::new();
    assert_eq!(knows_store(&mut world), Ok(false), "before its first start");
    let mut world = with_secrets(&world, &[1, 2]);
    for _ in 0..2 {
        mark_store(&mut world).unwrap();
    }
    assert_eq!(world.store.len(), 2, "a mark for each secret, once");
    for (secrets, known) in [(&[1][..], true), (&[2, 1], true), (&[3, 1], false), (&[3], false)] {
        let mut other = with_secrets(&world, secrets);
        assert_eq!(knows_store(&mut other), Ok(known), "{secrets:?}");
    }
}

#[test]
fn sto_03_sto_11_whether_a_store_is_known_is_never_guessed() {
    let mut world = World::new();
    mark_store(&mut world).unwrap();
    world.store.faults = vec![Fault::Unavailable];
    assert_eq!(knows_store(&mut world), Err(Refusal::StoreUnavailable));
    world.store.corrupt_kind("mark");
    assert_eq!(knows_store(&mut world), Err(Refusal::CorruptRecord));
    mark_store(&mut world).unwrap();
    assert_eq!(knows_store(&mut world), Ok(true), "the next start makes it anew");
}
