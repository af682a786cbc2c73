//! Requests that are refused as HTTP (RFC 9110), whatever they ask for.

use std::time::Duration;

use http::{HeaderName, HeaderValue, header};

use super::Wire;

/// Why a request is refused before anybody reads what it says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum HttpFault {
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
    /// The body broke off, or is not framed as HTTP frames bodies.
    #[error("the body is broken")]
    BodyBroken,
    /// The body has another content type than the endpoint reads.
    #[error("the body must be {wanted}")]
    ContentType {
        /// The content type that is read.
        wanted: &'static str,
    },
    /// The body is compressed: what it holds could be any number of times longer than what is
    /// counted (RFC 9110 §8.4).
    #[error("the body has a content coding")]
    ContentCoding,
    /// Whoever sent it has used up what they may, as whoever serves the requests counts.
    #[error("too many of this kind from one address")]
    TooMany {
        /// How long to wait.
        retry_after: Duration,
    },
}

impl HttpFault {
    pub(super) fn wire(self) -> Wire {
        let (status, error, description) = match self {
            Self::NotFound => (404, "invalid_request", "No endpoint is at this path."),
            Self::Method { .. } => {
                (405, "invalid_request", "The endpoint does not know this method; see Allow.")
            }
            Self::BodyTooLarge => (413, "invalid_request", "The body is too large."),
            Self::BodyTooSlow => (408, "invalid_request", "The body did not come in time."),
            Self::BodyBroken => (400, "invalid_request", "The body is broken."),
            Self::ContentType { wanted } => {
                return Wire::new(415, "invalid_request", format!("The body must be {wanted}."));
            }
            Self::ContentCoding => {
                (415, "invalid_request", "The body must not be compressed; see Accept-Encoding.")
            }
            Self::TooMany { .. } => {
                (429, "temporarily_unavailable", "Too many requests; see Retry-After.")
            }
        };
        Wire::new(status, error, description)
    }

    /// What the status obliges to: `Allow`, `Accept-Encoding` (RFC 9110 §12.5.3), `Retry-After`.
    pub(super) fn header(self) -> Option<(HeaderName, HeaderValue)> {
        match self {
            Self::Method { allowed } => Some((header::ALLOW, HeaderValue::from_static(allowed))),
            Self::ContentCoding => {
                Some((header::ACCEPT_ENCODING, HeaderValue::from_static("identity")))
            }
            Self::TooMany { retry_after } => {
                // Whole seconds (RFC 9110 §10.2.3), and never too few.
                let seconds = retry_after.as_millis().div_ceil(1000).clamp(1, u64::MAX.into());
                let seconds = HeaderValue::from(u64::try_from(seconds).unwrap_or(u64::MAX));
                Some((header::RETRY_AFTER, seconds))
            }
            Self::NotFound
            | Self::BodyTooLarge
            | Self::BodyTooSlow
            | Self::BodyBroken
            | Self::ContentType { .. } => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::refusal::Refusal;

    #[test]
    fn whoever_has_to_wait_is_told_how_many_whole_seconds() {
        let told = |milliseconds| {
            let retry_after = Duration::from_millis(milliseconds);
            let response = Refusal::Http(HttpFault::TooMany { retry_after }).to_json();
            assert_eq!(response.status, 429);
            response.headers[header::RETRY_AFTER].to_str().unwrap().to_owned()
        };
        assert_eq!([0, 1, 1000, 1001].map(told), ["1", "1", "1", "2"]);
    }
}
