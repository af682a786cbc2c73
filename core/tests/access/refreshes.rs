//! Judged again at every refresh, against the configuration of today.

use vestibule_core::{Ended, Event, Rule};

use crate::world::{World, config, error_of};
use crate::{emails, rule, with};

fn tokens(world: &mut World) -> (String, String) {
    let tokens = world.until_tokens();
    let text = |name: &str| tokens[name].as_str().unwrap().to_owned();
    (text("access_token"), text("refresh_token"))
}

#[test]
fn whoever_is_no_longer_allowed_loses_the_grant_at_the_next_refresh() {
    let mut world = with(emails(&["*@idp.test"]));
    let (access_token, refresh_token) = tokens(&mut world);
    let mut changed = config();
    changed.access = emails(&["*@example.com"]);
    let mut world = world.reconfigured(changed);
    assert_eq!(error_of(&world.refresh(&refresh_token)), (400, "invalid_grant".to_owned()));
    assert_eq!(rule(&world), Some(Rule::Email));
    let ended = |event: &Event| matches!(event, Event::GrantEnded { why: Ended::Denied, .. });
    assert!(world.events.iter().any(ended), "{:?}", world.events);
    assert!(!world.is_live(&access_token));
    let mut back = world.reconfigured(config());
    assert_eq!(back.refresh(&refresh_token).status, 400, "what has ended stays so");
}

#[test]
fn whoever_is_still_allowed_stays() {
    let mut world = with(emails(&[]));
    let (_, refresh_token) = tokens(&mut world);
    let mut changed = config();
    changed.access = emails(&["alice@idp.test"]);
    let mut world = world.reconfigured(changed);
    assert_eq!(world.refresh(&refresh_token).status, 200);
}

#[test]
fn a_grant_of_a_provider_that_was_removed_gives_nothing_until_it_is_back() {
    let mut world = with(emails(&[]));
    let (_, refresh_token) = tokens(&mut world);
    let mut without = config();
    without.providers.retain(|provider| provider.id.as_str() == "other");
    let mut world = world.reconfigured(without);
    assert_eq!(error_of(&world.refresh(&refresh_token)), (400, "invalid_grant".to_owned()));
    assert_eq!(world.reconfigured(config()).refresh(&refresh_token).status, 200);
}
