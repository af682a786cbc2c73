//! Everything that can happen, in any order: two clients, two people, a clock that jumps, a store
//! that fails and keys that rotate, beside a model of what must come of it.
//!
//! Operations are drawn at random from a fixed seed, and a sequence that fails is made small. More
//! of them, or others: `PROPTEST_CASES=5000 PROPTEST_RNG_SEED=7 cargo test -p vestibule-core --test
//! model`.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::wildcard_enum_match_arm,
    reason = "tests say so when something is wrong"
)]

#[path = "../world/mod.rs"]
mod world;

mod coverage;
mod cutoffs;
mod operation;
mod operator;
mod record;
mod run;
mod sign_in;
mod tokens;

use proptest::test_runner::{Config, RngSeed, TestError, TestRunner};
use proptest_state_machine::{ReferenceStateMachine, StateMachineTest};

use operation::{Operation, Plan};
use run::Run;

struct Model;

impl StateMachineTest for Model {
    type SystemUnderTest = Run;
    type Reference = Plan;

    fn init_test(_: &Plan) -> Run {
        Run::new()
    }

    fn apply(mut run: Run, _: &Plan, operation: Operation) -> Run {
        run.apply(operation);
        run
    }

    fn check_invariants(run: &Run, _: &Plan) {
        run.look_into_the_store();
        // As dear as all else together.
        if run.operations.is_multiple_of(3) {
            run.audit();
        }
    }

    fn teardown(run: Run, _: Plan) {
        run.audit();
        run.outlive();
    }
}

/// How often what matters must have been met in a run of 256 cases.
const LEAST: [(&str, usize); 28] = [
    ("code issued", 600),
    ("agreed again", 400),
    ("callback repeated", 60),
    ("callback in another browser", 100),
    ("callback 503", 200),
    ("callback told temporarily_unavailable", 30),
    ("cutoff met at the callback", 200),
    ("redeemed", 450),
    ("redemption that does not fit", 250),
    ("redemption 503", 80),
    ("replayed code ended a grant", 90),
    ("refreshed", 500),
    ("refreshed again", 80),
    ("refresh 503", 250),
    ("replayed refresh ended a grant", 50),
    ("other client refused", 180),
    ("scope refused", 20),
    ("revoked", 45),
    ("revocation by another client", 180),
    ("revocation 503", 35),
    ("call accepted", 120),
    ("call of an ended grant refused", 130),
    ("one grant ended", 40),
    ("everything ended", 30),
    ("a client ended", 60),
    ("a person ended", 100),
    ("swept", 35),
    ("restarted", 300),
];

#[test]
fn whatever_happens_the_model_knows_what_comes_of_it() {
    // Reads PROPTEST_CASES, PROPTEST_RNG_SEED and what else it knows from the environment.
    let mut config = Config { failure_persistence: None, ..Config::default() };
    if config.rng_seed == RngSeed::Random {
        config.rng_seed = RngSeed::Fixed(1);
    }
    let mut runner = TestRunner::new(config.clone());
    let sequences = Plan::sequential_strategy(80..120);
    let done = runner.run(&sequences, |(start, operations, seen)| {
        Model::test_sequential(config.clone(), start, operations, seen);
        Ok(())
    });
    match done {
        Ok(()) => {}
        Err(TestError::Fail(why, (_, operations, _))) => {
            panic!("{why}\nafter {operations:#?}")
        }
        Err(TestError::Abort(why)) => panic!("{why}"),
    }
    // Fewer cases, asked for by hand, prove less.
    if config.cases >= 256 {
        coverage::assert_met(&LEAST);
    }
}
