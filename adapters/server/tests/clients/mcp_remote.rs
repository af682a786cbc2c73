//! mcp-remote 0.15 on Node.js: the TypeScript client, which names the scope when it refreshes, and asks
//! for `openid email profile` where nobody names one to it.

use serde_json::{Value, json};

use crate::judge::{assert_refused, document, metadata, text, tokens};
use crate::libraries::form;
use crate::site::{MCP, SCOPES, STATE, Site, challenge};
use crate::typescript_v1::{get, register, token, token_as};

const BACK: &str = "http://localhost:3335/oauth/callback";
/// Where that port is busy.
const MOVED: &str = "http://localhost:49150/oauth/callback";
const VERIFIER: &str = "QYmE8_7vAYFWv.wljkJ4~nXb0mkaeNVjQuJq3PCnKpT";

/// It registers without a secret where the server lists that.
fn client_metadata(server: &Value, back: &str) -> Value {
    let methods = server["token_endpoint_auth_methods_supported"].as_array().unwrap();
    let wanted = ["none", "client_secret_post", "client_secret_basic"];
    let method = wanted.into_iter().find(|method| methods.contains(&json!(method))).unwrap();
    json!({
        "client_name": "MCP CLI Proxy",
        "client_uri": "https://github.com/modelcontextprotocol/mcp-cli",
        "software_id": "2e6dc280-f3c3-4e01-99a7-8181dbd1d23d",
        "software_version": "0.15.1",
        "redirect_uris": [back],
        "grant_types": ["authorization_code", "refresh_token"],
        "response_types": ["code"],
        "token_endpoint_auth_method": method,
        "application_type": "native",
    })
}

fn asked(id: &str, back: &str, scope: &str) -> String {
    form(&[
        ("response_type", "code"),
        ("client_id", id),
        ("code_challenge", &challenge(VERIFIER)),
        ("code_challenge_method", "S256"),
        ("redirect_uri", back),
        ("state", STATE),
        ("scope", scope),
        ("resource", MCP),
    ])
}

/// Where its port is busy it takes another and registers again; had it not, the old registration would
/// do for any port (RFC 8252 §7.3).
#[test]
fn mcp_remote_connects_and_refreshes_with_its_scope() {
    let site = Site::start();
    document(&get(&site, "/.well-known/oauth-protected-resource/mcp"));
    let server = metadata(&get(&site, "/.well-known/oauth-authorization-server"), &site);
    let [client, again] =
        [BACK, MOVED].map(|back| register(&site, &server, &client_metadata(&server, back)));
    for (client, back, scope, granted) in [
        (&client, BACK, "mcp:read", "mcp:read"),
        (&client, MOVED, "mcp:write", "mcp:write"),
        (&again, MOVED, "openid email profile", SCOPES),
    ] {
        let endpoint = text(&server, "authorization_endpoint");
        let code = site.signed_in(&endpoint, &asked(&client.id, back, scope), back).code;
        let pairs = [
            ("grant_type", "authorization_code"),
            ("code", &*code),
            ("code_verifier", VERIFIER),
            ("redirect_uri", back),
            ("resource", MCP),
        ];
        let mut last = tokens(&token_as(&site, &server, client, &pairs), MCP, granted);
        for _ in 0..2 {
            let pairs = [
                ("grant_type", "refresh_token"),
                ("refresh_token", &*text(&last, "refresh_token")),
                ("scope", &*text(&last, "scope")),
                ("resource", MCP),
            ];
            last = tokens(&token_as(&site, &server, client, &pairs), MCP, granted);
        }
    }
}

/// A stale registration: an error at the token endpoint, a page for the person.
#[test]
fn mcp_remote_sees_that_its_registration_is_stale() {
    let site = Site::start();
    let server = metadata(&get(&site, "/.well-known/oauth-authorization-server"), &site);
    let query = asked("vc1_stale", BACK, "mcp:read");
    assert!(site.is_error_page(&text(&server, "authorization_endpoint"), &query));
    let pairs =
        [("grant_type", "refresh_token"), ("refresh_token", "x"), ("client_id", "vc1_stale")];
    assert_refused(&token(&site, &server, &pairs, None), 401, "invalid_client");
}
