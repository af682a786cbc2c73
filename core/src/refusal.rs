//! Why a request is refused: a rich reason inside, a generic text on the wire, one table between them.

use std::borrow::Cow;

use http::{HeaderValue, StatusCode, header};

use crate::check::redirect_uri::Unacceptable;
use crate::effect::Unreachable;
use crate::reply::Response;

/// Every reason for which a request is refused. For events and tests; a client sees [`Refusal::wire`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    // The request as such.
    /// No endpoint is at this path.
    #[error("no endpoint is at this path")]
    NotFound,
    /// The endpoint does not know this method.
    #[error("the endpoint allows {allowed} only")]
    Method {
        /// The value of `Allow`.
        allowed: &'static str,
    },
    /// The body is longer than [`Request::BODY_LIMIT`](crate::Request::BODY_LIMIT).
    #[error("the body is too large")]
    BodyTooLarge,
    /// The body did not come in time.
    #[error("the body did not come in time")]
    BodyTooSlow,
    /// The body has another content type than the endpoint reads.
    #[error("the body must be {wanted}")]
    ContentType {
        /// The content type that is read.
        wanted: &'static str,
    },
    /// A query or form that is not UTF-8 after decoding, or has far too many parameters.
    #[error("the parameters cannot be read")]
    Unreadable,
    /// A parameter that must be there is not.
    #[error("{parameter} is missing")]
    Missing {
        /// Its name.
        parameter: &'static str,
    },
    /// A parameter stands there twice (RFC 6749 §3.1).
    #[error("{parameter} is repeated")]
    Repeated {
        /// Its name.
        parameter: &'static str,
    },
    /// A parameter has a value that it cannot have.
    #[error("{parameter} has an invalid value")]
    Invalid {
        /// Its name.
        parameter: &'static str,
    },
    /// The authorization request does not fit into the cookie that must carry it.
    #[error("the request is too long to be carried through sign-in")]
    RequestTooLong,

    // The client.
    /// No such client: never registered, or its registration key was removed.
    #[error("the client is unknown")]
    UnknownClient,
    /// A confidential client came without its secret, or with a scheme that is not offered.
    #[error("the client did not authenticate")]
    ClientUnauthenticated,
    /// A wrong secret.
    #[error("the client's credentials are wrong")]
    ClientCredentials {
        /// Whether it came in the `Authorization` header, which the answer must then name (RFC 6749 §5.2).
        by_header: bool,
    },
    /// Two ways of authentication in one request (RFC 6749 §2.3).
    #[error("the client authenticates in two ways")]
    ClientAuthenticatesTwice,
    /// The `client_id` in the body is another one than in the `Authorization` header.
    #[error("client_id contradicts the Authorization header")]
    ClientIdContradiction,
    /// The client is not registered for this grant type.
    #[error("the client may not use this grant type")]
    GrantTypeNotRegistered,

    // Registration.
    /// Registration is turned off.
    #[error("registration is turned off")]
    RegistrationClosed,
    /// A member of the client metadata cannot be accepted.
    #[error("client metadata: {member}: {problem}")]
    ClientMetadata {
        /// The member.
        member: &'static str,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// A redirect URI cannot be registered.
    #[error("redirect_uris: {0}")]
    RegisteredUri(Unacceptable),

    // The authorization request.
    /// The redirect URI is not one of the client's.
    #[error("redirect_uri is not registered for this client")]
    RedirectUriNotRegistered,
    /// The redirect URI is registered, but the policy of today refuses it.
    #[error("redirect_uri: {0}")]
    RedirectUri(Unacceptable),
    /// Only `response_type=code` is offered.
    #[error("the response_type is not supported")]
    ResponseType,
    /// The code challenge is missing, malformed or not S256.
    #[error("PKCE with S256 is required: {problem}")]
    CodeChallenge {
        /// What is wrong with it.
        problem: &'static str,
    },
    /// The resource is not one of the configured ones (RFC 8707 §2).
    #[error("the resource is unknown")]
    UnknownResource,
    /// Several resources are configured and none was asked for.
    #[error("several resources are configured and none was asked for")]
    ResourceRequired,

    // The sign-in page.
    /// The form is not one that this server made for this browser.
    #[error("the form was not made for this browser")]
    FormForged,
    /// The form is too old.
    #[error("the form has expired")]
    FormExpired,
    /// The form came from another site.
    #[error("the form came from another site")]
    CrossSite,
    /// The person pressed Cancel.
    #[error("the person cancelled")]
    Cancelled,

    // The way back from the provider.
    /// The `state` is not one of ours.
    #[error("the state is not one of ours")]
    StateForged,
    /// The `state` is too old.
    #[error("the state has expired")]
    StateExpired,
    /// The `state` was made for another provider's path.
    #[error("the state was made for another provider")]
    StateOfOtherProvider,
    /// The browser did not start this flow.
    #[error("the flow's cookie is missing or another flow's")]
    OtherBrowser,
    /// The provider is no longer configured.
    #[error("the provider is not configured")]
    UnknownProvider,
    /// The callback's `iss` is missing or another issuer's (RFC 9207 §2.4).
    #[error("the callback's iss is missing or wrong")]
    UpstreamIssuer,
    /// The callback has both `code` and `error`, or neither.
    #[error("the callback must have either code or error")]
    CallbackMalformed,
    /// The sign-in was completed before.
    #[error("the sign-in was completed before")]
    AlreadyCompleted,
    /// The provider says that the person declined.
    #[error("the provider denied access")]
    UpstreamDenied,
    /// The provider sent another error.
    #[error("the provider answered with an error")]
    UpstreamError,
    /// The provider is overloaded or down, as it says itself.
    #[error("the provider is temporarily unavailable")]
    UpstreamBusy,
    /// The provider did not answer.
    #[error("the provider did not answer: {0}")]
    UpstreamUnreachable(Unreachable),
    /// The provider answered with this status.
    #[error("the provider answered with status {0}")]
    UpstreamStatus(u16),
    /// The provider's answer is not what it must be.
    #[error("the provider's answer is malformed: {0}")]
    UpstreamMalformed(&'static str),

    // The token endpoint.
    /// The grant type is not offered.
    #[error("the grant_type is not supported")]
    GrantType,
    /// The code or refresh token was not made here, or was damaged.
    #[error("the token does not open")]
    TokenForged,
    /// The code or refresh token is too old.
    #[error("the token has expired")]
    TokenExpired,
    /// No record leads on from the code or refresh token.
    #[error("the grant is unknown")]
    GrantUnknown,
    /// The grant was ended.
    #[error("the grant was ended")]
    GrantEnded,
    /// The code or refresh token belongs to another client.
    #[error("the token belongs to another client")]
    OtherClient,
    /// The `redirect_uri` differs from the one of the authorization request.
    #[error("redirect_uri differs from the authorization request")]
    RedirectUriChanged,
    /// The code verifier does not fit the challenge (RFC 7636 §4.6).
    #[error("code_verifier does not fit the challenge")]
    CodeVerifier,
    /// The code was redeemed before; the grant is ended.
    #[error("the code was redeemed before")]
    CodeReplayed,
    /// The refresh token was used up; the grant is ended.
    #[error("the refresh token was used before")]
    RefreshTokenReplayed,
    /// A token shows a generation that its record never reached; the grant is ended.
    #[error("the record lost a write")]
    LostWrite,
    /// More scope than was granted (RFC 6749 §6).
    #[error("the scope exceeds what was granted")]
    ScopeExceeded,

    // The application's mapper.
    /// The application refused the person, with a reason that may be shown.
    #[error("the application refused: {0}")]
    MapperDenied(String),
    /// The application cannot say now.
    #[error("the application's mapper is unavailable")]
    MapperUnavailable,
    /// The application's answer cannot be used.
    #[error("the application's mapper: {0}")]
    MapperMisbehaved(&'static str),

    // Our surroundings.
    /// The store could not say.
    #[error("the store is unavailable")]
    StoreUnavailable,
    /// Four rounds of compare-and-swap met somebody else's write.
    #[error("too many writers at once")]
    Contention,
    /// A record does not open, or is none.
    #[error("the grant's record is corrupt")]
    CorruptRecord,
    /// The signing library failed.
    #[error("signing failed")]
    SigningFailed,
    /// The adapter runs as many flows as it may.
    #[error("too many requests at once")]
    Overloaded,
}

/// What a client is told.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Wire {
    /// The error code (RFC 6749 §4.1.2.1 and §5.2, RFC 7591 §3.2.2, RFC 8707 §2).
    pub error: &'static str,
    /// The status where the error is not a redirect.
    pub status: StatusCode,
    /// Generic: it names the parameter or the mend, never what was found inside.
    pub description: Cow<'static, str>,
}

impl Refusal {
    /// The table from reasons to what stands on the wire. No `_` arm: a new reason has to be given its place.
    ///
    /// The status says whose fault it is: 4xx the client's, 502 the provider's, 503 (with `Retry-After`) ours.
    #[must_use]
    pub fn wire(&self) -> Wire {
        let (status, error, description): (u16, &'static str, &'static str) = match self {
            Self::NotFound => (404, "invalid_request", "No endpoint is at this path."),
            Self::Method { .. } => (
                405,
                "invalid_request",
                "The endpoint does not know this method; see Allow.",
            ),
            Self::BodyTooLarge => (413, "invalid_request", "The body is too large."),
            Self::BodyTooSlow => (408, "invalid_request", "The body did not come in time."),
            Self::ContentType { wanted } => {
                return Wire::new(
                    415,
                    "invalid_request",
                    format!("The body must be {wanted}."),
                );
            }
            Self::Unreadable => (400, "invalid_request", "The parameters cannot be read."),
            Self::Missing { parameter } => {
                return Wire::new(400, "invalid_request", format!("{parameter} is missing."));
            }
            // RFC 8707 §2 allows several resources; a token here is for one.
            Self::Repeated {
                parameter: "resource",
            } => (
                400,
                "invalid_target",
                "A token is for one resource; ask for one.",
            ),
            Self::Repeated { parameter } => {
                return Wire::new(400, "invalid_request", format!("{parameter} is repeated."));
            }
            Self::Invalid { parameter } => {
                return Wire::new(
                    400,
                    "invalid_request",
                    format!("{parameter} has an invalid value."),
                );
            }
            Self::RequestTooLong => (
                400,
                "invalid_request",
                "The request is too long; shorten state or redirect_uri.",
            ),
            Self::UnknownClient => (
                401,
                "invalid_client",
                "The client is unknown; register it again.",
            ),
            Self::ClientUnauthenticated | Self::ClientCredentials { .. } => (
                401,
                "invalid_client",
                "The client could not be authenticated.",
            ),
            Self::ClientAuthenticatesTwice => (
                400,
                "invalid_request",
                "Authenticate in one way: by the Authorization header or in the body.",
            ),
            Self::ClientIdContradiction => (
                400,
                "invalid_request",
                "client_id contradicts the Authorization header.",
            ),
            Self::GrantTypeNotRegistered => (
                400,
                "unauthorized_client",
                "The client is not registered for this grant type.",
            ),
            Self::RegistrationClosed => (
                403,
                "access_denied",
                "Registration is turned off here; ask the operator for a client_id.",
            ),
            Self::ClientMetadata { member, problem } => {
                return Wire::new(
                    400,
                    "invalid_client_metadata",
                    format!("{member}: {problem}"),
                );
            }
            Self::RegisteredUri(problem) => {
                return Wire::new(
                    400,
                    "invalid_redirect_uri",
                    format!("A redirect URI {problem}."),
                );
            }
            Self::RedirectUriNotRegistered => (
                400,
                "invalid_request",
                "redirect_uri is not registered for this client.",
            ),
            Self::RedirectUri(problem) => {
                return Wire::new(400, "invalid_request", format!("redirect_uri {problem}."));
            }
            Self::ResponseType => (
                400,
                "unsupported_response_type",
                "Only response_type=code is supported.",
            ),
            Self::CodeChallenge { problem } => {
                return Wire::new(
                    400,
                    "invalid_request",
                    format!("PKCE with S256 is required: {problem}."),
                );
            }
            Self::UnknownResource => (400, "invalid_target", "The resource is unknown here."),
            Self::ResourceRequired => (
                400,
                "invalid_target",
                "Several resources are protected here; say which with resource.",
            ),
            Self::FormForged => (
                403,
                "access_denied",
                "The form was not made for this browser.",
            ),
            Self::FormExpired => (400, "access_denied", "The page was open for too long."),
            Self::CrossSite => (403, "access_denied", "The form came from another site."),
            Self::Cancelled => (400, "access_denied", "The person cancelled the sign-in."),
            Self::StateForged | Self::StateOfOtherProvider => (
                400,
                "invalid_request",
                "The answer does not belong to a sign-in that was started here.",
            ),
            Self::StateExpired => (400, "invalid_request", "The sign-in took too long."),
            Self::OtherBrowser => (
                400,
                "invalid_request",
                "The sign-in was not started in this browser.",
            ),
            Self::UnknownProvider => (400, "invalid_request", "The provider is not offered here."),
            Self::AlreadyCompleted => (400, "invalid_request", "The sign-in was completed before."),
            Self::UpstreamDenied => (
                400,
                "access_denied",
                "The sign-in was declined at the provider.",
            ),
            Self::UpstreamIssuer
            | Self::CallbackMalformed
            | Self::UpstreamError
            | Self::UpstreamStatus(_)
            | Self::UpstreamMalformed(_) => (
                502,
                "server_error",
                "The provider's answer could not be used.",
            ),
            Self::UpstreamBusy | Self::UpstreamUnreachable(_) => (
                502,
                "temporarily_unavailable",
                "The provider did not answer.",
            ),
            Self::GrantType => (
                400,
                "unsupported_grant_type",
                "Use authorization_code or refresh_token.",
            ),
            // One text for all: whoever holds a token that is no good learns nothing from the difference (LEA-04).
            Self::TokenForged
            | Self::TokenExpired
            | Self::GrantUnknown
            | Self::GrantEnded
            | Self::OtherClient
            | Self::CodeReplayed
            | Self::RefreshTokenReplayed
            | Self::LostWrite
            | Self::CorruptRecord => (
                400,
                "invalid_grant",
                "The code or refresh token is invalid, expired, revoked or was used before.",
            ),
            Self::RedirectUriChanged => (
                400,
                "invalid_grant",
                "redirect_uri differs from the authorization request.",
            ),
            Self::CodeVerifier => (
                400,
                "invalid_grant",
                "code_verifier does not fit the code_challenge.",
            ),
            Self::ScopeExceeded => (400, "invalid_scope", "The scope exceeds what was granted."),
            Self::MapperDenied(reason) => {
                return Wire::new(400, "access_denied", sayable(reason));
            }
            Self::MapperUnavailable
            | Self::MapperMisbehaved(_)
            | Self::StoreUnavailable
            | Self::Contention
            | Self::SigningFailed
            | Self::Overloaded => (
                503,
                "temporarily_unavailable",
                "Please try again in a moment.",
            ),
        };
        Wire::new(status, error, description)
    }

    /// The answer of an endpoint that speaks JSON (RFC 6749 §5.2).
    pub(crate) fn to_json(&self) -> Response {
        let mut wire = self.wire();
        if let Self::MapperDenied(_) = self {
            // RFC 6749 §5.2 has no access_denied: the grant is what is no longer valid.
            wire.error = "invalid_grant";
        }
        let body = serde_json::json!({
            "error": wire.error,
            "error_description": wire.description,
        });
        self.with_headers(Response::json(wire.status, body.to_string()))
    }

    /// Adds what the status obliges to: `Allow`, `Retry-After`, `WWW-Authenticate`.
    pub(crate) fn with_headers(&self, response: Response) -> Response {
        if let Self::Method { allowed } = self {
            return response.with(header::ALLOW, HeaderValue::from_static(allowed));
        }
        if let Self::ClientCredentials { by_header: true } = self {
            let challenge = HeaderValue::from_static("Basic realm=\"token endpoint\"");
            return response.with(header::WWW_AUTHENTICATE, challenge);
        }
        if response.status == StatusCode::SERVICE_UNAVAILABLE {
            return response.with(header::RETRY_AFTER, HeaderValue::from_static("1"));
        }
        response
    }
}

impl Wire {
    fn new(status: u16, error: &'static str, description: impl Into<Cow<'static, str>>) -> Self {
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_REQUEST);
        Self {
            error,
            status,
            description: description.into(),
        }
    }
}

/// `error_description` is visible ASCII without quotes and backslashes (RFC 6749 §5.2): anything else becomes a space.
fn sayable(text: &str) -> String {
    text.chars()
        .take(200)
        .map(|c| {
            if matches!(c, ' '..='~') && !matches!(c, '"' | '\\') {
                c
            } else {
                ' '
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn web_07_a_reason_is_reduced_to_the_characters_of_error_description() {
        let wire = Refusal::MapperDenied("no\r\n\"<é>\\".to_owned()).wire();
        assert_eq!(wire.description, "no   < > ");
    }

    #[test]
    fn our_own_trouble_is_503_with_retry_after() {
        let response = Refusal::StoreUnavailable.to_json();
        assert_eq!(response.status, 503);
        assert!(response.headers.contains_key(header::RETRY_AFTER));
    }
}
