//! Who may sign in: what each rule lets in and keeps out, at the sign-in and at every refresh.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests say so when something is wrong")]

#[path = "../world/mod.rs"]
mod world;

mod asked_again;
mod claims;
mod emails;
mod faults;
mod github;
mod refreshes;

use vestibule_core::{Access, EmailPattern, Event, ProviderAccess, ProviderId, Refusal, Rule};

use world::upstream::Answer;
use world::{Browser, World, authorize_with, config, location, query_of, text};

fn id(provider: &str) -> ProviderId {
    ProviderId::parse(provider).unwrap()
}

fn emails(patterns: &[&str]) -> Access {
    let mut access = Access::default();
    access.emails = patterns.iter().map(|it| EmailPattern::parse(it).unwrap()).collect();
    access
}

/// Rules for one provider alone.
fn of(provider: &str, change: impl FnOnce(&mut ProviderAccess)) -> Access {
    let mut rules = ProviderAccess::default();
    change(&mut rules);
    let mut access = Access::default();
    access.providers.insert(id(provider), rules);
    access
}

fn names(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

fn says(value: &serde_json::Value) -> Answer {
    Answer::Says(200, value.to_string())
}

/// The rule that the last refusal names.
fn rule(world: &World) -> Option<Rule> {
    let last = world.events.iter().rev().find_map(|event| {
        if let Event::Refused { refusal } = event { Some(refusal) } else { None }
    });
    if let Some(Refusal::NotAllowed(person)) = last { Some(person.rule) } else { None }
}

/// Comes back to the callback: who may is at the client with a code, who may not reads why, and
/// nothing is kept.
fn came_back(world: &mut World, browser: &mut Browser, callback: &str) -> Result<String, Rule> {
    let response = browser.get(world, callback);
    if let Some(to) = location(&response.headers) {
        return Ok(query_of(to)["code"].clone());
    }
    assert_eq!(response.status, 400, "{}", text(&response));
    let grants = world.store.records().filter(|(key, _)| key.as_str().starts_with("grant/"));
    assert_eq!(grants.count(), 0, "nothing is kept of the refused");
    assert_eq!(browser.cookies.keys().filter(|name| name.contains("flow")).count(), 0);
    Err(rule(world).unwrap_or_else(|| panic!("{:?}", world.events)))
}

/// A sign-in at a provider without ID tokens.
fn sign_in(world: &mut World) -> Result<String, Rule> {
    let mut browser = Browser::default();
    let callback = browser.until_callback(world, &authorize_with(&[]));
    came_back(world, &mut browser, &callback)
}

/// The world of the fixtures with these rules.
fn with(access: Access) -> World {
    let mut config = config();
    config.access = access;
    World::of(config)
}
