//! Sites that mean harm.

use crate::pages::{FORM, SIGN_IN, assert_error};
use crate::sites::{ANSWER, CONTINUE, EVIL, EVIL_SIBLING};
use crate::town::{IDP, ISSUER, Plan};

#[test]
fn sbb_14_a_form_that_another_site_posts_is_refused() {
    let Some(town) = Plan::of(&[IDP]).open() else { return };
    let (chromium, desk) = (&town.chromium, town.desk());
    let asked = desk.ask(None);
    town.connect(&asked);
    // What the other site could never read.
    let form = chromium.attribute(&chromium.find(FORM), "value");
    let first = chromium.tab();
    chromium.new_tab();
    let consent = format!("{ISSUER}/oauth/consent");
    for site in [EVIL, EVIL_SIBLING] {
        town.visit(site, "post", &[("to", &consent), ("form", &form)]);
        assert_error(chromium, 403);
        assert_eq!(chromium.url().as_str(), consent);
        assert_eq!(town.flow_cookies(), [""; 0], "by {site}");
    }
    // The person's own page goes on.
    chromium.switch_to(&first);
    chromium.press(SIGN_IN);
    chromium.press(CONTINUE);
    desk.code(&asked, &chromium.at(ANSWER));
}

#[test]
fn web_08_no_other_site_can_frame_a_page() {
    let Some(town) = Plan::of(&[IDP]).open() else { return };
    let (chromium, asked) = (&town.chromium, town.desk().ask(None));
    let unknown = format!("{ISSUER}/oauth/authorize?client_id=nobody");
    for page in [asked.url.as_str(), &unknown] {
        town.visit(EVIL, "frames", &[("own", "/cb"), ("of", page)]);
        // A page that may be framed is.
        chromium.look_into(Some(0));
        chromium.find(ANSWER);
        chromium.look_into(None);
        chromium.look_into(Some(1));
        assert!(chromium.all("main").is_empty(), "{}", chromium.words());
        chromium.look_into(None);
        let console = chromium.console();
        assert!(console.iter().any(|line| line.contains("frame-ancestors")), "{console:?}");
    }
}

#[test]
fn web_09_what_gets_into_a_page_neither_runs_nor_loads() {
    let Some(town) = Plan::of(&[IDP]).open() else { return };
    let (chromium, asked) = (&town.chromium, town.desk().ask(None));
    let unknown = format!("{ISSUER}/oauth/authorize?client_id=nobody");
    for page in [asked.url.as_str(), &unknown] {
        chromium.open(page);
        chromium.find("main");
        let got_in = chromium.run(include_str!("get_in.js"));
        assert_eq!(got_in, serde_json::json!([]), "at {page}");
    }
}
