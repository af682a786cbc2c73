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

use std::process::ExitCode;

use clap::value_parser;

use crate::figures::Figures;
use crate::growth::{Growth, WARM_UP};
use crate::town::identity_provider::IdentityProvider;
use crate::town::options::{self, Common};
use crate::town::program::Store;
use crate::town::saved::Origin;
use crate::town::target::Target;

#[derive(clap::Args)]
struct Options {
    /// One store instead of each.
    #[arg(long, value_enum, conflicts_with = "save")]
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
    #[command(flatten)]
    common: Common,
}

fn main() -> ExitCode {
    options::run(|options: &Options| &options.common, measure)
}

fn measure(options: &Options) -> Vec<Target> {
    let origin = Origin::of("live_grants");
    println!("{}", origin.machine);
    println!("{} people at once, the program as configured by itself\n", options.common.people);
    let identity_provider = IdentityProvider::start();
    let program = options.common.program(&identity_provider.address);
    let stores = [(Store::Memory, options.memory_grants), (Store::Sqlite, options.grants)];
    let wanted =
        stores.into_iter().filter(|(store, _)| options.store.is_none_or(|it| it == *store));
    let figures = Figures(
        wanted.map(|(store, grants)| Growth::of(&program, store, grants, options)).collect(),
    );
    println!("\n{figures}");
    origin.write(&figures.to_string(), &[figures.plot()], options.common.save);
    figures.targets()
}
