//! What is said on standard output and standard error, beside the log.

use std::fmt;
use std::io::Write;

/// Writes a line to whoever reads; that nobody does is no failure of ours.
pub(crate) fn say(mut stream: impl Write, line: impl fmt::Display) {
    let _ = writeln!(stream, "{line}").and_then(|()| stream.flush());
}
