//! Client authentication (RFC 6749 §2.3): by HTTP Basic, in the body, by `client_id` alone for public
//! clients, or by an assertion (RFC 7523).

use http::HeaderMap;

use super::client_assertion::{Claimed, TYPE};
use super::credentials::{self, Pair, Shown};
use crate::client::document::DocumentUrl;
use crate::client::{self, Client, Found};
use crate::grant::Allowed;
use crate::ids::ClientId;
use crate::jose::{AssertionFault, ClientAssertion};
use crate::params::Params;
use crate::refusal::{CredentialsFault, Refusal};
use crate::setup::Setup;
use crate::tick::Timestamp;

/// A client that has shown who it is, as far as its kind can.
#[derive(Debug)]
pub(crate) struct AuthenticatedClient(Who);

#[derive(Debug)]
enum Who {
    Known(Client),
    /// One that publishes itself. Its document is not asked for: the grant that it presents something
    /// of knows what the person was shown.
    Published {
        url: DocumentUrl,
        by: By,
    },
}

/// What a client that publishes itself has shown.
#[derive(Clone, Copy, Debug)]
enum By {
    Signature,
    /// Its id alone, perhaps in the `Authorization` header.
    Id {
        by_header: bool,
    },
}

impl AuthenticatedClient {
    pub(super) fn signed(url: DocumentUrl) -> Self {
        Self(Who::Published { url, by: By::Signature })
    }

    fn of_id(url: DocumentUrl, by_header: bool) -> Self {
        Self(Who::Published { url, by: By::Id { by_header } })
    }

    pub(crate) fn id(&self) -> &ClientId {
        match &self.0 {
            Who::Known(client) => client.id(),
            Who::Published { url, .. } => url.id(),
        }
    }

    /// The client, where all of it is known.
    pub(crate) fn known(&self) -> Option<&Client> {
        match &self.0 {
            Who::Known(client) => Some(client),
            Who::Published { .. } => None,
        }
    }

    /// Whether it may use the `refresh_token` grant; who publishes itself may if it has a token.
    pub(crate) fn refreshes(&self) -> bool {
        self.known().is_none_or(Client::refreshes)
    }

    /// Whether a grant is this client's, and it has shown as much as the grant wants.
    ///
    /// # Errors
    /// [`Refusal::OtherClient`]; [`Refusal::ClientDidNotSign`] (CLA-20).
    pub(crate) fn may_use(&self, allowed: &Allowed) -> Result<(), Refusal> {
        if *self.id() != allowed.client_id {
            return Err(Refusal::OtherClient);
        }
        match self.0 {
            Who::Published { by: By::Id { by_header }, .. } if allowed.client_signs => {
                Err(Refusal::ClientDidNotSign { by_header })
            }
            Who::Published { .. } | Who::Known(_) => Ok(()),
        }
    }
}

/// What a request shows of its client.
#[derive(Debug)]
pub(crate) enum Authentication {
    /// All that is needed.
    Done(AuthenticatedClient),
    /// An assertion, which has to be proved.
    Claimed(Claimed),
}

/// Authenticates the client of a request to the token or revocation endpoint, as far as that can be
/// done without asking anybody.
///
/// A confidential client may show its secret either way, whichever it registered: real clients do
/// (Codex sends Basic after it was told post). A public client that shows a secret nobody gave it
/// is refused.
pub(crate) fn authenticate<const N: usize>(
    setup: &Setup,
    headers: &HeaderMap,
    params: &mut Params<'_, N>,
    now: Timestamp,
) -> Result<Authentication, Refusal> {
    let asserted = params.optional("client_assertion")?;
    let asserted_type = params.optional("client_assertion_type")?;
    let Shown { header, id, secret } = credentials::read(headers, params)?;
    if let Some(assertion) = asserted {
        if header.is_some() || secret.is_some() {
            return Err(CredentialsFault::Twice.into());
        }
        if asserted_type.as_deref() != Some(TYPE) {
            return Err(Refusal::Invalid { parameter: "client_assertion_type" });
        }
        return claimed(setup, &assertion, id.as_deref(), now).map(Authentication::Claimed);
    }
    let Some(readings) = header else {
        let id = id.ok_or(CredentialsFault::Missing)?;
        return of_body(setup, &id, secret.as_deref()).map(Authentication::Done);
    };
    of_header(setup, readings, id.as_deref()).map(Authentication::Done)
}

/// `client_id` may be left out beside an assertion (RFC 7521 §4.2), and may not contradict it.
fn claimed(
    setup: &Setup,
    assertion: &str,
    id: Option<&str>,
    now: Timestamp,
) -> Result<Claimed, Refusal> {
    let assertion = ClientAssertion::read(assertion, setup.issuer().as_str(), now)
        .map_err(Refusal::ClientAssertion)?;
    if id.is_some_and(|id| id != assertion.client_id.as_str()) {
        return Err(Refusal::ClientAssertion(AssertionFault::Subject));
    }
    match client::find(setup, assertion.client_id.as_str())? {
        Found::At(url) => Ok(Claimed { url, assertion }),
        Found::Here(_) => Err(Refusal::ClientAssertion(AssertionFault::NoKeys)),
    }
}

fn of_body(setup: &Setup, id: &str, secret: Option<&str>) -> Result<AuthenticatedClient, Refusal> {
    let client = match client::find(setup, id)? {
        Found::Here(client) => client,
        Found::At(url) if secret.is_none() => {
            return Ok(AuthenticatedClient::of_id(url, false));
        }
        Found::At(_) => return Err(CredentialsFault::Nobodys { by_header: false }.into()),
    };
    match (client.secret(), secret) {
        (None, None) => Ok(AuthenticatedClient(Who::Known(client))),
        (None, Some(_)) => Err(CredentialsFault::Nobodys { by_header: false }.into()),
        (Some(_), None) => Err(CredentialsFault::Missing.into()),
        (Some(own), Some(shown)) if own.matches(shown) => {
            Ok(AuthenticatedClient(Who::Known(client)))
        }
        (Some(_), Some(_)) => Err(CredentialsFault::WrongSecret { by_header: false }.into()),
    }
}

fn of_header(
    setup: &Setup,
    readings: Vec<Pair>,
    id: Option<&str>,
) -> Result<AuthenticatedClient, Refusal> {
    let mut refusal = Refusal::UnknownClientInHeader;
    for Pair { id: shown_id, secret } in readings {
        let Ok(found) = client::find(setup, &shown_id) else {
            continue;
        };
        refusal = CredentialsFault::Nobodys { by_header: true }.into();
        if id.is_some_and(|id| id != shown_id) {
            return Err(CredentialsFault::Contradiction.into());
        }
        // Some clients send Basic with an empty secret where they have none.
        let client = match found {
            Found::Here(client) => client,
            Found::At(url) if secret.is_empty() => {
                return Ok(AuthenticatedClient::of_id(url, true));
            }
            Found::At(_) => continue,
        };
        match client.secret() {
            Some(own) if own.matches(&secret) => {
                return Ok(AuthenticatedClient(Who::Known(client)));
            }
            None if secret.is_empty() => return Ok(AuthenticatedClient(Who::Known(client))),
            Some(_) => refusal = CredentialsFault::WrongSecret { by_header: true }.into(),
            None => {}
        }
    }
    Err(refusal)
}
