//! What providers publish, looked at before anybody signs in.

mod finding;

#[cfg(test)]
mod tests;

pub use finding::Finding;

use serde_json::{Map, Value};
use url::Url;

use super::metadata::is_of;
use super::{IdToken, Metadata, Provider, ProviderMetadata, TokenAuth, discovery_url};
use crate::cache;
use crate::config::EndpointUrl;
use crate::jose::JwkSet;
use crate::json;
use crate::refusal::Refusal;
use crate::step::Step;
use crate::tenant::{IssuerOfTenants, TENANT, is_tenant_id};
use crate::tick::Tick;

/// What was asked of a provider, what it said, and what that means for sign-ins.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Inspection {
    /// The discovery document; `None`: the provider has no issuer of its own to ask, or all that a
    /// sign-in needs is given.
    pub discovery: Option<LookedAt<Discovered>>,
    /// The algorithm of each key with which its ID tokens can be verified; `None`: no key is needed,
    /// or it is not known where they are.
    pub keys: Option<LookedAt<Vec<&'static str>>>,
    /// With these nobody can sign in.
    pub faults: Vec<Finding>,
    /// These are worth a thought.
    pub remarks: Vec<Finding>,
}

/// A document of a provider.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct LookedAt<T> {
    /// Where it was asked for.
    pub url: EndpointUrl,
    /// What it says; `None`: a [`Finding`] says why it cannot be had.
    pub found: Option<T>,
}

/// What a discovery document says (OpenID Connect Discovery 1.0 §3).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Discovered {
    /// Issuer and endpoints.
    pub metadata: ProviderMetadata,
    /// Whether it announces PKCE with S256 (RFC 8414 §2).
    pub s256: bool,
}

/// Asks a provider for its discovery document and its keys, at most one call for each, and holds them
/// against how it is configured. Nothing is kept, and nothing is asked of the store.
///
/// A document that a provider of given metadata does not have is only worth a remark: what is given
/// counts.
pub fn inspect(provider: &Provider, mut tick: Tick) -> Step<Inspection> {
    let tick = &mut tick;
    let provider = provider.clone();
    look_at_discovery(provider.clone(), tick)
        .then(tick, move |inspection, tick| look_at_keys(&provider, inspection, tick))
}

fn look_at_discovery(provider: Provider, tick: &mut Tick) -> Step<Inspection> {
    let Some(url) = discovery_url_of(&provider) else {
        return Step::Done(Inspection::default());
    };
    cache::looked_at::<ProviderMetadata>(url.url().clone(), tick).then(tick, move |body, _| {
        let mut inspection = Inspection::default();
        let found = match body.and_then(|body| read(&provider, url.url(), &body)) {
            Ok(Document::Own(discovered, document)) => {
                inspection.compare(&provider, &discovered, &document);
                Some(*discovered)
            }
            Ok(Document::OfAnother(named)) => {
                inspection.lacks(&provider, Finding::OtherIssuer { named });
                None
            }
            Err(refusal) => {
                inspection.lacks(&provider, Finding::NoDiscovery(refusal));
                None
            }
        };
        inspection.discovery = Some(LookedAt { url, found });
        Step::Done(inspection)
    })
}

/// Where a provider's discovery document is, if it has one. Without ID tokens it need not: GitHub has
/// an issuer and no document.
fn discovery_url_of(provider: &Provider) -> Option<EndpointUrl> {
    let given = provider.metadata.given();
    if given.is_some() && provider.id_token == IdToken::Ignored {
        return None;
    }
    let issuer = provider.metadata.issuer()?;
    if IssuerOfTenants::parse(issuer).is_none() {
        return discovery_url(issuer);
    }
    // The issuer of all tenants of Entra is a template; its document is where they are asked.
    let token_endpoint = given?.token_endpoint.to_string();
    discovery_url(&format!("{}/v2.0", token_endpoint.strip_suffix("/oauth2/v2.0/token")?))
}

/// Whether a discovery document names the issuer of this provider. Where that is the template of all
/// tenants, the document says so itself; only those who have no directory are all of one tenant.
fn is_own(provider: &Provider, url: &Url, issuer: &str) -> bool {
    match provider.metadata.issuer().and_then(IssuerOfTenants::parse) {
        None => is_of(url, issuer),
        Some(tenants) => {
            tenants.tenant_of(issuer).is_some_and(|it| it == TENANT || is_tenant_id(it))
        }
    }
}

fn look_at_keys(
    provider: &Provider,
    mut inspection: Inspection,
    tick: &mut Tick,
) -> Step<Inspection> {
    if provider.id_token != IdToken::Required {
        return Step::Done(inspection);
    }
    let published = inspection.discovery.as_ref().and_then(|it| it.found.as_ref());
    let metadata = provider.metadata.given().or(published.map(|it| &it.metadata));
    let Some(metadata) = metadata else {
        // That it cannot be had was said.
        return Step::Done(inspection);
    };
    let Some(url) = metadata.jwks_uri.clone() else {
        inspection.faults.push(Finding::NoKeysAnnounced);
        return Step::Done(inspection);
    };
    cache::looked_at::<JwkSet>(url.url().clone(), tick).then(tick, move |body, _| {
        let keys = body
            .and_then(|body| JwkSet::parse(&body).map_err(Refusal::UpstreamMalformed))
            .map(|keys| keys.algorithms().collect());
        let found = keys.map_err(|refusal| inspection.faults.push(Finding::NoKeys(refusal))).ok();
        inspection.keys = Some(LookedAt { url, found });
        Step::Done(inspection)
    })
}

/// A discovery document of the issuer that was asked, or of another one.
enum Document {
    Own(Box<Discovered>, Map<String, Value>),
    OfAnother(String),
}

fn read(provider: &Provider, url: &Url, body: &[u8]) -> Result<Document, Refusal> {
    let document = json::object(body).ok_or(Refusal::UpstreamMalformed("it is no JSON object"))?;
    let is_own = |issuer: &str| is_own(provider, url, issuer);
    let metadata = match ProviderMetadata::published(url, &document, is_own) {
        Ok(metadata) => metadata,
        Err(why) => {
            let named = document.get("issuer").and_then(Value::as_str);
            return match named.filter(|it| !is_own(it)) {
                Some(another) => Ok(Document::OfAnother(cut(another))),
                None => Err(Refusal::UpstreamMalformed(why)),
            };
        }
    };
    let methods = texts(&document, "code_challenge_methods_supported").unwrap_or_default();
    let s256 = methods.iter().any(|method| method == "S256");
    Ok(Document::Own(Box::new(Discovered { metadata, s256 }), document))
}

impl Inspection {
    /// The discovery document cannot be had.
    fn lacks(&mut self, provider: &Provider, finding: Finding) {
        match &provider.metadata {
            Metadata::Published(_) => self.faults.push(finding),
            Metadata::Given(_) => self.remarks.push(finding),
        }
    }

    /// Holds what is published against what is configured.
    fn compare(
        &mut self,
        provider: &Provider,
        discovered: &Discovered,
        document: &Map<String, Value>,
    ) {
        if provider.pkce && !discovered.s256 {
            self.remarks.push(Finding::NoS256);
        }
        let name = match provider.token_auth {
            TokenAuth::Basic => "client_secret_basic",
            TokenAuth::Post => "client_secret_post",
            TokenAuth::None => "none",
        };
        let announced = texts(document, "token_endpoint_auth_methods_supported");
        if let Some(announced) = announced.filter(|it| !it.iter().any(|it| it == name)) {
            self.remarks.push(Finding::TokenAuth { ours: provider.token_auth, announced });
        }
        let verified: &[&str] = match provider.id_token {
            IdToken::Ignored => &[],
            IdToken::Required => &["RS256", "ES256", "EdDSA"],
            IdToken::RequiredWithSecret => &["HS256"],
        };
        let announced = texts(document, "id_token_signing_alg_values_supported");
        let fits = |announced: &Vec<String>| announced.iter().any(|it| verified.contains(&&**it));
        if let Some(announced) = announced.filter(|it| !verified.is_empty() && !fits(it)) {
            self.faults.push(Finding::Algorithms { announced });
        }
        if let Some(given) = provider.metadata.given() {
            self.differ(given, &discovered.metadata);
        }
    }

    fn differ(&mut self, given: &ProviderMetadata, published: &ProviderMetadata) {
        let endpoints = |it: &ProviderMetadata| {
            [
                ("authorization_endpoint", Some(it.authorization_endpoint.clone())),
                ("token_endpoint", Some(it.token_endpoint.clone())),
                ("userinfo_endpoint", it.userinfo_endpoint.clone()),
                ("jwks_uri", it.jwks_uri.clone()),
                ("revocation_endpoint", it.revocation_endpoint.clone()),
            ]
        };
        for ((key, given), (_, published)) in endpoints(given).into_iter().zip(endpoints(published))
        {
            if let (Some(given), Some(published)) = (given, published)
                && given != published
            {
                self.remarks.push(Finding::Differs { key, given, published });
            }
        }
        let (given, published) = (given.iss_parameter, published.iss_parameter);
        if given != published {
            self.remarks.push(Finding::IssParameter { given, published });
        }
    }
}

/// A list of words; so many of them, and so much of each, as anybody reads.
fn texts(document: &Map<String, Value>, member: &str) -> Option<Vec<String>> {
    let items = document.get(member)?.as_array()?;
    Some(items.iter().filter_map(Value::as_str).take(32).map(cut).collect())
}

fn cut(text: &str) -> String {
    text.chars().take(200).collect()
}
