use std::fmt;

use crate::round::{Round, name};
use crate::town::program::Store;

/// At most so many times the floor's CPU time.
const MEMORY: f64 = 1.5;
const SQLITE: f64 = 3.0;
/// At least so much of the memory store's sign-ins per second.
const SQLITE_PACE: f64 = 0.5;

/// The rounds, in pairs: of the floor, and of Vestibule with each store.
#[derive(Default)]
pub(crate) struct Figures {
    floor: Vec<Round>,
    memory: Vec<Round>,
    sqlite: Vec<Round>,
}

/// What is asked for, and what there is.
struct Target {
    what: &'static str,
    most: bool,
    wanted: f64,
    measured: f64,
}

impl Figures {
    pub(crate) fn add(&mut self, pair: Vec<(Option<Store>, Round)>) {
        for (server, round) in pair {
            match server {
                None => self.floor.push(round),
                Some(Store::Memory) => self.memory.push(round),
                Some(Store::Sqlite) => self.sqlite.push(round),
            }
        }
    }

    /// CPU time of a server in relation to the floor's of the same pair.
    pub(crate) fn ratios(&self, server: Store) -> Vec<f64> {
        let pairs = self.rounds(Some(server)).iter().zip(&self.floor);
        pairs.map(|(round, floor)| round.cpu / floor.cpu).collect()
    }

    pub(crate) fn meet_targets(&self) -> bool {
        self.targets().iter().all(Target::met)
    }

    fn rounds(&self, server: Option<Store>) -> &[Round] {
        match server {
            None => &self.floor,
            Some(Store::Memory) => &self.memory,
            Some(Store::Sqlite) => &self.sqlite,
        }
    }

    fn median(&self, server: Option<Store>, of: fn(&Round) -> f64) -> f64 {
        median(self.rounds(server).iter().map(of).collect())
    }

    fn targets(&self) -> Vec<Target> {
        let mut targets = Vec::new();
        let mut ratio = |what, wanted, store| {
            let ratios = self.ratios(store);
            if !ratios.is_empty() {
                targets.push(Target { what, most: true, wanted, measured: median(ratios) });
            }
        };
        ratio("CPU with the memory store, to the floor's", MEMORY, Store::Memory);
        ratio("CPU with SQLite, to the floor's", SQLITE, Store::Sqlite);
        if !self.memory.is_empty() && !self.sqlite.is_empty() {
            let pace = |store| self.median(Some(store), |round| round.per_second);
            targets.push(Target {
                what: "sign-ins per second with SQLite, to the memory store's",
                most: false,
                wanted: SQLITE_PACE,
                measured: pace(Store::Sqlite) / pace(Store::Memory),
            });
        }
        targets
    }
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "| medians | CPU µs per sign-in | user | system | to the floor | sign-ins/s \
             | token p50 ms | token p99 ms |\n|---|---|---|---|---|---|---|---|"
        )?;
        for server in [None, Some(Store::Memory), Some(Store::Sqlite)] {
            if self.rounds(server).is_empty() {
                continue;
            }
            let cpu = self.median(server, |round| round.cpu);
            let system = self.median(server, |round| round.system);
            let ratio = server.map_or(1.0, |store| median(self.ratios(store)));
            let per_second = self.median(server, |round| round.per_second);
            let p50 = self.median(server, |round| round.token_p50);
            let p99 = self.median(server, |round| round.token_p99);
            writeln!(
                f,
                "| {} | {cpu:.1} | {:.1} | {system:.1} | {ratio:.2} | {per_second:.0} | {p50:.2} \
                 | {p99:.2} |",
                name(server),
                cpu - system
            )?;
        }
        for server in [Store::Memory, Store::Sqlite] {
            let ratios = self.ratios(server);
            if !ratios.is_empty() {
                let each: Vec<_> = ratios.iter().map(|ratio| format!("{ratio:.2}")).collect();
                write!(
                    f,
                    "\n{} to the floor, pair by pair: {}",
                    name(Some(server)),
                    each.join(" ")
                )?;
            }
        }
        writeln!(f)?;
        self.targets().iter().try_for_each(|target| write!(f, "\n{target}"))
    }
}

impl Target {
    fn met(&self) -> bool {
        if self.most { self.measured <= self.wanted } else { self.measured >= self.wanted }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let verdict = if self.met() { "PASS" } else { "MISS" };
        let most = if self.most { "at most" } else { "at least" };
        let apart = (self.measured / self.wanted - 1.0) * 100.0;
        let Self { what, wanted, measured, .. } = self;
        write!(f, "{verdict}  {what}: {measured:.2}, {most} {wanted:.2} wanted ({apart:+.0} %)")
    }
}

/// The one in the middle.
fn median(mut values: Vec<f64>) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    let middle = values.len() / 2;
    if values.len() % 2 == 1 { values[middle] } else { (values[middle - 1] + values[middle]) / 2.0 }
}
