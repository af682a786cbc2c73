//! What every client needs of every answer, however it was asked.

use http::{Method, header};
use serde_json::{Value, json};

use crate::wire::{
    MCP, METADATA, assert_error, authorize, basic_form, basic_quoted, basic_raw, code, document,
    member, read_json, registered, token, tokens, tokens_without_scope, world,
};
use crate::world::{APP, Browser, VERIFIER, World, config, json_of, request, text};

fn redemption<'a>(code: &'a str, back: &'a str) -> Vec<(&'a str, &'a str)> {
    let grant = [("grant_type", "authorization_code"), ("code", code)];
    [&grant[..], &[("code_verifier", VERIFIER), ("redirect_uri", back)]].concat()
}

/// Rule 5: each method of a registration, and each way to write what it gave, with the id in the body
/// and without.
#[test]
fn a_right_secret_is_right_however_it_is_written() {
    let mut world = world();
    for method in [None, Some("client_secret_basic"), Some("client_secret_post")] {
        let mut metadata = json!({ "redirect_uris": [APP] });
        if let Some(method) = method {
            metadata["token_endpoint_auth_method"] = json!(method);
        }
        let client = registered(&mut world, &metadata);
        let (id, secret) = (client.id, client.secret.unwrap());
        type Way = fn(&str, &str) -> String;
        let ways = [Some(basic_raw as Way), Some(basic_quoted), Some(basic_form), None];
        for (way, id_too) in ways.into_iter().flat_map(|way| [(way, false), (way, true)]) {
            let code = code(&mut world, &id, APP, &[("resource", MCP)]);
            let mut form = redemption(&code, APP);
            if id_too || way.is_none() {
                form.push(("client_id", &id));
            }
            if way.is_none() {
                form.push(("client_secret", &secret));
            }
            let authorization = way.map(|way| way(&id, &secret));
            let first = tokens(&token(&mut world, &form, authorization.as_deref()));
            let refresh_token = member(&first, "refresh_token");
            form.retain(|(name, _)| name.starts_with("client_"));
            form.push(("grant_type", "refresh_token"));
            form.push(("refresh_token", &refresh_token));
            tokens(&token(&mut world, &form, authorization.as_deref()));
        }
    }
}

/// Rules 4 and 13: what is unknown is ignored, at every endpoint; what is known stands there once.
#[test]
fn unknown_parameters_are_ignored_and_known_ones_stand_once() {
    let mut world = world();
    let strange = ("x-strange", "1");
    let code = code(&mut world, "P", APP, &[("resource", MCP), strange, ("nonce", "n")]);
    let mut form = redemption(&code, APP);
    form.extend([("client_id", "P"), strange, ("audience", "x"), ("nonce", "n")]);
    for name in ["grant_type", "code", "client_id", "redirect_uri", "code_verifier"] {
        let value = form.iter().find(|(known, _)| *known == name).unwrap().1;
        let twice = [&form[..], &[(name, value)]].concat();
        assert_error(&token(&mut world, &twice, None), 400, "invalid_request");
    }
    let first = tokens(&token(&mut world, &form, None));
    let revoking = [("client_id", "P"), ("token", &*member(&first, "access_token")), strange];
    assert_eq!(world.post("/oauth/revoke", &revoking).status, 200);
}

/// Rule 13: a scope that means nothing here is dropped wherever it is named, alone or with others.
#[test]
pub(crate) fn offline_access_is_dropped_in_silence() {
    let mut world = world();
    let mut metadata = json!({
        "redirect_uris": [APP], "token_endpoint_auth_method": "none", "scope": "offline_access",
    });
    let alone = registered(&mut world, &metadata);
    assert!(alone.answer.get("scope").is_none(), "{}", alone.answer);
    metadata["scope"] = json!("mcp:read offline_access");
    assert_eq!(registered(&mut world, &metadata).answer["scope"], "mcp:read");
    for (asked, granted) in
        [("offline_access", "mcp:read mcp:write"), ("mcp:read offline_access", "mcp:read")]
    {
        let scope = ("scope", asked);
        let code = code(&mut world, &alone.id, APP, &[scope, ("resource", MCP)]);
        let mut form = redemption(&code, APP);
        form.extend([("client_id", &*alone.id), scope]);
        let first = tokens(&token(&mut world, &form, None));
        assert_eq!(first["scope"], granted);
        let refresh_token = member(&first, "refresh_token");
        let form = [
            ("grant_type", "refresh_token"),
            ("refresh_token", &*refresh_token),
            ("client_id", &*alone.id),
            scope,
        ];
        assert_eq!(tokens(&token(&mut world, &form, None))["scope"], granted);
    }
}

/// A resource without scopes: no document and no answer names one, whatever was asked for.
#[test]
fn where_there_are_no_scopes_none_is_named() {
    let mut config = config();
    config.resources = vec![vestibule_core::Resource::new(MCP, vec![]).unwrap()];
    let mut world = World::of(config);
    for path in [METADATA, "/.well-known/oauth-protected-resource/mcp"] {
        assert!(document(&mut world, path).get("scopes_supported").is_none());
    }
    let metadata = json!({
        "redirect_uris": [APP], "token_endpoint_auth_method": "none", "scope": "mcp:read",
    });
    let client = registered(&mut world, &metadata);
    assert!(client.answer.get("scope").is_none(), "{}", client.answer);
    for asked in ["", "mcp:read", "offline_access"] {
        let code = code(&mut world, &client.id, APP, &[("scope", asked), ("resource", MCP)]);
        let mut form = redemption(&code, APP);
        form.push(("client_id", &client.id));
        tokens_without_scope(&token(&mut world, &form, None));
    }
}

/// Lesson: what the metadata advertise comes true.
#[test]
fn whatever_the_metadata_advertise_is_there() {
    let mut world = world();
    let server = document(&mut world, METADATA);
    let path = |name: &str| {
        let url = server[name].as_str().unwrap_or_else(|| panic!("no {name}: {server}"));
        url.strip_prefix("https://as.test").unwrap().to_owned()
    };
    assert_eq!(world.get(&path("jwks_uri")).status, 200);
    assert_eq!(world.get(&path("authorization_endpoint")).status, 400);
    for name in ["token_endpoint", "revocation_endpoint", "registration_endpoint"] {
        let response = world.send(request(Method::POST, &path(name), &[], ""));
        assert_error(&response, 415, "invalid_request");
    }
    let back = authorize("P", APP, &[("response_mode", "query"), ("resource", MCP)]);
    assert_eq!(Browser::default().get(&mut world, &back).status, 200);
    for grant_type in server["grant_types_supported"].as_array().unwrap() {
        let form = [("grant_type", grant_type.as_str().unwrap()), ("client_id", "P")];
        assert_error(&token(&mut world, &form, None), 400, "invalid_request");
    }
    // Who signs publishes a document instead of registering.
    let methods = server["token_endpoint_auth_methods_supported"].as_array().unwrap();
    for method in methods.iter().filter(|method| *method != "private_key_jwt") {
        let metadata = json!({ "redirect_uris": [APP], "token_endpoint_auth_method": method });
        registered(&mut world, &metadata);
    }
    for absent in ["introspection_endpoint", "userinfo_endpoint", "subject_types_supported"] {
        assert!(server.get(absent).is_none(), "{server}");
    }
}

/// Lessons: the client's resource is not the provider's, nor are the provider's scopes the client's.
#[test]
fn the_clients_resource_and_the_providers_scopes_stay_where_they_are() {
    let mut world = world();
    let upstream = json!({
        "access_token": "upstream-access", "token_type": "Bearer", "scope": "profile email admin",
    });
    world.upstream.token = crate::world::upstream::Answer::Says(200, upstream.to_string());
    let asked = authorize("P", APP, &[("resource", MCP), ("scope", "mcp:read")]);
    let mut browser = Browser::default();
    let to = browser.until_upstream(&mut world, &asked);
    assert!(!to.contains("resource") && !to.contains("mcp"), "{to}");
    let code = code(&mut world, "P", APP, &[("resource", MCP), ("scope", "mcp:read")]);
    assert!(world.upstream.calls.iter().all(|call| !call.contains("mcp")));
    let mut form = redemption(&code, APP);
    form.push(("client_id", "P"));
    assert_eq!(tokens(&token(&mut world, &form, None))["scope"], "mcp:read");
}

/// Lesson: nothing on a page is loaded from elsewhere.
#[test]
fn a_page_is_whole_by_itself() {
    let mut world = world();
    for path in [authorize("P", APP, &[("resource", MCP)]), authorize("nobody", APP, &[])] {
        let page = text(&world.get(&path));
        for loads in [" src=", "srcset=", "<link", "@import", "url(", "<iframe", "<object"] {
            assert!(!page.contains(loads), "{loads}: {page}");
        }
    }
}

/// Rule 6: a client that is unknown learns where it can register; one that only shows the wrong secret
/// does not lose its registration.
#[test]
fn an_unknown_client_is_told_where_to_register() {
    let mut world = world();
    let form = [("grant_type", "authorization_code"), ("code", "vac1_x")];
    let in_body = [&form[..], &[("client_id", "vc1_stale")]].concat();
    let header = basic_quoted("vc1_stale", "stale");
    for (form, authorization) in [(&in_body[..], None), (&form, Some(&*header))] {
        let response = token(&mut world, form, authorization);
        assert_error(&response, 401, "invalid_client");
        let endpoint = &json_of(&response)["registration_endpoint"];
        assert_eq!(*endpoint, document(&mut world, METADATA)["registration_endpoint"]);
        assert_eq!(
            response.headers.contains_key(header::WWW_AUTHENTICATE),
            authorization.is_some()
        );
    }
    let wrong = token(&mut world, &form, Some(&basic_raw("C", "wrong")));
    assert_error(&wrong, 401, "invalid_client");
    assert!(json_of(&wrong).get("registration_endpoint").is_none());
}

/// Rules 4 and 10: no `null` at any depth, and an answer that nobody may keep says so.
#[test]
fn nothing_is_null_and_no_answer_to_a_client_is_kept() {
    let mut world = world();
    let sparse = json!({
        "redirect_uris": [APP], "client_name": null, "scope": null, "client_uri": null,
        "logo_uri": "", "grant_types": null, "response_types": null, "jwks": null,
        "token_endpoint_auth_method": null,
    });
    let response = world.register_with(&sparse);
    assert_eq!(response.status, 201, "{}", text(&response));
    assert_eq!(response.headers[header::CACHE_CONTROL], "no-store");
    let answer: Value = read_json(&response);
    assert_eq!(answer["grant_types"], json!(["authorization_code", "refresh_token"]));
    assert_eq!(answer["response_types"], json!(["code"]));
    assert_eq!(answer["token_endpoint_auth_method"], "client_secret_basic");
    assert!(answer["client_id_issued_at"].is_u64(), "{answer}");
    for path in ["/oauth/providers", "/.well-known/jwks.json"] {
        document(&mut world, path);
    }
}
