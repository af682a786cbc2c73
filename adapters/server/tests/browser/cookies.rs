//! The cookies, as the browser keeps them.

use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::Value;

use crate::pages::SIGN_IN;
use crate::sites::{ANSWER, CONTINUE};
use crate::town::{IDP, Plan};

#[test]
fn sbb_12_sbb_17_a_cookie_is_bound_to_its_host_and_a_flow_s_lasts_as_long_as_the_flow() {
    let Some(town) = Plan::of(&[IDP]).open() else { return };
    let desk = town.desk();
    let asked = desk.ask(None);
    town.connect(&asked);
    town.chromium.find(SIGN_IN);
    assert_eq!(town.flow_cookies(), [""; 0], "before anybody agreed");
    let marks = town.cookies();
    assert_eq!(marks.len(), 1, "{marks:?}");

    town.chromium.press(SIGN_IN);
    town.chromium.find(CONTINUE);
    let flows = town.flow_cookies();
    assert_eq!(flows.len(), 1, "{flows:?}");
    for (cookie, most) in [(&marks[0], 24 * 60 * 60), (&flows[0], 60 * 60)] {
        assert!(cookie["name"].as_str().unwrap().starts_with("__Host-"), "{cookie}");
        // With a dot before it, it would go to other hosts too.
        assert_eq!((&cookie["domain"], &cookie["path"]), (&"auth.test".into(), &"/".into()));
        assert_eq!((&cookie["secure"], &cookie["httpOnly"]), (&true.into(), &true.into()));
        assert_eq!(cookie["sameSite"], "Lax");
        let left = cookie["expires"].as_f64().unwrap() - now();
        assert!(left > 0.0 && left <= f64::from(most), "{cookie}");
    }

    town.chromium.press(CONTINUE);
    town.chromium.find(ANSWER);
    assert_eq!(town.flow_cookies(), [""; 0], "after it");
}

#[test]
fn sbb_18_many_sign_ins_that_were_begun_leave_few_cookies() {
    let Some(town) = Plan::of(&[IDP]).open() else { return };
    let desk = town.desk();
    let mut asked = desk.ask(None);
    for _ in 0..30 {
        asked = desk.ask(None);
        town.chromium.open(asked.url.as_str());
        town.chromium.press(SIGN_IN);
        town.chromium.find(CONTINUE);
    }
    let length = |cookie: &Value| -> usize {
        ["name", "value"].map(|member| cookie[member].as_str().unwrap().len() + 1).iter().sum()
    };
    let header: usize = town.cookies().iter().map(length).sum();
    assert!(header < 8_000, "{header} bytes");
    assert!(town.flow_cookies().len() > 1);
    // The last one is among them.
    town.chromium.press(CONTINUE);
    desk.code(&asked, &town.chromium.at(ANSWER));
}

fn now() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs_f64()
}
