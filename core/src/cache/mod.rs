//! Documents of others that are fetched over HTTP and kept for a while: one fetch serves all
//! requests of all instances.
//!
//! What the operator configured has a record of its own each. What strangers name lives in 1 024
//! slots, so that whoever can name a URL makes the store grow no further than that; a slot holds one
//! document in its parsed form, with its whole URL, and another one of the same slot overwrites it.
//! Whoever fetches writes a lease there first, and everybody else waits for what becomes of it.
//!
//! A document that came with an entity tag is asked for by it once it is no longer fresh, and where it
//! has not changed it need not come again; until that is said, it serves no longer than any other.
//!
//! A cache is not needed to answer. Where the store does not say what is in a slot, or does not take
//! a lease or a document, the document is fetched all the same: a store that stumbles must not end
//! what could be answered without it. That gives up the one flight, not the bound: a request that
//! asks for a document makes at most one call for it.

mod bounds;
mod freshness;
mod slot;

#[cfg(test)]
mod tests;

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderValue, Method, StatusCode, header};
use serde::Serialize;
use serde::de::DeserializeOwned;
use url::Url;

pub(crate) use bounds::Bounds;
pub(crate) use slot::{Kept, is_within};

use self::slot::{Place, State, Verdict};
use crate::effect::{self, HttpCall, Reach, Unreachable};
use crate::refusal::Refusal;
use crate::reply::Response;
use crate::setup::Setup;
use crate::step::{Step, ask};
use crate::store::{Freshness, Load, Swap, Swapped, Version};
use crate::swap::Patience;
use crate::tick::{Tick, Timestamp};

/// How soon a document that another process fetched is seen. It is as fresh as it says itself,
/// wherever it is read from, so this costs nothing but a second look where it does not suit.
const SEEN_WITHIN: Freshness = Freshness::AtMost(Duration::from_secs(60));

/// How long one call may take: less than the patience of those who wait for it.
const DEADLINE: Duration = Duration::from_secs(5);

/// How long a lease holds: the call, and the writing of what came back. A process that ends in
/// between keeps the others from fetching for so long, and no longer.
const LEASE: Duration = Duration::from_secs(DEADLINE.as_secs() + 3);

/// A kind of document that is fetched and kept.
///
/// What is kept is the value itself, in binary form: its `Deserialize` must not need to be told
/// what comes next, as that of a JSON value does.
pub(crate) trait Cached: Serialize + DeserializeOwned + Send + Sync + 'static {
    /// Names the kind and its form: another kind at the same URL is another document. What was kept
    /// under another name is fetched again, so the name changes with the form.
    const KIND: &'static str;

    /// What the call is for.
    const PURPOSE: effect::Purpose;

    /// Where the call may go: to what the operator configured, unless the kind says otherwise.
    const REACH: Reach = Reach::Configured;

    /// How long it serves.
    const BOUNDS: Bounds = Bounds::OF_PROVIDERS;

    /// The longest body that is read, in bytes.
    const BODY_CAP: usize = 64 * 1024;

    /// The parsed form of what came from `url` with status 200. Only what is good for something:
    /// what is returned here takes the place of a document that was.
    ///
    /// # Errors
    /// A [`Refusal`] for anything else.
    fn read(url: &Url, body: &[u8]) -> Result<Self, Refusal>;
}

/// The newest document of `url` that can be had: the kept one while it is fresh and `suits`, else
/// one that is fetched.
///
/// **The document need not suit**, and it is the caller who judges it in the end. One that does not
/// is returned where it is younger than the cool-down of 60 seconds, so that ten thousand made-up
/// key ids make one call (JWT-07); where it has just been fetched; and where fetching a newer one
/// failed. After a failure nobody asks again for 5 seconds, and until its hard end, a day after it
/// was last fresh, the old document goes on serving (UPS-23).
///
/// # Errors
/// What made the call fail or the document unreadable, where there is no older one;
/// [`Refusal::DocumentFailed`] for those who come within the 5 seconds after that;
/// [`Refusal::DocumentAwaited`] for whoever waited for another request's call in vain. A failure is
/// never kept in place of a document.
pub(crate) fn fetched<D: Cached>(
    setup: &Setup,
    url: Url,
    suits: impl Fn(&D) -> bool + Send + Sync + 'static,
    tick: &mut Tick,
) -> Step<Result<D, Refusal>> {
    let round = Round {
        place: Place::new::<D>(setup, url),
        suits: Box::new(suits),
        patience: Patience::from(tick.now),
        began: tick.now,
        waited: false,
    };
    let load = Load { key: round.place.key.clone(), freshness: SEEN_WITHIN };
    ask(load).then(tick, move |answer, tick| {
        let Ok(found) = answer else {
            return round.fetch(None, None, tick);
        };
        match round.place.read(found.as_ref()).fresh(&round.suits, tick.now) {
            Some(document) => Step::Done(Ok(document)),
            None => round.load(tick),
        }
    })
}

type Suits<D> = Box<dyn Fn(&D) -> bool + Send + Sync>;

/// One look at the slot, and what follows from it.
struct Round<D> {
    place: Place,
    suits: Suits<D>,
    patience: Patience,
    began: Timestamp,
    /// Whether another request's call was waited for.
    waited: bool,
}

impl<D: Cached> Round<D> {
    fn load(self, tick: &mut Tick) -> Step<Result<D, Refusal>> {
        ask(Load::fresh(self.place.key.clone())).then(tick, move |answer, tick| {
            let Ok(found) = answer else {
                return self.fetch(None, None, tick);
            };
            // Also of a record that cannot be used: it is overwritten like any other.
            let version = found.as_ref().map(|record| record.version);
            let since = self.waited.then_some(self.began);
            match self.place.read(found.as_ref()).judge(&self.suits, since, tick.now) {
                Verdict::Use(document) => Step::Done(Ok(document)),
                Verdict::Refuse(refusal) => Step::Done(Err(refusal)),
                Verdict::Wait => self.wait(tick),
                Verdict::Fetch(old) => self.lease(version, old, tick),
                Verdict::FetchWithoutLease => self.fetch(None, None, tick),
            }
        })
    }

    fn wait(self, tick: &mut Tick) -> Step<Result<D, Refusal>> {
        match self.patience.pause(tick.now) {
            Some((pause, patience)) => {
                let round = Self { patience, waited: true, ..self };
                ask(pause).then(tick, move |(), tick| round.load(tick))
            }
            None => Step::Done(Err(Refusal::DocumentAwaited)),
        }
    }

    fn lease(
        self,
        expected: Option<Version>,
        old: Option<Kept<D>>,
        tick: &mut Tick,
    ) -> Step<Result<D, Refusal>> {
        let state = State::Fetching { until: tick.now.after(LEASE) };
        let Some(record) = self.place.write(state, old.as_ref(), tick) else {
            return self.fetch(None, old, tick);
        };
        let version = record.version;
        let swap = Swap::new(self.place.key.clone(), expected, Some(record));
        ask(swap).then(tick, move |answer, tick| match answer {
            // After "unavailable" the lease may be there or not. Either way somebody has to fetch;
            // if it is not there, the document is not kept this time.
            Ok(Swapped::Done) | Err(_) => self.fetch(Some(version), old, tick),
            Ok(Swapped::Conflict) => match self.patience.another_round() {
                Some(patience) => Self { patience, ..self }.load(tick),
                // So many writers are only where several documents want one slot: none is kept for
                // long, and waiting helps nobody.
                None => self.fetch(None, old, tick),
            },
        })
    }

    /// `lease` is the version that the document takes the place of; without one it is not kept.
    fn fetch(
        self,
        lease: Option<Version>,
        old: Option<Kept<D>>,
        tick: &mut Tick,
    ) -> Step<Result<D, Refusal>> {
        let mut call = call::<D>(self.place.url.clone());
        let tag = old.as_ref().and_then(|old| old.tag(tick.now));
        let by_tag = tag.is_some();
        call.headers.extend(tag.map(|tag| (header::IF_NONE_MATCH, tag)));
        ask(call).then(tick, move |answer, tick| {
            let now = tick.now;
            let (state, newest) = match (answer, old) {
                (Ok(Response { status: StatusCode::NOT_MODIFIED, headers, .. }), Some(old))
                    if by_tag =>
                {
                    (State::Idle, Ok(old.confirmed(&headers, now)))
                }
                (answer, old) => match read(&self.place.url, answer, now) {
                    Ok(kept) => (State::Idle, Ok(kept)),
                    Err(refusal) => {
                        let old = old.filter(|old| old.is_alive(now));
                        // What was not begun is no reason to keep others from it.
                        let begun = refusal != Refusal::UpstreamUnreachable(Unreachable::Busy);
                        let state = if begun { State::Failed { at: now } } else { State::Idle };
                        (state, old.ok_or(refusal))
                    }
                },
            };
            self.keep(lease, state, newest.as_ref().ok(), tick)
                .then(tick, move |(), _| Step::Done(newest.map(|kept| kept.document)))
        })
    }

    /// Writes down what came of the lease. What becomes of that is nobody's concern: after a
    /// conflict somebody else's document is there, or their lease; after "unavailable" perhaps our
    /// own lease, which ends by itself.
    fn keep(
        self,
        lease: Option<Version>,
        state: State,
        newest: Option<&Kept<D>>,
        tick: &mut Tick,
    ) -> Step<()> {
        if lease.is_none() {
            return Step::Done(());
        }
        let record = self.place.write(state, newest, tick).or_else(|| {
            // Used, and not kept.
            self.place.write::<D>(State::TooLarge { at: tick.now }, None, tick)
        });
        // Without any record the lease is deleted.
        ask(Swap::new(self.place.key, lease, record)).then(tick, |_, _| Step::Done(()))
    }
}

/// The document that is at `url` right now, for whoever keeps it in memory instead of in the store.
///
/// # Errors
/// What made the call fail or the document unreadable.
pub(crate) fn fetched_for_oneself<D: Cached>(
    url: Url,
    tick: &mut Tick,
) -> Step<Result<Kept<D>, Refusal>> {
    ask(call::<D>(url.clone()))
        .then(tick, move |answer, tick| Step::Done(read(&url, answer, tick.now)))
}

/// What is at `url` right now, whatever is kept: one call, of which nothing is kept. For whoever looks
/// at what is published.
///
/// # Errors
/// A [`Refusal`] where there is no answer with status 200.
pub(crate) fn looked_at<D: Cached>(url: Url, tick: &mut Tick) -> Step<Result<Bytes, Refusal>> {
    ask(call::<D>(url)).then(tick, |answer, _| Step::Done(good(answer).map(|it| it.body)))
}

fn call<D: Cached>(url: Url) -> HttpCall {
    let mut call = HttpCall::new(Method::GET, url, D::PURPOSE);
    call.headers.insert(header::ACCEPT, HeaderValue::from_static("application/json"));
    // Some refuse a request that does not say by what it is made.
    call.headers.insert(header::USER_AGENT, HeaderValue::from_static("vestibule"));
    call.body_cap = D::BODY_CAP;
    call.deadline = DEADLINE;
    call.reach = D::REACH;
    call
}

/// The document in an answer.
fn read<D: Cached>(
    url: &Url,
    answer: Result<Response, Unreachable>,
    now: Timestamp,
) -> Result<Kept<D>, Refusal> {
    let response = good(answer)?;
    Ok(Kept::new(D::read(url, &response.body)?, &response.headers, now))
}

/// Only a 200 has a document: a redirect least of all (UPS-03), since whoever is pointed at is not
/// whom the operator named.
fn good(answer: Result<Response, Unreachable>) -> Result<Response, Refusal> {
    let response = answer.map_err(Refusal::UpstreamUnreachable)?;
    if response.status.is_server_error() || response.status == 429 {
        return Err(Refusal::UpstreamBusy);
    }
    if response.status != 200 {
        return Err(Refusal::UpstreamStatus(response.status.as_u16()));
    }
    Ok(response)
}
