//! What single providers do otherwise than the specifications, or than one another. `count` holds
//! the list of them.

use serde_json::{Value, json};
use vestibule_core::provider::{IdToken, azure, azure_at, github_enterprise, gitlab_at};
use vestibule_core::{EndpointUrl, Event, JwtFault, Refusal};

use crate::scene::{ANOTHERS, CLIENT_ID, NO_BEARER, NO_JSON, NOBODY, SECRET, Scene, secret};
use crate::world::browser::callback_of;
use crate::world::upstream::Answer;
use crate::world::{Browser, error_of, location, query_of};
use crate::{azure as entra, discord, github, gitlab, google, slack};

const GITHUB_TOKEN: &str = "https://github.com/login/oauth/access_token";
const GITHUB_USER: &str = "https://api.github.com/user";
const GITHUB_EMAILS: &str = "https://api.github.com/user/emails";
const GITLAB_TOKEN: &str = "https://gitlab.com/oauth/token";
const GITLAB_USER: &str = "https://gitlab.com/oauth/userinfo";
const SLACK_TOKEN: &str = "https://slack.com/api/openid.connect.token";
const SLACK_USER: &str = "https://slack.com/api/openid.connect.userInfo";
const DISCORD_USER: &str = "https://discord.com/api/users/@me";

fn url(text: &str) -> EndpointUrl {
    EndpointUrl::parse(text).unwrap()
}

/// A fixture whose URLs are elsewhere.
fn moved(fixture: &str, from: &str, to: &str) -> String {
    assert!(fixture.contains(from));
    fixture.replace(from, to)
}

#[test]
fn quirk_google_gives_a_refresh_token_only_offline_and_after_consent() {
    let asked = google::scene().sent_upstream();
    assert_eq!((&*asked["access_type"], &*asked["prompt"]), ("offline", "consent"));
    assert_eq!(google::scene().person()["granted"]["refresh_token"], true);
}

#[test]
fn quirk_google_writes_scopes_as_uris() {
    let granted = google::scene().person()["granted"]["scope"].clone();
    assert!(granted.as_str().unwrap().contains("https://www.googleapis.com/auth/userinfo.email"));
}

/// The second version of the userinfo document has `id` and `verified_email`.
#[test]
fn quirk_google_writes_verified_email_in_version_2() {
    let mut provider = vestibule_core::provider::google(CLIENT_ID, secret());
    provider.id_token = IdToken::Ignored;
    let userinfo = "https://www.googleapis.com/oauth2/v2/userinfo";
    provider.metadata_mut().unwrap().userinfo_endpoint = Some(url(userinfo));
    let mut scene = Scene::new(provider, include_str!("fixtures/google.json"));
    scene.fixture["answers"][userinfo] =
        json!({ "id": "107691503500", "email": "j@example.com", "verified_email": true });
    let person = scene.person();
    assert_eq!(
        (&person["subject"], &person["email_verified"]),
        (&"107691503500".into(), &true.into())
    );
}

#[test]
fn quirk_google_issuer_has_no_slash() {
    google::scene()
        .with_claim("iss", "https://accounts.google.com/".into())
        .assert_refused(Refusal::IdToken(JwtFault::Issuer));
}

#[test]
fn quirk_google_hosted_domain_is_for_the_application_to_read() {
    assert_eq!(google::scene().person()["raw"]["hd"], "example.com");
}

/// As its discovery document announces.
#[test]
fn quirk_google_says_iss() {
    for iss in [json!({}), json!({ "iss": "https://evil.test" })] {
        let mut scene = google::scene();
        scene.fixture["callback"] = iss;
        scene.assert_refused(Refusal::UpstreamIssuer);
    }
}

/// It did for a while, and may again.
#[test]
fn quirk_github_may_say_iss() {
    let with = |iss: &str| {
        let mut scene = github::scene();
        scene.fixture["callback"] = json!({ "iss": iss });
        scene
    };
    assert_eq!(with("https://github.com/login/oauth").person()["subject"], "583231");
    with("https://github.com").assert_refused(Refusal::UpstreamIssuer);
    with("https://evil.test").assert_refused(Refusal::UpstreamIssuer);
}

#[test]
fn quirk_github_error_with_status_200() {
    let error = json!({ "error": "bad_verification_code", "error_description": "planted" });
    github::scene().saying(GITHUB_TOKEN, error).assert_refused(Refusal::UpstreamError);
}

#[test]
fn quirk_github_answers_with_json_only_where_it_is_asked_for() {
    let mut scene = github::scene();
    scene.person();
    assert!(scene.world.upstream.headers.iter().all(|it| it["accept"] == "application/json"));
    let form = "access_token=planted&scope=user%3Aemail&token_type=bearer";
    github::scene().saying(GITHUB_TOKEN, form.into()).assert_refused(NO_JSON);
}

#[test]
fn quirk_github_wants_to_know_who_is_asking() {
    let mut scene = github::scene();
    scene.person();
    assert!(scene.world.upstream.headers.iter().all(|it| it.contains_key("user-agent")));
    assert_eq!(scene.world.upstream.headers.len(), 3);
}

#[test]
fn quirk_github_separates_granted_scopes_by_commas() {
    assert_eq!(github::scene().person()["granted"]["scope"], "read:user,user:email");
}

#[test]
fn quirk_github_id_is_a_number() {
    assert_eq!(github::scene().with(GITHUB_USER, "id", json!(1)).person()["subject"], "1");
    for id in [json!(0), json!(-1), json!(1.5), Value::Null] {
        github::scene().with(GITHUB_USER, "id", id).assert_refused(NOBODY);
    }
}

#[test]
fn quirk_github_keeps_addresses_at_an_endpoint_of_their_own() {
    let of = |addresses: Value| {
        // What stands in the profile is what the person wants others to see.
        let scene = github::scene().with(GITHUB_USER, "email", "profile@example.com".into());
        let person = scene.saying(GITHUB_EMAILS, addresses).person();
        (person["email"].clone(), person["email_verified"].clone())
    };
    let address = |email: &str, primary: bool, verified: bool| json!({ "email": email, "primary": primary, "verified": verified, "visibility": null });
    let (verified, other) = (address("a@b.test", true, true), address("c@d.test", false, true));
    assert_eq!(of(json!([other, verified])), ("a@b.test".into(), true.into()));
    assert_eq!(of(json!([address("a@b.test", true, false), other])), (Value::Null, false.into()));
    assert_eq!(of(json!([])), (Value::Null, false.into()));
    github::scene()
        .saying(GITHUB_EMAILS, json!({ "message": "planted" }))
        .assert_refused(Refusal::UpstreamMalformed("the list of addresses is no JSON array"));
}

#[test]
fn quirk_github_tokens_may_expire_or_not() {
    assert_eq!(github::scene().person()["granted"]["expires_in"], Value::Null);
    let expiring = github::scene()
        .with(GITHUB_TOKEN, "expires_in", json!(28800))
        .with(GITHUB_TOKEN, "refresh_token", "ghr_1B4a2e77838347a7E420".into())
        .with(GITHUB_TOKEN, "refresh_token_expires_in", json!(15_897_600))
        .person();
    assert_eq!(expiring["granted"]["expires_in"], 28800);
}

/// Where they end: the old one is dead then, and its own word for that ends our grant.
#[test]
fn quirk_github_refresh_tokens_work_once() {
    let mut scene = github::scene().keeping();
    let asked = scene.refreshes();
    assert!(asked.iter().all(|asked| asked["refresh_token"].starts_with("ghr_")));
    assert_ne!(asked[0]["refresh_token"], asked[1]["refresh_token"]);
    let tokens = scene.tokens();
    let error = json!({ "error": "bad_refresh_token", "error_description": "planted" });
    let answer = Answer::Says(200, error.to_string());
    scene.world.upstream.routes.insert(GITHUB_TOKEN.to_owned(), answer);
    scene.world.pass(28800);
    let ours = tokens["refresh_token"].as_str().unwrap();
    assert_eq!(error_of(&scene.world.refresh(ours)), (400, "invalid_grant".to_owned()));
    assert!(!scene.world.is_live(tokens["access_token"].as_str().unwrap()));
}

#[test]
fn quirk_github_has_pkce_by_now() {
    assert_eq!(github::scene().sent_upstream()["code_challenge_method"], "S256");
}

#[test]
fn quirk_github_enterprise_has_its_api_below_its_site() {
    let fixture = include_str!("fixtures/github.json");
    let fixture = moved(fixture, "https://api.github.com", "https://git.example.com/api/v3");
    let fixture = moved(&fixture, "https://github.com/login", "https://git.example.com/login");
    let base = url("https://git.example.com/");
    Scene::new(github_enterprise(&base, CLIENT_ID, secret()), &fixture).assert_signs_in();
}

/// Of `common` and its like the issuer is a template, in which each token's own tenant stands.
#[test]
fn quirk_azure_issuer_of_all_tenants_is_a_template() {
    for any in ["common", "organizations", "consumers"] {
        let scene = || {
            let fixture = include_str!("fixtures/azure.json");
            let keys = format!("{}/discovery", entra::TENANT);
            let fixture = moved(fixture, &keys, &format!("{any}/discovery"));
            let endpoints = format!("{}/oauth2", entra::TENANT);
            let fixture = moved(&fixture, &endpoints, &format!("{any}/oauth2"));
            Scene::new(azure(any, CLIENT_ID, secret()).unwrap(), &fixture)
        };
        scene().assert_signs_in();
        let other = "99999999-2222-3333-4444-555555555555";
        scene().with_claim("tid", other.into()).assert_refused(Refusal::IdToken(JwtFault::Issuer));
        scene()
            .with_claim("tid", "../evil".into())
            .assert_refused(Refusal::IdToken(JwtFault::Tenant));
        scene().with_claim("tid", Value::Null).assert_refused(Refusal::IdToken(JwtFault::Tenant));
    }
    // Nor does a tenant take another's.
    let other = "https://login.microsoftonline.com/99999999-2222-3333-4444-555555555555/v2.0";
    entra::scene()
        .with_claim("iss", other.into())
        .assert_refused(Refusal::IdToken(JwtFault::Issuer));
}

/// AADSTS901002: what a client asked of us means nothing there.
#[test]
fn quirk_azure_refuses_a_resource() {
    assert!(!entra::scene().sent_upstream().contains_key("resource"));
}

/// AADSTS28003.
#[test]
fn quirk_azure_wants_the_scopes_again() {
    let mut scene = entra::scene();
    scene.person();
    let token = format!("https://login.microsoftonline.com/{}/oauth2/v2.0/token", entra::TENANT);
    assert_eq!(scene.asked(&token)["scope"], "openid profile email offline_access");
}

#[test]
fn quirk_azure_person_is_tenant_and_object_not_an_address() {
    let mut scene = entra::scene().with_claim("email", "another@microsoft.com".into());
    let subject = scene.person()["subject"].clone();
    assert_eq!(subject, entra::scene().fixture["person"]["subject"]);
    entra::scene().with_claim("oid", Value::Null).assert_refused(NOBODY);
}

/// Anybody can write any address into a directory of their own.
#[test]
fn quirk_azure_addresses_are_verified_by_xms_edov_only() {
    let verified = |claim, value: Value| {
        entra::scene().with_claim(claim, value).person()["email_verified"].clone()
    };
    assert_eq!(verified("email_verified", true.into()), false);
    assert_eq!(verified("xms_edov", "1".into()), false);
    assert_eq!(verified("xms_edov", true.into()), true);
}

/// It answers with a JSON body of numbers and texts, of which nothing reaches the client.
#[test]
fn quirk_azure_explains_errors_at_length() {
    let mut scene = entra::scene();
    let mut browser = Browser::default();
    let upstream = scene.until_upstream(&mut browser);
    scene.answer_for(&upstream);
    let error = json!({
        "error": "invalid_scope",
        "error_description": "AADSTS70011: planted. The provided value for scope is not valid.",
        "error_codes": [70011],
        "timestamp": "2027-01-15 08:00:00Z",
        "trace_id": "255d1aef-8c98-452f-ac51-23d051240864",
        "correlation_id": "fb3d2015-bc17-4bb9-bb85-30c5cf1aaaa7",
    });
    let token = format!("https://login.microsoftonline.com/{}/oauth2/v2.0/token", entra::TENANT);
    scene.world.upstream.routes.insert(token, Answer::Says(400, error.to_string()));
    let callback = callback_of(&upstream, &scene.callback(("code", "upstream-code")));
    let response = browser.get(&mut scene.world, &callback);
    let told = location(&response.headers).unwrap();
    assert_eq!(query_of(told)["error"], "server_error");
    assert!(!told.contains("AADSTS") && !told.contains("planted"), "{told}");
    let refused = Event::Refused { refusal: Refusal::UpstreamError };
    assert_eq!(scene.world.events.last(), Some(&refused));
}

#[test]
fn quirk_azure_clouds_have_authorities_of_their_own() {
    let fixture = include_str!("fixtures/azure.json");
    let fixture = moved(fixture, "login.microsoftonline.com", "login.microsoftonline.us");
    let authority = url("https://login.microsoftonline.us");
    let provider = azure_at(&authority, entra::TENANT, CLIENT_ID, secret()).unwrap();
    Scene::new(provider, &fixture).assert_signs_in();
}

#[test]
fn quirk_gitlab_may_be_below_a_path() {
    let fixture =
        moved(include_str!("fixtures/gitlab.json"), "https://gitlab.com", "https://x.test/git");
    Scene::new(gitlab_at(&url("https://x.test/git/"), CLIENT_ID, secret()), &fixture)
        .assert_signs_in();
}

#[test]
fn quirk_gitlab_may_omit_the_lifetime() {
    let person = gitlab::scene().with(GITLAB_TOKEN, "expires_in", Value::Null).person();
    assert_eq!(person["granted"]["expires_in"], Value::Null);
}

/// A lifetime begins when the answer comes, whenever the provider says that the token was made.
#[test]
fn quirk_gitlab_says_when_a_token_was_made() {
    for created_at in [json!(1), json!(4_000_000_000_u64), json!("planted"), Value::Null] {
        let person = gitlab::scene().with(GITLAB_TOKEN, "created_at", created_at).person();
        assert_eq!(person["granted"]["expires_in"], 7200);
    }
}

/// Each works once, with the access token beside it.
#[test]
fn quirk_gitlab_rotates_refresh_tokens() {
    let asked = gitlab::scene().keeping().refreshes();
    assert_ne!(asked[0]["refresh_token"], asked[1]["refresh_token"]);
}

#[test]
fn quirk_gitlab_id_tokens_live_two_minutes() {
    let mut scene = gitlab::scene();
    scene.change = |right| {
        let issued = right.claims["iat"].as_u64().unwrap();
        right.claim("exp", issued + 120)
    };
    assert_eq!(scene.person()["subject"], "42");
}

/// `/api/v4/user` does not tell whether an address is verified.
#[test]
fn quirk_gitlab_verifies_addresses_at_userinfo() {
    assert_eq!(gitlab::scene().person()["email_verified"], true);
    let unsaid = gitlab::scene().with(GITLAB_USER, "email_verified", Value::Null);
    assert_eq!({ unsaid }.person()["email_verified"], false);
}

#[test]
fn quirk_slack_error_with_status_200() {
    let error = json!({ "ok": false, "error": "planted_invalid_code" });
    slack::scene().saying(SLACK_TOKEN, error.clone()).assert_refused(Refusal::UpstreamError);
    slack::scene().saying(SLACK_USER, error).assert_refused(Refusal::UpstreamError);
    slack::scene().saying(SLACK_TOKEN, json!({ "ok": false })).assert_refused(NO_BEARER);
    slack::scene().saying(SLACK_USER, json!({ "ok": false })).assert_refused(ANOTHERS);
}

/// The answer of `oauth.v2.access` is of a bot; the person is nested.
#[test]
fn quirk_slack_installation_is_no_sign_in() {
    let installed = json!({
        "ok": true,
        "access_token": "planted",
        "token_type": "bot",
        "scope": "commands,incoming-webhook",
        "authed_user": { "id": "U1234", "access_token": "planted", "token_type": "user" },
    });
    slack::scene().saying(SLACK_TOKEN, installed).assert_refused(NO_BEARER);
}

#[test]
fn quirk_slack_separates_granted_scopes_by_commas() {
    let scope = "openid,profile,email";
    let person = slack::scene().with(SLACK_TOKEN, "scope", scope.into()).person();
    assert_eq!(person["granted"]["scope"], scope);
}

/// Where an application has turned token rotation on.
#[test]
fn quirk_slack_tokens_may_expire_or_not() {
    let granted = slack::scene().person()["granted"].clone();
    assert_eq!((&granted["expires_in"], &granted["refresh_token"]), (&Value::Null, &false.into()));
    let mut scene = slack::scene().keeping();
    scene.fixture["refresh"] = json!({
        "token": { "expires_in": 43200, "refresh_token": "xoxe-1-first" },
        "answer": {
            "ok": true,
            "access_token": "xoxe.xoxp-1-{n}",
            "token_type": "Bearer",
            "expires_in": 43200,
            "refresh_token": "xoxe-1-{n}",
        },
        "asked": { "client_id": CLIENT_ID, "client_secret": SECRET },
    });
    assert_eq!(scene.refreshes()[1]["refresh_token"], "xoxe-1-1");
}

#[test]
fn quirk_slack_person_is_team_and_user_by_claims_that_are_urls() {
    let other = slack::scene().with_claim("https://slack.com/team_id", "T9".into()).person();
    assert_eq!(other["subject"], "T9:U0R7JM");
    let neither = slack::scene().with_claim("https://slack.com/team_id", Value::Null).with(
        SLACK_USER,
        "https://slack.com/team_id",
        Value::Null,
    );
    neither.assert_refused(NOBODY);
}

#[test]
fn quirk_discord_picture_is_a_hash() {
    let of = |avatar: Value| {
        discord::scene().with(DISCORD_USER, "avatar", avatar).person()["picture"].clone()
    };
    let avatars = "https://cdn.discordapp.com/avatars/80351110224678912";
    assert_eq!(of("a_83427290".into()), format!("{avatars}/a_83427290.png"));
    assert_eq!(of(Value::Null), Value::Null);
    assert_eq!(of("../../evil".into()), Value::Null);
}

/// A number would lose its last digits in many a reader.
#[test]
fn quirk_discord_id_is_a_text_of_digits() {
    let id = "18446744073709551615";
    assert_eq!(discord::scene().with(DISCORD_USER, "id", id.into()).person()["subject"], id);
}

#[test]
fn quirk_discord_address_may_be_null_and_verified_is_its_member() {
    let none = discord::scene().saying(
        DISCORD_USER,
        json!({ "id": "8", "username": "nelly", "email": null, "verified": true }),
    );
    let none = { none }.person();
    assert_eq!((&none["email"], &none["email_verified"]), (&Value::Null, &false.into()));
    let unverified = discord::scene().with(DISCORD_USER, "verified", false.into()).person();
    assert_eq!(unverified["email_verified"], false);
}

#[test]
fn quirk_discord_has_two_names() {
    let without = discord::scene().with(DISCORD_USER, "global_name", Value::Null).person();
    assert_eq!(without["name"], "nelly");
}

#[test]
fn quirk_discord_says_iss() {
    for iss in [json!({}), json!({ "iss": "https://evil.test" })] {
        let mut scene = discord::scene();
        scene.fixture["callback"] = iss;
        scene.assert_refused(Refusal::UpstreamIssuer);
    }
}
