//! What may stand in a client's document, and the documents of real clients.

use http::header;
use serde_json::{Value, json};
use vestibule_core::Refusal;

use crate::cim::{
    ID, asking, asking_as, document, document_with, publish, publish_at, shown, unusable, world,
};
use crate::client_documents;
use crate::expect::{last_refusal, member};
use crate::world::id_tokens::{Key, jwk_set};
use crate::world::upstream::Answer;
use crate::world::{APP, Browser, RES, World, authorize_with, claims_of, json_of, query_of, text};

/// A document that is refused, and for which member.
fn refused(document: &Value, member: &str) {
    let mut world = World::new();
    publish(&mut world, document);
    unusable(&mut world, &asking());
    let refusal = last_refusal(&world);
    let Refusal::ClientDocument(why) = refusal else { panic!("{document}: {refusal:?}") };
    match &**why {
        Refusal::ClientMetadata { member: named, .. } => assert_eq!(*named, member, "{document}"),
        other => panic!("{document}: {other:?}"),
    }
}

fn refused_with(changes: Value, member: &str) {
    refused(&document_with(&changes), member);
}

#[test]
fn cim_11_a_document_speaks_for_the_url_at_which_it_is_and_no_other() {
    for other in [
        json!("https://app.test/CLIENT.json"),
        json!("https://App.test/client.json"),
        json!("https://app.test:443/client.json"),
        json!("https://app.test/client.json/"),
        json!("https://app.test/client.json?"),
        json!("https://app.test/client.json#"),
        json!("https://app.test/%63lient.json"),
        json!("https://app.test/client.jso%6E"),
        json!("https://app.test/./client.json"),
        json!("http://app.test/client.json"),
        json!("https://evil.test/client.json"),
        json!(" https://app.test/client.json"),
        json!(""),
        Value::Null,
    ] {
        refused_with(json!({ "client_id": other }), "client_id");
    }
    for other in [json!([ID]), json!(1), json!({ "url": ID })] {
        refused_with(json!({ "client_id": other }), "the document");
    }
}

/// Two spellings that a server may take for one are two clients.
#[test]
fn cim_11_percent_encodings_of_one_path_are_different_clients() {
    let [small, capital] = ["https://app.test/%c3%a9", "https://app.test/%C3%A9"];
    let mut world = World::new();
    publish_at(&mut world, small, &document_with(&json!({ "client_id": small })));
    publish_at(&mut world, capital, &document_with(&json!({ "client_id": small })));
    shown(&mut world, &asking_as(small));
    unusable(&mut world, &asking_as(capital));
}

#[test]
fn cim_12_no_secret_stands_in_a_public_document() {
    for secret in [json!("s"), json!(""), json!({})] {
        refused_with(json!({ "client_secret": secret }), "client_secret");
    }
    refused_with(json!({ "client_secret_expires_at": 0 }), "client_secret_expires_at");
    let mut null = document();
    null["client_secret"] = Value::Null;
    refused(&null, "client_secret");
    for method in ["client_secret_basic", "client_secret_post", "client_secret_jwt", "", "None"] {
        let changes = json!({ "token_endpoint_auth_method": method });
        refused_with(changes, "token_endpoint_auth_method");
    }
}

#[test]
fn cim_12_no_private_key_stands_in_a_public_document() {
    let public = [Key::Rsa, Key::P256(7), Key::Ed25519(7)].map(|key| key.jwk("k"));
    for jwk in &public {
        for private in ["d", "p", "q", "dp", "dq", "qi", "oth", "k"] {
            let mut jwk = jwk.clone();
            jwk[private] = json!("AA");
            // Beside good ones too.
            for keys in [json!([jwk]), json!([public[1], jwk])] {
                let changes = json!({
                    "jwks": { "keys": keys },
                    "token_endpoint_auth_method": "private_key_jwt",
                });
                refused_with(changes, "jwks");
            }
        }
    }
    let secret = jwk_set(&[("k", Key::Secret(vec![1; 32]))]);
    refused_with(json!({ "jwks": secret }), "jwks");
}

#[test]
fn cim_12_keys_are_in_one_place_and_public() {
    let jwks = jwk_set(&[("k", Key::P256(7))]);
    let signs = "private_key_jwt";
    let uri = "https://app.test/jwks.json";
    refused_with(json!({ "token_endpoint_auth_method": signs }), "jwks");
    refused_with(json!({ "jwks": jwks, "jwks_uri": uri }), "jwks");
    for jwks in [json!({}), json!([]), json!({ "keys": [] }), json!({ "keys": [{}] }), json!("x")] {
        refused_with(json!({ "jwks": jwks, "token_endpoint_auth_method": signs }), "jwks");
    }
    for uri in [
        "http://app.test/jwks.json",
        "https://127.0.0.1/jwks.json",
        "https://169.254.169.254/latest",
        "https://[::1]/jwks.json",
        "https://localhost/jwks.json",
        "https://app.test./jwks.json",
        "file:///etc/passwd",
        "/jwks.json",
        "",
    ] {
        refused_with(json!({ "jwks_uri": uri }), "jwks_uri");
    }
}

#[test]
fn cim_13_a_document_lists_where_answers_may_go() {
    refused_with(json!({ "redirect_uris": null }), "redirect_uris");
    refused_with(json!({ "redirect_uris": [] }), "redirect_uris");
    refused_with(json!({ "redirect_uris": vec![APP; 33] }), "redirect_uris");
    for uris in [json!(APP), json!({ "0": APP }), json!([APP, 1]), json!([null])] {
        refused_with(json!({ "redirect_uris": uris }), "the document");
    }
}

#[test]
fn cim_13_only_a_redirect_uri_of_the_document_is_answered_to() {
    let mut world = world();
    for other in [
        "https://evil.test/cb",
        "https://app.test/cb/",
        "https://app.test/CB",
        "https://app.test/cb?x",
        "https://app.test:8443/cb",
        "http://app.test/cb",
        "https://app.test/client.json",
    ] {
        let changes = [("client_id", ID), ("redirect_uri", other)];
        unusable(&mut world, &authorize_with(&changes));
        assert_eq!(*last_refusal(&world), Refusal::RedirectUriNotRegistered, "{other}");
    }
    shown(&mut world, &asking());
}

/// Whatever stands in it for others: where it may not lead, it does not lead.
#[test]
fn cim_13_a_redirect_uri_of_the_document_obeys_the_rules_of_all() {
    for uri in [
        "http://app.test/cb",
        "javascript:alert(1)",
        "data:text/html,x",
        "https://app.test/cb#fragment",
        "https://user@app.test/cb",
        "myapp:/cb",
    ] {
        let mut world = World::new();
        publish(&mut world, &document_with(&json!({ "redirect_uris": [uri, APP] })));
        unusable(&mut world, &authorize_with(&[("client_id", ID), ("redirect_uri", uri)]));
        shown(&mut world, &asking());
    }
}

#[test]
fn cim_10_a_document_needs_a_name_and_the_code_flow() {
    for name in [Value::Null, json!(""), json!("  "), json!("\u{202e}\u{200b}")] {
        refused_with(json!({ "client_name": name }), "client_name");
    }
    refused_with(json!({ "response_types": ["token"] }), "response_types");
    refused_with(json!({ "response_types": [] }), "response_types");
    refused_with(json!({ "grant_types": ["refresh_token"] }), "grant_types");
    refused_with(json!({ "grant_types": [] }), "grant_types");
}

/// Nobody checked its name; who publishes it is known by the host.
#[test]
fn cim_15_the_page_says_who_publishes_the_client() {
    let id = "https://clients.publisher.test/apps/one.json";
    let mut world = World::new();
    let changes = json!({ "client_id": id, "client_name": "<b>Bank</b>" });
    publish_at(&mut world, id, &document_with(&changes));
    let page = shown(&mut world, &asking_as(id));
    assert!(page.contains("<bdi>clients.publisher.test</bdi>"), "{page}");
    assert!(page.contains("<bdi>app.test</bdi>"), "{page}");
    assert!(page.contains("published by"), "{page}");
    assert!(!page.contains("<b>Bank"), "{page}");
}

/// A whole sign-in of a real client, to tokens and to the next ones.
fn walks_through(world: &mut World, id: &str, back: &str, scheme: Option<&str>) {
    let changes = [("client_id", id), ("redirect_uri", back)];
    let mut browser = Browser::default();
    let page = browser.get(world, &authorize_with(&changes));
    assert_eq!(page.status, 200, "{back}: {}", text(&page));
    let host = id.split('/').nth(2).unwrap();
    assert!(text(&page).contains(&format!("<bdi>{host}</bdi>")), "{}", text(&page));
    let policy = page.headers[header::CONTENT_SECURITY_POLICY].to_str().unwrap();
    assert!(scheme.is_none_or(|allowed| policy.contains(allowed)), "{policy}");
    let to = browser.until_redirect(world, &authorize_with(&changes));
    assert!(to.starts_with(back), "{to}");
    let code = query_of(&to)["code"].clone();
    let response = world.redeem_with(&code, &changes);
    assert_eq!(response.status, 200, "{}", text(&response));
    let tokens = json_of(&response);
    let claims = claims_of(&member(&tokens, "access_token"));
    assert_eq!((&claims["client_id"], &claims["aud"]), (&json!(id), &json!(RES)));
    assert!(world.is_live(&member(&tokens, "access_token")));
    world.pass(60);
    let next = world.refresh_with(&member(&tokens, "refresh_token"), &changes[..1]);
    assert_eq!(next.status, 200, "{}", text(&next));
    let next = json_of(&next);
    assert_ne!(next["refresh_token"], tokens["refresh_token"]);
    assert!(world.is_live(&member(&next, "access_token")));
}

#[test]
fn cim_13_claude_codes_document_is_of_any_loopback_port() {
    let id = "https://claude.ai/oauth/claude-code-client-metadata";
    let mut world = World::new();
    publish_at(&mut world, id, &client_documents::claude_code(id));
    for back in [
        "http://localhost:51687/callback",
        "http://127.0.0.1:60123/callback",
        "http://localhost/callback",
    ] {
        walks_through(&mut world, id, back, Some("http://"));
    }
    for other in ["http://localhost:51687/other", "http://[::1]:1/callback", "http://evil.test/"] {
        let changes = [("client_id", id), ("redirect_uri", other)];
        unusable(&mut world, &authorize_with(&changes));
    }
}

#[test]
fn cim_13_vs_codes_document_has_more_in_it_than_is_of_use_here() {
    let id = "https://vscode.dev/oauth/client-metadata.json";
    let mut world = World::new();
    publish_at(&mut world, id, &client_documents::vs_code(id));
    for back in [
        "https://vscode.dev/redirect",
        "https://insiders.vscode.dev/redirect",
        "http://127.0.0.1:33418/",
        "http://127.0.0.1:57113/",
    ] {
        walks_through(&mut world, id, back, None);
    }
}

/// It says nothing of how it authenticates and of what it wants: it is public, and it refreshes.
#[test]
fn cim_13_chatgpts_document_is_of_one_connector() {
    let id = "https://chatgpt.com/oauth/aBcD1234/client.json";
    let back = "https://chatgpt.com/connector/oauth/aBcD1234";
    let mut world = World::new();
    let document = client_documents::chatgpt(id, back);
    publish_at(&mut world, id, &document);
    walks_through(&mut world, id, back, None);
    let other = "https://chatgpt.com/oauth/eFgH5678/client.json";
    world.upstream.documents.insert(other.to_owned(), Answer::Says(200, document.to_string()));
    unusable(&mut world, &authorize_with(&[("client_id", other), ("redirect_uri", back)]));
}
