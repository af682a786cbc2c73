use serde_json::{Map, Value};

use crate::encoding::from_base64url;
use crate::ids::{ClientId, GrantId};
use crate::jws;
use crate::setup::Setup;
use crate::tick::Timestamp;

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

/// What an access token of this server says, for whichever resource it is.
pub(crate) fn read(setup: &Setup, token: &str, now: Timestamp) -> Option<Principal> {
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
