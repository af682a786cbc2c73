//! The questions the protocol asks the outside world.
//!
//! Each question is a type that names the one type its answer may have. An adapter answers them; it
//! needs to understand HTTP and compare-and-swap, and nothing of OAuth.

mod reach;

pub use reach::Reach;

use std::borrow::Borrow;
use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Method};
use url::Url;

use crate::mapper::{MapFailure, MapUser, Mapped};
use crate::reply::Response;
use crate::step::{Pending, Step};
use crate::store::{List, Load, Page, Record, Swap, Swapped, Unavailable};

/// A question to the outside world. Sealed: the set of effects is the contract between core and its
/// drivers.
pub trait Effect: sealed::Effect + Sized + Send + Sync + 'static {
    /// The only kind of answer the question accepts.
    type Answer: Send;

    /// How a step holds the question: what is large is boxed, since steps are moved at every turn
    /// of a flow and live in the futures that drive them.
    #[doc(hidden)]
    type Held: Borrow<Self> + From<Self> + Send + Sync;

    /// Takes it out of there.
    #[doc(hidden)]
    fn taken(held: Self::Held) -> Self;

    /// Puts the paused question into the step that asks it.
    #[doc(hidden)]
    fn pause<T: 'static>(pending: Pending<Self, T>) -> Step<T>;
}

mod sealed {
    #[expect(unnameable_types, reason = "that is what seals `Effect`")]
    pub trait Effect {}
}

macro_rules! effect {
    (boxed $effect:ident, $variant:ident, $answer:ty) => {
        effect!($effect, $variant, $answer, held: Box<$effect>, taken: |held| *held);
    };
    ($effect:ident, $variant:ident, $answer:ty) => {
        effect!($effect, $variant, $answer, held: $effect, taken: |held| held);
    };
    ($effect:ident, $variant:ident, $answer:ty, held: $held:ty, taken: $taken:expr) => {
        impl sealed::Effect for $effect {}
        impl Effect for $effect {
            type Answer = $answer;
            type Held = $held;
            fn taken(held: $held) -> Self {
                let taken: fn($held) -> Self = $taken;
                taken(held)
            }
            fn pause<T: 'static>(pending: Pending<Self, T>) -> Step<T> {
                Step::$variant(pending)
            }
        }
    };
}

effect!(boxed HttpCall, Http, Result<Response, Unreachable>);
effect!(Load, Load, Result<Option<Record>, Unavailable>);
effect!(boxed Swap, Swap, Result<Swapped, Unavailable>);
effect!(List, List, Result<Page, Unavailable>);
effect!(boxed MapUser, MapUser, Result<Mapped, MapFailure>);
effect!(Pause, Pause, ());

/// Send this request upstream.
///
/// What makes the call safe travels with it, so that no transport has to know why it is made:
/// redirects are never followed, a POST is never sent twice, proxies named by the environment are
/// ignored.
#[non_exhaustive]
pub struct HttpCall {
    /// `GET` or `POST`.
    pub method: Method,
    /// Where to. The scheme is `https`, or `http` where the configuration says so.
    pub url: Url,
    /// Header fields, the `Authorization` of a confidential client among them.
    pub headers: HeaderMap,
    /// The body; empty for `GET`.
    pub body: Bytes,
    /// The longest response body that is accepted, in bytes after any content decoding. A longer
    /// one is [`Unreachable::TooLarge`].
    pub body_cap: usize,
    /// How long the whole call may take, from resolving the name to the last byte of the body.
    pub deadline: Duration,
    /// Which addresses may be connected to.
    pub reach: Reach,
    /// What the call is for; for logs and metrics.
    pub purpose: Purpose,
}

impl HttpCall {
    /// A call without header fields and body, for at most 256 KiB and 10 seconds, to a configured
    /// host. Core makes its own; this is for tests of transports.
    #[must_use]
    pub fn new(method: Method, url: Url, purpose: Purpose) -> Self {
        Self {
            method,
            url,
            headers: HeaderMap::new(),
            body: Bytes::new(),
            body_cap: 256 * 1024,
            deadline: Duration::from_secs(10),
            reach: Reach::Configured,
            purpose,
        }
    }
}

/// Shows method, host, path, purpose and the length of the body. The query, the header fields and
/// the body can hold codes, verifiers and client secrets.
impl fmt::Debug for HttpCall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpCall")
            .field("method", &self.method)
            .field("host", &self.url.host_str().unwrap_or_default())
            .field("path", &self.url.path())
            .field("purpose", &self.purpose)
            .field("body_length", &self.body.len())
            .finish_non_exhaustive()
    }
}

/// What an [`HttpCall`] is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Purpose {
    /// Exchanging the upstream provider's authorization code (RFC 6749 §4.1.3).
    ExchangeCode,
    /// Asking the upstream provider who signed in (OpenID Connect Core §5.3).
    FetchUser,
    /// Asking the upstream provider for a person's addresses.
    FetchEmails,
    /// Asking the upstream provider for a person's organisations and teams.
    FetchMemberships,
    /// Fetching the metadata of an upstream provider, or for a [`Verifier`](crate::Verifier) that of
    /// its server (OpenID Connect Discovery §4, RFC 8414 §3).
    FetchMetadata,
    /// Fetching the document of a client whose id is its URL (Client ID Metadata Document).
    FetchClient,
    /// Fetching the keys with which such a client signs (RFC 7517 §5).
    FetchClientKeys,
    /// Fetching the keys with which an upstream provider or that server signs (RFC 7517 §5).
    FetchKeys,
    /// Refreshing the tokens that an upstream provider gave (RFC 6749 §6).
    RefreshToken,
    /// Ending the tokens that an upstream provider gave (RFC 7009).
    RevokeToken,
}

impl Purpose {
    /// The purpose as a word for logs: `exchange_code`, `fetch_user`, `revoke_token`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ExchangeCode => "exchange_code",
            Self::FetchUser => "fetch_user",
            Self::FetchEmails => "fetch_emails",
            Self::FetchMemberships => "fetch_memberships",
            Self::FetchMetadata => "fetch_metadata",
            Self::FetchClient => "fetch_client",
            Self::FetchClientKeys => "fetch_client_keys",
            Self::FetchKeys => "fetch_keys",
            Self::RefreshToken => "refresh_token",
            Self::RevokeToken => "revoke_token",
        }
    }
}

/// Why no usable response came back to an [`HttpCall`]. Any complete response, whatever its status,
/// is no failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Unreachable {
    /// Name resolution, connecting or TLS failed, or the connection broke.
    #[error("the connection failed")]
    Connection,
    /// The deadline passed before the last byte.
    #[error("the deadline passed")]
    Deadline,
    /// The body was longer than the call's cap.
    #[error("the response body is larger than the cap")]
    TooLarge,
    /// The address is outside the call's [`Reach`].
    #[error("the address is not permitted for this call")]
    NotPermitted,
    /// As many calls of this [`Reach`] are made as may be at once: this one was not begun, and says
    /// nothing about whom it was for.
    #[error("too many calls of this reach at once")]
    Busy,
}

/// Wait at most this long, then go on. Asked after a conflict or a storage fault, never to slow a
/// client down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Pause {
    /// The longest wait. Waking earlier is allowed.
    pub at_most: Duration,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_of_a_call_shows_no_query_header_or_body() {
        let url =
            Url::parse("https://idp.test/token?code=planted").unwrap_or_else(|_| unreachable!());
        let mut call = HttpCall::new(Method::POST, url, Purpose::ExchangeCode);
        call.body = Bytes::from_static(b"client_secret=planted");
        assert!(!format!("{call:?}").contains("planted"));
    }
}
