//! What a request shows to authenticate by, before anybody judges it: HTTP Basic or two parameters of
//! the body (RFC 6749 §2.3.1).

use std::borrow::Cow;

use http::{HeaderMap, header};
use percent_encoding::percent_decode_str;

use crate::encoding::from_base64;
use crate::ids::ClientId;
use crate::params::Params;
use crate::refusal::{CredentialsFault, Refusal};

/// An id and what is shown as its secret.
pub(super) struct Pair {
    pub(super) id: String,
    pub(super) secret: String,
}

/// All that a request shows. A secret in the body never stands beside a header.
pub(super) struct Shown<'a> {
    /// The readings of an `Authorization` header, of which there is at least one.
    pub(super) header: Option<Vec<Pair>>,
    /// `client_id` in the body.
    pub(super) id: Option<Cow<'a, str>>,
    /// `client_secret` in the body.
    pub(super) secret: Option<Cow<'a, str>>,
}

/// Reads the header and the body.
pub(super) fn read<'a, const N: usize>(
    headers: &HeaderMap,
    params: &mut Params<'a, N>,
) -> Result<Shown<'a>, Refusal> {
    let header = read_header(headers)?;
    let id = params.optional("client_id")?;
    let secret = params.optional("client_secret")?;
    // RFC 6749 §2.3: not more than one method in each request.
    if header.is_some() && secret.is_some() {
        return Err(CredentialsFault::Twice.into());
    }
    Ok(Shown { header, id, secret })
}

/// Whose secret a request shows, right or wrong, if it is one that the operator chose: `chosen` says
/// of an id whether its secret is. Where the two readings of a header name two of them it is the
/// first one's, so that a guess at either is paid.
pub(crate) fn secret_of<const N: usize>(
    headers: &HeaderMap,
    params: &mut Params<'_, N>,
    chosen: impl Fn(&str) -> bool,
) -> Option<ClientId> {
    let Shown { header, id, secret } = read(headers, params).ok()?;
    let shown = match header {
        Some(readings) => readings,
        None => vec![Pair { id: id?.into_owned(), secret: secret?.into_owned() }],
    };
    // An empty secret is none: some public clients send one by Basic.
    let mut shown = shown.into_iter().filter(|shown| !shown.secret.is_empty());
    shown.find(|shown| chosen(&shown.id)).map(|shown| ClientId::new(shown.id))
}

/// The credentials of an `Authorization: Basic` header (RFC 7617), read in both ways that clients
/// write them: as they are, and form-encoded as RFC 6749 §2.3.1 says.
fn read_header(headers: &HeaderMap) -> Result<Option<Vec<Pair>>, Refusal> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let Some(value) = values.next() else {
        return Ok(None);
    };
    if values.next().is_some() {
        return Err(CredentialsFault::Twice.into());
    }
    let wrong = CredentialsFault::Nobodys { by_header: true };
    let parse = || {
        let (scheme, credentials) = value.to_str().ok()?.split_once(' ')?;
        if !scheme.eq_ignore_ascii_case("basic") {
            return None;
        }
        let credentials = String::from_utf8(from_base64(credentials.trim())?).ok()?;
        let (id, secret) = credentials.split_once(':')?;
        let raw = Pair { id: id.to_owned(), secret: secret.to_owned() };
        let decoded = decode(id).zip(decode(secret)).map(|(id, secret)| Pair { id, secret });
        Some(std::iter::once(raw).chain(decoded).collect())
    };
    parse().map(Some).ok_or(wrong.into())
}

fn decode(text: &str) -> Option<String> {
    let spaced = text.replace('+', " ");
    Some(percent_decode_str(&spaced).decode_utf8().ok()?.into_owned())
}
