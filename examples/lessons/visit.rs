//! Whoever comes to an example from outside.

use oauth2::basic::BasicTokenResponse;
use oauth2::http::header::{AUTHORIZATION, WWW_AUTHENTICATE};
use oauth2::http::request::Builder;
use oauth2::http::{Request, StatusCode};
use oauth2::{HttpResponse, SyncHttpClient, TokenResponse};
use serde_json::Value;

use super::parties::{Application, Browser, discover, register};
use super::wire::Wire;

const REDIRECT_URI: &str = "http://127.0.0.1:49152/cb";

/// An application that knows the URL of an API and nothing else.
pub(super) struct Visit {
    wire: Wire,
    origin: String,
}

/// What a client has after a sign-in.
pub(super) struct Tokens {
    pub(super) access: String,
    refresh: String,
    client_id: String,
    metadata: Value,
}

impl Visit {
    pub(super) fn to(origin: &str) -> Self {
        let address = origin.split("//").last().unwrap();
        Self { wire: Wire::new(origin, address), origin: origin.to_owned() }
    }

    /// The answer to a request, with this token if it is not empty.
    pub(super) fn send(
        &self,
        request: Builder,
        path: &str,
        token: &str,
        body: &str,
    ) -> HttpResponse {
        let mut request = request.uri(format!("{}{path}", self.origin));
        if !token.is_empty() {
            request = request.header(AUTHORIZATION, format!("Bearer {token}"));
        }
        self.wire.call(request.body(body.as_bytes().to_vec()).unwrap()).unwrap()
    }

    pub(super) fn get(&self, path: &str, token: &str) -> HttpResponse {
        self.send(Request::builder(), path, token, "")
    }

    /// What a URL says that must say something.
    pub(super) fn document(&self, url: &str) -> Value {
        let path = url.strip_prefix(&self.origin).unwrap();
        let response = self.get(path, "");
        assert_eq!(response.status(), StatusCode::OK, "{url}");
        json(&response)
    }

    /// Tokens for the resource at `path`: found by the challenge there, and asked for with
    /// this scope, at this provider. A new client and a new browser each time.
    pub(super) fn sign_in(&self, path: &str, scope: &str, provider: &str) -> Tokens {
        let challenge = self.get(path, "");
        assert_eq!(challenge.status(), StatusCode::UNAUTHORIZED);
        let resource = self.document(&parameter(&challenge, "resource_metadata"));
        let issuer = resource["authorization_servers"][0].as_str().unwrap();
        let metadata = discover(&self.wire, issuer);
        let client_id = register(&self.wire, &metadata, REDIRECT_URI);
        let application = self.application(&metadata, &client_id);

        let resource = resource["resource"].as_str();
        let mut asked = application.ask(resource);
        if !scope.is_empty() {
            asked.url.query_pairs_mut().append_pair("scope", scope);
        }
        let mut browser = Browser::new(&self.wire);
        let page = browser.get(&asked.url);
        let leaving = browser.press(&page, "provider", provider);
        let at_provider = browser.follow(&leaving);
        let back = browser.follow(&at_provider);
        let code = application.code(&asked, &back.location());
        let tokens = application.redeem(&code, &asked.verifier, resource).unwrap();
        Tokens::of(&tokens, client_id, metadata)
    }

    pub(super) fn refresh(&self, tokens: &Tokens) -> Tokens {
        let Tokens { refresh, client_id, metadata, .. } = tokens;
        let tokens = self.application(metadata, client_id).refresh(refresh).unwrap();
        Tokens::of(&tokens, client_id.clone(), metadata.clone())
    }

    fn application(&self, metadata: &Value, client_id: &str) -> Application<'_, Wire> {
        Application::new(&self.wire, metadata, client_id, None, REDIRECT_URI)
    }
}

impl Tokens {
    fn of(tokens: &BasicTokenResponse, client_id: String, metadata: Value) -> Self {
        let access = tokens.access_token().secret().clone();
        let refresh = tokens.refresh_token().unwrap().secret().clone();
        Self { access, refresh, client_id, metadata }
    }
}

/// A parameter of a challenge (RFC 6750 §3).
pub(super) fn parameter(challenge: &HttpResponse, name: &str) -> String {
    let field = challenge.headers()[WWW_AUTHENTICATE].to_str().unwrap();
    let (_, value) = field.split_once(&format!("{name}=\"")).unwrap();
    value.split('"').next().unwrap().to_owned()
}

pub(super) fn json(response: &HttpResponse) -> Value {
    serde_json::from_slice(response.body()).unwrap()
}
