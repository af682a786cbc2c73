use vestibule_core::provider::{Finding, Provider};

use crate::config::Preset;

/// A finding with a mend that can be followed: core speaks of keys that not every preset has.
pub(super) fn mended(finding: &Finding, provider: &Provider, preset: &Preset) -> String {
    let name = preset.name;
    let has = |key| preset.has(key);
    match finding {
        Finding::OtherIssuer { named } if !has("issuer") => {
            let given = match preset.keys {
                [] => String::new(),
                keys => format!("look at `{}`; ", keys.join("` and `")),
            };
            format!(
                "the discovery document is that of the issuer {named:?}; {given}if this is whom \
                 you mean, {}",
                instead(provider, preset, Some(named), None)
            )
        }
        Finding::NoKeysAnnounced if !has("id_token") => format!(
            "ID tokens are required with preset {name:?}, and it announces no keys; if it signs \
             with the client_secret, {}",
            instead(provider, preset, None, Some("id_token = \"required_with_secret\""))
        ),
        Finding::Algorithms { announced } if !has("id_token") => format!(
            "it signs ID tokens with {announced:?}; have it sign with RS256, ES256 or EdDSA; or, if \
             it signs with HS256, {}",
            instead(provider, preset, None, Some("id_token = \"required_with_secret\""))
        ),
        Finding::NoS256 if !has("pkce") => format!(
            "it does not announce PKCE with S256, which it is sent all the same; if it refuses \
             that, {}",
            instead(provider, preset, None, Some("pkce = false"))
        ),
        Finding::TokenAuth { ours, announced } => {
            let offered = ["client_secret_basic", "client_secret_post", "none"];
            let fit: Vec<_> = offered
                .iter()
                .filter(|offered| announced.iter().any(|one| one == *offered))
                .map(|fit| format!("token_auth = \"{fit}\""))
                .collect();
            let fit = fit.join(" or ");
            let mend = if fit.is_empty() {
                "have it take one of \"client_secret_basic\", \"client_secret_post\" and \"none\""
                    .to_owned()
            } else if has("token_auth") {
                format!("set {fit}")
            } else {
                format!("if it refuses that, {}", instead(provider, preset, None, Some(&fit)))
            };
            format!("token_auth is \"{ours}\", and it announces {announced:?}; {mend}")
        }
        Finding::Differs { key, .. } => {
            let mend = if has(key) {
                "write the published one, unless you know better".to_owned()
            } else {
                format!("if sign-ins fail, {}", instead(provider, preset, None, None))
            };
            format!("{finding}; {mend}")
        }
        Finding::NoDiscovery(_)
        | Finding::OtherIssuer { .. }
        | Finding::NoKeysAnnounced
        | Finding::NoKeys(_)
        | Finding::Algorithms { .. }
        | Finding::NoS256
        | _ => finding.to_string(),
    }
}

/// What to configure in place of a preset that cannot be told otherwise.
fn instead(
    provider: &Provider,
    preset: &Preset,
    issuer: Option<&str>,
    more: Option<&str>,
) -> String {
    // Nothing else signs its secrets.
    if preset.name == "apple" {
        return "report it: the preset has to be changed".to_owned();
    }
    // That of all tenants of Entra is the pattern of one.
    let issuer = issuer.or(provider.metadata.issuer()).filter(|issuer| !issuer.contains('{'));
    let issuer = match issuer {
        Some(issuer) => format!("issuer = {issuer:?}"),
        None => "its issuer".to_owned(),
    };
    let id = &provider.id;
    let more = more.map(|more| format!(" and {more}")).unwrap_or_default();
    let others = match preset.name {
        "azure" | "slack" => "; people then have other subjects",
        _ => "",
    };
    format!("write preset = \"oidc\" with id = \"{id}\", {issuer}{more}{others}")
}
