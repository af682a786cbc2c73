//! The presets. To add one: its entry, and how it is read.

use vestibule_core::provider::{
    IdToken, InvalidDomain, Provider, auth0, azure, azure_at, clerk, discord, github,
    github_enterprise, gitlab, gitlab_at, google, linkedin, oidc, slack, workos,
};
use vestibule_core::{ClientSecret, EndpointUrl, ProviderId};

use super::super::table::Table;
use super::{Ours, apple, custom, options, peers};

pub(super) const PRESETS: &[Preset] = &[
    Preset::known("google", google),
    Preset::at_site("github", github, github_enterprise),
    Preset::of("azure", &["tenant", "tenant_id", "tenantId", "authority"], entra),
    Preset::at_site("gitlab", gitlab, gitlab_at),
    Preset::known("slack", slack),
    Preset::known("discord", discord),
    Preset::at_domain("auth0", "tenant.eu.auth0.com", auth0),
    Preset::of("okta", &["issuer"], peers::okta_at),
    Preset::of("keycloak", &["base_url", "realm"], peers::realm),
    Preset::of("cognito", &["region", "user_pool_id"], peers::user_pool),
    Preset::at_domain("workos", "example.authkit.app", workos),
    Preset::at_domain("clerk", "clerk.example.com", clerk),
    Preset::known("linkedin", linkedin),
    Preset::of("apple", &["team_id", "key_id", "key"], apple::read),
    Preset::of("oidc", &["issuer"], published).described(),
    custom::CUSTOM,
];

/// A provider of which something is known beforehand, by the word that `preset` has for it.
pub(crate) struct Preset {
    pub(crate) name: &'static str,
    /// The keys that say where or which one it is.
    pub(crate) keys: &'static [&'static str],
    /// Whether it has those of [`options`] too.
    described: bool,
    made: Made,
}

/// How a provider is made of its table.
enum Made {
    Known(Known),
    AtSite(Known, fn(&EndpointUrl, String, ClientSecret) -> Provider),
    /// What a domain looks like, for the mend.
    AtDomain(&'static str, AtDomain),
    Read(Read),
}

/// Of client_id and secret alone.
type Known = fn(String, ClientSecret) -> Provider;
type AtDomain = fn(&str, String, ClientSecret) -> Result<Provider, InvalidDomain>;
/// The number counts the providers.
type Read = fn(usize, &Table<'_>, Ours) -> Option<Provider>;

impl Preset {
    /// One that is in one place only.
    const fn known(name: &'static str, make: Known) -> Self {
        Self { name, keys: &[], described: false, made: Made::Known(make) }
    }

    /// One that companies also run themselves, at their `base_url`.
    const fn at_site(
        name: &'static str,
        make: Known,
        make_at: fn(&EndpointUrl, String, ClientSecret) -> Provider,
    ) -> Self {
        Self { name, keys: &["base_url"], described: false, made: Made::AtSite(make, make_at) }
    }

    /// One that is known by its `domain`, which looks `like` this.
    const fn at_domain(name: &'static str, like: &'static str, make: AtDomain) -> Self {
        Self { name, keys: &["domain"], described: false, made: Made::AtDomain(like, make) }
    }

    /// One that is read in a way of its own.
    pub(super) const fn of(name: &'static str, keys: &'static [&'static str], read: Read) -> Self {
        Self { name, keys, described: false, made: Made::Read(read) }
    }

    /// The same where how it is asked has to be described.
    pub(super) const fn described(self) -> Self {
        Self { described: true, ..self }
    }

    /// Whether it has a key that not every provider has.
    pub(crate) fn has(&self, key: &str) -> bool {
        self.keys.contains(&key) || (self.described && options::KEYS.contains(&key))
    }

    pub(super) fn read(&self, n: usize, table: &Table<'_>, ours: Ours) -> Option<Provider> {
        match self.made {
            Made::Read(read) => read(n, table, ours),
            Made::Known(make) => {
                let secret = ours.secret(table);
                Some(make(ours.client_id, secret))
            }
            Made::AtSite(make, make_at) => {
                let secret = ours.secret(table);
                let site =
                    table.find("base_url").and_then(|value| value.parsed(EndpointUrl::parse));
                Some(match site {
                    Some(site) => make_at(&site, ours.client_id, secret),
                    None => make(ours.client_id, secret),
                })
            }
            Made::AtDomain(like, make) => {
                let secret = ours.secret(table);
                let domain = table.require("domain", format_args!("write domain = {like:?}"))?;
                let made = make(domain.text()?, ours.client_id, secret);
                domain.accept(made.map_err(|_| {
                    format!(
                        "is no domain; write it in lower case without scheme and path, like \
                         {like:?}"
                    )
                }))
            }
        }
    }
}

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
