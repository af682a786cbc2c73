//! A person signs in at `vestibule serve`, configured unlike its defaults: a client that the
//! operator knows, two providers, two resources, moved endpoints, no registration.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

#[path = "sign_in_serve/introspect.rs"]
mod introspect;
#[path = "support/jwt.rs"]
mod jwt;
#[path = "support/parties/mod.rs"]
mod parties;
#[path = "support/provider.rs"]
mod provider;
mod support;
#[path = "support/wire.rs"]
mod wire;

use std::fs;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use oauth2::http::header::CONTENT_TYPE;
use oauth2::http::{Request, StatusCode};
use oauth2::{SyncHttpClient, TokenResponse};
use parties::{Answer, Application, Asked, Browser, discover};
use provider::{Provider, Script};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use support::{Running, vestibule};
use tempfile::TempDir;
use url::form_urlencoded;
use wire::Wire;

const ISSUER: &str = "https://auth.example.com";
const CLIENT_ID: &str = "desk";
/// With characters that HTTP Basic must encode (RFC 6749 §2.3.1).
const CLIENT_SECRET: &str = "the desk's own: secret/100%";
const REDIRECT_URI: &str = "https://desk.example.com/cb";
const MCP: &str = "https://mcp.example.com/mcp";
const API: &str = "https://api.example.com/";
const MCP_ID: &str = "mcp";
const API_ID: &str = "api";
/// Of both: what tells them apart is the id.
const RESOURCE_SECRET: &str = "a resource's own: secret/100%";
/// Each 32 bytes in base64url.
const ES256_KEY: &str = "ERERERERERERERERERERERERERERERERERERERERERE";
const HS256_KEY: &str = "IiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiI";

/// The program behind a proxy, with its two providers.
struct Serve {
    wire: Wire,
    metadata: Value,
    first: Provider,
    second: Provider,
    _running: Running,
    _folder: TempDir,
}

impl Serve {
    /// With both signing keys, of which this one signs.
    fn start(signs: &str) -> Self {
        let first = Provider::start(Script::good("first-code", "first-access", "ada"));
        let second = Provider::start(Script::good("second-code", "second-access", "ada"));
        let folder = TempDir::new().unwrap();
        let configuration = configuration(signs, &first, &second);
        fs::write(folder.path().join("vestibule.toml"), configuration).unwrap();
        let mut command = vestibule(&["serve", "--config", "vestibule.toml"]);
        let running = Running::start(command.current_dir(folder.path()));
        let wire = Wire::new(ISSUER, &running.address);
        let metadata = discover(&wire, ISSUER);
        Self { wire, metadata, first, second, _running: running, _folder: folder }
    }

    fn application(&self) -> Application<'_, Wire> {
        let secret = Some(CLIENT_SECRET);
        Application::new(&self.wire, &self.metadata, CLIENT_ID, secret, REDIRECT_URI)
    }

    /// A person signs in with a provider: what the application is told.
    fn sign_in(
        &self,
        application: &Application<'_, Wire>,
        asked: &Asked,
        provider: &str,
    ) -> Answer {
        let mut browser = Browser::new(&self.wire);
        let page = browser.get(&asked.url);
        assert!(page.is_page(StatusCode::OK), "{page:?}");
        let leaving = browser.press(&page, "provider", provider);
        let provider = browser.follow(&leaving);
        let arrived = browser.follow(&provider);
        application.read(asked, &arrived.location())
    }

    fn code(&self, application: &Application<'_, Wire>, asked: &Asked, provider: &str) -> String {
        match self.sign_in(application, asked, provider) {
            Answer::Code(code) => code,
            Answer::Error(error) => panic!("refused: {error}"),
        }
    }

    fn get(&self, url: &str) -> Value {
        let response = self.wire.call(Request::get(url).body(Vec::new()).unwrap()).unwrap();
        assert_eq!(response.status(), StatusCode::OK);
        serde_json::from_slice(response.body()).unwrap()
    }
}

fn configuration(signs: &str, first: &Provider, second: &Provider) -> String {
    let mut keys = [("ES256", ES256_KEY), ("HS256", HS256_KEY)];
    keys.sort_by_key(|(algorithm, _)| *algorithm != signs);
    let keys = keys.map(|(algorithm, key)| {
        format!("[[signing_key]]\nalgorithm = \"{algorithm}\"\nkey = \"{key}\"\n")
    });
    format!(
        r#"
issuer = "{ISSUER}"
listen = "127.0.0.1:0"
secrets = ["a sealing secret of more than 32 bytes"]
store = "memory:"

[paths]
mount = "/auth"

[registration]
dynamic = false

{}
[[client]]
id = "{CLIENT_ID}"
secret = "{CLIENT_SECRET}"
redirect_uris = ["{REDIRECT_URI}"]
name = "The desk"

[[provider]]
id = "first"
name = "The first"
authorization_endpoint = "{first}/authorize"
token_endpoint = "{first}/token"
userinfo_endpoint = "{first}/userinfo"
client_id = "vestibule at the first"
client_secret = "our secret: at the first"
token_auth = "basic"

[[provider]]
id = "second"
authorization_endpoint = "{second}/authorize"
token_endpoint = "{second}/token"
userinfo_endpoint = "{second}/userinfo"
client_id = "vestibule-at-the-second"
client_secret = "our-secret-at-the-second"
token_auth = "post"

[[resource]]
uri = "{MCP}"
scopes = ["mcp:read"]
id = "{MCP_ID}"
secret = "{RESOURCE_SECRET}"

[[resource]]
uri = "{API}"
scopes = ["api:all"]
id = "{API_ID}"
secret = "{RESOURCE_SECRET}"
"#,
        keys.concat(),
        first = first.origin,
        second = second.origin,
    )
}

#[test]
fn aud_01_a_person_signs_in_and_the_client_refreshes_and_revokes() {
    for algorithm in ["ES256", "HS256"] {
        let serve = Serve::start(algorithm);
        let application = serve.application();
        let jwks = serve.get(serve.metadata["jwks_uri"].as_str().unwrap());
        let claims = |token: &str| match algorithm {
            "ES256" => jwt::verified_es256(token, &jwks),
            _ => jwt::verified_hs256(token, HS256_KEY),
        };
        for (provider, resource, scope) in [("first", MCP, "mcp:read"), ("second", API, "api:all")]
        {
            let asked = application.ask(Some(resource));
            let code = serve.code(&application, &asked, provider);
            let tokens = application.redeem(&code, &asked.verifier, Some(resource)).unwrap();
            let claims = claims(tokens.access_token().secret());
            let subject = format!("{provider}:ada");
            for (claim, expected) in [
                ("iss", ISSUER),
                ("sub", &subject),
                ("aud", resource),
                ("client_id", CLIENT_ID),
                ("scope", scope),
            ] {
                assert_eq!(claims[claim], expected);
            }
            let refreshed = application.refresh(tokens.refresh_token().unwrap().secret()).unwrap();
            let newest = refreshed.refresh_token().unwrap().secret();
            application.revoke(newest).unwrap();
            assert_eq!(application.refresh(newest).unwrap_err(), "invalid_grant");
        }
    }
}

#[test]
fn pkc_16_each_provider_is_asked_as_it_wants_to_be() {
    let serve = Serve::start("ES256");
    let application = serve.application();
    for provider in ["first", "second"] {
        let asked = application.ask(Some(MCP));
        serve.code(&application, &asked, provider);
    }
    let basic = STANDARD.encode("vestibule+at+the+first:our+secret%3A+at+the+first");
    for (provider, access_token, authorization) in [
        (&serve.first, "first-access", Some(format!("Basic {basic}"))),
        (&serve.second, "second-access", None),
    ] {
        let [authorize, token, userinfo] = provider.asked().try_into().unwrap();
        let pairs = |text: &str| -> Vec<(String, String)> {
            form_urlencoded::parse(text.as_bytes()).into_owned().collect()
        };
        let asked = pairs(authorize.target.split_once('?').unwrap().1);
        let form = pairs(&token.body);
        let value = |pairs: &[(String, String)], name: &str| {
            pairs.iter().find(|(key, _)| key == name).map(|(_, value)| value.clone())
        };
        let verifier = value(&form, "code_verifier").unwrap();
        let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(&verifier));
        assert_eq!(value(&asked, "code_challenge"), Some(challenge));
        assert_eq!(value(&asked, "redirect_uri"), value(&form, "redirect_uri"));
        let shown = token.headers.get("authorization").map(|it| it.to_str().unwrap().to_owned());
        assert_eq!(shown, authorization);
        let in_body = authorization.is_none().then(|| "our-secret-at-the-second".to_owned());
        assert_eq!(value(&form, "client_secret"), in_body);
        assert_eq!(userinfo.headers["authorization"], format!("Bearer {access_token}"));
    }
}

#[test]
fn what_the_configuration_moved_or_closed_shows_in_the_metadata() {
    let serve = Serve::start("ES256");
    let metadata = &serve.metadata;
    for (member, path) in [
        ("authorization_endpoint", "/auth/authorize"),
        ("token_endpoint", "/auth/token"),
        ("revocation_endpoint", "/auth/revoke"),
        ("introspection_endpoint", "/auth/introspect"),
    ] {
        assert_eq!(metadata[member], format!("{ISSUER}{path}"));
    }
    assert!(metadata.get("registration_endpoint").is_none(), "{metadata}");
    let request = Request::post(format!("{ISSUER}/auth/register"))
        .header(CONTENT_TYPE, "application/json")
        .body(json!({ "redirect_uris": [REDIRECT_URI] }).to_string().into_bytes());
    let refused = serve.wire.call(request.unwrap()).unwrap();
    assert_eq!(refused.status(), StatusCode::FORBIDDEN);
    let refused: Value = serde_json::from_slice(refused.body()).unwrap();
    assert!(refused["error"].is_string() && refused.get("client_id").is_none(), "{refused}");

    let providers = serve.get(&format!("{ISSUER}/auth/providers"));
    let listed =
        json!([{ "id": "first", "name": "The first" }, { "id": "second", "name": "second" }]);
    assert_eq!(providers, json!({ "providers": listed }));
    let nothing = Request::get(format!("{ISSUER}/oauth/providers")).body(Vec::new()).unwrap();
    assert_eq!(serve.wire.call(nothing).unwrap().status(), StatusCode::NOT_FOUND);

    // One of the two keys is a secret.
    let jwks = serve.get(metadata["jwks_uri"].as_str().unwrap());
    let algorithms: Vec<_> = jwks["keys"].as_array().unwrap().iter().map(|k| &k["alg"]).collect();
    assert_eq!(algorithms, ["ES256"]);
}

#[test]
fn aud_02_aud_04_aud_08_one_of_several_resources_must_be_named_and_kept() {
    let serve = Serve::start("ES256");
    let application = serve.application();
    let invalid = Answer::Error("invalid_target".to_owned());
    for unknown in [None, Some("https://elsewhere.example.com/")] {
        let asked = application.ask(unknown);
        let refused = Browser::new(&serve.wire).get(&asked.url);
        assert_eq!(application.read(&asked, &refused.location()), invalid);
    }
    let asked = application.ask(Some(MCP));
    let code = serve.code(&application, &asked, "first");
    let redeem = |resource| application.redeem(&code, &asked.verifier, resource);
    assert_eq!(redeem(Some(API)).unwrap_err(), "invalid_target");
    // Nothing was spent, and whoever does not say it again gets what was asked for.
    redeem(None).unwrap();
}

#[test]
fn a_confidential_client_must_show_its_secret() {
    let serve = Serve::start("ES256");
    let application = serve.application();
    let asked = application.ask(Some(MCP));
    let code = serve.code(&application, &asked, "first");
    for secret in [None, Some("another secret")] {
        let other = Application::new(&serve.wire, &serve.metadata, CLIENT_ID, secret, REDIRECT_URI);
        assert_eq!(other.redeem(&code, &asked.verifier, None).unwrap_err(), "invalid_client");
    }
    let tokens = application.redeem(&code, &asked.verifier, None).unwrap();
    let token = tokens.refresh_token().unwrap().secret();
    let public = Application::new(&serve.wire, &serve.metadata, CLIENT_ID, None, REDIRECT_URI);
    assert_eq!(public.refresh(token).unwrap_err(), "invalid_client");
    assert_eq!(public.revoke(token).unwrap_err(), "invalid_client");
    application.refresh(token).unwrap();
}

#[test]
fn a_provider_that_is_asked_for_comes_first_and_nobody_is_sent_there() {
    let serve = Serve::start("ES256");
    let asked = serve.application().ask(Some(MCP));
    for (query, order) in [("", ["first", "second"]), ("&provider=second", ["second", "first"])] {
        let url = format!("{}{query}", asked.url).parse().unwrap();
        let page = Browser::new(&serve.wire).get(&url);
        assert!(page.is_page(StatusCode::OK), "{page:?}");
        let button =
            |id: &str| page.body.find(&format!("name=\"provider\" value=\"{id}\"")).unwrap();
        assert!(button(order[0]) < button(order[1]), "{query}: {}", page.body);
    }
    assert!(serve.first.asked().is_empty() && serve.second.asked().is_empty());
}

#[test]
fn sbb_10_a_callback_of_one_provider_is_nothing_at_anothers_path() {
    let serve = Serve::start("ES256");
    let asked = serve.application().ask(Some(MCP));
    let mut browser = Browser::new(&serve.wire);
    let page = browser.get(&asked.url);
    let leaving = browser.press(&page, "provider", "first");
    let back = browser.follow(&leaving).location();
    assert_eq!(back.path(), "/auth/callback/first");
    let swapped = back.as_str().replace("/callback/first", "/callback/second").parse().unwrap();
    let refused = browser.get(&swapped);
    assert!(refused.is_page(StatusCode::BAD_REQUEST), "{refused:?}");
    assert!(serve.second.asked().is_empty());
    assert!(!serve.first.asked().iter().any(|asked| asked.target == "/token"));
    // It was for the first, and still is.
    let arrived = browser.get(&back);
    serve.application().code(&asked, &arrived.location());
}
