use super::grants::{Found, GrantSummary, Listed, is_subject, list};
use crate::cutoff::{self, Cutoff};
use crate::flow::transact;
use crate::flow::upstream::{self, Ending};
use crate::ids::GrantId;
use crate::refusal::Refusal;
use crate::setup::Setup;
use crate::step::{Step, ask};
use crate::store::{Load, Record, Swap, Swapped, Version};
use crate::swap::{Patience, swap};
use crate::tick::{Tick, Timestamp};

/// What was wiped at once when something was ended.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Wiped {
    /// Grants that are tombstones now, as they were.
    pub grants: Vec<GrantSummary>,
    /// Grants whose records are damaged: they open for nobody, and what is in them stays until they
    /// expire.
    pub unreadable: Vec<GrantId>,
}

/// See [`Server::end`](crate::Server::end).
pub(crate) fn end(setup: &Setup, cutoff: Cutoff, tick: &mut Tick) -> Step<Result<Wiped, Refusal>> {
    let known = match &cutoff {
        Cutoff::Issuer => Ok(()),
        Cutoff::Client(id) if !setup.knows(id) => Err(Refusal::UnknownClient),
        Cutoff::Client(_) => Ok(()),
        Cutoff::Subject(subject) => is_subject(subject),
    };
    if let Err(refusal) = known {
        return Step::Done(Err(refusal));
    }
    let writing = Writing { setup: setup.clone(), cutoff: cutoff.clone(), at: tick.now };
    let setup = setup.clone();
    writing.under_each_key(0, tick).then(tick, move |written, tick| match (written, cutoff) {
        (Err(refusal), _) => Step::Done(Err(refusal)),
        (Ok(()), Cutoff::Issuer | Cutoff::Client(_)) => Step::Done(Ok(Wiped::default())),
        (Ok(()), Cutoff::Subject(subject)) => wipe_listed(&setup, &subject, tick),
    })
}

struct Writing {
    setup: Setup,
    cutoff: Cutoff,
    at: Timestamp,
}

impl Writing {
    /// Under the first key it would be enough, if all nodes had the same first key at any time.
    fn under_each_key(self, n: usize, tick: &mut Tick) -> Step<Result<(), Refusal>> {
        if n == self.cutoff.places(&self.setup).len() {
            return Step::Done(Ok(()));
        }
        let patience = Patience::from(tick.now);
        self.under(n, patience, tick).then(tick, move |written, tick| match written {
            Ok(writing) => writing.under_each_key(n + 1, tick),
            Err(refusal) => Step::Done(Err(refusal)),
        })
    }

    /// A cutoff moves forward only. One that cannot be read is replaced: the new one is later than
    /// it ever was.
    fn under(self, n: usize, patience: Patience, tick: &mut Tick) -> Step<Result<Self, Refusal>> {
        let Some((place, _)) = self.cutoff.places(&self.setup).into_iter().nth(n) else {
            return Step::Done(Ok(self));
        };
        ask(Load::fresh(place)).then(tick, move |answer, tick| {
            let Ok(found) = answer else {
                return Step::Done(Err(Refusal::StoreUnavailable));
            };
            let version = Version::from_bytes(tick.entropy.draw("record version"));
            let Some(question) = self.question(n, found.as_ref(), version) else {
                return Step::Done(Ok(self));
            };
            swap(question, patience, tick).then(tick, move |written, tick| match written {
                Ok((Swapped::Done, _)) => Step::Done(Ok(self)),
                Ok((Swapped::Conflict, patience)) => match patience.another_round() {
                    Some(patience) => self.under(n, patience, tick),
                    None => Step::Done(Err(Refusal::Contention)),
                },
                Err(refusal) => Step::Done(Err(refusal)),
            })
        })
    }

    fn question(&self, n: usize, found: Option<&Record>, version: Version) -> Option<Swap> {
        let (place, key) = self.cutoff.places(&self.setup).into_iter().nth(n)?;
        let before = found.and_then(|found| cutoff::from_record(&self.setup, &place, found));
        let at = before.map_or(self.at, |before| before.max(self.at));
        let next = cutoff::to_record(key, &place, at, version);
        Some(Swap::new(place, found.map(|found| found.version), Some(next)))
    }
}

/// The cutoff holds already; what can be listed is wiped as well.
fn wipe_listed(setup: &Setup, subject: &str, tick: &mut Tick) -> Step<Result<Wiped, Refusal>> {
    let setup = setup.clone();
    list(&setup, subject, tick).then(tick, move |listed, tick| match listed {
        Ok(Found { listed, unreadable }) => {
            let wiped = Wiped { grants: Vec::new(), unreadable };
            wipe_each(setup, listed.into_iter(), wiped, tick)
        }
        Err(refusal) => Step::Done(Err(refusal)),
    })
}

fn wipe_each(
    setup: Setup,
    mut listed: std::vec::IntoIter<Listed>,
    mut wiped: Wiped,
    tick: &mut Tick,
) -> Step<Result<Wiped, Refusal>> {
    let Some(Listed { summary, .. }) = listed.next() else {
        return Step::Done(Ok(wiped));
    };
    end_one(&setup, summary.grant_id, Ending::Person, tick).then(tick, move |done, tick| {
        match done {
            Ok(_) => wiped.grants.push(summary),
            // Damaged since it was listed.
            Err(Refusal::CorruptRecord) => wiped.unreadable.push(summary.grant_id),
            Err(refusal) => return Step::Done(Err(refusal)),
        }
        wipe_each(setup, listed, wiped, tick)
    })
}

/// See [`Server::end_grant`](crate::Server::end_grant).
pub(crate) fn end_grant(
    setup: &Setup,
    grant_id: GrantId,
    tick: &mut Tick,
) -> Step<Result<bool, Refusal>> {
    end_one(setup, grant_id, Ending::Grant, tick)
}

fn end_one(
    setup: &Setup,
    grant_id: GrantId,
    of: Ending,
    tick: &mut Tick,
) -> Step<Result<bool, Refusal>> {
    let setup = setup.clone();
    transact::end(&setup, grant_id, tick).then(tick, move |ended, tick| {
        let alive = ended.outcome.map_err(|undone| undone.refusal);
        upstream::revoke_any(&setup, ended.abandoned, of, tick)
            .then(tick, |(), _| Step::Done(alive))
    })
}
