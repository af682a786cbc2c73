use std::sync::Arc;

use super::Verifier;
use crate::cache::{self, Kept};
use crate::config::{EndpointUrl, Issuer};
use crate::jose::JwkSet;
use crate::json;
use crate::provider::ProviderMetadata;
use crate::refusal::Refusal;
use crate::step::Step;
use crate::tick::{Tick, Timestamp};

/// When a refresh failed, and why.
#[derive(Clone)]
pub(super) struct Failed {
    pub(super) at: Timestamp,
    pub(super) why: Refusal,
}

impl Verifier {
    /// Asks the issuer for its metadata (RFC 8414 §3), and where that says for its keys (RFC 7517
    /// §5): two calls, of at most 64 KiB and 5 seconds each.
    ///
    /// It never fails: where no keys can be had, the verifier that comes of it goes on with those
    /// it knows, and does not [need](Self::need) another refresh for 5 seconds.
    pub fn refresh(&self, mut tick: Tick) -> Step<Self> {
        let old = self.clone();
        published_keys(&self.issuer, &mut tick).then(&mut tick, |found, tick| {
            Step::Done(match found {
                Ok(keys) => Self { keys: Some(Arc::new(keys)), failed: None, ..old },
                Err(why) => Self { failed: Some(Failed { at: tick.now, why }), ..old },
            })
        })
    }
}

fn published_keys(issuer: &Issuer, tick: &mut Tick) -> Step<Result<Kept<JwkSet>, Refusal>> {
    let Ok(url) = metadata_url(issuer) else {
        return Step::Done(Err(Refusal::UpstreamMalformed("the issuer is no URL")));
    };
    let (url, issuer) = (url.url().clone(), issuer.clone());
    cache::looked_at::<ProviderMetadata>(url.clone(), tick).and_then(tick, move |body, tick| {
        let metadata = json::object(&body).ok_or("the metadata is no JSON object").and_then(|it| {
            // RFC 8414 §3.3: the very text, or it speaks for somebody else.
            ProviderMetadata::published(&url, &it, |named| named == issuer.as_str())
        });
        let jwks_uri = metadata.and_then(|it| {
            it.jwks_uri
                .ok_or("the metadata has no jwks_uri; a server that signs with HS256 has none")
        });
        match jwks_uri {
            Ok(jwks_uri) => cache::fetched_for_oneself(jwks_uri.url().clone(), tick),
            Err(why) => Step::Done(Err(Refusal::UpstreamMalformed(why))),
        }
    })
}

/// RFC 8414 §3.1: the well-known string stands between host and path.
fn metadata_url(issuer: &Issuer) -> Result<EndpointUrl, crate::config::InvalidEndpoint> {
    let (origin, path) = (issuer.origin(), issuer.path());
    EndpointUrl::parse(&format!("{origin}/.well-known/oauth-authorization-server{path}"))
}
