//! The ready-made server: `vestibule serve | check | keys | dev`.

mod cli;
mod config;
mod dev;
mod health;
mod keys;
mod logs;
mod requests;
mod running;
mod say;
mod serve;

use std::process::ExitCode;

fn main() -> ExitCode {
    cli::run()
}
