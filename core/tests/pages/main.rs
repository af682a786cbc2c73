//! The pages that people see: whether they are asked, in which words, and in whose name.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests say so when something is wrong")]

mod errors;
mod look;
mod names;
mod remember;
mod trusted;
#[path = "../world/mod.rs"]
mod world;
