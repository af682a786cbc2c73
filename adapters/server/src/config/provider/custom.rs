//! A provider that is described by its endpoints.

use vestibule_core::provider::{Provider, custom};
use vestibule_core::{EndpointUrl, ProviderId};

use super::super::table::Table;
use super::{Ours, Preset, options};

pub(super) const CUSTOM: Preset = Preset::of("custom", KEYS, read).described();

const KEYS: &[&str] = &[
    "authorization_endpoint",
    "token_endpoint",
    "userinfo_endpoint",
    "jwks_uri",
    "revocation_endpoint",
    "issuer",
    "iss_parameter",
];

fn read(n: usize, table: &Table<'_>, ours: Ours) -> Option<Provider> {
    let id = ours.id.or_else(|| {
        // Where one is written that cannot be read, that was said.
        if table.find("id").is_none() {
            table.require("id", "write id = \"…\", which stands in paths and in subjects");
        }
        ProviderId::parse(&format!("unread-{n}")).ok()
    })?;
    let [authorization, token] = [
        ("authorization_endpoint", "write the provider's URL that browsers are sent to"),
        ("token_endpoint", "write the provider's URL where codes are exchanged"),
    ]
    .map(|(key, mend)| {
        table.require(key, mend).and_then(|url| url.parsed(EndpointUrl::parse)).or_else(unread)
    });
    let userinfo = endpoint(table, "userinfo_endpoint");
    let stand_in = userinfo.clone().or_else(unread)?;
    let (client_id, secret) = (ours.client_id, ours.client_secret);
    let mut provider = custom(id, authorization?, token?, stand_in, client_id, secret);

    let issuer = table.find("issuer").and_then(|value| value.text()).map(str::to_owned);
    let iss_parameter = table.find("iss_parameter").and_then(|value| {
        if issuer.is_none() {
            value.fault(
                "needs the provider's `issuer`, which `iss` is compared with (RFC 9207 §2.4)",
            );
        }
        value.boolean()
    });
    if let Some(metadata) = provider.metadata_mut() {
        metadata.userinfo_endpoint = userinfo;
        metadata.jwks_uri = endpoint(table, "jwks_uri");
        metadata.revocation_endpoint = endpoint(table, "revocation_endpoint");
        metadata.issuer = issuer;
        metadata.iss_parameter = iss_parameter.unwrap_or(false);
    }
    options::read(table, &mut provider);
    Some(provider)
}

/// One in place of a provider that cannot be read, of which nothing is wrong.
pub(super) fn stand_in(ours: Ours) -> Option<Provider> {
    let (id, url) = (ours.id?, unread()?);
    Some(custom(id, url.clone(), url.clone(), url, ours.client_id, ours.client_secret))
}

fn endpoint(table: &Table<'_>, key: &str) -> Option<EndpointUrl> {
    table.find(key).and_then(|value| value.parsed(EndpointUrl::parse))
}

fn unread() -> Option<EndpointUrl> {
    EndpointUrl::parse("https://unread.invalid/").ok()
}
