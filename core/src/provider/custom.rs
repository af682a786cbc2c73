use std::sync::Arc;

use super::{Metadata, Provider, ProviderMetadata};
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
    let mut metadata = ProviderMetadata::new(authorization_endpoint, token_endpoint);
    metadata.userinfo_endpoint = Some(userinfo_endpoint);
    Provider::plain(id, Metadata::Given(Arc::new(metadata)), client_id, client_secret)
}
