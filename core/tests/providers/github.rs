//! GitHub.

use vestibule_core::provider::github;

use crate::scene::{CLIENT_ID, Scene, secret};

pub(crate) fn scene() -> Scene {
    Scene::new(github(CLIENT_ID, secret()), include_str!("fixtures/github.json"))
}

#[test]
fn github_sign_in() {
    scene().assert_signs_in();
}

#[test]
fn github_denied() {
    scene().assert_denied();
}

#[test]
fn github_refresh() {
    scene().assert_refreshes();
}
