use super::{IdToken, Provider, ProviderMetadata, TokenAuth, fixed};
use crate::config::EndpointUrl;
use crate::secret::ClientSecret;

/// GitLab.com, as `gitlab`. Who signed in is what the ID token and the userinfo endpoint say:
/// unlike `/api/v4/user`, these tell whether an address is verified.
///
/// <https://docs.gitlab.com/integration/openid_connect_provider/>
#[must_use]
pub fn gitlab(client_id: impl Into<String>, client_secret: ClientSecret) -> Provider {
    gitlab_at(&fixed("https://gitlab.com"), client_id, client_secret)
}

/// A GitLab of one's own, by its URL, which may have a path.
#[must_use]
pub fn gitlab_at(
    base_url: &EndpointUrl,
    client_id: impl Into<String>,
    client_secret: ClientSecret,
) -> Provider {
    let mut metadata =
        ProviderMetadata::new(base_url.below("/oauth/authorize"), base_url.below("/oauth/token"));
    metadata.issuer = Some(base_url.to_string().trim_end_matches('/').to_owned());
    metadata.userinfo_endpoint = Some(base_url.below("/oauth/userinfo"));
    metadata.jwks_uri = Some(base_url.below("/oauth/discovery/keys"));
    metadata.revocation_endpoint = Some(base_url.below("/oauth/revoke"));
    let mut provider =
        Provider::preset("gitlab", "GitLab", metadata, client_id, Some(client_secret));
    provider.id_token = IdToken::Required;
    provider.token_auth = TokenAuth::Post;
    provider.scopes = ["openid", "profile", "email"].map(str::to_owned).into();
    provider
}
