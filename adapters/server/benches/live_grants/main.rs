//! What grants that are alive take: memory, and the time of those who sign in after them.
//!
//! `cargo bench -p vestibule --bench live_grants` lets people sign in until so many grants are
//! alive, and measures on the way what a sign-in costs, and what the program takes of memory: when
//! it has just started, after requests that were abandoned, and per grant. It fails where a sign-in
//! goes wrong; with `-- --judge` also where a target is missed.
//!
//! What is measured are first visits ([`town::visit`]), at every size alike. The grants in between
//! come over kept connections, and so do requests that are abandoned: that is quicker, and would
//! otherwise want more ports within a minute than there are.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a bench says what it measured, and fails where anything goes wrong"
)]

mod figures;
mod growth;

#[path = "../town/mod.rs"]
mod town;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, value_parser};

use crate::figures::Figures;
use crate::growth::{Growth, WARM_UP};
use crate::town::identity_provider::IdentityProvider;
use crate::town::program::{Program, Store};
use crate::town::saved::Origin;
use crate::town::{Role, target};

#[derive(Parser)]
#[command(args_conflicts_with_subcommands = true)]
struct Arguments {
    #[command(subcommand)]
    role: Option<Role>,
    #[command(flatten)]
    options: Options,
}

#[derive(clap::Args)]
struct Options {
    /// One store instead of each.
    #[arg(long, value_enum)]
    store: Option<Store>,
    /// How many grants come alive with SQLite: more than the first, which others are compared with.
    #[arg(long, default_value_t = 1_000_000)]
    #[arg(value_parser = value_parser!(u64).range(WARM_UP + 1..))]
    grants: u64,
    /// How many come alive with the memory store.
    #[arg(long, default_value_t = 100_000, value_parser = value_parser!(u64).range(WARM_UP..))]
    memory_grants: u64,
    /// How many go to the identity provider and do not come back.
    #[arg(long, default_value_t = 100_000, value_parser = value_parser!(u64).range(1..))]
    abandoned: u64,
    /// How many sign in at once.
    #[arg(long, default_value_t = 32, value_parser = value_parser!(u64).range(1..))]
    people: u64,
    /// The program, where it shall be another than the one of this build.
    #[arg(long, default_value = env!("CARGO_BIN_EXE_vestibule"))]
    program: PathBuf,
    /// Fail where a target is missed.
    #[arg(long)]
    judge: bool,
    /// Write tables and plot into `benches/figures`.
    #[arg(long, conflicts_with_all = ["store", "program"])]
    save: bool,
    /// What cargo adds.
    #[arg(long, hide = true)]
    bench: bool,
}

fn main() -> ExitCode {
    let Arguments { role, options } = Arguments::parse();
    match role {
        Some(role) => {
            role.play();
            ExitCode::SUCCESS
        }
        None => measure(&options),
    }
}

fn measure(options: &Options) -> ExitCode {
    let origin = Origin::of("live_grants");
    println!("{}", origin.machine);
    println!("{} people at once, the program as configured by itself\n", options.people);
    let identity_provider = IdentityProvider::start();
    let program = Program {
        executable: options.program.clone(),
        identity_provider: identity_provider.address.clone(),
    };
    let stores = [(Store::Memory, options.memory_grants), (Store::Sqlite, options.grants)];
    let wanted =
        stores.into_iter().filter(|(store, _)| options.store.is_none_or(|it| it == *store));
    let figures = Figures(
        wanted.map(|(store, grants)| Growth::of(&program, store, grants, options)).collect(),
    );
    println!("\n{figures}");
    origin.write(&figures.to_string(), &[figures.plot()], options.save);
    let met = target::met(&figures.targets());
    if options.judge && !met { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}
