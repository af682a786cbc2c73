use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use url::Url;

use super::super::keys;
use super::super::name::readable;
use crate::cache::{Bounds, Cached};
use crate::config::EndpointUrl;
use crate::effect::{Purpose, Reach};
use crate::jose::JwkSet;
use crate::json;
use crate::refusal::Refusal;

/// The most redirect URIs that are read, and their longest, in bytes.
const MOST_URIS: usize = 32;
const LONGEST_URI: usize = 2048;

/// What a client publishes about itself, as far as it means something here (RFC 7591 §2).
///
/// A document is for every server that its client meets. What is of no use here (other grant types,
/// pages, logos, schemes that are not accepted) is left alone; only what contradicts what a document
/// may say is refused.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Document {
    pub(super) name: String,
    pub(super) redirect_uris: Vec<String>,
    pub(super) refreshes: bool,
    /// `None`: a public client.
    pub(crate) keys: Option<PublishedKeys>,
}

/// Where a client's keys are.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) enum PublishedKeys {
    /// In the document.
    Here(JwkSet),
    /// In a document of their own.
    At(EndpointUrl),
}

#[derive(Deserialize)]
struct Members {
    client_id: Option<String>,
    client_name: Option<String>,
    redirect_uris: Option<Vec<String>>,
    token_endpoint_auth_method: Option<String>,
    grant_types: Option<Vec<String>>,
    response_types: Option<Vec<String>>,
    jwks_uri: Option<String>,
}

impl Cached for Document {
    const KIND: &'static str = "client-metadata";
    const PURPOSE: Purpose = Purpose::FetchClient;
    const REACH: Reach = Reach::PublicAddresses;
    const BOUNDS: Bounds = Bounds::OF_CLIENTS;
    /// Client ID Metadata Document §6.6.
    const BODY_CAP: usize = 5 * 1024;

    fn read(url: &Url, body: &[u8]) -> Result<Self, Refusal> {
        let problem = "must be a JSON object whose members have the types of RFC 7591";
        let malformed = || refused("the document", problem);
        let members = json::object(body).ok_or_else(malformed)?;
        let keys = published_keys(&members)?;
        refuse_secrets(&members)?;
        let members: Members =
            serde_json::from_value(Value::Object(members)).map_err(|_| malformed())?;
        // CIM-11: whoever can put a document on a host cannot speak for another one's URL.
        if members.client_id.as_deref() != Some(url.as_str()) {
            return Err(refused("client_id", "must be the document's own URL"));
        }
        let name = members.client_name.as_deref().and_then(readable);
        Ok(Self {
            name: name.ok_or(refused("client_name", "is required, and must be readable"))?,
            redirect_uris: redirect_uris(members.redirect_uris)?,
            refreshes: refreshes(members.grant_types, members.response_types)?,
            keys: authentication(members.token_endpoint_auth_method, keys, members.jwks_uri)?,
        })
    }
}

/// CIM-12: a secret that stands in a public document is none.
fn refuse_secrets(members: &Map<String, Value>) -> Result<(), Refusal> {
    for member in ["client_secret", "client_secret_expires_at"] {
        if members.contains_key(member) {
            return Err(refused(member, "must not stand in a public document"));
        }
    }
    Ok(())
}

/// `jwks`, which is read in its own way.
fn published_keys(members: &Map<String, Value>) -> Result<Option<JwkSet>, Refusal> {
    let Some(jwks) = members.get("jwks") else { return Ok(None) };
    keys::check(jwks).map_err(|problem| refused("jwks", problem))?;
    let set = jwks.as_object().map(JwkSet::read);
    let set = set.unwrap_or(Err("it is no object"));
    set.map(Some).map_err(|_| refused("jwks", "must have a key for RS256, ES256 or EdDSA"))
}

/// Which of them may be redirected to is judged when one is asked for.
fn redirect_uris(uris: Option<Vec<String>>) -> Result<Vec<String>, Refusal> {
    let mut uris = uris.unwrap_or_default();
    if uris.is_empty() {
        return Err(refused("redirect_uris", "at least one is required"));
    }
    if uris.len() > MOST_URIS {
        return Err(refused("redirect_uris", "must be at most 32"));
    }
    uris.retain(|uri| uri.len() <= LONGEST_URI);
    Ok(uris)
}

/// Whether the client refreshes; none named means that it does, as where it registers.
fn refreshes(
    grant_types: Option<Vec<String>>,
    response_types: Option<Vec<String>>,
) -> Result<bool, Refusal> {
    if response_types.is_some_and(|types| !types.iter().any(|it| it == "code")) {
        return Err(refused("response_types", "must have code among them"));
    }
    let Some(grant_types) = grant_types else { return Ok(true) };
    let has = |name: &str| grant_types.iter().any(|grant_type| grant_type == name);
    if !has("authorization_code") {
        return Err(refused("grant_types", "must have authorization_code among them"));
    }
    Ok(has("refresh_token"))
}

/// Whoever publishes keys must sign with them (Client ID Metadata Document §8.2): to say `none`
/// beside them would let anybody be this client who has found one of its codes. Nobody has a secret.
fn authentication(
    method: Option<String>,
    here: Option<JwkSet>,
    elsewhere: Option<String>,
) -> Result<Option<PublishedKeys>, Refusal> {
    let keys = match (here, elsewhere) {
        (Some(_), Some(_)) => return Err(refused("jwks", "must not stand beside jwks_uri")),
        (Some(set), None) => Some(PublishedKeys::Here(set)),
        (None, Some(uri)) => {
            let at = EndpointUrl::parse(&uri).ok();
            let public = |at: &EndpointUrl| Reach::PublicAddresses.permits_url(at.url());
            let at = at.filter(public).ok_or(refused("jwks_uri", "must be https, and public"))?;
            Some(PublishedKeys::At(at))
        }
        (None, None) => None,
    };
    match method.as_deref() {
        None | Some("none") => Ok(keys),
        Some("private_key_jwt") if keys.is_some() => Ok(keys),
        Some("private_key_jwt") => Err(refused("jwks", "or jwks_uri is required to sign")),
        Some(_) => {
            let problem = "must be none or private_key_jwt in a public document";
            Err(refused("token_endpoint_auth_method", problem))
        }
    }
}

fn refused(member: &'static str, problem: &'static str) -> Refusal {
    Refusal::ClientMetadata { member, problem }
}
