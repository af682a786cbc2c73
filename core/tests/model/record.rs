//! The reference model of a grant: what its record says, without a store and without a key.
//!
//! After trouble of the store nobody knows what it says. So the model holds all that it may say, and
//! every answer that is seen leaves of them what fits.

use std::fmt::Debug;

pub(crate) const MINUTE: u64 = 60;
pub(crate) const DAY: u64 = 86_400;

/// The lifetimes that are the default: what README promises.
pub(crate) const CODE: u64 = 2 * MINUTE;
pub(crate) const ACCESS: u64 = 15 * MINUTE;
pub(crate) const REFRESH: u64 = 30 * DAY;
pub(crate) const GRANT: u64 = 90 * DAY;
pub(crate) const GRACE: u64 = 60;
/// By how much nodes' clocks may differ.
pub(crate) const SKEW: u64 = 60;
/// How long a store keeps a record after its end.
pub(crate) const KEPT: u64 = 120;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Record {
    pub(crate) allowed_at: u64,
    pub(crate) code_expires_at: u64,
    pub(crate) kept_until: u64,
    pub(crate) stage: Stage,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    Code,
    Tokens(Tokens),
    Ended,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Tokens {
    pub(crate) generation: u64,
    pub(crate) granted_at: u64,
    pub(crate) rotated_at: u64,
}

/// `None`: there is no record.
pub(crate) type State = Option<Record>;

/// What was seen of an operation.
#[derive(Clone, Debug)]
pub(crate) enum Seen<A> {
    Answer(A),
    /// It was not carried out: nothing was spent.
    Undone,
    /// The store did not say: it was carried out, or was not.
    Unknown,
}

/// What may be in the store about one grant.
#[derive(Clone, Debug)]
pub(crate) struct Grant {
    possible: Vec<State>,
    /// What may still come of writes that are on their way.
    late: Vec<State>,
}

impl Tokens {
    pub(crate) fn ends_at(&self) -> u64 {
        self.granted_at + GRANT
    }

    pub(crate) fn access_expires_at(&self) -> u64 {
        (self.rotated_at + ACCESS).min(self.ends_at())
    }

    pub(crate) fn refresh_expires_at(&self) -> u64 {
        (self.rotated_at + REFRESH).min(self.ends_at())
    }
}

impl Record {
    pub(crate) fn is_live(&self) -> bool {
        self.stage != Stage::Ended
    }

    pub(crate) fn ended(self) -> Self {
        Self { stage: Stage::Ended, ..self }
    }

    pub(crate) fn with_tokens(self, tokens: Tokens) -> Self {
        let latest = tokens.access_expires_at().max(tokens.refresh_expires_at());
        let kept_until = self.kept_until.max(latest);
        Self { kept_until, stage: Stage::Tokens(tokens), ..self }
    }

    /// When an operator's list forgets it.
    pub(crate) fn listed_until(&self) -> u64 {
        match self.stage {
            Stage::Code => self.code_expires_at,
            Stage::Tokens(tokens) => self.kept_until.min(tokens.granted_at + GRANT),
            Stage::Ended => 0,
        }
    }
}

/// What cutoffs may have done to a grant.
#[derive(Clone, Copy, Default)]
pub(crate) struct Cut {
    /// What was allowed until then may have been ended.
    pub(crate) until: Option<u64>,
    /// What was allowed after that is treated as ended as long as the clock is behind it.
    pub(crate) doubted_from: Option<u64>,
}

impl Cut {
    fn may_end(self, allowed_at: u64) -> bool {
        Some(allowed_at) <= self.until || self.doubts(allowed_at)
    }

    fn doubts(self, allowed_at: u64) -> bool {
        self.doubted_from.is_some_and(|from| allowed_at > from)
    }
}

impl Default for Grant {
    fn default() -> Self {
        Self { possible: vec![None], late: Vec::new() }
    }
}

impl Grant {
    /// All that may be there. What may have been ended stands there twice.
    pub(crate) fn states(&self, cut: Cut) -> Vec<State> {
        let mut states = Vec::new();
        for state in self.possible.iter().chain(&self.late).copied() {
            add(&mut states, state);
            if let Some(record) = state.filter(|it| it.is_live() && cut.may_end(it.allowed_at)) {
                add(&mut states, Some(record.ended()));
            }
        }
        states
    }

    /// Takes what was seen of an operation that `judge` says of what it is answered with in a
    /// state, and which state that leaves.
    pub(crate) fn observe<A: PartialEq + Debug>(
        &mut self,
        cut: Cut,
        has_late: bool,
        seen: &Seen<A>,
        judge: impl Fn(State) -> (A, State),
    ) {
        let before = self.states(cut);
        let mut after = Vec::new();
        for state in before.iter().copied() {
            let (answer, next) = judge(state);
            match seen {
                Seen::Answer(seen) if *seen == answer => {
                    add(&mut after, next);
                    // It may have been answered as ended for the sake of the clock, and not be.
                    if state.is_some_and(|it| !it.is_live()) {
                        before
                            .iter()
                            .filter(|it| it.is_some_and(|it| cut.doubts(it.allowed_at)))
                            .for_each(|doubted| add(&mut after, *doubted));
                    }
                }
                Seen::Answer(_) => {}
                Seen::Undone => add(&mut after, state),
                Seen::Unknown => {
                    add(&mut after, state);
                    add(&mut after, next);
                }
            }
        }
        let answers: Vec<A> = before.iter().map(|state| judge(*state).0).collect();
        assert!(!after.is_empty(), "{seen:?}, but of {before:?} come {answers:?}");
        match seen {
            Seen::Unknown if has_late => self.late.clone_from(&after),
            Seen::Answer(_) | Seen::Undone | Seen::Unknown if has_late => {}
            Seen::Answer(_) | Seen::Undone | Seen::Unknown => self.late.clear(),
        }
        self.possible = after;
    }

    /// No write is on its way any more.
    pub(crate) fn arrive(&mut self) {
        for state in std::mem::take(&mut self.late) {
            add(&mut self.possible, state);
        }
    }

    /// Whatever is true of it has changed so.
    pub(crate) fn change(&mut self, change: impl Fn(State) -> State) {
        for states in [&mut self.possible, &mut self.late] {
            for state in std::mem::take(states) {
                add(states, change(state));
            }
        }
    }

    pub(crate) fn end(&mut self) {
        self.change(|state| state.map(Record::ended));
    }

    pub(crate) fn end_if_allowed_until(&mut self, at: u64) {
        self.change(|state| state.map(|it| if it.allowed_at <= at { it.ended() } else { it }));
    }

    /// Nobody knows whether it was ended.
    pub(crate) fn may_have_ended(&mut self, has_late: bool) {
        let all = self.states(Cut { until: Some(u64::MAX), doubted_from: None });
        if has_late {
            self.late.clone_from(&all);
        }
        self.possible = all;
    }

    /// Its tokens' generation and times, if that is sure.
    pub(crate) fn tokens(&self) -> Option<Tokens> {
        match self.possible[..] {
            [Some(Record { stage: Stage::Tokens(tokens), .. })] => Some(tokens),
            _ => None,
        }
    }

    /// Whether it is sure that nothing lives.
    pub(crate) fn is_dead(&self) -> bool {
        self.possible.iter().chain(&self.late).all(|it| it.is_none_or(|it| !it.is_live()))
    }
}

fn add(states: &mut Vec<State>, state: State) {
    if !states.contains(&state) {
        states.push(state);
    }
}
