use crate::cutoff::Questions;
use crate::grant::{Allowed, Grant, owner};
use crate::ids::{ClientId, GrantId, ProviderId};
use crate::refusal::Refusal;
use crate::setup::Setup;
use crate::step::{Step, ask};
use crate::store::{Freshness, List, Owner, Page, RecordKey};
use crate::tick::{Tick, Timestamp};

/// How many records are asked for at once.
const PAGE: usize = 100;

/// A living grant, as an operator sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct GrantSummary {
    /// Its id, to end it by.
    pub grant_id: GrantId,
    /// Whom it was given to.
    pub client_id: ClientId,
    /// What people read of that client; `None`: it has no name, or is no longer known here.
    pub client_name: Option<String>,
    /// What was granted, each scope separated by a space.
    pub scope: String,
    /// The resource that it is for (RFC 8707).
    pub resource: String,
    /// When the person agreed.
    pub allowed_at: Timestamp,
    /// When its client last got tokens; `None`: its code was not redeemed.
    pub refreshed_at: Option<Timestamp>,
    /// When it is over if it is not refreshed before.
    pub expires_at: Timestamp,
}

impl GrantSummary {
    fn of(setup: &Setup, grant: &Grant) -> Option<Self> {
        let Allowed { allowed_at, client_id, scope, resource, .. } = grant.allowed()?;
        let (refreshed_at, expires_at) = match grant {
            Grant::IssuedCode(code) => (None, code.data.expires_at),
            Grant::Tokens(grant) => {
                (Some(grant.data.rotated_at), grant.ends_unless_refreshed(setup.lifetimes()))
            }
            Grant::Revoked(_) => return None,
        };
        Some(Self {
            grant_id: grant.id(),
            client_id: client_id.clone(),
            client_name: setup
                .client(client_id.as_str())
                .and_then(|client| client.name().map(str::to_owned)),
            scope: scope.clone(),
            resource: resource.clone(),
            allowed_at: *allowed_at,
            refreshed_at,
            expires_at,
        })
    }
}

/// A person's grants.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Grants {
    /// Those that live, the oldest first.
    pub living: Vec<GrantSummary>,
    /// Those whose records are damaged: they open for nobody and cannot be told.
    pub unreadable: Vec<GrantId>,
}

/// See [`Server::grants`](crate::Server::grants).
pub(crate) fn grants(
    setup: &Setup,
    subject: &str,
    tick: &mut Tick,
) -> Step<Result<Grants, Refusal>> {
    let setup = setup.clone();
    list(&setup, subject, tick).then(tick, move |listed, tick| match listed {
        Ok(Found { listed, unreadable }) => {
            let grants = Grants { living: Vec::new(), unreadable };
            without_cut_off(setup, listed.into_iter(), grants, tick)
        }
        Err(refusal) => Step::Done(Err(refusal)),
    })
}

/// What a listing finds.
#[derive(Default)]
pub(super) struct Found {
    pub(super) listed: Vec<Listed>,
    pub(super) unreadable: Vec<GrantId>,
}

/// A grant whose record is still there, and what may have ended it all the same.
pub(super) struct Listed {
    pub(super) summary: GrantSummary,
    cutoffs: Questions,
}

/// All of a person's grants that have no tombstone.
pub(super) fn list(setup: &Setup, subject: &str, tick: &mut Tick) -> Step<Result<Found, Refusal>> {
    if let Err(refusal) = is_subject(subject) {
        return Step::Done(Err(refusal));
    }
    // A record belongs to its owner under the key that sealed it last.
    let owners = setup.keys().all().map(|key| owner(key, subject)).collect();
    Listing { setup: setup.clone(), owners, found: Found::default() }.next(None, tick)
}

/// `provider:id`. The provider need not be configured any more: its people's grants may still live.
pub(super) fn is_subject(subject: &str) -> Result<(), Refusal> {
    match subject.split_once(':') {
        Some((provider, id)) if ProviderId::parse(provider).is_ok() && !id.is_empty() => Ok(()),
        Some(_) | None => Err(Refusal::Invalid { parameter: "subject" }),
    }
}

/// A cutoff may have ended some, which nobody has touched since.
fn without_cut_off(
    setup: Setup,
    mut listed: std::vec::IntoIter<Listed>,
    mut grants: Grants,
    tick: &mut Tick,
) -> Step<Result<Grants, Refusal>> {
    let Some(Listed { summary, cutoffs }) = listed.next() else {
        return Step::Done(Ok(grants));
    };
    cutoffs.answer(&setup, tick).then(tick, move |over, tick| match over {
        Err(refusal) => Step::Done(Err(refusal)),
        Ok(over) => {
            grants.living.extend((!over).then_some(summary));
            without_cut_off(setup, listed, grants, tick)
        }
    })
}

struct Listing {
    setup: Setup,
    owners: Vec<Owner>,
    found: Found,
}

impl Listing {
    fn next(mut self, after: Option<RecordKey>, tick: &mut Tick) -> Step<Result<Found, Refusal>> {
        let Some(owner) = self.owners.last().copied() else {
            self.found.listed.sort_by_key(|listed| listed.summary.allowed_at);
            return Step::Done(Ok(self.found));
        };
        ask(List::new(owner, after, PAGE)).then(tick, move |answer, tick| match answer {
            Err(_) => Step::Done(Err(Refusal::StoreUnavailable)),
            Ok(page) => {
                self.add(&page, tick.now);
                if page.next.is_none() {
                    self.owners.pop();
                }
                self.next(page.next, tick)
            }
        })
    }

    /// A page may repeat what stood in the one before it.
    fn add(&mut self, page: &Page, now: Timestamp) {
        let Found { listed, unreadable } = &mut self.found;
        for (key, record) in &page.records {
            let Some(id) = GrantId::of_record(key) else { continue };
            let Ok(grant) = Grant::from_record(self.setup.keys(), id, record) else {
                if !unreadable.contains(&id) {
                    unreadable.push(id);
                }
                continue;
            };
            let (Some(summary), Some(allowed)) =
                (GrantSummary::of(&self.setup, &grant), grant.allowed())
            else {
                continue;
            };
            let known = listed.iter().any(|known| known.summary.grant_id == id);
            if !known && !summary.expires_at.has_passed(now) {
                let cutoffs = Questions::of_grant(&self.setup, allowed, Freshness::Fresh);
                listed.push(Listed { summary, cutoffs });
            }
        }
    }
}
