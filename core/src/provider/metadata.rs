use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use url::Url;

use super::Provider;
use crate::cache::{self, Cached};
use crate::config::EndpointUrl;
use crate::effect::Purpose;
use crate::json;
use crate::refusal::Refusal;
use crate::setup::Setup;
use crate::step::Step;
use crate::tick::Tick;

/// From where it is known how to ask a provider.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Metadata {
    /// The operator says, or a preset does.
    Given(Arc<ProviderMetadata>),
    /// The issuer says, in its discovery document (OpenID Connect Discovery 1.0 §4): the issuer,
    /// exactly as it writes itself.
    Published(String),
}

/// How a provider is asked: members of OpenID Connect Discovery 1.0 §3 and RFC 8414 §2.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ProviderMetadata {
    /// The provider's issuer. Where it is set, an `iss` in the callback must be it (RFC 9207 §2.4),
    /// and so must the one of an ID token. With `{tenantid}` in it, that stands for the `tid` of the
    /// ID token, as Microsoft Entra writes the issuer of all its tenants.
    pub issuer: Option<String>,
    /// Where the browser is sent (RFC 6749 §3.1).
    pub authorization_endpoint: EndpointUrl,
    /// Where the code is exchanged (RFC 6749 §3.2).
    pub token_endpoint: EndpointUrl,
    /// Who signed in: a JSON object (OpenID Connect Core §5.3). `None`: the ID token says all.
    pub userinfo_endpoint: Option<EndpointUrl>,
    /// The keys of ID tokens (RFC 7517 §5).
    pub jwks_uri: Option<EndpointUrl>,
    /// Where tokens are ended (RFC 7009).
    pub revocation_endpoint: Option<EndpointUrl>,
    /// Whether the provider announces `authorization_response_iss_parameter_supported`: then a
    /// callback without `iss` is refused (RFC 9207 §2.4).
    pub iss_parameter: bool,
}

impl ProviderMetadata {
    /// The two endpoints that every provider has.
    #[must_use]
    pub fn new(authorization_endpoint: EndpointUrl, token_endpoint: EndpointUrl) -> Self {
        Self {
            issuer: None,
            authorization_endpoint,
            token_endpoint,
            userinfo_endpoint: None,
            jwks_uri: None,
            revocation_endpoint: None,
            iss_parameter: false,
        }
    }
}

impl Metadata {
    /// What is given; `None`: the issuer has to be asked.
    #[must_use]
    pub fn given(&self) -> Option<&ProviderMetadata> {
        match self {
            Self::Given(metadata) => Some(metadata),
            Self::Published(_) => None,
        }
    }

    /// The issuer, if one is known.
    #[must_use]
    pub fn issuer(&self) -> Option<&str> {
        match self {
            Self::Given(metadata) => metadata.issuer.as_deref(),
            Self::Published(issuer) => Some(issuer),
        }
    }
}

/// The URL of an issuer's discovery document (OpenID Connect Discovery 1.0 §4.1), if the issuer can
/// have one.
#[must_use]
pub fn discovery_url(issuer: &str) -> Option<EndpointUrl> {
    let issuer = issuer.strip_suffix('/').unwrap_or(issuer);
    let url = EndpointUrl::parse(&format!("{issuer}/.well-known/openid-configuration")).ok()?;
    url.url().query().is_none().then_some(url)
}

/// Whether a discovery document's URL is the one of an issuer.
pub(super) fn is_of(url: &Url, issuer: &str) -> bool {
    discovery_url(issuer).is_some_and(|own| own.url() == url)
}

/// A provider's metadata: given, or what its issuer publishes, as it was read within the last hour.
///
/// # Errors
/// A [`Refusal`] where the issuer cannot be asked, or says something that it must not.
pub(crate) fn metadata(
    setup: &Setup,
    provider: &Provider,
    tick: &mut Tick,
) -> Step<Result<Arc<ProviderMetadata>, Refusal>> {
    let issuer = match &provider.metadata {
        Metadata::Given(metadata) => return Step::Done(Ok(Arc::clone(metadata))),
        Metadata::Published(issuer) => issuer,
    };
    let Some(url) = discovery_url(issuer) else {
        return Step::Done(Err(Refusal::UpstreamMalformed("the issuer is no URL")));
    };
    cache::fetched(setup, url.url().clone(), |_| true, tick)
        .then(tick, |read: Result<ProviderMetadata, _>, _| Step::Done(read.map(Arc::new)))
}

impl Cached for ProviderMetadata {
    const KIND: &'static str = "openid-configuration";
    const PURPOSE: Purpose = Purpose::FetchMetadata;

    fn read(url: &Url, body: &[u8]) -> Result<Self, Refusal> {
        let document = json::object(body)
            .ok_or(Refusal::UpstreamMalformed("the discovery document is no JSON object"))?;
        Self::published(url, &document, |issuer| is_of(url, issuer))
            .map_err(Refusal::UpstreamMalformed)
    }
}

impl ProviderMetadata {
    /// OpenID Connect Discovery 1.0 §4.3: a document that names another issuer than the one that was
    /// asked speaks for somebody else (UPS-22).
    pub(crate) fn published(
        url: &Url,
        document: &Map<String, Value>,
        is_own: impl Fn(&str) -> bool,
    ) -> Result<Self, &'static str> {
        let text = |member: &str| document.get(member).and_then(Value::as_str);
        let issuer = text("issuer").ok_or("the discovery document has no issuer")?;
        if !is_own(issuer) {
            return Err("the discovery document is of another issuer");
        }
        let endpoint = |member: &str| match document.get(member) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => match EndpointUrl::parse(text) {
                // `http` is for an issuer that is on this machine itself: a document from elsewhere
                // must not lead to what listens here (UPS-22).
                Ok(found) if found.url().scheme() == "https" || url.scheme() == "http" => {
                    Ok(Some(found))
                }
                Ok(_) | Err(_) => Err("an endpoint in the discovery document is not https"),
            },
            Some(_) => Err("an endpoint in the discovery document is no text"),
        };
        let required = |member| endpoint(member)?.ok_or("the discovery document lacks an endpoint");
        let announced = "authorization_response_iss_parameter_supported";
        Ok(Self {
            issuer: Some(issuer.to_owned()),
            authorization_endpoint: required("authorization_endpoint")?,
            token_endpoint: required("token_endpoint")?,
            userinfo_endpoint: endpoint("userinfo_endpoint")?,
            jwks_uri: endpoint("jwks_uri")?,
            revocation_endpoint: endpoint("revocation_endpoint")?,
            iss_parameter: document.get(announced) == Some(&Value::Bool(true)),
        })
    }
}
