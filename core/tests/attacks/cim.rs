//! Clients whose id is the URL of a document about them: which ids are looked up at all. And what the
//! other tests of such clients begin with.

use http::header;
use serde_json::{Value, json};
use vestibule_core::{ClientId, Config, Cutoff, HostPattern, Refusal, Response, Server};

use crate::expect::{
    assert_local400, get, interstitial, invalid_grant, last_refusal, local400, member, tok401,
    tokens_with,
};
use crate::world::upstream::Answer;
use crate::world::{APP, World, authorize_with, client, config, post, redemption, refresh, text};

/// The client of these tests.
pub(crate) const ID: &str = "https://app.test/client.json";

/// What it publishes, as a public client.
pub(crate) fn document() -> Value {
    json!({
        "client_id": ID,
        "client_name": "Documented",
        "redirect_uris": [APP],
        "grant_types": ["authorization_code", "refresh_token"],
        "response_types": ["code"],
        "token_endpoint_auth_method": "none",
    })
}

/// The same with other members; `null` leaves one out.
pub(crate) fn document_with(changes: &Value) -> Value {
    let mut document = document();
    for (name, value) in changes.as_object().unwrap() {
        if value.is_null() {
            document.as_object_mut().unwrap().remove(name).unwrap();
        } else {
            document[name] = value.clone();
        }
    }
    document
}

/// Puts a document at the client's URL, or something else.
pub(crate) fn publish(world: &mut World, document: &Value) {
    publish_at(world, ID, document);
}

pub(crate) fn publish_at(world: &mut World, url: &str, document: &Value) {
    let answer = Answer::Says(200, document.to_string());
    world.upstream.documents.insert(url.to_owned(), answer);
}

/// A world with the client in it.
pub(crate) fn world() -> World {
    world_of(config())
}

pub(crate) fn world_of(config: Config) -> World {
    let mut world = World::of(config);
    publish(&mut world, &document());
    world
}

/// The client's authorization request.
pub(crate) fn asking() -> String {
    asking_as(ID)
}

pub(crate) fn asking_as(client_id: &str) -> String {
    authorize_with(&[("client_id", client_id)])
}

/// How often a URL was fetched.
pub(crate) fn fetches_of(world: &World, url: &str) -> usize {
    let call = format!("GET {url} ");
    world.upstream.calls.iter().filter(|made| **made == call).count()
}

pub(crate) fn fetches(world: &World) -> usize {
    fetches_of(world, ID)
}

/// `LOCAL400` for an authorization request that may have fetched the document first.
pub(crate) fn unusable(world: &mut World, path_and_query: &str) -> Response {
    let response = world.send(get(path_and_query, ""));
    assert_local400(&response);
    assert!(!response.headers.contains_key(header::SET_COOKIE));
    response
}

/// The sign-in page.
pub(crate) fn shown(world: &mut World, path_and_query: &str) -> String {
    let response = world.send(get(path_and_query, ""));
    assert_eq!(response.status, 200, "{}", text(&response));
    let page = text(&response);
    assert!(page.contains("name=\"form\""), "{page}");
    page
}

/// Refused wherever a client is named, and nobody was asked for a document.
fn never_fetched(world: &mut World, client_id: &str) {
    local400(world, &asking_as(client_id));
    tok401(world, redemption("code", &[("client_id", client_id)]));
    tok401(world, refresh("token", &[("client_id", client_id)]));
    tok401(world, post("/oauth/revoke", &[("client_id", client_id), ("token", "t")], &[]));
    assert!(world.upstream.calls.is_empty(), "{client_id}: {:?}", world.upstream.calls);
}

fn assert_no_url(world: &mut World, ids: &[&str]) {
    for id in ids {
        never_fetched(world, id);
        let refusal = last_refusal(world);
        assert!(matches!(refusal, Refusal::ClientIdUrl { .. }), "{id}: {refusal:?}");
    }
}

#[test]
fn cim_01_plain_http_and_a_host_without_a_path_are_no_client() {
    let ids = [
        "http://app.test/client.json",
        "HTTP://app.test/client.json",
        "https://app.test",
        "https://app.test/",
        "https://app.test/?client.json",
    ];
    assert_no_url(&mut world(), &ids);
}

#[test]
fn cim_02_dot_segments_fragments_and_user_names_are_no_client() {
    let ids = [
        "https://app.test/a/../client.json",
        "https://app.test/./client.json",
        "https://app.test/%2e/client.json",
        "https://app.test/a/%2E%2e/client.json",
        "https://app.test/client.json#",
        "https://app.test/client.json#a",
        "https://user@app.test/client.json",
        "https://user:secret@app.test/client.json",
        "https://@app.test/client.json",
    ];
    assert_no_url(&mut world(), &ids);
}

#[test]
fn cim_03_what_a_browser_would_repair_is_no_client() {
    let ids = [
        "https:/app.test/client.json",
        "https:app.test/client.json",
        "https:\\\\app.test\\client.json",
        "https://app.test\\client.json",
        "https://app.te\tst/client.json",
        "https://app.test/cli\nent.json",
        "https://app.test/client.json\r\n",
        "HTTPS://app.test/client.json",
        "https://APP.test/client.json",
        "https://app.test:443/client.json",
        "https://app.test/client json",
    ];
    assert_no_url(&mut world(), &ids);
    // What does not even begin as a URL is the id of nobody.
    for id in
        [" https://app.test/client.json", "\u{feff}https://app.test/client.json", "//app.test/c"]
    {
        never_fetched(&mut world(), id);
    }
}

#[test]
fn cim_04_cim_05_cim_06_a_host_inside_is_no_client_however_it_is_written() {
    let ids = [
        "https://127.0.0.1/c",
        "https://127.1/c",
        "https://2130706433/c",
        "https://0x7f000001/c",
        "https://0177.0.0.1/c",
        "https://10.1.2.3/c",
        "https://172.16.0.1/c",
        "https://192.168.0.1/c",
        "https://169.254.169.254/c",
        "https://100.64.0.1/c",
        "https://0.0.0.0/c",
        "https://224.0.0.1/c",
        "https://[::1]/c",
        "https://[::]/c",
        "https://[fc00::1]/c",
        "https://[fe80::1]/c",
        "https://[::ffff:7f00:1]/c",
        "https://[2002:7f00:1::]/c",
        "https://[2001:0:4136:e378:8000:63bf:80ff:fffe]/c",
        "https://[64:ff9b::a00:1]/c",
        "https://[2600::5efe:a00:1]/c",
        "https://localhost/c",
        "https://a.localhost/c",
        "https://localhost./c",
        "https://app.test./client.json",
    ];
    assert_no_url(&mut world(), &ids);
}

#[test]
fn cim_04_only_hosts_that_the_operator_listed_are_asked() {
    let mut config = config();
    config.registration.metadata_document_hosts =
        ["app.test", "*.good.test"].map(|host| HostPattern::parse(host).unwrap()).into();
    let mut world = world_of(config);
    for id in [
        "https://evil.test/client.json",
        "https://app.test.evil.test/client.json",
        "https://xapp.test/client.json",
        "https://below.app.test/client.json",
        "https://good.test/client.json",
        "https://evilgood.test/client.json",
    ] {
        never_fetched(&mut world, id);
        assert!(matches!(last_refusal(&world), Refusal::ClientHost { .. }), "{id}");
    }
    shown(&mut world, &asking());
    let below = "https://a.b.good.test/client.json";
    publish_at(&mut world, below, &document_with(&json!({ "client_id": below })));
    shown(&mut world, &asking_as(below));
}

#[test]
fn cim_01_where_the_operator_wants_no_documents_a_url_is_an_unknown_client() {
    let mut config = config();
    config.registration.metadata_documents = false;
    let mut world = world_of(config);
    for id in [ID, "http://app.test/client.json", "https://app.test"] {
        never_fetched(&mut world, id);
        assert_eq!(*last_refusal(&world), Refusal::UnknownClient, "{id}");
    }
    let metadata = world.get("/.well-known/oauth-authorization-server");
    assert!(!text(&metadata).contains("client_id_metadata_document_supported"));
}

/// Nor is a grant of before good for anything where they are no longer wanted.
#[test]
fn cim_01_documents_that_are_turned_off_are_off_for_grants_and_open_pages_too() {
    let mut world = world();
    let own = [("client_id", ID)];
    let access_token = member(&tokens_with(&mut world, &own, &own), "access_token");
    let code = world.until_code_with(&own)["code"].clone();
    let mut browser = crate::world::Browser::default();
    let page = browser.get(&mut world, &asking());
    let mut config = config();
    config.registration.metadata_documents = false;
    let mut off = world.reconfigured(config);
    assert!(world.is_live(&access_token) && !off.is_live(&access_token));
    tok401(&mut off, redemption(&code, &[("client_id", ID)]));
    let pressed = browser.press(&mut off, &page, ("provider", "idp"));
    assert_local400(&pressed);
}

/// One id, one client: what would be configured under a URL could be published there as well.
#[test]
fn cim_01_no_client_is_configured_under_a_url() {
    for id in [ID, "https://app.test"] {
        let mut config = config();
        config.clients.push(client(id, None, &[APP]));
        assert!(Server::new(config).is_err(), "{id}");
    }
}

/// RFC 9700 §4.11.2: nobody vetted it, so no fault of its request leads anywhere by itself.
#[test]
fn cim_13_faults_of_a_request_are_shown_and_not_sent_on() {
    let mut world = world();
    shown(&mut world, &asking());
    for (changes, error) in [
        (("scope", "other"), "invalid_scope"),
        (("resource", "https://evil.test"), "invalid_target"),
        (("response_type", "token"), "unsupported_response_type"),
        (("code_challenge", ""), "invalid_request"),
        (("request_uri", "https://evil.test/r"), "invalid_request"),
    ] {
        interstitial(&mut world, &authorize_with(&[("client_id", ID), changes]), error, "app.test");
    }
}

/// Its grants end like any other's, and who comes again is asked again.
#[test]
fn cim_15_a_cutoff_of_a_client_of_a_document_ends_its_grants() {
    let mut world = world();
    let own = [("client_id", ID)];
    let tokens = tokens_with(&mut world, &own, &own);
    let others = world.until_tokens();
    let tick = world.tick();
    let step = world.server.end(Cutoff::Client(ClientId::new(ID)), tick);
    world.finish(step).unwrap();
    world.pass(60);
    assert!(!world.is_live(&member(&tokens, "access_token")));
    invalid_grant(&mut world, refresh(&member(&tokens, "refresh_token"), &own));
    assert!(world.is_live(&member(&others, "access_token")));
    tokens_with(&mut world, &own, &own);
}
