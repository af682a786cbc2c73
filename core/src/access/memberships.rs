//! GitHub tells organisations and teams at endpoints of their own, page by page.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::ProviderAccess;
use super::judge::has;
use crate::effect::{HttpCall, Unreachable};
use crate::provider::{Api, PER_PAGE, membership_page};
use crate::refusal::Refusal;
use crate::reply::Response;
use crate::secret::UpstreamAccessToken;
use crate::step::{Pending, Resume, Step};
use crate::tick::{Tick, Timestamp};

/// More pages than anybody has; whoever has more is a member only of what stands on these.
const MOST_PAGES: usize = 5;

/// How long one page may take.
const DEADLINE: Duration = Duration::from_secs(5);

/// How long all may take: so many pages of organisations, and as many of teams.
pub(crate) const ASKING: Duration = Duration::from_secs(2 * MOST_PAGES as u64 * DEADLINE.as_secs());

/// How old memberships may be when they are judged.
const FRESH_FOR: Duration = Duration::from_secs(60 * 60);

/// A person's organisations and teams, as far as the rules ask for them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Memberships {
    pub(super) organizations: Vec<String>,
    /// `organisation/slug`.
    pub(super) teams: Vec<String>,
    /// Whether GitHub does not let us see them.
    pub(super) hidden: bool,
    /// By which rules they were picked: what others ask for is not known.
    rules: [u8; 8],
    checked_at: Timestamp,
}

impl Memberships {
    /// Whether they have to be asked for again: after an hour, when the rules are others, and where
    /// a clock that was set back makes it unknown how old they are (nodes agree within 60 s).
    pub(crate) fn are_due(&self, rules: &ProviderAccess, now: Timestamp) -> bool {
        self.checked_at.after(FRESH_FOR).has_passed(now)
            || self.checked_at > now.after(Duration::from_secs(60))
            || self.rules != mark(rules)
    }
}

fn mark(rules: &ProviderAccess) -> [u8; 8] {
    let mut hash = Sha256::new();
    for list in [&rules.organizations, &rules.teams] {
        for entry in list {
            hash.update(entry);
            hash.update(b"\n");
        }
        hash.update(b"\n");
    }
    let hash = hash.finalize();
    std::array::from_fn(|n| hash[n])
}

/// Asks for them, in the name of the person whose access token it is.
pub(crate) fn fetch(
    api: &Api,
    rules: &ProviderAccess,
    token: &UpstreamAccessToken,
    now: Timestamp,
) -> Step<Result<Memberships, Refusal>> {
    let found = Memberships {
        organizations: Vec::new(),
        teams: Vec::new(),
        hidden: false,
        rules: mark(rules),
        checked_at: now,
    };
    let asking = Asking { api: api.clone(), rules: rules.clone(), token: token.clone(), found };
    asking.ask(Kind::Organizations, 1)
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Organizations,
    Teams,
}

/// What has been found, and with what to ask on.
struct Asking {
    api: Api,
    rules: ProviderAccess,
    token: UpstreamAccessToken,
    found: Memberships,
}

/// Waits for one page.
struct FetchingPage {
    asking: Asking,
    kind: Kind,
    page: usize,
}

impl Asking {
    fn ask(self, kind: Kind, page: usize) -> Step<Result<Memberships, Refusal>> {
        if self.list(kind).is_empty() {
            return self.next(kind);
        }
        let mut call = self.api.memberships(kind, page, &self.token);
        call.deadline = DEADLINE;
        Pending::new(call, FetchingPage { asking: self, kind, page }).erase()
    }

    fn next(self, kind: Kind) -> Step<Result<Memberships, Refusal>> {
        match kind {
            Kind::Organizations => self.ask(Kind::Teams, 1),
            Kind::Teams => Step::Done(Ok(self.found)),
        }
    }

    fn list(&self, kind: Kind) -> &[String] {
        match kind {
            Kind::Organizations => &self.rules.organizations,
            Kind::Teams => &self.rules.teams,
        }
    }
}

impl Resume<HttpCall, Result<Memberships, Refusal>> for FetchingPage {
    fn resume(
        self,
        answer: Result<Response, Unreachable>,
        _: &mut Tick,
    ) -> Step<Result<Memberships, Refusal>> {
        let Self { mut asking, kind, page } = self;
        let answer =
            answer.map_err(Refusal::UpstreamUnreachable).and_then(|it| membership_page(kind, &it));
        let names = match answer {
            Ok(Some(names)) => names,
            Ok(None) => {
                return Step::Done(Ok(Memberships { hidden: true, ..asking.found }));
            }
            Err(refusal) => return Step::Done(Err(refusal)),
        };
        let full = names.len() >= PER_PAGE;
        let picked: Vec<String> =
            names.into_iter().flatten().filter(|name| has(asking.list(kind), name)).collect();
        match kind {
            Kind::Organizations => asking.found.organizations.extend(picked),
            Kind::Teams => asking.found.teams.extend(picked),
        }
        if full && page < MOST_PAGES { asking.ask(kind, page + 1) } else { asking.next(kind) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memberships_are_due_after_an_hour_and_when_the_rules_change() {
        let at = Timestamp::from_seconds;
        let organizations = vec!["acme".to_owned()];
        let mut rules = ProviderAccess { organizations, ..ProviderAccess::default() };
        let known = Memberships {
            organizations: vec!["acme".to_owned()],
            teams: Vec::new(),
            hidden: false,
            rules: mark(&rules),
            checked_at: at(10_000),
        };
        assert!(!known.are_due(&rules, at(10_000 + 3599)));
        assert!(known.are_due(&rules, at(10_000 + 3600)));
        assert!(known.are_due(&rules, at(10_000 - 61)), "the clock was set back");
        rules.teams = vec!["acme/platform".to_owned()];
        assert!(known.are_due(&rules, at(10_000)));
    }
}
