use std::time::Duration;

use serde_json::{Map, Value};

use super::compact::{Compact, Kind};
use super::id_token::{has_key_of, verify_published};
use super::jwk_set::JwkSet;
use super::{JwtFault, NotVerified};
use crate::ids::ClientId;
use crate::keys::SignatureLibrary;
use crate::secret::redacted_debug;
use crate::tick::Timestamp;

/// How far a client's clock may be from ours, either way.
const LEEWAY: Duration = Duration::from_secs(60);

/// The longest that an assertion may live from now on: so long is remembered that it was used.
const LONGEST: Duration = Duration::from_secs(10 * 60);

/// The longest `jti`, in bytes.
const LONGEST_JTI: usize = 512;

/// What a client says of itself to authenticate (RFC 7523 §2.2 and §3), read and not verified: of
/// whom it is, that it is for us and for now.
#[derive(Debug)]
pub(crate) struct ClientAssertion {
    token: Text,
    pub(crate) client_id: ClientId,
    /// Its own name: each is good for once.
    pub(crate) jti: String,
    pub(crate) expires_at: Timestamp,
}

struct Text(String);

redacted_debug!(Text);

impl ClientAssertion {
    /// Reads an assertion for `issuer`. Nobody is asked for a key before all of it is right.
    ///
    /// # Errors
    /// The first thing that is wrong.
    pub(crate) fn read(token: &str, issuer: &str, now: Timestamp) -> Result<Self, AssertionFault> {
        let claims = Compact::read(token, Kind::Jwt).and_then(|token| token.claims())?;
        let text = |member: &str| claims.get(member).and_then(Value::as_str);
        let subject = text("sub").ok_or(AssertionFault::Subject)?;
        if text("iss") != Some(subject) {
            return Err(AssertionFault::Subject);
        }
        // CLA-15: the issuer's one string. A list, and a URL of some endpoint, could be another
        // server's as well, which then could use the assertion here.
        if text("aud") != Some(issuer) {
            return Err(AssertionFault::Audience);
        }
        let expires_at = times(&claims, now)?;
        let jti = text("jti").filter(|jti| (1..=LONGEST_JTI).contains(&jti.len()));
        Ok(Self {
            client_id: ClientId::new(subject),
            jti: jti.ok_or(AssertionFault::Jti)?.to_owned(),
            expires_at,
            token: Text(token.to_owned()),
        })
    }

    /// Until when it could be shown again, by any clock that is right.
    pub(crate) fn is_over_at(&self) -> Timestamp {
        self.expires_at.after(LEEWAY)
    }

    /// The key that is wanted to verify it.
    pub(crate) fn signed_by(&self) -> SignedBy {
        SignedBy(Text(self.token.0.clone()))
    }

    /// Verifies the signature.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(crate) fn verify(
        &self,
        set: &JwkSet,
        library: Option<&dyn SignatureLibrary>,
    ) -> Result<(), AssertionFault> {
        let token = Compact::read(&self.token.0, Kind::Jwt)?;
        verify_published(&token, set, library).map(drop).map_err(|why| match why {
            NotVerified::UnknownKey => AssertionFault::UnknownKey,
            NotVerified::Refused(fault) => AssertionFault::Token(fault),
        })
    }
}

/// The key of an assertion.
pub(crate) struct SignedBy(Text);

impl SignedBy {
    /// Whether a set has it.
    pub(crate) fn is_among(&self, set: &JwkSet, library: Option<&dyn SignatureLibrary>) -> bool {
        has_key_of(&self.0.0, set, library)
    }
}

/// RFC 7523 §3, 4 to 6 (CLA-17): when it ends.
fn times(claims: &Map<String, Value>, now: Timestamp) -> Result<Timestamp, AssertionFault> {
    let time = |member: &str| {
        let seconds = claims.get(member).map(|it| it.as_u64().ok_or(AssertionFault::Times));
        Ok::<_, AssertionFault>(seconds.transpose()?.map(Timestamp::from_seconds))
    };
    let expires_at = time("exp")?.ok_or(AssertionFault::Times)?;
    let latest = now.after(LEEWAY);
    let is_ahead = |at: Option<Timestamp>| at.is_some_and(|at| at > latest);
    if expires_at.after(LEEWAY).has_passed(now) || expires_at > now.after(LONGEST + LEEWAY) {
        return Err(AssertionFault::Expiry);
    }
    if is_ahead(time("iat")?) || is_ahead(time("nbf")?) {
        return Err(AssertionFault::NotYetValid);
    }
    Ok(expires_at)
}

/// What is wrong with a client's assertion (RFC 7523 §3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AssertionFault {
    /// Not what any signed token must be.
    #[error("as a signed token: {0}")]
    Token(#[from] JwtFault),
    /// `iss` and `sub` are not the same client's.
    #[error("iss and sub must both be the client_id")]
    Subject,
    /// `aud` is not our issuer alone.
    #[error("aud must be the issuer of this server, as one text")]
    Audience,
    /// A time is missing or is none.
    #[error("exp is required, and exp, iat and nbf must be whole numbers of seconds")]
    Times,
    /// It is over, or lives for too long.
    #[error("exp must be to come, and at most ten minutes away; is the clock right?")]
    Expiry,
    /// `iat` or `nbf` is to come.
    #[error("iat or nbf is to come; is the clock right?")]
    NotYetValid,
    /// `jti` is missing or too long.
    #[error("jti is required, with at most 512 bytes")]
    Jti,
    /// It is signed by a key that the client does not publish.
    #[error("it is signed by a key that the client does not publish")]
    UnknownKey,
    /// The client publishes no keys, or is none that does.
    #[error("the client publishes no keys")]
    NoKeys,
    /// It was shown before.
    #[error("it was shown before")]
    Replayed,
}
