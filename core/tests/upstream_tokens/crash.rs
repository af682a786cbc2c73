//! A refresh that needs the provider is dropped at every step, and tried again as its client would.

use vestibule_core::Step;

use crate::kit::{HOUR, refresh_token, start};
use crate::world::upstream::Answer;
use crate::world::{error_of, json_of, refresh, text};

/// Before the last question that is reached is carried out, and after that.
#[test]
fn ref_20_a_refresh_that_is_dropped_anywhere_is_done_the_second_time_or_the_grant_ends() {
    let mut start = start();
    let token = refresh_token(&start.until_tokens());
    start.pass(HOUR);
    let (mut renewed, mut ended) = (0, 0);
    for questions in 1.. {
        for answered in [false, true] {
            let mut world = start.clone();
            let mut step = world.begin(refresh(&token, &[]));
            for question in 1..=questions {
                if matches!(step, Step::Done(_)) {
                    assert!(renewed > 10, "{renewed}");
                    assert_eq!(ended, 10, "Http, Load, 3 cutoffs, Swap: what came is nowhere");
                    return;
                }
                if question == questions && !answered {
                    break;
                }
                step = world.advance(step).ok().unwrap();
            }
            drop(step);
            // A provider that rotates knows each refresh token once.
            let lost = world.upstream.refreshes().len() == 1;
            world.pass(16);
            if lost {
                world.upstream.refresh =
                    Answer::Says(400, r#"{"error":"invalid_grant"}"#.to_owned());
            }
            let again = world.refresh(&token);
            match again.status.as_u16() {
                200 => {
                    renewed += 1;
                    assert_eq!(world.upstream.refreshes().len(), 1);
                    let successor = refresh_token(&json_of(&again));
                    assert_eq!(world.refresh(&successor).status, 200);
                }
                400 => {
                    ended += 1;
                    assert_eq!(world.upstream.refreshes().len(), 2);
                    assert_eq!(error_of(&world.refresh(&token)).1, "invalid_grant");
                    assert_eq!(world.upstream.refreshes().len(), 2, "no loop");
                }
                other => panic!("{other}: {}", text(&again)),
            }
        }
    }
}
