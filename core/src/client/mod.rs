//! Who is asking: clients that the operator configured, clients that registered themselves, and
//! clients that publish a document about themselves.

pub(crate) mod document;

mod keys;
mod name;
mod register;
mod registered;

pub(crate) use register::register;

use std::sync::Arc;

use document::{Described, DocumentUrl};
use registered::RegisteredClient;

use crate::ids::ClientId;
use crate::keys::{KeyId, KeyRing, SealingKey};
use crate::refusal::Refusal;
use crate::secret::ClientSecret;
use crate::setup::Setup;

/// A client that the operator knows.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ConfiguredClient {
    /// Its id, as chosen by the operator.
    pub id: ClientId,
    /// Its secret; `None`: a public client.
    pub secret: Option<ClientSecret>,
    /// Where answers may go, compared byte for byte but for a loopback port.
    pub redirect_uris: Vec<String>,
    /// What people read; the id if there is none.
    pub name: Option<String>,
    /// Whether people are not asked about it: for the operator's own applications. It needs a secret,
    /// and `https` redirect URIs only. Where several providers are configured people still choose
    /// one; and a request with `prompt=consent` has them asked all the same.
    pub trusted: bool,
}

impl ConfiguredClient {
    /// A public client without redirect URIs yet.
    #[must_use]
    pub fn new(id: &str) -> Self {
        Self {
            id: ClientId::new(id),
            secret: None,
            redirect_uris: Vec::new(),
            name: None,
            trusted: false,
        }
    }
}

/// A client whose id stands for something: it is configured, its registration opens, or its document
/// was read.
#[derive(Clone, Debug)]
pub(crate) enum Client {
    Configured(Arc<ConfiguredClient>),
    Registered {
        id: ClientId,
        registration: RegisteredClient,
        secret: Option<ClientSecret>,
        /// The key inside its id.
        key: KeyId,
    },
    Document {
        url: DocumentUrl,
        described: Described,
        redirect_uris: Vec<String>,
    },
}

/// What an id stands for.
pub(crate) enum Found {
    /// All is known.
    Here(Client),
    /// A document says what.
    At(DocumentUrl),
}

/// What a client_id stands for.
///
/// # Errors
/// [`Refusal::UnknownClient`], [`Refusal::ClientIdUrl`], [`Refusal::ClientHost`].
pub(crate) fn find(setup: &Setup, id: &str) -> Result<Found, Refusal> {
    match setup.client(id) {
        Some(client) => Ok(Found::Here(client)),
        None => setup.document_url(id).map(Found::At),
    }
}

impl Client {
    /// Finds a client by its id. No store is asked: a registration is in the id.
    pub(crate) fn find(
        configured: &[Arc<ConfiguredClient>],
        ring: &KeyRing,
        id: &str,
    ) -> Option<Self> {
        if let Some(client) = configured.iter().find(|client| client.id.as_str() == id) {
            return Some(Self::Configured(client.clone()));
        }
        let (registration, key) = RegisteredClient::open(ring, id)?;
        let secret = registration.confidential.then(|| RegisteredClient::secret(key, id));
        Some(Self::Registered { id: ClientId::new(id), registration, secret, key: key.id() })
    }

    /// The key inside a client_id, if it is one that registration made.
    pub(crate) fn registered_under<'k>(
        configured: &[Arc<ConfiguredClient>],
        ring: &'k KeyRing,
        id: &str,
    ) -> Option<&'k SealingKey> {
        if configured.iter().any(|client| client.id.as_str() == id) {
            return None;
        }
        RegisteredClient::open(ring, id).map(|(_, key)| key)
    }

    /// The same for an id that was found to be somebody's, so that nothing is verified. None that an
    /// operator chose begins as these do.
    pub(crate) fn found_under<'k>(ring: &'k KeyRing, id: &ClientId) -> Option<&'k SealingKey> {
        RegisteredClient::key(ring, id.as_str())
    }

    pub(crate) fn id(&self) -> &ClientId {
        match self {
            Self::Configured(client) => &client.id,
            Self::Registered { id, .. } => id,
            Self::Document { url, .. } => url.id(),
        }
    }

    /// What people read. One that registered itself may have none.
    pub(crate) fn name(&self) -> Option<&str> {
        match self {
            Self::Configured(client) => Some(client.name.as_deref().unwrap_or(client.id.as_str())),
            Self::Registered { registration, .. } => registration.name.as_deref(),
            Self::Document { described, .. } => Some(&described.name),
        }
    }

    pub(crate) fn redirect_uris(&self) -> impl Iterator<Item = &str> {
        let uris = match self {
            Self::Configured(client) => &client.redirect_uris,
            Self::Registered { registration, .. } => &registration.redirect_uris,
            Self::Document { redirect_uris, .. } => redirect_uris,
        };
        uris.iter().map(String::as_str)
    }

    /// The secret of a confidential client; `None`: a public one.
    pub(crate) fn secret(&self) -> Option<&ClientSecret> {
        match self {
            Self::Configured(client) => client.secret.as_ref(),
            Self::Registered { secret, .. } => secret.as_ref(),
            Self::Document { .. } => None,
        }
    }

    /// Whether it gets refresh tokens.
    pub(crate) fn refreshes(&self) -> bool {
        match self {
            Self::Configured(_) => true,
            Self::Registered { registration, .. } => registration.refreshes,
            Self::Document { described, .. } => described.refreshes,
        }
    }

    /// Whether people are not asked about it.
    pub(crate) fn is_trusted(&self) -> bool {
        match self {
            Self::Configured(client) => client.trusted,
            Self::Registered { .. } | Self::Document { .. } => false,
        }
    }

    /// The key inside the id of one that registered itself.
    pub(crate) fn key(&self) -> Option<KeyId> {
        match self {
            Self::Configured(_) | Self::Document { .. } => None,
            Self::Registered { key, .. } => Some(*key),
        }
    }

    /// Whether nobody here ever vetted it.
    pub(crate) fn is_stranger(&self) -> bool {
        !matches!(self, Self::Configured(_))
    }

    /// Whether it must sign what it asks of the token endpoint.
    pub(crate) fn signs(&self) -> bool {
        self.document().is_some_and(|(_, described)| described.signs)
    }

    /// The document about it, for one that publishes itself.
    pub(crate) fn document(&self) -> Option<(&DocumentUrl, &Described)> {
        match self {
            Self::Document { url, described, .. } => Some((url, described)),
            Self::Configured(_) | Self::Registered { .. } => None,
        }
    }
}
