use http::{HeaderValue, StatusCode, header};

use crate::refusal::Refusal;
use crate::reply::Response;

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
                return Refusal::StoreUnavailable.to_json();
            }
        };
        Response::empty(status).with(header::WWW_AUTHENTICATE, HeaderValue::from_static(field))
    }
}
