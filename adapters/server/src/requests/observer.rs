use std::borrow::Cow;
use std::sync::atomic::{AtomicBool, Ordering};

use vestibule_core::{ClientId, Event, GrantId};
use vestibule_hyper::{Observer, Outcome, RequestId, Seen};

use super::{milliseconds, shown};
use crate::store::Store;

/// Writes the line of each request that Vestibule answered.
///
/// Texts are fields, not parts of a message: that way line breaks in them are written as escapes,
/// and no client can write a line of its own.
#[derive(Debug)]
pub(crate) struct Log {
    /// Whether grants outlive the process, so that one that is missing is news.
    durable: bool,
    said_behind: AtomicBool,
}

impl Log {
    pub(crate) fn of(store: &Store) -> Self {
        Self { durable: store.is_durable(), said_behind: AtomicBool::new(false) }
    }

    /// Says once that the store is older than what its keys have seen.
    fn warn_if_behind(&self, event: &Event) {
        let behind = matches!(event, Event::Refused { refusal } if refusal.proves_a_store_behind());
        if behind && self.durable && !self.said_behind.swap(true, Ordering::Relaxed) {
            tracing::error!(
                target: "vestibule::store",
                "the store is older than what its keys have seen: a genuine, living token leads to \
                 no grant, or to a state that the grant has not reached. It was restored from a \
                 backup, replaced or emptied, and what was revoked since then may be back: run \
                 `vestibule end --all`, unless that was done after it was restored"
            );
        }
    }
}

impl Observer for Log {
    fn observe(&self, seen: &Seen<'_>) {
        seen.events.iter().for_each(|event| self.warn_if_behind(event));
        let mut happened = Happened::default();
        seen.events.iter().for_each(|event| happened.add(event));
        let request_id = seen.request_id.map(RequestId::as_str);
        let method = seen.method.as_str();
        let status = seen.status.as_u16();
        let path = shown(seen.path);
        let outcome = outcome(seen.outcome);
        macro_rules! line {
            ($level:ident) => {
                tracing::$level!(
                    target: "vestibule::request",
                    request_id,
                    method,
                    path = &*path,
                    status,
                    duration_ms = milliseconds(seen.duration),
                    outcome,
                    event = happened.names.as_deref(),
                    client_id = happened.client_id.as_deref(),
                    client_name = happened.client_name,
                    provider = happened.provider,
                    subject = happened.subject,
                    grant_id = happened.grant_id.as_deref(),
                    generation = happened.generation,
                    reason = happened.reason.as_deref(),
                    reference = happened.reference,
                )
            };
        }
        if seen.status.is_server_error() { line!(warn) } else { line!(info) }
    }
}

/// What the events of one request tell, each kind of thing once.
#[derive(Default)]
struct Happened<'a> {
    names: Option<Cow<'a, str>>,
    client_id: Option<Cow<'a, str>>,
    client_name: Option<&'a str>,
    provider: Option<&'a str>,
    subject: Option<&'a str>,
    grant_id: Option<String>,
    generation: Option<u64>,
    reason: Option<Cow<'a, str>>,
    reference: Option<&'a str>,
}

impl<'a> Happened<'a> {
    fn add(&mut self, event: &'a Event) {
        append(&mut self.names, event.name());
        match event {
            Event::ClientRegistered { client_id, client_name } => {
                self.client(client_id);
                self.client_name = client_name.as_deref();
            }
            Event::SignInShown { client_id } | Event::SignInCancelled { client_id } => {
                self.client(client_id);
            }
            Event::SignInStarted { client_id, provider } => {
                self.client(client_id);
                self.provider = Some(provider.as_str());
            }
            Event::CodeIssued { grant_id, client_id, subject } => {
                self.client(client_id);
                self.grant(grant_id);
                self.subject = Some(subject);
            }
            Event::CodeRedeemed { grant_id } => self.grant(grant_id),
            Event::Refreshed { grant_id, generation }
            | Event::RefreshedAgain { grant_id, generation } => {
                self.grant(grant_id);
                self.generation = Some(*generation);
            }
            Event::UpstreamRefreshed { grant_id, provider } => {
                self.grant(grant_id);
                self.provider = Some(provider.as_str());
            }
            Event::GrantEnded { grant_id, why } => {
                self.grant(grant_id);
                append(&mut self.reason, why.as_str());
            }
            Event::ErrorPageShown { reference } => self.reference = Some(reference),
            Event::Refused { refusal } => append(&mut self.reason, refusal.to_string()),
            // An event of a later core has a name, and its fields when this program knows them.
            _ => {}
        }
    }

    fn client(&mut self, id: &'a ClientId) {
        self.client_id = Some(shortened(id.as_str()));
    }

    fn grant(&mut self, id: &GrantId) {
        self.grant_id = Some(id.to_string());
    }
}

/// A registered client's id is a sealed text of some hundred characters. Its start tells one from
/// another; its end is what the client registered, and the same for all that registered the same.
fn shortened(id: &str) -> Cow<'_, str> {
    const LONGEST: usize = 40;
    match id.char_indices().nth(LONGEST - 10) {
        Some((at, _)) if id.len() > LONGEST => format!("{}…", &id[..at]).into(),
        Some(_) | None => id.into(),
    }
}

fn append<'a>(texts: &mut Option<Cow<'a, str>>, text: impl Into<Cow<'a, str>>) {
    *texts = Some(match texts.take() {
        Some(before) => format!("{before}, {}", text.into()).into(),
        None => text.into(),
    });
}

/// Only what is out of the ordinary.
fn outcome(outcome: Outcome) -> Option<&'static str> {
    match outcome {
        Outcome::Replied => None,
        Outcome::Overloaded => Some("overloaded"),
        Outcome::BodyBroken => Some("body_broken"),
        Outcome::Panicked => Some("panicked"),
        _ => Some("other"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_registered_clients_id_is_shown_by_its_start() {
        let id = format!("vc1_0123456789abcdefghijklmnop{}", "x".repeat(200));
        assert_eq!(shortened(&id), "vc1_0123456789abcdefghijklmnop…");
        assert_eq!(shortened("my-client"), "my-client");
    }
}
