//! Documents that are asked for by their entity tag.

use http::header;

use super::world::{World, names, says};
use super::{A, AB, DAY, HOUR};
use crate::refusal::Refusal;

/// A world in which a document with a tag is kept.
fn tagged() -> World {
    let mut world = World::new();
    world.tag = Some("\"a\"");
    world.want("a").unwrap();
    world.calls.clear();
    world
}

fn asked_by(world: &World) -> Vec<bool> {
    world.calls.iter().map(|call| call.headers.contains_key(header::IF_NONE_MATCH)).collect()
}

#[test]
fn cim_14_what_has_not_changed_is_fresh_again() {
    let mut world = tagged();
    world.then_says(says(304, ""));
    world.pass(HOUR);
    world.want("a").unwrap();
    world.pass(HOUR - 1);
    world.want("a").unwrap();
    assert_eq!(asked_by(&world), [true]);
}

#[test]
fn cim_14_what_has_changed_comes_under_its_own_tag() {
    let mut world = tagged();
    world.tag = None;
    world.then_says(says(200, AB));
    for _ in 0..2 {
        world.pass(HOUR);
        assert_eq!(world.want("a"), Ok(names(&["a", "b"])));
    }
    assert_eq!(asked_by(&world), [true, false]);
}

/// UPS-23: nor does a tag move its hard end.
#[test]
fn cim_14_a_document_with_a_tag_ends_as_any_other() {
    let mut world = tagged();
    world.then_says(says(500, A));
    world.pass(HOUR + DAY - 1);
    world.want("a").unwrap();
    world.pass(5);
    assert_eq!(world.want("a"), Err(Refusal::UpstreamBusy));
}

/// For a name that it does not have, it is asked whether there is another, and there is none.
#[test]
fn cim_14_what_does_not_suit_and_has_not_changed_is_what_there_is() {
    let mut world = tagged();
    world.then_says(says(304, ""));
    world.pass(60);
    for _ in 0..10 {
        assert_eq!(world.want("made up"), Ok(names(&["a"])));
    }
    assert_eq!(asked_by(&world), [true]);
}

#[test]
fn cim_14_who_was_not_asked_by_a_tag_has_not_said_that_nothing_changed() {
    let mut world = World::new();
    world.then_says(says(304, ""));
    assert_eq!(world.want("a"), Err(Refusal::UpstreamStatus(304)));
    let mut world = World::with_a_document();
    world.then_says(says(304, ""));
    world.pass(HOUR + DAY);
    assert_eq!(world.want("a"), Err(Refusal::UpstreamStatus(304)));
}
