//! What single providers want to be asked otherwise, and what their tokens are not good for. `count`
//! holds the list of them.

use serde_json::json;
use vestibule_core::Refusal;
use vestibule_core::provider::{Provider, TokenAuth, azure, discord, slack};

use crate::peers::linkedin_scene;
use crate::scene::{CLIENT_ID, Scene, secret};
use crate::{azure as entra, github};

const DISCORD_TOKEN: &str = "https://discord.com/api/oauth2/token";

fn at_entra() -> Provider {
    azure(entra::TENANT, CLIENT_ID, secret()).unwrap()
}

/// A scope of an API is written with the API before it; those of OpenID Connect never are.
#[test]
fn quirk_azure_scopes_of_an_api_have_its_name_before_them() {
    let mut provider = at_entra();
    provider.scopes.push("api://notes/read".to_owned());
    let sent = Scene::new(provider, include_str!("fixtures/azure.json")).sent_upstream();
    assert_eq!(sent["scope"], "openid profile email offline_access api://notes/read");
}

/// AADSTS28000: a token request is for one resource. It names none but that of its scopes.
#[test]
fn quirk_azure_takes_one_resource_per_token_request() {
    let mut scene = entra::scene();
    scene.person();
    let token = format!("https://login.microsoftonline.com/{}/oauth2/v2.0/token", entra::TENANT);
    assert!(!scene.asked(&token).contains_key("resource"));
}

/// Azure AD B2C: the issuer has the directory's id in it, and a slash at its end.
#[test]
fn quirk_azure_issuer_of_b2c_is_given_by_hand() {
    let issuer = format!("https://contoso.b2clogin.com/{}/v2.0/", entra::TENANT);
    let mut provider = at_entra();
    provider.metadata_mut().unwrap().issuer = Some(issuer.clone());
    let mut fixture: serde_json::Value =
        serde_json::from_str(include_str!("fixtures/azure.json")).unwrap();
    fixture["id_token"]["iss"] = issuer.into();
    Scene::new(provider, &fixture.to_string()).person();
}

#[test]
fn quirk_discord_is_asked_by_form_and_authenticated_in_three_ways() {
    for (token_auth, inside) in [
        (TokenAuth::Post, ["client_id", "client_secret"].as_slice()),
        (TokenAuth::Basic, &[]),
        (TokenAuth::None, &["client_id"]),
    ] {
        let mut provider = discord(CLIENT_ID, secret());
        provider.token_auth = token_auth;
        let mut scene = Scene::new(provider, include_str!("fixtures/discord.json"));
        scene.person();
        let form = scene.asked(DISCORD_TOKEN);
        let said = |name: &&str| form.contains_key(*name);
        let found: Vec<_> = ["client_id", "client_secret"].into_iter().filter(said).collect();
        assert_eq!(found, inside, "{token_auth}");
    }
}

/// Whoever has got one anywhere could bring it here.
#[test]
fn quirk_github_tokens_have_no_audience() {
    let mut scene = github::scene();
    scene.person();
    assert!(!scene.world.is_live("gho_16C7e42F292c6912E7710c838347Ae178B4a"));
}

/// Scopes of a person stand in a parameter of their own, where an application wants both.
#[test]
fn quirk_slack_has_scopes_of_the_person_in_user_scope() {
    let mut provider = slack(CLIENT_ID, secret());
    provider.authorization_params.push(("user_scope".to_owned(), "search:read".to_owned()));
    let sent = Scene::new(provider, include_str!("fixtures/slack.json")).sent_upstream();
    assert_eq!((&*sent["user_scope"], &*sent["scope"]), ("search:read", "openid profile email"));
}

/// It announces nothing of the kind; where it says one all the same, it is its own.
#[test]
fn quirk_linkedin_may_say_iss() {
    let with = |iss: &str| {
        let mut scene = linkedin_scene();
        scene.fixture["callback"] = json!({ "iss": iss });
        scene
    };
    with("https://www.linkedin.com/oauth").person();
    with("https://www.linkedin.com").assert_refused(Refusal::UpstreamIssuer);
}
