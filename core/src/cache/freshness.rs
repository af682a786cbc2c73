//! How long a document is fresh (RFC 9111 §4.2), and how it is asked afterwards whether it still is
//! the same (§4.3).

use std::time::Duration;

use http::{HeaderMap, HeaderValue, header};

use super::Bounds;

/// The longest entity tag that is kept, in bytes.
const LONGEST_TAG: usize = 128;

/// How long what came with these headers is fresh: by `Cache-Control` and `Age`, within bounds.
/// `Expires` is not read: it needs the sender's clock.
pub(super) fn lifetime(headers: &HeaderMap, bounds: &Bounds) -> Duration {
    let Some(seconds) = said(headers) else {
        return bounds.usual;
    };
    // What a cache on the way has used up of it (RFC 9111 §4.2.3).
    let age = headers.get(header::AGE).and_then(|age| age.to_str().ok()).map_or(0, seconds_of);
    Duration::from_secs(seconds.saturating_sub(age)).clamp(bounds.shortest, bounds.longest)
}

/// What `Cache-Control` says, in seconds. `s-maxage` is said to caches that are shared, as ours is,
/// and goes before `max-age` (RFC 9111 §5.2.2.10). Of contradictions the strictest holds, of
/// repetitions the first (§4.2.1).
fn said(headers: &HeaderMap) -> Option<u64> {
    let (mut shared, mut any) = (None, None);
    for (name, value) in directives(headers) {
        match name.as_str() {
            "no-store" | "no-cache" => return Some(0),
            "s-maxage" => shared = shared.or(Some(seconds_of(value))),
            "max-age" => any = any.or(Some(seconds_of(value))),
            _ => {}
        }
    }
    shared.or(any)
}

/// What `Cache-Control` is made of: names in lower case, and their values.
fn directives(headers: &HeaderMap) -> impl Iterator<Item = (String, &str)> {
    let values = headers.get_all(header::CACHE_CONTROL).iter();
    values.filter_map(|value| value.to_str().ok()).flat_map(|it| it.split(',')).map(|directive| {
        let (name, value) = directive.split_once('=').unwrap_or((directive, ""));
        (name.trim().to_ascii_lowercase(), value)
    })
}

/// The entity tag of a document (RFC 9110 §8.8.3), unless the document shall not be stored.
pub(super) fn entity_tag(headers: &HeaderMap) -> Option<&HeaderValue> {
    let tag = headers.get(header::ETAG).filter(|tag| tag.len() <= LONGEST_TAG)?;
    let opaque = tag.as_bytes().strip_prefix(b"W/").unwrap_or(tag.as_bytes());
    let quoted = opaque.strip_prefix(b"\"")?.strip_suffix(b"\"")?;
    // No list: what goes back must be one tag, as it came.
    let is_one = quoted.iter().all(|byte| byte.is_ascii_graphic() && *byte != b'"');
    let may_be_stored = directives(headers).all(|(name, _)| name != "no-store");
    (is_one && may_be_stored).then_some(tag)
}

/// Delta-seconds (RFC 9111 §1.2.2), also in quotation marks (§5.2): too many are very many, and what
/// is no number is none (§4.2.1).
fn seconds_of(text: &str) -> u64 {
    let digits = text.trim().trim_matches('"');
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return 0;
    }
    digits.parse().unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lifetime_of(fields: &[(&'static str, &'static str)]) -> u64 {
        let mut headers = HeaderMap::new();
        for (name, value) in fields {
            headers.append(*name, HeaderValue::from_static(value));
        }
        lifetime(&headers, &Bounds::OF_PROVIDERS).as_secs()
    }

    #[test]
    fn a_document_that_does_not_say_is_fresh_for_an_hour() {
        assert_eq!(lifetime_of(&[("cache-control", "public, must-revalidate")]), 3600);
    }

    #[test]
    fn cim_14_a_lifetime_is_at_least_a_minute_and_at_most_a_day() {
        let ages =
            ["max-age=0", "max-age=300", "max-age=1000000000", "max-age=99999999999999999999"];
        let lifetimes = ages.map(|age| lifetime_of(&[("cache-control", age)]));
        assert_eq!(lifetimes, [60, 300, 86_400, 86_400]);
    }

    #[test]
    fn cim_14_what_shall_not_be_stored_is_fresh_for_a_minute() {
        let said = ["no-store", "No-Cache, max-age=300", "max-age=300, no-store"];
        assert_eq!(said.map(|said| lifetime_of(&[("cache-control", said)])), [60; 3]);
    }

    #[test]
    fn what_is_said_to_shared_caches_goes_first() {
        assert_eq!(lifetime_of(&[("cache-control", "max-age=300, s-maxage=900")]), 900);
    }

    #[test]
    fn of_repetitions_the_first_holds() {
        let fields = [("cache-control", "max-age=300"), ("cache-control", "max-age=900")];
        assert_eq!(lifetime_of(&fields), 300);
    }

    #[test]
    fn what_is_no_number_is_no_time() {
        let said = ["max-age=", "max-age=-5", "max-age=1h", "max-age"];
        assert_eq!(said.map(|said| lifetime_of(&[("cache-control", said)])), [60; 4]);
    }

    #[test]
    fn a_number_in_quotation_marks_is_one() {
        assert_eq!(lifetime_of(&[("cache-control", "max-age=\"300\"")]), 300);
    }

    #[test]
    fn what_a_cache_on_the_way_used_up_is_used_up() {
        assert_eq!(lifetime_of(&[("cache-control", "max-age=900"), ("age", "600")]), 300);
    }

    #[test]
    fn cim_14_only_one_tag_in_its_own_form_is_kept() {
        let tag_of = |tag: &'static str| {
            let headers = [(header::ETAG, HeaderValue::from_static(tag))];
            entity_tag(&HeaderMap::from_iter(headers)).cloned()
        };
        for tag in ["\"a\"", "W/\"a\"", "\"\"", "\"a,b-c:d\""] {
            assert_eq!(tag_of(tag).unwrap(), tag);
        }
        for tag in ["", "a", "*", "\"", "\"a", "w/\"a\"", "\"a\", \"b\"", "\"a b\""] {
            assert_eq!(tag_of(tag), None, "{tag}");
        }
    }
}
