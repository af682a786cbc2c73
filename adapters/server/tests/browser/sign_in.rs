//! From the application's link to its answer.

use oauth2::TokenResponse;

use crate::sites::{ANSWER, CONTINUE};
use crate::town::{IDP, Town};

const SIGN_IN: &str = "button[name=provider][value=idp]";

#[test]
fn web_10_a_person_signs_in_and_the_application_gets_its_code() {
    let Some(town) = Town::open(&[IDP]) else { return };
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
