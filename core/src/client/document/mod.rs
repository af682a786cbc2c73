//! Clients that publish themselves: the client_id is the URL of a document about the client (OAuth
//! Client ID Metadata Document, drafts -01 and -02; MCP authorization, Client ID Metadata Documents).
//! Nobody registers anything; whoever holds the host holds the client.

mod metadata;
mod url;

pub(crate) use metadata::{Document, PublishedKeys};
pub(crate) use url::DocumentUrl;

use serde::{Deserialize, Serialize};

use super::Client;
use crate::cache;
use crate::ids::ClientId;
use crate::refusal::Refusal;
use crate::setup::Setup;
use crate::step::Step;
use crate::tick::Tick;

/// What is carried of a document through a person's browser: what the person was shown, so that what
/// they agree to is what happens, and nothing has to be fetched again on the way.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Described {
    /// What people read.
    pub(crate) name: String,
    /// Whether it gets refresh tokens.
    pub(crate) refreshes: bool,
    /// Whether it publishes keys, and must sign what it asks of the token endpoint.
    pub(crate) signs: bool,
}

/// The client that a document describes, as it is published now.
///
/// # Errors
/// [`Refusal::ClientDocument`] where there is none that can be used.
pub(crate) fn described(
    setup: &Setup,
    url: DocumentUrl,
    tick: &mut Tick,
) -> Step<Result<Client, Refusal>> {
    cache::fetched(setup, url.as_url().clone(), |_| true, tick).then(tick, |document, _| {
        let document: Document = match document {
            Ok(document) => document,
            Err(why) => return Step::Done(Err(Refusal::ClientDocument(Box::new(why)))),
        };
        let described = Described {
            name: document.name,
            refreshes: document.refreshes,
            signs: document.keys.is_some(),
        };
        Step::Done(Ok(client(url, described, document.redirect_uris)))
    })
}

/// The client that was described when the person was asked, with the one redirect URI that was asked
/// for; `None`: such clients, or this one, are no longer wanted here.
pub(crate) fn remembered(
    setup: &Setup,
    id: &ClientId,
    described: Described,
    redirect_uri: &str,
) -> Option<Client> {
    let url = setup.document_url(id.as_str()).ok()?;
    Some(client(url, described, vec![redirect_uri.to_owned()]))
}

fn client(url: DocumentUrl, described: Described, redirect_uris: Vec<String>) -> Client {
    Client::Document { url, described, redirect_uris }
}
