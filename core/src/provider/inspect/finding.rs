use crate::config::EndpointUrl;
use crate::provider::TokenAuth;
use crate::refusal::Refusal;

/// What an inspection found to be wrong or odd, with the mend. What is in it of a provider's own words
/// is shown with its control characters escaped.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Finding {
    /// The discovery document cannot be had or read.
    #[error("the discovery document cannot be had: {0}; {mend}", mend = mend(.0))]
    NoDiscovery(Refusal),
    /// The discovery document names another issuer (OpenID Connect Discovery 1.0 §4.3).
    #[error(
        "the discovery document is that of the issuer {named:?}; if this is whom you mean, write \
         it exactly so"
    )]
    OtherIssuer {
        /// The issuer that it names.
        named: String,
    },
    /// ID tokens are required and nobody says where the keys are.
    #[error(
        "ID tokens are required, and it announces no keys; if it signs with the client_secret, set \
         id_token = \"required_with_secret\""
    )]
    NoKeysAnnounced,
    /// The keys cannot be had or read.
    #[error("its keys cannot be had: {0}; {mend}", mend = mend(.0))]
    NoKeys(Refusal),
    /// None of the announced algorithms is one by which ID tokens are verified here.
    #[error(
        "it signs ID tokens with {announced:?}; have it sign with RS256, ES256 or EdDSA, or with \
         HS256 and id_token = \"required_with_secret\""
    )]
    Algorithms {
        /// `id_token_signing_alg_values_supported`.
        announced: Vec<String>,
    },
    /// PKCE with S256 is sent and not announced.
    #[error(
        "it does not announce PKCE with S256, which it is sent all the same; if it refuses that, \
         set pkce = false"
    )]
    NoS256,
    /// The way we authenticate at the token endpoint is not announced.
    #[error("token_auth is \"{ours}\", and it announces {announced:?}; set one of these")]
    TokenAuth {
        /// As configured.
        ours: TokenAuth,
        /// `token_endpoint_auth_methods_supported`.
        announced: Vec<String>,
    },
    /// An endpoint is configured otherwise than it is published.
    #[error("{key} is {given} here, and {published} in its discovery document")]
    Differs {
        /// Which.
        key: &'static str,
        /// As configured.
        given: EndpointUrl,
        /// As published.
        published: EndpointUrl,
    },
    /// Whether a callback must say `iss` (RFC 9207 §2.4) is configured otherwise than it is published.
    #[error("iss_parameter is {given} here, and {published} in its discovery document")]
    IssParameter {
        /// As configured.
        given: bool,
        /// As published.
        published: bool,
    },
}

/// What to try where a document cannot be had.
fn mend(refusal: &Refusal) -> &'static str {
    if let Refusal::UpstreamUnreachable(_) = refusal {
        "see that the URL is right, its name resolves, this machine may reach it, and trusts its \
         certificate"
    } else if let Refusal::UpstreamBusy = refusal {
        "try again later"
    } else {
        "see what a browser gets there, and that the issuer or URL is written as the provider \
         writes it"
    }
}
