use std::fmt;

use super::{Broken, CLAUSES, Subject};

/// Runs every clause that can be run from where this is called.
///
/// What the environment says can be set for another process only, so the clause about proxies is a
/// test's alone: [`transport_contract!`](crate::transport_contract).
pub fn check(subject: &impl Subject) -> Report {
    let mut report = Report { kept: Vec::new(), broken: Vec::new(), not_shown: Vec::new() };
    for clause in CLAUSES {
        match clause.check(subject, None) {
            Some(Ok(())) => report.kept.push(clause.name()),
            Some(Err(how)) => report.broken.push((clause.name(), how)),
            None => report.not_shown.push(clause.name()),
        }
    }
    report
}

/// Which clauses a transport keeps.
#[derive(Debug)]
#[non_exhaustive]
pub struct Report {
    /// The clauses that were kept.
    pub kept: Vec<&'static str>,
    /// The clauses that were not, and how that was seen.
    pub broken: Vec<(&'static str, Broken)>,
    /// The clauses that only a test can show.
    pub not_shown: Vec<&'static str>,
}

impl Report {
    /// Whether no clause was broken.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        self.broken.is_empty()
    }
}

/// A line for each clause.
impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for name in &self.kept {
            writeln!(f, "kept       {name}")?;
        }
        for name in &self.not_shown {
            writeln!(f, "not shown  {name}")?;
        }
        for (name, how) in &self.broken {
            writeln!(f, "BROKEN     {name}: {how}")?;
        }
        Ok(())
    }
}
