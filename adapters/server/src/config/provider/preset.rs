//! The presets. To add one: its entry, and how it is read.

use vestibule_core::provider::{
    IdToken, Provider, azure, azure_at, discord, github, github_enterprise, gitlab, gitlab_at,
    google, oidc, slack,
};
use vestibule_core::{ClientSecret, EndpointUrl, ProviderId};

use super::super::table::Table;
use super::{Ours, Preset, apple, custom, options, peers};

pub(super) const PRESETS: &[Preset] = &[
    Preset {
        name: "google",
        keys: &[],
        read: |_, table, ours| {
            let secret = ours.secret(table);
            Some(google(ours.client_id, secret))
        },
    },
    Preset {
        name: "github",
        keys: &["base_url"],
        read: |_, table, ours| {
            let secret = ours.secret(table);
            Some(match url(table, "base_url") {
                Some(site) => github_enterprise(&site, ours.client_id, secret),
                None => github(ours.client_id, secret),
            })
        },
    },
    Preset { name: "azure", keys: &["tenant", "tenant_id", "tenantId", "authority"], read: entra },
    Preset {
        name: "gitlab",
        keys: &["base_url"],
        read: |_, table, ours| {
            let secret = ours.secret(table);
            Some(match url(table, "base_url") {
                Some(site) => gitlab_at(&site, ours.client_id, secret),
                None => gitlab(ours.client_id, secret),
            })
        },
    },
    Preset {
        name: "slack",
        keys: &[],
        read: |_, table, ours| {
            let secret = ours.secret(table);
            Some(slack(ours.client_id, secret))
        },
    },
    Preset {
        name: "discord",
        keys: &[],
        read: |_, table, ours| {
            let secret = ours.secret(table);
            Some(discord(ours.client_id, secret))
        },
    },
    peers::AUTH0,
    peers::OKTA,
    peers::KEYCLOAK,
    peers::COGNITO,
    peers::WORKOS,
    peers::CLERK,
    peers::LINKEDIN,
    apple::APPLE,
    Preset {
        name: "oidc",
        keys: &[
            "issuer",
            "id_token",
            "pkce",
            "token_auth",
            "token_endpoint_auth_method",
            "scope_separator",
            "claims",
        ],
        read: published,
    },
    custom::CUSTOM,
];

impl Ours {
    /// The secret that a preset cannot do without.
    pub(super) fn secret(&self, table: &Table<'_>) -> ClientSecret {
        let mend = "write client_secret = { env = \"…\" }, the secret that the provider gave you";
        match &self.client_secret {
            Some(secret) => secret.clone(),
            None => {
                table.require("client_secret", mend);
                ClientSecret::new("unread")
            }
        }
    }
}

/// Microsoft Entra. Its directory is `tenant` in some documents and `tenantId` in others.
fn entra(_: usize, table: &Table<'_>, ours: Ours) -> Option<Provider> {
    let secret = ours.secret(table);
    let missing = || {
        table.require(
            "tenant",
            "write tenant = \"…\", the directory's id from the portal's overview page, or \
             \"organizations\", \"consumers\" or \"common\"",
        )
    };
    let tenant = table.find_spelled(&["tenant", "tenant_id", "tenantId"]).or_else(missing)?;
    let authority = table.find("authority").map(|value| value.parsed(EndpointUrl::parse));
    let made = match authority {
        None => azure(tenant.text()?, ours.client_id, secret),
        Some(authority) => azure_at(&authority?, tenant.text()?, ours.client_id, secret),
    };
    tenant.accept(made)
}

/// Any provider of OpenID Connect.
fn published(_: usize, table: &Table<'_>, ours: Ours) -> Option<Provider> {
    let id = ours.id.or_else(|| ProviderId::parse("oidc").ok())?;
    let issuer = table
        .require("issuer", "write issuer = \"https://…\", exactly as the provider writes it")
        .and_then(|issuer| issuer.text())
        .unwrap_or("https://unread.invalid");
    let mut provider = oidc(id, issuer, ours.client_id, ours.client_secret);
    options::read(table, &mut provider);
    if provider.id_token == IdToken::Ignored
        && let Some(value) = table.find("id_token")
    {
        value.fault(
            "is what says who signed in with preset \"oidc\"; remove it, or describe the provider \
             by its endpoints, without a preset",
        );
        provider.id_token = IdToken::Required;
    }
    Some(provider)
}

/// A URL that a preset has a default for.
fn url(table: &Table<'_>, key: &str) -> Option<EndpointUrl> {
    table.find(key).and_then(|value| value.parsed(EndpointUrl::parse))
}
