//! Keys are appended, moved to first place, removed, and nobody is lost on the way.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests say so when something is wrong")]

mod world;

use vestibule_core::{Algorithm, Config, Issuer, Refusal, SealingSecret, SigningKey, Timestamp};

use world::store::Fault;
use world::{Browser, World, authorize_with, config, json_of, location, resource_request, text};

/// Which list a rotation changes.
#[derive(Clone, Copy, Debug)]
enum List {
    Secrets,
    SigningKeys,
    RegistrationSecrets,
}

const LISTS: [List; 3] = [List::Secrets, List::SigningKeys, List::RegistrationSecrets];

/// The configurations of a rotation from key 1 to key 2: before, appended, moved first, removed.
fn stages(list: List) -> [Config; 4] {
    [&[1][..], &[1, 2], &[2, 1], &[2]].map(|keys| {
        let mut config = config();
        config.registration.secrets = vec![SealingSecret::new([7; 32]).unwrap()];
        let secrets = || keys.iter().map(|key| SealingSecret::new([*key; 32]).unwrap()).collect();
        match list {
            List::Secrets => config.secrets = secrets(),
            List::RegistrationSecrets => config.registration.secrets = secrets(),
            List::SigningKeys => {
                let key = |key: &u8| SigningKey::from_bytes(Algorithm::EdDsa, [*key; 32]).unwrap();
                config.signing_keys = keys.iter().map(key).collect();
            }
        }
        config
    })
}

/// What people and clients hold at one moment.
struct Held {
    refresh_token: String,
    access_token: String,
    code: String,
    page: http::Uri,
    browser: Browser,
    callback: String,
}

fn held(world: &mut World) -> Held {
    let tokens = world.until_tokens();
    let member = |name: &str| tokens[name].as_str().unwrap().to_owned();
    let client_id = world.register("https://app.test/cb");
    let mut browser = Browser::default();
    Held {
        code: world.until_code()["code"].clone(),
        callback: browser.until_callback(world, &authorize_with(&[])),
        page: authorize_with(&[("client_id", &client_id)]).parse().unwrap(),
        refresh_token: member("refresh_token"),
        access_token: member("access_token"),
        browser,
    }
}

/// All of it is good in `world`.
fn assert_good(world: &mut World, mut held: Held, context: &str) {
    assert!(world.is_live(&held.access_token), "access token: {context}");
    let refreshed = world.refresh(&held.refresh_token);
    assert_eq!(refreshed.status, 200, "refresh token: {context}: {}", text(&refreshed));
    assert!(world.is_live(json_of(&refreshed)["access_token"].as_str().unwrap()), "{context}");
    assert_eq!(world.redeem(&held.code).status, 200, "code: {context}");
    assert_eq!(world.get(&held.page.to_string()).status, 200, "client_id: {context}");
    let back = held.browser.get(world, &held.callback);
    let said = location(&back.headers).unwrap_or_default();
    assert!(said.contains("code="), "a flow under way: {context}: {}", text(&back));
}

/// While a rotation spreads, some nodes are one stage ahead of others.
#[test]
fn nodes_a_stage_apart_accept_what_the_others_made() {
    for list in LISTS {
        let stages = stages(list);
        for (before, after) in [(0, 1), (1, 2)] {
            for (maker, taker) in [(before, after), (after, before)] {
                let mut world = World::of(stages[maker].clone());
                let made = held(&mut world);
                let mut world = world.reconfigured(stages[taker].clone());
                assert_good(&mut world, made, &format!("{list:?} {maker} to {taker}"));
            }
        }
    }
}

#[test]
fn a_grant_that_is_used_lives_through_the_whole_rotation() {
    for list in LISTS {
        let mut world = World::of(stages(list)[0].clone());
        let tokens = world.until_tokens();
        let mut refresh_token = tokens["refresh_token"].as_str().unwrap().to_owned();
        for stage in stages(list) {
            world = world.reconfigured(stage);
            let refreshed = world.refresh(&refresh_token);
            assert_eq!(refreshed.status, 200, "{list:?}: {}", text(&refreshed));
            refresh_token = json_of(&refreshed)["refresh_token"].as_str().unwrap().to_owned();
            world.pass(3600);
        }
    }
}

#[test]
fn a_removed_key_ends_what_it_made_and_nothing_else() {
    for list in LISTS {
        let [before, _, moved, removed] = stages(list);
        let mut world = World::of(before);
        let old = held(&mut world);
        let mut world = world.reconfigured(moved);
        let new = held(&mut world);
        let mut world = world.reconfigured(removed);
        match list {
            List::Secrets => {
                assert_eq!(world.refresh(&old.refresh_token).status, 400);
                assert_eq!(world.redeem(&old.code).status, 400);
            }
            List::SigningKeys => {
                let now = Timestamp::from_seconds(world.now);
                let parts = resource_request(&old.access_token);
                assert!(world.server.authenticate(&parts, now).is_err());
                assert_eq!(world.refresh(&old.refresh_token).status, 200, "the grant lives");
            }
            List::RegistrationSecrets => {
                assert_eq!(world.get(&old.page.to_string()).status, 400);
                assert_eq!(
                    world.refresh(&old.refresh_token).status,
                    200,
                    "configured clients live"
                );
            }
        }
        assert_good(&mut world, new, &format!("{list:?}"));
    }
}

#[test]
fn client_ids_live_on_where_the_old_sealing_secret_is_named_for_registration() {
    let mut world = World::new();
    let id = world.register("https://app.test/cb");
    let mut rotated = config();
    rotated.registration.secrets = vec![SealingSecret::new([1; 32]).unwrap()];
    rotated.secrets = vec![SealingSecret::new([2; 32]).unwrap()];
    let page = world.reconfigured(rotated).get(&authorize_with(&[("client_id", &id)]));
    assert_eq!(page.status, 200, "{}", text(&page));
}

/// The key that is kept in the store, for who configures none.
fn kept(world: &mut World, secrets: &[u8]) -> Result<SigningKey, Refusal> {
    let secrets: Vec<_> =
        secrets.iter().map(|secret| SealingSecret::new([*secret; 32]).unwrap()).collect();
    let tick = world.tick();
    let step = SigningKey::kept(&secrets, &Issuer::parse(world::ISSUER).unwrap(), tick);
    world.finish(step)
}

fn kid(key: Result<SigningKey, Refusal>) -> String {
    key.unwrap().kid().to_owned()
}

#[test]
fn the_kept_signing_key_is_made_once_and_outlives_a_rotation_of_the_secrets() {
    let mut world = World::new();
    let made = kid(kept(&mut world, &[1]));
    for secrets in [&[1][..], &[1, 2], &[2, 1], &[2]] {
        assert_eq!(kid(kept(&mut world, secrets)), made, "{secrets:?}");
        assert_eq!(world.store.len(), 1, "no copy under a secret that may leak later");
    }
}

#[test]
fn two_instances_that_start_at_once_keep_one_signing_key() {
    let mut world = World::new();
    let issuer = Issuer::parse(world::ISSUER).unwrap();
    let secrets = [SealingSecret::new([1; 32]).unwrap()];
    let begin = |world: &mut World| {
        let step = SigningKey::kept(&secrets, &issuer, world.tick());
        world.advance(step).ok().unwrap()
    };
    // Both have seen that there is none.
    let (first, second) = (begin(&mut world), begin(&mut world));
    assert_eq!(kid(world.finish(first)), kid(world.finish(second)));
}

#[test]
fn sto_02_a_kept_signing_key_whose_acknowledgement_was_lost_is_the_key() {
    let mut world = World::new();
    world.store.faults = vec![Fault::None, Fault::AppliedButUnavailable];
    let made = kid(kept(&mut world, &[1]));
    assert_eq!(kid(kept(&mut world, &[1])), made);
}

#[test]
fn sto_11_a_kept_signing_key_that_is_damaged_is_not_replaced() {
    let mut world = World::new();
    kept(&mut world, &[1]).unwrap();
    world.store.corrupt_kind("signing-key");
    assert_eq!(kept(&mut world, &[1]).err(), Some(Refusal::CorruptRecord));
    world.store.faults = vec![Fault::Unavailable];
    assert_eq!(kept(&mut world, &[1]).err(), Some(Refusal::StoreUnavailable));
    assert_eq!(world.store.len(), 1);
}
