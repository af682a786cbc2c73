//! The one place where tokens are made, whatever the grant type: what is granted cannot be exceeded
//! by one path that forgot a check the others make.

use http::StatusCode;
use serde::{Deserialize, Serialize};

use super::rotate::TokenGrant;
use crate::config::Lifetimes;
use crate::encoding::base64url;
use crate::grant::Mapping;
use crate::ids::{ClientId, GrantId};
use crate::jws;
use crate::keys::Purpose;
use crate::refusal::Refusal;
use crate::reply::Response;
use crate::seal::{Sealable, seal};
use crate::setup::Setup;
use crate::tick::Timestamp;

/// Tokens that a grant in its present state gives: only
/// [`IssuedCode::redeem`](super::IssuedCode::redeem) and [`TokenGrant::rotate`] lead here.
///
/// They are minted before the record is written, so that a signature that fails spends nothing, and
/// handed out when it is. Everything in them follows from the record, so that a repeated refresh is
/// answered with the same bytes.
pub struct Tokens {
    grant_id: GrantId,
    generation: u64,
    client_id: ClientId,
    scope: String,
    resource: String,
    issued_at: Timestamp,
    access_expires_at: Timestamp,
    refresh_expires_at: Option<Timestamp>,
    mapping: Mapping,
}

/// What is inside a refresh token.
#[derive(Serialize, Deserialize)]
pub(crate) struct RefreshToken {
    pub(super) grant_id: GrantId,
    pub(super) generation: u64,
    pub(super) expires_at: Timestamp,
}

impl Sealable for RefreshToken {
    const PURPOSE: Purpose = Purpose::RefreshToken;
    const PREFIX: &'static str = "vrt1_";
    /// It tells neither an id nor a time (COD-18).
    const PRIVATE: bool = true;
    fn expires_at(&self) -> Timestamp {
        self.expires_at
    }
}

/// The claims of RFC 9068 §2.2.
#[derive(Serialize)]
struct Claims<'a> {
    iss: &'a str,
    sub: &'a str,
    aud: &'a str,
    exp: u64,
    iat: u64,
    jti: &'a str,
    client_id: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    scope: &'a str,
}

/// RFC 6749 §5.1.
#[derive(Serialize)]
struct TokenResponse<'a> {
    access_token: &'a str,
    token_type: &'static str,
    expires_in: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    refresh_token: Option<&'a str>,
    /// Left out where the resource has none: a scope is at least one character (RFC 6749 §3.3).
    #[serde(skip_serializing_if = "str::is_empty")]
    scope: &'a str,
}

impl Tokens {
    /// The choke point. `scope` is the grant's or a part of it.
    pub(super) fn issue(
        grant: &TokenGrant,
        scope: String,
        mapping: Mapping,
        lifetimes: &Lifetimes,
    ) -> Self {
        let access_expires_at = match &mapping {
            Mapping::Claims { .. } => grant.access_expires_at(lifetimes),
            Mapping::Token { expires_at, .. } => *expires_at,
        };
        Self {
            grant_id: grant.id,
            generation: grant.data.generation,
            client_id: grant.data.allowed.client_id.clone(),
            scope,
            resource: grant.data.allowed.resource.clone(),
            issued_at: grant.data.rotated_at,
            access_expires_at,
            refresh_expires_at: grant.refresh_expires_at(lifetimes),
            mapping,
        }
    }

    /// Until when any of them leads back to the grant. A token of the application's own does not.
    pub(super) fn latest_way_back(&self) -> Timestamp {
        let own = match &self.mapping {
            Mapping::Claims { .. } => self.access_expires_at,
            Mapping::Token { .. } => self.issued_at,
        };
        self.refresh_expires_at.map_or(own, |refresh| refresh.max(own))
    }

    /// Signs and seals.
    pub(super) fn mint(&self, setup: &Setup, now: Timestamp) -> Result<Response, Refusal> {
        let (access_token, extra) = match &self.mapping {
            Mapping::Claims { subject, claims } => (self.sign(setup, subject, claims)?, "{}"),
            Mapping::Token { access_token, extra, .. } => {
                (access_token.expose().to_owned(), &**extra)
            }
        };
        let refresh_token = self.refresh_expires_at.map(|expires_at| {
            let Self { grant_id, generation, .. } = *self;
            seal(setup.keys().first(), &RefreshToken { grant_id, generation, expires_at })
        });
        let response = TokenResponse {
            access_token: &access_token,
            token_type: "Bearer",
            expires_in: self.access_expires_at.remaining(now).as_secs(),
            refresh_token: refresh_token.as_deref(),
            scope: &self.scope,
        };
        Ok(Response::json(StatusCode::OK, joined(&response, extra)))
    }

    fn sign(&self, setup: &Setup, subject: &str, claims: &str) -> Result<String, Refusal> {
        let own = Claims {
            iss: setup.issuer().as_str(),
            sub: subject,
            aud: &self.resource,
            exp: self.access_expires_at.seconds(),
            iat: self.issued_at.seconds(),
            jti: &self.jti(setup),
            client_id: self.client_id.as_str(),
            scope: &self.scope,
        };
        jws::sign(setup.signing_key(), joined(&own, claims).as_bytes())
            .map_err(|_| Refusal::SigningFailed)
    }

    /// The grant's id, so that an access token leads to its grant, and 64 bits that tell its tokens
    /// apart.
    fn jti(&self, setup: &Setup) -> String {
        let parts: [&[u8]; 4] = [
            &self.grant_id.0,
            &self.generation.to_be_bytes(),
            &self.issued_at.seconds().to_be_bytes(),
            self.scope.as_bytes(),
        ];
        let mac = setup.keys().first().mac(Purpose::TokenId, &parts);
        let mut jti = [0; 24];
        jti[..16].copy_from_slice(&self.grant_id.0);
        jti[16..].copy_from_slice(&mac[..8]);
        base64url(jti)
    }
}

/// A JSON object of a struct's members and those of `more`, another object's text, behind them.
fn joined(own: &impl Serialize, more: &str) -> String {
    let Ok(mut json) = serde_json::to_string(own) else {
        unreachable!("a struct of strings and numbers is JSON")
    };
    let more = more.strip_prefix('{').and_then(|more| more.strip_suffix('}')).unwrap_or_default();
    if !more.is_empty() {
        json.truncate(json.len() - 1);
        json.push(',');
        json.push_str(more);
        json.push('}');
    }
    json
}

impl std::fmt::Debug for Tokens {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tokens")
            .field("grant_id", &self.grant_id)
            .field("generation", &self.generation)
            .finish_non_exhaustive()
    }
}
