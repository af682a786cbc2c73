//! Logs on standard error: for people, or one JSON object per line. No secret is ever in them: what
//! is logged are names of events and their fields, which core keeps free of secrets.

mod fields;
mod lines;

use std::fmt;
use std::io::{self, IsTerminal};
use std::panic;
use std::time::SystemTime;

use tracing::level_filters::LevelFilter;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::time::FormatTime;

use fields::Fields;
use lines::{Flush, Lines};

/// How log lines are written.
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
pub(crate) enum Format {
    /// For people.
    Human,
    /// One JSON object per line.
    Json,
}

/// Which events are logged: directives of `tracing_subscriber::EnvFilter`.
#[derive(Clone, Debug)]
pub(crate) struct Filter(String);

/// Reads `--log-level`: a bare level is Vestibule's own, and others stay at `warn`.
pub(crate) fn filter(text: &str) -> Result<Filter, String> {
    let directives = match text.parse::<LevelFilter>() {
        Ok(level) => format!("warn,vestibule={level}"),
        Err(_) => text.to_owned(),
    };
    match EnvFilter::builder().parse(&directives) {
        Ok(_) => Ok(Filter(directives)),
        Err(error) => {
            Err(format!("{error}; write a level, or a filter like `warn,vestibule=debug`"))
        }
    }
}

/// Starts logging, once for the process; lines that wait to be written are written when what it
/// returns is dropped.
pub(crate) fn start(format: Format, Filter(directives): &Filter) -> Result<Flush, String> {
    let lines = Lines::to(Box::new(io::stderr()))
        .map_err(|error| format!("cannot start the thread of the log: {error}"))?;
    let logs = tracing_subscriber::fmt()
        .with_env_filter(EnvFilter::new(directives))
        .with_timer(Now)
        .with_writer(lines.clone());
    match format {
        Format::Human => logs.fmt_fields(Fields).with_ansi(wants_colour()).init(),
        Format::Json => logs.json().flatten_event(true).init(),
    }
    // A panic's message can quote whatever was at hand; its place says enough.
    panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        tracing::error!(place, "a bug: the program panicked");
    }));
    Ok(Flush(lines))
}

/// The time of a line, in UTC to the microsecond (RFC 3339).
struct Now;

impl FormatTime for Now {
    fn format_time(&self, writer: &mut Writer<'_>) -> fmt::Result {
        // A clock before 1970 is one that was never set.
        let now = SystemTime::now().max(SystemTime::UNIX_EPOCH);
        write!(writer, "{}", humantime::format_rfc3339_micros(now))
    }
}

fn wants_colour() -> bool {
    // https://no-color.org
    io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}
