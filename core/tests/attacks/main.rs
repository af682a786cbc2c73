//! What the server withstands: requests and sequences of an attacker, each with the answer that is
//! expected, at the level of the whole core.
//!
//! Tests are named by the checks they prove: `pkc_03` and so on, one module a category.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::wildcard_enum_match_arm,
    reason = "tests say so when something is wrong"
)]

#[path = "../fixtures/client_documents.rs"]
mod client_documents;
#[path = "../world/mod.rs"]
mod world;

mod aud;
mod aud_scopes;
mod aud_several;
mod challenge;
mod cim;
mod cim_budget;
mod cim_cache;
mod cim_document;
mod cim_fetch;
mod cla;
mod cla_assertion;
mod cla_guesses;
mod cla_keys;
mod cla_signed;
mod clk;
mod cod;
mod dcr;
mod dcr_access;
mod expect;
mod htt;
mod int;
mod int_answers;
mod int_asking;
mod iss;
mod jwt;
mod jwt_forms;
mod keeping;
mod pkc;
mod red;
mod red_spelling;
mod refresh;
mod sbb;
mod sbb_cookies;
mod sto;
mod ups;
mod verifier;
mod verifier_keys;
mod web;
