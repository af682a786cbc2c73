//! What an operator ends: one grant, a person's, a client's, everybody's.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests say so when something is wrong")]

mod keys;
#[path = "../world/mod.rs"]
mod world;

use serde_json::Value;
use vestibule_core::{ClientId, Cutoff, Event, GrantId, Refusal, Response, Step};

use world::store::Fault;
use world::upstream::Answer;
use world::{Browser, World, authorize_with, error_of, json_of, location, query_of, text};

const ADA: &str = "idp:alice";

/// Ends, a second after all that was allowed before.
fn end(world: &mut World, cutoff: Cutoff) -> Result<Vec<GrantId>, Refusal> {
    world.pass(1);
    let tick = world.tick();
    let step = world.server.end(cutoff, tick);
    let ended = world.finish(step);
    world.pass(1);
    let ended = ended?;
    assert!(ended.unreadable.is_empty());
    Ok(ended.grants.into_iter().map(|grant| grant.grant_id).collect())
}

fn token(tokens: &Value, name: &str) -> String {
    tokens[name].as_str().unwrap().to_owned()
}

/// Everything that is on its way or handed out, of the person `alice` and the client `P`.
struct Before {
    code: String,
    tokens: Value,
    browser: Browser,
    callback: String,
}

fn before() -> (World, Before) {
    let mut world = World::new();
    let code = world.until_code()["code"].clone();
    let tokens = world.until_tokens();
    let mut browser = Browser::default();
    let callback = browser.until_callback(&mut world, &authorize_with(&[]));
    (world, Before { code, tokens, browser, callback })
}

fn assert_all_over(world: &mut World, mut before: Before) {
    let refused =
        |response: &Response| assert_eq!(error_of(response), (400, "invalid_grant".to_owned()));
    assert!(!world.is_live(&token(&before.tokens, "access_token")));
    refused(&world.redeem(&before.code));
    refused(&world.refresh(&token(&before.tokens, "refresh_token")));
    let back = before.browser.get(world, &before.callback);
    let said = query_of(location(&back.headers).unwrap_or_else(|| panic!("{}", text(&back))));
    assert_eq!((&*said["error"], said.get("code")), ("access_denied", None));
    // What is begun afterwards lives.
    let again = world.until_tokens();
    assert!(world.is_live(&token(&again, "access_token")));
    assert_eq!(world.refresh(&token(&again, "refresh_token")).status, 200);
}

#[test]
fn a_cutoff_of_the_issuer_ends_everything_before_it_and_nothing_after() {
    let (mut world, before) = before();
    end(&mut world, Cutoff::Issuer).unwrap();
    assert_all_over(&mut world, before);
}

#[test]
fn a_cutoff_of_a_client_ends_everything_before_it_and_nothing_after() {
    let (mut world, before) = before();
    end(&mut world, Cutoff::Client(ClientId::new("P"))).unwrap();
    assert_all_over(&mut world, before);
}

#[test]
fn a_cutoff_of_a_person_ends_everything_before_it_and_nothing_after() {
    let (mut world, before) = before();
    end(&mut world, Cutoff::Subject(ADA.to_owned())).unwrap();
    assert_all_over(&mut world, before);
}

#[test]
fn a_cutoff_ends_what_was_allowed_in_its_very_second() {
    let (mut world, before) = before();
    let tick = world.tick();
    let step = world.server.end(Cutoff::Issuer, tick);
    world.finish(step).unwrap();
    assert!(!world.is_live(&token(&before.tokens, "access_token")));
}

#[test]
fn others_are_left_alone() {
    let (mut world, before) = before();
    world.upstream.user = Answer::Says(200, r#"{"sub":"bob"}"#.to_owned());
    let bobs = world.until_tokens();
    end(&mut world, Cutoff::Subject(ADA.to_owned())).unwrap();
    end(&mut world, Cutoff::Client(ClientId::new("C"))).unwrap();
    assert!(world.is_live(&token(&bobs, "access_token")));
    assert!(!world.is_live(&token(&before.tokens, "access_token")));
}

#[test]
fn a_client_that_registered_itself_has_to_register_again() {
    let mut world = World::new();
    let id = world.register("https://app.test/cb");
    let other = world.register("https://app.test/cb");
    end(&mut world, Cutoff::Client(ClientId::new(&*id))).unwrap();
    let page = world.get(&authorize_with(&[("client_id", &id)]));
    assert_eq!(page.status, 400);
    assert!(text(&page).contains("registers anew"), "{}", text(&page));
    assert_eq!(world.events.last(), Some(&Event::Refused { refusal: Refusal::ClientEnded }));
    assert_eq!(world.get(&authorize_with(&[("client_id", &other)])).status, 200);
}

/// Even in a flow that began while another node had not heard of the cutoff yet.
#[test]
fn a_registered_client_gets_no_code_however_late_the_flow_began() {
    let mut world = World::new();
    let id = world.register("https://app.test/cb");
    let mut unaware = world.clone();
    end(&mut world, Cutoff::Client(ClientId::new(&*id))).unwrap();
    unaware.pass(4);
    let mut browser = Browser::default();
    let callback = browser.until_callback(&mut unaware, &authorize_with(&[("client_id", &id)]));
    world.now = unaware.now;
    let back = browser.get(&mut world, &callback);
    assert_eq!(query_of(location(&back.headers).unwrap())["error"], "access_denied");
    assert!(world.upstream.calls.is_empty(), "the provider was asked for nothing");
}

#[test]
fn a_persons_grants_are_wiped_with_the_cutoff() {
    let (mut world, _) = before();
    let ended = end(&mut world, Cutoff::Subject(ADA.to_owned())).unwrap();
    assert_eq!(ended.len(), 2);
    let owned = world.store.records().filter(|(_, record)| record.owner.is_some());
    assert_eq!(owned.count(), 0);
}

#[test]
fn what_a_cutoff_ended_becomes_a_tombstone_when_it_is_touched_and_is_reported_once() {
    let (mut world, before) = before();
    end(&mut world, Cutoff::Issuer).unwrap();
    let owned =
        |world: &World| world.store.records().filter(|(_, record)| record.owner.is_some()).count();
    let untouched = owned(&world);
    let reported = |world: &World| {
        let cut_off = |event: &&Event| {
            matches!(event, Event::GrantEnded { why: vestibule_core::Ended::CutOff, .. })
        };
        world.events.iter().filter(cut_off).count()
    };
    for _ in 0..2 {
        world.refresh(&token(&before.tokens, "refresh_token"));
        assert_eq!((owned(&world), reported(&world)), (untouched - 1, 1));
    }
}

/// Whichever endpoint it is.
#[test]
fn a_client_that_gives_back_what_a_cutoff_ended_is_the_first_to_touch_it() {
    let (mut world, before) = before();
    end(&mut world, Cutoff::Issuer).unwrap();
    let ended = |world: &World| -> Vec<_> {
        let ended = world.events.iter().filter_map(|event| {
            if let Event::GrantEnded { why, .. } = event { Some(*why) } else { None }
        });
        ended.collect()
    };
    for name in ["refresh_token", "access_token", "refresh_token"] {
        assert_eq!(world.revoke(&token(&before.tokens, name)).status, 200);
        assert_eq!(ended(&world), [vestibule_core::Ended::CutOff]);
    }
}

#[test]
fn what_does_not_exist_is_not_ended_in_silence() {
    let mut world = World::new();
    let nobody = Cutoff::Client(ClientId::new("nobody"));
    assert_eq!(end(&mut world, nobody), Err(Refusal::UnknownClient));
    for subject in ["alice", "idp:", "No Where:alice", ":", ""] {
        let refusal = Refusal::Invalid { parameter: "subject" };
        assert_eq!(end(&mut world, Cutoff::Subject(subject.to_owned())), Err(refusal));
    }
    assert_eq!(world.store.len(), 0);
}

#[test]
fn a_cutoff_moves_forward_only() {
    let (mut world, before) = before();
    world.pass(100);
    end(&mut world, Cutoff::Issuer).unwrap();
    world.now -= 3600;
    end(&mut world, Cutoff::Issuer).unwrap();
    world.now += 3600;
    assert!(!world.is_live(&token(&before.tokens, "access_token")));
}

#[test]
fn sto_11_a_cutoff_that_cannot_be_read_is_never_none_and_can_be_made_anew() {
    let (mut world, before) = before();
    end(&mut world, Cutoff::Issuer).unwrap();
    let after = world.until_tokens();
    let alive = world.store.clone();
    world.store.corrupt_kind("cutoff/issuer");
    for tokens in [&before.tokens, &after] {
        assert!(!world.is_live(&token(tokens, "access_token")));
        let refused = world.refresh(&token(tokens, "refresh_token"));
        assert_eq!(error_of(&refused).0, 503);
    }
    assert_eq!(world.events.last(), Some(&Event::Refused { refusal: Refusal::CorruptCutoff }));
    assert_eq!(world.store.len(), alive.len(), "nothing was ended by a record nobody can read");
    end(&mut world, Cutoff::Issuer).unwrap();
    let again = world.until_tokens();
    assert!(world.is_live(&token(&again, "access_token")));
    assert_eq!(world.refresh(&token(&after, "refresh_token")).status, 400);
}

#[test]
fn sto_03_while_cutoffs_cannot_be_had_nothing_is_given_and_nothing_is_spent() {
    let (mut world, mut before) = before();
    let refresh_token = token(&before.tokens, "refresh_token");
    world.store.cache_is_away = true;
    for response in [
        world.redeem(&before.code),
        world.refresh(&refresh_token),
        world.revoke(&refresh_token),
        before.browser.get(&mut world, &before.callback),
    ] {
        assert_eq!(response.status, 503, "{}", text(&response));
        assert!(response.headers.contains_key(http::header::RETRY_AFTER));
    }
    world.store.cache_is_away = false;
    assert_eq!(world.redeem(&before.code).status, 200);
    assert_eq!(world.refresh(&refresh_token).status, 200);
    let back = before.browser.get(&mut world, &before.callback);
    assert!(location(&back.headers).unwrap().contains("code="));
}

#[test]
fn sto_03_a_page_is_not_shown_while_nobody_knows_whether_its_client_was_ended() {
    let mut world = World::new();
    let id = world.register("https://app.test/cb");
    world.store.faults = vec![Fault::Unavailable];
    let page = authorize_with(&[("client_id", &id)]);
    let refused = world.get(&page);
    assert_eq!(refused.status, 503);
    assert!(refused.headers.contains_key(http::header::RETRY_AFTER));
    assert_eq!(world.get(&page).status, 200);
}

#[test]
fn a_token_without_its_record_proves_that_the_store_is_behind() {
    let mut world = World::new();
    let backup = world.store.clone();
    let first = world.until_tokens();
    let code = world.until_code()["code"].clone();
    let later = world.store.clone();
    let second = json_of(&world.refresh(&token(&first, "refresh_token")));

    world.store = later;
    assert_eq!(world.refresh(&token(&second, "refresh_token")).status, 400);
    assert!(last_refusal(&world).proves_a_store_behind(), "a generation too many");
    world.store = backup;
    assert_eq!(world.refresh(&token(&second, "refresh_token")).status, 400);
    assert!(last_refusal(&world).proves_a_store_behind(), "no record at all");
    assert_eq!(world.redeem(&code).status, 400);
    assert!(last_refusal(&world).proves_a_store_behind(), "no record of a code");
    assert_eq!(world.redeem("vac1_nonsense").status, 400);
    assert!(!last_refusal(&world).proves_a_store_behind());
}

fn last_refusal(world: &World) -> &Refusal {
    let refusals = world.events.iter().rev();
    let mut refusals = refusals.filter_map(|event| {
        if let Event::Refused { refusal } = event { Some(refusal) } else { None }
    });
    refusals.next().unwrap()
}

/// A rotation that meets a cutoff on its way: whoever is first, what was allowed before is over.
#[test]
fn cod_12_a_refresh_that_overtakes_a_cutoff_brings_nothing_back() {
    let (mut world, before) = before();
    world.pass(1);
    let mut step = world.begin(world::refresh(&token(&before.tokens, "refresh_token"), &[]));
    while !matches!(step, Step::Swap(_)) {
        step = world.advance(step).ok().unwrap();
    }
    end(&mut world, Cutoff::Issuer).unwrap();
    let tokens = json_of(&world.finish(step).response);
    assert!(!world.is_live(&token(&tokens, "access_token")));
    assert_eq!(world.refresh(&token(&tokens, "refresh_token")).status, 400);
}

/// Nobody knows whether that was before the cutoff.
#[test]
fn clk_01_what_a_clock_allowed_that_was_ahead_is_ended_too() {
    let mut world = World::new();
    world.now += 3600;
    let tokens = world.until_tokens();
    world.now -= 3600;
    assert!(world.is_live(&token(&tokens, "access_token")), "without a cutoff");
    end(&mut world, Cutoff::Issuer).unwrap();
    assert!(!world.is_live(&token(&tokens, "access_token")));
    assert_eq!(world.refresh(&token(&tokens, "refresh_token")).status, 400);
    // For good: the clock catching up brings nothing back.
    world.now += 7200;
    assert_eq!(world.refresh(&token(&tokens, "refresh_token")).status, 400);
}
