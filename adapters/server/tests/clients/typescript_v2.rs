//! The TypeScript client, version 2.4, on Node.js: compares issuers exactly, says its
//! `application_type`, and takes a scope that is not named for none.

use serde_json::{Value, json};

use crate::judge::{assert_nothing, document, metadata, text, tokens};
use crate::libraries::form;
use crate::site::{SCOPES, STATE, Site, challenge};
use crate::typescript_v1::{get, register, token_as};

const TENANT: &str = "https://auth.example.com/tenant1";
const MCP: &str = "https://auth.example.com/tenant1/mcp";
const BACK: &str = "http://localhost:8090/callback";
const VERIFIER: &str = "kJ4~nXb0mkaeNVjQuJq3PCnKpTQYmE8_7vAYFWv.wlj";

fn client_metadata() -> Value {
    json!({
        "client_name": "TypeScript",
        "redirect_uris": [BACK],
        "grant_types": ["authorization_code", "refresh_token"],
        "response_types": ["code"],
        "token_endpoint_auth_method": "none",
        "application_type": "native",
        "scope": SCOPES,
    })
}

/// At an issuer with a path, whose name is the same string in every document and in the answer; with
/// the scope that it adds where a server lists it, and one that it narrows for a step up later.
#[test]
fn typescript_v2_connects_to_an_issuer_with_a_path() {
    let site = Site::of(TENANT, MCP, "");
    let resource = document(&get(&site, "/.well-known/oauth-protected-resource/tenant1/mcp"));
    assert_eq!(resource["authorization_servers"], json!([TENANT]));
    let server = metadata(&get(&site, "/.well-known/oauth-authorization-server/tenant1"), &site);
    assert_eq!(server["authorization_response_iss_parameter_supported"], true);
    assert_nothing(&get(&site, "/.well-known/openid-configuration/tenant1"));
    assert_nothing(&get(&site, "/tenant1/.well-known/openid-configuration"));
    let client = register(&site, &server, &client_metadata());
    for (asked, granted) in
        [("mcp:read offline_access", "mcp:read"), ("mcp:read mcp:write", SCOPES)]
    {
        let challenge = challenge(VERIFIER);
        let query = form(&[
            ("response_type", "code"),
            ("client_id", &client.id),
            ("code_challenge", &challenge),
            ("code_challenge_method", "S256"),
            ("redirect_uri", BACK),
            ("state", STATE),
            ("scope", asked),
            ("prompt", "consent"),
            ("resource", MCP),
        ]);
        let back = site.signed_in(&text(&server, "authorization_endpoint"), &query, BACK);
        assert_eq!(back.iss, server["issuer"]);
        let pairs = [
            ("grant_type", "authorization_code"),
            ("code", &*back.code),
            ("code_verifier", VERIFIER),
            ("redirect_uri", BACK),
            ("resource", MCP),
        ];
        let first = tokens(&token_as(&site, &server, &client, &pairs), MCP, granted);
        let pairs = [
            ("grant_type", "refresh_token"),
            ("refresh_token", &*text(&first, "refresh_token")),
            ("resource", MCP),
        ];
        tokens(&token_as(&site, &server, &client, &pairs), MCP, granted);
    }
}
