//! Who signed in, as the provider said.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::ids::ProviderId;
use crate::json;
use crate::refusal::Refusal;
use crate::reply::Response;

/// A person as an upstream provider knows them.
///
/// Two people are the same only if provider and subject are: never by their e-mail address, which
/// others can claim.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct User {
    /// The provider.
    pub provider: ProviderId,
    /// The provider's own identifier: exactly its string, or its integer in decimal.
    pub subject: String,
    /// The e-mail address, if the provider gave one.
    pub email: Option<String>,
    /// Whether the provider says in the same document that the address belongs to the person.
    pub email_verified: bool,
    /// The display name, if the provider gave one.
    pub name: Option<String>,
    /// The URL of a picture, if the provider gave one.
    pub picture: Option<String>,
    /// The whole document, for the application's mapper. Kept in the grant only where there is one.
    #[serde(with = "as_text")]
    pub raw: Map<String, Value>,
}

impl User {
    /// `provider:subject`: the `sub` of our tokens unless the mapper says otherwise. A provider id
    /// has no colon in it, so two people never share one.
    #[must_use]
    pub fn key(&self) -> String {
        format!("{}:{}", self.provider, self.subject)
    }
}

/// Shows who, and no more of the person than that.
impl fmt::Debug for User {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("User")
            .field("provider", &self.provider)
            .field("subject", &self.subject)
            .finish_non_exhaustive()
    }
}

/// The person in a userinfo response. Without a subject there is no person: never an "unknown" one.
pub(crate) fn read_user(provider: &ProviderId, response: &Response) -> Result<User, Refusal> {
    if response.status.is_server_error() || response.status == 429 {
        return Err(Refusal::UpstreamBusy);
    }
    if response.status != 200 {
        return Err(Refusal::UpstreamStatus(response.status.as_u16()));
    }
    let raw = json::object(&response.body)
        .ok_or(Refusal::UpstreamMalformed("the user document is no JSON object"))?;
    if raw.contains_key("error") {
        return Err(Refusal::UpstreamError);
    }
    let subject = ["sub", "id", "user_id"].iter().find_map(|member| raw.get(*member));
    let subject = subject
        .and_then(exact_id)
        .ok_or(Refusal::UpstreamMalformed("the user document has no usable sub, id or user_id"))?;
    let text = |members: &[&str]| {
        let found = members.iter().find_map(|member| raw.get(*member)?.as_str());
        found.filter(|text| !text.is_empty() && text.len() <= 2048).map(str::to_owned)
    };
    let verified = ["email_verified", "verified_email"].iter().find_map(|member| raw.get(*member));
    Ok(User {
        provider: provider.clone(),
        subject,
        email: text(&["email"]),
        email_verified: verified == Some(&Value::Bool(true)),
        name: text(&["name", "login", "display_name"]),
        picture: text(&["picture", "avatar_url", "avatar"]),
        raw,
    })
}

/// An identifier that no other value has (UPS-18): a string of visible ASCII as it is, a positive
/// integer in decimal. Floats, zero, negative numbers and everything else are refused.
fn exact_id(value: &Value) -> Option<String> {
    if let Some(number) = value.as_u64() {
        return (number != 0).then(|| number.to_string());
    }
    let text = value.as_str()?;
    let usable =
        (1..=255).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic());
    usable.then(|| text.to_owned())
}

/// A JSON object inside a format that has no maps of unknown type.
mod as_text {
    use serde::de::Error as _;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};
    use serde_json::{Map, Value};

    pub(super) fn serialize<S: Serializer>(
        map: &Map<String, Value>,
        to: S,
    ) -> Result<S::Ok, S::Error> {
        if map.is_empty() {
            return "".serialize(to);
        }
        serde_json::to_string(map).map_err(serde::ser::Error::custom)?.serialize(to)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        from: D,
    ) -> Result<Map<String, Value>, D::Error> {
        let text = <&str>::deserialize(from)?;
        if text.is_empty() {
            return Ok(Map::new());
        }
        serde_json::from_str(text).map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use http::{HeaderMap, StatusCode};

    use super::*;

    fn read(body: &str) -> Result<User, Refusal> {
        let body = Bytes::copy_from_slice(body.as_bytes());
        let response = Response::new(StatusCode::OK, HeaderMap::new(), body);
        read_user(&ProviderId::parse("idp").unwrap(), &response)
    }

    #[test]
    fn ups_18_ids_are_exact_or_refused() {
        let long = format!("\"{}\"", "a".repeat(10 * 1024));
        for id in ["0", "-1", "1e20", "1.0", "null", "{}", "\"\"", "\"a\\u0000\"", "true", &long] {
            assert!(read(&format!(r#"{{"id":{id}}}"#)).is_err(), "{id}");
        }
        assert_eq!(read(r#"{"id":42}"#).unwrap().key(), "idp:42");
        assert_eq!(read(r#"{"sub":"1.0","id":7}"#).unwrap().key(), "idp:1.0");
    }

    #[test]
    fn a_document_without_a_person_is_refused() {
        assert!(read("{}").is_err());
        assert!(read(r#"{"error":"invalid_token","sub":"x"}"#).is_err());
    }

    #[test]
    fn an_address_is_verified_only_by_a_plain_true() {
        let verified =
            |value| read(&format!(r#"{{"id":1,"email":"a@b.test","email_verified":{value}}}"#));
        assert!(verified("true").unwrap().email_verified);
        assert!(!verified("\"true\"").unwrap().email_verified);
    }
}
