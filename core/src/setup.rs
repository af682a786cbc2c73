//! A configuration made ready: what endpoints and flows ask of it.

use std::fmt;
use std::sync::Arc;

use crate::access::Access;
use crate::check::redirect_uri::Policy;
use crate::client::document::DocumentUrl;
use crate::client::{self, Client, ConfiguredClient};
use crate::config::{Config, Issuer, Lifetimes, Paths, Registration, Resource};
use crate::cookies::CookieNames;
use crate::cutoff;
use crate::ids::ClientId;
use crate::keys::{KeyRing, SealingKey, SigningKey};
use crate::language::{English, Language};
use crate::page::{KnownNames, Style};
use crate::provider::Provider;
use crate::refusal::Refusal;
use crate::resource::Protected;
use crate::secret::ClientSecret;
use crate::store::RecordKey;

/// Shared by every flow of a server, for as long as the longest of them takes.
#[derive(Clone)]
pub(crate) struct Setup(Arc<Ready>);

struct Ready {
    config: Config,
    keys: KeyRing,
    registration_keys: KeyRing,
    clients: Vec<Arc<ConfiguredClient>>,
    providers: Vec<Arc<Provider>>,
    resources: Vec<Resource>,
    /// Each of them, as its own side needs it.
    protected: Vec<Arc<Protected>>,
    cookies: CookieNames,
    style: Style,
    known_names: KnownNames,
    issuer_cutoffs: Vec<RecordKey>,
}

impl Setup {
    /// `None` without a secret or without a signing key. All else was checked before.
    pub(crate) fn of(config: Config) -> Option<Self> {
        config.signing_keys.first()?;
        let registration_secrets = match &*config.registration.secrets {
            [] => &config.secrets,
            own => own,
        };
        let mut resources = config.resources.clone();
        if resources.is_empty() {
            // An issuer is an http or https URL without a fragment: a resource too.
            resources.extend(Resource::new(config.issuer.as_str(), Vec::new()));
        }
        let keys = KeyRing::new(&config.secrets, &config.issuer)?;
        Some(Self(Arc::new(Ready {
            issuer_cutoffs: cutoff::issuer_places(&keys),
            keys,
            registration_keys: KeyRing::new(registration_secrets, &config.issuer)?,
            clients: config.clients.iter().cloned().map(Arc::new).collect(),
            providers: config.providers.iter().cloned().map(Arc::new).collect(),
            protected: resources
                .iter()
                .map(|resource| Arc::new(Protected::new(&config.issuer, resource.clone())))
                .collect(),
            resources,
            cookies: CookieNames::of(&config.issuer),
            style: Style::of(&config.look),
            known_names: KnownNames::of(&config),
            config,
        })))
    }

    pub(crate) fn config(&self) -> &Config {
        &self.0.config
    }

    pub(crate) fn issuer(&self) -> &Issuer {
        &self.0.config.issuer
    }

    pub(crate) fn registration(&self) -> &Registration {
        &self.0.config.registration
    }

    /// Where clients register, if they may.
    pub(crate) fn registration_endpoint(&self) -> Option<String> {
        self.registration().dynamic.then(|| self.url(&self.paths().register))
    }

    /// The key that seals client_ids.
    pub(crate) fn registration_key(&self) -> &SealingKey {
        self.0.registration_keys.first()
    }

    /// The keys that client_ids may be sealed with.
    pub(crate) fn registration_keys(&self) -> &KeyRing {
        &self.0.registration_keys
    }

    /// The key inside the id of a client that registered itself.
    pub(crate) fn key_inside(&self, client: &Client) -> Option<&SealingKey> {
        self.registration_keys().named(client.key()?)
    }

    /// Where cutoffs of everybody may be.
    pub(crate) fn issuer_cutoffs(&self) -> &[RecordKey] {
        &self.0.issuer_cutoffs
    }

    /// The key inside a client_id, if it is one that registration made.
    pub(crate) fn registered_under(&self, client_id: &str) -> Option<&SealingKey> {
        Client::registered_under(&self.0.clients, &self.0.registration_keys, client_id)
    }

    /// The same for an id that was found to be somebody's, and need not be opened once more: that in a
    /// grant, that of a client that is authenticated.
    pub(crate) fn found_under(&self, client_id: &ClientId) -> Option<&SealingKey> {
        Client::found_under(&self.0.registration_keys, client_id)
    }

    pub(crate) fn keys(&self) -> &KeyRing {
        &self.0.keys
    }

    /// The key that signs: the first.
    pub(crate) fn signing_key(&self) -> &SigningKey {
        // `Setup::of` makes none without.
        &self.0.config.signing_keys[0]
    }

    pub(crate) fn signing_keys(&self) -> &[SigningKey] {
        &self.0.config.signing_keys
    }

    pub(crate) fn lifetimes(&self) -> &Lifetimes {
        &self.0.config.lifetimes
    }

    /// Where answers may go: of a client that the operator knows, or of a stranger.
    pub(crate) fn policy(&self, client: &Client) -> Policy<'_> {
        let registration = self.registration();
        if client.is_stranger() {
            Policy::of_strangers(registration, self.issuer())
        } else {
            Policy::new(registration)
        }
    }

    pub(crate) fn paths(&self) -> &Paths {
        &self.0.config.paths
    }

    pub(crate) fn cookies(&self) -> &CookieNames {
        &self.0.cookies
    }

    /// Who may sign in.
    pub(crate) fn access(&self) -> &Access {
        &self.0.config.access
    }

    pub(crate) fn maps_users(&self) -> bool {
        self.0.config.map_users
    }

    /// Never empty.
    pub(crate) fn resources(&self) -> &[Resource] {
        &self.0.resources
    }

    /// Never empty.
    pub(crate) fn protected(&self) -> &[Arc<Protected>] {
        &self.0.protected
    }

    /// The document that a client_id names, if it may be fetched.
    ///
    /// # Errors
    /// As [`Registration::document_url`]; [`Refusal::ClientIdUrl`] where this server would ask
    /// itself: an authorization request that names another one of the same would go round.
    pub(crate) fn document_url(&self, client_id: &str) -> Result<DocumentUrl, Refusal> {
        let url = self.registration().document_url(client_id)?;
        let (issuer, own) = (self.issuer(), url.as_url());
        let is_own_path = own.path().strip_prefix(issuer.path()) == Some(&*self.paths().authorize);
        if is_own_path && own.origin().ascii_serialization() == issuer.origin() {
            return Err(Refusal::ClientIdUrl { problem: "must not be this server's own endpoint" });
        }
        Ok(url)
    }

    pub(crate) fn protected_at(&self, uri: &str) -> Option<&Arc<Protected>> {
        self.protected().iter().find(|protected| protected.resource().uri() == uri)
    }

    pub(crate) fn resource(&self, uri: &str) -> Option<&Resource> {
        self.resources().iter().find(|resource| resource.uri() == uri)
    }

    /// The resource that has this id, with its secret.
    pub(crate) fn resource_of_id(&self, id: &str) -> Option<(&Resource, &ClientSecret)> {
        self.resources().iter().find_map(|resource| {
            let own = resource.credentials.as_ref().filter(|own| own.id.as_str() == id)?;
            Some((resource, &own.secret))
        })
    }

    /// Where resources ask about tokens, if any of them may.
    pub(crate) fn introspection_endpoint(&self) -> Option<String> {
        let may_ask = self.resources().iter().any(|resource| resource.credentials.is_some());
        may_ask.then(|| self.url(&self.paths().introspect))
    }

    /// Who runs the server, as people read it.
    pub(crate) fn operator(&self) -> &str {
        self.config().operator()
    }

    /// The names that are not anybody's to take.
    pub(crate) fn known_names(&self) -> &KnownNames {
        &self.0.known_names
    }

    pub(crate) fn style(&self) -> &Style {
        &self.0.style
    }

    /// One of the configuration's languages.
    pub(crate) fn language(&self, n: usize) -> &dyn Language {
        self.0.config.languages.get(n).map_or(&English, |language| &**language)
    }

    /// What people read of a resource.
    pub(crate) fn resource_name<'a>(&'a self, uri: &'a str) -> &'a str {
        self.resource(uri).and_then(|resource| resource.name.as_deref()).unwrap_or(uri)
    }

    pub(crate) fn client(&self, id: &str) -> Option<Client> {
        Client::find(&self.0.clients, &self.0.registration_keys, id)
    }

    /// Whether a client_id still stands for somebody who may be here.
    pub(crate) fn knows(&self, client_id: &ClientId) -> bool {
        client::find(self, client_id.as_str()).is_ok()
    }

    /// Whether the operator gave a client of this id a secret.
    pub(crate) fn configured_secret(&self, id: &str) -> bool {
        let named = self.0.clients.iter().find(|client| client.id.as_str() == id);
        named.is_some_and(|client| client.secret.is_some())
    }

    pub(crate) fn provider(&self, id: &str) -> Option<&Arc<Provider>> {
        self.0.providers.iter().find(|provider| provider.id.as_str() == id)
    }

    /// In the order of the buttons.
    pub(crate) fn providers(&self) -> &[Arc<Provider>] {
        &self.0.providers
    }

    /// The URL of a path below the issuer's.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("{}{path}", self.issuer())
    }

    /// Where a provider sends people back.
    pub(crate) fn callback_uri(&self, provider: &Provider) -> String {
        self.url(&provider.callback_path(self.paths()))
    }
}

impl fmt::Debug for Setup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Setup").field(self.issuer()).finish()
    }
}
