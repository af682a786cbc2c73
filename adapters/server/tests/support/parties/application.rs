use std::collections::BTreeMap;

use oauth2::basic::{BasicClient, BasicTokenResponse};
use oauth2::http::header::CONTENT_TYPE;
use oauth2::http::{Request, Response, StatusCode};
use oauth2::url::Url;
use oauth2::{
    AuthUrl, AuthorizationCode, ClientId, ClientSecret, CsrfToken, EndpointNotSet, EndpointSet,
    ErrorResponse, ErrorResponseType, HttpRequest, PkceCodeChallenge, PkceCodeVerifier,
    RedirectUrl, RefreshToken, RequestTokenError, RevocationUrl, StandardRevocableToken,
    SyncHttpClient, TokenUrl,
};
use serde_json::{Value, json};

/// The crate `oauth2`, with the endpoints that a sign-in needs.
type OAuth = BasicClient<EndpointSet, EndpointNotSet, EndpointNotSet, EndpointSet, EndpointSet>;

/// An OAuth client: what it knows of the server it has from the server's metadata.
pub(crate) struct Application<'a, H> {
    http: &'a H,
    oauth: OAuth,
    issuer: String,
    redirect_uri: String,
}

/// What it keeps while a person signs in.
pub(crate) struct Asked {
    /// Where it sends the browser.
    pub(crate) url: Url,
    pub(crate) state: CsrfToken,
    pub(crate) verifier: String,
}

/// What a browser brings back.
#[derive(Debug, PartialEq)]
pub(crate) enum Answer {
    Code(String),
    Error(String),
}

/// RFC 8414 §3, for an issuer without a path.
pub(crate) fn discover(http: &impl SyncHttpClient, issuer: &str) -> Value {
    let url = format!("{issuer}/.well-known/oauth-authorization-server");
    let metadata = answered(http, Request::get(url).body(Vec::new()).unwrap(), StatusCode::OK);
    assert_eq!(metadata["issuer"], issuer);
    assert_eq!(metadata["code_challenge_methods_supported"], json!(["S256"]));
    assert_eq!(metadata["authorization_response_iss_parameter_supported"], true);
    metadata
}

/// RFC 7591 §3.1: registers a public client; its client_id.
pub(crate) fn register(http: &impl SyncHttpClient, metadata: &Value, redirect_uri: &str) -> String {
    let asked = json!({
        "client_name": "An application",
        "redirect_uris": [redirect_uri],
        "grant_types": ["authorization_code", "refresh_token"],
        "response_types": ["code"],
        "token_endpoint_auth_method": "none",
    });
    let request = Request::post(metadata["registration_endpoint"].as_str().unwrap())
        .header(CONTENT_TYPE, "application/json")
        .body(asked.to_string().into_bytes());
    let registered = answered(http, request.unwrap(), StatusCode::CREATED);
    for member in ["redirect_uris", "token_endpoint_auth_method"] {
        assert_eq!(registered[member], asked[member]);
    }
    assert!(registered.get("client_secret").is_none());
    registered["client_id"].as_str().unwrap().to_owned()
}

impl<'a, H: SyncHttpClient> Application<'a, H> {
    /// With a secret it shows that by HTTP Basic; without one it is public.
    pub(crate) fn new(
        http: &'a H,
        metadata: &Value,
        client_id: &str,
        secret: Option<&str>,
        redirect_uri: &str,
    ) -> Self {
        let at = |name: &str| metadata[name].as_str().unwrap().to_owned();
        // The crate revokes over https only, see `revoke`.
        let revocation = at("revocation_endpoint").replacen("http:", "https:", 1);
        let mut oauth = BasicClient::new(ClientId::new(client_id.to_owned()))
            .set_auth_uri(AuthUrl::new(at("authorization_endpoint")).unwrap())
            .set_token_uri(TokenUrl::new(at("token_endpoint")).unwrap())
            .set_revocation_url(RevocationUrl::new(revocation).unwrap())
            .set_redirect_uri(RedirectUrl::new(redirect_uri.to_owned()).unwrap());
        if let Some(secret) = secret {
            oauth = oauth.set_client_secret(ClientSecret::new(secret.to_owned()));
        }
        Self { http, oauth, issuer: at("issuer"), redirect_uri: redirect_uri.to_owned() }
    }

    /// Starts a sign-in, with PKCE and `state`.
    pub(crate) fn ask(&self, resource: Option<&str>) -> Asked {
        let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
        let mut request =
            self.oauth.authorize_url(CsrfToken::new_random).set_pkce_challenge(challenge);
        if let Some(resource) = resource {
            request = request.add_extra_param("resource", resource);
        }
        let (url, state) = request.url();
        Asked { url, state, verifier: verifier.into_secret() }
    }

    /// Reads what the browser came back with: this application's address, its `state`, and the
    /// issuer that was asked (RFC 6749 §10.12, RFC 9207 §2.4).
    pub(crate) fn read(&self, asked: &Asked, location: &Url) -> Answer {
        let address = location.as_str().split('?').next().unwrap();
        assert_eq!(address, self.redirect_uri);
        let mut said = BTreeMap::new();
        for (name, value) in location.query_pairs() {
            assert_eq!(said.insert(name, value), None, "twice in {location}");
        }
        assert_eq!(said["state"], asked.state.secret().as_str());
        assert_eq!(said["iss"], self.issuer.as_str());
        match (said.get("code"), said.get("error")) {
            (Some(code), None) => Answer::Code(code.to_string()),
            (None, Some(error)) => Answer::Error(error.to_string()),
            _ => panic!("neither a code nor an error, or both: {location}"),
        }
    }

    /// The code of an answer that must have one.
    pub(crate) fn code(&self, asked: &Asked, location: &Url) -> String {
        match self.read(asked, location) {
            Answer::Code(code) => code,
            Answer::Error(error) => panic!("refused: {error}"),
        }
    }

    /// # Errors
    /// The `error` of the answer, and so below.
    pub(crate) fn redeem(
        &self,
        code: &str,
        verifier: &str,
        resource: Option<&str>,
    ) -> Result<BasicTokenResponse, String> {
        let mut request = self
            .oauth
            .exchange_code(AuthorizationCode::new(code.to_owned()))
            .set_pkce_verifier(PkceCodeVerifier::new(verifier.to_owned()));
        if let Some(resource) = resource {
            request = request.add_extra_param("resource", resource);
        }
        request.request(self.http).map_err(error)
    }

    pub(crate) fn refresh(&self, token: &str) -> Result<BasicTokenResponse, String> {
        let token = RefreshToken::new(token.to_owned());
        self.oauth.exchange_refresh_token(&token).request(self.http).map_err(error)
    }

    /// RFC 7009, of a refresh token.
    pub(crate) fn revoke(&self, token: &str) -> Result<(), String> {
        let scheme = self.issuer.split(':').next().unwrap();
        let http = |request: HttpRequest| {
            let (mut parts, body) = request.into_parts();
            let uri = parts.uri.to_string().replacen("https:", &format!("{scheme}:"), 1);
            parts.uri = uri.parse().unwrap();
            self.http.call(Request::from_parts(parts, body))
        };
        let token = StandardRevocableToken::from(RefreshToken::new(token.to_owned()));
        self.oauth.revoke_token(token).unwrap().request(&http).map_err(error)
    }
}

fn error<E, T>(failed: RequestTokenError<E, oauth2::StandardErrorResponse<T>>) -> String
where
    E: std::error::Error + 'static,
    T: ErrorResponseType + AsRef<str> + 'static,
    oauth2::StandardErrorResponse<T>: ErrorResponse,
{
    let RequestTokenError::ServerResponse(answer) = &failed else {
        panic!("no answer of an OAuth server: {failed:?}");
    };
    answer.error().as_ref().to_owned()
}

fn answered(http: &impl SyncHttpClient, request: HttpRequest, status: StatusCode) -> Value {
    let response: Response<Vec<u8>> = http.call(request).unwrap();
    let body = String::from_utf8(response.body().clone()).unwrap();
    assert_eq!(response.status(), status, "{body}");
    assert!(response.headers()[CONTENT_TYPE].to_str().unwrap().starts_with("application/json"));
    serde_json::from_str(&body).unwrap()
}
