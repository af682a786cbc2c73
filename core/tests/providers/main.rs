//! Identity providers, each with answers shaped as its documentation shows them.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests say so when something is wrong")]

#[path = "../world/mod.rs"]
mod world;

mod scene;

mod apple;
mod azure;
mod count;
mod custom;
mod discord;
mod failures;
mod github;
mod gitlab;
mod google;
mod oidc;
mod peers;
mod quirks;
mod quirks_asking;
mod quirks_custom;
mod slack;
mod ups;
