//! GitHub's organisations and teams, with answers shaped as its documentation shows them:
//! <https://docs.github.com/en/rest/orgs/orgs#list-organizations-for-the-authenticated-user>,
//! <https://docs.github.com/en/rest/teams/teams#list-teams-for-the-authenticated-user>.

use serde_json::{Value, json};
use vestibule_core::provider::github;
use vestibule_core::{Access, ClientSecret, Config, ProviderAccess, Rule, Unreachable};

use crate::world::upstream::Answer;
use crate::world::{Browser, World, authorize_with, config, location, query_of};
use crate::{emails, id, names, of, rule, says, sign_in};

fn github_config(access: Access) -> Config {
    let mut provider = github("vestibule", ClientSecret::new("our-secret-upstream"));
    provider.id = id("idp");
    provider.keep_tokens = true;
    provider.scopes.push("read:org".to_owned());
    let mut config = config();
    config.providers = vec![provider];
    config.access = access;
    config
}

pub(crate) fn world(change: impl FnOnce(&mut ProviderAccess)) -> World {
    let mut world = World::of(github_config(of("idp", change)));
    world.upstream.user = says(&json!({ "login": "octocat", "id": 1 }));
    world.upstream.emails = says(&json!([]));
    world
}

pub(crate) fn organizations(logins: &[&str]) -> Answer {
    let organization = |login: &&str| json!({ "login": login, "id": 1, "description": null });
    says(&logins.iter().map(organization).collect())
}

fn teams(teams: &[(&str, &str)]) -> Answer {
    let team = |(organization, slug): &(&str, &str)| -> Value {
        json!({ "id": 1, "name": "A Team", "slug": slug, "organization": { "login": organization } })
    };
    says(&teams.iter().map(team).collect())
}

fn full_page() -> Answer {
    organizations(&["someone-else"; 100])
}

pub(crate) fn asked(world: &World) -> usize {
    world.upstream.calls.iter().filter(|call| call.contains("per_page=")).count()
}

#[test]
fn an_organisation_lets_its_members_in() {
    let of = |logins: &[&str]| {
        let mut world = world(|rules| rules.organizations = names(&["acme", "other"]));
        world.upstream.memberships =
            vec![("/user/orgs?per_page=100&page=1", organizations(logins))];
        (sign_in(&mut world), asked(&world))
    };
    assert!(matches!(of(&["github", "ACME"]), (Ok(_), 1)));
    assert_eq!(of(&["acme-evil", "evil"]), (Err(Rule::Organization), 1));
    assert_eq!(of(&[]), (Err(Rule::Organization), 1));
}

#[test]
fn a_team_lets_its_members_in_and_not_its_namesakes() {
    let of = |of: &[(&str, &str)]| {
        let mut world = world(|rules| rules.teams = names(&["acme/platform"]));
        world.upstream.memberships = vec![("/user/teams?per_page=100&page=1", teams(of))];
        sign_in(&mut world)
    };
    assert!(of(&[("acme", "other"), ("Acme", "platform")]).is_ok());
    assert_eq!(of(&[("evil", "platform"), ("acme", "platform2")]), Err(Rule::Team));
}

#[test]
fn organisations_and_teams_are_both_needed() {
    let mut world = world(|rules| {
        rules.organizations = names(&["acme"]);
        rules.teams = names(&["acme/platform"]);
    });
    world.upstream.memberships =
        vec![("/orgs?per_page=100&page=1", organizations(&["acme"])), ("page=1", teams(&[]))];
    assert_eq!(sign_in(&mut world), Err(Rule::Team));
    world.upstream.memberships[1].1 = teams(&[("acme", "platform")]);
    assert!(sign_in(&mut world).is_ok());
}

#[test]
fn further_pages_are_asked_for_while_they_are_full_and_five_at_most() {
    let mut world = world(|rules| rules.organizations = names(&["acme"]));
    world.upstream.memberships =
        vec![("&page=1", full_page()), ("&page=2", organizations(&["acme"]))];
    assert!(sign_in(&mut world).is_ok());
    assert_eq!(asked(&world), 2);

    let mut world = self::world(|rules| rules.organizations = names(&["acme"]));
    world.upstream.memberships = vec![("", full_page())];
    assert_eq!(sign_in(&mut world), Err(Rule::Organization));
    assert_eq!(asked(&world), 5);
}

#[test]
fn whoever_fails_another_rule_is_not_asked_about() {
    let mut access = of("idp", |rules| rules.organizations = names(&["acme"]));
    access.emails = emails(&["*@example.com"]).emails;
    let mut world =
        world(|rules| rules.organizations = names(&["acme"])).reconfigured(github_config(access));
    assert_eq!(sign_in(&mut world), Err(Rule::NoEmail));
    assert_eq!(asked(&world), 0);
}

#[test]
fn memberships_that_github_hides_are_told_with_the_scope_that_is_missing() {
    for status in [403, 404] {
        let mut world = world(|rules| rules.organizations = names(&["acme"]));
        world.upstream.granted = Some("read:user, user:email");
        world.upstream.memberships = vec![("", Answer::Says(status, "{}".to_owned()))];
        assert_eq!(sign_in(&mut world), Err(Rule::MembershipsHidden), "{status}");
    }
    assert!(Rule::MembershipsHidden.to_string().contains("read:org"));
}

#[test]
fn an_answer_that_is_none_decides_nothing_about_the_person() {
    for (answer, error) in [
        (Answer::Says(500, String::new()), "temporarily_unavailable"),
        (Answer::Says(429, String::new()), "temporarily_unavailable"),
        // Too many requests, as GitHub may say it too.
        (Answer::Says(403, "{}".to_owned()), "temporarily_unavailable"),
        (Answer::Unreachable(Unreachable::Deadline), "temporarily_unavailable"),
        (Answer::Says(401, "{}".to_owned()), "server_error"),
        (Answer::Says(200, "{}".to_owned()), "server_error"),
    ] {
        let mut world = world(|rules| rules.organizations = names(&["acme"]));
        world.upstream.memberships = vec![("", answer)];
        let mut browser = Browser::default();
        let callback = browser.until_callback(&mut world, &authorize_with(&[]));
        let response = browser.get(&mut world, &callback);
        assert_eq!(query_of(location(&response.headers).unwrap())["error"], error);
        assert_eq!((rule(&world), world.store.len()), (None, 0));
    }
}

#[test]
fn whoever_is_no_longer_in_one_of_the_organisations_that_count_loses_the_grant() {
    let mut world = world(|rules| rules.organizations = names(&["acme", "other"]));
    world.upstream.memberships = vec![("", organizations(&["acme"]))];
    let tokens = world.until_tokens();
    let refresh_token = tokens["refresh_token"].as_str().unwrap();
    let access = of("idp", |rules| rules.organizations = names(&["other"]));
    assert_eq!(world.clone().refresh(refresh_token).status, 200);
    let mut world = world.reconfigured(github_config(access));
    assert_eq!(world.refresh(refresh_token).status, 400);
    assert_eq!(rule(&world), Some(Rule::Organization));
}
