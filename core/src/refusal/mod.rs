//! Why a request is refused: a rich reason inside, a generic text on the wire, one table between
//! them.

mod credentials;
mod http;
mod wire;

pub use self::http::HttpFault;
pub use credentials::CredentialsFault;
pub use wire::Wire;

use crate::access::NotAllowed;
use crate::check::redirect_uri::Unacceptable;
use crate::effect::Unreachable;
use crate::jose::{AssertionFault, JwtFault};

/// Every reason for which a request is refused. For events and tests; a client sees
/// [`Refusal::wire`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    // The request as such.
    /// It is refused before anybody reads what it says.
    #[error("{0}")]
    Http(#[from] HttpFault),
    /// A query or form that is not UTF-8 after decoding, or has far too many parameters.
    #[error("the parameters cannot be read")]
    Unreadable,
    /// A parameter that must be there is not.
    #[error("{parameter} is missing")]
    Missing {
        /// Its name.
        parameter: &'static str,
    },
    /// A parameter stands there twice (RFC 6749 §3.1).
    #[error("{parameter} is repeated")]
    Repeated {
        /// Its name.
        parameter: &'static str,
    },
    /// A parameter has a value that it cannot have.
    #[error("{parameter} has an invalid value")]
    Invalid {
        /// Its name.
        parameter: &'static str,
    },
    /// The authorization request does not fit into the cookie that must carry it.
    #[error("the request is too long to be carried through sign-in")]
    RequestTooLong,

    // The client.
    /// No such client: never registered, or its registration key was removed.
    #[error("the client is unknown")]
    UnknownClient,
    /// The same of a client that came with the `Authorization` header, which the answer must then
    /// name (RFC 6749 §5.2).
    #[error("the client of the Authorization header is unknown")]
    UnknownClientInHeader,
    /// A client_id is a URL, and none at which a client's metadata document may be (Client ID
    /// Metadata Document §3).
    #[error("client_id {problem}")]
    ClientIdUrl {
        /// What is wrong with it.
        problem: &'static str,
    },
    /// A client's metadata document is at a host from which the operator wants none.
    #[error("{host:?}, the host of client_id, is not among those that the configuration lists")]
    ClientHost {
        /// The host.
        host: Box<str>,
    },
    /// A client's metadata document could not be had, or is none.
    #[error("the client's metadata document: {0}")]
    ClientDocument(Box<Refusal>),
    /// The operator ended the client, and it has to register again.
    #[error("the client was ended by a cutoff")]
    ClientEnded,
    /// A client or a resource has not shown who it is.
    #[error("{0}")]
    Credentials(#[from] CredentialsFault),
    /// A client's assertion about itself does not authenticate it (RFC 7523 §3).
    #[error("client_assertion: {0}")]
    ClientAssertion(AssertionFault),
    /// A client that publishes keys came without an assertion: it must sign, as it said when the
    /// person agreed.
    #[error("the client must sign a client_assertion, as its metadata document said")]
    ClientDidNotSign {
        /// Whether its id came in the `Authorization` header, which the answer must then name (RFC
        /// 6749 §5.2).
        by_header: bool,
    },
    /// The client is not registered for this grant type.
    #[error("the client may not use this grant type")]
    GrantTypeNotRegistered,

    // Registration.
    /// Registration is turned off.
    #[error("registration is turned off")]
    RegistrationClosed,
    /// Registration needs an initial access token (RFC 7591 §3), and none of them was shown.
    #[error("registration needs an initial access token")]
    InitialAccessToken {
        /// Whether some token was shown.
        shown: bool,
    },
    /// A member of the client metadata cannot be accepted.
    #[error("client metadata: {member}: {problem}")]
    ClientMetadata {
        /// The member.
        member: &'static str,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// A redirect URI cannot be registered.
    #[error("redirect_uris: {0}")]
    RegisteredUri(Unacceptable),

    // The authorization request.
    /// The redirect URI is not one of the client's.
    #[error("redirect_uri is not registered for this client")]
    RedirectUriNotRegistered,
    /// The redirect URI is registered, but the policy of today refuses it.
    #[error("redirect_uri: {0}")]
    RedirectUri(Unacceptable),
    /// Only `response_type=code` is offered.
    #[error("the response_type is not supported")]
    ResponseType,
    /// The code challenge is missing, malformed or not S256.
    #[error("PKCE with S256 is required: {problem}")]
    CodeChallenge {
        /// What is wrong with it.
        problem: &'static str,
    },
    /// The resource is not one of the configured ones (RFC 8707 §2).
    #[error("the resource is unknown")]
    UnknownResource,
    /// Several resources are configured and none was asked for.
    #[error("several resources are configured and none was asked for")]
    ResourceRequired,
    /// Scopes are asked for, and the resource has none of them (RFC 6749 §3.3).
    #[error("none of the scopes is known")]
    UnknownScope,

    // The sign-in page.
    /// The form is not one that this server made for this browser.
    #[error("the form was not made for this browser")]
    FormForged,
    /// The form is too old.
    #[error("the form has expired")]
    FormExpired,
    /// The form came from another site.
    #[error("the form came from another site")]
    CrossSite,
    /// The person pressed Cancel.
    #[error("the person cancelled")]
    Cancelled,

    // The way back from the provider.
    /// The `state` is not one of ours.
    #[error("the state is not one of ours")]
    StateForged,
    /// The `state` is too old.
    #[error("the state has expired")]
    StateExpired,
    /// The `state` was made for another provider's path.
    #[error("the state was made for another provider")]
    StateOfOtherProvider,
    /// The browser did not start this flow.
    #[error("the flow's cookie is missing or another flow's")]
    OtherBrowser,
    /// The provider is no longer configured.
    #[error("the provider is not configured")]
    UnknownProvider,
    /// The callback's `iss` is missing or another issuer's (RFC 9207 §2.4).
    #[error("the callback's iss is missing or wrong")]
    UpstreamIssuer,
    /// The callback has both `code` and `error`, or neither.
    #[error("the callback must have either code or error")]
    CallbackMalformed,
    /// The sign-in was completed before.
    #[error("the sign-in was completed before")]
    AlreadyCompleted,
    /// The operator ended what the person had begun: a cutoff came after it.
    #[error("the sign-in was ended by a cutoff")]
    CutOff,
    /// The provider says that the person declined.
    #[error("the provider denied access")]
    UpstreamDenied,
    /// The provider sent another error.
    #[error("the provider answered with an error")]
    UpstreamError,
    /// The provider is overloaded or down, as it says itself.
    #[error("the provider is temporarily unavailable")]
    UpstreamBusy,
    /// The provider did not answer.
    #[error("no answer came: {0}")]
    UpstreamUnreachable(Unreachable),
    /// The provider answered with this status.
    #[error("the provider answered with status {0}")]
    UpstreamStatus(u16),
    /// The provider's answer is not what it must be.
    #[error("the provider's answer is malformed: {0}")]
    UpstreamMalformed(&'static str),
    /// The provider's ID token is not one for this sign-in (OpenID Connect Core §3.1.3.7).
    #[error("the provider's ID token: {0}")]
    IdToken(JwtFault),
    /// The provider's ID token is signed by a key that the provider does not publish.
    #[error("the provider's ID token is signed by a key that it does not publish")]
    UpstreamKeyUnknown,
    /// A document that is needed could not be fetched a moment ago, and is not asked for again so
    /// soon.
    #[error("fetching a document failed a moment ago")]
    DocumentFailed,
    /// A document that is needed is being fetched for another request, and that takes long.
    #[error("a document is still being fetched")]
    DocumentAwaited,

    // The token endpoint.
    /// The grant type is not offered.
    #[error("the grant_type is not supported")]
    GrantType,
    /// The code or refresh token was not made here, or was damaged.
    #[error("the token does not open")]
    TokenForged,
    /// The code or refresh token is too old.
    #[error("the token has expired")]
    TokenExpired,
    /// No record leads on from the code or refresh token.
    #[error("the grant is unknown")]
    GrantUnknown,
    /// The grant was ended.
    #[error("the grant was ended")]
    GrantEnded,
    /// The code or refresh token belongs to another client.
    #[error("the token belongs to another client")]
    OtherClient,
    /// The `redirect_uri` differs from the one of the authorization request.
    #[error("redirect_uri differs from the authorization request")]
    RedirectUriChanged,
    /// The code verifier does not fit the challenge (RFC 7636 §4.6).
    #[error("code_verifier does not fit the challenge")]
    CodeVerifier,
    /// The code was redeemed before; the grant is ended.
    #[error("the code was redeemed before")]
    CodeReplayed,
    /// The refresh token was used up; the grant is ended.
    #[error("the refresh token was used before")]
    RefreshTokenReplayed,
    /// A token shows a generation that its record never reached; the grant is ended.
    #[error("the record lost a write")]
    LostWrite,
    /// More scope than was granted (RFC 6749 §6).
    #[error("the scope exceeds what was granted")]
    ScopeExceeded,

    // The person.
    /// The rules of [`Access`](crate::Access) do not allow the person.
    #[error("{0}")]
    NotAllowed(Box<NotAllowed>),
    /// The provider that vouched for the person is no longer configured. Nothing is spent.
    #[error("the provider that vouched for the person is not configured any more")]
    ProviderGone,
    /// Organisations and teams had to be asked for again, and could not be. Nothing is spent.
    #[error("the person's organisations and teams could not be asked for again: {0}")]
    MembershipsUnknown(Box<Refusal>),

    // The upstream provider's tokens that are kept in a grant.
    /// The provider no longer refreshes what it had granted; the grant is ended.
    #[error("the provider ended what it had granted")]
    UpstreamGrantEnded,
    /// The kept tokens could not be refreshed. Nothing is spent.
    #[error("the provider's tokens could not be refreshed: {0}")]
    UpstreamRefresh(Box<Refusal>),
    /// The kept tokens were being refreshed for another request, and that failed or takes long.
    #[error("the provider's tokens are refreshed for another request, in vain so far")]
    UpstreamRefreshAwaited,
    /// No living access token of the provider is kept: its
    /// [`keep_tokens`](crate::provider::Provider::keep_tokens) is off or was off at the sign-in, or
    /// the token has expired and the provider gave nothing to refresh it with.
    #[error("no living access token of the provider is kept")]
    UpstreamTokenNotKept,

    // The application's mapper.
    /// The application refused the person, with a reason that may be shown.
    #[error("the application refused: {0:?}")]
    MapperDenied(String),
    /// The application cannot say now.
    #[error("the application's mapper is unavailable")]
    MapperUnavailable,
    /// The application's answer cannot be used.
    #[error("the application's mapper: {0}")]
    MapperMisbehaved(&'static str),

    /// What the provider and the application say of the person does not fit into a record.
    #[error("the grant is larger than a record may be")]
    GrantTooLarge,

    // Our surroundings.
    /// The store could not say.
    #[error("the store is unavailable")]
    StoreUnavailable,
    /// Four rounds of compare-and-swap met somebody else's write.
    #[error("too many writers at once")]
    Contention,
    /// A record does not open, or is none.
    #[error("the grant's record is corrupt")]
    CorruptRecord,
    /// A cutoff's record does not open, or is none: nobody knows what it ended.
    #[error("a cutoff's record is corrupt; end the same once more to replace it")]
    CorruptCutoff,
    /// There is no sealing secret.
    #[error("there is no sealing secret")]
    SecretsMissing,
    /// The signing library failed.
    #[error("signing failed")]
    SigningFailed,
    /// The adapter runs as many flows as it may.
    #[error("too many requests at once")]
    Overloaded,
}

impl Refusal {
    /// Whether it proves that the store is older than what its keys have seen: it was restored from
    /// a backup, replaced or emptied. A record outlives every code and token that leads to it, so a
    /// genuine, living one without a record, or ahead of it, has no other explanation but a clock
    /// that was set back. The mend is [`Server::end`](crate::Server::end) of
    /// [`Cutoff::Issuer`](crate::Cutoff::Issuer): what was revoked since then may have come back.
    #[must_use]
    pub fn proves_a_store_behind(&self) -> bool {
        matches!(self, Self::GrantUnknown | Self::LostWrite)
    }
}
