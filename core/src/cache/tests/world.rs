//! A store, a clock and somebody else's server, for one document.

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use serde::{Deserialize, Serialize};
use url::Url;

use super::super::slot::Place;
use super::super::{Cached, fetched};
use crate::config::{Config, Issuer};
use crate::drive::blocking::Store;
use crate::effect::{HttpCall, Purpose, Reach, Unreachable};
use crate::json;
use crate::keys::{Algorithm, SigningKey};
use crate::memory::MemoryStore;
use crate::refusal::Refusal;
use crate::reply::Response;
use crate::secret::SealingSecret;
use crate::setup::Setup;
use crate::step::Step;
use crate::store::{Load, Record, RecordKey, Swap, Swapped, Unavailable};
use crate::tick::{Tick, Timestamp};

pub(super) const URL: &str = "https://idp.test/keys";

/// A document that names keys.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Names(pub(super) Vec<String>);

impl Cached for Names {
    const KIND: &'static str = "names";
    const PURPOSE: Purpose = Purpose::FetchKeys;
    const REACH: Reach = Reach::PublicAddresses;

    fn read(_: &Url, body: &[u8]) -> Result<Self, Refusal> {
        read_names(body).map(Self)
    }
}

/// The same document as another kind.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct OtherNames(Vec<String>);

impl Cached for OtherNames {
    const KIND: &'static str = "other names";
    const PURPOSE: Purpose = Purpose::FetchMetadata;
    const REACH: Reach = Reach::PublicAddresses;

    fn read(_: &Url, body: &[u8]) -> Result<Self, Refusal> {
        read_names(body).map(Self)
    }
}

fn read_names(body: &[u8]) -> Result<Vec<String>, Refusal> {
    let document = json::object(body).ok_or(Refusal::UpstreamMalformed("no JSON object"))?;
    let names = document.get("names").and_then(serde_json::Value::as_array);
    let names = names.filter(|names| !names.is_empty());
    let names = names.ok_or(Refusal::UpstreamMalformed("no names"))?;
    Ok(names.iter().filter_map(|name| name.as_str().map(str::to_owned)).collect())
}

pub(super) fn names(names: &[&str]) -> Names {
    Names(names.iter().map(|name| (*name).to_owned()).collect())
}

/// What the server answers: a status, how long that is fresh, a body.
pub(super) type Answer = Result<(u16, Option<u32>, String), Unreachable>;

/// An answer that does not say how long it is fresh.
pub(super) fn says(status: u16, body: &str) -> Answer {
    Ok((status, None, body.to_owned()))
}

/// A document that is fresh for as many seconds.
pub(super) fn says_for(seconds: u32, body: &str) -> Answer {
    Ok((200, Some(seconds), body.to_owned()))
}

pub(super) type Fetched<D = Names> = Result<D, Refusal>;

pub(super) struct World {
    pub(super) setup: Setup,
    pub(super) store: MemoryStore,
    /// What the store does not do.
    pub(super) away: Away,
    answer: Answer,
    /// The entity tag of what it says.
    pub(super) tag: Option<&'static str>,
    pub(super) calls: Vec<HttpCall>,
    pub(super) now: u64,
    /// The keys of the records that were asked for.
    pub(super) keys: Vec<RecordKey>,
    ticks: u64,
}

#[derive(Clone, Copy, PartialEq)]
pub(super) enum Away {
    Nothing,
    /// It writes, and does not say so.
    Answers,
    Swaps,
    Everything,
}

impl World {
    /// The server has a document with the name `a`.
    pub(super) fn new() -> Self {
        let secrets = vec![SealingSecret::new([1; 32]).unwrap()];
        let key = SigningKey::from_bytes(Algorithm::EdDsa, [2; 32]).unwrap();
        let config = Config::new(Issuer::parse("https://as.test").unwrap(), secrets, vec![key]);
        Self {
            setup: Setup::of(config).unwrap(),
            store: MemoryStore::new(),
            away: Away::Nothing,
            answer: says(200, r#"{"names":["a"]}"#),
            tag: None,
            calls: Vec::new(),
            now: 1_800_000_000,
            keys: Vec::new(),
            ticks: 0,
        }
    }

    /// A world in which the document with the name `a` is kept, fresh for an hour.
    pub(super) fn with_a_document() -> Self {
        let mut world = Self::new();
        assert_eq!(world.want("a"), Ok(names(&["a"])));
        world.calls.clear();
        world
    }

    pub(super) fn pass(&mut self, seconds: u64) {
        self.now += seconds;
    }

    /// What the server answers from now on.
    pub(super) fn then_says(&mut self, answer: Answer) {
        self.answer = answer;
    }

    /// Wants the document, with a name in it.
    pub(super) fn want(&mut self, name: &'static str) -> Fetched {
        let step = self.begin(name);
        self.finish(step)
    }

    /// The same, at another URL or of another kind.
    pub(super) fn want_at<D: Cached>(&mut self, url: &str) -> Fetched<D> {
        let mut tick = self.tick();
        let step = fetched::<D>(&self.setup, Url::parse(url).unwrap(), |_| true, &mut tick);
        self.finish(step)
    }

    /// Begins to want; the caller answers its questions.
    pub(super) fn begin(&mut self, name: &'static str) -> Step<Fetched> {
        let suits = move |names: &Names| names.0.iter().any(|it| it == name);
        let mut tick = self.tick();
        fetched(&self.setup, Url::parse(URL).unwrap(), suits, &mut tick)
    }

    pub(super) fn finish<T>(&mut self, mut step: Step<T>) -> T {
        loop {
            match self.advance(step) {
                Ok(next) => step = next,
                Err(value) => return value,
            }
        }
    }

    /// Goes on until the call is to be made.
    pub(super) fn until_call<T>(&mut self, mut step: Step<T>) -> Step<T> {
        while !matches!(step, Step::Http(_)) {
            step = self.advance(step).unwrap_or_else(|_| panic!("it made no call"));
        }
        step
    }

    /// Answers one question; `Err` with the value if there was none left.
    pub(super) fn advance<T>(&mut self, step: Step<T>) -> Result<Step<T>, T> {
        Ok(match step {
            Step::Done(value) => return Err(value),
            Step::Http(pending) => {
                let (call, waiting) = pending.split();
                let answer = self.answer();
                self.calls.push(call);
                waiting.resume(answer, self.tick())
            }
            Step::Load(pending) => {
                let (load, waiting) = pending.split();
                let answer = self.load(load);
                waiting.resume(answer, self.tick())
            }
            Step::Swap(pending) => {
                let (swap, waiting) = pending.split();
                let answer = self.swap(swap);
                waiting.resume(answer, self.tick())
            }
            Step::Pause(pending) => {
                let (_, waiting) = pending.split();
                waiting.resume((), self.tick())
            }
            Step::List(_) | Step::MapUser(_) => panic!("a cache has no such question"),
        })
    }

    fn answer(&self) -> Result<Response, Unreachable> {
        let (status, seconds, body) = self.answer.clone()?;
        let mut headers = HeaderMap::new();
        if let Some(seconds) = seconds {
            let said = HeaderValue::try_from(format!("max-age={seconds}")).unwrap();
            headers.insert(header::CACHE_CONTROL, said);
        }
        headers.extend(self.tag.map(|tag| (header::ETAG, HeaderValue::from_static(tag))));
        Ok(Response::new(StatusCode::from_u16(status).unwrap(), headers, Bytes::from(body)))
    }

    fn load(&mut self, load: Load) -> Result<Option<Record>, Unavailable> {
        if self.away == Away::Everything {
            return Err(Unavailable);
        }
        self.keys.push(load.key.clone());
        Store::load(&self.store, load)
    }

    fn swap(&self, swap: Swap) -> Result<Swapped, Unavailable> {
        if matches!(self.away, Away::Swaps | Away::Everything) {
            return Err(Unavailable);
        }
        if let Some(next) = &swap.next {
            assert!(next.bytes.len() <= Record::MAX_BYTES, "a record is too large");
        }
        let swapped = Store::swap(&self.store, swap);
        if self.away == Away::Answers { Err(Unavailable) } else { swapped }
    }

    /// The record of the slot that was asked for last.
    pub(super) fn record(&self) -> Record {
        let key = self.keys.last().unwrap().clone();
        Store::load(&self.store, Load::fresh(key)).unwrap().unwrap()
    }

    /// Puts a record into the slot that was asked for last.
    pub(super) fn put(&self, record: Record) {
        let key = self.keys.last().unwrap().clone();
        let found = Store::load(&self.store, Load::fresh(key.clone())).unwrap();
        let expected = found.map(|found| found.version);
        assert_eq!(
            Store::swap(&self.store, Swap::new(key, expected, Some(record))),
            Ok(Swapped::Done)
        );
    }

    /// Another URL whose document has the same slot as that of [`URL`].
    pub(super) fn neighbour(&self) -> String {
        let slot = self.slot::<Names>(URL);
        some_url(|url| self.slot::<Names>(url) == slot)
    }

    /// A URL whose documents of both kinds have the same slot.
    pub(super) fn where_kinds_meet(&self) -> String {
        some_url(|url| self.slot::<Names>(url) == self.slot::<OtherNames>(url))
    }

    fn slot<D: Cached>(&self, url: &str) -> RecordKey {
        Place::new::<D>(&self.setup, Url::parse(url).unwrap()).key
    }

    fn tick(&mut self) -> Tick {
        self.ticks += 1;
        let mut seed = [0; 32];
        seed[..8].copy_from_slice(&self.ticks.to_be_bytes());
        Tick::new(Timestamp::from_seconds(self.now), seed)
    }
}

fn some_url(is_wanted: impl Fn(&str) -> bool) -> String {
    let mut urls = (0..).map(|n| format!("https://idp.test/keys/{n}"));
    urls.find(|url| is_wanted(url)).unwrap()
}
