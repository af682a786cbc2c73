use std::collections::HashSet;
use std::fmt;
use std::time::Duration;

use super::access::{AccessFault, check_access};
use super::provider::check_provider;
use super::resource::check_resources;
use super::{Config, Consent, Lifetimes};
use crate::check::redirect_uri::{self, Policy};
use crate::secret::ClientSecret;

/// One thing in a [`Config`] that keeps a server from being made of it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{key}: {fault}")]
#[non_exhaustive]
pub struct ConfigFault {
    /// Where: the key as the program's configuration file has it, `provider[1].scopes` for the
    /// second provider's.
    pub key: String,
    /// What, and how to mend it.
    pub fault: Fault,
}

/// What is wrong with a value, with the mend.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Fault {
    /// Nothing seals.
    #[error("needs at least one secret; `vestibule keys new` makes one")]
    NoSecret,
    /// Nothing signs.
    #[error("needs at least one signing key; `vestibule keys new` makes one")]
    NoSigningKey,
    /// Nobody could sign in.
    #[error("needs at least one provider, where people sign in")]
    NoProvider,
    /// Two of what must be unique.
    #[error("{value:?} stands here twice; each must be unique")]
    Duplicate {
        /// The value.
        value: String,
    },
    /// A path that cannot be matched.
    #[error(
        "must start with `/` (not with `/.well-known`), must not end with `/`, and has only A-Z a-z 0-9 - . _ ~ and / in it"
    )]
    BadPath,
    /// Two endpoints at one path.
    #[error("is the path of `{other}` too; give one of them another path")]
    PathTaken {
        /// The other key.
        other: String,
    },
    /// Zero, or longer than what contains it.
    #[error("must be at least one second and at most {most} seconds")]
    Lifetime {
        /// The longest it may be.
        most: u64,
    },
    /// Longer than what contains it.
    #[error("must be at most {most} seconds: shorter than an access token lives")]
    TooLong {
        /// The longest it may be.
        most: u64,
    },
    /// An `iss` is demanded and nothing is known to compare it with.
    #[error("iss_parameter needs the provider's issuer; set issuer = \"https://…\"")]
    NoIssuer,
    /// An issuer that has no discovery document.
    #[error("must be the provider's issuer, an https URL without a query, as it writes it itself")]
    ProviderIssuer,
    /// An ID token is demanded and nothing is known to compare its `iss` with.
    #[error("an ID token is held against the provider's issuer; set issuer = \"https://…\"")]
    NoIssuerOfIdTokens,
    /// An ID token is demanded and nobody can verify it.
    #[error("an ID token is verified by the provider's keys; set jwks_uri = \"https://…\"")]
    NoKeys,
    /// An ID token is demanded and not asked for.
    #[error("an ID token is asked for by the scope \"openid\"; add it")]
    NoOpenid,
    /// Nothing says who signed in.
    #[error(
        "who signed in is said by the userinfo endpoint or the ID token; set userinfo_endpoint, or \
         id_token = \"required\""
    )]
    NobodySays,
    /// A confidential client without its secret.
    #[error(
        "token_auth needs a client_secret; set one, or token_auth = \"none\" for a public client"
    )]
    NoClientSecret,
    /// A secret that is too short to be one.
    #[error("is too short for a secret; use at least {least} characters")]
    ShortSecret {
        /// The fewest characters.
        least: usize,
    },
    /// A name that nobody can read.
    #[error("must have a letter or digit that people can read")]
    Blank,
    /// A redirect URI that the policy refuses.
    #[error("{0}")]
    RedirectUri(redirect_uri::Unacceptable),
    /// No redirect URI.
    #[error("needs at least one redirect URI")]
    NoRedirectUri,
    /// A scope that is not one token.
    #[error(
        "{value:?} is no scope: one scope is one word of visible ASCII without quotes and backslashes (RFC 6749 §3.3)"
    )]
    Scope {
        /// The value.
        value: String,
    },
    /// A parameter that is the protocol's own.
    #[error("{name:?} is set by the protocol itself; remove it")]
    ReservedParameter {
        /// Its name.
        name: String,
    },
    /// A `client_id` that cannot be told from a registered one, or that does not travel.
    #[error(
        "must be 1 to 255 visible ASCII characters and must not start with `vc1_` or `https://`"
    )]
    ClientId,
    /// The id of a resource that a client or another resource has.
    #[error("{value:?} is the id of a client or of another resource too; choose one of its own")]
    IdTaken {
        /// The id.
        value: String,
    },
    /// A client that skips consent, and could be anybody.
    #[error(
        "may skip consent only with a secret and with no redirect URI but https; remove `trusted`, \
         or give it both"
    )]
    Trusted,
    /// Words for a scope that nobody can be granted.
    #[error("{scope:?} is described and is not one of the scopes; add it, or remove its words")]
    DescribesNothing {
        /// The scope.
        scope: String,
    },
    /// A hierarchy of scopes that nobody can be granted.
    #[error(
        "{scope:?} implies or is implied, and is not one of the scopes; add it, or remove it there"
    )]
    ImpliesNothing {
        /// The scope.
        scope: String,
    },
    /// Something about who may sign in.
    #[error(transparent)]
    Access(#[from] AccessFault),
    /// A private-use scheme that is none.
    #[error("{value:?} is no private-use scheme; write it like \"cursor\"")]
    Scheme {
        /// The value.
        value: String,
    },
}

/// Everything that is wrong with a configuration.
pub(crate) fn check(config: &Config) -> Vec<ConfigFault> {
    let mut faults = Faults(Vec::new());
    if config.secrets.is_empty() {
        faults.add("secrets", Fault::NoSecret);
    }
    if config.signing_keys.is_empty() {
        faults.add("signing_key", Fault::NoSigningKey);
    }
    if config.providers.is_empty() {
        faults.add("provider", Fault::NoProvider);
    }
    check_paths(config, &mut faults);
    check_lifetimes(&config.lifetimes, &mut faults);
    check_consent(config.consent, &mut faults);
    check_names(config, &mut faults);
    check_registration(config, &mut faults);
    check_clients(config, &mut faults);
    for (n, provider) in config.providers.iter().enumerate() {
        check_provider(n, provider, &mut faults);
    }
    check_access(config, &mut faults);
    check_unique(&mut faults, "provider", "id", config.providers.iter().map(|p| p.id.as_str()));
    check_unique(&mut faults, "signing_key", "key", config.signing_keys.iter().map(|k| k.kid()));
    check_resources(config, &mut faults);
    faults.0
}

pub(super) struct Faults(Vec<ConfigFault>);

impl Faults {
    pub(super) fn add(&mut self, key: impl fmt::Display, fault: Fault) {
        self.0.push(ConfigFault { key: key.to_string(), fault });
    }

    pub(super) fn check_scopes(&mut self, key: impl fmt::Display, scopes: &[String]) {
        for value in scopes.iter().filter(|scope| !crate::check::scope::is_token(scope)) {
            self.add(&key, Fault::Scope { value: value.clone() });
        }
    }
}

fn check_paths(config: &Config, faults: &mut Faults) {
    let mut taken: Vec<(String, String)> = Vec::new();
    let named = config.paths.named().map(|(key, path)| (format!("paths.{key}"), path.to_owned()));
    let callbacks = config.providers.iter().enumerate().map(|(n, provider)| {
        (format!("provider[{n}].callback_path"), provider.callback_path(&config.paths))
    });
    for (key, path) in named.into_iter().chain(callbacks) {
        if !is_path(&path) {
            faults.add(&key, Fault::BadPath);
        } else if let Some((other, _)) = taken.iter().find(|(_, other)| *other == path) {
            faults.add(&key, Fault::PathTaken { other: other.clone() });
        } else if key != "paths.callback" {
            // Nothing but an alias stands at the callback's own path: a provider may be given it.
            taken.push((key, path));
        }
    }
}

fn is_path(path: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte);
    path.starts_with('/')
        && !path.starts_with("/.well-known")
        && !path.ends_with('/')
        && path.bytes().all(allowed)
        && path[1..].split('/').all(|segment| !matches!(segment, "" | "." | ".."))
}

fn check_lifetimes(lifetimes: &Lifetimes, faults: &mut Faults) {
    let mut check = |key: &str, value: Duration, most: Duration| {
        if value.as_secs() == 0 || value > most {
            faults.add(key, Fault::Lifetime { most: most.as_secs() });
        }
    };
    const DAY: u64 = 24 * 60 * 60;
    check("tokens.access", lifetimes.access, Duration::from_secs(DAY));
    check("tokens.refresh", lifetimes.refresh, lifetimes.grant);
    check("tokens.grant", lifetimes.grant, Duration::from_secs(3650 * DAY));
    check("tokens.code", lifetimes.code, Duration::from_secs(600));
    // A retry inside the grace gets the access token of the first answer, which must be alive.
    let most = lifetimes.access.min(Duration::from_secs(600)).as_secs().saturating_sub(1);
    if lifetimes.grace.as_secs() > most {
        faults.add("tokens.grace", Fault::TooLong { most });
    }
}

fn check_consent(consent: Consent, faults: &mut Faults) {
    if let Consent::Remember(duration) = consent
        && (duration.as_secs() == 0 || duration > Consent::LONGEST)
    {
        let most = Consent::LONGEST.as_secs();
        faults.add("consent.remember_for", Fault::Lifetime { most });
    }
}

/// What people read must be readable.
fn check_names(config: &Config, faults: &mut Faults) {
    let mut check = |key: String, name: Option<&str>| {
        if name.is_some_and(|name| !name.contains(char::is_alphanumeric)) {
            faults.add(key, Fault::Blank);
        }
    };
    check("page.name".to_owned(), config.look.name.as_deref());
    for (n, provider) in config.providers.iter().enumerate() {
        check(format!("provider[{n}].name"), Some(&provider.name));
    }
    for (n, client) in config.clients.iter().enumerate() {
        check(format!("client[{n}].name"), client.name.as_deref());
    }
    for (n, resource) in config.resources.iter().enumerate() {
        check(format!("resource[{n}].name"), resource.name.as_deref());
    }
}

fn check_registration(config: &Config, faults: &mut Faults) {
    for value in &config.registration.private_use_schemes {
        if !Policy::may_be_private_use(value) {
            faults.add("registration.private_use_schemes", Fault::Scheme { value: value.clone() });
        }
    }
}

fn check_clients(config: &Config, faults: &mut Faults) {
    let policy = Policy::new(&config.registration);
    for (n, client) in config.clients.iter().enumerate() {
        check_id(faults, format_args!("client[{n}].id"), client.id.as_str());
        if let Some(secret) = &client.secret {
            check_secret(faults, format_args!("client[{n}].secret"), secret);
        }
        if client.redirect_uris.is_empty() {
            faults.add(format_args!("client[{n}].redirect_uris"), Fault::NoRedirectUri);
        }
        for uri in &client.redirect_uris {
            if let Err(refused) = policy.accept(uri) {
                faults.add(format_args!("client[{n}].redirect_uris"), Fault::RedirectUri(refused));
            }
        }
    }
    for (n, client) in config.clients.iter().enumerate() {
        let is_https = |uri: &String| uri.starts_with("https://");
        let vouched = client.secret.is_some() && client.redirect_uris.iter().all(is_https);
        if client.trusted && !vouched {
            faults.add(format_args!("client[{n}].trusted"), Fault::Trusted);
        }
    }
    check_unique(faults, "client", "id", config.clients.iter().map(|c| c.id.as_str()));
}

/// An id that has a secret or could have one.
pub(super) fn check_id(faults: &mut Faults, key: impl fmt::Display, id: &str) {
    let plain = id.bytes().all(|byte| byte.is_ascii_graphic());
    let reserved = id.starts_with("vc1_") || id.starts_with("https://");
    if id.is_empty() || id.len() > 255 || !plain || reserved {
        faults.add(key, Fault::ClientId);
    }
}

pub(super) fn check_secret(faults: &mut Faults, key: impl fmt::Display, secret: &ClientSecret) {
    if secret.expose().len() < 16 {
        faults.add(key, Fault::ShortSecret { least: 16 });
    }
}

pub(super) fn check_unique<'a>(
    faults: &mut Faults,
    table: &str,
    key: &str,
    values: impl Iterator<Item = &'a str>,
) {
    let mut seen = HashSet::new();
    for (n, value) in values.enumerate() {
        if !seen.insert(value) {
            let value = value.to_owned();
            faults.add(format_args!("{table}[{n}].{key}"), Fault::Duplicate { value });
        }
    }
}
