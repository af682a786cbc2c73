//! Who need not be asked.

use oauth2::TokenResponse;

use crate::pages::{REMEMBER, SIGN_IN};
use crate::parties::{Application, Asked};
use crate::sites::{ANSWER, CONTINUE};
use crate::town::{IDP, ISSUER, Plan, REDIRECT_URI, Town};
use crate::wire::Wire;

/// A town that remembers, and whose person had their answer remembered.
fn remembered() -> Option<Town> {
    let town = Plan::of(&[IDP]).with("[consent]\nmode = \"remember\"\n").open()?;
    let desk = town.desk();
    let asked = desk.ask(None);
    town.connect(&asked);
    town.chromium.press(REMEMBER);
    town.chromium.press(SIGN_IN);
    comes_back(&town, &desk, &asked);
    Some(town)
}

fn comes_back(town: &Town, application: &Application<'_, Wire>, asked: &Asked) {
    town.chromium.press(CONTINUE);
    let code = application.code(asked, &town.chromium.at(ANSWER));
    let tokens = application.redeem(&code, &asked.verifier, None).unwrap();
    assert!(tokens.refresh_token().is_some());
}

#[test]
fn who_comes_by_themselves_is_not_asked_again() {
    let Some(town) = remembered() else { return };
    let desk = town.desk();
    let asked = desk.ask(None);
    town.chromium.open(asked.url.as_str());
    comes_back(&town, &desk, &asked);
    assert_eq!(town.chromium.console(), [""; 0]);
}

#[test]
fn sbb_21_whom_a_link_of_another_site_brings_is_asked() {
    let Some(town) = remembered() else { return };
    town.connect(&town.desk().ask(None));
    town.chromium.find(SIGN_IN);
}

#[test]
fn what_is_remembered_is_kept_for_thirty_days_where_no_script_can_read_it() {
    let Some(town) = remembered() else { return };
    let mut cookies = town.cookies();
    cookies.retain(|cookie| cookie["name"].as_str().unwrap().contains("-remembered-"));
    let [cookie] = &*cookies else { panic!("{cookies:?}") };
    assert!(cookie["name"].as_str().unwrap().starts_with("__Host-"));
    for (name, value) in [("secure", true), ("httpOnly", true), ("session", false)] {
        assert_eq!(cookie[name], value, "{name}");
    }
    assert_eq!(cookie["sameSite"], "Lax");
    town.chromium.open(&format!("{ISSUER}/health"));
    let seconds = town.chromium.run("return Date.now() / 1000").as_f64().unwrap();
    let left = cookie["expires"].as_f64().unwrap() - seconds;
    assert!((29.9..=30.0).contains(&(left / 86_400.0)), "{left} s");
}

#[test]
fn a_trusted_application_leads_straight_to_the_provider() {
    const SECRET: &str = "a secret of the house's";
    let trusted = format!(
        "[[client]]\nid = \"house\"\nsecret = \"{SECRET}\"\ntrusted = true\n\
         redirect_uris = [\"{REDIRECT_URI}\"]\n"
    );
    let Some(town) = Plan::of(&[IDP]).with(&trusted).open() else { return };
    let house = town.application_with("house", Some(SECRET), REDIRECT_URI);
    let asked = house.ask(None);
    town.connect(&asked);
    comes_back(&town, &house, &asked);
    assert_eq!(town.chromium.console(), [""; 0]);
}
