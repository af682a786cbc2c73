//! Claude Code, the TypeScript SDK on Bun: registers its address without a port and uses one of the
//! moment; several sessions share one refresh token.

use std::thread;

use serde_json::json;

use crate::judge::{assert_refused, document, metadata, registered, text, tokens};
use crate::libraries::{bun, form};
use crate::site::{MCP, SCOPES, STATE, Site, challenge, path};

const BACK: [&str; 2] = ["http://localhost/callback", "http://127.0.0.1/callback"];
const NOW: [&str; 2] = ["http://localhost:51687/callback", "http://127.0.0.1:60123/callback"];
const VERIFIER: &str = "tQ8vY3nL_0sWkR7xJb-ZcFhPu2eGdMa5oKi1TzXqE4A";
const VERSION: (&str, &str) = ("MCP-Protocol-Version", "2025-11-25");

#[test]
fn claude_code_connects_from_a_port_of_the_moment() {
    let site = Site::start();
    let get = |path: &str| site.send(&bun(&format!("GET {path}"), &[VERSION], None));
    document(&get("/.well-known/oauth-protected-resource/mcp"));
    let server = metadata(&get("/.well-known/oauth-authorization-server"), &site);
    let post = |name: &str, own: &[(&str, &str)], body: &str| {
        let line = format!("POST {}", path(&text(&server, name)));
        site.send(&bun(&line, own, Some(body)))
    };
    let sent = json!({
        "client_name": "Claude Code (vestibule)",
        "redirect_uris": BACK,
        "grant_types": ["authorization_code", "refresh_token"],
        "response_types": ["code"],
        "token_endpoint_auth_method": "none",
        "scope": SCOPES,
    });
    let json = [("Content-Type", "application/json")];
    let answer = post("registration_endpoint", &json, &sent.to_string());
    let client = registered(&answer, &sent);
    let own = [("Content-Type", "application/x-www-form-urlencoded")];
    let token = |pairs: &[(&str, &str)]| post("token_endpoint", &own, &form(pairs));
    let endpoint = text(&server, "authorization_endpoint");
    let asked = |back: &str| {
        form(&[
            ("response_type", "code"),
            ("client_id", &client.id),
            ("code_challenge", &challenge(VERIFIER)),
            ("code_challenge_method", "S256"),
            ("redirect_uri", back),
            ("state", STATE),
            ("scope", SCOPES),
            ("resource", MCP),
        ])
    };
    for back in NOW {
        let code = site.signed_in(&endpoint, &asked(back), back).code;
        let redeeming = |back: &str| {
            token(&[
                ("grant_type", "authorization_code"),
                ("code", &code),
                ("code_verifier", VERIFIER),
                ("redirect_uri", back),
                ("resource", MCP),
                ("client_id", &client.id),
            ])
        };
        // The port that the person came back to, to the digit.
        assert_refused(&redeeming(BACK[0]), 400, "invalid_grant");
        let first = tokens(&redeeming(back), MCP, SCOPES);
        let refresh_token = text(&first, "refresh_token");
        let refresh = |refresh_token: &str| {
            let answer = token(&[
                ("grant_type", "refresh_token"),
                ("refresh_token", refresh_token),
                ("resource", MCP),
                ("client_id", &client.id),
            ]);
            text(&tokens(&answer, MCP, SCOPES), "refresh_token")
        };
        let sessions = thread::scope(|scope| {
            let sessions = [(); 5].map(|()| scope.spawn(|| refresh(&refresh_token)));
            sessions.map(|session| session.join().unwrap())
        });
        assert!(sessions.iter().all(|successor| *successor == sessions[0]));
        refresh(&sessions[0]);
    }
    // Nor another host or path than it registered.
    for other in ["http://[::1]:51687/callback", "http://localhost:51687/callback/"] {
        assert!(site.is_error_page(&endpoint, &asked(other)), "{other}");
    }
}
