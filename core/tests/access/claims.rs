//! Google's hosted domain, Entra's directory, Slack's workspace: claims of the ID token.

use serde_json::json;
use vestibule_core::provider::{Provider, azure, google, slack};
use vestibule_core::{Access, ClientSecret, Rule};

use crate::world::browser::callback_of;
use crate::world::id_tokens::{IdToken, Key, jwk_set};
use crate::world::{Browser, World, authorize_with, config, location, query_of};
use crate::{came_back, id, names, of, says};

const TENANT: &str = "0a1b2c3d-0000-4000-8000-000000000001";
const OTHER: &str = "0a1b2c3d-0000-4000-8000-000000000002";

fn secret() -> ClientSecret {
    ClientSecret::new("our-secret-upstream")
}

/// A sign-in with these claims at a provider whose id is made `idp`.
fn sign_in(
    mut provider: Provider,
    issuer: &str,
    access: Access,
    claims: &[(&str, &str)],
) -> Result<String, Rule> {
    provider.id = id("idp");
    let mut config = config();
    config.providers = vec![provider];
    config.access = access;
    let mut world = World::of(config);
    world.upstream.keys = says(&jwk_set(&[("one", Key::Rsa)]));
    let mut browser = Browser::default();
    let upstream = browser.until_upstream(&mut world, &authorize_with(&[]));
    let nonce = &query_of(&upstream)["nonce"];
    let mut token = IdToken::new(issuer, "vestibule", nonce, world.now, "one", Key::Rsa);
    for (name, value) in claims {
        token = token.claim(name, *value);
    }
    // What userinfo says of an organisation is nobody's signed word.
    let user = json!({ "sub": "alice", "hd": "example.com", "https://slack.com/team_id": "T1" });
    world.upstream.user = says(&user);
    world.upstream.token = says(&json!({
        "access_token": "upstream-access",
        "token_type": "Bearer",
        "id_token": token.text(),
    }));
    let callback = callback_of(&upstream, &[("code", "upstream-code"), ("iss", issuer)]);
    came_back(&mut world, &mut browser, &callback)
}

#[test]
fn a_hosted_domain_lets_its_accounts_in_and_not_those_with_its_addresses() {
    let of_claims = |claims: &[(&str, &str)]| {
        let access = of("idp", |rules| rules.hosted_domains = names(&["example.com"]));
        sign_in(google("vestibule", secret()), "https://accounts.google.com", access, claims)
    };
    assert!(of_claims(&[("hd", "Example.com")]).is_ok());
    for claims in [&[("email", "a@example.com")][..], &[("hd", "evil.test")], &[("hd", "")]] {
        assert_eq!(of_claims(claims), Err(Rule::HostedDomain), "{claims:?}");
    }
}

#[test]
fn a_directory_lets_its_people_in() {
    let of_tenant = |tenant: &str| {
        let access = of("idp", |rules| rules.tenants = names(&[TENANT]));
        let issuer = format!("https://login.microsoftonline.com/{tenant}/v2.0");
        let azure = azure("organizations", "vestibule", secret()).unwrap();
        sign_in(azure, &issuer, access, &[("tid", tenant), ("oid", "alice")])
    };
    assert!(of_tenant(TENANT).is_ok());
    assert_eq!(of_tenant(OTHER), Err(Rule::Tenant));
}

#[test]
fn a_workspace_of_slack_lets_its_people_in() {
    let of_team = |team: &str| {
        let access = of("idp", |rules| rules.teams = names(&["T0", "T1"]));
        let claims = [("https://slack.com/team_id", team), ("https://slack.com/user_id", "alice")];
        sign_in(slack("vestibule", secret()), "https://slack.com", access, &claims)
    };
    assert!(of_team("T1").is_ok());
    assert_eq!(of_team("T2"), Err(Rule::Team));
}

#[test]
fn an_address_and_a_rule_of_the_provider_are_both_needed() {
    let mut access = of("idp", |rules| rules.hosted_domains = names(&["example.com"]));
    access.emails = crate::emails(&["alice@example.com"]).emails;
    let claims = [("hd", "example.com"), ("email", "alice@example.com")];
    let refused =
        sign_in(google("vestibule", secret()), "https://accounts.google.com", access, &claims);
    assert_eq!(refused, Err(Rule::EmailUnverified));
}

#[test]
fn a_page_is_shown_to_the_refused_only() {
    let mut world = World::new();
    let mut browser = Browser::default();
    let upstream = browser.until_upstream(&mut world, &authorize_with(&[]));
    let denied = browser.get(&mut world, &callback_of(&upstream, &[("error", "access_denied")]));
    assert_eq!(query_of(location(&denied.headers).unwrap())["error"], "access_denied");
}
