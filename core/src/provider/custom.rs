use super::{Provider, TokenAuth};
use crate::config::EndpointUrl;
use crate::ids::ProviderId;
use crate::secret::ClientSecret;

/// Any OAuth 2.0 provider, by its endpoints; asked with PKCE and, if there is a secret, with HTTP
/// Basic.
///
/// ```
/// use vestibule_core::provider::{TokenAuth, custom};
/// use vestibule_core::{ClientSecret, EndpointUrl, ProviderId};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let mut idp = custom(
///     ProviderId::parse("my-idp")?,
///     EndpointUrl::parse("https://idp.example.com/oauth/authorize")?,
///     EndpointUrl::parse("https://idp.example.com/oauth/token")?,
///     EndpointUrl::parse("https://idp.example.com/oauth/userinfo")?,
///     "vestibule",
///     Some(ClientSecret::new("from the provider's console")),
/// );
/// idp.name = "My Identity Provider".to_owned();
/// idp.scopes = vec!["openid".to_owned(), "email".to_owned()];
/// idp.token_auth = TokenAuth::Post;
/// # Ok(()) }
/// ```
#[must_use]
pub fn custom(
    id: ProviderId,
    authorization_endpoint: EndpointUrl,
    token_endpoint: EndpointUrl,
    userinfo_endpoint: EndpointUrl,
    client_id: impl Into<String>,
    client_secret: Option<ClientSecret>,
) -> Provider {
    Provider {
        name: id.as_str().to_owned(),
        id,
        authorization_endpoint,
        token_endpoint,
        userinfo_endpoint,
        client_id: client_id.into(),
        token_auth: if client_secret.is_some() { TokenAuth::Basic } else { TokenAuth::None },
        client_secret,
        scopes: Vec::new(),
        pkce: true,
        authorization_params: Vec::new(),
        token_params: Vec::new(),
        callback_path: None,
        issuer: None,
        iss_parameter: false,
    }
}
