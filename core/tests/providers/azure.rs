//! Microsoft Entra.

use vestibule_core::provider::azure;

use crate::scene::{CLIENT_ID, Scene, secret};

pub(crate) const TENANT: &str = "11111111-2222-3333-4444-555555555555";

pub(crate) fn scene() -> Scene {
    Scene::new(azure(TENANT, CLIENT_ID, secret()).unwrap(), include_str!("fixtures/azure.json"))
}

#[test]
fn azure_sign_in() {
    scene().assert_signs_in();
}

#[test]
fn azure_denied() {
    scene().assert_denied();
}

#[test]
fn azure_refresh() {
    scene().assert_refreshes();
}
