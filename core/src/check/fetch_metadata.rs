//! Fetch Metadata: where a browser says that a request comes from, in header fields that no script
//! can change (<https://www.w3.org/TR/fetch-metadata/>).

use http::{HeaderMap, Method};

use crate::reply::Request;

/// Who made a browser send a request (`Sec-Fetch-Site`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Site {
    /// Nobody but the person: an address that they typed, a bookmark, another program.
    Nobody,
    /// A page of this very origin.
    Own,
    /// Another site, or what cannot be read.
    Other,
    /// Nothing is said: it is no browser, or an old one.
    Unsaid,
}

impl Site {
    pub(crate) fn of(headers: &HeaderMap) -> Self {
        match only(headers, "sec-fetch-site") {
            None => Self::Unsaid,
            Some(b"none") => Self::Nobody,
            Some(b"same-origin") => Self::Own,
            Some(_) => Self::Other,
        }
    }
}

/// Whether a person is looking: a page is loaded into a window of its own, and not in advance.
pub(crate) fn is_looked_at(request: &Request) -> bool {
    let headers = request.headers();
    let in_advance = ["sec-purpose", "purpose", "x-moz"].map(|name| headers.contains_key(name));
    request.parts().method == Method::GET
        && !in_advance.contains(&true)
        && matches!(only(headers, "sec-fetch-dest"), None | Some(b"document"))
}

/// The value of a header field that stands there once; one that is repeated has none that could be
/// relied on.
fn only<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h [u8]> {
    let mut values = headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (None, _) => None,
        (Some(value), None) => Some(value.as_bytes()),
        (Some(_), Some(_)) => Some(b""),
    }
}
