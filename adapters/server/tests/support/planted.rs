//! Secrets that a test knows, and the search for them: in whole or in part, plain or encoded.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::collections::{HashMap, HashSet};
use std::fmt::Write;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use oauth2::http::header::{AUTHORIZATION, LOCATION, SET_COOKIE};
use oauth2::http::{HeaderMap, Method, StatusCode};
use url::{Url, form_urlencoded};

use crate::provider::Asked;
use crate::wire::Exchange;

/// What a secret is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Kind {
    SealingSecret,
    SigningKey,
    ClientSecret,
    ClientState,
    ClientVerifier,
    ConsentForm,
    Cookie,
    Code,
    AccessToken,
    RefreshToken,
    UpstreamSecret,
    UpstreamState,
    UpstreamVerifier,
    UpstreamCode,
    UpstreamToken,
    /// What a provider says when it fails.
    UpstreamWords,
    /// What stands where no secret belongs: in a query, in a header that means nothing.
    Misplaced,
}

impl Kind {
    pub(crate) const ALL: [Self; 17] = [
        Self::SealingSecret,
        Self::SigningKey,
        Self::ClientSecret,
        Self::ClientState,
        Self::ClientVerifier,
        Self::ConsentForm,
        Self::Cookie,
        Self::Code,
        Self::AccessToken,
        Self::RefreshToken,
        Self::UpstreamSecret,
        Self::UpstreamState,
        Self::UpstreamVerifier,
        Self::UpstreamCode,
        Self::UpstreamToken,
        Self::UpstreamWords,
        Self::Misplaced,
    ];
}

/// A text of the program's that somebody reads, other than its log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Place {
    ToClient,
    ToProvider,
    SetCookie,
    SignInPage,
    Tokens,
    Registered,
    /// The body of any other answer, every refusal among them, and header fields.
    Other,
}

impl Place {
    /// What may stand there, since that is how it travels.
    pub(crate) fn may_hold(self, kind: Kind) -> bool {
        match self {
            Self::ToClient => matches!(kind, Kind::Code | Kind::ClientState),
            Self::ToProvider => kind == Kind::UpstreamState,
            Self::SetCookie => kind == Kind::Cookie,
            // The form holds what the client asked for.
            Self::SignInPage => matches!(kind, Kind::ConsentForm | Kind::ClientState),
            Self::Tokens => matches!(kind, Kind::AccessToken | Kind::RefreshToken),
            Self::Registered => kind == Kind::ClientSecret,
            Self::Other => false,
        }
    }
}

/// A secret.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Planted {
    pub(crate) kind: Kind,
    pub(crate) value: String,
}

impl Planted {
    pub(crate) fn new(kind: Kind, value: impl Into<String>) -> Self {
        Self { kind, value: value.into() }
    }

    /// The ways in which it may be written.
    fn forms(&self) -> Vec<String> {
        let bytes = self.value.as_bytes();
        let hex = bytes.iter().fold(String::new(), |mut hex, byte| {
            write!(hex, "{byte:02x}").unwrap();
            hex
        });
        let mut forms = vec![
            self.value.clone(),
            form_urlencoded::byte_serialize(bytes).collect(),
            hex.to_uppercase(),
            hex,
            // As `{:?}` writes bytes.
            bytes.iter().map(u8::to_string).collect::<Vec<_>>().join(", "),
        ];
        for before in 0..3 {
            // Inside a longer text that is encoded as a whole: without the characters that it
            // shares with what stands before and behind it.
            let shifted = [&vec![0; before], bytes].concat();
            let whole = bytes.len() - (3 - before) % 3;
            let first = if before == 0 { 0 } else { 4 };
            for engine in [&STANDARD_NO_PAD, &URL_SAFE_NO_PAD] {
                forms.push(engine.encode(&shifted)[first..first + whole / 3 * 4].to_owned());
            }
        }
        forms
    }
}

/// Many secrets, to be searched for in texts: by every part that is long enough to be no chance.
pub(crate) struct Search<'a> {
    parts: HashMap<Vec<u8>, Vec<&'a Planted>>,
}

impl<'a> Search<'a> {
    /// So much of a secret is found, wherever it was cut; less tells nobody anything.
    const PART: usize = 16;

    pub(crate) fn new(secrets: impl IntoIterator<Item = &'a Planted>) -> Self {
        let mut parts = HashMap::<Vec<u8>, Vec<&Planted>>::new();
        for secret in secrets {
            for form in secret.forms() {
                assert!(form.len() >= Self::PART, "too short to be told from chance: {secret:?}");
                for part in form.as_bytes().windows(Self::PART) {
                    let secrets = parts.entry(part.to_vec()).or_default();
                    if secrets.last() != Some(&secret) {
                        secrets.push(secret);
                    }
                }
            }
        }
        Self { parts }
    }

    /// What a text has: the part, and the secrets that it is a part of.
    pub(crate) fn find<'t>(
        &self,
        text: &'t str,
    ) -> impl Iterator<Item = (&'t [u8], &[&'a Planted])> {
        let parts = text.as_bytes().windows(Self::PART);
        parts.filter_map(|part| Some((part, &self.parts.get(part)?[..])))
    }
}

/// How much of a consent form makes it this form: its tag. What is behind that is no secret.
const MARK: usize = 26;

/// Every secret that went over the wire, in either direction.
pub(crate) fn travelled(exchanges: &[Exchange], upstream: &[Asked]) -> HashSet<Planted> {
    let mut all = HashSet::new();
    for exchange in exchanges {
        let path = exchange.url.split('?').next().unwrap();
        let callback = path.contains("/callback");
        all.extend(credentials(Kind::ClientSecret, &exchange.sent_headers));
        all.extend(pairs(&exchange.sent).filter_map(|(name, value)| {
            let kind = match name.as_str() {
                "form" => return Some(Planted::new(Kind::ConsentForm, &value[..MARK])),
                "code" => Kind::Code,
                "code_verifier" => Kind::ClientVerifier,
                "client_secret" => Kind::ClientSecret,
                "refresh_token" | "token" => {
                    return Some(Planted::new(Kind::RefreshToken, signature(&value)));
                }
                _ => return None,
            };
            Some(Planted::new(kind, value))
        }));
        all.extend(pairs(query(&exchange.url)).filter_map(|(name, value)| {
            let kind = match (name.as_str(), callback) {
                ("state", true) => Kind::UpstreamState,
                ("code", true) => Kind::UpstreamCode,
                ("state", false) if path.ends_with("/oauth/authorize") => Kind::ClientState,
                _ => return None,
            };
            Some(Planted::new(kind, value))
        }));
        for field in exchange.headers.get_all(SET_COOKIE) {
            let (_, value) = field.to_str().unwrap().split_once('=').unwrap();
            all.insert(Planted::new(Kind::Cookie, value.split(';').next().unwrap()));
        }
        let body = serde_json::from_str(&exchange.body).unwrap_or(serde_json::Value::Null);
        for (member, kind) in [
            ("access_token", Kind::AccessToken),
            ("refresh_token", Kind::RefreshToken),
            ("client_secret", Kind::ClientSecret),
        ] {
            all.extend(body[member].as_str().map(|value| Planted::new(kind, signature(value))));
        }
    }
    for asked in upstream {
        let kind = match asked.method {
            Method::POST => Kind::UpstreamSecret,
            _ => Kind::UpstreamToken,
        };
        all.extend(credentials(kind, &asked.headers));
        all.extend(pairs(&asked.body).filter_map(|(name, value)| {
            let kind = match name.as_str() {
                "code_verifier" => Kind::UpstreamVerifier,
                "client_secret" => Kind::UpstreamSecret,
                _ => return None,
            };
            Some(Planted::new(kind, value))
        }));
    }
    // A deleted cookie, an empty parameter.
    all.retain(|secret| !secret.value.is_empty());
    all
}

/// What the program answered, by the place where it stands.
pub(crate) fn places(exchange: &Exchange, redirect_uri: &str) -> Vec<(Place, String)> {
    let path = Url::parse(&exchange.url).unwrap().path().to_owned();
    let body = match (path.as_str(), exchange.status) {
        ("/oauth/authorize", StatusCode::OK) => Place::SignInPage,
        ("/oauth/token", StatusCode::OK) => Place::Tokens,
        ("/oauth/register", StatusCode::CREATED) => Place::Registered,
        _ => Place::Other,
    };
    let mut places = vec![(body, exchange.body.clone())];
    for (name, value) in &exchange.headers {
        let place = match *name {
            SET_COOKIE => Place::SetCookie,
            LOCATION if value.to_str().unwrap().starts_with(redirect_uri) => Place::ToClient,
            LOCATION => Place::ToProvider,
            _ => Place::Other,
        };
        places.push((place, value.to_str().unwrap().to_owned()));
    }
    places
}

/// What `Authorization` shows: of HTTP Basic the password as it stands there, of anything else all
/// of it.
fn credentials(kind: Kind, headers: &HeaderMap) -> Option<Planted> {
    let (_, credentials) = headers.get(AUTHORIZATION)?.to_str().unwrap().split_once(' ')?;
    let basic = STANDARD.decode(credentials).ok().and_then(|it| String::from_utf8(it).ok());
    let password = basic.as_ref().and_then(|basic| basic.split_once(':'));
    Some(Planted::new(kind, password.map_or(credentials, |(_, password)| password)))
}

/// Of an access token the signature: its claims are no secret, and other texts have them too. Of
/// any other token all of it.
fn signature(token: &str) -> &str {
    token.rsplit('.').next().unwrap()
}

fn query(url: &str) -> &str {
    url.split_once('?').map_or("", |(_, query)| query)
}

fn pairs(form: &str) -> impl Iterator<Item = (String, String)> {
    form_urlencoded::parse(form.as_bytes()).into_owned()
}
