/// Why a token that somebody else signed was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NotVerified {
    /// None of the published keys is the token's: the provider may have new ones, so the set may be
    /// fetched anew, once.
    UnknownKey,
    /// It is refused, whatever is fetched.
    Refused(JwtFault),
}

impl From<JwtFault> for NotVerified {
    fn from(fault: JwtFault) -> Self {
        Self::Refused(fault)
    }
}

/// What is wrong with a token that somebody else signed (RFC 7519 §7.2): an upstream provider's ID token
/// (OpenID Connect Core §3.1.3.7), and as far as its form and signature go, a client's assertion and an
/// access token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum JwtFault {
    /// No compact JWS (RFC 7515 §3.1) of two JSON objects, or too long.
    #[error(
        "the token is no compact JWS: three parts in base64url, of which the first two are JSON \
         objects without repeated members, 16 KiB at most"
    )]
    Malformed,
    /// `typ` says that it is something else.
    #[error("the token's typ is that of a token of another kind")]
    Type,
    /// An algorithm that is not the key's: `none`, or HS256 where it is not configured.
    #[error("the token's alg is not an algorithm of its signer's key")]
    Algorithm,
    /// `crit` or `b64`, of which nothing is understood.
    #[error("the token's header has crit or b64, and nothing that is critical is understood")]
    Critical,
    /// It names no key, and its signer has several.
    #[error("the token names no key, and its signer has several of its algorithm")]
    AmbiguousKey,
    /// The client secret is no key for HS256.
    #[error("the client secret has fewer than 32 bytes, too few for HS256 (RFC 7518 §3.2)")]
    ShortSecret,
    /// The signature is not the key's.
    #[error("the token's signature is not that of its signer's key")]
    Signature,
    /// `tid` is missing, or no UUID, where the issuer depends on it.
    #[error("the ID token's tid is no UUID, and the issuer has it inside")]
    Tenant,
    /// `iss` is not the provider.
    #[error("the ID token's iss is not the configured issuer")]
    Issuer,
    /// `aud` is not our client_id alone.
    #[error("the ID token's aud is not our client_id alone")]
    Audience,
    /// `azp` is not our client_id.
    #[error("the ID token's azp is not our client_id")]
    AuthorizedParty,
    /// `sub` is no name of a person.
    #[error("the ID token's sub is not a text of 1 to 255 visible ASCII characters")]
    Subject,
    /// `exp`, `iat` or `nbf` is no time.
    #[error(
        "the ID token's exp or iat is missing, or one of exp, iat and nbf is no whole number of \
         seconds"
    )]
    NumericDate,
    /// `exp` has passed.
    #[error("the ID token has expired; is the clock right?")]
    Expired,
    /// `nbf` is to come.
    #[error("the ID token is not valid yet (nbf); is the clock right?")]
    NotYetValid,
    /// `iat` is to come, or long ago.
    #[error("the ID token was not issued just now (iat); is the clock right?")]
    IssuedAt,
    /// `nonce` is not that of this sign-in.
    #[error("the ID token's nonce is not that of this sign-in")]
    Nonce,
    /// `at_hash` is that of another access token.
    #[error("the ID token's at_hash is not that of the access token beside it")]
    AccessTokenHash,
}
