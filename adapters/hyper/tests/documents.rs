//! Clients that are known by a document at their own host, over sockets: the documents come by
//! `https` from a host that the test is, and each client signs in through the whole server.

#![allow(clippy::unwrap_used, reason = "tests")]

#[path = "../../../core/tests/fixtures/client_documents.rs"]
mod client_documents;
// The same browser, the same application and the same provider that the program is tested with.
#[path = "../../server/tests/support/parties/mod.rs"]
mod parties;
#[path = "../../server/tests/support/provider.rs"]
mod provider;
mod publisher;
mod site;
#[path = "../../server/tests/support/wire.rs"]
mod wire;

use std::io;
use std::net::{IpAddr, Ipv4Addr};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use oauth2::TokenResponse;
use oauth2::http::StatusCode;
use publisher::Publisher;
use rcgen::{KeyPair, PKCS_ED25519, PublicKeyData, SigningKey};
use serde_json::{Value, json};
use site::{SignedIn, Site};
use vestibule_conformance::transport::Peer;
use vestibule_core::drive::Transport;
use vestibule_core::{AssertionFault, HttpCall, Purpose, Reach, Refusal, Response, Unreachable};
use vestibule_hyper::{HyperTransport, SystemClock};

/// What is published here is published at 127.0.0.1, which is not public: its calls may go there
/// too. Nothing else of them is changed.
struct Inside(HyperTransport);

impl Transport for Inside {
    async fn http(&self, mut call: HttpCall) -> Result<Response, Unreachable> {
        if matches!(call.purpose, Purpose::FetchClient | Purpose::FetchClientKeys) {
            assert_eq!(call.reach, Reach::PublicAddresses);
            call.reach = Reach::Configured;
        }
        self.0.http(call).await
    }
}

/// Finds every name on this machine.
async fn here(_: String) -> io::Result<Vec<IpAddr>> {
    Ok(vec![Ipv4Addr::LOCALHOST.into()])
}

/// Trusts the authority of what is published here.
fn transport(publisher: &Publisher) -> HyperTransport {
    let builder = HyperTransport::builder().resolver(here);
    builder.root_certificates(publisher.authority.as_bytes()).unwrap().build().unwrap()
}

fn site(publisher: &Publisher) -> Site {
    Site::with(Inside(transport(publisher)))
}

/// A client with a document, signing in to a token.
fn signs_in(site: &Site, id: &str, back: &str) -> SignedIn {
    let signed_in = site.sign_in(id, back);
    assert_names_publisher(&signed_in.page, id);
    let client = site.client(id, back);
    let tokens = client.redeem(&signed_in.code, &signed_in.verifier, None).unwrap();
    assert_is_for(site, tokens.access_token().secret(), id);
    let next = client.refresh(tokens.refresh_token().unwrap().secret()).unwrap();
    assert_is_for(site, next.access_token().secret(), id);
    signed_in
}

fn assert_names_publisher(page: &str, id: &str) {
    let host = id.split(['/', ':']).nth(3).unwrap();
    let row = format!("published by</dt><dd><bdi>{host}</bdi>");
    assert!(page.contains(&row), "{row}: {page}");
}

fn assert_is_for(site: &Site, token: &str, id: &str) {
    let principal = site.principal(token);
    assert_eq!((principal.client_id.as_str(), &*principal.subject), (id, "idp:ada"));
}

fn claude_codes(publisher: &Publisher) -> String {
    let id = publisher.url("claude.ai", "/oauth/claude-code-client-metadata");
    publisher.publish(&id, &client_documents::claude_code(&id));
    id
}

/// It listens on a port that the machine gave it, and the browser comes there.
#[test]
fn cim_13_claude_code_signs_in_on_a_port_of_the_moment() {
    let publisher = Publisher::of(&["claude.ai"]);
    let id = claude_codes(&publisher);
    let site = site(&publisher);
    for host in ["localhost", "127.0.0.1"] {
        let listening = Peer::new().unwrap();
        let back = format!("http://{host}:{}/callback", listening.port());
        let signed_in = signs_in(&site, &id, &back);
        let answer = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
        let script = listening.run(move |peer| peer.answer_once(answer));
        assert_eq!(site.visit(&signed_in.location).body, "ok");
        let came = script.end().unwrap();
        assert!(came.starts_with("GET /callback?"), "{came}");
        assert!(came.contains(&format!("code={}", signed_in.code)), "{came}");
    }
    let other = site.page(&id, "http://127.0.0.1:51687/other");
    assert!(other.is_page(StatusCode::BAD_REQUEST), "{other:?}");
    assert_eq!(site.last_refusal(), Some(Refusal::RedirectUriNotRegistered));
    assert_eq!(publisher.visits().urls, [id], "once for all");
}

#[test]
fn cim_13_vs_code_signs_in_by_its_site_and_by_loopback() {
    let publisher = Publisher::of(&["vscode.dev"]);
    let id = publisher.url("vscode.dev", "/oauth/client-metadata.json");
    publisher.publish(&id, &client_documents::vs_code(&id));
    let site = site(&publisher);
    for back in [
        "https://vscode.dev/redirect",
        "https://insiders.vscode.dev/redirect",
        "http://127.0.0.1:33418/",
        "http://127.0.0.1:57113/",
    ] {
        signs_in(&site, &id, back);
    }
    assert_eq!(publisher.visits().urls, [id], "once for all");
}

/// Each connector has a document and a callback of its own.
#[test]
fn cim_13_chatgpt_signs_in_for_a_connector() {
    let publisher = Publisher::of(&["chatgpt.com"]);
    let connector = |name: &str| {
        let id = publisher.url("chatgpt.com", &format!("/oauth/{name}/client.json"));
        let back = format!("https://chatgpt.com/connector/oauth/{name}");
        publisher.publish(&id, &client_documents::chatgpt(&id, &back));
        (id, back)
    };
    let [(one, back), (other, others)] = ["aBcD1234", "eFgH5678"].map(connector);
    let site = site(&publisher);
    signs_in(&site, &one, &back);
    signs_in(&site, &other, &others);
    assert!(site.page(&other, &back).is_page(StatusCode::BAD_REQUEST));
    assert_eq!(site.last_refusal(), Some(Refusal::RedirectUriNotRegistered));
    assert_eq!(publisher.visits().urls, [one, other]);
}

/// A name that leads to this machine is refused before anything is connected to.
#[test]
fn cim_04_nobody_publishes_on_this_machine() {
    let publisher = Publisher::of(&["claude.ai"]);
    let id = claude_codes(&publisher);
    let back = "http://127.0.0.1:51687/callback";
    let outside = Site::with(transport(&publisher));
    let refused = outside.page(&id, back);
    assert!(refused.is_page(StatusCode::BAD_REQUEST), "{refused:?}");
    assert_eq!(outside.last_refusal(), Some(unreachable(Unreachable::NotPermitted)));

    // Connections are accepted in their order: whoever had come before would be counted.
    signs_in(&site(&publisher), &id, back);
    let visits = publisher.visits();
    assert_eq!((visits.connections, visits.urls), (1, vec![id]));
}

/// A name that leads here is not enough: whoever is there has to show that it is the name's.
#[test]
fn a_document_of_a_host_that_nobody_vouches_for_is_not_read() {
    let publisher = Publisher::of(&["claude.ai"]);
    let id = claude_codes(&publisher);
    let others = Publisher::of(&["claude.ai"]);
    let site = site(&others);
    let refused = site.page(&id, "http://127.0.0.1:51687/callback");
    assert!(refused.is_page(StatusCode::BAD_REQUEST), "{refused:?}");
    assert_eq!(site.last_refusal(), Some(unreachable(Unreachable::Connection)));
    let visits = publisher.visits();
    assert_eq!((visits.connections, visits.urls), (1, vec![]));
}

fn unreachable(why: Unreachable) -> Refusal {
    Refusal::ClientDocument(Box::new(Refusal::UpstreamUnreachable(why)))
}

/// RFC 7523 §2.2: the keys are at the same host, in a document of their own.
#[test]
fn a_client_that_publishes_keys_signs_for_its_tokens() {
    let publisher = Publisher::of(&["agent.test"]);
    let id = publisher.url("agent.test", "/oauth/client.json");
    let keys_at = publisher.url("agent.test", "/oauth/jwks.json");
    let back = "https://agent.test/callback";
    let document = json!({
        "client_id": id,
        "client_name": "An agent",
        "redirect_uris": [back],
        "token_endpoint_auth_method": "private_key_jwt",
        "token_endpoint_auth_signing_alg": "EdDSA",
        "jwks_uri": keys_at,
    });
    publisher.publish(&id, &document);
    let [key, another] = [(); 2].map(|()| KeyPair::generate_for(&PKCS_ED25519).unwrap());
    publisher.publish(&keys_at, &jwk_set(&key));

    let site = site(&publisher);
    let signed_in = site.sign_in(&id, back);
    assert_names_publisher(&signed_in.page, &id);
    let unsigned = site.client(&id, back).redeem(&signed_in.code, &signed_in.verifier, None);
    assert_eq!(unsigned.unwrap_err(), "invalid_client");
    assert_eq!(publisher.visits().urls, [&*id], "nothing was signed");

    let redeem = |key: &KeyPair| {
        site.token(&[
            ("grant_type", "authorization_code"),
            ("code", &signed_in.code),
            ("code_verifier", &signed_in.verifier),
            ("redirect_uri", back),
            ("client_id", &id),
            ("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"),
            ("client_assertion", &assertion(key, &id, &site.issuer)),
        ])
    };
    let (status, refused) = redeem(&another);
    assert_eq!((status, &refused["error"]), (401, &json!("invalid_client")));
    let why = site.last_refusal();
    assert!(matches!(why, Some(Refusal::ClientAssertion(AssertionFault::Token(_)))), "{why:?}");

    let (status, tokens) = redeem(&key);
    assert_eq!(status, 200, "{tokens}");
    assert_is_for(&site, tokens["access_token"].as_str().unwrap(), &id);
    assert_eq!(publisher.visits().urls, [id, keys_at]);
}

/// RFC 8037 §2.
fn jwk_set(key: &KeyPair) -> Value {
    let x = URL_SAFE_NO_PAD.encode(key.der_bytes());
    json!({ "keys": [
        { "kty": "OKP", "crv": "Ed25519", "x": x, "kid": "one", "alg": "EdDSA", "use": "sig" },
    ] })
}

/// RFC 7523 §3.
fn assertion(key: &KeyPair, id: &str, issuer: &str) -> String {
    let now = SystemClock.now().seconds();
    let header = json!({ "alg": "EdDSA", "kid": "one", "typ": "JWT" });
    let claims = json!({
        "iss": id, "sub": id, "aud": issuer, "jti": "once", "iat": now, "exp": now + 60,
    });
    let [header, claims] = [header, claims].map(|it| URL_SAFE_NO_PAD.encode(it.to_string()));
    let message = format!("{header}.{claims}");
    let signature = URL_SAFE_NO_PAD.encode(key.sign(message.as_bytes()).unwrap());
    format!("{message}.{signature}")
}
