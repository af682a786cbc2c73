//! From the application's link to its answer.

use oauth2::TokenResponse;

use crate::pages::{CANCEL, SIGN_IN};
use crate::parties::Answer;
use crate::sites::{ANSWER, APP, CONTINUE, NO_SCRIPTS};
use crate::town::{IDP, Known, Plan};

#[test]
fn web_10_a_person_signs_in_and_the_application_gets_its_code() {
    let Some(town) = Plan::of(&[IDP]).open() else { return };
    let desk = town.desk();
    let asked = desk.ask(None);
    town.connect(&asked);
    town.chromium.press(SIGN_IN);
    town.chromium.press(CONTINUE);
    let code = desk.code(&asked, &town.chromium.at(ANSWER));
    assert_eq!(town.chromium.console(), [""; 0]);
    let tokens = desk.redeem(&code, &asked.verifier, None).unwrap();
    assert!(tokens.refresh_token().is_some());
}

/// Chromium applies `form-action` to every redirect after a form: here all the way.
#[test]
fn web_10_no_redirect_on_the_way_is_held_up() {
    const AT_ONCE: Known<'_> = ("idp", "Our identity provider", "at-once");
    const ELSEWHERE: Known<'_> = ("sso", "One with two hosts", "elsewhere");
    let Some(town) = Plan::of(&[AT_ONCE, ELSEWHERE]).open() else { return };
    let mut redirect_uris = vec!["https://app.test/cb".to_owned()];
    redirect_uris.extend(["127.0.0.1", "localhost"].map(|name| town.sites.loopback(name)));
    for redirect_uri in redirect_uris {
        let id = town.register("An application", &redirect_uri);
        let application = town.application(&id, &redirect_uri);
        for provider in ["idp", "sso"] {
            let asked = application.ask(None);
            town.connect(&asked);
            town.chromium.press(&format!("button[name=provider][value={provider}]"));
            let code = application.code(&asked, &town.chromium.at(ANSWER));
            application.redeem(&code, &asked.verifier, None).unwrap();
        }
    }
    assert_eq!(town.chromium.console(), [""; 0]);
}

#[test]
fn a_person_cancels_and_the_application_is_told() {
    let Some(town) = Plan::of(&[IDP]).open() else { return };
    let desk = town.desk();
    let asked = desk.ask(None);
    town.connect(&asked);
    town.chromium.press(CANCEL);
    let denied = Answer::Error("access_denied".to_owned());
    assert_eq!(desk.read(&asked, &town.chromium.at(ANSWER)), denied);
    assert_eq!(town.chromium.console(), [""; 0]);
    assert_eq!(town.flow_cookies(), [""; 0]);
}

#[test]
fn without_scripts_a_person_signs_in() {
    let Some(town) = Plan::of(&[IDP]).without_javascript().open() else { return };
    town.visit(APP, "connect", &[("to", "")]);
    town.chromium.find(NO_SCRIPTS);
    let desk = town.desk();
    let asked = desk.ask(None);
    town.connect(&asked);
    town.chromium.press(SIGN_IN);
    town.chromium.press(CONTINUE);
    desk.code(&asked, &town.chromium.at(ANSWER));
}
