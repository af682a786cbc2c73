//! The program is killed again and again while clients are at work. What it answered is the oracle:
//! every code and token that a client received still works, or was spent by a request of its own;
//! nothing that was revoked comes back.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod client;
mod http;
#[path = "../support/provider.rs"]
mod provider;
#[path = "../support/mod.rs"]
mod support;
mod town;

use std::fs;
use std::path::Path;
use std::thread;

use client::{Client, ISSUER};
use provider::{Provider, Script};
use support::{Running, vestibule};
use tempfile::TempDir;
use town::Town;

const CLIENTS: u64 = 16;
const KILLS: usize = 20;

fn configure(folder: &Path, provider: &Provider) {
    let origin = &provider.origin;
    let configuration = format!(
        r#"
issuer = "{ISSUER}"
listen = "127.0.0.1:0"
secrets = ["planted-planted-planted-planted-planted"]
store = "sqlite:grants.db"

[tokens]
code = "5m"
grace = "5m"

[[client]]
id = "app"
redirect_uris = ["https://app.example.com/cb"]

[[provider]]
id = "idp"
authorization_endpoint = "{origin}/authorize"
token_endpoint = "{origin}/token"
userinfo_endpoint = "{origin}/userinfo"
client_id = "vestibule"
client_secret = "planted-planted"
"#
    );
    fs::write(folder.join("vestibule.toml"), configuration).unwrap();
}

fn start(folder: &Path) -> Running {
    Running::start(vestibule(&["serve", "--config", "vestibule.toml"]).current_dir(folder))
}

/// How many answers each server gives before it is killed: from hardly any to some hundreds.
fn answers_before_kills() -> impl Iterator<Item = usize> {
    let mut random: usize = 20_261_124;
    std::iter::repeat_with(move || {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (random >> 33) % 400
    })
}

#[test]
fn cod_14_ref_07_what_was_answered_survives_kill_minus_nine() {
    let provider = Provider::start(Script::good("upstream", "upstream-access", "ada"));
    let folder = TempDir::new().unwrap();
    configure(folder.path(), &provider);
    let mut running = start(folder.path());
    let town = Town::new(&running.address);
    let tallies = thread::scope(|scope| {
        let clients: Vec<_> = (0..CLIENTS)
            .map(|number| {
                scope.spawn({
                    let town = &town;
                    move || Client::new(town, number).run()
                })
            })
            .collect();
        for answers in answers_before_kills().take(KILLS) {
            town.wait_for(answers);
            // Dropping it is SIGKILL.
            drop(running);
            running = start(folder.path());
            town.moved_to(&running.address);
        }
        town.end();
        clients.into_iter().map(|client| client.join().unwrap()).collect::<Vec<_>>()
    });
    let total = |count: fn(&client::Tally) -> usize| tallies.iter().map(count).sum::<usize>();
    // Requests were lost to the kills, and everything happened.
    assert!(total(|tally| tally.lost) >= KILLS, "{tallies:?}");
    assert!(total(|tally| tally.signed_in) > 100, "{tallies:?}");
    assert!(total(|tally| tally.redeemed) > 50, "{tallies:?}");
    assert!(total(|tally| tally.refreshed) > 50, "{tallies:?}");
    assert!(total(|tally| tally.revoked) > 10, "{tallies:?}");
}
