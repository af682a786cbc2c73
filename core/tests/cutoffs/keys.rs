//! Cutoffs while keys rotate, and when they are gone.

use vestibule_core::{ClientId, Config, Cutoff, SealingSecret};

use crate::world::{Browser, World, authorize_with, config, json_of, location};
use crate::{ADA, before, end, token};

#[test]
fn a_cutoff_outlives_the_rotation_of_the_secret_that_it_is_under() {
    for cutoff in
        [Cutoff::Issuer, Cutoff::Client(ClientId::new("P")), Cutoff::Subject(ADA.to_owned())]
    {
        let (mut world, before) = before();
        // Touched by nobody, so that the cutoff alone ends it.
        let untouched = world.store.clone();
        end(&mut world, cutoff).unwrap();
        for (key, record) in untouched.records() {
            world.store.put(key.clone(), record.clone());
        }
        let mut rotated = config();
        rotated.secrets.insert(0, SealingSecret::new([9; 32]).unwrap());
        let mut world = world.reconfigured(rotated);
        assert!(!world.is_live(&token(&before.tokens, "access_token")));
        assert_eq!(world.refresh(&token(&before.tokens, "refresh_token")).status, 400);
    }
}

fn with_secrets(secrets: &[u8]) -> Config {
    let mut config = config();
    config.secrets = secrets.iter().map(|n| SealingSecret::new([*n; 32]).unwrap()).collect();
    config
}

/// While a rotation spreads: a node that seals with the new secret, an operator whose configuration
/// has the old one first, and then the old one is removed.
#[test]
fn a_cutoff_reaches_what_was_sealed_with_any_listed_secret() {
    let mut ahead = World::of(with_secrets(&[2, 1]));
    let tokens = ahead.until_tokens();
    let mut behind = ahead.reconfigured(with_secrets(&[1, 2]));
    end(&mut behind, Cutoff::Issuer).unwrap();
    let mut removed = behind.reconfigured(with_secrets(&[2]));
    assert!(!removed.is_live(&token(&tokens, "access_token")));
    assert_eq!(removed.refresh(&token(&tokens, "refresh_token")).status, 400);
}

#[test]
fn sto_11_a_damaged_cutoff_under_an_older_secret_is_made_anew_as_well() {
    let mut world = World::of(with_secrets(&[1]));
    end(&mut world, Cutoff::Issuer).unwrap();
    world.store.corrupt_kind("cutoff/issuer");
    let mut world = world.reconfigured(with_secrets(&[2, 1]));
    let mut browser = Browser::default();
    let callback = browser.until_callback(&mut world, &authorize_with(&[]));
    assert_eq!(browser.clone().get(&mut world, &callback).status, 503);
    end(&mut world, Cutoff::Issuer).unwrap();
    assert!(
        location(&browser.get(&mut world, &callback).headers).unwrap().contains("access_denied")
    );
    assert_eq!(world.until_tokens()["token_type"], "Bearer");
}

/// The key that the client's cutoff was under goes, and so does the client.
#[test]
fn a_client_whose_registration_secret_is_removed_has_nothing_any_more() {
    let mut config = config();
    let secret = |n: u8| vec![SealingSecret::new([n; 32]).unwrap()];
    config.registration.secrets = secret(7);
    let mut world = World::of(config.clone());
    let id = world.register("https://app.test/cb");
    let code = world.until_code_with(&[("client_id", &id)])["code"].clone();
    let tokens = json_of(&world.redeem_with(&code, &[("client_id", &id)]));
    let access = token(&tokens, "access_token");
    assert!(world.is_live(&access));
    end(&mut world, Cutoff::Client(ClientId::new(&*id))).unwrap();
    config.registration.secrets = secret(8);
    assert!(!world.reconfigured(config).is_live(&access));
}

#[test]
fn a_configured_client_that_is_removed_has_nothing_any_more() {
    let (world, before) = before();
    let mut without = config();
    without.clients.retain(|client| client.id.as_str() != "P");
    assert!(!world.reconfigured(without).is_live(&token(&before.tokens, "access_token")));
}
