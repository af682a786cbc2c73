use super::{IdToken, Provider, ProviderMetadata, TokenAuth, fixed};
use crate::access::OrganizationClaim;
use crate::secret::ClientSecret;

/// Slack, as `slack`: Sign in with Slack, which is OpenID Connect. Who signed in is what the ID token
/// says, and the picture what the userinfo endpoint says; the subject is team and user, since a user's
/// id is unique within a team.
///
/// <https://docs.slack.dev/authentication/sign-in-with-slack/>
#[must_use]
pub fn slack(client_id: impl Into<String>, client_secret: ClientSecret) -> Provider {
    let mut metadata = ProviderMetadata::new(
        fixed("https://slack.com/openid/connect/authorize"),
        fixed("https://slack.com/api/openid.connect.token"),
    );
    metadata.issuer = Some("https://slack.com".to_owned());
    metadata.userinfo_endpoint = Some(fixed("https://slack.com/api/openid.connect.userInfo"));
    metadata.jwks_uri = Some(fixed("https://slack.com/openid/connect/keys"));
    let mut provider = Provider::preset("slack", "Slack", metadata, client_id, Some(client_secret));
    provider.id_token = IdToken::Required;
    provider.token_auth = TokenAuth::Post;
    provider.scopes = ["openid", "profile", "email"].map(str::to_owned).into();
    provider.organization = Some(OrganizationClaim::SlackTeam);
    provider.claims.within = Some("https://slack.com/team_id".to_owned());
    provider.claims.subject = vec!["https://slack.com/user_id".to_owned()];
    provider
}
