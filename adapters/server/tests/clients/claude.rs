//! Claude on the web and its desktop's connectors: a registration with a secret that it shows in the
//! body, from two addresses at once, at a resource at the root of its host.

use serde_json::json;

use crate::judge::{assert_refused, document, metadata, registered, text, tokens};
use crate::libraries::{httpx, urlencode};
use crate::site::{ORIGIN, SCOPES, STATE, Site, challenge, path};

const BACK: [&str; 2] =
    ["https://claude.ai/api/mcp/auth_callback", "https://claude.com/api/mcp/auth_callback"];
const VERIFIER: &str = "l7Zm3Kx9bQ-uE0s_JtVfWnPyRc1oHdGa5iXkTzMqA2w";
/// The resource of this site, as Claude writes the root of a host.
const RESOURCE: &str = "https://auth.example.com/";
const VERSION: (&str, &str) = ("MCP-Protocol-Version", "2025-06-18");

#[test]
fn claude_connects_and_refreshes_from_two_addresses_at_once() {
    let site = Site::of(ORIGIN, ORIGIN, "");
    let get = |path: &str| site.send(&httpx(&format!("GET {path}"), &[VERSION], None));
    let resource = document(&get("/.well-known/oauth-protected-resource"));
    assert_eq!(resource["authorization_servers"], json!([ORIGIN]));
    let server = metadata(&get("/.well-known/oauth-authorization-server"), &site);
    let written = |name: &str, content_type: &str, body: &str| {
        let line = format!("POST {}", path(&text(&server, name)));
        httpx(&line, &[("Content-Type", content_type)], Some(body))
    };
    let sent = json!({
        "client_name": "Claude",
        "redirect_uris": BACK,
        "grant_types": ["authorization_code", "refresh_token"],
        "response_types": ["code"],
        "token_endpoint_auth_method": "client_secret_post",
        "scope": SCOPES,
    });
    let register = || {
        let request = written("registration_endpoint", "application/json", &sent.to_string());
        registered(&site.send(&request), &sent)
    };
    let client = register();
    let secret = client.secret.unwrap();
    let to_token = |pairs: &[(&str, &str)]| {
        written("token_endpoint", "application/x-www-form-urlencoded", &urlencode(pairs))
    };
    let token = |pairs: &[(&str, &str)]| site.send(&to_token(pairs));
    for back in BACK {
        let query = urlencode(&[
            ("response_type", "code"),
            ("client_id", &client.id),
            ("redirect_uri", back),
            ("code_challenge", &challenge(VERIFIER)),
            ("code_challenge_method", "S256"),
            ("state", STATE),
            ("scope", SCOPES),
            ("resource", RESOURCE),
        ]);
        let code = site.signed_in(&text(&server, "authorization_endpoint"), &query, back).code;
        let first = token(&[
            ("grant_type", "authorization_code"),
            ("code", &code),
            ("client_id", &client.id),
            ("client_secret", &secret),
            ("redirect_uri", back),
            ("code_verifier", VERIFIER),
            ("resource", RESOURCE),
        ]);
        let first = tokens(&first, ORIGIN, SCOPES);
        let refreshing = [
            ("grant_type", "refresh_token"),
            ("refresh_token", &*text(&first, "refresh_token")),
            ("client_id", &*client.id),
            ("client_secret", &*secret),
            ("resource", RESOURCE),
        ];
        let both = site.at_once(["203.0.113.5", "198.51.100.7"], &to_token(&refreshing));
        let [one, other] = both.map(|answer| tokens(&answer, ORIGIN, SCOPES));
        assert_eq!(one["refresh_token"], other["refresh_token"]);
        let without = refreshing.map(|pair| {
            if pair.0 == "client_secret" { ("client_secret", "another") } else { pair }
        });
        assert_refused(&token(&without), 401, "invalid_client");
    }
    // Nothing but this status and code makes it register again.
    let stale = token(&[
        ("grant_type", "refresh_token"),
        ("refresh_token", "vrt1_x"),
        ("client_id", "vc1_stale"),
        ("client_secret", "stale"),
    ]);
    let refused = assert_refused(&stale, 401, "invalid_client");
    assert_eq!(refused["registration_endpoint"], server["registration_endpoint"]);
    register();
}
