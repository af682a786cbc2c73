//! Who signed in.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::ids::ProviderId;

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
    /// The whole document, for the application's mapper: of an ID token and what the userinfo
    /// endpoint said, all members, in which those of the ID token count. Kept in the grant only where
    /// there is a mapper.
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
