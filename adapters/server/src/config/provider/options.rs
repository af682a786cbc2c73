//! Keys that mean the same whatever the provider is.

use vestibule_core::provider::{IdToken, Provider, TokenAuth};

use super::super::table::Table;
use super::claims;

/// Those of providers of which no preset knows how they are asked, which [`read`] reads.
pub(super) const KEYS: &[&str] =
    &["id_token", "pkce", "token_auth", "token_endpoint_auth_method", "scope_separator", "claims"];

/// Those of every preset.
pub(super) fn read_common(table: &Table<'_>, provider: &mut Provider) {
    if let Some(name) = table.find("name").and_then(|value| value.text()) {
        name.clone_into(&mut provider.name);
    }
    if let Some(scopes) = table.find("scopes").and_then(|value| value.texts()) {
        provider.scopes = scopes;
    }
    add(&mut provider.authorization_params, parameters(table, "authorization_params"));
    add(&mut provider.token_params, parameters(table, "token_params"));
    provider.callback_path =
        table.find("callback_path").and_then(|value| value.text()).map(str::to_owned);
    if let Some(keep) = table.find("keep_tokens").and_then(|value| value.boolean()) {
        provider.keep_tokens = keep;
    }
}

/// Those of providers of which no preset knows how they are asked.
pub(super) fn read(table: &Table<'_>, provider: &mut Provider) {
    if let Some(id_token) = table.find("id_token").and_then(|value| value.parsed(id_token)) {
        provider.id_token = id_token;
    }
    if let Some(pkce) = table.find("pkce").and_then(|value| value.boolean()) {
        provider.pkce = pkce;
    }
    if let Some(value) = table.find_spelled(&["token_auth", "token_endpoint_auth_method"]) {
        // With an unknown way nothing can be said about the secret, so none is asked for.
        provider.token_auth = value.parsed(token_auth).unwrap_or(TokenAuth::None);
    } else if table.find("client_secret").is_none() {
        // A forgotten secret must not make a confidential client a public one.
        provider.token_auth = TokenAuth::Basic;
    }
    if let Some(value) = table.find("scope_separator") {
        provider.scope_separator = value.parsed(scope_separator).unwrap_or(' ');
    }
    if let Some(table) = table.find("claims").and_then(|v| v.table(claims::TITLE, claims::KEYS)) {
        claims::read(&table, &mut provider.claims);
    }
}

fn id_token(text: &str) -> Result<IdToken, &'static str> {
    match text {
        "required" => Ok(IdToken::Required),
        "required_with_secret" => Ok(IdToken::RequiredWithSecret),
        "ignored" => Ok(IdToken::Ignored),
        _ => Err("must be \"required\", \"required_with_secret\" or \"ignored\""),
    }
}

/// In short, or as the registry of RFC 7591 has it.
fn token_auth(text: &str) -> Result<TokenAuth, &'static str> {
    match text {
        "basic" | "client_secret_basic" => Ok(TokenAuth::Basic),
        "post" | "client_secret_post" => Ok(TokenAuth::Post),
        "none" => Ok(TokenAuth::None),
        _ => Err("must be \"basic\", \"post\" or \"none\""),
    }
}

fn scope_separator(text: &str) -> Result<char, &'static str> {
    match text {
        " " => Ok(' '),
        "," => Ok(','),
        _ => Err("must be \" \", as OAuth has it, or \",\""),
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

/// Beside those of the preset: one of the same name takes its place, and an empty one only that.
fn add(parameters: &mut Vec<(String, String)>, given: Vec<(String, String)>) {
    for (name, value) in given {
        let before = parameters.len();
        parameters.retain(|(known, _)| *known != name);
        if !value.is_empty() || parameters.len() == before {
            parameters.push((name, value));
        }
    }
}
