//! Upstream identity providers: where a person is sent, what is asked there and how the answer is
//! read.
//!
//! A preset knows all but who we are there; what it says can be changed afterwards. Those that take a
//! text that can be wrong, such as [`azure`] or [`auth0`], return a `Result`.
//!
//! ```
//! use vestibule_core::provider::google;
//! use vestibule_core::{ClientSecret, ProviderId};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let secret = ClientSecret::new("from the provider's console");
//! let mut google = google("client_id.apps.googleusercontent.com", secret);
//! google.scopes.push("https://www.googleapis.com/auth/calendar.readonly".to_owned());
//! google.id = ProviderId::parse("work")?;
//! google.keep_tokens = true;
//! # Ok(()) }
//! ```

mod apple;
mod azure;
mod claims;
mod custom;
mod discord;
mod documents;
mod github;
mod gitlab;
mod google;
mod inspect;
mod keys;
mod metadata;
mod oidc;
mod peers;
mod request;
mod slack;
mod tokens;
mod user;

pub use apple::apple;
pub use azure::{InvalidTenant, azure, azure_at};
pub use claims::ClaimNames;
pub use custom::custom;
pub use discord::discord;
pub use github::{github, github_enterprise};
pub use gitlab::{gitlab, gitlab_at};
pub use google::google;
pub use inspect::{Discovered, Finding, Inspection, LookedAt, inspect};
pub use metadata::{Metadata, ProviderMetadata, discovery_url};
pub use oidc::oidc;
pub use peers::{
    InvalidDomain, InvalidUserPool, auth0, clerk, cognito, keycloak, linkedin, okta, workos,
};
pub use slack::slack;
pub use user::User;

pub(crate) use apple::{SecretSigner, name_of as apple_name};
pub(crate) use documents::{Documents, document};
pub(crate) use github::{Api, PER_PAGE, membership_page, primary_address};
pub(crate) use metadata::metadata;
pub(crate) use request::{get, token_request};
pub(crate) use tokens::{NotRefreshed, read_refreshed, read_tokens};

use std::fmt;
use std::sync::Arc;

use crate::access::OrganizationClaim;
use crate::config::{EndpointUrl, Paths};
use crate::ids::ProviderId;
use crate::secret::ClientSecret;

/// An identity provider as configured: made by a preset, such as [`google`], by [`oidc`] from an
/// issuer, or by [`custom`] from endpoints.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Provider {
    /// Stands in paths and before the colon of a subject.
    pub id: ProviderId,
    /// What people read on the button.
    pub name: String,
    /// How it is asked.
    pub metadata: Metadata,
    /// Our client_id there.
    pub client_id: String,
    /// Our secret there; `None` only with [`TokenAuth::None`].
    pub client_secret: Option<ClientSecret>,
    /// What is asked for there. Never what a client asked of us.
    pub scopes: Vec<String>,
    /// What stands between two scopes: a space (RFC 6749 §3.3), or a comma where the provider wants
    /// one. Default a space.
    pub scope_separator: char,
    /// Whether the exchange is protected by PKCE with S256 (RFC 7636). Default `true`.
    pub pkce: bool,
    /// How we authenticate at the token endpoint. Default [`TokenAuth::Basic`].
    pub token_auth: TokenAuth,
    /// Further parameters of the authorization request, such as `access_type` or `prompt`.
    pub authorization_params: Vec<(String, String)>,
    /// Further parameters of the token request.
    pub token_params: Vec<(String, String)>,
    /// Where the provider sends people back, below the issuer's path; `None`: below
    /// [`Paths::callback`].
    pub callback_path: Option<String>,
    /// What is made of an ID token (OpenID Connect Core §2). Default [`IdToken::Ignored`] for
    /// [`custom`], [`IdToken::Required`] for providers of OpenID Connect.
    pub id_token: IdToken,
    /// Where a person is found in the provider's documents.
    pub claims: ClaimNames,
    /// Whether its tokens are kept, sealed, in the grant: for an application that calls the provider
    /// in a person's name, and where organisations or teams decide who may sign in. Default `false`.
    pub keep_tokens: bool,
    /// What says for which organisation a person signed in, where something does.
    pub(crate) organization: Option<OrganizationClaim>,
    /// Whether the provider, asked to end one token, ends all that the person granted us there, as
    /// Google and Apple do: then it is asked only where the person is ended, not where one grant of
    /// theirs is. Default `false`.
    pub revokes_everything: bool,
    /// Where it goes a way that no other provider goes.
    pub(crate) way: Way,
}

/// What is made of a provider's ID token.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum IdToken {
    /// It says nothing here: who signed in is what the userinfo endpoint says.
    #[default]
    Ignored,
    /// It must come, and be signed by a key of the provider's `jwks_uri` (OpenID Connect Core
    /// §3.1.3.7).
    Required,
    /// The same, signed by HS256 with our client_secret: for providers that have no keys, and only
    /// where the operator says so. Whoever knows the secret can sign.
    RequiredWithSecret,
}

/// The ways that one provider goes alone.
#[derive(Clone, Debug)]
pub(crate) enum Way {
    /// None.
    Plain,
    /// Addresses, organisations and teams are asked for one by one.
    GitHub(Box<Api>),
    /// A picture is a hash.
    Discord,
    /// A token request repeats the scopes.
    Entra,
    /// Its answer is posted, and our secret is signed each time.
    Apple(SecretSigner),
}

impl Way {
    /// Whether the provider posts its answer to the callback.
    pub(crate) fn is_posted(&self) -> bool {
        matches!(self, Self::Apple(_))
    }
}

impl Provider {
    /// One of which nothing is known but its metadata.
    pub(crate) fn plain(
        id: ProviderId,
        metadata: Metadata,
        client_id: impl Into<String>,
        client_secret: Option<ClientSecret>,
    ) -> Self {
        Self {
            name: id.as_str().to_owned(),
            id,
            metadata,
            client_id: client_id.into(),
            token_auth: if client_secret.is_some() { TokenAuth::Basic } else { TokenAuth::None },
            client_secret,
            scopes: Vec::new(),
            scope_separator: ' ',
            pkce: true,
            authorization_params: Vec::new(),
            token_params: Vec::new(),
            callback_path: None,
            id_token: IdToken::Ignored,
            claims: ClaimNames::default(),
            keep_tokens: false,
            revokes_everything: false,
            organization: None,
            way: Way::Plain,
        }
    }

    /// One whose id, name and metadata are known.
    fn preset(
        id: &str,
        name: &str,
        metadata: ProviderMetadata,
        client_id: impl Into<String>,
        client_secret: Option<ClientSecret>,
    ) -> Self {
        let Ok(id) = ProviderId::parse(id) else { unreachable!("a preset's id is one") };
        let metadata = Metadata::Given(Arc::new(metadata));
        let name = name.to_owned();
        Self { name, ..Self::plain(id, metadata, client_id, client_secret) }
    }

    /// The metadata that are given, to change them; `None` where the issuer publishes them.
    pub fn metadata_mut(&mut self) -> Option<&mut ProviderMetadata> {
        match &mut self.metadata {
            Metadata::Given(metadata) => Some(Arc::make_mut(metadata)),
            Metadata::Published(_) => None,
        }
    }

    /// What an authorization request asks for, as it stands there.
    pub(crate) fn scope(&self) -> Option<String> {
        let separator = self.scope_separator.encode_utf8(&mut [0; 4]).to_owned();
        (!self.scopes.is_empty()).then(|| self.scopes.join(&separator))
    }

    /// What an authorization request says by itself.
    pub(crate) const AUTHORIZATION_PARAMETERS: &'static [&'static str] = &[
        "response_type",
        "client_id",
        "client_secret",
        "redirect_uri",
        "scope",
        "state",
        "code_challenge",
        "code_challenge_method",
        "nonce",
        "request",
        "request_uri",
        "response_mode",
    ];

    /// What a token request says by itself.
    pub(crate) const TOKEN_PARAMETERS: &'static [&'static str] = &[
        "grant_type",
        "code",
        "redirect_uri",
        "client_id",
        "client_secret",
        "code_verifier",
        "refresh_token",
    ];

    /// Where the provider sends people back, below the issuer's path.
    pub(crate) fn callback_path(&self, paths: &Paths) -> String {
        match &self.callback_path {
            Some(path) => path.clone(),
            None => format!("{}/{}", paths.callback, self.id),
        }
    }
}

/// An endpoint that a preset knows.
fn fixed(url: &'static str) -> EndpointUrl {
    let Ok(url) = EndpointUrl::parse(url) else { unreachable!("a preset's URL is one") };
    url
}

fn owned((name, value): (&str, &str)) -> (String, String) {
    (name.to_owned(), value.to_owned())
}

/// How we authenticate at a provider's token endpoint (RFC 6749 §2.3.1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum TokenAuth {
    /// `client_secret_basic`: id and secret in the `Authorization` header, form-encoded as the RFC
    /// says.
    #[default]
    Basic,
    /// `client_secret_post`: id and secret in the body.
    Post,
    /// No secret: the id alone, in the body.
    None,
}

impl fmt::Display for TokenAuth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Basic => "basic",
            Self::Post => "post",
            Self::None => "none",
        })
    }
}
