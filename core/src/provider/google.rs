use super::{IdToken, Provider, ProviderMetadata, TokenAuth, fixed, owned};
use crate::access::OrganizationClaim;
use crate::secret::ClientSecret;

/// Google, as `google`. Who signed in is what the ID token says.
///
/// <https://developers.google.com/identity/openid-connect/openid-connect>
///
/// Google gives a refresh token only where `access_type=offline` asks for one, and again only where
/// the person is asked again; both are asked for. Its endpoints are those of its discovery document,
/// <https://accounts.google.com/.well-known/openid-configuration>, which announces that its callback
/// says `iss` (RFC 9207).
#[must_use]
pub fn google(client_id: impl Into<String>, client_secret: ClientSecret) -> Provider {
    let mut metadata = ProviderMetadata::new(
        fixed("https://accounts.google.com/o/oauth2/v2/auth"),
        fixed("https://oauth2.googleapis.com/token"),
    );
    metadata.issuer = Some("https://accounts.google.com".to_owned());
    metadata.iss_parameter = true;
    metadata.jwks_uri = Some(fixed("https://www.googleapis.com/oauth2/v3/certs"));
    metadata.revocation_endpoint = Some(fixed("https://oauth2.googleapis.com/revoke"));
    let mut provider =
        Provider::preset("google", "Google", metadata, client_id, Some(client_secret));
    provider.id_token = IdToken::Required;
    provider.token_auth = TokenAuth::Post;
    provider.revokes_everything = true;
    provider.scopes = ["openid", "email", "profile"].map(str::to_owned).into();
    provider.organization = Some(OrganizationClaim::HostedDomain);
    provider.authorization_params =
        [("access_type", "offline"), ("prompt", "consent")].map(owned).into();
    provider
}
