use std::time::Duration;

use super::people::{Crowd, Report};
use super::program::Served;

/// What a number of sign-ins took of a server.
pub(crate) struct Measured {
    /// CPU time of a sign-in, in microseconds: in all, and in system mode.
    pub(crate) cpu: f64,
    pub(crate) system: f64,
    pub(crate) per_second: f64,
    pub(crate) report: Report,
}

impl Measured {
    pub(crate) fn of(served: &Served, crowd: &Crowd, sign_ins: u64) -> Self {
        let before = served.process.cpu();
        let report = crowd.sign_in(served, sign_ins);
        let after = served.process.cpu();
        assert_eq!(report.sign_ins, sign_ins, "not every sign-in was complete");
        let each = |after: Duration, before| (after - before).as_secs_f64() * 1e6 / sign_ins as f64;
        Self {
            cpu: each(after.all, before.all),
            system: each(after.system, before.system),
            per_second: sign_ins as f64 / report.seconds,
            report,
        }
    }

    pub(crate) fn user(&self) -> f64 {
        self.cpu - self.system
    }
}
