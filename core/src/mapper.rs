//! The token mapper: where an application says what its tokens say.

use std::time::Duration;

use serde_json::{Map, Value};

use crate::ids::{ClientId, GrantId};
use crate::provider::User;
use crate::secret::{AccessToken, UpstreamTokens};

/// Ask the application about the person who signed in, or whose grant is being refreshed.
///
/// The same question may be asked repeatedly: [`MapUser::idempotency_key`] is equal when it is, so
/// that an application which creates users or mints tokens can answer as it did before.
#[derive(Debug)]
#[non_exhaustive]
pub struct MapUser {
    /// Why the question is asked.
    pub occasion: Occasion,
    /// Who it is, as the upstream provider said.
    pub user: User,
    /// The upstream provider's tokens: only at sign-in, and at refresh where they are kept.
    pub upstream_tokens: Option<UpstreamTokens>,
    /// Which client the token is for.
    pub client_id: ClientId,
    /// What was granted, in the order of the configuration.
    pub scope: String,
    /// The resource that the token is for (RFC 8707), or the issuer where none is configured.
    pub resource: String,
    /// Grant and generation: equal for questions that ask for the same token. A repeated refresh may
    /// ask for less scope than the first: an application that mints tokens looks at both.
    pub idempotency_key: IdempotencyKey,
}

/// When a [`MapUser`] is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Occasion {
    /// The person has just signed in upstream.
    SignIn,
    /// A client refreshes its tokens; the person may be away.
    Refresh,
}

/// The grant, and the generation of its tokens that is about to be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct IdempotencyKey {
    /// The grant.
    pub grant_id: GrantId,
    /// 0 at sign-in, whose code leads to generation 1; then 2 and more, one with each rotation.
    pub generation: u64,
}

/// The application's answer.
#[derive(Clone, Debug)]
#[expect(clippy::exhaustive_enums, reason = "applications make it")]
pub enum Mapped {
    /// Claims for the access token that Vestibule signs. A `sub` among them, a non-empty string,
    /// takes the place of `provider:id`. `iss`, `aud`, `exp`, `iat`, `jti`, `client_id` and `scope`
    /// are refused: they are Vestibule's to say.
    Claims(Map<String, Value>),
    /// A complete access token of the application's own, handed to the client as it is.
    Token(MappedToken),
}

impl Default for Mapped {
    /// No claims of the application's own.
    fn default() -> Self {
        Self::Claims(Map::new())
    }
}

/// An access token that the application made.
#[derive(Clone, Debug)]
#[expect(clippy::exhaustive_structs, reason = "applications make it")]
pub struct MappedToken {
    /// The token. Must not equal a token of the upstream provider: those never reach a client.
    pub access_token: AccessToken,
    /// How long it lives from now on; whole seconds are told to the client.
    pub expires_in: Duration,
    /// Further members of the token response, such as `user_id`. Names of a token response (RFC
    /// 6749 §5.1), of its errors and of an ID token are refused.
    pub extra: Map<String, Value>,
}

/// The application answered with no mapping.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[expect(clippy::exhaustive_enums, reason = "applications make it")]
pub enum MapFailure {
    /// The person is not let in. The reason is shown to the client as `error_description`, so it
    /// must be fit to be read by anybody. At a refresh it ends the grant.
    #[error("the application refused: {0}")]
    Denied(String),
    /// The application cannot say now. Nothing is spent; the client is told to come again.
    #[error("the application is unavailable")]
    Unavailable,
}
