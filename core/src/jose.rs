//! stub
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use crate::{secret::ClientSecret, tick::Timestamp};
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct JwkSet {}
impl JwkSet { pub(crate) fn parse(_: &[u8]) -> Result<Self, &'static str> { Err("") }
 pub(crate) fn names_key_of(&self, _: &str) -> bool { false } }
pub(crate) struct Expected<'a> { pub(crate) issuer: &'a str, pub(crate) client_id: &'a str, pub(crate) nonce: &'a str, pub(crate) access_token: Option<&'a str>, pub(crate) now: Timestamp }
pub(crate) enum Keys<'a> { Published(&'a JwkSet), Secret(&'a ClientSecret) }
pub(crate) enum NotVerified { UnknownKey, Refused(IdTokenFault) }
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)] #[non_exhaustive]
pub enum IdTokenFault { #[error("")] Malformed }
pub(crate) fn verify(_: &str, _: &Keys<'_>, _: &Expected<'_>, _: Option<&dyn std::any::Any>) -> Result<Map<String, Value>, NotVerified> { Err(NotVerified::UnknownKey) }
