//! What is wrong with who may sign in.

use super::Config;
use super::fault::Faults;
use crate::access::{OrganizationClaim, ProviderAccess};
use crate::provider::{Provider, Way};
use crate::tenant::is_tenant_id;

/// What is wrong with a rule of [`Access`](crate::Access), with the mend.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AccessFault {
    /// Rules for a provider that is not there.
    #[error("{provider:?} is the id of no provider; the providers are {known}")]
    UnknownProvider {
        /// The id.
        provider: String,
        /// Those that there are.
        known: String,
    },
    /// A provider without a rule, where others have one.
    #[error(
        "everybody could sign in with this provider, while others have rules; give it rules of its \
         own in [access.providers.{provider}], or set `emails` in [access] for all"
    )]
    OpenDoor {
        /// The provider's id.
        provider: String,
    },
    /// A table of rules without one.
    #[error("has no rule in it; {known}")]
    NoRule {
        /// What rules there are for the provider.
        known: &'static str,
    },
    /// A rule that the provider cannot be asked about.
    #[error("means nothing for this provider; {known}")]
    NotHere {
        /// What does.
        known: &'static str,
    },
    /// An entry that cannot fit anything.
    #[error("{value:?} is none; write it like {like}")]
    Entry {
        /// The entry.
        value: String,
        /// What one looks like.
        like: &'static str,
    },
    /// Memberships cannot be asked for again.
    #[error(
        "organizations and teams are asked for again while people stay signed in, with the \
         provider's tokens; set keep_tokens = true"
    )]
    KeepTokens,
    /// Memberships cannot be seen.
    #[error("organizations and teams are shown for the scope \"read:org\" only; add it")]
    NoReadOrg,
}

const NONE: &str = "its people are known by their address alone: use `emails` in [access]";

pub(super) fn check_access(config: &Config, faults: &mut Faults) {
    let access = &config.access;
    let known: Vec<_> = config.providers.iter().map(|provider| provider.id.as_str()).collect();
    for id in access.providers.keys() {
        // Without any, that is what is said.
        if !known.is_empty() && !known.contains(&id.as_str()) {
            let (provider, known) = (id.to_string(), known.join(", "));
            let fault = AccessFault::UnknownProvider { provider, known };
            faults.add(format_args!("access.providers.{id}"), fault.into());
        }
    }
    for (n, provider) in config.providers.iter().enumerate() {
        match access.of(&provider.id) {
            Some(rules) => check_rules(n, provider, rules, faults),
            None if access.emails.is_empty() && !access.allows_everybody() => {
                let fault = AccessFault::OpenDoor { provider: provider.id.to_string() };
                faults.add(format_args!("provider[{n}]"), fault.into());
            }
            None => {}
        }
    }
}

/// A list by its key, what its entries look like where the provider has it, and what an entry is.
type List<'a> = (&'static str, &'a [String], Option<&'static str>, fn(&str) -> bool);

fn check_rules(n: usize, provider: &Provider, rules: &ProviderAccess, faults: &mut Faults) {
    let key = format!("access.providers.{}", provider.id);
    let github = matches!(provider.way, Way::GitHub(_));
    let is = |claim| provider.organization == Some(claim);
    let known = match provider.organization {
        _ if github => "for GitHub there are `organizations` and `teams`",
        Some(OrganizationClaim::HostedDomain) => "for Google there is `hosted_domains`",
        Some(OrganizationClaim::Tenant) => "for Microsoft Entra there is `tenants`",
        Some(OrganizationClaim::SlackTeam) => "for Slack there is `teams`",
        None => NONE,
    };
    if rules.is_empty() {
        faults.add(&key, AccessFault::NoRule { known }.into());
    }
    let teams = if github {
        Some("\"acme/platform\": the organization, and the team's slug")
    } else {
        is(OrganizationClaim::SlackTeam).then_some("\"T0123ABCD\", the workspace's id")
    };
    let domain = is(OrganizationClaim::HostedDomain).then_some("\"example.com\"");
    let tenant = is(OrganizationClaim::Tenant)
        .then_some("\"72f988bf-86f1-41af-91ab-2d7cd011db47\", a UUID in lower case");
    let lists: [List<'_>; 4] = [
        ("organizations", &rules.organizations, github.then_some("\"acme\""), is_name),
        ("teams", &rules.teams, teams, if github { is_team } else { is_name }),
        ("hosted_domains", &rules.hosted_domains, domain, is_name),
        ("tenants", &rules.tenants, tenant, is_tenant_id),
    ];
    for (list, entries, like, is_entry) in lists {
        let key = format!("{key}.{list}");
        let Some(like) = like else {
            if !entries.is_empty() {
                faults.add(key, AccessFault::NotHere { known }.into());
            }
            continue;
        };
        for value in entries.iter().filter(|entry| !is_entry(entry)) {
            faults.add(&key, AccessFault::Entry { value: value.clone(), like }.into());
        }
    }
    if github && rules.asks_for_memberships() {
        check_memberships(n, provider, faults);
    }
}

fn check_memberships(n: usize, provider: &Provider, faults: &mut Faults) {
    if !provider.keep_tokens {
        faults.add(format_args!("provider[{n}].keep_tokens"), AccessFault::KeepTokens.into());
    }
    // Each of these contains it.
    let shows = |scope: &String| matches!(scope.as_str(), "read:org" | "write:org" | "admin:org");
    if !provider.scopes.iter().any(shows) {
        faults.add(format_args!("provider[{n}].scopes"), AccessFault::NoReadOrg.into());
    }
}

/// A login, a slug, a domain, an id.
fn is_name(text: &str) -> bool {
    (1..=253).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
}

fn is_team(text: &str) -> bool {
    text.split_once('/').is_some_and(|(organization, slug)| is_name(organization) && is_name(slug))
}
