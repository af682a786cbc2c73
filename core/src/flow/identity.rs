//! A person is known. The application is asked what to make of them, and the grant's first record
//! is written.

use super::mapping::Upstream;
use super::pending::PendingUpstream;
use super::redeem::{Code, IssuedCode};
use super::{Rejected, mapping};
use crate::access::Facts;
use crate::cutoff::Questions;
use crate::event::Event;
use crate::grant::{Allowed, Binding, CodeData, Grant, Kept, Mapping};
use crate::mapper::{IdempotencyKey, MapUser, Occasion};
use crate::provider::User;
use crate::refusal::Refusal;
use crate::reply::{Reply, Response};
use crate::seal::seal;
use crate::secret::UpstreamTokens;
use crate::setup::Setup;
use crate::step::{Step, ask};
use crate::store::Swapped;
use crate::tick::{Tick, Timestamp};

use super::transact::create;

/// A person whom a provider named, on their way back to the client.
#[derive(Debug)]
pub struct Identity {
    pub(super) pending: Box<PendingUpstream>,
    pub(super) user: User,
    pub(super) facts: Facts,
    pub(super) tokens: UpstreamTokens,
}

/// Why no code was issued.
pub(super) enum NotIssued {
    /// Another callback of the same flow was faster.
    AlreadyCompleted,
    /// The client is told.
    Rejected(Box<Rejected>),
}

impl Identity {
    /// The grant begins, with a code. The upstream tokens end here unless they are kept; where an
    /// application mints tokens, marks of them stay in any case, by which they are known again.
    fn issue(
        self,
        setup: &Setup,
        mapping: Mapping,
        now: Timestamp,
        code_expires_at: Timestamp,
    ) -> IssuedCode {
        let Self { pending, user, facts, tokens } = self;
        let upstream = if setup.maps_users() { mapping::marks(setup, &tokens) } else { Vec::new() };
        let request = &pending.request;
        let data = CodeData {
            allowed: Allowed {
                allowed_at: pending.allowed_at(),
                client_id: request.client.id().clone(),
                client_signs: request.client.signs(),
                scope: request.scope.clone(),
                resource: request.resource.clone(),
                user,
                facts,
                upstream,
                kept: pending.provider.keep_tokens.then(|| Kept::new(&tokens, now)),
            },
            binding: Binding {
                redirect_uri: request.redirect.as_str().to_owned(),
                code_challenge: request.code_challenge,
            },
            mapping,
            refreshes: request.client.refreshes(),
            expires_at: code_expires_at,
            // The record outlives both what leads on from it and what could lead to it once more.
            kept_until: code_expires_at.max(pending.ends_at()),
        };
        IssuedCode { id: pending.derived.grant_id, data }
    }

    fn question(&self) -> MapUser {
        let request = &self.pending.request;
        MapUser {
            occasion: Occasion::SignIn,
            user: self.user.clone(),
            upstream_tokens: Some(self.tokens.clone()),
            client_id: request.client.id().clone(),
            scope: request.scope.clone(),
            resource: request.resource.clone(),
            idempotency_key: IdempotencyKey {
                grant_id: self.pending.derived.grant_id,
                generation: 0,
            },
        }
    }

    pub(super) fn refused(self, refusal: Refusal) -> Box<Rejected> {
        Box::new(self.pending.request.rejected(refusal))
    }

    fn rejected(self, refusal: Refusal) -> NotIssued {
        NotIssued::Rejected(self.refused(refusal))
    }
}

/// From the person to the redirect that carries our code.
pub(super) fn issue(
    setup: &Setup,
    identity: Identity,
    tick: &mut Tick,
) -> Step<Result<Reply, NotIssued>> {
    let allowed_at = identity.pending.allowed_at();
    let cutoffs = Questions::of_subject(setup, &identity.user.key(), allowed_at);
    let setup = setup.clone();
    cutoffs.answer(&setup, tick).then(tick, move |over, tick| match over {
        Ok(false) => map(&setup, identity, tick),
        Ok(true) => Step::Done(Err(identity.rejected(Refusal::CutOff))),
        Err(refusal) => Step::Done(Err(identity.rejected(refusal))),
    })
}

/// Asks the application, where there is one.
fn map(setup: &Setup, identity: Identity, tick: &mut Tick) -> Step<Result<Reply, NotIssued>> {
    if !setup.maps_users() {
        let mapping = mapping::default(&identity.user);
        return write(setup, identity, mapping, tick);
    }
    let setup = setup.clone();
    ask(identity.question()).then(tick, move |answer, tick| {
        let accepted = {
            let (tokens, ring) = (Some(&identity.tokens), setup.keys());
            let upstream = Upstream { tokens, ring, marks: &[] };
            mapping::accept(answer, &identity.user, &upstream, tick.now)
        };
        match accepted {
            Ok(mapping) => write(&setup, identity, mapping, tick),
            Err(refusal) => Step::Done(Err(identity.rejected(refusal))),
        }
    })
}

fn write(
    setup: &Setup,
    identity: Identity,
    mapping: Mapping,
    tick: &mut Tick,
) -> Step<Result<Reply, NotIssued>> {
    let subject = match &mapping {
        Mapping::Claims { subject, .. } => subject.clone(),
        Mapping::Token { .. } => identity.user.key(),
    };
    let told = Rejected {
        refusal: Refusal::StoreUnavailable,
        redirect: identity.pending.request.redirect.clone(),
        state: identity.pending.request.state.clone(),
    };
    let expires_at = tick.now.after(setup.lifetimes().code);
    let code = identity.issue(setup, mapping, tick.now, expires_at);
    let event = Event::CodeIssued {
        grant_id: code.id,
        client_id: code.data.allowed.client_id.clone(),
        subject,
    };
    let text = Code { grant_id: code.id, generation: 0, expires_at };
    let text = seal(setup.keys().first(), &text);
    let setup = setup.clone();
    create(&setup.clone(), Grant::IssuedCode(code), tick).then(tick, move |created, _| {
        Step::Done(match created {
            Ok(Swapped::Done) => match success(&setup, &told, &text) {
                Some(response) => Ok(Reply::new(response, event)),
                None => Err(NotIssued::Rejected(Box::new(told))),
            },
            Ok(Swapped::Conflict) => Err(NotIssued::AlreadyCompleted),
            Err(refusal) => Err(NotIssued::Rejected(Box::new(Rejected { refusal, ..told }))),
        })
    })
}

/// RFC 6749 §4.1.2 with `iss` (RFC 9207 §2), by 303 (RFC 9700 §4.12).
fn success(setup: &Setup, to: &Rejected, code: &str) -> Option<Response> {
    let mut parameters = vec![("code", code)];
    if let Some(state) = &to.state {
        parameters.push(("state", state));
    }
    parameters.push(("iss", setup.issuer().as_str()));
    Some(Response::see_other(to.redirect.location(&parameters)?))
}
