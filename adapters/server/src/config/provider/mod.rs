//! `[[provider]]`: where people sign in, by a preset or by endpoints.

mod apple;
mod claims;
mod custom;
mod options;
mod peers;
mod preset;

use vestibule_core::provider::Provider;
use vestibule_core::{ClientSecret, ProviderId};

pub(crate) use self::preset::Preset;

use self::preset::PRESETS;
use super::secret::secret;
use super::table::{Table, nearest};

pub(super) const TITLE: &str = "[[provider]]";

/// Every key that some provider has. Which of them one has, its preset says.
pub(super) const KEYS: &[&str] = &[
    "preset",
    "id",
    "name",
    "client_id",
    "client_secret",
    "scopes",
    "tenant",
    "tenant_id",
    "tenantId",
    "authority",
    "base_url",
    "domain",
    "realm",
    "region",
    "user_pool_id",
    "team_id",
    "key_id",
    "key",
    "issuer",
    "iss_parameter",
    "authorization_endpoint",
    "token_endpoint",
    "userinfo_endpoint",
    "jwks_uri",
    "revocation_endpoint",
    "id_token",
    "pkce",
    "token_auth",
    "token_endpoint_auth_method",
    "scope_separator",
    "authorization_params",
    "token_params",
    "claims",
    "callback_path",
    "keep_tokens",
];

/// Who we are at the provider. What cannot be read is stood in for.
#[derive(Clone)]
struct Ours {
    /// Its id here, where the file has one.
    id: Option<ProviderId>,
    client_id: String,
    client_secret: Option<ClientSecret>,
}

/// One `[[provider]]`, and its preset. What cannot be read is stood in for, so that core can judge the rest; with a
/// fault remembered, nothing is ever made of it.
pub(super) fn read(n: usize, table: &Table<'_>) -> Option<(Provider, &'static Preset)> {
    let unread = || ProviderId::parse(&format!("unread-{n}")).ok();
    let id = table.find("id").map(|id| id.parsed(ProviderId::parse).or_else(unread));
    let client_id = table
        .require("client_id", "write the client_id that the provider gave you")
        .and_then(|id| id.text())
        .unwrap_or("unread")
        .to_owned();
    let client_secret = table.find("client_secret").map(|value| {
        // A secret that cannot be read is one all the same: without it another fault would follow.
        ClientSecret::new(secret(&value).unwrap_or_else(|| "unread".to_owned()))
    });
    let ours = Ours { id: id.flatten(), client_id, client_secret };

    let Some(preset) = preset(table) else {
        let ours = Ours { id: ours.id.or_else(unread), ..ours };
        return Some((custom::stand_in(ours)?, &custom::CUSTOM));
    };
    refuse_keys_of_others(table, preset);
    let stand_in = Ours { id: ours.id.clone().or_else(unread), ..ours.clone() };
    let id = ours.id.clone();
    let mut provider = preset.read(n, table, ours).or_else(|| custom::stand_in(stand_in))?;
    if let Some(id) = id {
        provider.id = id;
    }
    options::read_common(table, &mut provider);
    Some((provider, preset))
}

/// The preset of the table; `None` for a word that is none.
fn preset(table: &Table<'_>) -> Option<&'static Preset> {
    let Some(value) = table.find("preset") else {
        return Some(&custom::CUSTOM);
    };
    let name = value.text()?;
    let found = PRESETS.iter().find(|preset| preset.name == name);
    if found.is_none() {
        let names: Vec<_> = PRESETS.iter().map(|preset| preset.name).collect();
        match nearest(name, &names) {
            Some(near) => value.fault(format_args!("is no preset; did you mean {near:?}?")),
            None => value.fault(format_args!(
                "is no preset; there are {}; a provider of OpenID Connect is \"oidc\" with its \
                 issuer, any other one is described by its endpoints, without a preset",
                names.join(", ")
            )),
        }
    }
    found
}

/// A key that the preset does not have is one that its writer relies on: it is not passed over.
fn refuse_keys_of_others(table: &Table<'_>, preset: &Preset) {
    for (key, value) in table.entries().filter(|(key, _)| !preset.has(key)) {
        let having: Vec<_> = PRESETS
            .iter()
            .filter(|other| other.has(key))
            .map(|other| format!("{:?}", other.name))
            .collect();
        // Every provider has it, or none does.
        if having.is_empty() {
            continue;
        }
        let does = if having.len() == 1 { "does" } else { "do" };
        let (name, having) = (preset.name, having.join(", "));
        value.fault(format_args!("preset {name:?} does not have it, {having} {does}; remove it"));
    }
}
