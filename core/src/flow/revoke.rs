//! `POST /oauth/revoke`: a client gives a grant back (RFC 7009).

use http::StatusCode;

use super::issue::RefreshToken;
use super::transact::{Decision, Transacted, Undone, transact};
use super::upstream;
use crate::check::client_auth::{self, AuthenticatedClient, Authentication};
use crate::event::{Ended, Event};
use crate::grant::{Abandoned, Allowed, Grant, RevokedData};
use crate::ids::GrantId;
use crate::params::Params;
use crate::refusal::Refusal;
use crate::reply::{Reply, Request, Response};
use crate::resource;
use crate::seal::open;
use crate::setup::Setup;
use crate::step::Step;
use crate::tick::{Tick, Timestamp};

const PARAMETERS: [&str; 6] = [
    "token",
    "token_type_hint",
    "client_id",
    "client_secret",
    "client_assertion",
    "client_assertion_type",
];

/// A grant that was ended: a tombstone of ids and times, kept so that what leads to it is known to
/// be dead.
#[derive(Debug)]
pub struct Revoked {
    pub(crate) id: GrantId,
    pub(crate) data: RevokedData,
    /// Whether the request that sees it has ended it, for a cutoff.
    pub(crate) cut_off_now: bool,
    /// The upstream tokens that were in it, where it has just been ended.
    pub(crate) abandoned: Option<Abandoned>,
}

impl Revoked {
    pub(crate) fn of_record(id: GrantId, data: RevokedData) -> Self {
        Self { id, data, cut_off_now: false, abandoned: None }
    }

    /// Of `allowed` nothing stays, but that its upstream tokens must be ended too.
    pub(super) fn new(
        id: GrantId,
        allowed: Allowed,
        ended_at: Timestamp,
        kept_until: Timestamp,
    ) -> Self {
        let tombstone = Self::of_record(id, RevokedData { ended_at, kept_until });
        Self { abandoned: Abandoned::of(allowed), ..tombstone }
    }

    /// The grant's id.
    #[must_use]
    pub fn id(&self) -> GrantId {
        self.id
    }

    /// When it was ended.
    #[must_use]
    pub fn ended_at(&self) -> Timestamp {
        self.data.ended_at
    }
}

impl std::fmt::Debug for RevokedData {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RevokedData").field("ended_at", &self.ended_at).finish_non_exhaustive()
    }
}

/// The endpoint.
pub(crate) fn revoke(setup: &Setup, request: &Request, tick: &mut Tick) -> Step<Reply> {
    let (client, grant_id) = match read(setup, request, tick.now) {
        Ok((client, Some(grant_id))) => (client, grant_id),
        // RFC 7009 §2.2: an invalid token is answered like a revoked one.
        Ok((_, None)) => return Step::Done(Reply::from(Response::empty(StatusCode::OK))),
        Err(refusal) => return Step::Done(refused(setup, refusal)),
    };
    let claimed = match client {
        Authentication::Done(client) => return end(setup, client, grant_id, tick),
        Authentication::Claimed(claimed) => claimed,
    };
    let setup = setup.clone();
    claimed.prove(&setup, grant_id, tick).then(tick, move |client, tick| match client {
        Ok(client) => end(&setup, client, grant_id, tick),
        // There is nothing of this client to be revoked.
        Err(Refusal::GrantUnknown | Refusal::GrantEnded | Refusal::OtherClient) => {
            Step::Done(Reply::from(Response::empty(StatusCode::OK)))
        }
        Err(refusal) => Step::Done(refused(&setup, refusal)),
    })
}

/// What is shown of the client, and the grant that its token leads to. The hint is no more than that:
/// both kinds are tried (INT-09).
fn read(
    setup: &Setup,
    request: &Request,
    now: Timestamp,
) -> Result<(Authentication, Option<GrantId>), Refusal> {
    let mut params = Params::parse(&PARAMETERS, request.form()?)?;
    params.repeated()?;
    let client = client_auth::authenticate(setup, request.headers(), &mut params, now)?;
    let token = params.required("token")?;
    let refresh_token = open::<RefreshToken>(setup.keys(), &token, now);
    let grant_id = match refresh_token {
        Ok((token, _)) => Some(token.grant_id),
        Err(_) => resource::grant_of_access_token(setup, &token, now),
    };
    Ok((client, grant_id))
}

fn end(
    setup: &Setup,
    client: AuthenticatedClient,
    grant_id: GrantId,
    tick: &mut Tick,
) -> Step<Reply> {
    let refusing = setup.clone();
    transact(setup, grant_id, tick, move |grant, tick| {
        Step::Done(match grant {
            Some(grant @ (Grant::IssuedCode(_) | Grant::Tokens(_))) => {
                match grant.allowed().map(|allowed| client.may_use(allowed)) {
                    Some(Ok(())) => {
                        let ended = Grant::Revoked(grant.end(tick.now));
                        Decision::Write(ended, Ok(Some(Ended::Revoked)))
                    }
                    // INT-11: by whom cannot be told.
                    Some(Err(refusal @ Refusal::ClientDidNotSign { .. })) => {
                        Decision::Keep(Err(refusal))
                    }
                    // INT-07: another client's token is not revoked, and the answer is the same.
                    Some(Err(_)) | None => Decision::Keep(Ok(None)),
                }
            }
            // A cutoff ended it before, and this request is the first to see it.
            Some(Grant::Revoked(revoked)) if revoked.cut_off_now => {
                Decision::Keep(Ok(Some(Ended::CutOff)))
            }
            Some(Grant::Revoked(_)) | None => Decision::Keep(Ok(None)),
        })
    })
    .then(tick, move |Transacted { outcome: ended, abandoned }, tick| {
        let mut reply = Reply::from(Response::empty(StatusCode::OK));
        match ended {
            Ok(Ok(Some(why))) => reply.events.push(Event::GrantEnded { grant_id, why }),
            Ok(Ok(None)) => {}
            Ok(Err(refusal)) => reply = refused(&refusing, refusal),
            // A corrupt grant opens for nobody any more; there is nothing left to revoke.
            Err(Undone { refusal: refusal @ Refusal::CorruptRecord, .. }) => {
                reply.events.push(Event::Refused { refusal });
            }
            Err(Undone { refusal, .. }) => reply = refused(&refusing, refusal),
        }
        reply.follow_up = abandoned
            .map(|tokens| upstream::revoke(&refusing, tokens, upstream::Ending::Grant, tick));
        Step::Done(reply)
    })
}

fn refused(setup: &Setup, refusal: Refusal) -> Reply {
    Reply::new(refusal.to_client(setup), Event::Refused { refusal })
}
