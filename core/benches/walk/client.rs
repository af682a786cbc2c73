use bytes::Bytes;
use http::{Method, header};
use serde_json::Value;
use vestibule_core::Response;

use super::{Asked, text, town};

const APP: &str = "https://app.example.com/cb";
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

/// What is played.
#[derive(Clone, Copy, Debug)]
pub enum Scene {
    /// From the authorization request to the tokens: four requests, of a client that registered
    /// itself and a browser that was never here.
    SignIn,
    /// One refresh, each with the token of the one before.
    Refresh,
    /// One registration.
    Registration,
    /// The authorization server's metadata.
    Metadata,
}

/// What a scene begins with.
pub struct Before {
    client_id: String,
    tokens: std::cell::RefCell<Value>,
}

type Ask<'a> = &'a mut dyn FnMut(Asked) -> Response;

impl Scene {
    pub const ALL: [Self; 4] = [Self::SignIn, Self::Refresh, Self::Registration, Self::Metadata];

    pub fn name(self) -> &'static str {
        match self {
            Self::SignIn => "sign-in",
            Self::Refresh => "refresh",
            Self::Registration => "registration",
            Self::Metadata => "metadata",
        }
    }

    pub(super) fn prepare(self, ask: Ask<'_>) -> Before {
        let client_id = match self {
            Self::SignIn | Self::Refresh => register(0, ask),
            Self::Registration | Self::Metadata => String::new(),
        };
        let tokens = match self {
            Self::Refresh => sign_in(&client_id, ask),
            Self::SignIn | Self::Registration | Self::Metadata => Value::Null,
        };
        Before { client_id, tokens: tokens.into() }
    }

    pub(super) fn play(self, before: &Before, n: usize, ask: Ask<'_>) {
        match self {
            Self::SignIn => drop(sign_in(&before.client_id, ask)),
            Self::Refresh => {
                let tokens = refresh(&before.client_id, &before.tokens.borrow(), ask);
                before.tokens.replace(tokens);
            }
            Self::Registration => drop(register(n, ask)),
            Self::Metadata => {
                let path = "/.well-known/oauth-authorization-server";
                let metadata = ask(request(Method::GET, path, &[], String::new()));
                assert_eq!(metadata.status, 200);
            }
        }
    }
}

/// A sign-in; an access token.
pub fn access_token(town: &town::Town) -> String {
    let mut ask = |asked| town.answer(asked);
    let client_id = register(0, &mut ask);
    sign_in(&client_id, &mut ask)["access_token"].as_str().unwrap().to_owned()
}

fn register(n: usize, ask: Ask<'_>) -> String {
    let metadata = format!(
        r#"{{"client_name":"Client {n}","redirect_uris":["{APP}"],"token_endpoint_auth_method":"none"}}"#
    );
    let json = [(header::CONTENT_TYPE, "application/json".to_owned())];
    let registered = ask(request(Method::POST, "/oauth/register", &json, metadata));
    assert_eq!(registered.status, 201, "{}", text(&registered));
    let registered: Value = serde_json::from_slice(&registered.body).unwrap();
    registered["client_id"].as_str().unwrap().to_owned()
}

fn sign_in(client_id: &str, ask: Ask<'_>) -> Value {
    let query = form(&[
        ("response_type", "code"),
        ("client_id", client_id),
        ("redirect_uri", APP),
        ("code_challenge", CHALLENGE),
        ("code_challenge_method", "S256"),
        ("state", "af0ifjsldkj-af0ifjsldkj"),
        ("scope", "mcp:read mcp:write"),
        ("resource", town::RESOURCE),
    ]);
    let page = ask(request(Method::GET, &format!("/oauth/authorize?{query}"), &[], String::new()));
    assert_eq!(page.status, 200, "{}", text(&page));
    let waiting = between(text(&page), "name=\"form\" value=\"", "\"");
    let mark = cookie(&page);

    let answer = form(&[("form", waiting), ("provider", "idp")]);
    let headers = [
        (header::CONTENT_TYPE, "application/x-www-form-urlencoded".to_owned()),
        (header::COOKIE, mark.clone()),
    ];
    let away = ask(request(Method::POST, "/oauth/consent", &headers, answer));
    assert_eq!(away.status, 303, "{}", text(&away));
    let state = between(location(&away), "state=", "&");

    let back = format!("/oauth/callback/idp?code=upstream-code&state={state}");
    let headers = [(header::COOKIE, format!("{mark}; {}", cookie(&away)))];
    let done = ask(request(Method::GET, &back, &headers, String::new()));
    assert_eq!(done.status, 303, "{}", text(&done));
    let code = between(location(&done), "code=", "&");

    token(
        &[
            ("grant_type", "authorization_code"),
            ("client_id", client_id),
            ("code", code),
            ("redirect_uri", APP),
            ("code_verifier", VERIFIER),
        ],
        ask,
    )
}

fn refresh(client_id: &str, tokens: &Value, ask: Ask<'_>) -> Value {
    let refresh_token = tokens["refresh_token"].as_str().unwrap();
    token(
        &[
            ("grant_type", "refresh_token"),
            ("client_id", client_id),
            ("refresh_token", refresh_token),
        ],
        ask,
    )
}

fn token(parameters: &[(&str, &str)], ask: Ask<'_>) -> Value {
    let headers = [(header::CONTENT_TYPE, "application/x-www-form-urlencoded".to_owned())];
    let tokens = ask(request(Method::POST, "/oauth/token", &headers, form(parameters)));
    assert_eq!(tokens.status, 200, "{}", text(&tokens));
    serde_json::from_slice(&tokens.body).unwrap()
}

/// With what browsers and clients send, too.
fn request(
    method: Method,
    uri: &str,
    headers: &[(header::HeaderName, String)],
    body: String,
) -> Asked {
    let mut request = http::Request::builder()
        .method(method)
        .uri(uri)
        .header(header::HOST, "auth.example.com")
        .header(header::USER_AGENT, "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101")
        .header(header::ACCEPT, "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8")
        .header(header::ACCEPT_LANGUAGE, "en-US,en;q=0.5");
    for (name, value) in headers {
        request = request.header(name, value);
    }
    request.body(Bytes::from(body)).unwrap()
}

fn form(pairs: &[(&str, &str)]) -> String {
    form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish()
}

fn location(response: &Response) -> &str {
    response.headers[header::LOCATION].to_str().unwrap()
}

/// Name and value of the first cookie that is set.
fn cookie(response: &Response) -> String {
    let set = response.headers[header::SET_COOKIE].to_str().unwrap();
    set.split(';').next().unwrap().to_owned()
}

fn between<'a>(text: &'a str, before: &str, after: &str) -> &'a str {
    let rest = text.split_once(before).unwrap_or_else(|| panic!("no {before} in {text}")).1;
    rest.split(after).next().unwrap()
}
