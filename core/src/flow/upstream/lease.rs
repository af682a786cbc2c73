//! One flight: whoever finds something due writes a lease first, and everybody else waits for what
//! becomes of it.

use std::sync::Arc;
use std::time::Duration;

use super::refreshing::{DEADLINE, Flight, RefreshedUpstream, RefreshingUpstream};
use super::settle::{Brought, Landing, settle};
use super::{Living, May, Wanted, keeper};
use crate::access::{self, Memberships};
use crate::event::{Ended, Event};
use crate::flow::admit::memberships;
use crate::flow::readmit::memberships_are_due;
use crate::flow::rotate::TokenGrant;
use crate::flow::transact::{Decision, Transacted, transact};
use crate::grant::{Attempt, Grant, Kept, Lease};
use crate::ids::GrantId;
use crate::provider::{self, Provider};
use crate::refusal::Refusal;
use crate::secret::{UpstreamAccessToken, UpstreamRefreshToken};
use crate::setup::Setup;
use crate::step::{Step, ask};
use crate::swap::Patience;
use crate::tick::{Tick, Timestamp};

/// Somebody who wants something of a grant to be as new as the provider can make it.
pub(super) struct Waiter {
    pub(super) setup: Setup,
    pub(super) id: GrantId,
    pub(super) may: Arc<May>,
    pub(super) wanted: Wanted,
    pub(super) patience: Patience,
    pub(super) awaited: Option<Awaited>,
    /// What happened on the way.
    pub(super) events: Vec<Event>,
}

/// A flight that is under way, by what was there when it was seen.
#[derive(Clone)]
pub(super) struct Awaited {
    access_token: UpstreamAccessToken,
    memberships: Option<Memberships>,
}

/// What one look at the grant comes to.
enum Found {
    Living(Kept),
    /// Another one is at it.
    Leased(Awaited),
    /// It is ours to refresh the tokens.
    Refresh(Flight, Awaited),
    /// It is ours to ask for organisations and teams.
    Ask(Asking),
    Refused(Refusal),
    CutOff,
}

/// Organisations and teams, to be asked for under a lease.
struct Asking {
    grant_id: GrantId,
    attempt: Attempt,
    provider: Arc<Provider>,
    access_token: UpstreamAccessToken,
}

/// What is not as new as it has to be.
enum Due {
    Nothing,
    Tokens(UpstreamRefreshToken),
    Memberships,
    /// The tokens are over, and nothing is left to refresh them with.
    Lost,
}

impl Awaited {
    fn of(grant: &TokenGrant, kept: &Kept) -> Self {
        let memberships = grant.data.allowed.facts.memberships.clone();
        Self { access_token: kept.access_token.clone(), memberships }
    }

    fn saw_token_of(&self, kept: &Kept) -> bool {
        self.access_token.matches(kept.access_token.expose())
    }

    /// Whether a flight that is over has changed nothing.
    fn failed(&self, grant: &TokenGrant, kept: &Kept) -> bool {
        self.saw_token_of(kept) && self.memberships == grant.data.allowed.facts.memberships
    }
}

impl Waiter {
    pub(super) fn look(mut self, tick: &mut Tick) -> Step<Living> {
        let (setup, may) = (self.setup.clone(), Arc::clone(&self.may));
        let (wanted, awaited) = (self.wanted, self.awaited.clone());
        let looking = transact(&self.setup, self.id, tick, move |grant, tick| {
            decide(&setup, grant, &*may, wanted, awaited.as_ref(), tick)
        });
        looking.then(tick, move |Transacted { outcome, abandoned }, tick| {
            let found = outcome.unwrap_or_else(|undone| Found::Refused(undone.refusal));
            let kept = match found {
                Found::Leased(awaited) => return self.wait(awaited, tick),
                Found::Refresh(flight, before) => return self.refresh(flight, before, tick),
                Found::Ask(asking) => return self.ask_again(asking, tick),
                Found::Living(kept) => Ok(kept),
                Found::Refused(refusal) => Err(refusal),
                Found::CutOff => {
                    self.events.push(Event::GrantEnded { grant_id: self.id, why: Ended::CutOff });
                    Err(Refusal::GrantEnded)
                }
            };
            Step::Done(Living { kept, events: self.events, abandoned })
        })
    }

    fn wait(self, awaited: Awaited, tick: &mut Tick) -> Step<Living> {
        let Some((pause, patience)) = self.patience.pause(tick.now) else {
            let kept = Err(Refusal::UpstreamRefreshAwaited);
            return Step::Done(Living { kept, events: self.events, abandoned: None });
        };
        let waiter = Self { patience, awaited: Some(awaited), ..self };
        ask(pause).then(tick, move |(), tick| waiter.look(tick))
    }

    /// The tokens, and then whatever else is due.
    fn refresh(self, flight: Flight, before: Awaited, tick: &mut Tick) -> Step<Living> {
        RefreshingUpstream::ask(flight, tick.now).then(tick, move |refreshed, tick| {
            let RefreshedUpstream { flight, answer } = refreshed;
            let Flight { grant_id, attempt, sent, provider, .. } = flight;
            let brought = Brought::Tokens { sent, answer };
            let landing = Arc::new(Landing { grant_id, attempt, provider, brought });
            let patience = Patience::from(tick.now);
            settle(&self.setup, landing, patience, tick).then(tick, move |living, tick| {
                let living = living.after(self.events);
                if living.kept.is_err() || self.wanted == Wanted::Tokens {
                    return Step::Done(living);
                }
                let events = living.events;
                Self { awaited: Some(before), events, ..self }.look(tick)
            })
        })
    }

    fn ask_again(self, asking: Asking, tick: &mut Tick) -> Step<Living> {
        let Asking { grant_id, attempt, provider, access_token } = asking;
        memberships(&self.setup, &provider, &access_token, tick).then(tick, move |found, tick| {
            let brought = Brought::Memberships(found);
            let landing = Arc::new(Landing { grant_id, attempt, provider, brought });
            let patience = Patience::from(tick.now);
            settle(&self.setup, landing, patience, tick)
                .then(tick, |living, _| Step::Done(living.after(self.events)))
        })
    }
}

fn decide(
    setup: &Setup,
    grant: Option<Grant>,
    may: &May,
    wanted: Wanted,
    awaited: Option<&Awaited>,
    tick: &mut Tick,
) -> Step<Decision<Found>> {
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
    let due = match due(setup, &grant, &kept, wanted, awaited, tick.now) {
        Due::Nothing => return keep(Found::Living(kept)),
        Due::Lost => return refuse(Refusal::UpstreamTokenNotKept),
        due @ (Due::Tokens(_) | Due::Memberships) => due,
    };
    let seen = Awaited::of(&grant, &kept);
    match grant.data.lease {
        Some(lease) if lease.holds(tick.now) => return keep(Found::Leased(seen)),
        // The flight that was waited for failed. One call is enough to know that (REF-18).
        None if awaited.is_some_and(|awaited| awaited.failed(&grant, &kept)) => {
            return refuse(Refusal::UpstreamRefreshAwaited);
        }
        // Who held it has ended.
        Some(_) | None => {}
    }
    let (provider, grant_id) = (Arc::clone(provider), grant.id);
    let Due::Tokens(sent) = due else {
        let attempt = lease(&mut grant, access::ASKING, tick);
        let access_token = kept.access_token;
        let asking = Asking { grant_id, attempt, provider, access_token };
        return Step::Done(Decision::Write(Grant::Tokens(grant), Found::Ask(asking)));
    };
    // Before the lease: nobody waits for a flight that cannot start.
    provider::metadata(setup, &provider, tick).then(tick, move |metadata, tick| {
        Step::Done(match metadata {
            Ok(metadata) => {
                let attempt = lease(&mut grant, DEADLINE, tick);
                let flight = Flight { grant_id, attempt, sent, provider, metadata };
                Decision::Write(Grant::Tokens(grant), Found::Refresh(flight, seen))
            }
            Err(refusal) => {
                Decision::Keep(Found::Refused(Refusal::UpstreamRefresh(Box::new(refusal))))
            }
        })
    })
}

fn due(
    setup: &Setup,
    grant: &TokenGrant,
    kept: &Kept,
    wanted: Wanted,
    awaited: Option<&Awaited>,
    now: Timestamp,
) -> Due {
    // A provider whose tokens live for less than a minute is asked again by whoever comes next, not
    // by everybody who waited.
    let just_refreshed = awaited.is_some_and(|awaited| !awaited.saw_token_of(kept));
    match kept.due(now) {
        Some(sent) if !(just_refreshed && kept.is_alive(now)) => Due::Tokens(sent.clone()),
        Some(_) | None if !kept.is_alive(now) => Due::Lost,
        Some(_) | None => match wanted {
            Wanted::Memberships if memberships_are_due(setup, grant, now) => Due::Memberships,
            Wanted::Memberships | Wanted::Tokens => Due::Nothing,
        },
    }
}

/// Nobody else asks the provider until this is over.
fn lease(grant: &mut TokenGrant, calls: Duration, tick: &mut Tick) -> Attempt {
    let attempt: Attempt = tick.entropy.draw("upstream refresh");
    grant.data.lease = Some(Lease::new(attempt, calls, tick.now));
    attempt
}
