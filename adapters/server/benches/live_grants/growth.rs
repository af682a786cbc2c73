use std::thread;
use std::time::Duration;
use std::{fmt, iter};

use crate::Options;
use crate::town::measured::Measured;
use crate::town::people::{Crowd, How};
use crate::town::program::{Program, Store};
use crate::town::visit::Visit;

/// Sign-ins before anything is compared: by then every thread has its memory.
pub(crate) const WARM_UP: u64 = 1_000;
/// Sign-ins that are measured at once, where so many fit between two points.
const WINDOW: u64 = 10_000;

/// One server, from its start to its last grant.
pub(crate) struct Growth {
    pub(crate) store: Store,
    /// Resident memory before anybody asked anything.
    pub(crate) idle: u64,
    pub(crate) abandoned: u64,
    /// Resident memory that came with abandoned requests, where it did not go.
    pub(crate) left_by_abandoned: i64,
    /// Resident memory when the first grants were alive.
    warm: u64,
    pub(crate) windows: Vec<Window>,
}

/// What sign-ins cost when so many grants were alive.
pub(crate) struct Window {
    pub(crate) grants: u64,
    pub(crate) measured: Measured,
    /// When it was over.
    pub(crate) resident: u64,
    /// How many bytes of resident memory each of them takes.
    pub(crate) per_grant: f64,
}

impl Growth {
    pub(crate) fn of(program: &Program, store: Store, most: u64, options: &Options) -> Self {
        let mut served = program.start(store);
        // What it still does after it has said that it is ready.
        thread::sleep(Duration::from_secs(1));
        let idle = served.process.resident();
        served.register();
        let crowd = |visit, how| Crowd { people: options.common.people, visit, how };
        let complete =
            |visit, sign_ins| Measured::of(&served, &crowd(visit, How::Complete), sign_ins);
        complete(Visit::First, WARM_UP);

        // As many as make buffers and memory of their own.
        let abandon = |n| crowd(Visit::Kept, How::Abandoned).sign_in(&served, n);
        abandon(WARM_UP);
        let before = served.process.resident();
        abandon(options.abandoned);
        let warm = served.process.resident();
        let left_by_abandoned = warm.cast_signed() - before.cast_signed();

        let abandoned = options.abandoned;
        let mut growth =
            Self { store, idle, abandoned, left_by_abandoned, warm, windows: Vec::new() };
        println!("{growth}\n{}", Window::HEADING);
        let mut grants = WARM_UP;
        let points = points(most);
        let window = window(&points);
        for from in points {
            while grants < from {
                // In parts, so that nobody has to remember much.
                let some = (from - grants).min(100_000);
                complete(Visit::Kept, some);
                grants += some;
            }
            let measured = complete(Visit::First, window);
            grants += window;
            let resident = served.process.resident();
            let more = grants - WARM_UP;
            let per_grant = (resident.cast_signed() - warm.cast_signed()) as f64 / more as f64;
            let window = Window { grants: from, measured, resident, per_grant };
            println!("{window}");
            growth.windows.push(window);
        }
        // What was measured was measured beside so many.
        if let Some(records) = served.records() {
            assert!(records >= grants, "{records} records of {grants} grants");
        }
        growth
    }

    pub(crate) fn per_grant(&self) -> f64 {
        self.windows.last().map_or(0.0, |window| window.per_grant)
    }

    /// What a sign-in costs at most after more grants, to what it costs after the first; `None`
    /// where nothing can be compared.
    pub(crate) fn steepness(&self) -> Option<f64> {
        let (first, later) = self.windows.split_first()?;
        later.iter().map(|it| it.measured.cpu / first.measured.cpu).max_by(f64::total_cmp)
    }
}

/// 1 000, 10 000, 30 000, 100 000 and so on, and the last.
fn points(most: u64) -> Vec<u64> {
    let tens = (4..).map(|exponent| 10_u64.pow(exponent));
    let all = iter::once(WARM_UP).chain(tens.flat_map(|ten| [ten, 3 * ten]));
    let mut points: Vec<_> = all.take_while(|point| *point < most).collect();
    points.push(most);
    points
}

/// As many sign-ins at each of the points, which are all over before the next.
fn window(points: &[u64]) -> u64 {
    points.windows(2).map(|pair| pair[1] - pair[0]).fold(WINDOW, u64::min)
}

impl fmt::Display for Growth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mib = |bytes| bytes as f64 / 1024.0 / 1024.0;
        write!(
            f,
            "{}: {:.1} MiB resident when idle, {:.1} MiB after {WARM_UP} sign-ins; {} abandoned \
             requests left {} KiB",
            self.store.name(),
            mib(self.idle),
            mib(self.warm.saturating_add_signed(-self.left_by_abandoned)),
            self.abandoned,
            self.left_by_abandoned / 1024
        )
    }
}

impl Window {
    pub(crate) const HEADING: &'static str = "live grants | CPU µs per sign-in |  user | system \
         | sign-ins/s | token p50 ms | p99 ms | resident MiB | bytes per grant";
}

impl fmt::Display for Window {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Measured { cpu, system, per_second, ref report } = self.measured;
        write!(
            f,
            "{:>11} | {cpu:>18.1} | {:>5.1} | {system:>6.1} | {per_second:>10.0} | {:>12.2} \
             | {:>6.2} | {:>12.1} | {:>15.0}",
            self.grants,
            self.measured.user(),
            report.token_p50,
            report.token_p99,
            self.resident as f64 / 1024.0 / 1024.0,
            self.per_grant,
        )
    }
}
