use std::fmt;
use std::sync::Arc;

use http::{HeaderValue, header};
use serde_json::json;

use super::field::{BearerField, may_be_asked};
use super::which::is_plain;
use super::{Denied, Protected, bearer_token};
use crate::reply::{Parts, Response};

/// A request that may not pass, and what its sender has to be told: where to get a token, and with
/// which scopes. [`Challenge::response`] says so.
#[derive(Clone, Debug)]
pub struct Challenge {
    reason: Denied,
    /// `None` where the request is for none of the resources.
    protected: Option<Arc<Protected>>,
    /// What the operation needs, where that was said; else the resource's own are named.
    scopes: Vec<String>,
}

impl Challenge {
    /// For a request to a resource. [`Server`](crate::Server) and those beside it make their own; this
    /// is for whoever judges tokens otherwise.
    #[must_use]
    pub fn new(reason: Denied, protected: Option<&Arc<Protected>>) -> Self {
        Self { reason, protected: protected.cloned(), scopes: Vec::new() }
    }

    /// For a request to none of the resources, whoever sent it. It is malformed where its path can be
    /// read in two ways: there is nothing wrong with its token then.
    #[must_use]
    pub fn of_no_resource(request: &Parts) -> Self {
        let reason = match bearer_token(&request.headers) {
            Err(reason) => reason,
            Ok(_) if !is_plain(request.uri.path()) => Denied::Malformed,
            Ok(_) => Denied::InvalidToken,
        };
        Self::new(reason, None)
    }

    /// Why.
    #[must_use]
    pub fn reason(&self) -> Denied {
        self.reason
    }

    /// The same for an operation that needs these scopes: a client asks for what a challenge names,
    /// so it names no more than is needed (MCP authorization, Scope Selection Strategy). Without it,
    /// all that the resource has are named. What a 403 names stays: it was said before.
    #[must_use]
    pub fn for_scopes(mut self, scopes: &[&str]) -> Self {
        if self.reason != Denied::InsufficientScope {
            self.scopes = scopes.iter().map(|scope| (*scope).to_owned()).collect();
        }
        self
    }

    /// Names each of the scopes once.
    pub(super) fn lacking(scopes: &[&str], protected: &Arc<Protected>) -> Self {
        let mut challenge = Self::new(Denied::InsufficientScope, Some(protected));
        for scope in scopes {
            if !challenge.scopes.iter().any(|named| named == scope) {
                challenge.scopes.push((*scope).to_owned());
            }
        }
        challenge
    }

    /// The scopes that a client is told to ask for. Never `offline_access`.
    pub fn scopes(&self) -> impl Iterator<Item = &str> {
        let own = self.protected.as_ref().map(|it| &*it.resource().scopes).unwrap_or_default();
        let named = if self.scopes.is_empty() { own } else { &self.scopes };
        named.iter().map(String::as_str).filter(|scope| may_be_asked(scope))
    }

    /// Where the resource's metadata is (RFC 9728 §3.1).
    #[must_use]
    pub fn metadata_url(&self) -> Option<&str> {
        self.protected.as_ref().map(|protected| protected.metadata_url())
    }

    /// The error code (RFC 6750 §3.1): `invalid_token`, `insufficient_scope`, `invalid_request`;
    /// `temporarily_unavailable` with status 503.
    #[must_use]
    pub fn error(&self) -> &'static str {
        self.reason.error()
    }

    /// What the client is told, in words.
    #[must_use]
    pub fn description(&self) -> &'static str {
        self.reason.description()
    }

    /// The answer: 401 with one `WWW-Authenticate` field (RFC 6750 §3, RFC 9728 §5.1), 403 that
    /// names every scope of the operation, 400 for a malformed request, 503 with `Retry-After` where
    /// it could not be found out. The body is JSON. Nobody may keep it.
    #[must_use]
    pub fn response(&self) -> Response {
        let body = json!({ "error": self.error(), "error_description": self.description() });
        let response = Response::json(self.reason.status(), body.to_string());
        if self.reason == Denied::Unavailable {
            return response.with(header::RETRY_AFTER, HeaderValue::from(1));
        }
        response.with(header::WWW_AUTHENTICATE, self.field().value())
    }

    /// Its `WWW-Authenticate` field.
    pub(crate) fn field(&self) -> BearerField {
        // RFC 6750 §3.1: no error code where no authentication was tried.
        if self.reason == Denied::NoToken {
            self.pointing(BearerField::new())
        } else {
            self.whole()
        }
    }

    /// The field with its error code, whatever was tried.
    pub(crate) fn whole(&self) -> BearerField {
        let field = BearerField::new().words("error", self.error());
        self.pointing(field.words("error_description", self.description()))
    }

    fn pointing(&self, mut field: BearerField) -> BearerField {
        if let Some(url) = self.metadata_url() {
            field = field.url("resource_metadata", url);
        }
        field.scopes(self.scopes())
    }
}

impl fmt::Display for Challenge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.reason.fmt(f)
    }
}

impl std::error::Error for Challenge {}
