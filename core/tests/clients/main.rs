//! What real MCP clients send, and what they need of the answers: one module a client.
//!
//! The shapes were observed on the wire or read in the clients' sources; `rules` counts what follows
//! from them for a server.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::wildcard_enum_match_arm,
    reason = "tests say so when something is wrong"
)]

#[path = "../world/mod.rs"]
mod world;

mod answers;
mod chatgpt;
mod claude;
mod claude_code;
mod codex;
mod cursor;
mod inspector;
mod mcp_remote;
mod others;
mod python;
mod rmcp;
mod rules;
mod tenant;
mod typescript_v1;
mod typescript_v2;
mod vscode;
mod wire;
