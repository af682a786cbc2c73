//! Dynamic client registration.

use http::header;
use serde_json::{Value, json};
use vestibule_core::Refusal;

use crate::expect::{
    EVIL, assert_clean, assert_tok, damaged, last_refusal, local400, member, register_evil,
    registration, tok401,
};
use crate::world::{
    APP, World, authorize_with, client, config, json_of, redemption, request, text,
};

/// A registration that must be refused, with nothing kept of it.
fn refused_with(world: &mut World, body: &str, error: &str) {
    let json = [("content-type", "application/json")];
    let before = (world.store.swaps, world.store.len());
    let response = world.send(request(http::Method::POST, "/oauth/register", &json, body));
    assert_eq!((world.store.swaps, world.store.len()), before);
    let status = response.status.as_u16();
    assert!(status == 400 || status == 413, "{status} for {body:.200}: {:.200}", text(&response));
    assert_tok(&response, status, if status == 413 { "invalid_request" } else { error });
}

fn refused_metadata(world: &mut World, name: &str, value: &Value) {
    let mut metadata = registration(APP);
    metadata[name] = value.clone();
    refused_with(world, &metadata.to_string(), "invalid_client_metadata");
}

#[test]
fn dcr_02_a_damaged_client_id_is_nobodys() {
    let mut world = World::new();
    let id = register_evil(&mut world);
    let code = world.until_code_with(&[("client_id", &id), ("redirect_uri", EVIL)])["code"].clone();
    let of = |id: &str| authorize_with(&[("client_id", id), ("redirect_uri", EVIL)]);
    for damaged in damaged(id.strip_prefix("vc1_").unwrap()) {
        let damaged = format!("vc1_{damaged}");
        local400(&mut world, &of(&damaged));
        assert_eq!(*last_refusal(&world), Refusal::UnknownClient);
        let changes = [("client_id", &*damaged), ("redirect_uri", EVIL)];
        tok401(&mut world, redemption(&code, &changes));
    }
    let own = [("client_id", &*id), ("redirect_uri", EVIL)];
    assert_eq!(world.redeem_with(&code, &own).status, 200);
}

#[test]
fn dcr_04_a_thousand_redirect_uris_are_too_many() {
    let mut world = World::new();
    let many: Vec<_> = (0..1000).map(|n| format!("https://app.test/{n}")).collect();
    let body = json!({ "redirect_uris": many, "token_endpoint_auth_method": "none" });
    refused_with(&mut world, &body.to_string(), "invalid_client_metadata");
    let huge = format!("{{\"redirect_uris\":[\"{APP}\"],\"x\":\"{}\"}}", "x".repeat(1 << 20));
    refused_with(&mut world, &huge, "invalid_client_metadata");
    // What fits is not long: it must go into a cookie with all else.
    let some: Vec<_> = (0..20).map(|n| format!("https://app.test/{n}")).collect();
    let body = json!({ "redirect_uris": some, "token_endpoint_auth_method": "none" });
    let id = member(&json_of(&world.register_with(&body)), "client_id");
    assert!(id.len() <= 1024);
}

#[test]
fn dcr_04_a_body_of_sixteen_kilobytes_is_too_long() {
    let mut metadata = registration(APP);
    metadata["unknown"] = json!("x".repeat(16 * 1024));
    refused_with(&mut World::new(), &metadata.to_string(), "invalid_client_metadata");
}

#[test]
fn dcr_04_a_scope_of_ten_kilobytes_is_too_long() {
    refused_metadata(&mut World::new(), "scope", &json!("a ".repeat(5 * 1024)));
}

#[test]
fn dcr_05_members_have_the_types_of_the_rfc() {
    let mut world = World::new();
    let strings = [
        "client_name",
        "token_endpoint_auth_method",
        "scope",
        "client_uri",
        "logo_uri",
        "tos_uri",
        "policy_uri",
        "jwks_uri",
    ];
    for name in strings {
        for wrong in [json!(1), json!(true), json!(["x"]), json!({ "a": 1 })] {
            refused_metadata(&mut world, name, &wrong);
        }
    }
    for name in ["redirect_uris", "grant_types", "response_types"] {
        for wrong in [json!(1), json!("code"), json!([1]), json!([["x"]]), json!({ "a": 1 })] {
            refused_metadata(&mut world, name, &wrong);
        }
    }
    for wrong in [json!(1), json!("x"), json!([]), json!({}), json!({ "keys": 1 })] {
        refused_metadata(&mut world, "jwks", &wrong);
    }
    for body in
        ["", "x", "1", "null", "\"x\"", "[]", "{", "{}x", "{\"redirect_uris\":[\"\\ud800\"]}"]
    {
        refused_with(&mut world, body, "invalid_client_metadata");
    }
    refused_with(&mut world, "{}", "invalid_client_metadata");
    refused_metadata(&mut world, "redirect_uris", &json!([]));
    refused_metadata(&mut world, "redirect_uris", &Value::Null);
    let twice = format!("{{\"redirect_uris\":[\"{APP}\"],\"redirect_uris\":[\"{EVIL}\"]}}");
    refused_with(&mut world, &twice, "invalid_client_metadata");
    let deep = format!("{{\"jwks\":{}{}}}", "[".repeat(10_000), "]".repeat(10_000));
    refused_with(&mut world, &deep, "invalid_client_metadata");
}

#[test]
fn dcr_05_a_json_array_is_no_metadata() {
    let members =
        json!([[APP], "name", "none", null, null, null, null, null, null, null, null, null]);
    refused_with(&mut World::new(), &members.to_string(), "invalid_client_metadata");
}

#[test]
fn dcr_06_what_is_not_offered_is_refused() {
    let mut world = World::new();
    for method in ["private_key_jwt", "client_secret_jwt", "tls_client_auth", "None", ""] {
        refused_metadata(&mut world, "token_endpoint_auth_method", &json!(method));
    }
    for grant_types in [
        json!([]),
        json!(["implicit"]),
        json!(["client_credentials"]),
        json!(["refresh_token"]),
        json!(["authorization_code", "password"]),
        json!(["authorization_code", "urn:ietf:params:oauth:grant-type:jwt-bearer"]),
        json!(["Authorization_Code"]),
    ] {
        refused_metadata(&mut world, "grant_types", &grant_types);
    }
    for response_types in [json!(["token"]), json!(["code", "token"]), json!(["code id_token"])] {
        refused_metadata(&mut world, "response_types", &response_types);
    }
}

#[test]
fn dcr_07_keys_stand_in_one_place_and_are_public() {
    let mut world = World::new();
    let public = json!({ "keys": [{ "kty": "OKP", "crv": "Ed25519", "x": "AA" }] });
    let mut both = registration(APP);
    both["jwks"] = public.clone();
    both["jwks_uri"] = json!("https://app.test/jwks");
    refused_with(&mut world, &both.to_string(), "invalid_client_metadata");
    for private in [
        json!({ "kty": "OKP", "crv": "Ed25519", "x": "AA", "d": "AA" }),
        json!({ "kty": "RSA", "n": "AA", "e": "AQAB", "d": "AA" }),
        json!({ "kty": "RSA", "n": "AA", "e": "AQAB", "p": "AA" }),
        json!({ "kty": "oct", "k": "AA" }),
    ] {
        let keys = json!({ "keys": [public["keys"][0], private] });
        refused_metadata(&mut world, "jwks", &keys);
    }
}

/// RFC 7518 §6.3.2: each of these alone gives the whole private key away.
#[test]
fn dcr_07_nor_do_keys_have_a_private_part_of_another_name() {
    for name in ["dp", "dq", "qi", "oth"] {
        let mut key = json!({ "kty": "RSA", "n": "AA", "e": "AQAB" });
        key[name] = json!("AA");
        refused_metadata(&mut World::new(), "jwks", &json!({ "keys": [key] }));
    }
}

#[test]
fn dcr_11_an_operators_client_id_is_never_a_registered_one() {
    for id in ["vc1_x", "https://app.test/client", "", "a b", "\u{e9}"] {
        let mut config = config();
        config.clients.push(client(id, None, &[APP]));
        assert!(vestibule_core::Server::new(config).is_err(), "{id}");
    }
}

#[test]
fn dcr_09_dcr_11_a_client_does_not_choose_its_own_credentials() {
    let mut world = World::new();
    for method in ["none", "client_secret_post"] {
        let chosen = json!({
            "redirect_uris": [APP],
            "token_endpoint_auth_method": method,
            "client_id": "https://app.test/chosen",
            "client_secret": "chosen-secret",
            "client_id_issued_at": 1,
            "client_secret_expires_at": 1,
            "registration_access_token": "chosen-token",
            "registration_client_uri": "https://evil.test/",
        });
        let response = world.register_with(&chosen);
        assert_eq!(response.status, 201);
        assert!(!text(&response).contains("chosen"), "{}", text(&response));
        assert!(!text(&response).contains("registration_"), "{}", text(&response));
        let answer = json_of(&response);
        assert_eq!(answer["client_id_issued_at"], world.now);
        let id = member(&answer, "client_id");
        // Neither a document's address nor the name of a client of the operator's.
        assert!(id.starts_with("vc1_") && id.len() > 40, "{id}");
        assert!(id.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b)), "{id}");
    }
    let again = [(); 2].map(|()| register_evil(&mut world));
    assert_ne!(again[0], again[1]);
}

#[test]
fn dcr_10_the_answer_has_what_the_client_needs_and_no_more() {
    let mut world = World::new();
    let response = world.register_with(&registration(APP));
    assert_eq!(response.status, 201);
    assert_clean(&response);
    assert_eq!(response.headers[header::CONTENT_TYPE], "application/json");
    let public = json_of(&response);
    assert!(!text(&response).contains("secret"), "{public}");
    assert!(!text(&response).contains("null"), "{public}");
    assert_eq!(public["token_endpoint_auth_method"], "none");

    let confidential = [None, Some("client_secret_basic"), Some("client_secret_post")];
    let mut secrets = std::collections::HashSet::new();
    for method in confidential.into_iter().cycle().take(6) {
        let mut metadata = json!({ "redirect_uris": [APP] });
        if let Some(method) = method {
            metadata["token_endpoint_auth_method"] = json!(method);
        }
        let response = world.register_with(&metadata);
        assert_clean(&response);
        let answer = json_of(&response);
        assert_eq!(answer["token_endpoint_auth_method"], method.unwrap_or("client_secret_basic"));
        assert_eq!(answer["client_secret_expires_at"], 0);
        let secret = member(&answer, "client_secret");
        assert!(secret.len() >= 43, "256 bits");
        assert!(secrets.insert(secret), "two clients have the same secret");
    }
    assert_eq!(world.store.len(), 0, "registering leaves nothing behind");
}

#[test]
fn dcr_12_a_name_gives_nothing() {
    let mut world = World::new();
    for name in ["P", "C", "Vestibule", "Claude", "The idp"] {
        let metadata = json!({
            "redirect_uris": [EVIL], "client_name": name, "token_endpoint_auth_method": "none",
        });
        let id = member(&json_of(&world.register_with(&metadata)), "client_id");
        // Neither the operator's redirect URIs nor their trust.
        local400(&mut world, &authorize_with(&[("client_id", &id)]));
        let own = authorize_with(&[("client_id", &id), ("redirect_uri", EVIL)]);
        let page = text(&world.get(&own));
        assert!(page.contains("gave itself this name") && page.contains("evil.test"), "{page}");
    }
    // With the operator's redirect URI it is still another client.
    let twin = world.register(APP);
    let code = world.until_code()["code"].clone();
    crate::expect::tok(&mut world, redemption(&code, &[("client_id", &twin)]), "invalid_grant");
}

#[test]
fn dcr_13_a_registration_gives_no_scope() {
    let mut world = World::new();
    let mut metadata = registration(EVIL);
    metadata["scope"] = json!("admin mcp:read");
    let registered = json_of(&world.register_with(&metadata));
    let id = member(&registered, "client_id");
    let changes = [("client_id", &*id), ("redirect_uri", EVIL), ("scope", "admin mcp:read")];
    let tokens = crate::expect::tokens_with(&mut world, &changes, &changes[..2]);
    assert_eq!(tokens["scope"], "mcp:read");
    refused_metadata(&mut world, "grant_types", &json!(["client_credentials"]));
}

#[test]
fn dcr_13_the_answer_does_not_claim_a_scope_that_is_not_there() {
    let mut metadata = registration(EVIL);
    metadata["scope"] = json!("admin mcp:read");
    let registered = json_of(&World::new().register_with(&metadata));
    let scope = registered["scope"].as_str().unwrap_or_default();
    assert!(!scope.contains("admin"), "registered with {scope}");
}
