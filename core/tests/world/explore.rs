//! Every order in which actors can take their turns, and every fault that can meet them.
//!
//! A flow that waits for an answer is a value, so several can be held side by side and answered in
//! any order. Schedules are enumerated depth first: each run follows a list of choices and notes
//! how many there were at each turn.

use vestibule_core::{Freshness, Reply, Request, Response, Step};

use super::World;
use super::store::Fault;

/// What one schedule ended in.
pub struct Ending {
    pub world: World,
    /// The answers, in the order of the actors.
    pub responses: Vec<Response>,
    /// How many faults were met.
    pub faults: usize,
}

/// One turn: which actor goes on, and what becomes of its question.
#[derive(Clone, Copy, PartialEq)]
struct Turn {
    actor: usize,
    fault: Fault,
}

struct Actor {
    step: Option<Step<Reply>>,
    reply: Option<Reply>,
    /// The number of the turn after which it could have taken its present one.
    ready_since: usize,
}

/// Runs all schedules of `requests` from `start`, with at most `most_faults` faulty swaps in each;
/// how many there were.
pub fn explore(
    start: &World,
    requests: impl Fn() -> Vec<Request>,
    most_faults: usize,
    mut judge: impl FnMut(Ending),
) -> usize {
    let mut choices: Vec<(usize, usize)> = Vec::new();
    let mut schedules = 0;
    loop {
        if let Some(ending) = run(start, requests(), most_faults, &mut choices) {
            judge(ending);
            schedules += 1;
        }
        // The next schedule: the last choice that has another, and everything before it as it was.
        loop {
            match choices.pop() {
                None => return schedules,
                Some((chosen, of)) if chosen + 1 < of => {
                    choices.push((chosen + 1, of));
                    break;
                }
                Some(_) => {}
            }
        }
    }
}

/// One schedule; `None` where it is another one in a different order.
fn run(
    start: &World,
    requests: Vec<Request>,
    most_faults: usize,
    choices: &mut Vec<(usize, usize)>,
) -> Option<Ending> {
    let mut world = start.clone();
    let mut actors: Vec<Actor> = requests
        .into_iter()
        .map(|request| Actor { step: Some(world.begin(request)), reply: None, ready_since: 0 })
        .collect();
    let (mut at, mut faults) = (0, 0);
    let mut last_load: Option<usize> = None;
    loop {
        settle(&mut world, &mut actors);
        let turns = turns(&actors, most_faults - faults);
        if turns.is_empty() {
            break;
        }
        if at == choices.len() {
            choices.push((0, turns.len()));
        }
        let Turn { actor, fault } = turns[choices[at].0];
        at += 1;
        let loads = matches!(actors[actor].step, Some(Step::Load(_)));
        // Two loads in a row commute: of both orders only the one by number is run.
        if loads && last_load.is_some_and(|last| actor < last && actors[actor].ready_since + 1 < at)
        {
            choices.truncate(at);
            return None;
        }
        last_load = loads.then_some(actor);
        if fault != Fault::None {
            faults += 1;
            world.store.faults.push(fault);
        }
        let step = actors[actor].step.take().unwrap();
        actors[actor].step = world.advance(step).ok();
        actors[actor].ready_since = at;
    }
    let responses = actors.into_iter().map(|actor| actor.reply.unwrap().response).collect();
    Some(Ending { world, responses, faults })
}

/// What needs no turn of its own: the end of a flow; a pause, which commutes with everything; and a
/// cutoff, which nobody writes here.
fn settle(world: &mut World, actors: &mut [Actor]) {
    for actor in actors {
        loop {
            match actor.step.take() {
                Some(Step::Done(reply)) => actor.reply = Some(reply),
                Some(step @ Step::Pause(_)) => {
                    actor.step = world.advance(step).ok();
                    continue;
                }
                Some(Step::Load(load)) if load.effect().freshness != Freshness::Fresh => {
                    actor.step = world.advance(Step::Load(load)).ok();
                    continue;
                }
                step => actor.step = step,
            }
            break;
        }
    }
}

fn turns(actors: &[Actor], faults_left: usize) -> Vec<Turn> {
    let mut turns = Vec::new();
    for (actor, Actor { step, .. }) in actors.iter().enumerate() {
        let Some(step) = step else { continue };
        turns.push(Turn { actor, fault: Fault::None });
        if matches!(step, Step::Swap(_)) && faults_left > 0 {
            turns.push(Turn { actor, fault: Fault::AppliedButUnavailable });
            turns.push(Turn { actor, fault: Fault::Unavailable });
        }
    }
    turns
}

/// Answers each of the flows in turn, one question at a time, until all are done.
pub fn in_turns(world: &mut World, steps: Vec<Step<Reply>>) -> Vec<Response> {
    let mut open: Vec<_> = steps.into_iter().map(Some).collect();
    let mut responses: Vec<_> = open.iter().map(|_| None).collect();
    while open.iter().any(Option::is_some) {
        for (flow, response) in open.iter_mut().zip(&mut responses) {
            let Some(step) = flow.take() else { continue };
            match world.advance(step) {
                Ok(next) => *flow = Some(next),
                Err(reply) => {
                    world.events.extend(reply.events);
                    *response = Some(reply.response);
                }
            }
        }
    }
    responses.into_iter().map(Option::unwrap).collect()
}
