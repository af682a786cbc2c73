//! Discord.

use vestibule_core::provider::discord;

use crate::scene::{CLIENT_ID, Scene, secret};

pub(crate) fn scene() -> Scene {
    Scene::new(discord(CLIENT_ID, secret()), include_str!("fixtures/discord.json"))
}

#[test]
fn discord_sign_in() {
    scene().assert_signs_in();
}

#[test]
fn discord_denied() {
    scene().assert_denied();
}

#[test]
fn discord_refresh() {
    scene().assert_refreshes();
}
