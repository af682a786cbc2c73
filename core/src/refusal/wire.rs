//! The table from reasons to the wire, and the answer of an endpoint that speaks JSON.

use std::borrow::Cow;

use http::{HeaderValue, StatusCode, header};
use serde_json::{Value, json};

use super::Refusal;
use crate::effect::Unreachable;
use crate::reply::Response;
use crate::setup::Setup;

/// What a client is told.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Wire {
    /// The error code (RFC 6749 §4.1.2.1 and §5.2, RFC 7591 §3.2.2, RFC 8707 §2).
    pub error: &'static str,
    /// The status where the error is not a redirect.
    pub status: StatusCode,
    /// Generic: it names the parameter or the mend, never what was found inside.
    pub description: Cow<'static, str>,
}

impl Refusal {
    /// The table from reasons to what stands on the wire. No `_` arm: a new reason has to be given
    /// its place.
    ///
    /// The status says whose fault it is: 4xx the client's, 502 the provider's, 503 (with
    /// `Retry-After`) ours.
    #[must_use]
    pub fn wire(&self) -> Wire {
        let (status, error, description): (u16, &'static str, &'static str) = match self {
            Self::Http(fault) => return fault.wire(),
            Self::Unreadable => (400, "invalid_request", "The parameters cannot be read."),
            Self::Missing { parameter } => {
                return Wire::new(400, "invalid_request", format!("{parameter} is missing."));
            }
            // RFC 8707 §2 allows several resources; a token here is for one.
            Self::Repeated { parameter: "resource" } => {
                (400, "invalid_target", "A token is for one resource; ask for one.")
            }
            Self::Repeated { parameter } => {
                return Wire::new(400, "invalid_request", format!("{parameter} is repeated."));
            }
            Self::Invalid { parameter } => {
                return Wire::new(
                    400,
                    "invalid_request",
                    format!("{parameter} has an invalid value."),
                );
            }
            Self::RequestTooLong => {
                (400, "invalid_request", "The request is too long; shorten state or redirect_uri.")
            }
            Self::UnknownClient | Self::UnknownClientInHeader | Self::ClientEnded => {
                (401, "invalid_client", "The client is not known here.")
            }
            Self::ClientIdUrl { problem } => {
                return Wire::new(401, "invalid_client", format!("client_id {problem}."));
            }
            Self::ClientHost { .. } => (
                401,
                "invalid_client",
                "Clients of this host are not accepted here; ask the operator.",
            ),
            // CIM-16: our own trouble, and nothing that was found there.
            Self::ClientDocument(why)
                if matches!(**why, Self::UpstreamUnreachable(Unreachable::Busy)) =>
            {
                (503, "temporarily_unavailable", "Please try again in a moment.")
            }
            // CIM-18: one text whatever was found there, so that nobody explores through this server
            // what it can reach.
            Self::ClientDocument(_) => {
                (401, "invalid_client", "The client's metadata document could not be used.")
            }
            Self::Credentials(fault) => return fault.wire(),
            Self::ClientAssertion(_) | Self::ClientDidNotSign { .. } => {
                (401, "invalid_client", "The client could not be authenticated.")
            }
            Self::GrantTypeNotRegistered => {
                (400, "unauthorized_client", "The client is not registered for this grant type.")
            }
            Self::RegistrationClosed => (
                403,
                "access_denied",
                "Registration is turned off here; ask the operator for a client_id.",
            ),
            Self::InitialAccessToken { .. } => (
                401,
                "invalid_token",
                "Registration needs an initial access token; ask the operator for one.",
            ),
            Self::ClientMetadata { member, problem } => {
                return Wire::new(400, "invalid_client_metadata", format!("{member}: {problem}"));
            }
            Self::RegisteredUri(problem) => {
                return Wire::new(
                    400,
                    "invalid_redirect_uri",
                    format!("A redirect URI {problem}."),
                );
            }
            Self::RedirectUriNotRegistered => {
                (400, "invalid_request", "redirect_uri is not registered for this client.")
            }
            Self::RedirectUri(problem) => {
                return Wire::new(400, "invalid_request", format!("redirect_uri {problem}."));
            }
            Self::ResponseType => {
                (400, "unsupported_response_type", "Only response_type=code is supported.")
            }
            Self::CodeChallenge { problem } => {
                return Wire::new(
                    400,
                    "invalid_request",
                    format!("PKCE with S256 is required: {problem}."),
                );
            }
            Self::UnknownResource => (400, "invalid_target", "The resource is unknown here."),
            Self::ResourceRequired => (
                400,
                "invalid_target",
                "Several resources are protected here; say which with resource.",
            ),
            Self::FormForged => (403, "access_denied", "The form was not made for this browser."),
            Self::FormExpired => (400, "access_denied", "The page was open for too long."),
            Self::CrossSite => (403, "access_denied", "The form came from another site."),
            Self::Cancelled => (400, "access_denied", "The person cancelled the sign-in."),
            Self::StateForged | Self::StateOfOtherProvider => (
                400,
                "invalid_request",
                "The answer does not belong to a sign-in that was started here.",
            ),
            Self::StateExpired => (400, "invalid_request", "The sign-in took too long."),
            Self::OtherBrowser => {
                (400, "invalid_request", "No such sign-in is under way in this browser.")
            }
            Self::UnknownProvider => (400, "invalid_request", "The provider is not offered here."),
            Self::AlreadyCompleted => (400, "invalid_request", "The sign-in was completed before."),
            Self::CutOff => (400, "access_denied", "The sign-in was ended; please start again."),
            Self::UpstreamDenied => {
                (400, "access_denied", "The sign-in was declined at the provider.")
            }
            Self::UpstreamIssuer
            | Self::CallbackMalformed
            | Self::UpstreamError
            | Self::UpstreamStatus(_)
            | Self::UpstreamMalformed(_)
            | Self::IdToken(_)
            | Self::UpstreamKeyUnknown => {
                (502, "server_error", "The provider's answer could not be used.")
            }
            // UPS-01: asking again does not help here.
            Self::UpstreamUnreachable(Unreachable::TooLarge | Unreachable::NotPermitted) => {
                (502, "server_error", "The provider's answer could not be used.")
            }
            Self::UpstreamBusy
            | Self::DocumentFailed
            | Self::DocumentAwaited
            | Self::UpstreamUnreachable(
                Unreachable::Connection | Unreachable::Deadline | Unreachable::Busy,
            ) => (502, "temporarily_unavailable", "The provider did not answer."),
            Self::GrantType => {
                (400, "unsupported_grant_type", "Use authorization_code or refresh_token.")
            }
            // One text for all: whoever holds a token that is no good learns nothing from the
            // difference (LEA-04).
            Self::TokenForged
            | Self::TokenExpired
            | Self::GrantUnknown
            | Self::GrantEnded
            | Self::OtherClient
            | Self::CodeReplayed
            | Self::RefreshTokenReplayed
            | Self::LostWrite
            | Self::UpstreamGrantEnded
            | Self::ProviderGone
            | Self::CorruptRecord => (
                400,
                "invalid_grant",
                "The code or refresh token is invalid, expired, revoked or was used before.",
            ),
            Self::RedirectUriChanged => {
                (400, "invalid_grant", "redirect_uri differs from the authorization request.")
            }
            Self::CodeVerifier => {
                (400, "invalid_grant", "code_verifier does not fit the code_challenge.")
            }
            Self::UnknownScope => (400, "invalid_scope", "The resource has none of these scopes."),
            Self::ScopeExceeded => (400, "invalid_scope", "The scope exceeds what was granted."),
            Self::NotAllowed(_) => (400, "access_denied", "This account may not sign in here."),
            Self::MapperDenied(reason) => {
                return Wire::new(400, "access_denied", sayable(reason));
            }
            // Trying again does not help, and nothing is spent: the operator has to look at the
            // log.
            Self::MapperMisbehaved(_) | Self::GrantTooLarge | Self::UpstreamTokenNotKept => {
                (503, "server_error", "The server's application could not answer.")
            }
            // REF-18: whoever comes again with the same refresh token is answered.
            Self::MapperUnavailable
            | Self::UpstreamRefresh(_)
            | Self::MembershipsUnknown(_)
            | Self::UpstreamRefreshAwaited
            | Self::StoreUnavailable
            | Self::Contention
            | Self::CorruptCutoff
            | Self::SecretsMissing
            | Self::SigningFailed
            | Self::Overloaded => (503, "temporarily_unavailable", "Please try again in a moment."),
        };
        Wire::new(status, error, description)
    }

    /// The answer of an endpoint that speaks JSON (RFC 6749 §5.2).
    pub(crate) fn to_json(&self) -> Response {
        self.answer(&self.body())
    }

    /// The same of an endpoint that knows clients: one that is unknown is told where it can register
    /// anew, since all that it remembers may be what it has to forget.
    pub(crate) fn to_client(&self, setup: &Setup) -> Response {
        let mut body = self.body();
        let unknown =
            matches!(self, Self::UnknownClient | Self::UnknownClientInHeader | Self::ClientEnded);
        if unknown && setup.registration().is_open() {
            body["registration_endpoint"] = json!(setup.registration_endpoint());
        }
        self.answer(&body)
    }

    fn answer(&self, body: &Value) -> Response {
        self.with_headers(Response::json(self.wire().status, body.to_string()))
    }

    fn body(&self) -> Value {
        let mut wire = self.wire();
        if let Self::MapperDenied(_) | Self::NotAllowed(_) = self {
            // RFC 6749 §5.2 has no access_denied: the grant is what is no longer valid.
            wire.error = "invalid_grant";
        }
        json!({ "error": wire.error, "error_description": wire.description })
    }

    /// Adds what the status obliges to: beside what is HTTP's own, `WWW-Authenticate` and
    /// `Retry-After`.
    pub(crate) fn with_headers(&self, response: Response) -> Response {
        if let Self::Http(fault) = self {
            return match fault.header() {
                Some((name, value)) => response.with(name, value),
                None => response,
            };
        }
        if let Some(challenge) = self.challenge() {
            let challenge = HeaderValue::from_static(challenge);
            return response.with(header::WWW_AUTHENTICATE, challenge);
        }
        if response.status == StatusCode::SERVICE_UNAVAILABLE {
            return response.with(header::RETRY_AFTER, HeaderValue::from_static("1"));
        }
        response
    }

    /// What `WWW-Authenticate` says: texts of our own, of which nothing came with the request
    /// (WEB-14).
    fn challenge(&self) -> Option<&'static str> {
        let by_header = matches!(
            self,
            Self::UnknownClientInHeader | Self::ClientDidNotSign { by_header: true }
        ) || matches!(self, Self::Credentials(fault) if fault.by_header());
        if by_header {
            return Some("Basic realm=\"token endpoint\"");
        }
        let Self::InitialAccessToken { shown } = self else { return None };
        // RFC 6750 §3.1: no error code where no token was shown.
        Some(if *shown { "Bearer error=\"invalid_token\"" } else { "Bearer" })
    }
}

impl Wire {
    pub(super) fn new(
        status: u16,
        error: &'static str,
        description: impl Into<Cow<'static, str>>,
    ) -> Self {
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_REQUEST);
        Self { error, status, description: description.into() }
    }
}

/// `error_description` is visible ASCII without quotes and backslashes (RFC 6749 §5.2): anything
/// else becomes a space.
fn sayable(text: &str) -> String {
    text.chars()
        .take(200)
        .map(|c| if matches!(c, ' '..='~') && !matches!(c, '"' | '\\') { c } else { ' ' })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn web_07_a_reason_is_reduced_to_the_characters_of_error_description() {
        let wire = Refusal::MapperDenied("no\r\n\"<é>\\".to_owned()).wire();
        assert_eq!(wire.description, "no   < > ");
    }

    #[test]
    fn cim_16_a_fetch_that_was_not_begun_is_our_own_trouble() {
        let document = |why| Refusal::ClientDocument(Box::new(Refusal::UpstreamUnreachable(why)));
        let response = document(Unreachable::Busy).to_json();
        assert_eq!(response.status, 503);
        assert_eq!(response.headers[header::RETRY_AFTER], "1");
        // CIM-18: of all others nobody learns which it was.
        let failed = document(Unreachable::Connection).to_json();
        assert_eq!(failed.status, 401);
        for why in [Unreachable::Deadline, Unreachable::TooLarge, Unreachable::NotPermitted] {
            assert_eq!(document(why).to_json().body, failed.body);
        }
    }

    #[test]
    fn our_own_trouble_is_503_with_retry_after() {
        let response = Refusal::StoreUnavailable.to_json();
        assert_eq!(response.status, 503);
        assert!(response.headers.contains_key(header::RETRY_AFTER));
    }
}
