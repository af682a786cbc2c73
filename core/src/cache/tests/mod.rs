mod flight;
mod tag;
mod world;

use bytes::Bytes;
use http::header;

use self::world::{Answer, Away, Names, OtherNames, URL, World, names, says, says_for};
use crate::effect::{Reach, Unreachable};
use crate::refusal::Refusal;
use crate::store::Record;

const HOUR: u64 = 60 * 60;
const DAY: u64 = 24 * HOUR;

const A: &str = r#"{"names":["a"]}"#;
const AB: &str = r#"{"names":["a","b"]}"#;

// Fresh and stale.

#[test]
fn a_fresh_document_is_not_fetched_again() {
    let mut world = World::with_a_document();
    world.pass(HOUR - 1);
    assert_eq!((world.want("a"), world.calls.len()), (Ok(names(&["a"])), 0));
}

#[test]
fn a_fresh_document_takes_one_look() {
    let mut world = World::with_a_document();
    world.keys.clear();
    world.want("a").unwrap();
    assert_eq!(world.keys.len(), 1);
}

#[test]
fn a_stale_document_is_fetched_again() {
    let mut world = World::with_a_document();
    world.then_says(says(200, AB));
    world.pass(HOUR);
    assert_eq!(world.want("a"), Ok(names(&["a", "b"])));
}

#[test]
fn a_document_is_fresh_for_as_long_as_it_says() {
    let mut world = World::new();
    world.then_says(says_for(300, A));
    let mut calls_after = |seconds| {
        world.pass(seconds);
        world.want("a").unwrap();
        world.calls.len()
    };
    assert_eq!([0, 299, 1].map(&mut calls_after), [1, 1, 2]);
}

#[test]
fn a_document_from_a_clock_that_was_ahead_is_fetched_again() {
    let mut world = World::new();
    world.now += 10 * DAY;
    world.want("a").unwrap();
    world.now -= 10 * DAY;
    world.want("a").unwrap();
    assert_eq!(world.calls.len(), 2);
}

// What does not suit.

#[test]
fn a_document_that_does_not_suit_is_fetched_again() {
    let mut world = World::with_a_document();
    world.then_says(says(200, AB));
    world.pass(60);
    assert_eq!(world.want("b"), Ok(names(&["a", "b"])));
}

#[test]
fn jwt_07_ten_thousand_made_up_names_make_one_call_per_cool_down() {
    let mut world = World::with_a_document();
    world.pass(60);
    for _ in 0..10_000 {
        world.want("made up").unwrap();
    }
    assert_eq!(world.calls.len(), 1);
}

#[test]
fn jwt_07_a_young_document_is_returned_though_it_does_not_suit() {
    let mut world = World::with_a_document();
    world.pass(59);
    assert_eq!((world.want("made up"), world.calls.len()), (Ok(names(&["a"])), 0));
}

// Failures.

/// An answer that has no document, and what is said about it.
fn failures() -> [(Answer, Refusal); 5] {
    [
        (Err(Unreachable::Connection), Refusal::UpstreamUnreachable(Unreachable::Connection)),
        (says(500, A), Refusal::UpstreamBusy),
        (says(404, A), Refusal::UpstreamStatus(404)),
        (says(200, ""), Refusal::UpstreamMalformed("no JSON object")),
        (says(200, r#"{"names":[]}"#), Refusal::UpstreamMalformed("no names")),
    ]
}

#[test]
fn ups_23_an_old_document_serves_until_its_hard_end() {
    for (failure, _) in failures() {
        let mut world = World::with_a_document();
        world.then_says(failure);
        world.pass(HOUR + DAY - 1);
        assert_eq!(world.want("a"), Ok(names(&["a"])));
    }
}

#[test]
fn ups_23_after_the_hard_end_the_failure_is_said() {
    for (failure, refusal) in failures() {
        let mut world = World::with_a_document();
        world.then_says(failure);
        world.pass(HOUR + DAY);
        assert_eq!(world.want("a"), Err(refusal));
    }
}

/// CIM-16: nobody was asked, so whoever comes next asks.
#[test]
fn cim_16_a_call_that_was_not_begun_is_no_failure() {
    let mut world = World::with_a_document();
    world.then_says(Err(Unreachable::Busy));
    world.pass(HOUR + DAY);
    let busy = Refusal::UpstreamUnreachable(Unreachable::Busy);
    assert_eq!(world.want("a"), Err(busy));
    world.then_says(says(200, A));
    assert_eq!(world.want("a"), Ok(names(&["a"])));
}

#[test]
fn ups_23_the_hard_end_also_comes_during_a_call() {
    let mut world = World::with_a_document();
    world.then_says(says(500, ""));
    world.pass(HOUR + DAY - 1);
    let step = world.begin("a");
    let calling = world.until_call(step);
    world.pass(1);
    assert_eq!(world.finish(calling), Err(Refusal::UpstreamBusy));
}

#[test]
fn ups_23_during_a_rotation_the_old_document_is_what_there_is() {
    for (failure, _) in failures() {
        let mut world = World::with_a_document();
        world.then_says(failure);
        world.pass(60);
        assert_eq!(world.want("b"), Ok(names(&["a"])));
    }
}

#[test]
fn ups_23_after_a_failure_nobody_asks_for_five_seconds() {
    let mut world = World::with_a_document();
    world.then_says(says(500, ""));
    world.pass(HOUR);
    let mut calls_after = |seconds| {
        world.pass(seconds);
        world.want("a").unwrap();
        world.calls.len()
    };
    assert_eq!([0, 4, 1].map(&mut calls_after), [1, 1, 2]);
}

#[test]
fn ups_23_without_an_old_document_the_rest_after_a_failure_is_said() {
    let mut world = World::new();
    world.then_says(says(500, ""));
    world.want("a").unwrap_err();
    assert_eq!(world.want("a"), Err(Refusal::DocumentFailed));
}

#[test]
fn cim_10_a_failure_is_not_kept() {
    for (failure, _) in failures() {
        let mut world = World::new();
        world.then_says(failure);
        world.want("a").unwrap_err();
        world.then_says(says(200, A));
        world.pass(5);
        assert_eq!(world.want("a"), Ok(names(&["a"])));
    }
}

#[test]
fn ups_03_a_redirect_is_no_document() {
    for status in [301, 302, 303, 307, 308] {
        let mut world = World::new();
        world.then_says(says(status, A));
        assert_eq!(world.want("a"), Err(Refusal::UpstreamStatus(status)));
    }
}

// The call.

#[test]
fn ups_01_a_call_is_bounded_in_length_and_time() {
    let mut world = World::with_a_document();
    world.pass(HOUR);
    world.want("a").unwrap();
    let call = &world.calls[0];
    assert_eq!((call.body_cap, call.deadline.as_secs()), (64 * 1024, 5));
}

#[test]
fn a_call_goes_where_its_kind_may_and_asks_for_json() {
    let mut world = World::new();
    world.want("a").unwrap();
    let call = &world.calls[0];
    let accepted = &call.headers[header::ACCEPT];
    assert_eq!(
        (call.url.as_str(), call.reach, accepted.to_str().unwrap()),
        (URL, Reach::PublicAddresses, "application/json")
    );
}

// What is in a slot.

#[test]
fn another_document_in_the_slot_is_overwritten() {
    let mut world = World::with_a_document();
    let neighbour = world.neighbour();
    world.then_says(says(200, AB));
    world.want_at::<Names>(&neighbour).unwrap();
    world.calls.clear();
    assert_eq!(
        (world.want_at::<Names>(&neighbour), world.calls.len()),
        (Ok(names(&["a", "b"])), 0)
    );
}

#[test]
fn a_document_whose_slot_another_took_is_fetched_again() {
    let mut world = World::with_a_document();
    let neighbour = world.neighbour();
    world.then_says(says(200, AB));
    world.want_at::<Names>(&neighbour).unwrap();
    world.then_says(says(200, A));
    assert_eq!(world.want("a"), Ok(names(&["a"])));
}

#[test]
fn another_kind_at_the_same_url_is_another_document() {
    let mut world = World::new();
    let url = world.where_kinds_meet();
    world.want_at::<Names>(&url).unwrap();
    world.want_at::<OtherNames>(&url).unwrap();
    assert_eq!(world.calls.len(), 2);
}

#[test]
fn a_corrupt_slot_is_fetched_again() {
    let mut world = World::with_a_document();
    let bytes = Bytes::from_static(b"not a document");
    world.put(Record { bytes, ..world.record() });
    assert_eq!((world.want("a"), world.calls.len()), (Ok(names(&["a"])), 1));
}

#[test]
fn a_corrupt_slot_is_overwritten() {
    let mut world = World::with_a_document();
    let bytes = Bytes::from_static(b"not a document");
    world.put(Record { bytes, ..world.record() });
    world.want("a").unwrap();
    world.want("a").unwrap();
    assert_eq!(world.calls.len(), 1);
}

#[test]
fn a_record_lives_until_the_hard_end_of_its_document() {
    let world = World::with_a_document();
    assert_eq!(world.record().expires_at.seconds(), world.now + HOUR + DAY);
}

/// A document that is longer than a record may be.
fn huge() -> String {
    format!(r#"{{"names":["a","{}"]}}"#, "x".repeat(Record::MAX_BYTES))
}

#[test]
fn a_huge_document_is_used() {
    let mut world = World::new();
    world.then_says(says(200, &huge()));
    assert_eq!(world.want("a").unwrap().0.len(), 2);
}

#[test]
fn a_huge_document_is_not_kept() {
    let mut world = World::new();
    world.then_says(says(200, &huge()));
    world.want("a").unwrap();
    assert!(world.record().bytes.len() < 200);
}

#[test]
fn the_largest_document_that_is_kept_leaves_room_for_a_lease() {
    for short in 0..400 {
        let mut world = World::new();
        let name = "x".repeat(Record::MAX_BYTES - short);
        world.then_says(says(200, &format!(r#"{{"names":["a","{name}"]}}"#)));
        world.want("a").unwrap();
        if world.record().bytes.len() < 200 {
            continue;
        }
        // The first one that is kept is the largest.
        world.pass(HOUR);
        let (kept, step) = (world.record().version, world.begin("a"));
        let _calling = world.until_call(step);
        assert_ne!(world.record().version, kept, "there is no lease");
        return;
    }
    panic!("none was kept");
}

// The store.

#[test]
fn a_store_that_is_away_keeps_nobody_from_the_document() {
    let mut world = World::new();
    world.away = Away::Everything;
    assert_eq!(world.want("a"), Ok(names(&["a"])));
}

#[test]
fn a_store_that_is_away_costs_one_call_and_no_more() {
    let mut world = World::new();
    world.away = Away::Everything;
    world.want("a").unwrap();
    assert_eq!(world.calls.len(), 1);
}

#[test]
fn a_store_that_takes_no_writes_keeps_nobody_from_the_document() {
    let mut world = World::new();
    world.away = Away::Swaps;
    assert_eq!(world.want("a"), Ok(names(&["a"])));
}

#[test]
fn a_document_is_kept_though_nobody_learns_of_the_lease() {
    let mut world = World::new();
    world.away = Away::Answers;
    world.want("a").unwrap();
    world.away = Away::Nothing;
    world.want("a").unwrap();
    assert_eq!(world.calls.len(), 1);
}
