//! One run: the server in its world, what clients and browsers hold of it, and the model beside it.

use http::header;
use vestibule_core::{Config, Response, SealingSecret, Server};

use crate::coverage;
use crate::cutoffs::Cutoffs;
use crate::operation::{Keys, Operation, Redeem};
use crate::record::{Cut, Grant, Seen, State};
use crate::sign_in::Page;
use crate::tokens::Handed;
use crate::world::upstream::Answer;
use crate::world::{Browser, VERIFIER, World, config, text};

pub(crate) struct Client {
    pub(crate) id: &'static str,
    /// Empty: a public client.
    pub(crate) secret: &'static str,
    pub(crate) redirect_uri: &'static str,
}

pub(crate) const CLIENTS: [Client; 2] = [
    Client { id: "P", secret: "", redirect_uri: crate::world::APP },
    Client { id: "C", secret: "a-secret-of-the-client", redirect_uri: "https://c.test/cb" },
];

pub(crate) const PERSONS: [&str; 2] = ["idp:alice", "idp:bob"];

/// What nobody is ever told.
const SECRETS: [&str; 6] = [
    VERIFIER,
    CLIENTS[1].secret,
    "our-secret-upstream",
    "upstream-access",
    "upstream-refresh",
    "upstream-code",
];

/// A page that somebody agreed to: it leads to one grant.
#[derive(Clone)]
pub(crate) struct Flow {
    pub(crate) page: usize,
    pub(crate) person: usize,
    pub(crate) client: usize,
    /// What was agreed to.
    pub(crate) scope: &'static str,
    pub(crate) cookie: String,
    /// When the person agreed, the last time.
    pub(crate) agreed_at: u64,
    /// Ways back from the provider, each with its end.
    pub(crate) ways: Vec<(String, u64)>,
    /// The store has forgotten it. Only a clock that goes back by more than the page and the
    /// sign-in may take could begin it again; here nobody does.
    pub(crate) closed: bool,
    pub(crate) grant: Grant,
    pub(crate) handed: Handed,
}

#[derive(Clone)]
pub(crate) struct Run {
    pub(crate) world: World,
    pub(crate) browsers: [Browser; 2],
    pub(crate) pages: Vec<Page>,
    pub(crate) flows: Vec<Flow>,
    pub(crate) cutoffs: Cutoffs,
    /// The first seals; each with whether it ever did.
    pub(crate) keys: Vec<(u8, bool)>,
    /// Codes and tokens.
    pub(crate) handed_out: Vec<String>,
    /// Whether the store failed the present operation.
    pub(crate) trouble: bool,
    /// How many there were.
    pub(crate) operations: usize,
    /// On a copy, to see whether all is as it should be.
    pub(crate) auditing: bool,
}

fn config_with(keys: &[(u8, bool)]) -> Config {
    let mut config = config();
    config.secrets = keys.iter().map(|(key, _)| SealingSecret::new([*key; 32]).unwrap()).collect();
    // A redirect URI of its own, so that one client's is not the other's.
    config.clients[2].redirect_uris = vec![CLIENTS[1].redirect_uri.to_owned()];
    config
}

impl Run {
    pub(crate) fn new() -> Self {
        let keys = vec![(1, true)];
        Self {
            world: World::of(config_with(&keys)),
            browsers: [Browser::default(), Browser::default()],
            pages: Vec::new(),
            flows: Vec::new(),
            cutoffs: Cutoffs::default(),
            keys,
            handed_out: Vec::new(),
            trouble: false,
            operations: 0,
            auditing: false,
        }
    }

    pub(crate) fn apply(&mut self, operation: Operation) {
        self.operations += 1;
        match operation {
            Operation::SignIn { person, client, scope } => {
                self.open(person, client, scope);
                self.agree(0, false);
                self.come_back(0, false);
                self.redeem(0, Redeem::Right);
            }
            Operation::Open { person, client, scope } => self.open(person, client, scope),
            Operation::Agree { page, elsewhere } => self.agree(page, elsewhere),
            Operation::Cancel { page } => self.cancel(page),
            Operation::Return { flow, elsewhere } => self.come_back(flow, elsewhere),
            Operation::TryAgain { flow } => self.try_again(flow),
            Operation::Redeem { grant, how } => self.redeem(grant, how),
            Operation::Refresh { grant, back, how } => self.refresh(grant, back, how),
            Operation::Months { grant } => self.months(grant),
            Operation::Revoke { grant, access, own } => self.revoke(grant, access, own),
            Operation::Call { grant, token } => self.call(grant, token),
            Operation::End(ended) => self.end(ended),
            Operation::EndEarlier { ended, back } => {
                self.world.now -= back;
                self.end(ended);
            }
            Operation::EndGrant { grant } => self.end_grant(grant),
            Operation::List { person } => self.list(person),
            Operation::Restart(keys) => self.restart(keys),
            Operation::Sweep => self.sweep(),
            Operation::Pass(seconds) => self.world.now += seconds,
            Operation::Back(seconds) => self.world.now -= seconds,
            Operation::Fail(faults) => self.world.store.faults.extend(faults),
            Operation::CacheAway => self.world.store.cache_is_away = true,
            Operation::Heal => self.heal(),
        }
        if !self.world.store.has_late() {
            for flow in &mut self.flows {
                flow.grant.arrive();
            }
        }
    }

    /// Sends a request, and looks at all that must hold for any answer.
    pub(crate) fn exchange(
        &mut self,
        send: impl FnOnce(&mut World, &mut [Browser; 2]) -> Response,
    ) -> Response {
        self.world.events.clear();
        self.world.upstream.calls.clear();
        let response = self.watch(|run| send(&mut run.world, &mut run.browsers));
        self.look_for_secrets(&response);
        let status = response.status.as_u16();
        assert!([200, 303, 400, 403, 503].contains(&status), "{status}: {}", text(&response));
        if status == 503 {
            assert!(self.trouble, "503 while the store is well: {}", text(&response));
            assert!(response.headers.contains_key(header::RETRY_AFTER));
        }
        assert_eq!(response.headers[header::CACHE_CONTROL], "no-store");
        response
    }

    /// Does something, and notes whether the store failed it.
    pub(crate) fn watch<T>(&mut self, what: impl FnOnce(&mut Self) -> T) -> T {
        let before = self.world.store.met;
        let done = what(self);
        self.trouble = self.world.store.met > before;
        if self.trouble {
            self.met("trouble met");
        }
        done
    }

    /// I4.
    fn look_for_secrets(&self, response: &Response) {
        let said = format!("{} {:?}", text(response), response.headers);
        let events = format!("{:?}", self.world.events);
        for secret in SECRETS {
            assert!(!said.contains(secret), "{secret} stands in {said}");
            assert!(!events.contains(secret), "{secret} stands in {events}");
        }
        for secret in &self.handed_out {
            // Tokens stand in the answer to whoever may have them.
            assert!(response.status == 200 || !said.contains(secret), "{secret} in {said}");
            assert!(!events.contains(secret), "{secret} stands in {events}");
        }
    }

    /// Somebody has something now that nobody else may see.
    pub(crate) fn hand_out(&mut self, secret: &str) {
        let events = format!("{:?}", self.world.events);
        assert!(!events.contains(secret), "{secret} stands in {events}");
        self.handed_out.push(secret.to_owned());
    }

    /// Takes what was seen of an operation on a flow's grant.
    pub(crate) fn observe<A: PartialEq + std::fmt::Debug>(
        &mut self,
        at: usize,
        seen: &Seen<A>,
        judge: impl Fn(State) -> (A, State),
    ) {
        let (cut, has_late) = (self.cut(at), self.world.store.has_late());
        let flow = &mut self.flows[at];
        let was_dead = flow.grant.is_dead();
        flow.grant.observe(cut, has_late, seen, judge);
        let is_dead = flow.grant.is_dead();
        if let (Seen::Answer(_), true, false) = (seen, is_dead, was_dead) {
            self.met("a grant ended");
        }
    }

    pub(crate) fn states(&self, at: usize) -> Vec<State> {
        self.flows[at].grant.states(self.cut(at))
    }

    fn cut(&self, at: usize) -> Cut {
        let Flow { client, person, .. } = self.flows[at];
        Cut {
            until: self.cutoffs.may_be(client, person),
            doubted_from: self.cutoffs.doubt(client, person, self.world.now),
        }
    }

    /// A flow that is good for something, counted back from the newest of them.
    pub(crate) fn flow(&self, pick: usize, good: impl Fn(&Flow) -> bool) -> Option<usize> {
        let good: Vec<usize> =
            (0..self.flows.len()).rev().filter(|at| good(&self.flows[*at])).collect();
        (!good.is_empty()).then(|| good[pick % good.len()])
    }

    pub(crate) fn met(&self, what: &'static str) {
        if !self.auditing {
            coverage::met(what);
        }
    }

    /// From now on the provider says that this is who signed in.
    pub(crate) fn sign_in_upstream(&mut self, person: usize) {
        let sub = PERSONS[person].strip_prefix("idp:").unwrap();
        self.world.upstream.user = Answer::Says(200, format!(r#"{{"sub":"{sub}"}}"#));
    }

    fn restart(&mut self, change: Keys) {
        match change {
            Keys::Same => {}
            Keys::Append if self.keys.len() < 3 => {
                let newest = self.keys.iter().map(|(key, _)| *key).max().unwrap();
                self.keys.push((newest + 1, false));
            }
            Keys::LastFirst => {
                self.keys.rotate_right(1);
                self.keys[0].1 = true;
            }
            Keys::RemoveUnused if self.keys.last().is_some_and(|(_, sealed)| !sealed) => {
                self.keys.pop();
            }
            Keys::Append | Keys::RemoveUnused => {}
        }
        self.met("restarted");
        self.world.server = Server::new(config_with(&self.keys)).unwrap();
    }

    /// The store forgets what it may. Nothing is on its way for that long.
    fn sweep(&mut self) {
        self.arrive();
        let before = self.world.store.len();
        self.world.store.sweep(self.world.now);
        if self.world.store.len() < before {
            self.met("swept");
        }
        let now = self.world.now;
        for flow in &mut self.flows {
            let gone =
                |state: State| state.is_some_and(|it| it.kept_until + crate::record::KEPT <= now);
            let was_there = flow.grant.states(Cut::default());
            flow.grant.change(|state| if gone(state) { None } else { state });
            flow.closed |= was_there.into_iter().any(gone);
        }
    }

    /// The store is well again, and what was on its way has arrived.
    pub(crate) fn heal(&mut self) {
        self.world.store.faults.clear();
        self.world.store.cache_is_away = false;
        self.arrive();
    }

    fn arrive(&mut self) {
        self.world.store.arrive();
        for flow in &mut self.flows {
            flow.grant.arrive();
        }
    }
}
