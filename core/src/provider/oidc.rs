use super::{IdToken, Metadata, Provider};
use crate::ids::ProviderId;
use crate::secret::ClientSecret;

/// Any provider of OpenID Connect, by its issuer: all else is read from the issuer's discovery
/// document (OpenID Connect Discovery 1.0), and who signed in from its ID token.
///
/// `issuer` is written exactly as the provider writes it, with or without a slash at its end.
///
/// ```
/// use vestibule_core::provider::oidc;
/// use vestibule_core::{ClientSecret, ProviderId};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let secret = ClientSecret::new("from the provider's console");
/// let idp =
///     oidc(ProviderId::parse("idp")?, "https://idp.example.com", "vestibule", Some(secret));
/// assert_eq!(idp.scopes, ["openid", "profile", "email"]);
/// # Ok(()) }
/// ```
#[must_use]
pub fn oidc(
    id: ProviderId,
    issuer: impl Into<String>,
    client_id: impl Into<String>,
    client_secret: Option<ClientSecret>,
) -> Provider {
    let mut provider =
        Provider::plain(id, Metadata::Published(issuer.into()), client_id, client_secret);
    provider.id_token = IdToken::Required;
    provider.scopes = ["openid", "profile", "email"].map(str::to_owned).into();
    provider
}
