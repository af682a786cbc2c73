//! Presets of OpenID Connect that differ by where the provider is.

use vestibule_core::EndpointUrl;
use vestibule_core::provider::{Provider, cognito, keycloak, okta};

use super::super::table::Table;
use super::Ours;

/// An organisation of Okta.
pub(super) fn okta_at(_: usize, table: &Table<'_>, ours: Ours) -> Option<Provider> {
    let secret = ours.secret(table);
    let mend = "write issuer = \"https://example.okta.com\", or that of a custom authorization \
                server, such as \"https://example.okta.com/oauth2/default\"";
    let issuer = table.require("issuer", mend)?.parsed(EndpointUrl::parse)?;
    Some(okta(&issuer, ours.client_id, secret))
}

/// A realm of Keycloak.
pub(super) fn realm(_: usize, table: &Table<'_>, ours: Ours) -> Option<Provider> {
    let secret = ours.secret(table);
    let base_url =
        table.require("base_url", "write base_url = \"https://…\", the URL of the server");
    let realm = table.require("realm", "write realm = \"…\", where the people are");
    // Each is read, so that each one's fault is found.
    let base_url = base_url.and_then(|url| url.parsed(EndpointUrl::parse));
    let realm = realm.and_then(|realm| realm.text());
    Some(keycloak(&base_url?, realm?, ours.client_id, secret))
}

/// A user pool of Cognito.
pub(super) fn user_pool(_: usize, table: &Table<'_>, ours: Ours) -> Option<Provider> {
    let secret = ours.secret(table);
    let region = table.require("region", "write region = \"eu-central-1\", where the pool is");
    let pool = table.require("user_pool_id", "write user_pool_id = \"eu-central-1_aBcDeFgHi\"");
    let region = region.and_then(|value| {
        let text = value.text()?;
        // With an id that is one, a fault is the region's.
        let made = cognito(text, "a_b", "unread", secret.clone());
        value.accept(made.map_err(|_| "is no region; write it like \"eu-central-1\"")).map(|_| text)
    });
    let pool = pool.and_then(|value| Some((value.text()?, value)));
    let (id, pool) = pool?;
    let made = cognito(region.unwrap_or("unread"), id, ours.client_id, secret);
    let made = pool.accept(
        made.map_err(|_| "is no id of a user pool; write it like \"eu-central-1_aBcDeFgHi\""),
    );
    region.and(made)
}
