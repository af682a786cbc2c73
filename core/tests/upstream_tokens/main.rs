//! The upstream provider's tokens where they are kept: in the record, refreshed when they are over,
//! handed to the application, ended with the grant.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests say so when something is wrong")]

#[path = "../world/mod.rs"]
mod world;

mod ask;
mod crash;
mod end;
mod flight;
mod forget;
mod keep;
mod kit;
mod refresh;
