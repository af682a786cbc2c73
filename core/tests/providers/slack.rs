//! Slack.

use vestibule_core::provider::slack;

use crate::scene::{CLIENT_ID, Scene, secret};

pub(crate) fn scene() -> Scene {
    Scene::new(slack(CLIENT_ID, secret()), include_str!("fixtures/slack.json"))
}

#[test]
fn slack_sign_in() {
    scene().assert_signs_in();
}

#[test]
fn slack_denied() {
    scene().assert_denied();
}

#[test]
fn slack_refresh() {
    scene().assert_refreshes();
}
