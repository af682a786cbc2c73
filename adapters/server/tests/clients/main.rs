//! Real MCP clients at the running program: the bytes of each on a socket of its own, through one
//! whole connection, its answers judged as strictly as that client judges them.
//!
//! What they send was observed on the wire or read in their sources; header fields that the client
//! does not set itself are those of the HTTP library that it is built on. Rules that follow from all
//! of them are tested inside the core.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

#[path = "../support/parties/mod.rs"]
mod parties;
#[path = "../support/provider.rs"]
mod provider;
#[path = "../support/mod.rs"]
mod support;
#[path = "../support/wire.rs"]
mod wire;

mod bytes;
mod chatgpt;
mod claude;
mod claude_code;
mod cursor;
mod inspector;
mod judge;
mod libraries;
mod mcp_remote;
mod python;
mod rmcp;
mod site;
mod typescript_v1;
mod typescript_v2;
mod vscode;
