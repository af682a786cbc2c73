//! The contracts of Vestibule, as tests that run in your own crate.
//!
//! Vestibule's core asks questions and trusts the answers. What an answer promises is written in
//! core, next to the question; whether an implementation keeps the promise is asked here, one test
//! for each thing that core relies on. Every implementation that Vestibule comes with runs these
//! tests, and each test is itself proven able to fail: `tests/` holds an implementation for each
//! way to get it wrong.
//!
//! - [`store`]: does a store hold to [the storage contract](vestibule_core::store)?
//! - `transport`, with the feature of that name: does a transport hold to
//!   [its contract](vestibule_core::drive::Transport)?

mod again;
pub mod store;
#[cfg(feature = "transport")]
pub mod transport;
