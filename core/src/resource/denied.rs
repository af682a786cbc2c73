use http::StatusCode;

/// Why a request may not pass: what there is to count and to log. What is answered is a
/// [`Challenge`](crate::Challenge).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum Denied {
    /// No token came with the request.
    #[error("no access token came with the request")]
    NoToken,
    /// The `Authorization` header cannot be read, or stands there twice; or the path can be read in two
    /// ways, and each could be another resource's.
    #[error("the Authorization header or the path is malformed")]
    Malformed,
    /// The token is no token of this server for this resource, or has expired.
    #[error("the access token is invalid or has expired")]
    InvalidToken,
    /// The token names a signing key that a process without the server's own keys does not know.
    #[error("the access token names a signing key that is not known")]
    UnknownKey,
    /// The token's grant was ended.
    #[error("the access token's grant was ended")]
    Revoked,
    /// The token is good, and does not allow what was asked for.
    #[error("the access token lacks a scope that is needed for this")]
    InsufficientScope,
    /// It could not be found out.
    #[error("the access token could not be checked; please try again in a moment")]
    Unavailable,
}

impl Denied {
    /// RFC 6750 §3.1.
    pub(super) fn status(self) -> StatusCode {
        match self {
            Self::Malformed => StatusCode::BAD_REQUEST,
            Self::NoToken | Self::InvalidToken | Self::UnknownKey | Self::Revoked => {
                StatusCode::UNAUTHORIZED
            }
            Self::InsufficientScope => StatusCode::FORBIDDEN,
            Self::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    /// The error code (RFC 6750 §3.1).
    pub(super) fn error(self) -> &'static str {
        match self {
            Self::Malformed => "invalid_request",
            Self::NoToken | Self::InvalidToken | Self::UnknownKey | Self::Revoked => {
                "invalid_token"
            }
            Self::InsufficientScope => "insufficient_scope",
            Self::Unavailable => "temporarily_unavailable",
        }
    }

    /// What the client is told: one text for all tokens that are no good, so that nobody learns
    /// from the difference.
    pub(super) fn description(self) -> &'static str {
        match self {
            Self::NoToken => "An access token is needed.",
            Self::Malformed => "The Authorization header or the path is malformed.",
            Self::InvalidToken | Self::UnknownKey | Self::Revoked => {
                "The access token is invalid, expired or revoked."
            }
            Self::InsufficientScope => "The access token lacks a scope that is needed for this.",
            Self::Unavailable => "Please try again in a moment.",
        }
    }
}
