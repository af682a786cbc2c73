//! The command line.

use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};
use vestibule_core::{ClientId, Cutoff, GrantId, Resource};

use crate::say::say;
use crate::{administer, config, dev, keys, logs, online, serve};

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
    /// to standard error, one line a request; a head that is not HTTP or too long leaves none. SIGTERM
    /// and SIGINT end it after the requests that it is answering; a second one ends it at once. It
    /// does not start with a faulty configuration: see `vestibule check`.
    #[command(after_help = SERVE_EXAMPLES)]
    Serve(ServeArgs),
    /// Name every fault of a configuration file.
    ///
    /// One per line on standard output, with file, line, key, what is wrong and how to mend it. The
    /// exit status is 0 without a fault and 1 with any. Secrets are looked up in the environment
    /// and in files, as `serve` does. Without --online nobody else is asked.
    #[command(after_help = CHECK_EXAMPLES)]
    Check(CheckArgs),
    /// Make keys and secrets.
    #[command(subcommand)]
    Keys(KeysCommand),
    /// End what was allowed until now: of a user, of a client, or everything.
    ///
    /// Codes, refresh tokens and sign-ins that are under way are refused from now on; a server that
    /// runs sees it within 5 seconds. Access tokens that were handed out end when they expire,
    /// unless whoever reads them asks the store. What is allowed afterwards lives: people sign in
    /// again, and with --client one that registered itself registers again. Where several nodes'
    /// clocks differ, end once more after that difference.
    #[command(after_help = END_EXAMPLES)]
    End(EndArgs),
    /// List a user's living grants, or end one of them.
    ///
    /// One per line on standard output: its id, when it was allowed, when its client last got
    /// tokens, when it expires, the resource, the scopes, the client's name and its client_id.
    #[command(after_help = GRANTS_EXAMPLES)]
    Grants(GrantsArgs),
    /// Copy the store into a file, while the server runs.
    ///
    /// The copy is the whole store as it was at one moment. Its records are sealed with the secrets
    /// of the configuration: keep those elsewhere. To restore, stop the server, put the copy in
    /// place of the store, remove the files beside it that end in -wal and -shm, run `vestibule end
    /// --all`, end again each client that was ended since, and start: what was revoked since the
    /// copy was made would otherwise be back. If sealing secrets were rotated since, list the one
    /// that was first then in first place for these commands.
    #[command(after_help = BACKUP_EXAMPLES)]
    Backup(BackupArgs),
}

#[derive(Debug, Args)]
struct EndArgs {
    #[command(flatten)]
    config: ConfigArgs,
    #[command(flatten)]
    whose: Whose,
}

#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
struct Whose {
    /// All grants of a person: the provider's id and the person's id there, as logs have it in
    /// `subject`.
    #[arg(long, value_name = "PROVIDER:ID")]
    user: Option<String>,
    /// All grants of a client, by its client_id; `vestibule grants` and registrations have it.
    #[arg(long, value_name = "CLIENT_ID")]
    client: Option<String>,
    /// All grants.
    #[arg(long)]
    all: bool,
}

impl Whose {
    fn cutoff(self) -> Cutoff {
        match self {
            Self { user: Some(subject), .. } => Cutoff::Subject(subject),
            Self { client: Some(id), .. } => Cutoff::Client(ClientId::new(id)),
            // One of the three is required.
            Self { .. } => Cutoff::Issuer,
        }
    }
}

#[derive(Debug, Args)]
struct GrantsArgs {
    #[command(flatten)]
    config: ConfigArgs,
    /// Whose: the provider's id and the person's id there, as logs have it in `subject`.
    #[arg(long, value_name = "PROVIDER:ID")]
    user: String,
    /// End this one.
    #[arg(long, value_name = "GRANT", value_parser = GrantId::parse)]
    end: Option<GrantId>,
}

#[derive(Debug, Args)]
struct BackupArgs {
    #[command(flatten)]
    config: ConfigArgs,
    /// Where to: a file that is not there yet.
    #[arg(value_name = "FILE")]
    file: PathBuf,
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
    /// An MCP server or API of yours, to be tried with tokens for it: its URI. Beside it there is the
    /// built-in one, so clients have to name which they mean (`resource`, RFC 8707).
    #[arg(long, value_name = "URI", value_parser = dev::resource)]
    resource: Option<Box<Resource>>,
    /// A scope that it has; once for each.
    #[arg(long, value_name = "SCOPE", requires = "resource")]
    scope: Vec<String>,
    #[command(flatten)]
    logs: LogArgs,
}

#[derive(Debug, Args)]
struct CheckArgs {
    #[command(flatten)]
    config: ConfigArgs,
    /// Ask each provider, too, where the file has no fault: fetch its discovery document and its
    /// keys, say what came, and hold it against the configuration. It takes 10 seconds at most. A
    /// client_id or secret is sent to nobody, so whether these are right is not seen. With a fault
    /// the exit status is 1; a remark leaves it at 0.
    #[arg(long)]
    online: bool,
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
    /// How log lines are written to standard error. Those of requests that come together are
    /// written together, up to 20 ms later; warnings and errors at once.
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
Examples:
  vestibule check --config vestibule.toml
  vestibule check --config vestibule.toml --online     before the first sign-in";

const KEYS_EXAMPLES: &str = "\
Examples:
  vestibule keys new > signing.key                                         a signing key
  export VESTIBULE_SECRET=\"$(vestibule keys new --algorithm secret)\"       a sealing secret";

const END_EXAMPLES: &str = "\
Examples:
  vestibule end --config vestibule.toml --user google:1234567     a person left
  vestibule end --config vestibule.toml --client vc1_AbC...       a client misbehaves
  vestibule end --config vestibule.toml --all                     a backup was restored";

const GRANTS_EXAMPLES: &str = "\
Examples:
  vestibule grants --config vestibule.toml --user google:1234567
  vestibule grants --config vestibule.toml --user google:1234567 --end GRANT";

const BACKUP_EXAMPLES: &str = "\
Example:
  vestibule backup --config vestibule.toml /backups/vestibule-2026-11-24.db";

/// Does what the command line says.
pub(crate) fn run() -> ExitCode {
    let done = match Cli::parse().command {
        Command::Dev(DevArgs { listen, idp_listen, mut resource, scope, logs }) => {
            if let Some(resource) = &mut resource {
                resource.scopes = scope;
            }
            logs::start(logs.log, &logs.log_level)
                .and_then(|_flush| dev::run(listen, idp_listen, resource))
        }
        Command::Serve(ServeArgs { config, logs }) => {
            logs::start(logs.log, &logs.log_level).and_then(|_flush| serve::run(&config.config))
        }
        Command::Check(CheckArgs { config, online }) => return check(&config.config, online),
        Command::Keys(KeysCommand::New { algorithm }) => keys::print_new(algorithm),
        Command::End(EndArgs { config, whose }) => administer::end(&config.config, whose.cutoff()),
        Command::Grants(GrantsArgs { config, user, end: None }) => {
            administer::list(&config.config, &user)
        }
        Command::Grants(GrantsArgs { config, user, end: Some(grant_id) }) => {
            administer::end_one(&config.config, &user, grant_id)
        }
        Command::Backup(BackupArgs { config, file }) => administer::backup(&config.config, &file),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            say(io::stderr(), problem);
            ExitCode::FAILURE
        }
    }
}

fn check(file: &Path, online: bool) -> ExitCode {
    let settings = match config::read(file) {
        Ok(settings) => settings,
        Err(faults) => {
            say(io::stdout(), faults);
            return ExitCode::FAILURE;
        }
    };
    let issuer = &settings.config.issuer;
    say(
        io::stdout(),
        format_args!("{}: good (issuer {issuer}, {})", file.display(), settings.counts),
    );
    for remark in settings.remarks() {
        say(io::stdout(), format_args!("{}: remark: {remark}", file.display()));
    }
    if !online {
        return ExitCode::SUCCESS;
    }
    match online::check(&settings) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(problem) => {
            say(io::stderr(), problem);
            ExitCode::FAILURE
        }
    }
}
