//! What people do besides going straight on: two tabs, two clicks, "reload", "back".

use crate::pages::{SIGN_IN, assert_error};
use crate::sites::{ANSWER, CONTINUE};
use crate::town::{IDP, Plan};

#[test]
fn sbb_16_two_tabs_at_once_both_complete() {
    let Some(town) = Plan::of(&[IDP]).open() else { return };
    let (chromium, desk) = (&town.chromium, town.desk());
    let asked = [desk.ask(None), desk.ask(None)];
    let tabs = [chromium.tab(), chromium.new_tab()];
    let step = |act: &dyn Fn(usize)| {
        for (n, tab) in tabs.iter().enumerate() {
            chromium.switch_to(tab);
            act(n);
        }
    };
    step(&|n| town.connect(&asked[n]));
    step(&|_| chromium.press(SIGN_IN));
    step(&|_| chromium.press(CONTINUE));
    step(&|n| {
        let code = desk.code(&asked[n], &chromium.at(ANSWER));
        desk.redeem(&code, &asked[n].verifier, None).unwrap();
    });
}

#[test]
fn sbb_15_two_clicks_are_one_sign_in() {
    let Some(town) = Plan::of(&[IDP]).open() else { return };
    let desk = town.desk();
    let asked = desk.ask(None);
    town.connect(&asked);
    town.chromium.press_twice(SIGN_IN);
    town.chromium.find(CONTINUE);
    assert_eq!(town.flow_cookies().len(), 1);
    town.chromium.press_twice(CONTINUE);
    let code = desk.code(&asked, &town.chromium.at(ANSWER));
    desk.redeem(&code, &asked.verifier, None).unwrap();
}

#[test]
fn sbb_15_a_form_that_is_posted_twice_is_one_sign_in() {
    let Some(town) = Plan::of(&[IDP]).open() else { return };
    let (chromium, desk) = (&town.chromium, town.desk());
    let asked = desk.ask(None);
    town.connect(&asked);
    chromium.find(SIGN_IN);
    // So that the page stays for a second try.
    chromium.run("document.forms[0].target = '_blank'");
    let page = chromium.tab();
    let [first, second] = [1, 2].map(|n| {
        chromium.switch_to(&page);
        chromium.press(SIGN_IN);
        chromium.switch_to_opened(n);
        chromium.find(CONTINUE);
        chromium.tab()
    });
    assert_eq!(town.flow_cookies().len(), 1);
    chromium.press(CONTINUE);
    let code = desk.code(&asked, &chromium.at(ANSWER));
    chromium.switch_to(&first);
    assert_ne!(first, second);
    chromium.press(CONTINUE);
    assert_error(chromium, 400);
    desk.redeem(&code, &asked.verifier, None).unwrap();
}

#[test]
fn a_sign_in_page_that_is_loaded_again_goes_on() {
    let Some(town) = Plan::of(&[IDP]).open() else { return };
    let desk = town.desk();
    let asked = desk.ask(None);
    town.connect(&asked);
    town.chromium.reload();
    town.chromium.press(SIGN_IN);
    town.chromium.reload();
    town.chromium.press(CONTINUE);
    desk.code(&asked, &town.chromium.at(ANSWER));
}

#[test]
fn after_a_sign_in_the_provider_s_page_leads_to_a_page_that_says_what_to_do() {
    let Some(town) = Plan::of(&[IDP]).open() else { return };
    let (chromium, desk) = (&town.chromium, town.desk());
    let asked = desk.ask(None);
    town.connect(&asked);
    chromium.press(SIGN_IN);
    chromium.press(CONTINUE);
    let code = desk.code(&asked, &chromium.at(ANSWER));
    chromium.back();
    chromium.press(CONTINUE);
    assert_error(chromium, 400);
    chromium.reload();
    assert_error(chromium, 400);
    // What was answered holds.
    desk.redeem(&code, &asked.verifier, None).unwrap();
}

#[test]
fn after_a_sign_in_its_page_makes_another_one() {
    let Some(town) = Plan::of(&[IDP]).open() else { return };
    let (chromium, desk) = (&town.chromium, town.desk());
    let asked = desk.ask(None);
    town.connect(&asked);
    chromium.press(SIGN_IN);
    chromium.press(CONTINUE);
    let first = desk.code(&asked, &chromium.at(ANSWER));
    chromium.back();
    chromium.find(CONTINUE);
    chromium.back();
    chromium.press(SIGN_IN);
    chromium.press(CONTINUE);
    let second = desk.code(&asked, &chromium.at(ANSWER));
    assert_ne!(first, second);
    for code in [first, second] {
        desk.redeem(&code, &asked.verifier, None).unwrap();
    }
}
