//! Races, exhaustively: every interleaving of three actors, and at each swap also "applied, but
//! unavailable" and "not applied, unavailable".
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests say so when something is wrong")]

mod world;

use world::explore::{Ending, explore};
use world::store::Fault;
use world::{World, json_of, post, redemption, refresh, text};

use vestibule_core::Response;

/// The answers with status 200.
fn winners(responses: &[Response]) -> Vec<&Response> {
    responses.iter().filter(|response| response.status == 200).collect()
}

fn refresh_token(response: &Response) -> String {
    json_of(response)["refresh_token"].as_str().unwrap().to_owned()
}

fn access_token(response: &Response) -> String {
    json_of(response)["access_token"].as_str().unwrap().to_owned()
}

/// No token of an answer is good for anything.
fn is_dead(world: &mut World, response: &Response) -> bool {
    let access_is_dead = !world.is_live(&access_token(response));
    let refused = world.refresh(&refresh_token(response));
    access_is_dead && refused.status == 400 && json_of(&refused)["error"] == "invalid_grant"
}

/// Every answer is one that a client can act on.
fn assert_wire(responses: &[Response]) {
    for response in responses {
        let error = json_of(response)["error"].as_str().unwrap_or_default().to_owned();
        let known = matches!(
            (response.status.as_u16(), &*error),
            (200, "") | (400, "invalid_grant") | (503, "temporarily_unavailable")
        );
        assert!(known, "{} {}", response.status, text(response));
    }
}

fn redemptions(most_faults: usize, mut judge: impl FnMut(Ending)) -> usize {
    let mut start = World::new();
    let code = start.until_code()["code"].clone();
    let three = || (0..3).map(|_| redemption(&code, &[])).collect();
    explore(&start, three, most_faults, |ending| {
        assert_wire(&ending.responses);
        judge(ending);
    })
}

#[test]
fn cod_02_cod_05_one_of_three_redemptions_wins_and_the_others_end_its_grant() {
    let schedules = redemptions(0, |Ending { mut world, responses, .. }| {
        let winners = winners(&responses);
        assert_eq!(winners.len(), 1);
        assert!(is_dead(&mut world, winners[0]));
    });
    assert!(schedules >= 108, "{schedules} schedules");
}

#[test]
fn sto_02_sto_07_a_code_is_never_good_for_two_answers_whatever_the_store_says() {
    let schedules = redemptions(2, |Ending { mut world, responses, faults }| {
        let winners = winners(&responses);
        assert!(winners.len() <= 1, "one code, {} answers with tokens", winners.len());
        let replay_was_seen = responses.iter().any(|response| response.status == 400);
        if replay_was_seen && let [winner] = winners[..] {
            assert!(is_dead(&mut world, winner), "a replay was refused and the grant lives on");
        }
        // Two faults do not outlast a flow's patience.
        assert!(responses.iter().all(|response| response.status != 503), "{faults} faults");
    });
    assert!(schedules >= 46_680, "{schedules} schedules");
}

#[test]
fn sto_02_a_write_that_arrives_late_is_known_for_our_own() {
    let mut world = World::new();
    let code = world.until_code()["code"].clone();
    // The load is well; the swap is lost on its way and arrives with the second attempt.
    world.store.faults = vec![Fault::None, Fault::AppliedLater];
    let tokens = world.redeem(&code);
    assert_eq!(tokens.status, 200, "{}", text(&tokens));
    world.store.faults = vec![Fault::None, Fault::AppliedLater];
    let refreshed = world.refresh(&refresh_token(&tokens));
    assert_eq!(refreshed.status, 200, "{}", text(&refreshed));
    assert_eq!(world.refresh(&refresh_token(&refreshed)).status, 200);
}

#[test]
fn sto_03_a_store_that_stays_away_is_503_after_at_most_eight_pauses() {
    let mut world = World::new();
    let code = world.until_code()["code"].clone();
    world.store.faults = std::iter::once(Fault::None).chain([Fault::Unavailable; 40]).collect();
    let answer = world.redeem(&code);
    assert_eq!(answer.status, 503);
    assert_eq!(40 - world.store.faults.len(), 9, "one swap, then a load after each pause");
    world.store.faults.clear();
    assert_eq!(world.redeem(&code).status, 200, "nothing was spent");
}

#[test]
fn sto_07_a_replay_seen_while_the_store_is_away_ends_the_grant_when_it_is_back() {
    let mut world = World::new();
    let code = world.until_code()["code"].clone();
    let tokens = world.redeem(&code);
    // One swap and eight looks: as long as the request itself is tried.
    world.store.faults = std::iter::once(Fault::None).chain([Fault::Unavailable; 9]).collect();
    assert_eq!(world.redeem(&code).status, 503);
    assert!(is_dead(&mut world, &tokens), "nobody came again, and the grant lives on");
}

fn refreshes(most_faults: usize, mut judge: impl FnMut(Ending, &str)) -> usize {
    let mut start = World::new();
    let token = start.until_tokens()["refresh_token"].as_str().unwrap().to_owned();
    let three = || (0..3).map(|_| refresh(&token, &[])).collect();
    explore(&start, three, most_faults, |ending| {
        assert_wire(&ending.responses);
        judge(ending, &token);
    })
}

#[test]
fn ref_03_ref_04_three_refreshes_inside_the_grace_all_get_the_same_bytes() {
    let schedules = refreshes(0, |Ending { mut world, responses, .. }, _| {
        assert_eq!(winners(&responses).len(), 3);
        assert!(responses.iter().all(|response| response.body == responses[0].body));
        assert_eq!(world.refresh(&refresh_token(&responses[0])).status, 200);
    });
    assert!(schedules >= 27, "{schedules} schedules");
}

#[test]
fn sto_02_no_successor_is_lost_or_minted_twice_whatever_the_store_says() {
    let schedules = refreshes(2, |Ending { mut world, responses, .. }, token| {
        let winners = winners(&responses);
        for winner in &winners {
            assert_eq!(winner.body, winners[0].body);
        }
        // Whoever was sent away comes again with what it has, and gets the same.
        let again = world.refresh(token);
        assert_eq!(again.status, 200, "{}", text(&again));
        for winner in &winners {
            assert_eq!(refresh_token(winner), refresh_token(&again));
        }
        assert_eq!(world.refresh(&refresh_token(&again)).status, 200);
    });
    assert!(schedules >= 5_145, "{schedules} schedules");
}

fn refreshes_against_revoke(most_faults: usize, mut judge: impl FnMut(Ending, &str)) -> usize {
    let mut start = World::new();
    let token = start.until_tokens()["refresh_token"].as_str().unwrap().to_owned();
    let actors = || {
        let revocation = post("/oauth/revoke", &[("client_id", "P"), ("token", &token)], &[]);
        vec![refresh(&token, &[]), refresh(&token, &[]), revocation]
    };
    explore(&start, actors, most_faults, |ending| {
        assert_wire(&ending.responses[..2]);
        judge(ending, &token);
    })
}

#[test]
fn cod_12_nothing_that_was_minted_survives_a_revocation() {
    for (most_faults, least) in [(0, 45), (2, 13_005)] {
        let schedules = refreshes_against_revoke(most_faults, |ending, token| {
            let Ending { mut world, responses, .. } = ending;
            if responses[2].status != 200 {
                // Whoever could not revoke comes again.
                assert_eq!(responses[2].status, 503);
                assert_eq!(world.revoke(token).status, 200);
            }
            for winner in winners(&responses[..2]) {
                assert!(is_dead(&mut world, winner), "it outlived the revocation");
            }
        });
        assert!(schedules >= least, "{schedules} schedules");
    }
}

#[test]
fn cod_12_a_redemption_against_its_replay_and_a_refresh_leaves_nothing_alive() {
    let mut start = World::new();
    let code = start.until_code()["code"].clone();
    let tokens = start.redeem(&code);
    let token = refresh_token(&tokens);
    let actors = || vec![redemption(&code, &[]), refresh(&token, &[]), redemption(&code, &[])];
    explore(&start, actors, 1, |Ending { mut world, responses, .. }| {
        assert_wire(&responses);
        if responses[0].status == 400 || responses[2].status == 400 {
            assert!(is_dead(&mut world, &tokens), "the replay did not end the grant");
            for winner in winners(&responses) {
                assert!(is_dead(&mut world, winner));
            }
        }
    });
}
