//! How a provider is called.

use bytes::Bytes;
use form_urlencoded::Serializer;
use http::{HeaderMap, HeaderValue, Method, header};
use url::Url;

use super::{Provider, TokenAuth, Way};
use crate::config::EndpointUrl;
use crate::effect::{HttpCall, Purpose};
use crate::encoding::base64;
use crate::refusal::Refusal;
use crate::secret::{ClientSecret, UpstreamAccessToken};
use crate::tick::Timestamp;

/// GitHub's API refuses whoever does not say who they are.
const USER_AGENT: HeaderValue = HeaderValue::from_static("vestibule");
const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// Asks an API in the name of the person whose access token it is (RFC 6750 §2.1).
pub(crate) fn get(url: &Url, purpose: Purpose, token: &UpstreamAccessToken) -> HttpCall {
    let mut call = HttpCall::new(Method::GET, url.clone(), purpose);
    // A token is visible ASCII, so this cannot fail; without the header the provider will say 401.
    if let Ok(mut bearer) = HeaderValue::try_from(format!("Bearer {}", token.expose())) {
        bearer.set_sensitive(true);
        call.headers.insert(header::AUTHORIZATION, bearer);
    }
    call.headers.insert(header::ACCEPT, JSON);
    call.headers.insert(header::USER_AGENT, USER_AGENT);
    call
}

/// Asks an endpoint that wants to know which client we are, as RFC 6749 §2.3.1 has it.
///
/// # Errors
/// [`Refusal::SigningFailed`] where a secret is signed each time, and could not be: no request goes
/// out without one.
pub(crate) fn token_request(
    provider: &Provider,
    endpoint: &EndpointUrl,
    purpose: Purpose,
    parameters: &[(&str, &str)],
    now: Timestamp,
) -> Result<HttpCall, Refusal> {
    let mut call = HttpCall::new(Method::POST, endpoint.url().clone(), purpose);
    let mut form = Serializer::new(String::with_capacity(512));
    form.extend_pairs(parameters);
    if let (Way::Entra, Some(scope)) = (&provider.way, provider.scope()) {
        // Entra answers AADSTS28003 where a code is redeemed for no scope.
        form.append_pair("scope", &scope);
    }
    authenticate(provider, &mut form, &mut call.headers, now)?;
    call.body = Bytes::from(form.finish());
    let form_type = HeaderValue::from_static("application/x-www-form-urlencoded");
    call.headers.insert(header::CONTENT_TYPE, form_type);
    // GitHub answers with a form where JSON is not asked for.
    call.headers.insert(header::ACCEPT, JSON);
    call.headers.insert(header::USER_AGENT, USER_AGENT);
    Ok(call)
}

fn authenticate(
    provider: &Provider,
    form: &mut Serializer<'_, String>,
    headers: &mut HeaderMap,
    now: Timestamp,
) -> Result<(), Refusal> {
    let signed = match &provider.way {
        Way::Apple(signer) => {
            let secret = signer.secret(&provider.client_id, now);
            Some(ClientSecret::new(secret.map_err(|_| Refusal::SigningFailed)?))
        }
        Way::Plain | Way::GitHub(_) | Way::Discord | Way::Entra => None,
    };
    let secret = signed.as_ref().or(provider.client_secret.as_ref());
    let secret = secret.map_or("", |secret| secret.expose());
    match provider.token_auth {
        TokenAuth::Basic => {
            // Both are form-encoded before they are joined.
            let encode = |text: &str| -> String {
                form_urlencoded::byte_serialize(text.as_bytes()).collect()
            };
            let credentials = format!("{}:{}", encode(&provider.client_id), encode(secret));
            if let Ok(mut basic) = HeaderValue::try_from(format!("Basic {}", base64(credentials))) {
                basic.set_sensitive(true);
                headers.insert(header::AUTHORIZATION, basic);
            }
        }
        TokenAuth::Post => {
            form.append_pair("client_id", &provider.client_id).append_pair("client_secret", secret);
        }
        TokenAuth::None => {
            form.append_pair("client_id", &provider.client_id);
        }
    }
    Ok(())
}
