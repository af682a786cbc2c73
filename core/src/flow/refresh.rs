//! `grant_type=refresh_token` (RFC 6749 §6): what the provider has to say, whether the person is still
//! allowed, and the next tokens.

use std::sync::Arc;

use super::issue::RefreshToken;
use super::mapping::{self, Upstream};
use super::readmit::{NotReadmitted, Over, memberships_are_due, readmit};
use super::revoke::Revoked;
use super::rotate::{Rotated, Rotation, TokenGrant};
use super::token::{Outcome, open_token};
use super::transact::{Decision, transact};
use super::upstream::{self, Living, Wanted};
use crate::check::client_auth::AuthenticatedClient;
use crate::check::resource::same_resource;
use crate::check::scope::{narrowed, remaining};
use crate::event::{Ended, Event};
use crate::grant::{Grant, Kept, Mapping};
use crate::ids::GrantId;
use crate::params::Params;
use crate::refusal::Refusal;
use crate::setup::Setup;
use crate::step::{Step, ask};
use crate::tick::{Tick, Timestamp};

/// What a client shows to refresh.
struct Refresh {
    client: AuthenticatedClient,
    generation: u64,
    scope: Option<String>,
    resource: Option<String>,
}

impl Refresh {
    /// Whether tokens of ours would be given, and the provider must be asked before.
    fn waits_for_upstream(&self, setup: &Setup, grant: &Grant, now: Timestamp) -> bool {
        let Grant::Tokens(grant) = grant else { return false };
        let due = |(_, kept): (_, Kept)| {
            kept.due(now).is_some() || memberships_are_due(setup, grant, now)
        };
        upstream::keeper(setup, grant).is_some_and(due)
            && self.client.may_use(&grant.data.allowed).is_ok()
            && grant.data.generation == self.generation
            && !grant.ends_at(setup.lifetimes()).has_passed(now)
            && self.scope(setup, grant).is_ok()
    }

    /// What the new access token is for: what is asked of what was granted, as far as the resource
    /// still has it.
    fn scope(&self, setup: &Setup, grant: &TokenGrant) -> Result<String, Refusal> {
        let allowed = &grant.data.allowed;
        let asked = self.resource.as_deref();
        let resource = same_resource(setup.resources(), &allowed.resource, asked)?;
        // An answer without `scope` says that what was asked for was granted (RFC 6749 §5.1), and the
        // client may name it again: where the resource has none, it means nothing.
        if resource.scopes.is_empty() {
            return Ok(String::new());
        }
        let scope = narrowed(self.scope.as_deref(), &allowed.scope)?;
        Ok(remaining(&scope, &resource.scopes))
    }
}

/// The grant type at the token endpoint.
pub(super) fn refresh<const N: usize>(
    setup: &Setup,
    client: AuthenticatedClient,
    params: &mut Params<'_, N>,
    tick: &mut Tick,
) -> Step<Outcome> {
    let (id, refresh) = match read(setup, client, params, tick.now) {
        Ok(read) => read,
        Err(refusal) => return Step::Done(Outcome::refused(refusal)),
    };
    let (setup, refresh) = (setup.clone(), Arc::new(refresh));
    let (deciding, judged) = (setup.clone(), Arc::clone(&refresh));
    // What the provider has to say comes first: whom it no longer knows gets no tokens here (UPS-28).
    let first = transact(&setup, id, tick, move |grant, tick| {
        if grant.as_ref().is_some_and(|grant| judged.waits_for_upstream(&deciding, grant, tick.now))
        {
            return Step::Done(Decision::Keep(None));
        }
        decide(&deciding, grant, &judged, tick)
            .then(tick, |decision, _| Step::Done(decision.map(Some)))
    });
    first.then(tick, move |transacted, tick| match transacted.decided() {
        Some(transacted) => Step::Done(Outcome::of(transacted)),
        None => refresh_upstream(setup, id, refresh, tick),
    })
}

/// The upstream tokens, then ours: from the record that has the new ones.
fn refresh_upstream(
    setup: Setup,
    id: GrantId,
    refresh: Arc<Refresh>,
    tick: &mut Tick,
) -> Step<Outcome> {
    upstream::living(&setup, id, Wanted::Memberships, |_| Ok(()), tick).then(
        tick,
        move |living, tick| {
            let Living { kept, events, abandoned } = living;
            match kept {
                // Nobody keeps them any more, since this very moment.
                Ok(_) | Err(Refusal::UpstreamTokenNotKept) => {}
                Err(refusal) => {
                    return Step::Done(Outcome::refused(refusal).after(events, abandoned));
                }
            }
            let deciding = setup.clone();
            transact(&setup, id, tick, move |grant, tick| decide(&deciding, grant, &refresh, tick))
                .then(tick, |transacted, _| Step::Done(Outcome::of(transacted).after(events, None)))
        },
    )
}

fn read<const N: usize>(
    setup: &Setup,
    client: AuthenticatedClient,
    params: &mut Params<'_, N>,
    now: Timestamp,
) -> Result<(GrantId, Refresh), Refusal> {
    let token = params.required("refresh_token")?;
    let scope = params.optional("scope")?.map(String::from);
    let resource = params.optional("resource")?.map(String::from);
    let token: RefreshToken = open_token(setup, &token, now)?;
    Ok((token.grant_id, Refresh { client, generation: token.generation, scope, resource }))
}

fn decide(
    setup: &Setup,
    grant: Option<Grant>,
    refresh: &Refresh,
    tick: &mut Tick,
) -> Step<Decision<Outcome>> {
    let grant = match grant {
        None => return keep(Refusal::GrantUnknown),
        Some(grant) => grant,
    };
    // Of what is alive it is known what was allowed.
    if let Some(Err(refusal)) = grant.allowed().map(|allowed| refresh.client.may_use(allowed)) {
        return keep(refusal);
    }
    let grant = match grant {
        Grant::Revoked(revoked) => {
            return Step::Done(Decision::Keep(Outcome::over(&revoked)));
        }
        // The token was made after a redemption that the record does not know of.
        Grant::IssuedCode(code) => {
            return end(code.end(tick.now), Ended::LostWrite, Refusal::LostWrite);
        }
        Grant::Tokens(grant) => grant,
    };
    // The token was alive by its own word; the lifetimes of today may be shorter.
    if grant.ends_at(setup.lifetimes()).has_passed(tick.now) {
        return keep(Refusal::TokenExpired);
    }
    // What is asked for is judged before anything is spent (REF-14).
    let scope = match refresh.scope(setup, &grant) {
        Ok(scope) => scope,
        Err(refusal) => return keep(refusal),
    };
    // A token that was used up is seen whatever the rules say.
    match grant.rotate(refresh.generation, setup.lifetimes(), tick.now) {
        Rotation::Rotated(rotated) => issue(setup, rotated, scope, Write::Yes, tick),
        Rotation::Again(rotated) => issue(setup, rotated, scope, Write::No, tick),
        Rotation::Replayed(revoked) => {
            end(revoked, Ended::RefreshTokenReplayed, Refusal::RefreshTokenReplayed)
        }
        Rotation::LostWrite(revoked) => end(revoked, Ended::LostWrite, Refusal::LostWrite),
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Write {
    Yes,
    No,
}

/// Judges the person, asks the application again where there is one, and issues.
fn issue(
    setup: &Setup,
    rotated: Rotated,
    scope: String,
    write: Write,
    tick: &mut Tick,
) -> Step<Decision<Outcome>> {
    let rotated = match readmit(setup, rotated.grant, write == Write::No, tick.now) {
        Ok(grant) => Rotated { grant },
        Err(NotReadmitted::Over(over)) => {
            let Over { grant, why, refusal } = *over;
            return end(grant.end(tick.now), why, refusal);
        }
        Err(NotReadmitted::Unknown(refusal)) => return keep(refusal),
    };
    if !setup.maps_users() {
        let mapping = mapping::default(&rotated.grant.data.allowed.user);
        return Step::Done(decided(setup, rotated, scope, mapping, write, tick.now));
    }
    let setup = setup.clone();
    ask(rotated.grant.question(&scope, tick.now)).then(tick, move |answer, tick| {
        let allowed = &rotated.grant.data.allowed;
        let tokens = allowed.kept.as_ref().map(|kept| kept.tokens(tick.now));
        let (ring, marks) = (setup.keys(), &*allowed.upstream);
        let upstream = Upstream { tokens: tokens.as_ref(), ring, marks };
        match mapping::accept(answer, &allowed.user, &upstream, tick.now) {
            Ok(mapping) => Step::Done(decided(&setup, rotated, scope, mapping, write, tick.now)),
            Err(refusal @ Refusal::MapperDenied(_)) => {
                end(rotated.grant.end(tick.now), Ended::Denied, refusal)
            }
            Err(refusal) => keep(refusal),
        }
    })
}

fn decided(
    setup: &Setup,
    rotated: Rotated,
    scope: String,
    mapping: Mapping,
    write: Write,
    now: Timestamp,
) -> Decision<Outcome> {
    let (grant, tokens) = rotated.issue(scope, mapping, setup.lifetimes());
    let tokens = match tokens.mint(setup, now) {
        Ok(tokens) => tokens,
        Err(refusal) => return Decision::Keep(Outcome::refused(refusal)),
    };
    let (grant_id, generation) = (grant.id, grant.data.generation);
    match write {
        Write::Yes => {
            let event = Event::Refreshed { grant_id, generation };
            Decision::Write(Grant::Tokens(grant), Outcome::minted(tokens, event))
        }
        Write::No => {
            let event = Event::RefreshedAgain { grant_id, generation };
            Decision::Keep(Outcome::minted(tokens, event))
        }
    }
}

fn keep(refusal: Refusal) -> Step<Decision<Outcome>> {
    Step::Done(Decision::Keep(Outcome::refused(refusal)))
}

fn end(revoked: Revoked, why: Ended, refusal: Refusal) -> Step<Decision<Outcome>> {
    let outcome = Outcome::ended(revoked.id, why, refusal);
    Step::Done(Decision::Write(Grant::Revoked(revoked), outcome))
}
