use std::fmt;

use crate::round::{Round, name};
use crate::town::measured::Measured;
use crate::town::plot::{Plot, Series};
use crate::town::program::Store;
use crate::town::target::{Target, Wanted};
use crate::town::visit::Visit;

/// At most so many times the floor's CPU time.
const MEMORY: f64 = 1.5;
const SQLITE: f64 = 3.0;
/// At least so much of the memory store's sign-ins per second.
const SQLITE_PACE: f64 = 0.5;

/// The rounds of a kind of visit: in each pair one of every server.
pub(crate) struct Figures {
    visit: Visit,
    rounds: Vec<Round>,
}

impl Figures {
    pub(crate) fn of(visit: Visit) -> Self {
        Self { visit, rounds: Vec::new() }
    }

    pub(crate) fn add(&mut self, round: Round) {
        self.rounds.push(round);
    }

    /// The same for either kind of visit; none of a store that was left out.
    pub(crate) fn targets(&self) -> Vec<Target> {
        let ratio = |store, most| {
            let what = format!("CPU with the {} store, to the floor's", name(Some(store)));
            let measured = median(self.ratios(store))?;
            Some(Target { what, wanted: Wanted::AtMost(most), measured })
        };
        let pace = |store| self.median(Some(store), |measured| measured.per_second);
        let paces = || Some((pace(Store::Sqlite)?, pace(Store::Memory)?));
        let pace = paces().map(|(sqlite, memory)| Target {
            what: "sign-ins per second with SQLite, to the memory store's".to_owned(),
            wanted: Wanted::AtLeast(SQLITE_PACE),
            measured: sqlite / memory,
        });
        [ratio(Store::Memory, MEMORY), ratio(Store::Sqlite, SQLITE), pace]
            .into_iter()
            .flatten()
            .collect()
    }

    pub(crate) fn plot(&self) -> Plot<'static> {
        let mut series = Vec::new();
        let mut lines = vec![(1.0, "the floor".to_owned())];
        for (store, most) in [(Store::Memory, MEMORY), (Store::Sqlite, SQLITE)] {
            let ratios = self.ratios(store);
            let Some(median) = median(ratios.clone()) else { continue };
            let points = ratios.into_iter().enumerate().map(|(n, ratio)| ((n + 1) as f64, ratio));
            let name = format!("{}, median {median:.2}", store.name());
            series.push(Series { name, points: points.collect() });
            lines.push((most, format!("wanted with {}", store.name())));
        }
        Plot {
            title: match self.visit {
                Visit::First => "CPU time of a first visit's sign-in, to that of the floor",
                Visit::Kept => "CPU time of a sign-in on kept connections, to that of the floor",
            },
            x: "pair of rounds",
            y: "times the floor",
            logarithmic: false,
            series,
            lines,
        }
    }

    /// CPU time of a server in relation to the floor's of the same pair.
    fn ratios(&self, store: Store) -> Vec<f64> {
        let pairs = self.measured(Some(store)).zip(self.measured(None));
        pairs.map(|(measured, floor)| measured.cpu / floor.cpu).collect()
    }

    fn measured(&self, server: Option<Store>) -> impl Iterator<Item = &Measured> {
        let rounds = self.rounds.iter().filter(move |round| round.server == server);
        rounds.map(|round| &round.measured)
    }

    fn median(&self, server: Option<Store>, of: fn(&Measured) -> f64) -> Option<f64> {
        median(self.measured(server).map(of).collect())
    }

    /// A line of the table.
    fn line(&self, server: Option<Store>) -> Option<String> {
        let ratio = server.map_or(Some(1.0), |store| median(self.ratios(store)))?;
        Some(format!(
            "| {} | {:.1} | {:.1} | {:.1} | {ratio:.2} | {:.0} | {:.2} | {:.2} |",
            name(server),
            self.median(server, |measured| measured.cpu)?,
            self.median(server, Measured::user)?,
            self.median(server, |measured| measured.system)?,
            self.median(server, |measured| measured.per_second)?,
            self.median(server, |measured| measured.report.token_p50)?,
            self.median(server, |measured| measured.report.token_p99)?,
        ))
    }
}

/// As Markdown.
impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "## {}\n", self.visit)?;
        writeln!(
            f,
            "| medians | CPU µs per sign-in | user | system | to the floor | sign-ins/s \
             | token p50 ms | token p99 ms |\n|---|--:|--:|--:|--:|--:|--:|--:|"
        )?;
        let servers = [None, Some(Store::Memory), Some(Store::Sqlite)];
        for line in servers.into_iter().filter_map(|server| self.line(server)) {
            writeln!(f, "{line}")?;
        }
        writeln!(f)?;
        for store in servers.into_iter().flatten() {
            let each = self.ratios(store).into_iter().map(|ratio| format!("{ratio:.2}"));
            let each: Vec<_> = each.collect();
            if !each.is_empty() {
                writeln!(f, "- {} to the floor, pair by pair: {}", store.name(), each.join(", "))?;
            }
        }
        writeln!(f, "\nTargets with {}:\n", self.visit.name())?;
        self.targets().iter().try_for_each(|target| writeln!(f, "- {target}"))
    }
}

/// The one in the middle.
fn median(mut values: Vec<f64>) -> Option<f64> {
    values.sort_unstable_by(f64::total_cmp);
    let middle = values.len() / 2;
    let upper = *values.get(middle)?;
    Some(if values.len() % 2 == 1 { upper } else { (values[middle - 1] + upper) / 2.0 })
}
