//! GitLab.

use vestibule_core::provider::gitlab;

use crate::scene::{CLIENT_ID, Scene, secret};

pub(crate) fn scene() -> Scene {
    Scene::new(gitlab(CLIENT_ID, secret()), include_str!("fixtures/gitlab.json"))
}

#[test]
fn gitlab_sign_in() {
    scene().assert_signs_in();
}

#[test]
fn gitlab_denied() {
    scene().assert_denied();
}

#[test]
fn gitlab_refresh() {
    scene().assert_refreshes();
}
