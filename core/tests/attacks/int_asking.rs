//! Who may introspect, and how it is asked (RFC 7662 §2.1).

use std::time::Duration;

use http::{Method, header};
use serde_json::json;
use vestibule_core::{
    Charge, ClientId, ClientSecret, Config, CredentialsFault, ResourceCredentials, Response, Server,
};

use crate::expect::{C_SECRET, basic, last_refusal, member, refused, tok, tok401};
use crate::int_answers::{
    A, A_SECRET, B_SECRET, PATH, active, answer, asked, assert_unshared, two,
};
use crate::world::{ISSUER, RES, World, json_of, post, request};

#[test]
fn int_01_whoever_asks_must_be_a_resource_with_its_secret() {
    let mut world = World::of(two());
    let tokens = world.until_tokens();
    let token = member(&tokens, "access_token");
    let c = [("client_id", "C"), ("client_secret", C_SECRET)];
    for own in [
        &[][..],
        &A[..1],
        &A[1..],
        &[("client_id", "A"), ("client_secret", "")],
        &[("client_id", "A"), ("client_secret", "wrong")],
        &[("client_id", "A"), ("client_secret", B_SECRET)],
        &[("client_id", "nobody"), ("client_secret", A_SECRET)],
        // A resource is known by its id, not by its URI; and clients are others.
        &[("client_id", RES), ("client_secret", A_SECRET)],
        &[("client_id", "P")],
        &c,
        &[("client_assertion", "eyJhbGciOiJub25lIn0.e30."), ("client_id", "A")],
    ] {
        let response = tok401(&mut world, asked(own, &token));
        assert_challenged(&response);
    }
    for authorization in [
        basic("A:wrong"),
        basic("A:"),
        basic(&format!("C:{C_SECRET}")),
        basic(&format!("nobody:{A_SECRET}")),
        basic("A"),
        "Basic".to_owned(),
        format!("Bearer {token}"),
    ] {
        let headers = [("authorization", &*authorization)];
        let response = tok401(&mut world, post(PATH, &[("token", &token)], &headers));
        assert_challenged(&response);
    }
    active(&mut world, &token);
    // A resource is no client.
    tok401(&mut world, post("/oauth/revoke", &[&A[..], &[("token", &*token)]].concat(), &[]));
    active(&mut world, &token);
}

fn assert_challenged(response: &Response) {
    let challenge = response.headers[header::WWW_AUTHENTICATE].to_str().unwrap();
    assert!(challenge.starts_with("Basic realm="), "{challenge}");
    assert_unshared(response);
}

#[test]
fn int_01_an_id_that_is_nobodys_is_answered_like_a_wrong_secret() {
    let mut world = World::of(two());
    let mut said = Vec::new();
    for id in ["A", "nobody"] {
        let own = [("client_id", id), ("client_secret", "wrong")];
        said.push(tok401(&mut world, asked(&own, "x")));
        let by_header = basic(&format!("{id}:wrong"));
        let headers = [("authorization", &*by_header)];
        said.push(tok401(&mut world, post(PATH, &[("token", "x")], &headers)));
    }
    for response in &said[1..] {
        assert_eq!((&response.headers, &response.body), (&said[0].headers, &said[0].body));
    }
}

#[test]
fn int_01_cla_03_cla_04_credentials_come_in_one_way_and_in_either_encoding() {
    const ID: &str = "a+b%2Fc";
    const SECRET: &str = "s:e%c+r e=t&%20 é 0123456789";
    let mut config = two();
    config.resources[0].credentials = Some(ResourceCredentials::new(ID, ClientSecret::new(SECRET)));
    let mut world = World::of(config);
    let token = member(&world.until_tokens(), "access_token");
    let encode =
        |text: &str| -> String { form_urlencoded::byte_serialize(text.as_bytes()).collect() };
    for written in [format!("{ID}:{SECRET}"), format!("{}:{}", encode(ID), encode(SECRET))] {
        let header = basic(&written);
        for scheme in ["Basic", "basic"] {
            let header = header.replacen("Basic", scheme, 1);
            let headers = [("authorization", &*header)];
            let response = answer(&mut world, post(PATH, &[("token", &token)], &headers));
            assert_eq!(json_of(&response)["active"], true, "{written}");
        }
        let headers = [("authorization", &*header)];
        let twice = [("token", &*token), ("client_secret", SECRET)];
        tok(&mut world, post(PATH, &twice, &headers), "invalid_request");
        assert_eq!(*last_refusal(&world), CredentialsFault::Twice.into());
        let other = [("token", &*token), ("client_id", "B")];
        tok(&mut world, post(PATH, &other, &headers), "invalid_request");
        assert_eq!(*last_refusal(&world), CredentialsFault::Contradiction.into());
    }
    let in_body = [("client_id", ID), ("client_secret", SECRET), ("token", &token)];
    assert_eq!(json_of(&answer(&mut world, post(PATH, &in_body, &[])))["active"], true);
    let repeated = [&in_body[..], &[("client_secret", SECRET)]].concat();
    tok(&mut world, post(PATH, &repeated, &[]), "invalid_request");
}

#[test]
fn int_05_a_token_to_be_looked_at_stands_in_a_body() {
    let mut world = World::of(two());
    let token = member(&world.until_tokens(), "access_token");
    let uri = format!("{PATH}?client_id=A&client_secret={A_SECRET}&token={token}");
    for method in [Method::GET, Method::HEAD, Method::PUT] {
        let response = refused(&mut world, request(method, &uri, &[], ""));
        assert_eq!(response.status, 405);
        assert_eq!(response.headers[header::ALLOW], "POST");
        assert_unshared(&response);
    }
    let form = [("content-type", "application/x-www-form-urlencoded")];
    let body = format!("client_id=A&client_secret={A_SECRET}");
    let both = format!("{body}&token={token}");
    for (query, body) in [
        (format!("token={token}"), &*body),
        (format!("token={token}"), &both),
        (format!("client_secret={A_SECRET}"), &both),
    ] {
        let uri = format!("{PATH}?{query}");
        tok(&mut world, request(Method::POST, &uri, &form, body), "invalid_request");
    }
    let json = [("content-type", "application/json")];
    let typed = refused(&mut world, request(Method::POST, PATH, &json, "{}"));
    assert_eq!(typed.status, 415);
    tok(&mut world, post(PATH, &A, &[]), "invalid_request");
    let shown = format!("{:?}", world.events);
    assert!(!shown.contains(A_SECRET) && !shown.contains(&token));
}

#[test]
fn cla_21_a_wrong_secret_is_charged_to_its_resource() {
    let mut world = World::of(two());
    let by_header = |pair: &str| post(PATH, &[("token", "x")], &[("authorization", &basic(pair))]);
    for (request, whose, charged) in [
        (asked(&[A[0], ("client_secret", "wrong")], "x"), Some("A"), true),
        (by_header("B:wrong"), Some("B"), true),
        (by_header("%42:wrong"), Some("B"), true),
        (asked(&A, "x"), Some("A"), false),
        (asked(&A[..1], "x"), None, false),
        (by_header("A:"), None, false),
        (by_header("nobody:wrong"), None, false),
        (by_header(&format!("C:{C_SECRET}")), None, false),
    ] {
        let charge = world.server.charge(&request);
        let expected = whose.map(|id| Charge::WrongSecret { client_id: ClientId::new(id) });
        assert_eq!(charge, expected);
        let before = world.events.len();
        world.send(request);
        let due = charge.is_some_and(|charge| charge.is_due(&world.events[before..]));
        assert_eq!(due, charged);
    }
    let late = asked(&A, "x").too_many(Duration::from_secs(7));
    let response = refused(&mut world, late);
    assert_eq!(
        (response.status.as_u16(), &response.headers[header::RETRY_AFTER]),
        (429, &"7".parse().unwrap())
    );
}

#[test]
fn the_metadata_say_it_where_a_resource_may_ask_and_nothing_is_there_otherwise() {
    let metadata =
        |world: &mut World| json_of(&world.get("/.well-known/oauth-authorization-server"));
    let (endpoint, methods) =
        ("introspection_endpoint", "introspection_endpoint_auth_methods_supported");
    let mut world = World::of(two());
    let said = metadata(&mut world);
    assert_eq!(said[endpoint], format!("{ISSUER}{PATH}"));
    assert_eq!(said[methods], json!(["client_secret_basic", "client_secret_post"]));
    assert!(!said.to_string().contains(A_SECRET));
    let preflight = [("origin", "https://a.test"), ("access-control-request-method", "POST")];
    let response = world.send(request(Method::OPTIONS, PATH, &preflight, ""));
    assert_eq!(response.status, 204);
    assert_unshared(&response);

    let mut moved = two();
    moved.paths.introspect = "/ask".to_owned();
    assert_eq!(metadata(&mut World::of(moved))[endpoint], format!("{ISSUER}/ask"));

    let mut closed = World::new();
    let said = metadata(&mut closed);
    assert_eq!((said.get(endpoint), said.get(methods)), (None, None));
    assert_eq!(closed.post(PATH, &[&A[..], &[("token", "x")]].concat()).status, 404);
    assert!(!closed.server.serves(PATH));
}

#[test]
fn an_id_has_one_secret_and_one_path_has_one_endpoint() {
    let faults = |config: Config| -> Vec<String> {
        let faults = Server::new(config).unwrap_err().faults;
        faults.iter().map(|fault| fault.key.clone()).collect()
    };
    let named = |id, secret| {
        let mut config = two();
        let secret = ClientSecret::new(secret);
        config.resources[1].credentials = Some(ResourceCredentials::new(id, secret));
        config
    };
    for id in ["A", "C", "P", "", "b b", "vc1_b", "https://b.test/"] {
        assert_eq!(faults(named(id, B_SECRET)), ["resource[1].id"], "{id}");
    }
    assert_eq!(faults(named("B", "short")), ["resource[1].secret"]);
    let mut config = two();
    config.paths.introspect.clone_from(&config.paths.revoke);
    assert_eq!(faults(config), ["paths.introspect"]);
    let shown = format!("{:?}", two());
    assert!(shown.contains("ResourceCredentials") && !shown.contains(A_SECRET));
}
