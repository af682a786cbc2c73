//! Several requests that want the same document at the same time.

use super::world::{World, names, says};
use super::{A, AB, HOUR, huge};
use crate::refusal::Refusal;
use crate::step::Step;

#[test]
fn dos_10_two_side_by_side_make_one_call() {
    let mut world = World::new();
    let (first, second) = (world.begin("a"), world.begin("a"));
    let first = world.until_call(first);
    let mut second = advance_until_pause(&mut world, second);
    world.finish(first).unwrap();
    second = world.advance(second).unwrap();
    assert_eq!((world.finish(second), world.calls.len()), (Ok(names(&["a"])), 1));
}

/// Every order in which two can take their turns.
#[test]
fn dos_10_two_make_one_call_in_every_order() {
    for order in 0..1 << 10_u32 {
        let mut world = World::new();
        let mut steps = [Some(world.begin("a")), Some(world.begin("a"))];
        for turn in 0.. {
            let wanted = if turn < 10 { order >> turn & 1 } else { turn & 1 } as usize;
            let Some(step) = steps[wanted].take() else {
                if steps.iter().all(Option::is_none) {
                    break;
                }
                continue;
            };
            // Nobody waits longer than the other calls: a pause ends when there is nothing else to
            // do.
            if matches!(step, Step::Pause(_)) && steps[1 - wanted].is_some() {
                steps[wanted] = Some(step);
                continue;
            }
            steps[wanted] = world.advance(step).ok();
        }
        assert_eq!(world.calls.len(), 1, "in the order {order:010b}");
    }
}

#[test]
fn whoever_waits_in_vain_is_told_so() {
    let mut world = World::new();
    let first = world.begin("a");
    let _calling = world.until_call(first);
    assert_eq!(world.want("a"), Err(Refusal::DocumentAwaited));
}

#[test]
fn nobody_waits_longer_than_five_seconds() {
    let mut world = World::new();
    let first = world.begin("a");
    let _calling = world.until_call(first);
    let second = world.begin("a");
    let second = advance_until_pause(&mut world, second);
    world.pass(5);
    assert_eq!(world.finish(second), Err(Refusal::DocumentAwaited));
}

#[test]
fn nobody_waits_for_what_an_old_document_does_too() {
    let mut world = World::with_a_document();
    world.pass(HOUR);
    let first = world.begin("a");
    let _calling = world.until_call(first);
    assert_eq!(world.want("a"), Ok(names(&["a"])));
}

#[test]
fn a_name_that_the_old_document_lacks_is_waited_for() {
    let mut world = World::with_a_document();
    world.then_says(says(200, AB));
    world.pass(60);
    let (first, second) = (world.begin("b"), world.begin("b"));
    let first = world.until_call(first);
    let second = advance_until_pause(&mut world, second);
    world.finish(first).unwrap();
    assert_eq!(world.finish(second), Ok(names(&["a", "b"])));
}

#[test]
fn ups_23_whoever_waited_for_a_failure_does_not_repeat_it() {
    let mut world = World::new();
    world.then_says(says(500, ""));
    let (first, second) = (world.begin("a"), world.begin("a"));
    let first = world.until_call(first);
    let second = advance_until_pause(&mut world, second);
    world.finish(first).unwrap_err();
    assert_eq!((world.finish(second), world.calls.len()), (Err(Refusal::DocumentFailed), 1));
}

#[test]
fn when_the_holder_of_a_lease_dies_another_fetches_after_its_end() {
    let mut world = World::new();
    let first = world.begin("a");
    drop(world.until_call(first));
    world.pass(8);
    assert_eq!(world.want("a"), Ok(names(&["a"])));
}

#[test]
fn a_lease_from_a_clock_that_was_ahead_does_not_hold() {
    let mut world = World::new();
    world.now += 3600;
    let first = world.begin("a");
    drop(world.until_call(first));
    world.now -= 3600;
    assert_eq!(world.want("a"), Ok(names(&["a"])));
}

#[test]
fn an_answer_that_comes_after_the_lease_does_not_overwrite_a_newer_document() {
    let mut world = World::new();
    let first = world.begin("a");
    let late = world.until_call(first);
    world.pass(8);
    world.then_says(says(200, AB));
    world.want("a").unwrap();
    world.then_says(says(200, A));
    world.finish(late).unwrap();
    assert_eq!(world.want("a"), Ok(names(&["a", "b"])));
}

#[test]
fn nobody_queues_for_a_document_that_is_not_kept() {
    let mut world = World::new();
    world.then_says(says(200, &huge()));
    world.want("a").unwrap();
    let first = world.begin("a");
    let _calling = world.until_call(first);
    assert!(world.want("a").is_ok());
}

fn advance_until_pause<T>(world: &mut World, mut step: Step<T>) -> Step<T> {
    while !matches!(step, Step::Pause(_)) {
        step = world.advance(step).unwrap_or_else(|_| panic!("it did not wait"));
    }
    step
}
