use serde_json::{Map, Value};

use super::{Provider, ProviderMetadata, TokenAuth, Way, fixed};
use crate::secret::ClientSecret;

/// Discord, as `discord`. Who signed in is what `GET /users/@me` says; a picture is the hash of an
/// avatar on its own site. Its callback says `iss`, as its discovery document announces (RFC 9207).
///
/// <https://discord.com/developers/docs/topics/oauth2>,
/// <https://discord.com/developers/docs/resources/user>,
/// <https://discord.com/.well-known/openid-configuration>
#[must_use]
pub fn discord(client_id: impl Into<String>, client_secret: ClientSecret) -> Provider {
    let mut metadata = ProviderMetadata::new(
        fixed("https://discord.com/oauth2/authorize"),
        fixed("https://discord.com/api/oauth2/token"),
    );
    metadata.issuer = Some("https://discord.com".to_owned());
    metadata.iss_parameter = true;
    metadata.userinfo_endpoint = Some(fixed("https://discord.com/api/users/@me"));
    metadata.revocation_endpoint = Some(fixed("https://discord.com/api/oauth2/token/revoke"));
    let mut provider =
        Provider::preset("discord", "Discord", metadata, client_id, Some(client_secret));
    provider.token_auth = TokenAuth::Post;
    provider.scopes = ["identify", "email"].map(str::to_owned).into();
    provider.claims.subject = vec!["id".to_owned()];
    provider.claims.email_verified = vec!["verified".to_owned()];
    provider.claims.name = ["global_name", "username"].map(str::to_owned).into();
    provider.way = Way::Discord;
    provider
}

/// The picture that an avatar's hash names, on Discord's own site.
pub(super) fn picture(person: &Map<String, Value>) -> Option<String> {
    let text = |member: &str| {
        let text = person.get(member)?.as_str()?;
        text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_').then_some(text)
    };
    Some(format!("https://cdn.discordapp.com/avatars/{}/{}.png", text("id")?, text("avatar")?))
}
