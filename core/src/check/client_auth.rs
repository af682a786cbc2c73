//! Client authentication (RFC 6749 §2.3): by HTTP Basic, in the body, or by `client_id` alone for
//! public clients.

use http::HeaderMap;

use super::credentials::{self, Pair, Shown};
use crate::client::Client;
use crate::ids::ClientId;
use crate::params::Params;
use crate::refusal::{CredentialsFault, Refusal};
use crate::setup::Setup;

/// A client that has shown who it is, as far as its kind can.
#[derive(Debug)]
pub(crate) struct AuthenticatedClient(Client);

impl AuthenticatedClient {
    pub(crate) fn id(&self) -> &ClientId {
        self.0.id()
    }

    pub(crate) fn client(&self) -> &Client {
        &self.0
    }

    /// Whether it is registered for the `refresh_token` grant.
    pub(crate) fn refreshes(&self) -> bool {
        self.0.refreshes()
    }
}

/// Authenticates the client of a request to the token or revocation endpoint.
///
/// A confidential client may show its secret either way, whichever it registered: real clients do
/// (Codex sends Basic after it was told post). A public client that shows a secret nobody gave it
/// is refused.
pub(crate) fn authenticate<const N: usize>(
    setup: &Setup,
    headers: &HeaderMap,
    params: &mut Params<'_, N>,
) -> Result<AuthenticatedClient, Refusal> {
    let Shown { header, id, secret } = credentials::read(headers, params)?;
    let Some(readings) = header else {
        let id = id.ok_or(CredentialsFault::Missing)?;
        let client = setup.client(&id).ok_or(Refusal::UnknownClient)?;
        return match (client.secret(), &secret) {
            (None, None) => Ok(AuthenticatedClient(client)),
            (None, Some(_)) => Err(CredentialsFault::Nobodys { by_header: false }.into()),
            (Some(_), None) => Err(CredentialsFault::Missing.into()),
            (Some(own), Some(shown)) if own.matches(shown) => Ok(AuthenticatedClient(client)),
            (Some(_), Some(_)) => Err(CredentialsFault::WrongSecret { by_header: false }.into()),
        };
    };
    let mut refusal = Refusal::UnknownClientInHeader;
    for Pair { id: shown_id, secret } in readings {
        let Some(client) = setup.client(&shown_id) else {
            continue;
        };
        refusal = CredentialsFault::Nobodys { by_header: true }.into();
        if id.as_ref().is_some_and(|id| **id != *shown_id) {
            return Err(CredentialsFault::Contradiction.into());
        }
        match client.secret() {
            Some(own) if own.matches(&secret) => return Ok(AuthenticatedClient(client)),
            // Some clients send Basic with an empty secret where they have none.
            None if secret.is_empty() => return Ok(AuthenticatedClient(client)),
            Some(_) => refusal = CredentialsFault::WrongSecret { by_header: true }.into(),
            None => {}
        }
    }
    Err(refusal)
}
