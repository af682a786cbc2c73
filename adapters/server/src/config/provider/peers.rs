//! Presets of OpenID Connect that differ by where the provider is.

use vestibule_core::provider::{
    InvalidDomain, Provider, auth0, clerk, cognito, keycloak, linkedin, okta, workos,
};
use vestibule_core::{ClientSecret, EndpointUrl};

use super::super::table::Table;
use super::{Ours, Preset};

pub(super) const AUTH0: Preset = Preset {
    name: "auth0",
    keys: &["domain"],
    read: |_, table, ours| at_domain(table, ours, "tenant.eu.auth0.com", auth0),
};

pub(super) const OKTA: Preset = Preset {
    name: "okta",
    keys: &["issuer"],
    read: |_, table, ours| {
        let secret = ours.secret(table);
        let mend = "write issuer = \"https://example.okta.com\", or that of a custom \
                    authorization server, such as \"https://example.okta.com/oauth2/default\"";
        let issuer = table.require("issuer", mend)?.parsed(EndpointUrl::parse)?;
        Some(okta(&issuer, ours.client_id, secret))
    },
};

pub(super) const KEYCLOAK: Preset = Preset {
    name: "keycloak",
    keys: &["base_url", "realm"],
    read: |_, table, ours| {
        let secret = ours.secret(table);
        let base_url =
            table.require("base_url", "write base_url = \"https://…\", the URL of the server");
        let realm = table.require("realm", "write realm = \"…\", where the people are");
        // Each is read, so that each one's fault is found.
        let base_url = base_url.and_then(|url| url.parsed(EndpointUrl::parse));
        let realm = realm.and_then(|realm| realm.text());
        Some(keycloak(&base_url?, realm?, ours.client_id, secret))
    },
};

pub(super) const COGNITO: Preset =
    Preset { name: "cognito", keys: &["region", "user_pool_id"], read: user_pool };

pub(super) const WORKOS: Preset = Preset {
    name: "workos",
    keys: &["domain"],
    read: |_, table, ours| at_domain(table, ours, "example.authkit.app", workos),
};

pub(super) const CLERK: Preset = Preset {
    name: "clerk",
    keys: &["domain"],
    read: |_, table, ours| at_domain(table, ours, "clerk.example.com", clerk),
};

pub(super) const LINKEDIN: Preset = Preset {
    name: "linkedin",
    keys: &[],
    read: |_, table, ours| {
        let secret = ours.secret(table);
        Some(linkedin(ours.client_id, secret))
    },
};

type AtDomain = fn(&str, String, ClientSecret) -> Result<Provider, InvalidDomain>;

/// One that is known by its domain, which looks `like` this.
fn at_domain(table: &Table<'_>, ours: Ours, like: &str, make: AtDomain) -> Option<Provider> {
    let secret = ours.secret(table);
    let domain = table.require("domain", format_args!("write domain = {like:?}"))?;
    let made = make(domain.text()?, ours.client_id, secret);
    domain.accept(made.map_err(|_| {
        format!("is no domain; write it in lower case without scheme and path, like {like:?}")
    }))
}

fn user_pool(_: usize, table: &Table<'_>, ours: Ours) -> Option<Provider> {
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
