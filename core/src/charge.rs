//! What a request may cost its sender, for those who count.

use http::Method;

use crate::check::credentials;
use crate::client::{self, Found};
use crate::event::Event;
use crate::ids::ClientId;
use crate::params::Params;
use crate::refusal::{CredentialsFault, Refusal};
use crate::reply::Request;
use crate::setup::Setup;

/// What there should be only so much of from one sender. Who the senders are and how much that is,
/// is for whoever serves the requests to say.
///
/// Ask [`Server::charge`](crate::Server::charge) before a request is handled, and refuse it with
/// [`Request::too_many`] where its sender has nothing left of it. Count it afterwards where
/// [`Charge::is_due`] says so: what did not happen costs nothing, so that many honest people can
/// share one address.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Charge {
    /// A client that registered itself (RFC 7591). Nothing is stored for it, but each is one more
    /// that people can be asked to trust.
    Registration,
    /// A sign-in of a client that is the URL of a document about it (Client ID Metadata Document):
    /// who names one makes this server look for it, and fetch it where it is not kept.
    ClientDocument,
    /// A secret that was wrong: a guess, perhaps (RFC 6749 §2.3.1). Only of a client or a resource
    /// that the operator configured: secrets of clients that registered themselves are derived with
    /// a key of 256 bits, and nobody guesses one.
    WrongSecret {
        /// Whose secret: a client's id or a resource's, which are never the same. To be counted for
        /// each by itself, so that guesses at one's do not shut out the others that are where the
        /// guesser is.
        client_id: ClientId,
    },
}

impl Charge {
    /// Whether this happened: one of the events of the request's [`Reply`](crate::Reply) says so.
    #[must_use]
    pub fn is_due(&self, events: &[Event]) -> bool {
        match self {
            Self::Registration => {
                events.iter().any(|event| matches!(event, Event::ClientRegistered { .. }))
            }
            // Credentials of nobody are no guess at a secret.
            Self::WrongSecret { .. } => events.iter().any(|event| {
                let Event::Refused { refusal: Refusal::Credentials(fault) } = event else {
                    return false;
                };
                matches!(fault, CredentialsFault::WrongSecret { .. })
            }),
            // Whatever came of it: whether it was fetched is nobody's business (CIM-18).
            Self::ClientDocument => true,
        }
    }
}

/// What a request to the token or revocation endpoint draws on: nothing where it shows no secret, so
/// that somebody who guesses does not shut out the public clients that are where he is.
pub(crate) fn wrong_secret(setup: &Setup, request: &Request) -> Option<Charge> {
    guess(request, |id| setup.configured_secret(id))
}

/// The same at the introspection endpoint, where the secrets are the resources'.
pub(crate) fn wrong_secret_of_resource(setup: &Setup, request: &Request) -> Option<Charge> {
    guess(request, |id| setup.resource_of_id(id).is_some())
}

/// What an authorization request draws on: nothing where no document is fetched for it.
pub(crate) fn client_document(setup: &Setup, request: &Request) -> Option<Charge> {
    if !matches!(request.parts().method, Method::GET | Method::HEAD) {
        return None;
    }
    let mut params = Params::parse(&["client_id"], request.query().as_bytes()).ok()?;
    let client_id = params.required("client_id").ok()?;
    // Most ids are no URL, and need not be opened for that to be seen.
    setup.document_url(&client_id).ok()?;
    match client::find(setup, &client_id) {
        Ok(Found::At(_)) => Some(Charge::ClientDocument),
        Ok(Found::Here(_)) | Err(_) => None,
    }
}

fn guess(request: &Request, chosen: impl Fn(&str) -> bool) -> Option<Charge> {
    if request.parts().method != Method::POST {
        return None;
    }
    // What cannot be read is refused before anybody looks at a secret.
    let mut params = Params::parse(&["client_id", "client_secret"], request.form().ok()?).ok()?;
    let client_id = credentials::secret_of(request.headers(), &mut params, chosen)?;
    Some(Charge::WrongSecret { client_id })
}
