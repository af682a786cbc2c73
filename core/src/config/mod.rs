//! What an operator decides: a plain value, checked as a whole by
//! [`Server::new`](crate::Server::new).

mod access;
mod consent;
mod endpoint;
mod fault;
mod host;
mod issuer;
mod look;
mod paths;
mod provider;
mod resource;

pub use access::AccessFault;
pub use consent::Consent;
pub use endpoint::{EndpointUrl, InvalidEndpoint};
pub use fault::{ConfigFault, Fault};
pub use host::{HostPattern, InvalidHostPattern};
pub use issuer::{InvalidIssuer, Issuer};
pub use look::{Colour, InvalidColour, InvalidLogo, Logo, Look};
pub use paths::Paths;
pub use resource::{InvalidResource, Resource, ResourceCredentials};

pub(crate) use fault::check;
pub(crate) use resource::canonical_resource;

use std::sync::Arc;
use std::time::Duration;

use crate::access::Access;
use crate::client::ConfiguredClient;
use crate::client::document::DocumentUrl;
use crate::keys::{SignatureLibrary, SigningKey};
use crate::language::{English, Language};
use crate::provider::Provider;
use crate::refusal::Refusal;
use crate::secret::{InitialAccessToken, SealingSecret};

/// Everything a [`Server`](crate::Server) is made of. [`Config::new`] asks for what has no safe
/// default.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Config {
    /// The one canonical string that names this server (RFC 8414 §2).
    pub issuer: Issuer,
    /// Sealing secrets: the first seals, all open.
    pub secrets: Vec<SealingSecret>,
    /// Signing keys: the first signs, all are published and verify.
    pub signing_keys: Vec<SigningKey>,
    /// Where the endpoints are.
    pub paths: Paths,
    /// How long things live.
    pub lifetimes: Lifetimes,
    /// Who may register, and with which redirect URIs.
    pub registration: Registration,
    /// Clients that the operator knows.
    pub clients: Vec<ConfiguredClient>,
    /// Where people sign in, in the order of the buttons.
    pub providers: Vec<Provider>,
    /// Who may sign in. Default: everybody whom a provider lets in.
    pub access: Access,
    /// What tokens are for (RFC 8707). None: the issuer itself.
    pub resources: Vec<Resource>,
    /// Whether people are asked again what they have agreed to before.
    pub consent: Consent,
    /// How the pages look.
    pub look: Look,
    /// In which languages the pages speak: each person's own if it is here, else the first. None:
    /// English.
    pub languages: Vec<Arc<dyn Language>>,
    /// Whether the application maps people to claims or tokens: whether [`MapUser`](crate::MapUser)
    /// is asked.
    pub map_users: bool,
    /// What verifies the signatures of upstream providers' ID tokens and of clients' assertions, as
    /// far as it takes their keys. Default: core does, which takes longer.
    pub signature_library: Option<Arc<dyn SignatureLibrary>>,
}

impl Config {
    /// A configuration with the defaults of everything that has one: dynamic registration, paths
    /// below `/oauth`. Providers are to be added; without one nobody can sign in, and
    /// [`Server::new`](crate::Server::new) says so.
    #[must_use]
    pub fn new(issuer: Issuer, secrets: Vec<SealingSecret>, signing_keys: Vec<SigningKey>) -> Self {
        Self {
            issuer,
            secrets,
            signing_keys,
            paths: Paths::default(),
            lifetimes: Lifetimes::default(),
            registration: Registration::default(),
            clients: Vec::new(),
            providers: Vec::new(),
            access: Access::default(),
            resources: Vec::new(),
            consent: Consent::default(),
            look: Look::default(),
            languages: vec![Arc::new(English)],
            map_users: false,
            signature_library: None,
        }
    }

    /// Who runs the server, as people read it.
    pub(crate) fn operator(&self) -> &str {
        let origin = self.issuer.origin();
        let host = origin.split_once("://").map_or(origin, |(_, host)| host);
        self.look.name.as_deref().unwrap_or(host)
    }
}

/// How long things live; whole seconds count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Lifetimes {
    /// Access tokens. Default 15 minutes.
    pub access: Duration,
    /// A refresh token that is not used. Default 30 days.
    pub refresh: Duration,
    /// A grant, however often it is refreshed. Default 90 days.
    pub grant: Duration,
    /// How long a refresh token that was just spent answers with the same successor again. Default
    /// 60 seconds; zero is strict: the second use ends the grant.
    pub grace: Duration,
    /// Authorization codes. Default 120 seconds.
    pub code: Duration,
}

impl Default for Lifetimes {
    fn default() -> Self {
        const DAY: u64 = 24 * 60 * 60;
        Self {
            access: Duration::from_secs(15 * 60),
            refresh: Duration::from_secs(30 * DAY),
            grant: Duration::from_secs(90 * DAY),
            grace: Duration::from_secs(60),
            code: Duration::from_secs(120),
        }
    }
}

/// Dynamic client registration (RFC 7591).
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Registration {
    /// Whether clients may register themselves. Default `true`.
    pub dynamic: bool,
    /// Tokens of which a client must show one to register, as `Authorization: Bearer` (RFC 7591 §3).
    /// Empty: anybody may register.
    pub initial_access_tokens: Vec<InitialAccessToken>,
    /// Private-use schemes without a dot that redirect URIs may have, such as `cursor` (RFC 8252
    /// §7.1 asks for a dot).
    pub private_use_schemes: Vec<String>,
    /// Secrets that seal client_ids; a client_id lives as long as its secret is listed. Empty: the
    /// sealing secrets.
    pub secrets: Vec<SealingSecret>,
    /// Whether a client may be the URL of a document about it (Client ID Metadata Document), which
    /// is fetched from public addresses only. Default `true`.
    pub metadata_documents: bool,
    /// The hosts that such documents may be at; from others none is fetched. Empty: any. Where a
    /// document says that its keys are, may be elsewhere.
    pub metadata_document_hosts: Vec<HostPattern>,
}

impl Default for Registration {
    fn default() -> Self {
        Self {
            dynamic: true,
            initial_access_tokens: Vec::new(),
            private_use_schemes: Vec::new(),
            secrets: Vec::new(),
            metadata_documents: true,
            metadata_document_hosts: Vec::new(),
        }
    }
}

impl Registration {
    /// The document that a client_id names, if it may be fetched. Nothing else is asked of the
    /// outside before this is.
    ///
    /// # Errors
    /// [`Refusal::UnknownClient`] where no document is meant or none is wanted;
    /// [`Refusal::ClientIdUrl`], [`Refusal::ClientHost`].
    pub(crate) fn document_url(&self, client_id: &str) -> Result<DocumentUrl, Refusal> {
        if !self.metadata_documents || !DocumentUrl::is_meant(client_id) {
            return Err(Refusal::UnknownClient);
        }
        let url =
            DocumentUrl::parse(client_id).map_err(|problem| Refusal::ClientIdUrl { problem })?;
        let hosts = &self.metadata_document_hosts;
        if hosts.is_empty() || hosts.iter().any(|pattern| pattern.matches(url.host())) {
            Ok(url)
        } else {
            Err(Refusal::ClientHost { host: url.host().into() })
        }
    }

    /// Whether anybody may register a client.
    pub(crate) fn is_open(&self) -> bool {
        self.dynamic && self.initial_access_tokens.is_empty()
    }
}
