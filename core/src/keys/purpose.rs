/// What a key is for. One secret gives one key per purpose, so that no text of one purpose opens as
/// another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(usize)]
pub(crate) enum Purpose {
    /// The MAC of a registered client_id.
    ClientId,
    /// The MAC that is a registered client's secret.
    ClientSecret,
    /// The MAC of the consent form.
    ConsentForm,
    /// The flow nonce: a MAC of flow id and provider.
    FlowNonce,
    /// The cookie of a flow.
    FlowCookie,
    /// The cookie of what need not be asked again.
    Remembered,
    /// The `state` sent upstream.
    UpstreamState,
    /// The PKCE verifier sent upstream.
    UpstreamVerifier,
    /// The OpenID Connect nonce sent upstream.
    UpstreamNonce,
    /// The grant id that a flow leads to.
    GrantId,
    /// Authorization codes.
    Code,
    /// Refresh tokens.
    RefreshToken,
    /// The random part of an access token's `jti`.
    TokenId,
    /// Records of grants.
    GrantRecord,
    /// The owner of a record.
    Owner,
    /// The names of cutoffs.
    CutoffName,
    /// Records of cutoffs.
    CutoffRecord,
    /// The names of the marks by which a store is known again.
    StoreMarkName,
    /// Those marks.
    StoreMark,
    /// The name of the signing key that is kept in the store.
    KeptKeyName,
    /// The record of the signing key that is kept in the store.
    KeptKeyRecord,
    /// The marks by which an upstream provider's tokens are known again.
    UpstreamMark,
    /// Which slot of the cache a document is kept in.
    CacheName,
    /// Records of cached documents.
    CacheRecord,
    /// What a provider posted to the callback.
    PostedCallback,
}

impl Purpose {
    pub(super) const COUNT: usize = Self::ALL.len();

    pub(super) const ALL: [Self; 25] = [
        Self::ClientId,
        Self::ClientSecret,
        Self::ConsentForm,
        Self::FlowNonce,
        Self::FlowCookie,
        Self::Remembered,
        Self::UpstreamState,
        Self::UpstreamVerifier,
        Self::UpstreamNonce,
        Self::GrantId,
        Self::Code,
        Self::RefreshToken,
        Self::TokenId,
        Self::GrantRecord,
        Self::Owner,
        Self::CutoffName,
        Self::CutoffRecord,
        Self::StoreMarkName,
        Self::StoreMark,
        Self::KeptKeyName,
        Self::KeptKeyRecord,
        Self::UpstreamMark,
        Self::CacheName,
        Self::CacheRecord,
        Self::PostedCallback,
    ];

    pub(crate) const fn label(self) -> &'static str {
        match self {
            Self::ClientId => "client_id",
            Self::ClientSecret => "client_secret",
            Self::ConsentForm => "consent form",
            Self::FlowNonce => "flow nonce",
            Self::FlowCookie => "flow cookie",
            Self::Remembered => "remembered consent",
            Self::UpstreamState => "upstream state",
            Self::UpstreamVerifier => "upstream code_verifier",
            Self::UpstreamNonce => "upstream nonce",
            Self::GrantId => "grant id",
            Self::Code => "code",
            Self::RefreshToken => "refresh token",
            Self::TokenId => "jti",
            Self::GrantRecord => "grant record",
            Self::Owner => "owner",
            Self::CutoffName => "cutoff name",
            Self::CutoffRecord => "cutoff record",
            Self::StoreMarkName => "store mark name",
            Self::StoreMark => "store mark",
            Self::KeptKeyName => "kept signing key name",
            Self::KeptKeyRecord => "kept signing key record",
            Self::UpstreamMark => "upstream mark",
            Self::CacheName => "cache name",
            Self::CacheRecord => "cache record",
            Self::PostedCallback => "posted callback",
        }
    }
}
