//! Error pages: what happened, what to do, and by what the log's line is found.

use http::{StatusCode, header};
use vestibule_core::{Event, Response};

use crate::world::browser::{callback_of, form_of};
use crate::world::store::Fault;
use crate::world::{APP, Browser, World, authorize_with, json_of, request, text};

fn at_authorize(world: &mut World, accept: &str) -> Response {
    let uri = authorize_with(&[("client_id", "gone")]);
    world.send(request(http::Method::GET, &uri, &[("accept", accept)], ""))
}

/// References of the pages that were shown.
fn references(world: &World) -> Vec<&str> {
    let shown = world.events.iter().filter_map(|event| {
        if let Event::ErrorPageShown { reference } = event { Some(&**reference) } else { None }
    });
    shown.collect()
}

#[test]
fn a_page_has_a_reference_that_is_in_the_events() {
    let mut world = World::new();
    let pages = [at_authorize(&mut world, "*/*"), at_authorize(&mut world, "text/html")];
    let references = references(&world);
    assert_eq!(references.len(), 2);
    assert_ne!(references[0], references[1]);
    for (page, reference) in pages.iter().zip(references) {
        assert!(text(page).contains(reference), "{reference}: {}", text(page));
    }
}

#[test]
fn an_unknown_client_is_told_how_to_reconnect() {
    let page = at_authorize(&mut World::new(), "text/html,*/*;q=0.8");
    assert_eq!(page.status, StatusCode::BAD_REQUEST);
    assert!(text(&page).contains("add it again, so that it registers anew"), "{}", text(&page));
}

#[test]
fn a_program_that_asks_for_json_is_told_where_to_register() {
    let mut world = World::new();
    let response = at_authorize(&mut world, "application/json");
    assert_eq!(response.status, StatusCode::BAD_REQUEST);
    let body = json_of(&response);
    assert_eq!(body["error"], "invalid_client");
    assert_eq!(body["registration_endpoint"], "https://as.test/oauth/register");
    assert!(references(&world).is_empty());
}

#[test]
fn where_nobody_may_register_nobody_is_sent_to_do_so() {
    let mut config = crate::world::config();
    config.registration.dynamic = false;
    let mut world = World::of(config);
    let response = at_authorize(&mut world, "application/json");
    assert!(json_of(&response).get("registration_endpoint").is_none());
    assert!(!text(&response).contains("register"), "{}", text(&response));
    let page = text(&at_authorize(&mut world, "text/html"));
    assert!(page.contains("ask whoever runs this server"), "{page}");
    assert!(!page.contains("registers anew"), "{page}");
}

#[test]
fn a_callback_that_is_loaded_again_says_that_it_is_over() {
    let mut world = World::new();
    let mut browser = Browser::default();
    let callback = browser.until_callback(&mut world, &authorize_with(&[]));
    assert_eq!(browser.get(&mut world, &callback).status, StatusCode::SEE_OTHER);
    let calls = world.upstream.calls.len();
    let again = browser.get(&mut world, &callback);
    assert_eq!(again.status, StatusCode::BAD_REQUEST);
    assert!(text(&again).contains("go back to the application: you are done"), "{}", text(&again));
    assert_eq!(world.upstream.calls.len(), calls);
}

/// The browser's "back" leads to the page again, and its button still works.
#[test]
fn a_page_that_is_sent_again_after_the_end_says_that_they_have_signed_in() {
    let mut world = World::new();
    let mut browser = Browser::default();
    let page = browser.get(&mut world, &authorize_with(&[]));
    let mut callback = || {
        let response = browser.press(&mut world, &page, ("provider", "idp"));
        let upstream = crate::world::location(&response.headers).unwrap().to_owned();
        browser.get(&mut world, &callback_of(&upstream, &[("code", "upstream-code")]))
    };
    assert_eq!(callback().status, StatusCode::SEE_OTHER);
    let again = callback();
    assert_eq!(again.status, StatusCode::BAD_REQUEST);
    assert!(text(&again).contains("You have signed in already"), "{}", text(&again));
}

#[test]
fn a_page_that_is_loaded_again_is_a_page_that_works() {
    let mut world = World::new();
    let mut browser = Browser::default();
    let first = browser.get(&mut world, &authorize_with(&[]));
    let second = browser.get(&mut world, &authorize_with(&[]));
    assert_ne!(form_of(&first), form_of(&second));
    for page in [&first, &second] {
        assert_eq!(browser.press(&mut world, page, ("provider", "idp")).status, 303);
    }
}

#[test]
fn trouble_of_ours_says_to_load_the_page_again() {
    let mut world = World::new();
    let mut browser = Browser::default();
    let callback = browser.until_callback(&mut world, &authorize_with(&[]));
    world.store.faults = vec![Fault::Unavailable];
    let page = browser.get(&mut world, &callback);
    assert_eq!(page.status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(page.headers.contains_key(header::RETRY_AFTER));
    assert!(text(&page).contains("load this page again"), "{}", text(&page));
    let back = browser.get(&mut world, &callback);
    assert!(crate::world::location(&back.headers).unwrap().starts_with(APP));
}
