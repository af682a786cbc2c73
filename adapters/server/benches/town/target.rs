use std::fmt;

/// What is asked for, and what there is.
pub(crate) struct Target {
    pub(crate) what: String,
    pub(crate) wanted: Wanted,
    pub(crate) measured: f64,
}

pub(crate) enum Wanted {
    AtMost(f64),
    AtLeast(f64),
}

/// Whether all are met. Nothing is judged where there are none.
pub(crate) fn met(targets: &[Target]) -> bool {
    !targets.is_empty() && targets.iter().all(Target::met)
}

impl Target {
    fn met(&self) -> bool {
        match self.wanted {
            Wanted::AtMost(most) => self.measured <= most,
            Wanted::AtLeast(least) => self.measured >= least,
        }
    }
}

/// Whether it is met, and by how much not.
impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (words, wanted) = match self.wanted {
            Wanted::AtMost(most) => ("at most", most),
            Wanted::AtLeast(least) => ("at least", least),
        };
        let verdict = if self.met() { "PASS" } else { "MISS" };
        let Self { what, measured, .. } = self;
        let apart = (measured / wanted - 1.0) * 100.0;
        write!(f, "{verdict}: {what}: {measured:.2}, {words} {wanted} wanted ({apart:+.0} %)")
    }
}
