//! One file per lesson:
//!
//! - `by_hand.rs`: a whole sign-in without a network, each step printed as it is answered.
//! - `complete.rs`: an application on axum, with two providers, a table of users and a protected API.
//! - `actix.rs`: an API on actix-web, which has types of its own for requests and answers.
//! - `mcp_server.rs`: an MCP server of the official SDK beside its authorization server, its tools
//!   behind scopes.
//! - `own_store.rs`: a store of one's own, which passes the contract for stores.
//!
//! Run one with `cargo run -p vestibule-examples --example by_hand`. The examples of the README are
//! compiled here too.

#[doc = include_str!("../README.md")]
#[cfg(doctest)]
struct Readme;
