//! An identity provider that says what a test wants it to say.

use std::collections::BTreeMap;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, StatusCode};
use vestibule_core::{HttpCall, Purpose, Response, Unreachable};

#[derive(Clone)]
pub struct Upstream {
    pub token: Answer,
    pub user: Answer,
    pub emails: Answer,
    /// Organisations and teams: by the end of the URL's path and its query, `orgs?page=1`.
    pub memberships: Vec<(&'static str, Answer)>,
    pub metadata: Answer,
    pub keys: Answer,
    /// What is said at a URL, its query left out. Where anything is here, nothing else is anywhere.
    pub routes: BTreeMap<String, Answer>,
    /// The header fields of each call.
    pub headers: Vec<HeaderMap>,
    /// `{n}` in it is the number of the refresh.
    pub refresh: Answer,
    /// What clients publish about themselves, by URL.
    pub documents: BTreeMap<String, Answer>,
    /// How long all that may be kept.
    pub cache_control: Option<&'static str>,
    /// The entity tag of all that, and the answer to whoever asks by it: not modified.
    pub etag: Option<&'static str>,
    pub revocation: Answer,
    /// The scopes that GitHub says a token has, in the header field of every answer.
    pub granted: Option<&'static str>,
    /// The calls that came, as method, URL and body.
    pub calls: Vec<String>,
}

#[derive(Clone)]
pub enum Answer {
    Says(u16, String),
    Unreachable(Unreachable),
}

/// What is said where there is nothing.
static NOTHING: Answer = Answer::Says(404, String::new());

impl Default for Upstream {
    fn default() -> Self {
        let token = r#"{"access_token":"upstream-access","token_type":"Bearer","refresh_token":"upstream-refresh"}"#;
        let user =
            r#"{"sub":"alice","email":"alice@idp.test","email_verified":true,"name":"Alice"}"#;
        Self {
            token: Answer::Says(200, token.to_owned()),
            user: Answer::Says(200, user.to_owned()),
            emails: NOTHING.clone(),
            memberships: Vec::new(),
            metadata: NOTHING.clone(),
            keys: NOTHING.clone(),
            routes: BTreeMap::new(),
            documents: BTreeMap::new(),
            cache_control: None,
            etag: None,
            headers: Vec::new(),
            refresh: Answer::Says(400, r#"{"error":"invalid_grant"}"#.to_owned()),
            revocation: Answer::Says(200, String::new()),
            granted: None,
            calls: Vec::new(),
        }
    }
}

impl Upstream {
    /// The refreshes that were asked for.
    pub fn refreshes(&self) -> Vec<&str> {
        self.calls_with("grant_type=refresh_token")
    }

    /// The revocations that were asked for.
    pub fn revocations(&self) -> Vec<&str> {
        self.calls_with("token_type_hint=")
    }

    fn calls_with(&self, text: &str) -> Vec<&str> {
        self.calls.iter().filter(|call| call.contains(text)).map(|call| &**call).collect()
    }

    pub fn answer(&mut self, call: &HttpCall) -> Result<Response, Unreachable> {
        let body = String::from_utf8_lossy(&call.body);
        self.calls.push(format!("{} {} {body}", call.method, call.url));
        self.headers.push(call.headers.clone());
        let place = call.url.as_str().split('?').next().unwrap();
        let answer = match call.purpose {
            _ if !self.routes.is_empty() => {
                self.routes.get(place).unwrap_or_else(|| panic!("nobody is at {place}"))
            }
            Purpose::ExchangeCode => &self.token,
            Purpose::FetchUser => &self.user,
            Purpose::FetchEmails => &self.emails,
            Purpose::FetchMemberships => {
                let asked = call.url.as_str();
                let found = self.memberships.iter().find(|(end, _)| asked.ends_with(end));
                &found.unwrap_or_else(|| panic!("nothing is known of {asked}")).1
            }
            Purpose::FetchMetadata => &self.metadata,
            Purpose::FetchKeys => &self.keys,
            Purpose::RefreshToken => &self.refresh,
            Purpose::RevokeToken => &self.revocation,
            Purpose::FetchClient | Purpose::FetchClientKeys => {
                self.documents.get(call.url.as_str()).unwrap_or(&NOTHING)
            }
            other => panic!("an unknown purpose: {other:?}"),
        };
        match answer {
            Answer::Says(status, body) => {
                let status = StatusCode::from_u16(*status).unwrap();
                let body = body.replace("{n}", &self.refreshes().len().to_string());
                let mut headers = HeaderMap::new();
                if let Some(kept) = self.cache_control {
                    headers.insert("cache-control", HeaderValue::from_static(kept));
                }
                if let Some(etag) = self.etag {
                    headers.insert("etag", HeaderValue::from_static(etag));
                    if call.headers.get("if-none-match").is_some_and(|asked| asked == etag) {
                        return Ok(Response::new(StatusCode::NOT_MODIFIED, headers, Bytes::new()));
                    }
                }
                if let Some(granted) = self.granted {
                    headers.insert("x-oauth-scopes", HeaderValue::from_static(granted));
                }
                Ok(Response::new(status, headers, Bytes::from(body)))
            }
            Answer::Unreachable(why) => Err(*why),
        }
    }
}
