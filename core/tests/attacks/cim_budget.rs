//! What asking for documents draws on, as those see it who count (CIM-16).

use std::time::Duration;

use http::{Method, header};
use vestibule_core::{Charge, HostPattern};

use crate::cim::{asking, asking_as, fetches, world, world_of};
use crate::expect::{assert_page, last_refusal, refused};
use crate::world::{authorize_with, config, request};

#[test]
fn cim_16_only_what_could_be_fetched_draws_on_it() {
    let mut config = config();
    config.registration.metadata_document_hosts =
        ["app.test", "as.test"].map(|host| HostPattern::parse(host).unwrap()).into();
    let world = world_of(config);
    for (method, asked, draws) in [
        (Method::GET, asking(), true),
        (Method::HEAD, asking(), true),
        // It becomes a GET before anything is fetched.
        (Method::POST, asking(), false),
        (Method::OPTIONS, asking(), false),
        (Method::GET, authorize_with(&[]), false),
        (Method::GET, asking_as("https://elsewhere.test/client.json"), false),
        (Method::GET, asking_as("https://app.test/a/../client.json"), false),
        // This server asks itself nothing.
        (Method::GET, asking_as("https://as.test/oauth/authorize"), false),
        (Method::GET, format!("{}&client_id=P", asking()), false),
    ] {
        let charge = world.server.charge(&request(method.clone(), &asked, &[], ""));
        assert_eq!(charge, draws.then_some(Charge::ClientDocument), "{method} {asked}");
    }
}

/// Whether it was fetched is nobody's business (CIM-18).
#[test]
fn cim_16_it_is_due_whatever_came_of_it() {
    assert!(Charge::ClientDocument.is_due(&[]));
}

#[test]
fn cim_16_who_has_nothing_left_has_nothing_fetched() {
    let mut world = world();
    let asked = request(Method::GET, &asking(), &[], "").too_many(Duration::from_secs(7));
    let response = refused(&mut world, asked);
    assert_eq!((response.status.as_u16(), fetches(&world)), (429, 0));
    assert_eq!(response.headers[header::RETRY_AFTER], "7");
    assert_page(&response);
    assert_eq!(last_refusal(&world).to_string(), "too many of this kind from one address");
}

/// Others at the same address sign in with clients that are known.
#[test]
fn cim_16_who_asks_for_no_document_is_heard() {
    let mut world = world();
    let asked = request(Method::GET, &authorize_with(&[]), &[], "");
    assert_eq!(world.send(asked.too_many(Duration::from_secs(7))).status, 200);
}
