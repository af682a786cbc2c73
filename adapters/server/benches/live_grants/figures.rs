use std::fmt;

use crate::growth::{Growth, Window};
use crate::town::plot::{Plot, Series};
use crate::town::program::Store;
use crate::town::target::{Target, Wanted};
use crate::town::visit::Visit;

const MIB: f64 = 1024.0 * 1024.0;
/// Resident memory of a server that nobody asks anything, in MiB.
const IDLE: f64 = 12.0;
/// Resident memory of a grant in the memory store, in KiB.
const PER_GRANT: f64 = 1.6;
/// What all abandoned requests leave, in MiB: what the allocator keeps for reasons of its own.
const ABANDONED: f64 = 1.0;
/// What counts as flat: at most so many times the first cost is any other.
const FLAT: f64 = 1.25;

/// All servers' growth.
pub(crate) struct Figures(pub(crate) Vec<Growth>);

impl Figures {
    pub(crate) fn targets(&self) -> Vec<Target> {
        self.0.iter().flat_map(targets).collect()
    }

    pub(crate) fn plot(&self) -> Plot<'static> {
        let series = self.0.iter().map(|growth| Series {
            name: growth.store.name().to_owned(),
            points: growth.windows.iter().map(|it| (it.grants as f64, it.measured.cpu)).collect(),
        });
        Plot {
            title: "CPU time of a first visit's sign-in while grants are alive",
            x: "live grants",
            y: "µs per sign-in",
            logarithmic: true,
            series: series.collect(),
            lines: Vec::new(),
        }
    }
}

fn targets(growth: &Growth) -> Vec<Target> {
    let store = growth.store.name();
    let target = |what: String, most, measured| {
        let what = format!("{store}: {what}");
        Target { what, wanted: Wanted::AtMost(most), measured }
    };
    let abandoned = format!("MiB left by {} abandoned requests", growth.abandoned);
    let left = growth.left_by_abandoned as f64 / MIB;
    let mut targets = vec![
        target("MiB resident when idle".to_owned(), IDLE, growth.idle as f64 / MIB),
        target(abandoned, ABANDONED, left),
    ];
    if growth.store == Store::Memory {
        let per_grant = growth.per_grant() / 1024.0;
        targets.push(target("KiB resident per live grant".to_owned(), PER_GRANT, per_grant));
    }
    if growth.store == Store::Sqlite {
        let flat = "the dearest later sign-ins' CPU time to the first ones'".to_owned();
        targets.extend(growth.steepness().map(|steepness| target(flat, FLAT, steepness)));
    }
    targets
}

/// As Markdown.
impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "CPU time of {}; grants between came over kept connections\n", Visit::First)?;
        for growth in &self.0 {
            writeln!(f, "{growth}\n\n| {} |\n|{}", Window::HEADING, "--:|".repeat(9))?;
            for window in &growth.windows {
                writeln!(f, "| {window} |")?;
            }
            writeln!(f)?;
            targets(growth).iter().try_for_each(|target| writeln!(f, "- {target}"))?;
            writeln!(f)?;
        }
        Ok(())
    }
}
