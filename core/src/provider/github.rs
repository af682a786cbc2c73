use serde_json::Value;

use super::documents::{Address, answered};
use super::{Provider, ProviderMetadata, TokenAuth, Way, fixed, get};
use crate::access::Kind;
use crate::config::EndpointUrl;
use crate::effect::{HttpCall, Purpose};
use crate::json;
use crate::refusal::Refusal;
use crate::reply::Response;
use crate::secret::{ClientSecret, UpstreamAccessToken};

/// The most that GitHub puts on one page.
pub(crate) const PER_PAGE: usize = 100;

/// What GitHub is asked about a person beside who they are.
#[derive(Clone, Debug)]
pub(crate) struct Api {
    /// Their addresses, which tell whether they are verified.
    pub(crate) emails: EndpointUrl,
    organizations: EndpointUrl,
    teams: EndpointUrl,
}

impl Api {
    fn below(api: &EndpointUrl) -> Self {
        Self {
            emails: api.below("/user/emails"),
            organizations: api.below("/user/orgs"),
            teams: api.below("/user/teams"),
        }
    }

    /// A page of a person's organisations or teams.
    pub(crate) fn memberships(
        &self,
        kind: Kind,
        page: usize,
        token: &UpstreamAccessToken,
    ) -> HttpCall {
        let endpoint = match kind {
            Kind::Organizations => &self.organizations,
            Kind::Teams => &self.teams,
        };
        let mut url = endpoint.url().clone();
        url.set_query(Some(&format!("per_page={PER_PAGE}&page={page}")));
        let mut call = get(&url, Purpose::FetchMemberships, token);
        // A team comes with all that is known of its organisation and of the team above it.
        call.body_cap = 2 * 1024 * 1024;
        call
    }
}

/// GitHub, as `github`. There is no ID token: who signed in is what `GET /user` says, and their
/// address the primary one of `GET /user/emails`, if it is verified. Its callback need not say `iss`;
/// where it does, as it did for a while (RFC 9207), it must be `https://github.com/login/oauth`.
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
    metadata.issuer = Some(site.below("/login/oauth").to_string());
    metadata.userinfo_endpoint = Some(api.below("/user"));
    let mut provider =
        Provider::preset("github", "GitHub", metadata, client_id, Some(client_secret));
    provider.token_auth = TokenAuth::Post;
    provider.scopes = ["read:user", "user:email"].map(str::to_owned).into();
    provider.claims.subject = vec!["id".to_owned()];
    provider.way = Way::GitHub(Box::new(Api::below(api)));
    provider
}

/// The primary address, if it is verified. Whoever did not grant `user:email` has none here: GitHub
/// then says that there is no such thing, or that we may not see it.
pub(crate) fn primary_address(response: &Response) -> Result<Option<Address>, Refusal> {
    if is_hidden(response, &["user:email", "user"])? {
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

/// What stands on one page of organisations or teams, `None` for each that has no name; `None` where
/// GitHub does not let us see them: that needs `read:org`.
pub(crate) fn membership_page(
    kind: Kind,
    response: &Response,
) -> Result<Option<Vec<Option<String>>>, Refusal> {
    if is_hidden(response, &["read:org", "write:org", "admin:org"])? {
        return Ok(None);
    }
    answered(response)?;
    let items = json::array(&response.body)
        .ok_or(Refusal::UpstreamMalformed("the list of memberships is no JSON array"))?;
    let login = |of: &Value| Some(of.get("login")?.as_str()?.to_owned());
    let team = |of: &Value| {
        Some(format!("{}/{}", login(of.get("organization")?)?, of.get("slug")?.as_str()?))
    };
    Ok(Some(match kind {
        Kind::Organizations => items.iter().map(login).collect(),
        Kind::Teams => items.iter().map(team).collect(),
    }))
}

/// Whether GitHub does not let us see what one of these scopes would show. A 403 alone does not say
/// so: too many requests are one as well, at times without any sign of it. Which scopes a token has is
/// in every answer to a token that has scopes.
fn is_hidden(response: &Response, scopes: &[&str]) -> Result<bool, Refusal> {
    if response.status == 404 {
        return Ok(true);
    }
    if response.status != 403 {
        return Ok(false);
    }
    let granted = response.headers.get("x-oauth-scopes").and_then(|value| value.to_str().ok());
    let has_one = |granted: &str| granted.split(',').any(|scope| scopes.contains(&scope.trim()));
    match granted {
        Some(granted) if !has_one(granted) => Ok(true),
        Some(_) | None => Err(Refusal::UpstreamBusy),
    }
}
