//! Cutoffs, as the model knows them: the latest of each kind.

use std::collections::{BTreeMap, BTreeSet};

use crate::operation::Ended;

#[derive(Clone, Default)]
pub(crate) struct Cutoffs {
    sure: BTreeMap<Ended, u64>,
    /// Of these nobody knows whether they were written.
    unsure: BTreeMap<Ended, u64>,
    /// Where any may be: one record for each kind and key.
    places: BTreeSet<(Ended, u8)>,
}

impl Cutoffs {
    pub(crate) fn written(&mut self, ended: Ended, at: u64, keys: &[u8]) {
        self.places.extend(keys.iter().map(|key| (ended, *key)));
        let sure = self.sure.entry(ended).or_default();
        *sure = at.max(*sure);
        if self.unsure.get(&ended).is_some_and(|unsure| *unsure <= at) {
            self.unsure.remove(&ended);
        }
    }

    pub(crate) fn unknown(&mut self, ended: Ended, at: u64, keys: &[u8]) {
        self.places.extend(keys.iter().map(|key| (ended, *key)));
        let unsure = self.unsure.entry(ended).or_default();
        *unsure = at.max(*unsure);
    }

    /// Until when all that was allowed is ended.
    pub(crate) fn are(&self, client: usize, person: usize) -> Option<u64> {
        latest(&self.sure, client, person)
    }

    /// Until when it may be.
    pub(crate) fn may_be(&self, client: usize, person: usize) -> Option<u64> {
        latest(&self.unsure, client, person)
    }

    /// From when on what was allowed is in doubt, if there may be any cutoff: a clock that was ahead
    /// allowed it, and nobody knows whether that was before.
    pub(crate) fn doubt(&self, client: usize, person: usize, now: u64) -> Option<u64> {
        self.are(client, person).or(self.may_be(client, person)).map(|_| now + 60)
    }

    pub(crate) fn most_records(&self) -> usize {
        self.places.len()
    }
}

fn latest(cutoffs: &BTreeMap<Ended, u64>, client: usize, person: usize) -> Option<u64> {
    let kinds = [Ended::Everything, Ended::Client(client), Ended::Person(person)];
    kinds.iter().filter_map(|kind| cutoffs.get(kind).copied()).max()
}
