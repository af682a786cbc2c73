//! Credentials that do not authenticate (RFC 6749 §2.3).

use super::Wire;

/// Why a client or a resource has not shown who it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CredentialsFault {
    /// A confidential client came without its secret, or with a scheme that is not offered.
    #[error("the client did not authenticate")]
    Missing,
    /// A client's secret that is not its own.
    #[error("the client's secret is wrong")]
    WrongSecret {
        /// Whether it came in the `Authorization` header, which the answer must then name (RFC 6749
        /// §5.2).
        by_header: bool,
    },
    /// Credentials that cannot be right: of nobody, of a client without a secret, or none at all.
    #[error("the client's credentials are nobody's")]
    Nobodys {
        /// Whether it came in the `Authorization` header, which the answer must then name (RFC 6749
        /// §5.2).
        by_header: bool,
    },
    /// Two ways of authentication in one request (RFC 6749 §2.3).
    #[error("the client authenticates in two ways")]
    Twice,
    /// The `client_id` in the body is another one than in the `Authorization` header.
    #[error("client_id contradicts the Authorization header")]
    Contradiction,
}

impl CredentialsFault {
    pub(super) fn wire(self) -> Wire {
        let (status, error, description) = match self {
            Self::Missing | Self::WrongSecret { .. } | Self::Nobodys { .. } => {
                (401, "invalid_client", "The client could not be authenticated.")
            }
            Self::Twice => (
                400,
                "invalid_request",
                "Authenticate in one way: by the Authorization header or in the body.",
            ),
            Self::Contradiction => {
                (400, "invalid_request", "client_id contradicts the Authorization header.")
            }
        };
        Wire::new(status, error, description)
    }

    /// Whether `WWW-Authenticate` must name the scheme that was tried (RFC 6749 §5.2).
    pub(super) fn by_header(self) -> bool {
        match self {
            Self::WrongSecret { by_header } | Self::Nobodys { by_header } => by_header,
            Self::Missing | Self::Twice | Self::Contradiction => false,
        }
    }
}
