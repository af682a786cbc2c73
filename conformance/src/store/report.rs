use std::any::type_name;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};

use vestibule_core::Unavailable;

use super::clause::{Clause, all};
use super::{Children, Subject, children};

/// Whether a clause holds.
pub type Verdict = Result<(), Objection>;

/// Why a clause is not known to hold.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Objection {
    /// It cannot be asked of this subject, for this reason.
    NotAsked(&'static str),
    /// It does not hold: what was seen.
    Broken(String),
}

impl From<Unavailable> for Objection {
    fn from(_: Unavailable) -> Self {
        Self::Broken("the store answered `Unavailable`, though nothing was in its way".to_owned())
    }
}

impl fmt::Display for Objection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotAsked(why) => write!(f, "not asked: {why}"),
            Self::Broken(what) => write!(f, "broken: {what}"),
        }
    }
}

/// As a test prints it.
impl fmt::Debug for Objection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// What a test makes of a verdict: what cannot be asked passes and says so, unless all must be.
#[doc(hidden)]
#[expect(clippy::print_stderr, reason = "that is where a test's output goes")]
pub fn as_test(verdict: Verdict, all: bool) -> Verdict {
    match verdict {
        Err(Objection::NotAsked(why)) if !all => {
            eprintln!("not asked: {why}");
            Ok(())
        }
        Ok(()) | Err(Objection::NotAsked(_) | Objection::Broken(_)) => verdict,
    }
}

/// Asks every clause of a store, one after the other.
///
/// A store that panics breaks the clause it was asked about.
#[must_use]
pub fn check<S: Subject>(children: &Children) -> Report {
    let mut clauses = all::<S>();
    if let Some(task) = children::task() {
        // This is a child of a clause and goes where its parent waits for it.
        clauses.retain(|(name, _)| task.is_for::<S>(name));
    }
    let verdicts =
        clauses.into_iter().map(|(name, clause)| (name, ask(clause, children))).collect();
    Report { subject: type_name::<S>(), verdicts }
}

fn ask(clause: Clause, children: &Children) -> Verdict {
    catch_unwind(AssertUnwindSafe(|| clause(children))).unwrap_or_else(|panic| {
        let said = panic
            .downcast_ref::<String>()
            .map(String::as_str)
            .or_else(|| panic.downcast_ref::<&str>().copied());
        Err(Objection::Broken(format!("panicked: {}", said.unwrap_or("(no message)"))))
    })
}

/// What became of each clause. Its `Display` has a line for each.
#[derive(Clone, Debug)]
pub struct Report {
    subject: &'static str,
    verdicts: Vec<(&'static str, Verdict)>,
}

impl Report {
    /// Whether nothing is broken.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.broken().next().is_none()
    }

    /// The clauses that do not hold, and what was seen.
    pub fn broken(&self) -> impl Iterator<Item = (&'static str, &str)> {
        self.verdicts.iter().filter_map(|(clause, verdict)| match verdict {
            Err(Objection::Broken(what)) => Some((*clause, what.as_str())),
            Ok(()) | Err(Objection::NotAsked(_)) => None,
        })
    }

    /// The clauses that could not be asked, and why not.
    pub fn not_asked(&self) -> impl Iterator<Item = (&'static str, &'static str)> {
        self.verdicts.iter().filter_map(|(clause, verdict)| match verdict {
            Err(Objection::NotAsked(why)) => Some((*clause, *why)),
            Ok(()) | Err(Objection::Broken(_)) => None,
        })
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.subject)?;
        for (clause, verdict) in &self.verdicts {
            match verdict {
                Ok(()) => writeln!(f, "  {clause}: holds")?,
                Err(objection) => writeln!(f, "  {clause}: {objection}")?,
            }
        }
        Ok(())
    }
}
