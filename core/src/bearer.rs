//! Protected resources in the same process: who sent this request? (RFC 6750, RFC 9068)

use http::{HeaderMap, HeaderValue, StatusCode, header};
use serde_json::{Map, Value};

use crate::config::Resource;
use crate::cutoff::Questions;
use crate::encoding::from_base64url;
use crate::grant::Grant;
use crate::ids::{ClientId, GrantId};
use crate::jws;
use crate::reply::{Parts, Response};
use crate::setup::Setup;
use crate::step::{Step, ask};
use crate::store::{Freshness, Load};
use crate::tick::{Tick, Timestamp};

/// Who sent a request, and what they may do.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Principal {
    /// The person: `provider:id`, or what the mapper said.
    pub subject: String,
    /// The client that acts for them.
    pub client_id: ClientId,
    /// What was granted, each scope separated by a space; empty where the resource has none.
    pub scope: String,
    /// The resource that the token is for.
    pub resource: String,
    /// The grant that the token came of.
    pub grant_id: GrantId,
    /// When the token dies.
    pub expires_at: Timestamp,
    /// All claims of the token, the mapper's among them.
    pub claims: Map<String, Value>,
}

impl Principal {
    /// Whether a scope was granted.
    #[must_use]
    pub fn has_scope(&self, scope: &str) -> bool {
        self.scope.split(' ').any(|granted| granted == scope)
    }
}

/// Why a request may not pass. [`Challenge::response`] says so as RFC 6750 §3 has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Challenge {
    /// No token came with the request.
    #[error("no access token came with the request")]
    NoToken,
    /// The header cannot be read.
    #[error("the Authorization header is malformed")]
    Malformed,
    /// The token is no token of this server for this resource, or has expired.
    #[error("the access token is invalid or has expired")]
    InvalidToken,
    /// The token's grant was ended.
    #[error("the access token's grant was ended")]
    Revoked,
    /// Whether the grant is alive could not be found out.
    #[error("the store is unavailable")]
    Unavailable,
}

impl Challenge {
    /// 401 with a `WWW-Authenticate: Bearer` field, 400 for a malformed request, 503 where it could
    /// not be found out.
    #[must_use]
    pub fn response(&self) -> Response {
        let (status, field) = match self {
            // RFC 6750 §3.1: no error code where no authentication was tried.
            Self::NoToken => (StatusCode::UNAUTHORIZED, "Bearer"),
            Self::Malformed => (StatusCode::BAD_REQUEST, "Bearer error=\"invalid_request\""),
            Self::InvalidToken | Self::Revoked => {
                (StatusCode::UNAUTHORIZED, "Bearer error=\"invalid_token\"")
            }
            Self::Unavailable => {
                return crate::refusal::Refusal::StoreUnavailable.to_json();
            }
        };
        Response::empty(status).with(header::WWW_AUTHENTICATE, HeaderValue::from_static(field))
    }
}

/// See [`Server::authenticate`](crate::Server::authenticate).
pub(crate) fn authenticate(
    setup: &Setup,
    parts: &Parts,
    now: Timestamp,
) -> Result<Principal, Challenge> {
    let token = bearer_token(&parts.headers)?;
    let resource = resource_of(setup, parts).ok_or(Challenge::InvalidToken)?;
    let principal = read(setup, token, now).ok_or(Challenge::InvalidToken)?;
    if principal.resource == resource.uri() { Ok(principal) } else { Err(Challenge::InvalidToken) }
}

/// See [`Server::authenticate_live`](crate::Server::authenticate_live).
pub(crate) fn authenticate_live(
    setup: &Setup,
    parts: &Parts,
    tick: &mut Tick,
) -> Step<Result<Principal, Challenge>> {
    let principal = match authenticate(setup, parts, tick.now) {
        Ok(principal) => principal,
        Err(challenge) => return Step::Done(Err(challenge)),
    };
    let setup = setup.clone();
    ask(Load::fresh(principal.grant_id.record_key())).then(tick, move |answer, tick| {
        let Ok(found) = answer else {
            return Step::Done(Err(Challenge::Unavailable));
        };
        let grant =
            found.map(|record| Grant::from_record(setup.keys(), principal.grant_id, &record));
        // A record lives longer than what leads to it: without one, or with one that cannot be
        // read, nothing is granted.
        let Some(Ok(Grant::Tokens(grant))) = grant else {
            return Step::Done(Err(Challenge::Revoked));
        };
        // A client that is no longer known here, since its operator removed it or the key inside its
        // client_id, has nothing any more.
        if setup.client(grant.data.allowed.client_id.as_str()).is_none() {
            return Step::Done(Err(Challenge::Revoked));
        }
        let cutoffs = Questions::of_grant(&setup, &grant.data.allowed, Freshness::Fresh);
        cutoffs.answer(&setup, tick).then(tick, |over, _| {
            Step::Done(match over {
                Ok(false) => Ok(principal),
                Ok(true) => Err(Challenge::Revoked),
                Err(_) => Err(Challenge::Unavailable),
            })
        })
    })
}

/// The grant that an access token of this server leads to, if it is alive.
pub(crate) fn grant_of_access_token(setup: &Setup, token: &str, now: Timestamp) -> Option<GrantId> {
    read(setup, token, now).map(|principal| principal.grant_id)
}

/// RFC 6750 §2.1: the header, and nothing else (OAuth 2.1 §5.1.1 knows no query parameter).
pub(crate) fn bearer_token(headers: &HeaderMap) -> Result<&str, Challenge> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let value = values.next().ok_or(Challenge::NoToken)?;
    if values.next().is_some() {
        return Err(Challenge::Malformed);
    }
    let (scheme, token) =
        value.to_str().ok().and_then(|value| value.split_once(' ')).ok_or(Challenge::Malformed)?;
    // Another scheme is no attempt at this one (RFC 9110 §11.6.2).
    if scheme.eq_ignore_ascii_case("bearer") { Ok(token) } else { Err(Challenge::NoToken) }
}

/// Which configured resource a request is for: the only one; or, among those on the request's host
/// (all, where its host is nobody's, as behind a proxy that names its own), the one whose path the
/// request's path starts with, the longest first. None, or two alike: no token fits.
fn resource_of<'a>(setup: &'a Setup, parts: &Parts) -> Option<&'a Resource> {
    if let [only] = setup.resources() {
        return Some(only);
    }
    let path = parts.uri.path();
    let host = parts
        .uri
        .authority()
        .map(http::uri::Authority::as_str)
        .or_else(|| parts.headers.get(header::HOST).and_then(|host| host.to_str().ok()));
    let on_host = |resource: &Resource| {
        host.is_some_and(|host| resource.authority().eq_ignore_ascii_case(host))
    };
    let host_is_known = setup.resources().iter().any(on_host);
    let covers = |resource: &Resource| {
        let own = resource.path().trim_end_matches('/');
        path.strip_prefix(own).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    let candidates = || {
        let here = setup.resources().iter().filter(|it| on_host(it) || !host_is_known);
        here.filter(|it| covers(it))
    };
    let longest = candidates().map(|resource| resource.path().len()).max()?;
    let mut candidates = candidates().filter(|resource| resource.path().len() == longest);
    candidates.next().filter(|_| candidates.next().is_none())
}

fn read(setup: &Setup, token: &str, now: Timestamp) -> Option<Principal> {
    let claims = jws::verify(setup.signing_keys(), token)?;
    let text = |member: &str| claims.get(member).and_then(Value::as_str);
    // JWT-09, JWT-10: a time is a whole number and there; anything else is no token, never "no
    // limit".
    let time = |member: &str| claims.get(member)?.as_u64().map(Timestamp::from_seconds);
    let expires_at = time("exp")?;
    if text("iss")? != setup.issuer().as_str() || expires_at.has_passed(now) {
        return None;
    }
    // Our own iat is not judged: nodes disagree about the time by a little.
    time("iat")?;
    // Our own tokens have no nbf; one that has is none of ours (JWT-09, JWT-11).
    if claims.contains_key("nbf") {
        return None;
    }
    // Left out where the resource has none.
    let scope = if claims.contains_key("scope") { text("scope")? } else { "" };
    let jti = from_base64url(text("jti")?)?;
    let grant_id = GrantId(*jti.first_chunk()?);
    if jti.len() != 24 {
        return None;
    }
    Some(Principal {
        subject: text("sub")?.to_owned(),
        client_id: ClientId::new(text("client_id")?),
        scope: scope.to_owned(),
        resource: text("aud")?.to_owned(),
        grant_id,
        expires_at,
        claims,
    })
}
