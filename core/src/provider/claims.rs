use serde_json::{Map, Value};

/// In which members of a provider's documents a person is found. Each is the name of a member, or,
/// where it begins with `/`, a JSON Pointer to one that lies deeper (RFC 6901); the first that is
/// there counts.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ClaimNames {
    /// The identifier. Default `sub`, `id`, `user_id`.
    pub subject: Vec<String>,
    /// What the identifier is unique within, where it is not within the provider: Entra's `tid`,
    /// Slack's team. It is then a part of the subject, before a colon. Default none.
    pub within: Option<String>,
    /// The e-mail address. Default `email`.
    pub email: Vec<String>,
    /// Whether the address is verified. Default `email_verified`, `verified_email`.
    pub email_verified: Vec<String>,
    /// The display name. Default `name`, `login`, `display_name`.
    pub name: Vec<String>,
    /// The URL of a picture. Default `picture`, `avatar_url`, `avatar`.
    pub picture: Vec<String>,
}

impl Default for ClaimNames {
    fn default() -> Self {
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        Self {
            subject: names(&["sub", "id", "user_id"]),
            within: None,
            email: names(&["email"]),
            email_verified: names(&["email_verified", "verified_email"]),
            name: names(&["name", "login", "display_name"]),
            picture: names(&["picture", "avatar_url", "avatar"]),
        }
    }
}

/// The first of the members that is there.
pub(super) fn first<'d>(document: &'d Map<String, Value>, names: &[String]) -> Option<&'d Value> {
    names.iter().find_map(|name| member(document, name))
}

/// A member by its name, or by a JSON Pointer.
pub(super) fn member<'d>(document: &'d Map<String, Value>, name: &str) -> Option<&'d Value> {
    let Some(path) = name.strip_prefix('/') else {
        return document.get(name);
    };
    let (first, rest) = match path.split_once('/') {
        Some((first, _)) => (first, &path[first.len()..]),
        None => (path, ""),
    };
    document.get(&first.replace("~1", "/").replace("~0", "~"))?.pointer(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(document: &str, name: &str) -> Option<Value> {
        member(&serde_json::from_str(document).unwrap(), name).cloned()
    }

    #[test]
    fn a_name_is_a_member_even_with_a_slash_in_it() {
        let document = r#"{"https://slack.com/team_id":"T0"}"#;
        assert_eq!(found(document, "https://slack.com/team_id"), Some("T0".into()));
    }

    #[test]
    fn a_pointer_leads_to_what_lies_deeper() {
        let document = r#"{"data":{"a/b":[{"id":"7"}]}}"#;
        assert_eq!(found(document, "/data/a~1b/0/id"), Some("7".into()));
    }

    #[test]
    fn a_pointer_to_nothing_finds_nothing() {
        assert_eq!(found(r#"{"data":"text"}"#, "/data/id"), None);
    }
}
