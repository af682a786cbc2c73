//! What a sign-in costs beside what it must cost.
//!
//! `cargo bench -p vestibule --bench floor` lets people sign in at Vestibule and at a floor program
//! ([`town::floor`]) in turn, each time at fresh processes, and compares the CPU time that the
//! operating system counted for each. One sign-in is recorded from Vestibule first; the floor
//! answers and asks what Vestibule answered and asked in it, and the bytes of every step are
//! compared. It fails where a sign-in goes wrong; with `-- --judge` also where a target is missed.
//!
//! There are two kinds of sign-in ([`town::visit`]), each judged by the same targets. First visits
//! are what MCP clients make: six requests on two new connections, the registration among them.
//! Kept connections are the stricter comparison, of four requests with nothing around them.
//!
//! Within seconds: `-- --store memory --pairs 1 --sign-ins 300`.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a bench says what it measured, and fails where anything goes wrong"
)]

mod figures;
mod round;

#[path = "../town/mod.rs"]
mod town;

use std::process::ExitCode;

use clap::{ValueEnum, value_parser};
use tempfile::NamedTempFile;

use crate::figures::Figures;
use crate::round::{Round, Rounds};
use crate::town::identity_provider::IdentityProvider;
use crate::town::options::{self, Common};
use crate::town::program::Store;
use crate::town::saved::Origin;
use crate::town::target::Target;
use crate::town::visit::Visit;

#[derive(clap::Args)]
struct Options {
    /// Where Vestibule keeps grants.
    #[arg(long, value_enum, default_value = "both")]
    store: Stores,
    /// One kind of visit instead of each.
    #[arg(long, value_enum, conflicts_with = "save")]
    visit: Option<Visit>,
    /// How often each is measured, in turn.
    #[arg(long, default_value_t = 5, value_parser = value_parser!(u64).range(1..))]
    pairs: u64,
    /// Sign-ins that are measured in each round.
    #[arg(long, default_value_t = 10_000, value_parser = value_parser!(u64).range(1..))]
    sign_ins: u64,
    /// Sign-ins before them. With these and the default number of sign-ins almost every request id
    /// is as long as the recorded ones.
    #[arg(long, default_value_t = 1_100)]
    warm_up: u64,
    #[command(flatten)]
    common: Common,
}

#[derive(Clone, Copy, ValueEnum)]
enum Stores {
    Memory,
    Sqlite,
    Both,
}

impl Stores {
    fn all(self) -> &'static [Store] {
        match self {
            Self::Memory => &[Store::Memory],
            Self::Sqlite => &[Store::Sqlite],
            Self::Both => &[Store::Memory, Store::Sqlite],
        }
    }
}

fn main() -> ExitCode {
    options::run(|options: &Options| &options.common, compare)
}

fn compare(options: &Options) -> Vec<Target> {
    let Options { sign_ins, pairs, ref common, .. } = *options;
    let people = common.people;
    let origin = Origin::of("floor");
    println!("{}", origin.machine);
    println!(
        "{pairs} rounds of {sign_ins} sign-ins by {people} people at once, of the program as \
         configured by itself; its log goes to a file\n"
    );
    let identity_provider = IdentityProvider::start();
    let program = common.program(&identity_provider.address);
    let recorded = NamedTempFile::new().unwrap();
    let rounds = Rounds::record(&identity_provider, &program, options, recorded.path());
    rounds.describe();

    let all = options.visit.map_or(Visit::ALL.to_vec(), |visit| vec![visit]);
    let all: Vec<_> = all.into_iter().map(|visit| measure(&rounds, options, visit)).collect();
    println!();
    let texts: Vec<_> = all.iter().map(Figures::to_string).collect();
    let text = texts.join("\n");
    println!("{text}");
    // A panel for each kind of visit.
    let plots: Vec<_> = all.iter().map(Figures::plot).collect();
    origin.write(&text, &plots, common.save);
    all.iter().flat_map(Figures::targets).collect()
}

fn measure(rounds: &Rounds<'_>, options: &Options, visit: Visit) -> Figures {
    println!("{visit}\n{}", Round::HEADING);
    let mut figures = Figures::of(visit);
    for pair in 0..options.pairs {
        let mut servers: Vec<Option<Store>> = vec![None];
        servers.extend(options.store.all().iter().copied().map(Some));
        // Nobody is always first.
        let first = pair as usize % servers.len();
        servers.rotate_left(first);
        for server in servers {
            let round = rounds.run(server, visit);
            println!("{:>4}  {round}", pair + 1);
            figures.add(round);
        }
    }
    figures
}
