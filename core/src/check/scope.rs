//! Scopes (RFC 6749 §3.3).

use std::collections::HashSet;

use crate::refusal::Refusal;

/// Whether a text is one scope: `1*( %x21 / %x23-5B / %x5D-7E )`.
pub(crate) fn is_token(scope: &str) -> bool {
    !scope.is_empty() && scope.bytes().all(|byte| matches!(byte, 0x21 | 0x23..=0x5B | 0x5D..=0x7E))
}

/// What is asked for: the known ones among the scopes that were named, in the order of the
/// configuration. Unknown ones are dropped, and the token response says what was granted.
///
/// Where none is named, the resource's own are the default (RFC 6749 §3.3). So it is where only
/// scopes of OpenID Connect are named: clients that find no scope anywhere ask for `openid email
/// profile` or `offline_access` all the same, and Claude for `claudeai`; none of them means a resource.
///
/// # Errors
/// [`Refusal::UnknownScope`] where others are named and none of them is known: what was asked for is
/// not here, and nothing else may stand in for it.
pub(crate) fn asked(named: Option<&str>, known: &[String]) -> Result<String, Refusal> {
    /// OpenID Connect Core §5.4, §11, and Claude's.
    const OF_NO_RESOURCE: [&str; 8] =
        ["", "openid", "profile", "email", "address", "phone", "offline_access", "claudeai"];
    let named = named.unwrap_or_default();
    let left = remaining(named, known);
    if !left.is_empty() || known.is_empty() {
        Ok(left)
    } else if named.split(' ').all(|scope| OF_NO_RESOURCE.contains(&scope)) {
        Ok(known.join(" "))
    } else {
        Err(Refusal::UnknownScope)
    }
}

/// What is left of scopes that a person agreed to: those that the resource still has. Never another
/// one in their place.
pub(crate) fn remaining(agreed: &str, known: &[String]) -> String {
    let mut left = String::new();
    for scope in known {
        if agreed.split(' ').any(|agreed| agreed == scope) {
            left.push_str(if left.is_empty() { "" } else { " " });
            left.push_str(scope);
        }
    }
    left
}

/// What a refresh asks of what was granted (RFC 6749 §6): the same or less, in the order of the
/// grant. `offline_access` is dropped: clients add it to any request, and here it means nothing.
pub(crate) fn narrowed(asked: Option<&str>, granted: &str) -> Result<String, Refusal> {
    let Some(asked) = asked else {
        return Ok(granted.to_owned());
    };
    let asked: HashSet<&str> =
        asked.split(' ').filter(|scope| !matches!(*scope, "" | "offline_access")).collect();
    if asked.is_empty() {
        return Ok(granted.to_owned());
    }
    let kept: Vec<&str> = granted.split(' ').filter(|scope| asked.contains(scope)).collect();
    if kept.len() == asked.len() { Ok(kept.join(" ")) } else { Err(Refusal::ScopeExceeded) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known() -> Vec<String> {
        ["read", "write"].map(str::to_owned).into()
    }

    #[test]
    fn unknown_scopes_are_dropped() {
        assert_eq!(asked(Some("write openid read write"), &known()).unwrap(), "read write");
        assert_eq!(asked(Some("write offline_access admin"), &known()).unwrap(), "write");
    }

    #[test]
    fn none_that_means_a_resource_asks_for_the_resources_own() {
        for named in [
            None,
            Some("offline_access"),
            Some("openid email profile"),
            Some("claudeai"),
            Some(" "),
        ] {
            assert_eq!(asked(named, &known()).unwrap(), "read write");
        }
    }

    #[test]
    fn aud_13_nothing_stands_in_for_what_is_not_there() {
        for named in ["admin", "reed", "openid admin", &"a ".repeat(500_000)] {
            assert_eq!(asked(Some(named), &known()), Err(Refusal::UnknownScope));
        }
    }

    #[test]
    fn a_resource_without_scopes_has_none_to_miss() {
        assert_eq!(asked(Some("admin"), &[]).unwrap(), "");
    }

    #[test]
    fn what_a_person_agreed_to_never_becomes_something_else() {
        assert_eq!(remaining("admin read", &known()), "read");
        assert_eq!(remaining("admin", &known()), "");
    }

    #[test]
    fn aud_13_half_a_million_scopes_take_linear_time() {
        let many = "a ".repeat(500_000);
        assert_eq!(remaining(&many, &known()), "");
    }

    #[test]
    fn a_refresh_may_ask_for_less_and_never_for_more() {
        assert_eq!(narrowed(Some("read offline_access"), "read write"), Ok("read".to_owned()));
        assert_eq!(narrowed(Some("read admin"), "read write"), Err(Refusal::ScopeExceeded));
        assert_eq!(narrowed(Some("offline_access"), "read"), Ok("read".to_owned()));
    }
}
