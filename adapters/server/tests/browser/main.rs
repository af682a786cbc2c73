//! People sign in with a real browser: Chromium, over https, at the program as it is shipped. What
//! only a browser does is tested here: which cookies it keeps, what it says of where a request comes
//! from, what a content security policy makes it refuse, how pages look and whom they shut out.
//!
//! Needs `chromium` and `chromedriver` in the path, and axe-core beside this file (`npm ci`). Where
//! something of it is missing, a test says so and does nothing; with `CI` in the environment it
//! fails.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod again;
mod chromedriver;
mod chromium;
mod cookies;
mod gallery;
mod keyboard;
mod looks;
mod other_sites;
mod pages;
#[path = "../support/parties/mod.rs"]
mod parties;
#[path = "../support/provider.rs"]
mod provider;
mod remembered;
mod sign_in;
mod sites;
#[path = "../support/mod.rs"]
mod support;
mod tls;
mod tools;
mod town;
#[path = "../support/wire.rs"]
mod wire;
