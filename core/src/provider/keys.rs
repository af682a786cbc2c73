//! The keys of a provider's ID tokens.

use url::Url;

use crate::cache::Cached;
use crate::effect::Purpose;
use crate::jose::JwkSet;
use crate::refusal::Refusal;

impl Cached for JwkSet {
    const KIND: &'static str = "jwks";
    const PURPOSE: Purpose = Purpose::FetchKeys;

    fn read(_: &Url, body: &[u8]) -> Result<Self, Refusal> {
        Self::parse(body).map_err(Refusal::UpstreamMalformed)
    }
}
