use super::grants::{GrantSummary, Listed, known_provider, list};
use crate::cutoff::{self, Cutoff};
use crate::flow::transact;
use crate::ids::GrantId;
use crate::refusal::Refusal;
use crate::setup::Setup;
use crate::step::{Step, ask};
use crate::store::{Load, Swap, Swapped, Version};
use crate::swap::{Patience, swap};
use crate::tick::{Tick, Timestamp};

/// See [`Server::end`](crate::Server::end).
pub(crate) fn end(
    setup: &Setup,
    cutoff: Cutoff,
    tick: &mut Tick,
) -> Step<Result<Vec<GrantId>, Refusal>> {
    let known = match &cutoff {
        Cutoff::Issuer => Ok(()),
        Cutoff::Client(id) if setup.client(id.as_str()).is_none() => Err(Refusal::UnknownClient),
        Cutoff::Client(_) => Ok(()),
        Cutoff::Subject(subject) => known_provider(setup, subject),
    };
    if let Err(refusal) = known {
        return Step::Done(Err(refusal));
    }
    let now = tick.now;
    let setup = setup.clone();
    write(setup.clone(), cutoff.clone(), now, Patience::from(now), tick).then(
        tick,
        move |written, tick| match (written, cutoff) {
            (Err(refusal), _) => Step::Done(Err(refusal)),
            (Ok(()), Cutoff::Issuer | Cutoff::Client(_)) => Step::Done(Ok(Vec::new())),
            (Ok(()), Cutoff::Subject(subject)) => end_listed(&setup, &subject, tick),
        },
    )
}

/// A cutoff moves forward only. One that cannot be read is replaced: the new one is later than it
/// ever was.
fn write(
    setup: Setup,
    cutoff: Cutoff,
    at: Timestamp,
    patience: Patience,
    tick: &mut Tick,
) -> Step<Result<(), Refusal>> {
    let (place, _) = cutoff.place(&setup);
    ask(Load::fresh(place.clone())).then(tick, move |answer, tick| {
        let Ok(found) = answer else {
            return Step::Done(Err(Refusal::StoreUnavailable));
        };
        let before = found.as_ref().and_then(|found| cutoff::from_record(&setup, &place, found));
        let version = Version::from_bytes(tick.entropy.draw("record version"));
        let (_, key) = cutoff.place(&setup);
        let next = cutoff::to_record(key, &place, before.map_or(at, |it| it.max(at)), version);
        let question = Swap::new(place, found.map(|found| found.version), Some(next));
        swap(question, patience, tick).then(tick, move |written, tick| match written {
            Ok((Swapped::Done, _)) => Step::Done(Ok(())),
            Ok((Swapped::Conflict, patience)) => match patience.another_round() {
                Some(patience) => write(setup, cutoff, at, patience, tick),
                None => Step::Done(Err(Refusal::Contention)),
            },
            Err(refusal) => Step::Done(Err(refusal)),
        })
    })
}

/// The cutoff holds already; what can be listed is wiped as well.
fn end_listed(
    setup: &Setup,
    subject: &str,
    tick: &mut Tick,
) -> Step<Result<Vec<GrantId>, Refusal>> {
    let setup = setup.clone();
    list(&setup, subject, tick).then(tick, move |listed, tick| match listed {
        Ok(listed) => end_each(setup, listed.into_iter(), Vec::new(), tick),
        Err(refusal) => Step::Done(Err(refusal)),
    })
}

fn end_each(
    setup: Setup,
    mut listed: std::vec::IntoIter<Listed>,
    mut ended: Vec<GrantId>,
    tick: &mut Tick,
) -> Step<Result<Vec<GrantId>, Refusal>> {
    let Some(Listed { summary: GrantSummary { grant_id, .. }, .. }) = listed.next() else {
        return Step::Done(Ok(ended));
    };
    end_grant(&setup, grant_id, tick).then(tick, move |done, tick| match done {
        Ok(_) => {
            ended.push(grant_id);
            end_each(setup, listed, ended, tick)
        }
        Err(refusal) => Step::Done(Err(refusal)),
    })
}

/// See [`Server::end_grant`](crate::Server::end_grant).
pub(crate) fn end_grant(
    setup: &Setup,
    grant_id: GrantId,
    tick: &mut Tick,
) -> Step<Result<bool, Refusal>> {
    transact::end(setup, grant_id, tick)
        .then(tick, |ended, _| Step::Done(ended.map_err(|undone| undone.refusal)))
}
