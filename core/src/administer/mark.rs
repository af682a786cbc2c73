//! By which a store is known again: who comes with another issuer or other secrets finds nothing in
//! it and could end nothing, and must learn of that instead.

use bytes::Bytes;

use crate::keys::{Purpose, SealingKey};
use crate::refusal::Refusal;
use crate::seal::{open_record, seal_record};
use crate::setup::Setup;
use crate::step::{Step, ask};
use crate::store::{Load, Record, RecordKey, Swap, Version};
use crate::swap::{Patience, swap};
use crate::tick::{Tick, Timestamp};

/// Stands in a mark, so that a later form can be told from this one.
const FORM: u8 = 1;

/// See [`Server::mark_store`](crate::Server::mark_store).
pub(crate) fn mark_store(setup: &Setup, tick: &mut Tick) -> Step<Result<(), Refusal>> {
    mark_under(setup.clone(), 0, tick)
}

/// A mark for each key: any of them may be first for who comes.
fn mark_under(setup: Setup, n: usize, tick: &mut Tick) -> Step<Result<(), Refusal>> {
    let Some(place) = setup.keys().all().nth(n).map(place) else {
        return Step::Done(Ok(()));
    };
    ask(Load::fresh(place.clone())).then(tick, move |answer, tick| {
        let Ok(found) = answer else {
            return Step::Done(Err(Refusal::StoreUnavailable));
        };
        // A mark holds nothing, so one that was damaged is simply made anew.
        let damaged = found.as_ref().is_some_and(|mark| !is_good(&setup, &place, mark));
        let (Some(key), true) = (setup.keys().all().nth(n), found.is_none() || damaged) else {
            return mark_under(setup, n + 1, tick);
        };
        let version = Version::from_bytes(tick.entropy.draw("record version"));
        let purpose = Purpose::StoreMark;
        let sealed = seal_record(key, purpose, place.as_str(), version.as_bytes(), &FORM);
        let bytes = Bytes::from(sealed);
        let mark = Record { version, owner: None, expires_at: Timestamp::MAX, bytes };
        let patience = Patience::from(tick.now);
        // A conflict is another instance that was faster.
        let question = Swap::new(place, found.map(|found| found.version), Some(mark));
        swap(question, patience, tick).then(tick, move |written, tick| match written {
            Ok(_) => mark_under(setup, n + 1, tick),
            Err(refusal) => Step::Done(Err(refusal)),
        })
    })
}

/// See [`Server::knows_store`](crate::Server::knows_store).
pub(crate) fn knows_store(setup: &Setup, tick: &mut Tick) -> Step<Result<bool, Refusal>> {
    let place = place(setup.keys().first());
    let setup = setup.clone();
    ask(Load::fresh(place.clone())).then(tick, move |answer, _| {
        Step::Done(match answer {
            Err(_) => Err(Refusal::StoreUnavailable),
            Ok(None) => Ok(false),
            Ok(Some(mark)) if is_good(&setup, &place, &mark) => Ok(true),
            Ok(Some(_)) => Err(Refusal::CorruptRecord),
        })
    })
}

fn is_good(setup: &Setup, place: &RecordKey, mark: &Record) -> bool {
    let (purpose, version) = (Purpose::StoreMark, mark.version.as_bytes());
    open_record(setup.keys(), purpose, place.as_str(), version, &mark.bytes) == Some(FORM)
}

fn place(key: &SealingKey) -> RecordKey {
    RecordKey::new("mark", &key.mac(Purpose::StoreMarkName, &[])[..16])
}
