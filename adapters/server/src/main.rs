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
mod online;
mod requests;
mod running;
mod say;
mod serve;
mod signatures;
mod store;

use std::process::ExitCode;

/// A sign-in makes and frees several hundred small pieces: the system's allocator took a tenth of the
/// program's time for them, and this one half of that.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    cli::run()
}
