//! The contract can fail: a store for each way to get it wrong, and the clause that says so.
//!
//! Each store is right but for one thing. Where it takes a race to be wrong, the store waits for
//! the other side to come, so that it is wrong each time.
#![allow(clippy::unwrap_used, clippy::print_stderr, reason = "tests")]

mod atomicity;
mod durability;
mod expiry;
mod freshness;
mod keys;
mod lists;
mod records;
mod versions;
mod world;

/// The examples' store, to be made wrong where it takes files.
#[path = "../../../examples/own_store.rs"]
#[expect(dead_code, reason = "its example is not run here")]
mod own_store;

/// Makes a test of each line: a store, and the clause that must not hold of it.
macro_rules! caught {
    ($($test:ident: $subject:ty, by $clause:ident;)*) => {$(
        #[test]
        fn $test() {
            use vestibule_conformance::store::{Children, Objection, clause};
            let children = Children::of_test(module_path!(), stringify!($test));
            let verdict = clause::$clause::<$subject>(&children);
            assert!(matches!(verdict, Err(Objection::Broken(_))), "{verdict:?}");
            if let Err(seen) = verdict {
                eprintln!("{seen}");
            }
        }
    )*};
}
use caught;

/// What the others are made of is right.
struct Right;
impl world::Wrong for Right {
    fn new() -> Self {
        Self
    }
}
vestibule_conformance::store_contract! { right: world::Place<Right> }
