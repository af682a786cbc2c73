//! Providers that are OpenID Connect by the book: an issuer, and what its discovery document says.

use super::{Provider, ProviderMetadata, TokenAuth, fixed, oidc};
use crate::config::EndpointUrl;
use crate::ids::ProviderId;
use crate::secret::ClientSecret;

/// Auth0, as `auth0`, by its domain, such as `tenant.eu.auth0.com`. The issuer ends in a slash. Id and
/// secret are sent in the body, as Auth0 expects of a web application that was not told otherwise.
///
/// <https://auth0.com/docs/get-started/applications/application-settings>,
/// <https://auth0.com/docs/get-started/applications/configure-applications-with-oidc-discovery>
///
/// # Errors
/// [`InvalidDomain`] for what is none.
pub fn auth0(
    domain: &str,
    client_id: impl Into<String>,
    client_secret: ClientSecret,
) -> Result<Provider, InvalidDomain> {
    let issuer = format!("{}/", host(domain)?);
    let mut provider = peer("auth0", "Auth0", issuer, client_id, client_secret);
    provider.token_auth = TokenAuth::Post;
    Ok(provider)
}

/// Okta, as `okta`, by its issuer: `https://example.okta.com` for the organisation's own
/// authorization server, `https://example.okta.com/oauth2/default` for a custom one.
///
/// Its ID tokens are thin where an access token comes along, so the userinfo endpoint says the rest.
///
/// <https://developer.okta.com/docs/concepts/auth-servers/>,
/// <https://developer.okta.com/docs/api/openapi/okta-oauth/guides/overview/>
#[must_use]
pub fn okta(
    issuer: &EndpointUrl,
    client_id: impl Into<String>,
    client_secret: ClientSecret,
) -> Provider {
    peer("okta", "Okta", without_slash(issuer), client_id, client_secret)
}

/// A realm of a Keycloak, as `keycloak`, by the URL of the server, which may have a path.
///
/// <https://www.keycloak.org/securing-apps/oidc-layers>
#[must_use]
pub fn keycloak(
    base_url: &EndpointUrl,
    realm: &str,
    client_id: impl Into<String>,
    client_secret: ClientSecret,
) -> Provider {
    // Percent-encoded where a realm's name is no segment of a path.
    let issuer = without_slash(&base_url.below(&format!("/realms/{}", realm.replace('/', "%2F"))));
    peer("keycloak", "Keycloak", issuer, client_id, client_secret)
}

/// A user pool of Amazon Cognito, as `cognito`, by its region, such as `eu-central-1`, and its id,
/// such as `eu-central-1_aBcDeFgHi`.
///
/// <https://docs.aws.amazon.com/cognito/latest/developerguide/federation-endpoints.html>
///
/// # Errors
/// [`InvalidUserPool`] for what is no region or no id.
pub fn cognito(
    region: &str,
    user_pool_id: &str,
    client_id: impl Into<String>,
    client_secret: ClientSecret,
) -> Result<Provider, InvalidUserPool> {
    let word = |text: &str, more: u8| {
        !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == more)
    };
    let id_is_one = user_pool_id
        .split_once('_')
        .is_some_and(|(region, id)| word(region, b'-') && word(id, b'0'));
    if !word(region, b'-') {
        return Err(InvalidUserPool::Region);
    }
    if !id_is_one {
        return Err(InvalidUserPool::Id);
    }
    let issuer = format!("https://cognito-idp.{region}.amazonaws.com/{user_pool_id}");
    Ok(peer("cognito", "Amazon Cognito", issuer, client_id, client_secret))
}

/// WorkOS, as `workos`: an OAuth application of WorkOS Connect, by the domain of its AuthKit, such as
/// `example.authkit.app`. Id and secret are sent in the body there.
///
/// <https://workos.com/docs/reference/workos-connect/metadata>,
/// <https://workos.com/docs/reference/workos-connect/token>
///
/// # Errors
/// [`InvalidDomain`] for what is none.
pub fn workos(
    authkit_domain: &str,
    client_id: impl Into<String>,
    client_secret: ClientSecret,
) -> Result<Provider, InvalidDomain> {
    let mut provider = peer("workos", "WorkOS", host(authkit_domain)?, client_id, client_secret);
    provider.token_auth = TokenAuth::Post;
    Ok(provider)
}

/// Clerk, as `clerk`: an OAuth application, by the domain of the Frontend API, such as
/// `clerk.example.com`.
///
/// <https://clerk.com/docs/advanced-usage/clerk-idp>
///
/// # Errors
/// [`InvalidDomain`] for what is none.
pub fn clerk(
    frontend_api: &str,
    client_id: impl Into<String>,
    client_secret: ClientSecret,
) -> Result<Provider, InvalidDomain> {
    Ok(peer("clerk", "Clerk", host(frontend_api)?, client_id, client_secret))
}

/// LinkedIn, as `linkedin`: Sign In with LinkedIn using OpenID Connect. Who signed in is what the
/// userinfo endpoint says: LinkedIn's ID tokens do not repeat the nonce, so they could be of another
/// sign-in. Nor does it know PKCE, except for native clients that it allows one by one.
///
/// <https://learn.microsoft.com/linkedin/consumer/integrations/self-serve/sign-in-with-linkedin-v2>,
/// <https://learn.microsoft.com/linkedin/shared/authentication/authorization-code-flow-native>,
/// <https://github.com/linkedin-developers/linkedin-api-js-client/issues/34>
#[must_use]
pub fn linkedin(client_id: impl Into<String>, client_secret: ClientSecret) -> Provider {
    let mut metadata = ProviderMetadata::new(
        fixed("https://www.linkedin.com/oauth/v2/authorization"),
        fixed("https://www.linkedin.com/oauth/v2/accessToken"),
    );
    metadata.issuer = Some("https://www.linkedin.com/oauth".to_owned());
    metadata.userinfo_endpoint = Some(fixed("https://api.linkedin.com/v2/userinfo"));
    let mut provider =
        Provider::preset("linkedin", "LinkedIn", metadata, client_id, Some(client_secret));
    provider.token_auth = TokenAuth::Post;
    provider.pkce = false;
    provider.scopes = ["openid", "profile", "email"].map(str::to_owned).into();
    provider
}

fn peer(
    id: &str,
    name: &str,
    issuer: String,
    client_id: impl Into<String>,
    client_secret: ClientSecret,
) -> Provider {
    let Ok(id) = ProviderId::parse(id) else { unreachable!("a preset's id is one") };
    Provider { name: name.to_owned(), ..oidc(id, issuer, client_id, Some(client_secret)) }
}

/// The origin of a domain that is nothing more than that.
fn host(domain: &str) -> Result<String, InvalidDomain> {
    let plain =
        |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-.".contains(&byte);
    let text = format!("https://{domain}");
    let url = EndpointUrl::parse(&text).map_err(|_| InvalidDomain)?;
    if !domain.bytes().all(plain) || url.url().host_str() != Some(domain) {
        return Err(InvalidDomain);
    }
    Ok(text)
}

/// A text that is no domain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "is no domain; write it in lower case without scheme, port and path, like \"idp.example.com\""
)]
#[non_exhaustive]
pub struct InvalidDomain;

/// What keeps two texts from naming a user pool.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidUserPool {
    /// The region is none.
    #[error("is no region; write it like \"eu-central-1\"")]
    Region,
    /// The id is none.
    #[error("is no id of a user pool; write it like \"eu-central-1_aBcDeFgHi\"")]
    Id,
}

fn without_slash(url: &EndpointUrl) -> String {
    url.to_string().trim_end_matches('/').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_domain_is_a_domain_and_nothing_else() {
        let secret = || ClientSecret::new("secret");
        let issuer = |domain| {
            let provider = auth0(domain, "id", secret()).ok()?;
            provider.metadata.issuer().map(str::to_owned)
        };
        assert_eq!(issuer("a.eu.auth0.com").as_deref(), Some("https://a.eu.auth0.com/"));
        for domain in ["", "a b", "a/b", "a?b", "a#b", "u@a", "A.com", "0x7f.1", "a:1", "https://a"]
        {
            assert_eq!(issuer(domain), None, "{domain}");
        }
    }

    #[test]
    fn a_user_pool_is_one_of_a_region() {
        let of = |region, id| cognito(region, id, "id", ClientSecret::new("secret")).err();
        assert_eq!(of("eu-central-1", "eu-central-1_aBcD1"), None);
        for region in ["", "eu.evil", "eu central"] {
            assert_eq!(of(region, "a_b"), Some(InvalidUserPool::Region), "{region}");
        }
        for id in ["", "a", "a_b/c", "_"] {
            assert_eq!(of("eu", id), Some(InvalidUserPool::Id), "{id}");
        }
    }

    #[test]
    fn a_realm_is_one_segment_of_a_path() {
        let base = EndpointUrl::parse("https://id.example.com/auth/").unwrap();
        let issuer = |realm| {
            let provider = keycloak(&base, realm, "id", ClientSecret::new("secret"));
            provider.metadata.issuer().unwrap().to_owned()
        };
        assert_eq!(issuer("main"), "https://id.example.com/auth/realms/main");
        assert_eq!(issuer("a b/c"), "https://id.example.com/auth/realms/a%20b%2Fc");
        assert_eq!(issuer("a?b#c"), "https://id.example.com/auth/realms/a%3Fb%23c");
    }
}
