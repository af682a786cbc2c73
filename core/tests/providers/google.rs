//! Google.

use vestibule_core::provider::google;

use crate::scene::{CLIENT_ID, Scene, secret};

pub(crate) fn scene() -> Scene {
    Scene::new(google(CLIENT_ID, secret()), include_str!("fixtures/google.json"))
}

#[test]
fn google_sign_in() {
    scene().assert_signs_in();
}

#[test]
fn google_denied() {
    scene().assert_denied();
}

#[test]
fn google_refresh() {
    scene().assert_refreshes();
}
