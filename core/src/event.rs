//! What happened, for logs and metrics: typed, and free of secrets.

use crate::ids::{ClientId, GrantId, ProviderId};
use crate::refusal::Refusal;

/// One thing that happened while a request was answered.
///
/// No code, token, verifier, secret or `state` is in any of them; subjects are, since whoever runs
/// the server asks who signed in.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Event {
    /// A client registered itself (RFC 7591).
    ClientRegistered {
        /// Its new id.
        client_id: ClientId,
        /// The name it gave itself, already stripped of control characters.
        client_name: Option<String>,
    },
    /// The sign-in page was shown.
    SignInShown {
        /// For which client.
        client_id: ClientId,
    },
    /// A person agreed, and was sent to a provider.
    SignInStarted {
        /// For which client.
        client_id: ClientId,
        /// To which provider.
        provider: ProviderId,
    },
    /// A person pressed Cancel.
    SignInCancelled {
        /// For which client.
        client_id: ClientId,
    },
    /// A person came back signed in, and the client got an authorization code.
    CodeIssued {
        /// The new grant.
        grant_id: GrantId,
        /// For which client.
        client_id: ClientId,
        /// Who: `provider:id`, or what the mapper said.
        subject: String,
    },
    /// A code was redeemed for tokens.
    CodeRedeemed {
        /// The grant.
        grant_id: GrantId,
    },
    /// A refresh token was rotated.
    Refreshed {
        /// The grant.
        grant_id: GrantId,
        /// The generation of the new refresh token.
        generation: u64,
    },
    /// A refresh token that was just spent came again inside the grace, and was answered with the
    /// same successor.
    RefreshedAgain {
        /// The grant.
        grant_id: GrantId,
        /// The generation of the successor.
        generation: u64,
    },
    /// The upstream provider gave new tokens in place of those that are kept.
    UpstreamRefreshed {
        /// The grant they are kept in.
        grant_id: GrantId,
        /// The provider.
        provider: ProviderId,
    },
    /// A grant was ended.
    GrantEnded {
        /// The grant.
        grant_id: GrantId,
        /// Why.
        why: Ended,
    },
    /// A person was shown an error page, with a text on it by which this is found.
    ErrorPageShown {
        /// The text: `3f9a-0c21`.
        reference: String,
    },
    /// A request was refused.
    Refused {
        /// Why, with all that is known. The client was told less.
        refusal: Refusal,
    },
}

/// Why a grant was ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Ended {
    /// The client revoked one of its tokens (RFC 7009).
    Revoked,
    /// Its code was redeemed a second time by a fully valid request (RFC 6749 §4.1.2).
    CodeReplayed,
    /// A refresh token was used that had been used up (RFC 9700 §4.14.2).
    RefreshTokenReplayed,
    /// A token shows a generation that the record never reached: a write was lost.
    LostWrite,
    /// At a refresh the person was no longer allowed: by the application, or by the rules of
    /// [`Access`](crate::Access).
    Denied,
    /// The operator ended it with others, by a [`Cutoff`](crate::Cutoff), and somebody came with one
    /// of its tokens.
    CutOff,
    /// The upstream provider no longer refreshes what it had granted: the person was disabled
    /// there, or took it back.
    Upstream,
}

impl Ended {
    /// The reason as a word for logs: `code_replayed`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Revoked => "revoked",
            Self::CodeReplayed => "code_replayed",
            Self::RefreshTokenReplayed => "refresh_token_replayed",
            Self::LostWrite => "lost_write",
            Self::Denied => "denied",
            Self::CutOff => "cut_off",
            Self::Upstream => "upstream",
        }
    }
}

impl Event {
    /// The event's name for logs: `code_issued`.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::ClientRegistered { .. } => "client_registered",
            Self::SignInShown { .. } => "sign_in_shown",
            Self::SignInStarted { .. } => "sign_in_started",
            Self::SignInCancelled { .. } => "sign_in_cancelled",
            Self::CodeIssued { .. } => "code_issued",
            Self::CodeRedeemed { .. } => "code_redeemed",
            Self::Refreshed { .. } => "refreshed",
            Self::RefreshedAgain { .. } => "refreshed_again",
            Self::UpstreamRefreshed { .. } => "upstream_refreshed",
            Self::GrantEnded { .. } => "grant_ended",
            Self::ErrorPageShown { .. } => "error_page_shown",
            Self::Refused { .. } => "refused",
        }
    }
}
