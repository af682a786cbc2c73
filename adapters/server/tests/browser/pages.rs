//! Vestibule's pages, as these tests know them: the one place where a test says what is on them.

use crate::chromium::Chromium;

/// The button of the provider `idp`.
pub(crate) const SIGN_IN: &str = "button[name=provider][value=idp]";
pub(crate) const CANCEL: &str = "button[name=cancel]";
/// The box that makes the server remember.
pub(crate) const REMEMBER: &str = "input[name=remember]";
/// The hidden part of the form.
pub(crate) const FORM: &str = "form input[name=form]";
/// All that a person can act on.
pub(crate) const CONTROLS: &str = "main :is(a[href], button, input:not([type=hidden]))";
/// A page of ours that asks nothing.
pub(crate) const ERROR: &str = "main:not(:has(form)) h1";

/// A page that says, after its heading, what happened and what to do.
pub(crate) fn assert_error(chromium: &Chromium, status: u64) {
    let heading = chromium.find(ERROR);
    assert_eq!(chromium.status(), status, "{}", chromium.words());
    let texts = [vec![heading], chromium.all("main > p")].concat();
    let texts: Vec<_> = texts.iter().map(|element| chromium.text(element)).collect();
    assert!(texts.len() >= 3 && texts.iter().all(|text| text.len() > 10), "{texts:?}");
}
