//! What the application's mapper said, before it becomes part of a token.

use serde_json::{Map, Value};

use crate::grant::Mapping;
use crate::keys::{KeyRing, Purpose, SealingKey};
use crate::mapper::{MapFailure, Mapped, MappedToken};
use crate::provider::User;
use crate::refusal::Refusal;
use crate::secret::UpstreamTokens;
use crate::setup::Setup;
use crate::tick::Timestamp;

/// Claims that are ours to make (RFC 9068 §2.2).
const OUR_CLAIMS: [&str; 8] = ["iss", "aud", "exp", "iat", "nbf", "jti", "client_id", "scope"];

/// Members that mean something to whoever reads a token response (RFC 6749 §5.1 and §5.2, OpenID
/// Connect Core §3.1.3.3, RFC 8693 §2.2.1).
const OUR_MEMBERS: [&str; 10] = [
    "access_token",
    "token_type",
    "expires_in",
    "refresh_token",
    "scope",
    "id_token",
    "issued_token_type",
    "error",
    "error_description",
    "error_uri",
];

/// What must not be passed on: the upstream provider's tokens, and what is known of others later.
pub(super) struct Upstream<'a> {
    pub(super) tokens: Option<&'a UpstreamTokens>,
    pub(super) ring: &'a KeyRing,
    pub(super) marks: &'a [[u8; 16]],
}

impl Upstream<'_> {
    /// Whether a text holds one of the tokens; by its mark, whether one of its words is one.
    fn contain(&self, text: &str) -> bool {
        let Self { tokens, ring, marks } = self;
        let marked = |word| ring.all().any(|key| marks.contains(&mark(key, word)));
        tokens.is_some_and(|tokens| tokens.contain(text))
            || (!marks.is_empty() && text.split_ascii_whitespace().any(marked))
    }
}

/// By which tokens are known again that are not kept.
pub(super) fn marks(setup: &Setup, tokens: &UpstreamTokens) -> Vec<[u8; 16]> {
    let key = setup.keys().first();
    tokens.texts().map(|token| mark(key, token)).collect()
}

/// The same of tokens that came later: the last ones are known again, and no more of them than a
/// record has room for.
pub(super) fn add_marks(setup: &Setup, known: &mut Vec<[u8; 16]>, tokens: &UpstreamTokens) {
    const AT_MOST: usize = 16;
    let new = marks(setup, tokens);
    known.retain(|mark| !new.contains(mark));
    known.extend(new);
    known.drain(..known.len().saturating_sub(AT_MOST));
}

fn mark(key: &SealingKey, token: &str) -> [u8; 16] {
    let mut mark = [0; 16];
    mark.copy_from_slice(&key.mac(Purpose::UpstreamMark, &[token.as_bytes()])[..16]);
    mark
}

/// Without a mapper: the person as `provider:id`, and nothing else.
pub(super) fn default(user: &User) -> Mapping {
    Mapping::Claims { subject: user.key(), claims: "{}".to_owned() }
}

/// Accepts the application's answer.
pub(super) fn accept(
    answer: Result<Mapped, MapFailure>,
    user: &User,
    upstream: &Upstream<'_>,
    now: Timestamp,
) -> Result<Mapping, Refusal> {
    match answer {
        Ok(Mapped::Claims(claims)) => accept_claims(claims, user, upstream),
        Ok(Mapped::Token(token)) => accept_token(&token, upstream, now),
        Err(MapFailure::Denied(reason)) => Err(Refusal::MapperDenied(reason)),
        Err(MapFailure::Unavailable) => Err(Refusal::MapperUnavailable),
    }
}

fn accept_claims(
    mut claims: Map<String, Value>,
    user: &User,
    upstream: &Upstream<'_>,
) -> Result<Mapping, Refusal> {
    if OUR_CLAIMS.iter().any(|ours| claims.contains_key(*ours)) {
        return Err(Refusal::MapperMisbehaved("a claim has the name of one of ours"));
    }
    if has_upstream_token(&claims, upstream) {
        return Err(Refusal::MapperMisbehaved("a claim is a token of the upstream provider"));
    }
    let subject = match claims.remove("sub") {
        None => user.key(),
        Some(Value::String(subject)) if !subject.is_empty() => subject,
        Some(_) => return Err(Refusal::MapperMisbehaved("sub must be a non-empty string")),
    };
    Ok(Mapping::Claims { subject, claims: Value::Object(claims).to_string() })
}

fn accept_token(
    token: &MappedToken,
    upstream: &Upstream<'_>,
    now: Timestamp,
) -> Result<Mapping, Refusal> {
    let text = token.access_token.expose();
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(Refusal::MapperMisbehaved("an access token is visible ASCII"));
    }
    if token.expires_in.as_secs() == 0 {
        return Err(Refusal::MapperMisbehaved("expires_in must be at least one second"));
    }
    // MCP authorization, Access Token Privilege Restriction: a token is never passed through
    // (AUD-11).
    if upstream.contain(text) {
        return Err(Refusal::MapperMisbehaved("the access token is the upstream provider's"));
    }
    if OUR_MEMBERS.iter().any(|ours| token.extra.contains_key(*ours)) {
        return Err(Refusal::MapperMisbehaved(
            "an extra member has the name of one of a token response",
        ));
    }
    if has_upstream_token(&token.extra, upstream) {
        return Err(Refusal::MapperMisbehaved(
            "an extra member is a token of the upstream provider",
        ));
    }
    Ok(Mapping::Token {
        access_token: token.access_token.clone(),
        expires_at: now.after(token.expires_in),
        extra: Value::Object(token.extra.clone()).to_string(),
    })
}

fn has_upstream_token(members: &Map<String, Value>, upstream: &Upstream<'_>) -> bool {
    fn has(value: &Value, upstream: &Upstream<'_>) -> bool {
        match value {
            Value::String(text) => upstream.contain(text),
            Value::Array(items) => items.iter().any(|item| has(item, upstream)),
            Value::Object(members) => members.values().any(|member| has(member, upstream)),
            Value::Null | Value::Bool(_) | Value::Number(_) => false,
        }
    }
    members.values().any(|value| has(value, upstream))
}
