use vestibule_core::provider::{Provider, TokenAuth, custom};
use vestibule_core::{ClientSecret, EndpointUrl, ProviderId};

use super::secret::secret;
use super::table::Table;

pub(super) const TITLE: &str = "[[provider]]";
pub(super) const KEYS: &[&str] = &[
    "id",
    "name",
    "authorization_endpoint",
    "token_endpoint",
    "userinfo_endpoint",
    "client_id",
    "client_secret",
    "scopes",
    "pkce",
    "token_auth",
    "authorization_params",
    "token_params",
    "callback_path",
    "issuer",
    "iss_parameter",
];

/// One `[[provider]]`: where people sign in. What cannot be read is stood in for, so that core can
/// judge the rest; with a fault remembered, nothing is ever made of it.
pub(super) fn read(n: usize, table: &Table<'_>) -> Option<Provider> {
    let id = table
        .require("id", "write id = \"…\", which stands in paths and in subjects")
        .and_then(|id| id.parsed(ProviderId::parse))
        .or_else(|| ProviderId::parse(&format!("unread-{n}")).ok())?;
    let [authorization, token, userinfo] = [
        ("authorization_endpoint", "write the provider's URL that browsers are sent to"),
        ("token_endpoint", "write the provider's URL where codes are exchanged"),
        (
            "userinfo_endpoint",
            "who signed in is asked there: write the provider's URL that answers with `sub`, `id` \
                or `user_id`",
        ),
    ]
    .map(|(key, mend)| endpoint(table, key, mend));
    let client_id = table
        .require("client_id", "write the client_id that the provider gave you")
        .and_then(|id| id.text())
        .unwrap_or("unread");
    let client_secret =
        table.find("client_secret").and_then(|value| secret(&value)).map(ClientSecret::new);

    let mut provider = custom(id, authorization?, token?, userinfo?, client_id, client_secret);
    read_options(table, &mut provider);
    Some(provider)
}

fn endpoint(table: &Table<'_>, key: &str, mend: &str) -> Option<EndpointUrl> {
    table
        .require(key, mend)
        .and_then(|url| url.parsed(EndpointUrl::parse))
        .or_else(|| EndpointUrl::parse("https://unread.invalid/").ok())
}

fn read_options(table: &Table<'_>, provider: &mut Provider) {
    if let Some(name) = table.find("name").and_then(|value| value.text()) {
        name.clone_into(&mut provider.name);
    }
    if let Some(scopes) = table.find("scopes").and_then(|value| value.texts()) {
        provider.scopes = scopes;
    }
    if let Some(pkce) = table.find("pkce").and_then(|value| value.boolean()) {
        provider.pkce = pkce;
    }
    if let Some(value) = table.find("token_auth") {
        // With an unknown way nothing can be said about the secret, so none is asked for.
        provider.token_auth = value.parsed(token_auth).unwrap_or(TokenAuth::None);
    } else if table.find("client_secret").is_none() {
        // A forgotten secret must not make a confidential client a public one.
        provider.token_auth = TokenAuth::Basic;
    }
    provider.authorization_params = parameters(table, "authorization_params");
    provider.token_params = parameters(table, "token_params");
    provider.callback_path =
        table.find("callback_path").and_then(|value| value.text()).map(str::to_owned);
    let issuer = table.find("issuer").and_then(|value| value.text()).map(str::to_owned);
    let iss_parameter = table.find("iss_parameter").map(|value| {
        if issuer.is_none() {
            value.fault(
                "needs the provider's `issuer`, which `iss` is compared with (RFC 9207 §2.4)",
            );
        }
        value.boolean().unwrap_or(false)
    });
    if let Some(metadata) = provider.metadata_mut() {
        metadata.issuer = issuer;
        metadata.iss_parameter = iss_parameter.unwrap_or(false);
    }
}

fn token_auth(text: &str) -> Result<TokenAuth, &'static str> {
    match text {
        "basic" => Ok(TokenAuth::Basic),
        "post" => Ok(TokenAuth::Post),
        "none" => Ok(TokenAuth::None),
        _ => Err("must be \"basic\", \"post\" or \"none\""),
    }
}

/// `{ access_type = "offline", prompt = "consent" }`
fn parameters(table: &Table<'_>, key: &str) -> Vec<(String, String)> {
    let given = table.find(key).and_then(|value| value.table("like { prompt = \"consent\" }", &[]));
    let Some(given) = given else {
        return Vec::new();
    };
    given
        .entries()
        .filter_map(|(name, value)| Some((name.to_owned(), value.any_text()?.to_owned())))
        .collect()
}
