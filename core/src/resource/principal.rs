use std::sync::Arc;

use serde_json::{Map, Value};

use super::{Challenge, Protected};
use crate::config::Issuer;
use crate::encoding::from_base64url;
use crate::ids::{ClientId, GrantId};
use crate::jws;
use crate::setup::Setup;
use crate::tick::Timestamp;

/// Who sent a request, and what they may do.
#[derive(Clone, Debug)]
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
    protected: Arc<Protected>,
    /// What every operation here needs, those that were required throughout.
    throughout: Vec<String>,
}

impl Principal {
    /// For whoever learned the claims of a token in another way than from its signature: from the
    /// answer of the introspection endpoint (RFC 7662 §2.2), once it says `"active": true`. `None` if
    /// they are not those of an access token that `issuer` made for this resource, or if it has
    /// expired.
    #[must_use]
    pub fn of_claims(
        protected: &Arc<Protected>,
        issuer: &Issuer,
        claims: Map<String, Value>,
        now: Timestamp,
    ) -> Option<Self> {
        Claimed::read(claims, issuer.as_str(), now)?.at(protected)
    }

    /// Whether a scope was granted, by itself or inside another one
    /// ([`Resource::implies`](crate::Resource::implies)).
    #[must_use]
    pub fn has_scope(&self, scope: &str) -> bool {
        self.protected.contain(&self.scope, scope)
    }

    /// Whether all scopes were granted that an operation needs.
    ///
    /// # Errors
    /// A [`Challenge`] of status 403 that names all of them, those that were granted too: a client
    /// asks anew for what it names (MCP authorization, Scope Challenge Handling). Those that were
    /// [required throughout](Self::require_throughout) are among them.
    pub fn require(&self, scopes: &[&str]) -> Result<(), Challenge> {
        if scopes.iter().all(|scope| self.has_scope(scope)) {
            return Ok(());
        }
        let mut all: Vec<&str> = self.throughout.iter().map(String::as_str).collect();
        all.extend(scopes);
        Err(Challenge::lacking(&all, &self.protected))
    }

    /// The same behind another layer, which has judged the request before: what was required
    /// throughout there is here too.
    #[must_use]
    pub fn behind(mut self, outer: &Self) -> Self {
        if outer.resource == self.resource {
            self.throughout.extend(outer.throughout.iter().cloned());
        }
        self
    }

    /// The same for what every operation needs from here on, as a layer before many handlers knows it:
    /// whatever is required later is named together with it, so that a client that asks for what a
    /// challenge names comes through all of them.
    ///
    /// # Errors
    /// As [`require`](Self::require).
    pub fn require_throughout(mut self, scopes: &[&str]) -> Result<Self, Challenge> {
        self.require(scopes)?;
        self.throughout.extend(scopes.iter().map(|scope| (*scope).to_owned()));
        Ok(self)
    }
}

/// What an access token says, for whichever resource it is.
pub(crate) struct Claimed {
    pub(crate) subject: String,
    pub(crate) client_id: ClientId,
    pub(crate) scope: String,
    pub(crate) resource: String,
    pub(crate) grant_id: GrantId,
    pub(crate) expires_at: Timestamp,
    pub(crate) claims: Map<String, Value>,
}

/// What an access token of this server says.
pub(crate) fn read(setup: &Setup, token: &str, now: Timestamp) -> Option<Claimed> {
    let claims = jws::verify(setup.signing_keys(), token)?;
    Claimed::read(claims, setup.issuer().as_str(), now)
}

impl Claimed {
    /// Of the claims of a token whose signature is its issuer's (RFC 9068 §4).
    pub(super) fn read(claims: Map<String, Value>, issuer: &str, now: Timestamp) -> Option<Self> {
        let text = |member: &str| claims.get(member).and_then(Value::as_str);
        // JWT-09, JWT-10: a time is a whole number and there; anything else is no token, never "no
        // limit".
        let time = |member: &str| claims.get(member)?.as_u64().map(Timestamp::from_seconds);
        let expires_at = time("exp")?;
        if text("iss")? != issuer || expires_at.has_passed(now) {
            return None;
        }
        // Our own iat is not judged: nodes disagree about the time by a little.
        time("iat")?;
        // JWT-11: good from that very second on (RFC 7519 §4.1.5).
        if claims.contains_key("nbf") && !time("nbf")?.has_passed(now) {
            return None;
        }
        // Left out where the resource has none.
        let scope = if claims.contains_key("scope") { text("scope")? } else { "" };
        let jti = from_base64url(text("jti")?)?;
        let grant_id = GrantId(*jti.first_chunk()?);
        if jti.len() != 24 {
            return None;
        }
        Some(Self {
            subject: text("sub")?.to_owned(),
            client_id: ClientId::new(text("client_id")?),
            scope: scope.to_owned(),
            // JWT-13: one text, so no list in which somebody else stands too.
            resource: text("aud")?.to_owned(),
            grant_id,
            expires_at,
            claims,
        })
    }

    /// Who sent a request to a resource; nobody, where the token is for another one.
    pub(super) fn at(self, protected: &Arc<Protected>) -> Option<Principal> {
        let Self { subject, client_id, scope, resource, grant_id, expires_at, claims } = self;
        (resource == protected.resource().uri()).then(|| Principal {
            subject,
            client_id,
            scope,
            resource,
            grant_id,
            expires_at,
            claims,
            protected: Arc::clone(protected),
            throughout: Vec::new(),
        })
    }
}
