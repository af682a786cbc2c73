//! The ready-made server: `vestibule dev | serve | check | keys | end | grants | backup`.

mod administer;
mod cli;
mod config;
mod dev;
mod front;
mod health;
mod host;
mod keys;
mod limits;
mod logs;
mod requests;
mod running;
mod say;
mod serve;
mod signatures;
mod store;

use std::process::ExitCode;

fn main() -> ExitCode {
    cli::run()
}
