//! `POST /oauth/register`: dynamic client registration (RFC 7591).

use http::StatusCode;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use url::{Host, Url};

use super::keys;
use super::name::readable;
use super::registered::{LONGEST, RegisteredClient};
use crate::check::redirect_uri::Policy;
use crate::config::Registration;
use crate::event::Event;
use crate::refusal::{HttpFault, Refusal};
use crate::reply::{Reply, Request, Response};
use crate::resource::bearer_token;
use crate::setup::Setup;
use crate::tick::Tick;

/// The longest metadata that is read, in bytes.
const LONGEST_METADATA: usize = 16 * 1024;

/// The longest `scope`, in characters.
const LONGEST_SCOPE: usize = 2048;

/// The members of client metadata (RFC 7591 §2) that mean something here. Others are ignored, a
/// `client_id` or `client_secret` of the client's own choice among them; a member of the wrong type
/// is an error.
#[derive(Deserialize)]
struct Metadata {
    redirect_uris: Option<Vec<String>>,
    client_name: Option<String>,
    token_endpoint_auth_method: Option<String>,
    grant_types: Option<Vec<String>>,
    response_types: Option<Vec<String>>,
    scope: Option<String>,
    jwks: Option<Value>,
    jwks_uri: Option<String>,
}

/// Registers a client: checks its metadata and answers with the client_id that holds them.
pub(crate) fn register(
    setup: &Setup,
    request: &Request,
    tick: &mut Tick,
) -> Result<Reply, Refusal> {
    let (registration, key) = (setup.registration(), setup.registration_key());
    if !registration.dynamic {
        return Err(Refusal::RegistrationClosed);
    }
    admit(registration, request)?;
    let metadata = read(request)?;
    let client = accept(setup, &metadata, tick)?;
    let id = client.client_id(key);
    if id.as_str().len() > LONGEST {
        return Err(refused(
            "redirect_uris",
            "too many or too long to be remembered; register fewer",
        ));
    }
    let mut answer = json!({
        "client_id": id.as_str(),
        "client_id_issued_at": client.issued_at.seconds(),
        "redirect_uris": client.redirect_uris,
        "token_endpoint_auth_method": "none",
        "grant_types": ["authorization_code"],
        "response_types": ["code"],
    });
    if client.refreshes {
        answer["grant_types"] = json!(["authorization_code", "refresh_token"]);
    }
    if client.confidential {
        let asked = metadata.token_endpoint_auth_method.as_deref();
        answer["token_endpoint_auth_method"] = json!(asked.unwrap_or("client_secret_basic"));
        answer["client_secret"] = json!(RegisteredClient::secret(key, id.as_str()).expose());
        answer["client_secret_expires_at"] = json!(0);
    }
    // A member without a value is left out: `null` breaks the TypeScript SDKs.
    if let Some(name) = &client.name {
        answer["client_name"] = json!(name);
    }
    // DCR-13: only what can be granted is confirmed.
    let scope = known_scopes(setup, metadata.scope.as_deref().unwrap_or_default());
    if !scope.is_empty() {
        answer["scope"] = json!(scope);
    }
    let response = Response::json(StatusCode::CREATED, answer.to_string());
    Ok(Reply::new(response, Event::ClientRegistered { client_id: id, client_name: client.name }))
}

/// RFC 7591 §3: where the operator handed out tokens, one of them must be shown. Each is compared,
/// so that the time says nothing of which.
fn admit(registration: &Registration, request: &Request) -> Result<(), Refusal> {
    let tokens = &registration.initial_access_tokens;
    if tokens.is_empty() {
        return Ok(());
    }
    let shown = bearer_token(request.headers())
        .map_err(|_| Refusal::InitialAccessToken { shown: false })?;
    let matches = tokens.iter().filter(|token| token.matches(shown)).count();
    if matches > 0 { Ok(()) } else { Err(Refusal::InitialAccessToken { shown: true }) }
}

fn read(request: &Request) -> Result<Metadata, Refusal> {
    let problem = "must be a JSON object whose members have the types of RFC 7591";
    let body = request.json()?;
    if body.len() > LONGEST_METADATA {
        return Err(HttpFault::BodyTooLarge.into());
    }
    // By way of a map: a struct would also be read from an array.
    let members = crate::json::object(body).ok_or(refused("metadata", problem))?;
    accept_pages(&members)?;
    serde_json::from_value(Value::Object(members)).map_err(|_| refused("metadata", problem))
}

fn accept(
    setup: &Setup,
    metadata: &Metadata,
    tick: &mut Tick,
) -> Result<RegisteredClient, Refusal> {
    let policy = Policy::of_strangers(setup.registration(), setup.issuer());
    let redirect_uris = metadata.redirect_uris.clone().unwrap_or_default();
    if redirect_uris.is_empty() {
        return Err(refused("redirect_uris", "at least one is required"));
    }
    for uri in &redirect_uris {
        policy.accept(uri).map_err(Refusal::RegisteredUri)?;
    }
    let confidential = match metadata.token_endpoint_auth_method.as_deref() {
        Some("none") => false,
        // RFC 7591 §2: omitted means client_secret_basic.
        None | Some("client_secret_basic" | "client_secret_post") => true,
        Some(_) => {
            let problem = "use none, client_secret_basic or client_secret_post";
            return Err(refused("token_endpoint_auth_method", problem));
        }
    };
    if metadata.scope.as_ref().is_some_and(|scope| scope.len() > LONGEST_SCOPE) {
        return Err(refused("scope", "must have at most 2048 characters"));
    }
    accept_keys(metadata)?;
    Ok(RegisteredClient {
        serial: tick.entropy.draw("client serial"),
        issued_at: tick.now,
        confidential,
        refreshes: accept_grant_types(metadata)?,
        name: metadata.client_name.as_deref().and_then(readable),
        redirect_uris,
    })
}

/// Whether the client refreshes. None named means both, since clients that leave the member out do
/// refresh.
fn accept_grant_types(metadata: &Metadata) -> Result<bool, Refusal> {
    let only_code =
        metadata.response_types.as_ref().is_none_or(|types| types.iter().all(|t| t == "code"));
    if !only_code {
        return Err(refused("response_types", "only code is supported"));
    }
    let Some(grant_types) = &metadata.grant_types else {
        return Ok(true);
    };
    let has = |name: &str| grant_types.iter().any(|grant_type| grant_type == name);
    if grant_types
        .iter()
        .any(|name| !matches!(name.as_str(), "authorization_code" | "refresh_token"))
    {
        return Err(refused(
            "grant_types",
            "only authorization_code and refresh_token are supported",
        ));
    }
    if !has("authorization_code") {
        return Err(refused("grant_types", "authorization_code is required"));
    }
    Ok(has("refresh_token"))
}

/// Those of the asked scopes that some resource has.
fn known_scopes(setup: &Setup, asked: &str) -> String {
    let known = |asked: &&str| {
        setup.resources().iter().any(|resource| resource.scopes.iter().any(|it| it == asked))
    };
    asked.split(' ').filter(known).collect::<Vec<_>>().join(" ")
}

/// Pages are never shown or fetched here; what could not be shown safely anywhere is refused all
/// the same, in every language (RFC 7591 §2.2: `tos_uri#fr`).
fn accept_pages(members: &Map<String, Value>) -> Result<(), Refusal> {
    const PAGES: [&str; 5] = ["client_uri", "logo_uri", "tos_uri", "policy_uri", "jwks_uri"];
    for (name, value) in members {
        let base = name.split('#').next();
        let Some(member) = PAGES.into_iter().find(|page| Some(*page) == base) else { continue };
        // A member without a value is none.
        let page = value.as_str().is_some_and(|uri| uri.is_empty() || is_page(uri));
        if !page && !value.is_null() {
            return Err(refused(member, "must be an http or https URL of a page"));
        }
    }
    Ok(())
}

/// A page of somebody's. Nobody's is at a link-local address; the metadata service of a cloud is.
fn is_page(uri: &str) -> bool {
    let Ok(url) = Url::parse(uri) else { return false };
    let link_local = match url.host() {
        Some(Host::Ipv4(address)) => address.is_link_local(),
        Some(Host::Ipv6(address)) => {
            address.is_unicast_link_local()
                || address.to_ipv4().is_some_and(|address| address.is_link_local())
        }
        Some(Host::Domain(_)) | None => false,
    };
    let web = matches!(url.scheme(), "https" | "http") && uri.len() <= 2048;
    // What no URI has (RFC 3986 §2) and HTML reads.
    let plain = |byte: u8| byte.is_ascii_graphic() && !b"\"<>\\`".contains(&byte);
    web && !link_local && uri.bytes().all(plain)
}

/// RFC 7591 §2: never both.
fn accept_keys(metadata: &Metadata) -> Result<(), Refusal> {
    let Some(jwks) = &metadata.jwks else {
        return Ok(());
    };
    if metadata.jwks_uri.is_some() {
        return Err(refused("jwks", "must not stand beside jwks_uri"));
    }
    keys::check(jwks).map_err(|problem| refused("jwks", problem))
}

fn refused(member: &'static str, problem: &'static str) -> Refusal {
    Refusal::ClientMetadata { member, problem }
}
