use serde_json::Value;

use super::user::{Address, answered};
use super::{Provider, ProviderMetadata, TokenAuth, Way, fixed};
use crate::config::EndpointUrl;
use crate::json;
use crate::refusal::Refusal;
use crate::reply::Response;
use crate::secret::ClientSecret;

/// What GitHub is asked about a person beside who they are.
#[derive(Clone, Debug)]
pub(crate) struct Api {
    /// Their addresses, which tell whether they are verified.
    pub(crate) emails: EndpointUrl,
}

/// GitHub, as `github`. There is no ID token: who signed in is what `GET /user` says, and their
/// address the primary one of `GET /user/emails`, if it is verified.
///
/// <https://docs.github.com/apps/oauth-apps/building-oauth-apps/authorizing-oauth-apps>
///
/// Where organisations or teams decide who may sign in, add the scope `read:org`.
#[must_use]
pub fn github(client_id: impl Into<String>, client_secret: ClientSecret) -> Provider {
    let (site, api) = (fixed("https://github.com"), fixed("https://api.github.com"));
    at(&site, &api, client_id, client_secret)
}

/// A GitHub Enterprise Server, by the URL of its site: its API is at `/api/v3` there.
#[must_use]
pub fn github_enterprise(
    base_url: &EndpointUrl,
    client_id: impl Into<String>,
    client_secret: ClientSecret,
) -> Provider {
    at(base_url, &base_url.below("/api/v3"), client_id, client_secret)
}

fn at(
    site: &EndpointUrl,
    api: &EndpointUrl,
    client_id: impl Into<String>,
    client_secret: ClientSecret,
) -> Provider {
    let mut metadata = ProviderMetadata::new(
        site.below("/login/oauth/authorize"),
        site.below("/login/oauth/access_token"),
    );
    metadata.userinfo_endpoint = Some(api.below("/user"));
    let mut provider =
        Provider::preset("github", "GitHub", metadata, client_id, Some(client_secret));
    provider.token_auth = TokenAuth::Post;
    provider.scopes = ["read:user", "user:email"].map(str::to_owned).into();
    provider.claims.subject = vec!["id".to_owned()];
    provider.way = Way::GitHub(Api { emails: api.below("/user/emails") });
    provider
}

/// The primary address, if it is verified. Whoever did not grant `user:email` has none here: GitHub
/// then says that there is no such thing, or that we may not see it.
pub(crate) fn primary_address(response: &Response) -> Result<Option<Address>, Refusal> {
    if matches!(response.status.as_u16(), 403 | 404) {
        return Ok(None);
    }
    answered(response)?;
    let addresses = json::array(&response.body)
        .ok_or(Refusal::UpstreamMalformed("the list of addresses is no JSON array"))?;
    let is = |address: &Value, member: &str| address.get(member) == Some(&Value::Bool(true));
    let primary = addresses.iter().find(|it| is(it, "primary") && is(it, "verified"));
    let email = primary.and_then(|address| address.get("email")?.as_str());
    Ok(email.map(|email| Address { email: email.to_owned(), verified: true }))
}
