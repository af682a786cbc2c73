//! The command line of a bench.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, value_parser};

use super::Role;
use super::program::Program;
use super::target::{self, Target};

/// What every bench can be told.
#[derive(Args)]
pub(crate) struct Common {
    /// How many sign in at once.
    #[arg(long, default_value_t = 32, value_parser = value_parser!(u64).range(1..))]
    pub(crate) people: u64,
    /// The program, where it shall be another than the one of this build.
    #[arg(long, default_value = env!("CARGO_BIN_EXE_vestibule"))]
    program: PathBuf,
    /// Fail where a target is missed, of all that was measured.
    #[arg(long)]
    judge: bool,
    /// Write tables and plot into `benches/figures`.
    #[arg(long, conflicts_with = "program")]
    pub(crate) save: bool,
    /// What cargo adds.
    #[arg(long, hide = true)]
    bench: bool,
}

impl Common {
    /// The program, at an identity provider.
    pub(crate) fn program(&self, identity_provider: &str) -> Program {
        Program {
            executable: self.program.clone(),
            identity_provider: identity_provider.to_owned(),
        }
    }
}

#[derive(Parser)]
#[command(args_conflicts_with_subcommands = true)]
struct Arguments<O: Args> {
    #[command(subcommand)]
    role: Option<Role>,
    #[command(flatten)]
    options: O,
}

/// Plays a role where one is asked for, and measures otherwise.
pub(crate) fn run<O: Args>(
    common: impl FnOnce(&O) -> &Common,
    measure: impl FnOnce(&O) -> Vec<Target>,
) -> ExitCode {
    let Arguments { role, options } = Arguments::<O>::parse();
    if let Some(role) = role {
        role.play();
        return ExitCode::SUCCESS;
    }
    let met = target::met(&measure(&options));
    if common(&options).judge && !met { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}
