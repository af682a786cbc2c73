//! Client authentication (RFC 6749 §2.3): by HTTP Basic, in the body, or by `client_id` alone for
//! public clients.

use http::{HeaderMap, header};
use percent_encoding::percent_decode_str;

use crate::client::Client;
use crate::encoding::from_base64;
use crate::ids::ClientId;
use crate::params::Params;
use crate::refusal::Refusal;
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

/// What the `Authorization` header says.
struct Basic {
    id: String,
    secret: String,
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
    let basic = read_header(headers)?;
    let id = params.optional("client_id")?;
    let secret = params.optional("client_secret")?;
    let Some(readings) = basic else {
        let id = id.ok_or(Refusal::ClientUnauthenticated)?;
        let client = setup.client(&id).ok_or(Refusal::UnknownClient)?;
        return match (client.secret(), &secret) {
            (None, None) => Ok(AuthenticatedClient(client)),
            (None, Some(_)) => Err(Refusal::ClientCredentials { by_header: false }),
            (Some(_), None) => Err(Refusal::ClientUnauthenticated),
            (Some(own), Some(shown)) if own.matches(shown) => Ok(AuthenticatedClient(client)),
            (Some(_), Some(_)) => Err(Refusal::WrongSecret { by_header: false }),
        };
    };
    // RFC 6749 §2.3: not more than one method in each request.
    if secret.is_some() {
        return Err(Refusal::ClientAuthenticatesTwice);
    }
    let mut refusal = Refusal::UnknownClientInHeader;
    for Basic { id: shown_id, secret } in readings {
        let Some(client) = setup.client(&shown_id) else {
            continue;
        };
        refusal = Refusal::ClientCredentials { by_header: true };
        if id.as_ref().is_some_and(|id| **id != *shown_id) {
            return Err(Refusal::ClientIdContradiction);
        }
        match client.secret() {
            Some(own) if own.matches(&secret) => return Ok(AuthenticatedClient(client)),
            // Some clients send Basic with an empty secret where they have none.
            None if secret.is_empty() => return Ok(AuthenticatedClient(client)),
            Some(_) => refusal = Refusal::WrongSecret { by_header: true },
            None => {}
        }
    }
    Err(refusal)
}

/// Whose secret a request shows, right or wrong, if it is one that the operator chose. Where the two
/// readings of a header name two clients it is the first one's, so that a guess at either is paid.
pub(crate) fn secret_of<const N: usize>(
    setup: &Setup,
    headers: &HeaderMap,
    params: &mut Params<'_, N>,
) -> Option<ClientId> {
    let shown = match read_header(headers).ok()? {
        Some(readings) => readings,
        None => vec![Basic {
            id: params.optional("client_id").ok()??.into_owned(),
            secret: params.optional("client_secret").ok()??.into_owned(),
        }],
    };
    // An empty secret is none: some public clients send one by Basic.
    let mut shown = shown.into_iter().filter(|shown| !shown.secret.is_empty());
    shown.find(|shown| setup.configured_secret(&shown.id)).map(|shown| ClientId::new(shown.id))
}

/// The credentials of an `Authorization: Basic` header (RFC 7617), read in both ways that clients
/// write them: as they are, and form-encoded as RFC 6749 §2.3.1 says.
fn read_header(headers: &HeaderMap) -> Result<Option<Vec<Basic>>, Refusal> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let Some(value) = values.next() else {
        return Ok(None);
    };
    if values.next().is_some() {
        return Err(Refusal::ClientAuthenticatesTwice);
    }
    let wrong = Refusal::ClientCredentials { by_header: true };
    let parse = || {
        let (scheme, credentials) = value.to_str().ok()?.split_once(' ')?;
        if !scheme.eq_ignore_ascii_case("basic") {
            return None;
        }
        let credentials = String::from_utf8(from_base64(credentials.trim())?).ok()?;
        let (id, secret) = credentials.split_once(':')?;
        let raw = Basic { id: id.to_owned(), secret: secret.to_owned() };
        let decoded = decode(id).zip(decode(secret)).map(|(id, secret)| Basic { id, secret });
        Some(std::iter::once(raw).chain(decoded).collect())
    };
    parse().map(Some).ok_or(wrong)
}

fn decode(text: &str) -> Option<String> {
    let spaced = text.replace('+', " ");
    Some(percent_decode_str(&spaced).decode_utf8().ok()?.into_owned())
}
