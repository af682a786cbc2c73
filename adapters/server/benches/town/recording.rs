//! One sign-in as it went over the wire, for the floor to repeat.

use std::fs;
use std::path::Path;

use hyper::HeaderMap;
use hyper::header::{CONTENT_LENGTH, DATE, HeaderName};
use serde::{Deserialize, Serialize};

/// The requests of a sign-in on a first visit, in their order.
pub(crate) const STEPS: [&str; 6] =
    ["metadata", "register", "authorize", "consent", "callback", "token"];

/// What was answered to whom, and asked from whom.
#[derive(Serialize, Deserialize)]
pub(crate) struct Recording {
    /// To the application and the browser: the answers of [`STEPS`].
    pub(crate) answers: [Answer; STEPS.len()],
    /// From the identity provider: the code's tokens, then the person.
    pub(crate) calls: [Call; 2],
}

/// An answer.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Headers,
    pub(crate) body: String,
}

/// A request.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Call {
    pub(crate) method: String,
    pub(crate) target: String,
    pub(crate) headers: Headers,
    pub(crate) body: String,
}

/// Header fields, in their order.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Headers(pub(crate) Vec<(String, String)>);

impl Recording {
    pub(crate) fn write(&self, path: &Path) {
        fs::write(path, serde_json::to_vec(self).unwrap()).unwrap();
    }

    pub(crate) fn read(path: &Path) -> Self {
        serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
    }

    /// How long the text is that the access token's signature signs (RFC 7515 §5.1).
    pub(crate) fn signing_input(&self) -> usize {
        let tokens: serde_json::Value =
            serde_json::from_str(&self.answers[STEPS.len() - 1].body).unwrap();
        tokens["access_token"].as_str().unwrap().rsplit_once('.').unwrap().0.len()
    }
}

impl Answer {
    /// Itself, where it is as it should be.
    pub(crate) fn expect(self, status: u16, request: &str) -> Self {
        assert_eq!(self.status, status, "{request}\n\nwas answered with {self:?}");
        self
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.all(name).next()
    }
}

impl Call {
    /// Bytes of what differs from call to call or from caller to caller: all but punctuation.
    pub(crate) fn size(&self) -> usize {
        let fields = self.headers.0.iter().map(|(name, value)| name.len() + value.len());
        self.method.len() + self.target.len() + self.body.len() + fields.sum::<usize>()
    }
}

impl Headers {
    pub(crate) fn of(map: &HeaderMap) -> Self {
        let text = |(name, value): (&HeaderName, &hyper::header::HeaderValue)| {
            (name.as_str().to_owned(), value.to_str().unwrap().to_owned())
        };
        Self(map.iter().map(text).collect())
    }

    pub(crate) fn all<'a>(&'a self, name: &str) -> impl Iterator<Item = &'a str> {
        let fields = self.0.iter().filter(move |(key, _)| key.eq_ignore_ascii_case(name));
        fields.map(|(_, value)| value.as_str())
    }

    /// Without what hyper adds by itself.
    pub(crate) fn map(&self) -> HeaderMap {
        let mut map = HeaderMap::new();
        for (name, value) in &self.0 {
            let name = HeaderName::from_bytes(name.as_bytes()).unwrap();
            if name != DATE && name != CONTENT_LENGTH {
                map.append(name, value.parse().unwrap());
            }
        }
        map
    }
}
