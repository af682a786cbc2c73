//! Rules that cannot be meant keep a server from being made.

use vestibule_core::provider::{github, google};
use vestibule_core::{Access, ClientSecret, ProviderAccess, Server};

use crate::world::config;
use crate::{emails, names, of};

/// Google, GitHub and one of which nothing is known, with these rules: what is wrong.
fn faults(access: Access) -> Vec<String> {
    let secret = || ClientSecret::new("our-secret-upstream");
    let mut config = config();
    config.providers.truncate(1);
    config.providers.insert(0, google("vestibule", secret()));
    config.providers.insert(1, github("vestibule", secret()));
    config.access = access;
    match Server::new(config) {
        Ok(_) => Vec::new(),
        Err(invalid) => invalid.faults.iter().map(ToString::to_string).collect(),
    }
}

/// The same for rules of one provider beside `emails`.
fn faults_of(provider: &str, change: impl FnOnce(&mut ProviderAccess)) -> Vec<String> {
    let mut access = of(provider, change);
    access.emails = emails(&["*@example.com"]).emails;
    faults(access)
}

#[test]
fn a_provider_without_a_rule_is_no_open_door() {
    let access = of("google", |rules| rules.hosted_domains = names(&["example.com"]));
    let open = "everybody could sign in with this provider";
    let found = faults(access);
    let starts = [format!("provider[1]: {open}"), format!("provider[2]: {open}")];
    assert!(found.iter().zip(&starts).all(|(fault, start)| fault.starts_with(start)), "{found:?}");
    assert_eq!(found.len(), 2);
    let found = faults_of("google", |rules| rules.hosted_domains = names(&["example.com"]));
    assert!(found.is_empty(), "{found:?}");
}

#[test]
fn organisations_need_the_providers_tokens_and_the_scope_that_shows_them() {
    let found = faults_of("github", |rules| rules.organizations = names(&["acme"]));
    assert_eq!(
        found,
        [
            "provider[1].keep_tokens: organizations and teams are asked for again while people \
             stay signed in, with the provider's tokens; set keep_tokens = true",
            "provider[1].scopes: organizations and teams are shown for the scope \"read:org\" \
             only; add it",
        ]
    );
}

#[test]
fn rules_that_mean_nothing_are_named_with_those_that_do() {
    let found = [
        faults_of("google", |rules| rules.organizations = names(&["acme"])),
        faults_of("github", |rules| rules.hosted_domains = names(&["example.com"])),
        faults_of("idp", |rules| rules.tenants = names(&["x"])),
        faults_of("idp", |_| {}),
        faults_of("gitlab", |rules| rules.organizations = names(&["acme"])),
    ]
    .concat();
    assert_eq!(
        found,
        [
            "access.providers.google.organizations: means nothing for this provider; for Google \
             there is `hosted_domains`",
            "access.providers.github.hosted_domains: means nothing for this provider; for GitHub \
             there are `organizations` and `teams`",
            "access.providers.idp.tenants: means nothing for this provider; its people are known \
             by their address alone: use `emails` in [access]",
            "access.providers.idp: has no rule in it; its people are known by their address alone: \
             use `emails` in [access]",
            "access.providers.gitlab: \"gitlab\" is the id of no provider; the providers are \
             google, github, idp",
        ]
    );
}

#[test]
fn entries_that_can_fit_nothing_are_named() {
    let domain = faults_of("google", |rules| rules.hosted_domains = names(&["*@example.com"]));
    assert_eq!(
        domain,
        ["access.providers.google.hosted_domains: \"*@example.com\" is none; write it like \
          \"example.com\""]
    );
    let mut access = of("github", |rules| rules.teams = names(&["platform"]));
    access.emails = emails(&["*@example.com"]).emails;
    assert_eq!(
        faults(access),
        ["access.providers.github.teams: \"platform\" is none; write it like \"acme/platform\": \
          the organization, and the team's slug"]
    );
}
