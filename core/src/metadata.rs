//! Documents that say what this server is: made once, served as bytes.

use bytes::Bytes;
use http::{HeaderValue, StatusCode, header};
use serde_json::{Value, json};

use crate::config::{Config, Resource};
use crate::keys::SigningKey;
use crate::reply::Response;
use crate::setup::Setup;

/// How long clients may keep a document, in seconds: what a key rotation waits for.
const MAX_AGE: &str = "public, max-age=300";

/// A document that anybody may read and keep for a while.
pub(crate) fn document(body: &Bytes) -> Response {
    Response::json(StatusCode::OK, body.clone())
        .with(header::CACHE_CONTROL, HeaderValue::from_static(MAX_AGE))
}

/// RFC 8414 §2. What it says comes true; what has no value is left out.
pub(crate) fn authorization_server(setup: &Setup) -> Bytes {
    let (config, resources) = (setup.config(), setup.resources());
    let issuer = config.issuer.as_str();
    let at = |path: &str| format!("{issuer}{path}");
    // Basic and post are open to whoever has a secret, none to public clients: at the revocation
    // endpoint too.
    let documents = config.registration.metadata_documents;
    let by_secret = ["client_secret_basic", "client_secret_post"];
    let mut methods = vec!["none"];
    methods.extend(by_secret);
    if documents {
        methods.push("private_key_jwt");
    }
    let mut document = json!({
        "issuer": issuer,
        "authorization_endpoint": at(&config.paths.authorize),
        "token_endpoint": at(&config.paths.token),
        "revocation_endpoint": at(&config.paths.revoke),
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": ["authorization_code", "refresh_token"],
        "token_endpoint_auth_methods_supported": methods,
        "revocation_endpoint_auth_methods_supported": methods,
        "code_challenge_methods_supported": ["S256"],
        "authorization_response_iss_parameter_supported": true,
        "protected_resources": resources.iter().map(Resource::uri).collect::<Vec<_>>(),
    });
    if documents {
        document["client_id_metadata_document_supported"] = json!(true);
        for endpoint in ["token_endpoint", "revocation_endpoint"] {
            document[format!("{endpoint}_auth_signing_alg_values_supported")] =
                json!(["RS256", "ES256", "EdDSA"]);
        }
    }
    if let Some(endpoint) = setup.registration_endpoint() {
        document["registration_endpoint"] = json!(endpoint);
    }
    if let Some(endpoint) = setup.introspection_endpoint() {
        document["introspection_endpoint"] = json!(endpoint);
        // A resource has a secret, and nothing else that lets it in.
        document["introspection_endpoint_auth_methods_supported"] = json!(by_secret);
    }
    if published(config).next().is_some() {
        document["jwks_uri"] = json!(at("/.well-known/jwks.json"));
    }
    let mut scopes: Vec<&str> = Vec::new();
    for scope in resources.iter().flat_map(|resource| &resource.scopes) {
        if !scopes.contains(&scope.as_str()) {
            scopes.push(scope);
        }
    }
    if !scopes.is_empty() {
        document["scopes_supported"] = json!(scopes);
    }
    bytes(&document)
}

/// RFC 7517 §5.
pub(crate) fn jwks(setup: &Setup) -> Bytes {
    bytes(&json!({ "keys": published(setup.config()).collect::<Vec<_>>() }))
}

/// RFC 7517: public halves only; HS256 has none.
fn published(config: &Config) -> impl Iterator<Item = Value> {
    let jwks = config.signing_keys.iter().filter_map(SigningKey::public_jwk);
    jwks.filter_map(|jwk| serde_json::from_str(jwk).ok())
}

/// What a page of an application needs to show buttons of its own.
pub(crate) fn providers(setup: &Setup) -> Bytes {
    let providers: Vec<_> = setup
        .providers()
        .iter()
        .map(|provider| json!({ "id": provider.id.as_str(), "name": provider.name }))
        .collect();
    bytes(&json!({ "providers": providers }))
}

fn bytes(document: &Value) -> Bytes {
    Bytes::from(document.to_string())
}
