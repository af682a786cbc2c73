//! How a protected resource authenticates at the introspection endpoint (RFC 7662 §2.1): with the id
//! and the secret that its operator gave it, in the ways in which clients do.

use http::HeaderMap;

use super::credentials::{self, Pair, Shown};
use crate::config::Resource;
use crate::params::Params;
use crate::refusal::{CredentialsFault, Refusal};
use crate::setup::Setup;

/// The resource whose id and secret a request shows.
///
/// Resources are told nothing of each other: an id that is nobody's is answered like a wrong secret.
pub(crate) fn authenticate<'s, const N: usize>(
    setup: &'s Setup,
    headers: &HeaderMap,
    params: &mut Params<'_, N>,
) -> Result<&'s Resource, Refusal> {
    let Shown { header, id, secret } = credentials::read(headers, params)?;
    let by_header = header.is_some();
    let readings = match (header, &id, secret) {
        (Some(readings), ..) => readings,
        (None, Some(id), Some(secret)) => {
            vec![Pair { id: id.to_string(), secret: secret.into_owned() }]
        }
        (None, ..) => return Err(CredentialsFault::Missing.into()),
    };
    let mut fault = CredentialsFault::Nobodys { by_header };
    for Pair { id: shown_id, secret } in readings {
        let Some((resource, own)) = setup.resource_of_id(&shown_id) else {
            continue;
        };
        if id.as_ref().is_some_and(|id| **id != *shown_id) {
            return Err(CredentialsFault::Contradiction.into());
        }
        if own.matches(&secret) {
            return Ok(resource);
        }
        fault = CredentialsFault::WrongSecret { by_header };
    }
    Err(fault.into())
}
