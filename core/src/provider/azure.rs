use super::{IdToken, Provider, ProviderMetadata, TokenAuth, Way, fixed};
use crate::access::OrganizationClaim;
use crate::config::EndpointUrl;
use crate::secret::ClientSecret;
use crate::tenant::{TENANT, is_tenant_id};

/// Microsoft Entra, as `azure`. Who signed in is what the ID token says; the subject is tenant and
/// object id, `tid:oid`, since an address can be another's tomorrow.
///
/// `tenant` is the directory's id, or `organizations`, `consumers` or `common`: then people of any
/// directory can sign in, and their ID tokens name the issuer of their own.
///
/// Entra writes addresses that nobody has verified into `email`. Whether one is verified says only
/// the claim `xms_edov`, and only where the application's registration asks for it.
///
/// <https://learn.microsoft.com/entra/identity-platform/id-token-claims-reference>,
/// <https://learn.microsoft.com/entra/identity-platform/optional-claims-reference>
///
/// # Errors
/// [`InvalidTenant`] for what is neither.
pub fn azure(
    tenant: &str,
    client_id: impl Into<String>,
    client_secret: ClientSecret,
) -> Result<Provider, InvalidTenant> {
    azure_at(&fixed("https://login.microsoftonline.com"), tenant, client_id, client_secret)
}

/// The same in a cloud of its own, by its authority: `https://login.microsoftonline.us`,
/// `https://login.partner.microsoftonline.cn`.
///
/// # Errors
/// [`InvalidTenant`], as [`azure`].
pub fn azure_at(
    authority: &EndpointUrl,
    tenant: &str,
    client_id: impl Into<String>,
    client_secret: ClientSecret,
) -> Result<Provider, InvalidTenant> {
    let any = matches!(tenant, "common" | "organizations" | "consumers");
    if !any && !is_tenant_id(tenant) {
        return Err(InvalidTenant);
    }
    let at = |path: &str| authority.below(&format!("/{tenant}{path}"));
    let mut metadata =
        ProviderMetadata::new(at("/oauth2/v2.0/authorize"), at("/oauth2/v2.0/token"));
    let named = if any { TENANT } else { tenant };
    let authority = authority.to_string();
    metadata.issuer = Some(format!("{}/{named}/v2.0", authority.trim_end_matches('/')));
    metadata.jwks_uri = Some(at("/discovery/v2.0/keys"));
    let mut provider =
        Provider::preset("azure", "Microsoft", metadata, client_id, Some(client_secret));
    provider.id_token = IdToken::Required;
    provider.token_auth = TokenAuth::Post;
    provider.scopes = ["openid", "profile", "email", "offline_access"].map(str::to_owned).into();
    provider.organization = Some(OrganizationClaim::Tenant);
    provider.claims.within = Some("tid".to_owned());
    provider.claims.subject = vec!["oid".to_owned()];
    provider.claims.email_verified = vec!["xms_edov".to_owned()];
    provider.way = Way::Entra;
    Ok(provider)
}

/// A text that names no directory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "is neither a directory's id (a UUID in lower case, from the portal's overview page) nor \
     \"organizations\", \"consumers\" or \"common\""
)]
#[non_exhaustive]
pub struct InvalidTenant;
