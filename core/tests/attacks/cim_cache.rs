//! How long a client's document serves, what its changes change, and how many are kept.

use serde_json::{Value, json};
use vestibule_core::{Consent, Refusal};

use crate::cim::{
    ID, asking, asking_as, document, document_with, fetches, fetches_of, publish, publish_at,
    shown, unusable, world, world_of,
};
use crate::cla_signed::{Signer, publish_signing};
use crate::expect::{assert_tok, get, last_refusal, member, together};
use crate::world::upstream::Answer;
use crate::world::{APP, Browser, World, authorize_with, config, form_of, json_of, text};

const MINUTE: u64 = 60;
const DAY: u64 = 24 * 60 * MINUTE;

/// For how many seconds a document serves that came with this `Cache-Control`; `None`: not once more.
fn serves_for(cache_control: Option<&'static str>, probes: &[u64]) -> Option<u64> {
    let mut longest = None;
    for probe in probes {
        let mut world = world();
        world.upstream.cache_control = cache_control;
        shown(&mut world, &asking());
        world.pass(*probe);
        shown(&mut world, &asking());
        if fetches(&world) == 1 {
            longest = Some(*probe);
        }
    }
    longest
}

#[test]
fn cim_14_a_lifetime_has_bounds() {
    let probes = [0, 1, 299, 300, 599, 600, DAY - 1, DAY, 7 * DAY];
    for (cache_control, longest) in [
        (None, Some(599)),
        (Some("public"), Some(599)),
        (Some("max-age=300"), Some(299)),
        // More than a day is a day.
        (Some("max-age=1000000000"), Some(DAY - 1)),
        (Some("max-age=99999999999999999999999"), Some(DAY - 1)),
        (Some("max-age=604800, immutable"), Some(DAY - 1)),
        (Some("s-maxage=1000000000"), Some(DAY - 1)),
        (Some("no-store"), None),
        (Some("max-age=1000000000, no-store"), None),
        (Some("no-cache"), None),
        (Some("max-age=0"), None),
        (Some("max-age=-1"), None),
        (Some("max-age=soon"), None),
    ] {
        assert_eq!(serves_for(cache_control, &probes), longest, "{cache_control:?}");
    }
}

#[test]
fn cim_14_one_fetch_serves_many_people() {
    let mut world = world();
    for _ in 0..20 {
        shown(&mut world, &asking());
    }
    world.until_code_with(&[("client_id", ID)]);
    assert_eq!(fetches(&world), 1);
}

/// By which tags the document was asked for.
fn asked_by(world: &World) -> Vec<Option<&str>> {
    world
        .upstream
        .headers
        .iter()
        .map(|headers| headers.get(http::header::IF_NONE_MATCH).map(|tag| tag.to_str().unwrap()))
        .collect()
}

#[test]
fn cim_14_a_document_with_a_tag_is_asked_whether_it_has_changed() {
    let mut world = world();
    world.upstream.etag = Some("\"one\"");
    shown(&mut world, &asking());
    // It is the same, whatever would be sent: not modified has no body.
    publish(&mut world, &document_with(&json!({ "client_name": "Renamed" })));
    for _ in 0..2 {
        world.pass(10 * MINUTE);
        assert!(shown(&mut world, &asking()).contains("Documented"));
        world.pass(10 * MINUTE - 1);
        shown(&mut world, &asking());
    }
    assert_eq!(asked_by(&world), [None, Some("\"one\""), Some("\"one\"")]);
    world.upstream.etag = Some("W/\"two\"");
    world.pass(10 * MINUTE);
    assert!(shown(&mut world, &asking()).contains("Renamed"));
    world.pass(10 * MINUTE);
    shown(&mut world, &asking());
    assert_eq!(asked_by(&world)[3..], [Some("\"one\""), Some("W/\"two\"")]);
}

/// A tag lets nothing serve that may not: what cannot be asked for is gone, and is fetched whole.
#[test]
fn cim_14_a_tag_is_not_a_lifetime() {
    let mut world = world();
    world.upstream.etag = Some("\"one\"");
    shown(&mut world, &asking());
    let there = world.upstream.documents[ID].clone();
    world.pass(10 * MINUTE);
    let away = Answer::Unreachable(vestibule_core::Unreachable::Connection);
    world.upstream.documents.insert(ID.to_owned(), away);
    unusable(&mut world, &asking());
    world.upstream.documents.insert(ID.to_owned(), there);
    shown(&mut world, &asking());
    assert_eq!(asked_by(&world), [None, Some("\"one\""), None]);
}

#[test]
fn cim_14_what_may_not_be_stored_is_not_asked_for_by_its_tag() {
    for cache_control in ["no-store", "max-age=60, no-store"] {
        let mut world = world();
        world.upstream.etag = Some("\"one\"");
        world.upstream.cache_control = Some(cache_control);
        shown(&mut world, &asking());
        shown(&mut world, &asking());
        assert_eq!(asked_by(&world), [None, None], "{cache_control}");
    }
    // What may be stored and must be asked for each time is.
    let mut world = world();
    world.upstream.etag = Some("\"one\"");
    world.upstream.cache_control = Some("no-cache");
    shown(&mut world, &asking());
    shown(&mut world, &asking());
    assert_eq!(asked_by(&world), [None, Some("\"one\"")]);
}

/// A server whose tag never changes is believed for a week.
#[test]
fn cim_14_all_of_a_document_is_asked_for_each_week() {
    let mut world = world();
    world.upstream.etag = Some("\"one\"");
    world.upstream.cache_control = Some("max-age=86400");
    shown(&mut world, &asking());
    publish(&mut world, &document_with(&json!({ "client_name": "Renamed" })));
    let mut names = Vec::new();
    for _ in 0..8 {
        world.pass(DAY);
        world.store.sweep(world.now);
        names.push(shown(&mut world, &asking()).contains("Renamed"));
    }
    assert_eq!(names, [false, false, false, false, false, false, true, true]);
}

#[test]
fn cim_15_a_redirect_uri_that_was_taken_away_is_refused_once_it_is_known() {
    let mut world = world();
    shown(&mut world, &asking());
    let moved = "https://app.test/moved";
    publish(&mut world, &document_with(&json!({ "redirect_uris": [moved] })));
    let new = authorize_with(&[("client_id", ID), ("redirect_uri", moved)]);
    unusable(&mut world, &new);
    shown(&mut world, &asking());
    world.pass(10 * MINUTE);
    unusable(&mut world, &asking());
    assert_eq!(*last_refusal(&world), Refusal::RedirectUriNotRegistered);
    shown(&mut world, &new);
    assert_eq!(fetches(&world), 2);
}

/// A name is shown as it is now, and what a person agreed to under another is asked again: of such
/// clients nothing is remembered.
#[test]
fn cim_15_people_are_asked_each_time_also_where_consent_is_remembered() {
    let mut config = config();
    config.consent = Consent::Remember(Consent::LONGEST);
    let mut world = world_of(config);
    let mut browser = Browser::default();
    let page = browser.get(&mut world, &asking());
    assert!(!text(&page).contains("name=\"remember\""));
    let form = form_of(&page);
    let form = [("form", &*form), ("provider", "idp"), ("remember", "1")];
    assert_eq!(browser.press_with(&mut world, &form, &[]).status, 303);
    for name in ["Documented", "Renamed"] {
        publish(&mut world, &document_with(&json!({ "client_name": name })));
        world.pass(10 * MINUTE);
        let page = browser.get_with(&mut world, &asking(), &[("sec-fetch-site", "none")]);
        assert_eq!(page.status, 200);
        assert!(text(&page).contains(name) && text(&page).contains("name=\"form\""));
    }
}

/// What a person saw is what happens, whatever is published while they read.
#[test]
fn cim_15_an_open_page_is_of_the_document_that_was_shown() {
    let mut world = world();
    world.upstream.cache_control = Some("no-store");
    let mut browser = Browser::default();
    let page = browser.get(&mut world, &asking());
    let evil = json!({ "redirect_uris": ["https://evil.test/cb"], "client_name": "Evil" });
    publish(&mut world, &document_with(&evil));
    let response = browser.press(&mut world, &page, ("provider", "idp"));
    let upstream = crate::world::location(&response.headers).unwrap().to_owned();
    let callback = crate::world::browser::callback_of(&upstream, &[("code", "upstream-code")]);
    let response = browser.get(&mut world, &callback);
    assert!(crate::world::location(&response.headers).unwrap().starts_with(APP));
    assert_eq!(fetches(&world), 1);
}

fn signed_refresh(world: &mut World, signer: &Signer, token: &str, jti: &str) -> Value {
    let request = signer.refresh(world, token, jti);
    let response = world.send(request);
    assert_eq!(response.status, 200, "{}", text(&response));
    json_of(&response)
}

#[test]
fn cim_15_a_key_that_was_taken_away_is_refused_once_it_is_known() {
    let mut world = World::new();
    let (old, new) = (Signer::new(), Signer::other());
    publish_signing(&mut world, &json!({ "jwks": old.jwks() }));
    let code = world.until_code_with(&[("client_id", ID)])["code"].clone();
    let request = old.redemption(&world, &code, "1");
    let tokens = json_of(&world.send(request));
    publish_signing(&mut world, &json!({ "jwks": new.jwks() }));
    let tokens = signed_refresh(&mut world, &old, &member(&tokens, "refresh_token"), "2");
    assert_eq!(fetches(&world), 1);
    // A key that is not known yet has the document fetched, once a minute (JWT-07), and then the old
    // one is known to be gone.
    let token = member(&tokens, "refresh_token");
    let request = new.refresh(&world, &token, "3");
    assert_tok(&world.send(request), 401, "invalid_client");
    assert_eq!(fetches(&world), 1);
    world.now += 60;
    let tokens = signed_refresh(&mut world, &new, &member(&tokens, "refresh_token"), "3");
    assert_eq!(fetches(&world), 2);
    let token = member(&tokens, "refresh_token");
    let request = old.refresh(&world, &token, "4");
    assert_tok(&world.send(request), 401, "invalid_client");
    signed_refresh(&mut world, &new, &token, "5");
}

/// Who was to sign when people agreed signs, or nothing of theirs is good for anything.
#[test]
fn cim_15_a_document_that_no_longer_has_keys_lets_nobody_in() {
    let mut world = World::new();
    let signer = Signer::new();
    publish_signing(&mut world, &json!({ "jwks": signer.jwks() }));
    world.upstream.cache_control = Some("no-store");
    let code = world.until_code_with(&[("client_id", ID)])["code"].clone();
    publish(&mut world, &document());
    let response = world.redeem_with(&code, &[("client_id", ID)]);
    assert_tok(&response, 401, "invalid_client");
    let request = signer.redemption(&world, &code, "1");
    assert_tok(&world.send(request), 401, "invalid_client");
    assert_eq!(
        *last_refusal(&world),
        Refusal::ClientAssertion(vestibule_core::AssertionFault::NoKeys)
    );
}

fn requests(client_ids: impl Iterator<Item = String>) -> Vec<vestibule_core::Request> {
    client_ids.map(|id| get(&asking_as(&id), "")).collect()
}

#[test]
fn cim_16_a_thousand_at_once_make_one_call() {
    let mut world = world();
    let server = [world.server.clone()];
    let same = requests(std::iter::repeat_n(ID.to_owned(), 1000));
    for response in together(&mut world, &server, same) {
        assert_eq!(response.status, 200, "{}", text(&response));
    }
    assert_eq!(fetches(&world), 1);
}

/// A document that may not be kept is still one call for all who came while it was made, and so is a
/// failure.
#[test]
fn cim_16_what_is_not_kept_is_one_call_for_all_who_wait_for_it() {
    let mut world = world();
    let server = [world.server.clone()];
    world.upstream.cache_control = Some("no-store");
    let same = requests(std::iter::repeat_n(ID.to_owned(), 100));
    for response in together(&mut world, &server, same) {
        assert_eq!(response.status, 200, "{}", text(&response));
    }
    assert_eq!(fetches(&world), 1);
    world.upstream.documents.insert(ID.to_owned(), Answer::Says(404, String::new()));
    let same = requests(std::iter::repeat_n(ID.to_owned(), 100));
    for response in together(&mut world, &server, same) {
        assert_eq!(response.status, 400, "{}", text(&response));
    }
    assert_eq!(fetches(&world), 2);
}

/// Of any number of URLs a thousand and some are kept.
#[test]
fn cim_16_strangers_cannot_fill_the_store() {
    let mut world = World::new();
    let ids = (0..3000).map(|n| format!("https://evil.test/{n}.json"));
    for id in ids {
        let document = document_with(&json!({ "client_id": id }));
        publish_at(&mut world, &id, &document);
        shown(&mut world, &asking_as(&id));
        assert_eq!(fetches_of(&world, &id), 1);
        world.upstream.documents.clear();
        world.upstream.calls.clear();
        world.upstream.headers.clear();
    }
    assert!(world.store.len() <= 1024, "{}", world.store.len());
    let bytes: usize = world.store.records().map(|(_, record)| record.bytes.len()).sum();
    assert!(bytes < 1024 * 6 * 1024, "{bytes}");
    for n in 0..500 {
        unusable(&mut world, &asking_as(&format!("https://evil.test/none/{n}.json")));
    }
    assert!(world.store.len() <= 1024, "{}", world.store.len());
}

#[test]
fn cim_16_distinct_ones_at_once_make_one_call_each() {
    let mut world = World::new();
    let server = [world.server.clone()];
    let ids: Vec<_> = (0..1000).map(|n| format!("https://app.test/{n}.json")).collect();
    for id in &ids {
        publish_at(&mut world, id, &document_with(&json!({ "client_id": id })));
    }
    for response in together(&mut world, &server, requests(ids.iter().cloned())) {
        assert_eq!(response.status, 200, "{}", text(&response));
    }
    for id in &ids {
        assert_eq!(fetches_of(&world, id), 1);
    }
    assert_eq!(world.upstream.calls.len(), 1000);
}
