//! A record that has expired is forgotten, and what is in it is ended before.

use crate::kit::{refresh_token, start};
use crate::world::World;

/// Forgets each record as a store's sweeper does; how many revocations that made.
fn forget(world: &mut World) -> usize {
    let records: Vec<_> =
        world.store.records().map(|(key, record)| (key.clone(), record.clone())).collect();
    let before = world.upstream.revocations().len();
    for (key, record) in records {
        let tick = world.tick();
        let step = world.server.forget(&key, &record, tick);
        world.finish(step);
    }
    world.upstream.revocations().len() - before
}

#[test]
fn a_code_that_nobody_redeemed_leaves_nothing_upstream() {
    let mut world = start();
    world.until_code();
    let expires_at = world.store.only_record().1.expires_at.seconds();
    world.now = expires_at + 119;
    assert_eq!(forget(&mut world), 0, "it may still be wanted");
    world.now += 1;
    assert_eq!(forget(&mut world), 1);
}

#[test]
fn a_grant_that_nobody_refreshed_leaves_nothing_upstream() {
    let mut world = start();
    world.until_tokens();
    world.now = world.store.only_record().1.expires_at.seconds() + 120;
    assert_eq!(forget(&mut world), 1);
}

#[test]
fn a_tombstone_and_a_damaged_record_are_simply_forgotten() {
    let mut world = start();
    let tokens = world.until_tokens();
    world.revoke(&refresh_token(&tokens));
    world.now = world.store.only_record().1.expires_at.seconds() + 120;
    assert_eq!(forget(&mut world), 0);
    world.store.corrupt();
    assert_eq!(forget(&mut world), 0);
}
