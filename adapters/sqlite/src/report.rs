//! Telling the operator what fails, once, and that it succeeds again.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use vestibule_core::{List, RecordKey};

use crate::kind::Kind;
use crate::trouble::{Fault, Trouble};

/// Who is told.
pub(crate) type OnTrouble = Arc<dyn Fn(&Trouble) + Send + Sync>;

/// Questions that are told apart at a time. More that fail are not told: whoever was told so often
/// knows.
const APART: usize = 16;

/// Who fails and succeeds: reading may work where writing does not.
#[derive(Clone, Copy)]
pub(crate) enum Doing {
    Reading,
    Writing,
}

impl Doing {
    fn of<T>(self, each: &[T; 2]) -> &T {
        let [reading, writing] = each;
        match self {
            Self::Reading => reading,
            Self::Writing => writing,
        }
    }
}

/// What failed or succeeded. Others that succeed say nothing about it: they need not meet the page
/// that is damaged, or the space that is not there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum About {
    /// Nothing by itself: whatever succeeds says that the file can be used again.
    File,
    Record(RecordKey),
    List(List),
    /// Whichever list.
    Lists,
    Count,
    Sweep,
    /// A new record of so many bytes.
    Space(usize),
}

impl About {
    /// What a fault of this kind says something about.
    fn narrowed(self, kind: Kind) -> Self {
        match (kind, self) {
            (Kind::Full, Self::Space(bytes)) => Self::Space(bytes),
            (Kind::Corrupt, about) if !matches!(about, Self::Space(_)) => about,
            (Kind::Other, Self::List(_)) => Self::Lists,
            (Kind::Other, about @ (Self::Count | Self::Sweep)) => about,
            _ => Self::File,
        }
    }

    /// Whether success in this says that trouble with `other` is over.
    pub(crate) fn proves(&self, other: &Self) -> bool {
        match (self, other) {
            // It may have written nothing.
            (Self::Sweep, Self::File) => false,
            (_, Self::File) | (Self::List(_), Self::Lists) => true,
            (Self::Space(there), Self::Space(needed)) => there >= needed,
            _ => self == other,
        }
    }
}

/// Knows what was told already and is not over.
pub(crate) struct Reporter {
    path: PathBuf,
    listener: OnTrouble,
    standing: [Mutex<Vec<(Kind, About)>>; 2],
    /// Whether anything stands there, for those who ask often.
    troubled: [AtomicBool; 2],
}

impl Reporter {
    pub(crate) fn new(path: &Path, listener: OnTrouble) -> Arc<Self> {
        let path = path.to_owned();
        Arc::new(Self {
            path,
            listener,
            standing: Default::default(),
            troubled: Default::default(),
        })
    }

    /// Work failed.
    pub(crate) fn failed(&self, doing: Doing, fault: Fault, about: About) {
        let about = if fault.unopened { About::File } else { about.narrowed(fault.kind) };
        let mut standing = self.standing(doing);
        let begins = begins(&mut standing, fault.kind, &about);
        self.note(doing, &standing);
        drop(standing);
        if begins {
            let fault = if let About::Record(key) = &about { fault.with(key) } else { fault };
            self.tell(&fault.of(self.path.clone()));
        }
    }

    /// Work succeeded; `proves` says of what failed before whether it is over.
    pub(crate) fn worked(&self, doing: Doing, proves: impl Fn(&About) -> bool) {
        let mut standing = self.standing(doing);
        let before = standing.len();
        standing.retain(|(_, about)| !proves(about));
        let over = before > 0 && standing.is_empty();
        self.note(doing, &standing);
        drop(standing);
        if over {
            self.tell(&Trouble::Recovered { path: self.path.clone() });
        }
    }

    /// Whether something failed that is not over, and that a success with this record could say
    /// something about: the file, or that very record.
    pub(crate) fn is_in_trouble(&self, doing: Doing, key: &RecordKey) -> bool {
        let concerns = |about: &About| match about {
            About::File => true,
            About::Record(its) => its == key,
            About::List(_) | About::Lists | About::Count | About::Sweep | About::Space(_) => false,
        };
        doing.of(&self.troubled).load(Ordering::Relaxed)
            && self.standing(doing).iter().any(|(_, about)| concerns(about))
    }

    fn note(&self, doing: Doing, standing: &[(Kind, About)]) {
        doing.of(&self.troubled).store(!standing.is_empty(), Ordering::Relaxed);
    }

    /// No lock is held here: whoever listens may use the store.
    fn tell(&self, trouble: &Trouble) {
        // The panic hook has printed where; the store lives on.
        let _ = catch_unwind(AssertUnwindSafe(|| (self.listener)(trouble)));
    }

    fn standing(&self, doing: Doing) -> MutexGuard<'_, Vec<(Kind, About)>> {
        doing.of(&self.standing).lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether this is to be told.
fn begins(standing: &mut Vec<(Kind, About)>, kind: Kind, about: &About) -> bool {
    if kind == Kind::Full {
        if let Some((_, told)) = standing.iter_mut().find(|(told, _)| *told == kind) {
            // It is over once the shortest of those that did not fit would.
            *told = match (&*told, about) {
                (About::Space(one), About::Space(other)) => About::Space(*one.min(other)),
                (About::Space(_), _) => return false,
                _ => about.clone(),
            };
            return false;
        }
    } else if standing.iter().any(|(told, its)| *told == kind && its == about) {
        return false;
    }
    let apart = |about: &About| matches!(about, About::Record(_) | About::List(_));
    if apart(about) && standing.iter().filter(|(_, its)| apart(its)).count() >= APART {
        return false;
    }
    standing.push((kind, about.clone()));
    true
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use rusqlite::{Error, ffi};
    use vestibule_core::Owner;

    use super::*;

    #[test]
    fn trouble_concerns_the_records_that_can_end_it() {
        let key = |n: u8| RecordKey::from_stored(format!("grant/{n:02x}"));
        let fault = |code| Fault::from(Error::SqliteFailure(ffi::Error::new(code), None));
        let reporter = Reporter::new(Path::new("vestibule.db"), Arc::new(|_| {}));
        let fail = |code, about| reporter.failed(Doing::Reading, fault(code), about);
        let in_trouble = |n| reporter.is_in_trouble(Doing::Reading, &key(n));
        fail(ffi::SQLITE_CORRUPT, About::Count);
        fail(ffi::SQLITE_IOERR, About::Count);
        fail(ffi::SQLITE_CORRUPT, About::List(List::new(Owner::from_bytes([0; 16]), None, 1)));
        fail(ffi::SQLITE_IOERR, About::List(List::new(Owner::from_bytes([0; 16]), None, 1)));
        assert!(!in_trouble(1), "nobody may ever list or count again");
        fail(ffi::SQLITE_CORRUPT, About::Record(key(1)));
        assert!(in_trouble(1) && !in_trouble(2));
        fail(ffi::SQLITE_IOERR, About::Record(key(1)));
        assert!(in_trouble(1) && in_trouble(2));
        assert!(!reporter.is_in_trouble(Doing::Writing, &key(1)));
        reporter.worked(Doing::Reading, |other| About::Record(key(2)).proves(other));
        assert!(in_trouble(1) && !in_trouble(2));
    }
}
