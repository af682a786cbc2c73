//! Three kinds of cookies: one per browser against forged forms, one per flow that binds the way
//! back to the browser, and one for what a person need not be asked again.

use http::header::COOKIE;
use http::{HeaderMap, HeaderValue};

use crate::config::Issuer;
use crate::encoding::{base64url, push_hex};
use crate::ids::FlowHandle;

/// All cookies of flows in one browser, in bytes: beyond, the oldest are dropped. Servers refuse
/// headers from 8 KB, and the two other cookies have 800 bytes at most.
pub(crate) const MOST_BYTES: usize = 6_700;

/// One flow's cookie, in bytes: browsers refuse from 4 KB.
pub(crate) const LONGEST: usize = 3_800;

/// The names of this server's cookies. They hold a hash of the issuer, so that two servers on one
/// host, or on two ports of it, do not read each other's.
#[derive(Debug)]
pub(crate) struct CookieNames {
    browser: String,
    flow: String,
    remembered: String,
    attributes: &'static str,
}

impl CookieNames {
    pub(crate) fn of(issuer: &Issuer) -> Self {
        use sha2::{Digest, Sha256};
        // `__Host-` binds a cookie to this very host over https; a loopback http issuer cannot have
        // it.
        let (prefix, attributes) = if issuer.is_https() {
            ("__Host-", "; Path=/; HttpOnly; SameSite=Lax; Secure")
        } else {
            ("", "; Path=/; HttpOnly; SameSite=Lax")
        };
        let mut hash = String::new();
        push_hex(&mut hash, &Sha256::digest(issuer.as_str())[..4]);
        Self {
            browser: format!("{prefix}vestibule-browser-{hash}"),
            flow: format!("{prefix}vestibule-flow-{hash}-"),
            remembered: format!("{prefix}vestibule-remembered-{hash}"),
            attributes,
        }
    }

    /// This browser's mark.
    pub(crate) fn browser<'a>(&self, headers: &'a HeaderMap) -> Option<&'a str> {
        // A mark of another form than ours was not set by us.
        let ours =
            |value: &&str| value.len() == 22 && crate::encoding::from_base64url(value).is_some();
        pairs(headers).find(|(name, _)| *name == self.browser).map(|(_, value)| value).filter(ours)
    }

    pub(crate) fn set_browser(&self, value: &str) -> Option<HeaderValue> {
        const DAY: u32 = 24 * 60 * 60;
        let Self { browser, attributes, .. } = self;
        format!("{browser}={value}; Max-Age={DAY}{attributes}").try_into().ok()
    }

    /// What this browser's person need not be asked again.
    pub(crate) fn remembered<'a>(&self, headers: &'a HeaderMap) -> Option<&'a str> {
        pairs(headers).find(|(name, _)| *name == self.remembered).map(|(_, value)| value)
    }

    pub(crate) fn set_remembered(&self, value: &str, seconds: u64) -> Option<HeaderValue> {
        let Self { remembered, attributes, .. } = self;
        format!("{remembered}={value}; Max-Age={seconds}{attributes}").try_into().ok()
    }

    pub(crate) fn delete_remembered(&self) -> Option<HeaderValue> {
        self.delete(&self.remembered)
    }

    /// The cookie of one flow.
    pub(crate) fn flow<'a>(&self, headers: &'a HeaderMap, handle: FlowHandle) -> Option<&'a str> {
        let name = self.flow_name(handle);
        pairs(headers).find(|(other, _)| *other == name).map(|(_, value)| value)
    }

    /// All cookies of flows: the whole name and the value.
    pub(crate) fn flows<'a>(
        &self,
        headers: &'a HeaderMap,
    ) -> impl Iterator<Item = (&'a str, &'a str)> {
        pairs(headers).filter(|(name, _)| name.starts_with(&self.flow))
    }

    pub(crate) fn set_flow(
        &self,
        handle: FlowHandle,
        value: &str,
        seconds: u64,
    ) -> Option<HeaderValue> {
        let name = self.flow_name(handle);
        format!("{name}={value}; Max-Age={seconds}{}", self.attributes).try_into().ok()
    }

    pub(crate) fn delete_flow(&self, handle: FlowHandle) -> Option<HeaderValue> {
        self.delete(&self.flow_name(handle))
    }

    pub(crate) fn delete(&self, name: &str) -> Option<HeaderValue> {
        format!("{name}=; Max-Age=0{}", self.attributes).try_into().ok()
    }

    pub(crate) fn flow_name(&self, handle: FlowHandle) -> String {
        format!("{}{}", self.flow, base64url(handle.0))
    }
}

/// The cookies of a request (RFC 6265 §5.4); over HTTP/2 they may come in several header fields.
fn pairs(headers: &HeaderMap) -> impl Iterator<Item = (&str, &str)> {
    let fields = headers.get_all(COOKIE).iter().filter_map(|field| field.to_str().ok());
    fields.flat_map(|field| field.split(';')).filter_map(|pair| pair.trim().split_once('='))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sbb_17_attributes_of_a_cookie_on_https() {
        let names = CookieNames::of(&Issuer::parse("https://as.test").unwrap());
        let cookie = names.set_flow(FlowHandle([0; 16]), "x", 600).unwrap();
        let cookie = cookie.to_str().unwrap();
        assert!(cookie.starts_with("__Host-"));
        assert!(cookie.ends_with("=x; Max-Age=600; Path=/; HttpOnly; SameSite=Lax; Secure"));
    }

    #[test]
    fn two_issuers_on_one_host_have_different_cookies() {
        let name = |issuer| CookieNames::of(&Issuer::parse(issuer).unwrap()).browser;
        assert_ne!(name("http://127.0.0.1:3000"), name("http://127.0.0.1:3001"));
    }
}
