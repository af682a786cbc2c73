//! By keyboard alone.

use thirtyfour::{Key, WebElement};

use crate::pages::{CONTROLS, SIGN_IN};
use crate::sites::{ANSWER, CONTINUE};
use crate::town::{IDP, Known, Plan};

const OTHER: Known<'_> = ("other", "Another one", "ask");

#[test]
fn each_control_is_reached_in_its_order_and_shows_it() {
    let Some(town) = Plan::of(&[IDP, OTHER]).open() else { return };
    let chromium = &town.chromium;
    chromium.open(town.desk().ask(None).url.as_str());
    chromium.find(SIGN_IN);
    let controls = chromium.all(CONTROLS);
    assert!(controls.len() >= 3);
    for control in controls {
        chromium.key(Key::Tab);
        let focused = chromium.focused();
        let is = |element: &WebElement| element.element_id();
        assert_eq!(is(&focused), is(&control), "not in the page's order");
        let [style, width] =
            ["outline-style", "outline-width"].map(|it| chromium.style(&focused, it));
        let width: f64 = width.trim_end_matches("px").parse().unwrap();
        assert!(style != "none" && width >= 2.0, "its outline is {style} {width}");
    }
}

#[test]
fn enter_presses_what_has_the_focus() {
    let Some(town) = Plan::of(&[IDP, OTHER]).open() else { return };
    let (chromium, desk) = (&town.chromium, town.desk());
    let asked = desk.ask(None);
    // The client asks for the second provider, which comes first and is not pressed.
    let url = format!("{}&provider=other", asked.url);
    chromium.open(&url);
    chromium.find(SIGN_IN);
    chromium.key(Key::Tab);
    assert_eq!(chromium.attribute(&chromium.focused(), "value"), "other");
    chromium.key(Key::Enter);
    chromium.find(CONTINUE);
    chromium.key(Key::Tab);
    chromium.key(Key::Enter);
    desk.code(&asked, &chromium.at(ANSWER));
}
