//! The command line.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};

use crate::say::say;
use crate::{config, dev, keys, logs, serve};

/// An OAuth 2.1 authorization server and OAuth proxy for MCP servers and APIs.
///
/// Vestibule stands between OAuth clients and your identity providers: people sign in there,
/// clients get tokens from here.
#[derive(Debug, Parser)]
#[command(name = "vestibule", version, max_term_width = 100)]
#[command(after_help = "Start with `vestibule dev`: it needs no configuration.")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Try Vestibule out, with a built-in identity provider and no configuration.
    ///
    /// Starts Vestibule with fresh keys, an identity provider where anybody can sign in as anybody,
    /// and a page that shows a whole sign-in. For development only: it listens on loopback
    /// addresses and keeps nothing.
    #[command(after_help = DEV_EXAMPLES)]
    Dev(DevArgs),
    /// Run the server that a configuration file describes.
    ///
    /// Prints `listening on ADDRESS (issuer ISSUER)` on standard output when it is ready, and logs
    /// to standard error. SIGTERM and SIGINT end it after the requests that it is answering; a
    /// second one ends it at once. It does not start with a faulty configuration: see `vestibule
    /// check`.
    #[command(after_help = SERVE_EXAMPLES)]
    Serve(ServeArgs),
    /// Name every fault of a configuration file.
    ///
    /// One per line on standard output, with file, line, key, what is wrong and how to mend it. The
    /// exit status is 0 without a fault and 1 with any. Secrets are looked up in the environment
    /// and in files, as `serve` does.
    #[command(after_help = CHECK_EXAMPLES)]
    Check(ConfigArgs),
    /// Make keys and secrets.
    #[command(subcommand)]
    Keys(KeysCommand),
}

#[derive(Debug, Args)]
struct DevArgs {
    /// Where Vestibule listens: a loopback address and a port, port 0 for any that is free.
    #[arg(long, value_name = "ADDRESS", value_parser = dev::loopback)]
    #[arg(default_value = "127.0.0.1:3000")]
    listen: SocketAddr,
    /// Where the identity provider listens: the same.
    #[arg(long, value_name = "ADDRESS", value_parser = dev::loopback)]
    #[arg(default_value = "127.0.0.1:0")]
    idp_listen: SocketAddr,
    #[command(flatten)]
    logs: LogArgs,
}

#[derive(Debug, Args)]
struct ServeArgs {
    #[command(flatten)]
    config: ConfigArgs,
    #[command(flatten)]
    logs: LogArgs,
}

#[derive(Debug, Args)]
struct ConfigArgs {
    /// The configuration file (TOML).
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
}

#[derive(Debug, Args)]
struct LogArgs {
    /// How log lines are written to standard error.
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t = logs::Format::Human)]
    log: logs::Format,
    /// What is logged: error, warn, info, debug or trace for Vestibule, or a filter such as
    /// `warn,vestibule=debug,hyper=info` for other parts too.
    #[arg(long, value_name = "LEVEL", value_parser = logs::filter, default_value = "info")]
    #[arg(env = "VESTIBULE_LOG", hide_env_values = true)]
    log_level: logs::Filter,
}

#[derive(Debug, Subcommand)]
enum KeysCommand {
    /// Print a fresh key or secret on standard output.
    ///
    /// It is 32 random bytes in base64url, 43 characters. Nothing else goes to standard output;
    /// where it belongs in the configuration is said on standard error.
    #[command(after_help = KEYS_EXAMPLES)]
    New {
        /// What it is for.
        #[arg(
            long,
            value_enum,
            value_name = "ALGORITHM",
            default_value = "EdDSA",
            ignore_case = true
        )]
        algorithm: keys::Kind,
    },
}

const DEV_EXAMPLES: &str = "\
Examples:
  vestibule dev                          then open http://127.0.0.1:3000/
  vestibule dev --listen 127.0.0.1:0     on any free port";

const SERVE_EXAMPLES: &str = "\
Examples:
  vestibule serve --config vestibule.toml
  vestibule serve --config vestibule.toml --log json --log-level debug";

const CHECK_EXAMPLES: &str = "\
Example:
  vestibule check --config vestibule.toml";

const KEYS_EXAMPLES: &str = "\
Examples:
  vestibule keys new > signing.key                                         a signing key
  export VESTIBULE_SECRET=\"$(vestibule keys new --algorithm secret)\"       a sealing secret";

/// Does what the command line says.
pub(crate) fn run() -> ExitCode {
    let done = match Cli::parse().command {
        Command::Dev(DevArgs { listen, idp_listen, logs }) => {
            logs::start(logs.log, &logs.log_level);
            dev::run(listen, idp_listen)
        }
        Command::Serve(ServeArgs { config, logs }) => {
            logs::start(logs.log, &logs.log_level);
            serve::run(&config.config)
        }
        Command::Check(ConfigArgs { config }) => return check(&config),
        Command::Keys(KeysCommand::New { algorithm }) => keys::print_new(algorithm),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            say(io::stderr(), problem);
            ExitCode::FAILURE
        }
    }
}

fn check(file: &std::path::Path) -> ExitCode {
    match config::read(file) {
        Ok(settings) => {
            let issuer = settings.server.issuer();
            say(
                io::stdout(),
                format_args!("{}: good (issuer {issuer}, {})", file.display(), settings.counts),
            );
            ExitCode::SUCCESS
        }
        Err(faults) => {
            say(io::stdout(), faults);
            ExitCode::FAILURE
        }
    }
}
