//! One flight: whoever finds the tokens due writes a lease first, and everybody else waits for what
//! becomes of it.

use std::sync::Arc;

use super::refreshing::{Flight, RefreshingUpstream};
use super::settle::settle;
use super::{Living, May, keeper};
use crate::event::{Ended, Event};
use crate::flow::transact::{Decision, Transacted, transact};
use crate::grant::{Attempt, Grant, Kept, Lease};
use crate::ids::GrantId;
use crate::provider;
use crate::refusal::Refusal;
use crate::secret::UpstreamAccessToken;
use crate::setup::Setup;
use crate::step::{Step, ask};
use crate::swap::Patience;
use crate::tick::Tick;

/// Somebody who wants a grant's upstream tokens.
pub(super) struct Waiter {
    pub(super) setup: Setup,
    pub(super) id: GrantId,
    pub(super) may: Arc<May>,
    pub(super) patience: Patience,
    pub(super) awaited: Option<Awaited>,
}

/// Another's flight, and the token that was there when it was seen.
#[derive(Clone)]
pub(super) struct Awaited(UpstreamAccessToken);

/// What one look at the grant comes to.
enum Found {
    Living(Kept),
    /// Another one is refreshing them.
    Leased(Awaited),
    /// It is ours to refresh them.
    Ours(Flight),
    Refused(Refusal),
    CutOff,
}

impl Waiter {
    pub(super) fn look(self, tick: &mut Tick) -> Step<Living> {
        let (setup, may) = (self.setup.clone(), Arc::clone(&self.may));
        let awaited = self.awaited.clone();
        let looking = transact(&self.setup, self.id, tick, move |grant, tick| {
            decide(&setup, grant, &*may, awaited.as_ref(), tick)
        });
        looking.then(tick, move |Transacted { outcome, abandoned }, tick| {
            let found = outcome.unwrap_or_else(|undone| Found::Refused(undone.refusal));
            let (kept, events) = match found {
                Found::Leased(awaited) => return self.wait(awaited, tick),
                Found::Ours(flight) => return fly(self.setup, flight, tick),
                Found::Living(kept) => (Ok(kept), Vec::new()),
                Found::Refused(refusal) => (Err(refusal), Vec::new()),
                Found::CutOff => {
                    let ended = Event::GrantEnded { grant_id: self.id, why: Ended::CutOff };
                    (Err(Refusal::GrantEnded), vec![ended])
                }
            };
            Step::Done(Living { kept, events, abandoned })
        })
    }

    fn wait(self, awaited: Awaited, tick: &mut Tick) -> Step<Living> {
        let Some((pause, patience)) = self.patience.pause(tick.now) else {
            return Step::Done(Living::refused(Refusal::UpstreamRefreshAwaited));
        };
        let waiter = Self { patience, awaited: Some(awaited), ..self };
        ask(pause).then(tick, move |(), tick| waiter.look(tick))
    }
}

fn decide(
    setup: &Setup,
    grant: Option<Grant>,
    may: &May,
    awaited: Option<&Awaited>,
    tick: &mut Tick,
) -> Step<Decision<Found>> {
    let now = tick.now;
    let keep = |found| Step::Done(Decision::Keep(found));
    let refuse = |refusal| keep(Found::Refused(refusal));
    let mut grant = match grant {
        None => return refuse(Refusal::GrantUnknown),
        Some(Grant::Revoked(revoked)) if revoked.cut_off_now => return keep(Found::CutOff),
        Some(Grant::Revoked(_) | Grant::IssuedCode(_)) => return refuse(Refusal::GrantEnded),
        Some(Grant::Tokens(grant)) => grant,
    };
    if let Err(refusal) = may(&grant) {
        return refuse(refusal);
    }
    let Some((provider, kept)) = keeper(setup, &grant) else {
        return refuse(Refusal::UpstreamTokenNotKept);
    };
    let Some(sent) = kept.due(now).cloned() else {
        return match kept.is_alive(now) {
            true => keep(Found::Living(kept)),
            false => refuse(Refusal::UpstreamTokenNotKept),
        };
    };
    // A provider whose tokens live for less than a minute is asked again by whoever comes next, not
    // by everybody who waited.
    let seen = |Awaited(seen): &Awaited| seen.matches(kept.access_token.expose());
    if awaited.is_some_and(|awaited| !seen(awaited)) && kept.is_alive(now) {
        return keep(Found::Living(kept));
    }
    match grant.data.lease {
        Some(lease) if lease.holds(now) => return keep(Found::Leased(Awaited(kept.access_token))),
        // The flight that was waited for failed. One call is enough to know that (REF-18).
        None if awaited.is_some() => return refuse(Refusal::UpstreamRefreshAwaited),
        // Who held it has ended.
        Some(_) | None => {}
    }
    let provider = Arc::clone(provider);
    // Before the lease: nobody waits for a flight that cannot start.
    provider::metadata(setup, &provider, tick).then(tick, move |metadata, tick| {
        Step::Done(match metadata {
            Ok(metadata) => {
                let attempt: Attempt = tick.entropy.draw("upstream refresh");
                grant.data.lease = Some(Lease::new(attempt, tick.now));
                let grant_id = grant.id;
                let flight = Flight { grant_id, attempt, sent, provider, metadata };
                Decision::Write(Grant::Tokens(grant), Found::Ours(flight))
            }
            Err(refusal) => {
                Decision::Keep(Found::Refused(Refusal::UpstreamRefresh(Box::new(refusal))))
            }
        })
    })
}

fn fly(setup: Setup, flight: Flight, tick: &mut Tick) -> Step<Living> {
    RefreshingUpstream::ask(flight, tick.now).then(tick, move |refreshed, tick| {
        let patience = Patience::from(tick.now);
        settle(&setup, Arc::new(refreshed), patience, tick)
    })
}
