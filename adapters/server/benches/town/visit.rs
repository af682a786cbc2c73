use std::fmt;

use super::recording::STEPS;

/// How new those are who sign in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Visit {
    /// Neither was here before: the application opens a connection, reads the metadata (RFC 8414)
    /// and registers (RFC 7591), the browser opens one of its own, and each closes its connection
    /// when there are tokens. What an MCP client does the first time.
    First,
    /// The application is registered, and both connections stay open from sign-in to sign-in.
    /// Beside the four requests that need a person, nothing is left of which to take a share.
    Kept,
}

impl Visit {
    pub(crate) const ALL: [Self; 2] = [Self::First, Self::Kept];

    /// Which of [`STEPS`] is the first.
    pub(crate) const fn begins(self) -> usize {
        match self {
            Self::First => 0,
            Self::Kept => 2,
        }
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::First => "first visits",
            Self::Kept => "kept connections",
        }
    }
}

/// As a caption.
impl fmt::Display for Visit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let connections = match self {
            Self::First => "on two new connections, by an application that registers",
            Self::Kept => "on connections that stay open, by an application that is registered",
        };
        let requests = STEPS.len() - self.begins();
        write!(f, "{}: {requests} requests {connections}", self.name())
    }
}
