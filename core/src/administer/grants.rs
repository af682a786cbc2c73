use crate::cutoff::Questions;
use crate::grant::{Allowed, Grant, owner};
use crate::ids::{ClientId, GrantId};
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
    /// What people read of that client; `None`: it is no longer known here.
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
            Grant::IssuedCode(code) => (None, code.data.kept_until),
            Grant::Tokens(grant) => {
                (Some(grant.data.rotated_at), grant.ends_unless_refreshed(setup))
            }
            Grant::Revoked(_) => return None,
        };
        Some(Self {
            grant_id: grant.id(),
            client_id: client_id.clone(),
            client_name: setup.client(client_id.as_str()).map(|client| client.name().to_owned()),
            scope: scope.clone(),
            resource: resource.clone(),
            allowed_at: *allowed_at,
            refreshed_at,
            expires_at,
        })
    }
}

/// See [`Server::grants`](crate::Server::grants).
pub(crate) fn grants(
    setup: &Setup,
    subject: &str,
    tick: &mut Tick,
) -> Step<Result<Vec<GrantSummary>, Refusal>> {
    let setup = setup.clone();
    list(&setup, subject, tick).then(tick, move |listed, tick| match listed {
        Ok(listed) => without_cut_off(setup, listed.into_iter(), Vec::new(), tick),
        Err(refusal) => Step::Done(Err(refusal)),
    })
}

/// A grant whose record is still there, and what may have ended it all the same.
pub(super) struct Listed {
    pub(super) summary: GrantSummary,
    cutoffs: Questions,
}

/// All of a person's grants that have no tombstone.
pub(super) fn list(
    setup: &Setup,
    subject: &str,
    tick: &mut Tick,
) -> Step<Result<Vec<Listed>, Refusal>> {
    if let Err(refusal) = known_provider(setup, subject) {
        return Step::Done(Err(refusal));
    }
    // A record belongs to its owner under the key that sealed it last.
    let owners = setup.keys().all().map(|key| owner(key, subject)).collect();
    Listing { setup: setup.clone(), owners, found: Vec::new() }.next(None, tick)
}

/// A subject of a provider that nobody configured is a slip of the pen, and an operator who is in a
/// hurry must learn of it.
pub(super) fn known_provider(setup: &Setup, subject: &str) -> Result<(), Refusal> {
    match subject.split_once(':') {
        Some((provider, id)) if setup.provider(provider).is_some() && !id.is_empty() => Ok(()),
        Some(_) | None => Err(Refusal::Invalid { parameter: "subject" }),
    }
}

/// A cutoff may have ended some, which nobody has touched since.
fn without_cut_off(
    setup: Setup,
    mut listed: std::vec::IntoIter<Listed>,
    mut living: Vec<GrantSummary>,
    tick: &mut Tick,
) -> Step<Result<Vec<GrantSummary>, Refusal>> {
    let Some(Listed { summary, cutoffs }) = listed.next() else {
        return Step::Done(Ok(living));
    };
    cutoffs.answer(&setup, Freshness::Fresh, tick).then(tick, move |over, tick| match over {
        Err(refusal) => Step::Done(Err(refusal)),
        Ok(over) => {
            living.extend((!over).then_some(summary));
            without_cut_off(setup, listed, living, tick)
        }
    })
}

struct Listing {
    setup: Setup,
    owners: Vec<Owner>,
    found: Vec<Listed>,
}

impl Listing {
    fn next(
        mut self,
        after: Option<RecordKey>,
        tick: &mut Tick,
    ) -> Step<Result<Vec<Listed>, Refusal>> {
        let Some(owner) = self.owners.last().copied() else {
            self.found.sort_by_key(|listed| listed.summary.allowed_at);
            return Step::Done(Ok(self.found));
        };
        ask(List::new(owner, after, PAGE)).then(tick, move |answer, tick| match answer {
            Err(_) => Step::Done(Err(Refusal::StoreUnavailable)),
            Ok(page) => match self.add(&page, tick.now) {
                Err(refusal) => Step::Done(Err(refusal)),
                Ok(()) if page.next.is_some() => self.next(page.next, tick),
                Ok(()) => {
                    self.owners.pop();
                    self.next(None, tick)
                }
            },
        })
    }

    /// A record that cannot be read may be a living grant: the list is not complete without it.
    fn add(&mut self, page: &Page, now: Timestamp) -> Result<(), Refusal> {
        for (key, record) in &page.records {
            let Some(id) = GrantId::of_record(key) else { continue };
            let grant = Grant::from_record(self.setup.keys(), id, record)
                .map_err(|_| Refusal::CorruptRecord)?;
            let (Some(summary), Some(allowed)) =
                (GrantSummary::of(&self.setup, &grant), grant.allowed())
            else {
                continue;
            };
            // A page may repeat what stood in the one before it.
            let known = self.found.iter().any(|known| known.summary.grant_id == id);
            if !known && !summary.expires_at.has_passed(now) {
                let cutoffs = Questions::of_grant(&self.setup, allowed);
                self.found.push(Listed { summary, cutoffs });
            }
        }
        Ok(())
    }
}
