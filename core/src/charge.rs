//! What a request may cost its sender, for those who count.

use http::{Method, header};

use crate::params::Params;
use crate::reply::Request;

/// What there should be only so much of from one sender. Who the senders are and how much that is,
/// is for whoever serves the requests to say.
///
/// Ask [`Server::charge`](crate::Server::charge) before a request is handled, and refuse it with
/// [`Request::too_many`] where its sender has nothing left of it. Count what
/// [`Event::charge`](crate::Event::charge) says afterwards: what did not happen costs nothing, so
/// that many honest people can share one address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Charge {
    /// A client that registered itself (RFC 7591). Nothing is stored for it, but each is one more
    /// that people can be asked to trust.
    Registration,
    /// A client's secret that was wrong: a guess, perhaps (RFC 6749 §2.3.1).
    WrongSecret,
}

/// Whether a request to the token or revocation endpoint shows a secret. Public clients show none
/// and can guess nothing, so that somebody who guesses where they are does not shut them out.
pub(crate) fn shows_secret(request: &Request) -> bool {
    const NAMES: [&str; 1] = ["client_secret"];
    if request.parts().method != Method::POST {
        return false;
    }
    if request.headers().contains_key(header::AUTHORIZATION) {
        return true;
    }
    let shown = |body| Params::parse(&NAMES, body)?.optional("client_secret");
    // Repeated is shown, too; what cannot be read at all is refused before anybody looks at a
    // secret.
    request.form().is_ok_and(|body| !matches!(shown(body), Ok(None)))
}
