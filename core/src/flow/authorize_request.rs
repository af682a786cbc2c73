//! What a client asks for, and how it travels through the person's browser.

use serde::{Deserialize, Serialize};

use super::Rejected;
use crate::check::pkce::CodeChallenge;
use crate::check::redirect_uri::{self, RegisteredRedirect};
use crate::check::{resource, scope};
use crate::client::Client;
use crate::client::document::{self, Described};
use crate::ids::ClientId;
use crate::refusal::Refusal;
use crate::setup::Setup;

/// An authorization request that may be put before a person: its client is known, its redirect URI
/// is the client's, its challenge is S256, its resource is configured and its scopes are that
/// resource's.
#[derive(Debug)]
pub struct AuthorizeRequest {
    pub(super) client: Client,
    pub(super) redirect: RegisteredRedirect,
    pub(super) state: Option<String>,
    pub(super) code_challenge: CodeChallenge,
    pub(super) scope: String,
    pub(super) resource: String,
}

/// The same as it travels through the person's browser, in the form and in the flow's cookie. When
/// it comes back, [`AuthorizeRequest::reopen`] applies the rules again.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Asked {
    client_id: ClientId,
    redirect_uri: String,
    state: Option<String>,
    code_challenge: CodeChallenge,
    scope: String,
    resource: String,
    /// What the client's document said, for one that publishes itself.
    document: Option<Described>,
}

impl AuthorizeRequest {
    /// The longest that fits into the cookie of its flow, in bytes.
    const LONGEST: usize = 2500;

    /// Whether it can be carried.
    pub(super) fn fits(&self) -> bool {
        self.length() <= Self::LONGEST
    }

    pub(super) fn to_asked(&self) -> Asked {
        Asked {
            client_id: self.client.id().clone(),
            redirect_uri: self.redirect.as_str().to_owned(),
            state: self.state.clone(),
            code_challenge: self.code_challenge,
            scope: self.scope.clone(),
            resource: self.resource.clone(),
            document: self.client.document().map(|(_, described)| described.clone()),
        }
    }

    /// What came back is as genuine as its seal, but the configuration may have changed since.
    pub(super) fn reopen(setup: &Setup, asked: Asked) -> Result<Self, Refusal> {
        let client = match asked.document {
            None => setup.client(asked.client_id.as_str()),
            Some(described) => {
                document::remembered(setup, &asked.client_id, described, &asked.redirect_uri)
            }
        };
        let client = client.ok_or(Refusal::UnknownClient)?;
        let redirect = redirect_uri::check(
            &setup.policy(&client),
            client.redirect_uris(),
            Some(&asked.redirect_uri),
        )?;
        let resource = resource::resource(setup.resources(), Some(&asked.resource))?;
        let scope = scope::remaining(&asked.scope, &resource.scopes);
        let Asked { state, code_challenge, resource, .. } = asked;
        Ok(Self { client, redirect, state, code_challenge, scope, resource })
    }

    /// How many bytes of it must be carried.
    fn length(&self) -> usize {
        let name = self.client.document().map_or("", |(_, described)| &described.name);
        let texts =
            [self.client.id().as_str(), self.redirect.as_str(), &self.scope, &self.resource, name];
        texts.map(str::len).iter().sum::<usize>() + self.state.as_ref().map_or(0, String::len)
    }

    pub(super) fn rejected(self, refusal: Refusal) -> Rejected {
        Rejected { refusal, redirect: self.redirect, state: self.state }
    }

    /// The client, for pages.
    pub(crate) fn client(&self) -> &Client {
        &self.client
    }

    /// The redirect URI, for pages.
    pub(crate) fn redirect(&self) -> &RegisteredRedirect {
        &self.redirect
    }

    /// The scopes that will be granted, for pages.
    pub(crate) fn scopes(&self) -> impl Iterator<Item = &str> {
        self.scope.split(' ').filter(|scope| !scope.is_empty())
    }

    /// The resource, for pages.
    pub(crate) fn resource(&self) -> &str {
        &self.resource
    }
}
