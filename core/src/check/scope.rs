//! Scopes (RFC 6749 §3.3).

use std::collections::HashSet;

use crate::refusal::Refusal;

/// Whether a text is one scope: `1*( %x21 / %x23-5B / %x5D-7E )`.
pub(crate) fn is_token(scope: &str) -> bool {
    !scope.is_empty() && scope.bytes().all(|byte| matches!(byte, 0x21 | 0x23..=0x5B | 0x5D..=0x7E))
}

/// What is granted: the known ones among those that were asked for, in the order of the
/// configuration; all that the resource has where none were asked for. Unknown scopes are dropped,
/// and the token response says what was granted.
pub(crate) fn granted(asked: Option<&str>, known: &[String]) -> String {
    let Some(asked) = asked else {
        return known.join(" ");
    };
    let asked: HashSet<&str> = asked.split(' ').collect();
    let granted: Vec<&str> =
        known.iter().map(String::as_str).filter(|scope| asked.contains(scope)).collect();
    granted.join(" ")
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
        assert_eq!(granted(Some("write openid read write"), &known()), "read write");
    }

    #[test]
    fn none_asked_grants_the_resources_own() {
        assert_eq!(granted(None, &known()), "read write");
    }

    #[test]
    fn aud_13_half_a_million_scopes_take_linear_time() {
        let many = "a ".repeat(500_000);
        assert_eq!(granted(Some(&many), &known()), "");
    }

    #[test]
    fn a_refresh_may_ask_for_less_and_never_for_more() {
        assert_eq!(narrowed(Some("read offline_access"), "read write"), Ok("read".to_owned()));
        assert_eq!(narrowed(Some("read admin"), "read write"), Err(Refusal::ScopeExceeded));
        assert_eq!(narrowed(Some("offline_access"), "read"), Ok("read".to_owned()));
    }
}
