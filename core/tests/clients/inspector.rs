//! MCP Inspector: a client inside a web page of another origin, which reads what CORS lets it and never
//! asks for a scope.

use http::{Method, header};
use serde_json::json;
use vestibule_core::Response;

use crate::wire::{
    MCP, METADATA, RESOURCE_METADATA, VERSION, code, registered, token, tokens, world,
};
use crate::world::{VERIFIER, World, request};

const ORIGIN: (&str, &str) = ("origin", "http://localhost:6274");

/// What a page may read: the documents of a discovery, and where it registers, asks for tokens and
/// gives them back.
fn readable() -> [(Method, String); 6] {
    let resource = format!("{RESOURCE_METADATA}/mcp");
    [
        (Method::GET, METADATA.to_owned()),
        (Method::GET, resource),
        (Method::GET, RESOURCE_METADATA.to_owned()),
        (Method::POST, "/oauth/register".to_owned()),
        (Method::POST, "/oauth/token".to_owned()),
        (Method::POST, "/oauth/revoke".to_owned()),
    ]
}

/// What a browser asks before it sends the header fields of the SDK.
fn preflight(world: &mut World, method: &Method, path: &str) -> Response {
    let headers = [
        ORIGIN,
        ("access-control-request-method", method.as_str()),
        ("access-control-request-headers", "authorization,content-type,mcp-protocol-version"),
    ];
    world.send(request(Method::OPTIONS, path, &headers, ""))
}

fn list(response: &Response, name: header::HeaderName) -> String {
    response.headers[name].to_str().unwrap().to_ascii_lowercase()
}

#[test]
pub(crate) fn inspector_may_send_what_the_sdk_sends() {
    let mut world = world();
    for (method, path) in readable() {
        let response = preflight(&mut world, &method, &path);
        assert!(response.status.is_success(), "{path}: {}", response.status);
        assert_eq!(response.headers[header::ACCESS_CONTROL_ALLOW_ORIGIN], "*", "{path}");
        let methods = list(&response, header::ACCESS_CONTROL_ALLOW_METHODS);
        assert!(methods.contains(&method.as_str().to_ascii_lowercase()), "{path}: {methods}");
        let headers = list(&response, header::ACCESS_CONTROL_ALLOW_HEADERS);
        for name in ["authorization", "content-type", "mcp-protocol-version"] {
            assert!(headers.contains(name), "{path}: {headers}");
        }
    }
}

/// A failure must be readable too: the empty requests here fail.
#[test]
pub(crate) fn inspector_reads_every_answer() {
    let mut world = world();
    for (method, path) in readable() {
        let response = world.send(request(method, &path, &[ORIGIN], ""));
        assert_eq!(response.headers[header::ACCESS_CONTROL_ALLOW_ORIGIN], "*", "{path}");
        assert!(!response.headers.contains_key(header::ACCESS_CONTROL_ALLOW_CREDENTIALS), "{path}");
        let exposed = list(&response, header::ACCESS_CONTROL_EXPOSE_HEADERS);
        assert!(exposed.contains("www-authenticate"), "{path}: {exposed}");
    }
}

/// It tries well-known addresses in turn, each with the SDK's header field: it has to read that nothing
/// is there, or it stops at the first.
#[test]
pub(crate) fn inspector_goes_on_where_nothing_is() {
    let mut world = world();
    for path in [
        "/.well-known/oauth-protected-resource/other",
        "/.well-known/oauth-authorization-server/mcp",
        "/.well-known/openid-configuration",
        "/mcp/.well-known/openid-configuration",
    ] {
        let permitted = preflight(&mut world, &Method::GET, path);
        assert_eq!(permitted.status, 204, "{path}");
        assert!(list(&permitted, header::ACCESS_CONTROL_ALLOW_HEADERS).contains("mcp-protocol"));
        let nothing = world.send(request(Method::GET, path, &[ORIGIN, VERSION], ""));
        assert_eq!(nothing.status, 404, "{path}");
        for response in [permitted, nothing] {
            assert_eq!(response.headers[header::ACCESS_CONTROL_ALLOW_ORIGIN], "*", "{path}");
        }
    }
}

#[test]
pub(crate) fn inspector_cannot_read_the_persons_pages() {
    let mut world = world();
    for path in ["/oauth/authorize", "/oauth/consent", "/oauth/callback/idp"] {
        let response = preflight(&mut world, &Method::GET, path);
        assert!(!response.headers.contains_key(header::ACCESS_CONTROL_ALLOW_ORIGIN), "{path}");
        let response = world.send(request(Method::GET, path, &[ORIGIN], ""));
        assert!(!response.headers.contains_key(header::ACCESS_CONTROL_ALLOW_ORIGIN), "{path}");
    }
}

/// It gets those of the resource.
#[test]
fn inspector_asks_for_no_scope() {
    let mut world = world();
    let back = "http://localhost:6274/oauth/callback";
    let metadata = json!({
        "client_name": "MCP Inspector",
        "redirect_uris": [back],
        "grant_types": ["authorization_code", "refresh_token"],
        "response_types": ["code"],
        "token_endpoint_auth_method": "none",
    });
    let client = registered(&mut world, &metadata);
    let code = code(&mut world, &client.id, back, &[("resource", MCP)]);
    let form = [
        ("grant_type", "authorization_code"),
        ("code", &*code),
        ("code_verifier", VERIFIER),
        ("redirect_uri", back),
        ("client_id", &client.id),
        ("resource", MCP),
    ];
    assert_eq!(tokens(&token(&mut world, &form, None))["scope"], "mcp:read mcp:write");
}
