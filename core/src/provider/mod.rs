//! Upstream identity providers: where a person is sent, what is asked there and how the answer is
//! read.

mod custom;
mod tokens;
mod user;

pub use custom::custom;
pub use user::User;

pub(crate) use tokens::read_tokens;
pub(crate) use user::read_user;

use std::fmt;

use crate::config::{EndpointUrl, Paths};
use crate::ids::ProviderId;
use crate::secret::ClientSecret;

/// An identity provider as configured. [`custom`] makes one from its endpoints.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Provider {
    /// Stands in paths and before the colon of a subject.
    pub id: ProviderId,
    /// What people read on the button.
    pub name: String,
    /// Where the browser is sent (RFC 6749 §3.1).
    pub authorization_endpoint: EndpointUrl,
    /// Where the code is exchanged (RFC 6749 §3.2).
    pub token_endpoint: EndpointUrl,
    /// Who signed in: a JSON object with `sub`, `id` or `user_id` (OpenID Connect Core §5.3).
    pub userinfo_endpoint: EndpointUrl,
    /// Our client_id there.
    pub client_id: String,
    /// Our secret there; `None` only with [`TokenAuth::None`].
    pub client_secret: Option<ClientSecret>,
    /// What is asked for there. Never what a client asked of us.
    pub scopes: Vec<String>,
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
    /// The provider's issuer. Where it is set, an `iss` in the callback must equal it (RFC 9207
    /// §2.4).
    pub issuer: Option<String>,
    /// Whether the provider announces `authorization_response_iss_parameter_supported`: then a
    /// callback without `iss` is refused (RFC 9207 §2.4).
    pub iss_parameter: bool,
}

impl Provider {
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
