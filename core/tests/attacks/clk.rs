//! The clock.

use crate::expect::{get, invalid_grant, member, refused, rs401, tok, until_callback};
use crate::world::{
    Browser, World, authorize_with, claims_of, config, json_of, redemption, refresh,
    resource_request, text,
};

#[test]
fn clk_01_a_clock_that_jumps_back_brings_no_spent_code_back() {
    let mut world = World::new();
    let code = world.until_code()["code"].clone();
    let tokens = json_of(&world.redeem(&code));
    world.pass(600);
    world.store.sweep(world.now);
    tok(&mut world, redemption(&code, &[]), "invalid_grant");
    world.now -= 3600;
    invalid_grant(&mut world, redemption(&code, &[]));
    assert!(!world.is_live(&member(&tokens, "access_token")));
}

#[test]
fn clk_01_nor_a_refresh_token_whose_grace_was_over() {
    let mut world = World::new();
    let first = world.until_tokens();
    let second = json_of(&world.refresh(&member(&first, "refresh_token")));
    world.pass(600);
    world.now -= 3600;
    invalid_grant(&mut world, refresh(&member(&first, "refresh_token"), &[]));
    assert!(!world.is_live(&member(&second, "access_token")));
}

/// A node that is a minute behind the one that rotated is no clock that jumped.
#[test]
fn clk_03_nodes_a_minute_apart_give_the_same_successor() {
    for (behind, ahead) in [(60, 0), (0, 59), (60, 59)] {
        let mut world = World::new();
        let first = world.until_tokens();
        let second = json_of(&world.refresh(&member(&first, "refresh_token")));
        world.now = world.now - behind + ahead;
        let again = world.refresh(&member(&first, "refresh_token"));
        assert_eq!(again.status, 200, "{}", text(&again));
        assert_eq!(json_of(&again)["refresh_token"], second["refresh_token"]);
    }
}

#[test]
fn clk_02_a_clock_that_jumps_forward_ends_what_it_should() {
    let mut world = World::new();
    let code = world.until_code()["code"].clone();
    let tokens = world.until_tokens();
    let (browser, callback) = until_callback(&mut world, &authorize_with(&[]));
    world.pass(86_400);
    tok(&mut world, redemption(&code, &[]), "invalid_grant");
    rs401(&world, &member(&tokens, "access_token"));
    assert_eq!(refused(&mut world, get(&callback, &browser.header())).status, 400);
    let refreshed = json_of(&world.refresh(&member(&tokens, "refresh_token")));
    assert_eq!(refreshed["expires_in"], 900);
}

/// One inequality everywhere: alive a second before its end, dead at it.
#[test]
fn clk_04_everything_is_dead_at_the_second_of_its_end() {
    let mut world = World::new();
    let mut browser = Browser::default();
    let page = browser.get(&mut world, &authorize_with(&[]));
    let callback = browser.until_callback(&mut world, &authorize_with(&[]));
    let code = world.until_code()["code"].clone();
    let first = world.until_tokens();
    let mut rotated = world.clone();
    let second = json_of(&rotated.refresh(&member(&first, "refresh_token")));
    type Accepted = Box<dyn Fn(&mut World) -> bool>;
    let (before, after) = (member(&first, "refresh_token"), member(&second, "refresh_token"));
    let (live, plain) = (member(&first, "access_token"), member(&first, "access_token"));
    let pressing = browser.clone();
    let back = move |world: &mut World| browser.clone().get(world, &callback).status == 303;
    let press = move |world: &mut World| {
        pressing.clone().press(world, &page, ("provider", "idp")).status == 303
    };
    let authenticates = move |world: &mut World| {
        let now = vestibule_core::Timestamp::from_seconds(world.now);
        world.server.authenticate(&resource_request(&plain), now).is_ok()
    };
    let again = move |world: &mut World| world.refresh(&before).status == 200;
    let all: [(&str, u64, &World, Accepted); 7] = [
        ("page", 30 * 60, &world, Box::new(press)),
        ("state", 10 * 60, &world, Box::new(back)),
        ("code", 120, &world, Box::new(move |world| world.redeem(&code).status == 200)),
        ("access token", 15 * 60, &world, Box::new(authenticates)),
        ("access token, live", 15 * 60, &world, Box::new(move |world| world.is_live(&live))),
        ("refresh token", 30 * 86_400, &rotated, {
            Box::new(move |world| world.refresh(&after).status == 200)
        }),
        ("grace", 60, &rotated, Box::new(again)),
    ];
    for (what, lives, world, accepted) in all {
        for (offset, alive) in [(lives - 1, true), (lives, false), (lives + 1, false)] {
            let mut then = world.clone();
            then.pass(offset);
            assert_eq!(accepted(&mut then), alive, "{what} after {offset} s");
        }
    }
}

fn at(now: u64) -> World {
    let mut world = World::new();
    world.now = now;
    world
}

#[test]
fn clk_05_the_first_the_last_and_the_unlikely_second() {
    for now in [0, 1, u64::from(u32::MAX), u64::from(u32::MAX) + 1, 253_402_300_799] {
        let mut world = at(now);
        let tokens = world.until_tokens();
        assert!(world.is_live(&member(&tokens, "access_token")), "{now}");
        assert_eq!(world.refresh(&member(&tokens, "refresh_token")).status, 200, "{now}");
    }
    // At the end of time everything is over at once, and nothing breaks.
    for now in [i64::MAX as u64 - 1, i64::MAX as u64, u64::MAX] {
        let mut world = at(now);
        let mut browser = Browser::default();
        let page = browser.get(&mut world, &authorize_with(&[]));
        let consent = browser.press(&mut world, &page, ("provider", "idp"));
        assert!([303, 400].contains(&consent.status.as_u16()), "{}", text(&consent));
        // What was made in good time, shown then.
        let mut before = World::new();
        let code = before.until_code()["code"].clone();
        let tokens = before.until_tokens();
        let mut then = before;
        then.now = now;
        tok(&mut then, redemption(&code, &[]), "invalid_grant");
        tok(&mut then, refresh(&member(&tokens, "refresh_token"), &[]), "invalid_grant");
        rs401(&then, &member(&tokens, "access_token"));
    }
    let mut config = config();
    config.lifetimes.access = std::time::Duration::MAX;
    assert!(vestibule_core::Server::new(config).is_err());
}

#[test]
fn clk_06_what_a_client_is_told_is_what_its_token_says() {
    let mut world = World::new();
    let mut tokens = world.until_tokens();
    for _ in 0..3 {
        let claims = claims_of(&member(&tokens, "access_token"));
        let lives = tokens["expires_in"].as_u64().unwrap();
        assert_eq!(claims["exp"], world.now + lives);
        assert_eq!(claims["iat"], world.now);
        let mut later = world.clone();
        later.pass(lives - 1);
        assert!(later.is_live(&member(&tokens, "access_token")));
        later.pass(1);
        rs401(&later, &member(&tokens, "access_token"));
        world.pass(100);
        tokens = json_of(&world.refresh(&member(&tokens, "refresh_token")));
    }
    // Given again inside the grace it is the same token, and shorter by what has passed.
    let token = member(&tokens, "refresh_token");
    let first = json_of(&world.refresh(&token));
    world.pass(30);
    let again = json_of(&world.refresh(&token));
    assert_eq!(again["access_token"], first["access_token"]);
    assert_eq!(again["expires_in"], 870);
}
