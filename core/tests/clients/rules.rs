//! The numbered rules that follow from what the clients do, one test each. Where a client's test shows
//! the rule, its test is called here. Not among them: 12, of the resource's own challenge, and 16, of
//! metadata documents.

use http::{Method, StatusCode};
use serde_json::json;
use vestibule_core::{Issuer, Paths};

use crate::wire::{
    MCP, METADATA, RESOURCE_METADATA, assert_error, assert_nothing_at, audience, basic_raw,
    config_for, document, member, registered, signed_in, token, tokens, world,
};
use crate::world::{APP, ISSUER, RES, World, authorize_with, claims_of, json_of, refresh, request};

/// Rule 1: one spelling of the issuer, configured so or not at all, and the same bytes everywhere.
#[test]
fn rule_01_one_canonical_issuer() {
    for spelling in ["https://as.test/", "https://AS.test", "https://as.test:443"] {
        assert!(Issuer::parse(spelling).is_err(), "{spelling}");
    }
    let mut world = world();
    let resource = document(&mut world, &format!("{RESOURCE_METADATA}/mcp"));
    assert_eq!(resource["authorization_servers"], json!([ISSUER]));
    assert_eq!(document(&mut world, METADATA)["issuer"], ISSUER);
    let said = signed_in(&mut world, "P", APP, &[("resource", MCP)]);
    assert_eq!(said["iss"], ISSUER);
    let tokens = json_of(&world.redeem(&said["code"]));
    assert_eq!(claims_of(&member(&tokens, "access_token"))["iss"], ISSUER);
    crate::tenant::tenant_is_one_string_from_metadata_to_token();
}

/// Rule 2, as far as documents are served: RFC 8414's form alone, RFC 9728's by path and root; any
/// other address is a clean 404.
#[test]
fn rule_02_unknown_well_known_addresses_are_clean_404s() {
    let mut world = world();
    document(&mut world, METADATA);
    document(&mut world, RESOURCE_METADATA);
    for path in [
        "/.well-known/openid-configuration",
        "/.well-known/oauth-authorization-server/mcp",
        "/.well-known/openid-configuration/mcp",
        "/mcp/.well-known/openid-configuration",
        "/.well-known/oauth-protected-resource/other",
        "/mcp/.well-known/oauth-protected-resource",
        "/.well-known/nothing",
    ] {
        assert_nothing_at(&mut world, path);
    }
    crate::tenant::tenant_is_found_at_the_path_inserted_form_alone();
    crate::rmcp::rmcp_finds_no_other_issuer_at_the_root();
}

/// Rule 3: what is always listed, and nothing that does not come true.
#[test]
fn rule_03_the_metadata_list_what_clients_look_for() {
    let server = document(&mut world(), METADATA);
    for (name, value) in [
        ("response_types_supported", json!(["code"])),
        ("grant_types_supported", json!(["authorization_code", "refresh_token"])),
        ("code_challenge_methods_supported", json!(["S256"])),
        (
            "token_endpoint_auth_methods_supported",
            json!(["none", "client_secret_basic", "client_secret_post", "private_key_jwt"]),
        ),
        ("client_id_metadata_document_supported", json!(true)),
        ("registration_endpoint", json!("https://as.test/oauth/register")),
        ("authorization_response_iss_parameter_supported", json!(true)),
        ("scopes_supported", json!(["mcp:read", "mcp:write"])),
    ] {
        assert_eq!(server[name], value, "{name}");
    }
    let mut closed = config_for(&[MCP]);
    closed.registration.dynamic = false;
    let server = document(&mut World::of(closed), METADATA);
    assert!(server.get("registration_endpoint").is_none(), "{server}");
}

/// Rule 4: `registered` checks each answer; here, what each method leads to, and that unknown members
/// do not matter.
#[test]
fn rule_04_registration_answers_what_clients_need() {
    let mut world = world();
    let metadata = |method: Option<&str>| {
        let mut metadata = json!({
            "redirect_uris": [APP], "application_type": "native", "software_id": "x", "contacts": ["a@app.test"],
        });
        if let Some(method) = method {
            metadata["token_endpoint_auth_method"] = json!(method);
        }
        metadata
    };
    assert!(registered(&mut world, &metadata(Some("none"))).secret.is_none());
    let omitted = registered(&mut world, &metadata(None));
    assert_eq!(omitted.answer["token_endpoint_auth_method"], "client_secret_basic");
    assert_eq!(omitted.answer["grant_types"], json!(["authorization_code", "refresh_token"]));
    assert_eq!(omitted.answer["response_types"], json!(["code"]));
    assert!(omitted.secret.is_some());
    crate::cursor::cursor_registers_three_redirect_uris();
    crate::cursor::cursor_is_told_what_the_operator_has_to_allow();
}

/// Rule 5: `registered` checks the characters; Basic in every spelling, with or without the id in the
/// body, and a secret by the way that was not registered.
#[test]
fn rule_05_a_secret_is_shown_in_any_way() {
    crate::typescript_v1::typescript_v1_writes_a_secret_that_it_was_given_as_it_is();
    crate::python::python_quotes_its_credentials_and_sends_the_id_in_the_body_too();
    crate::rmcp::rmcp_writes_basic_form_encoded_if_it_has_a_secret();
    crate::codex::codex_sends_basic_after_it_was_told_post();
    crate::claude::claude_shows_its_secret_in_the_body();
    let wrong = basic_raw("C", "wrong");
    let form = [("grant_type", "authorization_code"), ("code", "vac1_x")];
    let response = token(&mut world(), &form, Some(&wrong));
    assert!(response.headers.contains_key("www-authenticate"));
    assert_error(&response, 401, "invalid_client");
}

/// Rule 6.
#[test]
fn rule_06_an_unknown_client_is_told_so_and_a_known_one_stays() {
    crate::mcp_remote::mcp_remote_sees_that_its_registration_is_stale();
    crate::claude_code::claude_code_keeps_its_client_id_forever();
    crate::python::python_never_registers_again();
}

/// Rule 7.
#[test]
fn rule_07_redirect_uris_match_exactly_but_for_a_loopback_port() {
    crate::claude_code::claude_code_uses_any_loopback_port();
    crate::claude_code::claude_code_on_localhost_is_not_on_the_address();
    crate::claude_code::claude_code_redeems_with_the_port_that_it_used();
    crate::vscode::vscode_comes_back_with_the_slash_that_it_registered();
    let mut world = world();
    for refused in [
        "http://app.test/cb",
        "javascript:alert(1)",
        "data:text/html,x",
        "file:///etc/passwd",
        "https://app.test/cb#x",
        "https://u@app.test/cb",
        "https://*.app.test/cb",
    ] {
        let response = world.register_with(&json!({ "redirect_uris": [refused] }));
        assert_error(&response, 400, "invalid_redirect_uri");
    }
}

/// Rule 8: one resource in its spellings, several by their paths; none named is the only one.
#[test]
fn rule_08_a_resource_in_its_spellings_is_one_audience() {
    let mut several = World::of(config_for(&[RES, "https://mcp.test/other", "https://root.test"]));
    for (asked, bound) in [
        ("HTTPS://MCP.TEST:443/mcp", RES),
        ("https://mcp.test/other", "https://mcp.test/other"),
        ("https://root.test/", "https://root.test"),
    ] {
        let code = several.until_code_with(&[("resource", asked)])["code"].clone();
        let first = tokens(&several.redeem_with(&code, &[("resource", asked)]));
        assert_eq!(audience(&first), bound);
        let refresh_token = member(&first, "refresh_token");
        let other = several.send(refresh(&refresh_token, &[("resource", "https://mcp.test/x")]));
        assert_error(&other, 400, "invalid_target");
        let again = several.send(refresh(&refresh_token, &[("resource", asked)]));
        assert_eq!(audience(&tokens(&again)), bound);
    }
    let none = several.get(&authorize_with(&[("resource", "")]));
    assert!(none.headers["location"].to_str().unwrap().contains("error=invalid_target"));
    crate::typescript_v1::typescript_v1_names_no_resource_where_it_found_none();
}

/// Rule 9: a bounded grace for the spent token, then the family ends; less scope, never more.
#[test]
fn rule_09_refresh_tokens_rotate_with_a_grace() {
    crate::claude::claude_refreshes_from_two_addresses();
    crate::claude_code::claude_code_sessions_share_one_refresh_token();
    crate::mcp_remote::mcp_remote_refreshes_with_the_scope_that_it_has();
    let mut world = World::new();
    let first = member(&world.until_tokens(), "refresh_token");
    let more = world.refresh_with(&first, &[("scope", "mcp:read admin")]);
    assert_error(&more, 400, "invalid_scope");
    let second = member(&tokens(&world.refresh(&first)), "refresh_token");
    world.pass(60);
    assert_error(&world.refresh(&first), 400, "invalid_grant");
    assert_error(&world.refresh(&second), 400, "invalid_grant");
}

/// Rule 10: `tokens` checks each answer with tokens; here, that each failure is an OAuth error in
/// JSON.
#[test]
fn rule_10_every_answer_of_the_token_endpoint_is_json() {
    let mut world = World::new();
    assert_error(&world.get("/nowhere"), 404, "invalid_request");
    assert_error(&world.get("/oauth/token"), 405, "invalid_request");
    let json = [("content-type", "application/json")];
    let response = world.send(request(Method::POST, "/oauth/token", &json, "{}"));
    assert_error(&response, 415, "invalid_request");
    let long = world.post("/oauth/token", &[("scope", &"x".repeat(65 * 1024))]);
    assert_error(&long, 413, "invalid_request");
    assert_error(&vestibule_core::Response::overloaded(), 503, "temporarily_unavailable");
    let code = world.until_code_with(&[("scope", "mcp:read admin")])["code"].clone();
    assert_eq!(tokens(&world.redeem(&code))["scope"], "mcp:read");
}

/// Rule 11.
#[test]
fn rule_11_a_browser_of_another_origin_reads_what_depends_on_nobody() {
    crate::inspector::inspector_may_send_what_the_sdk_sends();
    crate::inspector::inspector_reads_every_answer();
    crate::inspector::inspector_goes_on_where_nothing_is();
    crate::inspector::inspector_cannot_read_the_persons_pages();
}

/// Rule 13: parameters that mean nothing here, and a scope that does.
#[test]
fn rule_13_unknown_parameters_and_offline_access_do_no_harm() {
    crate::answers::offline_access_is_dropped_in_silence();
    let mut world = World::new();
    let asked = [
        ("prompt", "consent"),
        ("audience", "https://mcp.test"),
        ("nonce", "n-0S6_WzA2Mj"),
        ("scope", "mcp:read offline_access"),
    ];
    let code = world.until_code_with(&asked)["code"].clone();
    let first = tokens(&world.redeem(&code));
    assert_eq!(first["scope"], "mcp:read");
    let again = [("scope", "mcp:read offline_access")];
    let refresh_token = member(&first, "refresh_token");
    assert_eq!(tokens(&world.refresh_with(&refresh_token, &again))["scope"], "mcp:read");
}

/// Rule 14.
#[test]
fn rule_14_a_verifier_has_up_to_128_characters() {
    crate::python::python_redeems_with_a_verifier_of_128_characters();
}

/// Rule 15: an operator whose resource has no metadata can put the endpoints where clients of
/// 2025-03-26 look for them.
#[test]
fn rule_15_endpoints_can_stand_at_the_root() {
    let mut config = config_for(&[ISSUER]);
    config.paths = Paths::mounted_at("");
    let mut world = World::of(config);
    let server = document(&mut world, METADATA);
    assert_eq!(server["authorization_endpoint"], format!("{ISSUER}/authorize"));
    for (path, status) in [("/authorize", 400), ("/token", 405), ("/register", 405)] {
        assert_eq!(world.get(path).status, StatusCode::from_u16(status).unwrap(), "{path}");
    }
}

/// Rule 17.
#[test]
fn rule_17_a_server_on_this_machine_stays_there() {
    crate::rmcp::rmcp_stays_on_this_machine();
    assert!(Issuer::parse("http://192.168.1.10:3000").is_err());
}
