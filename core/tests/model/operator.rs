//! What operators do, and what is seen of a store.

use vestibule_core::{ClientId, Cutoff, GrantId, Refusal, Step};

use crate::operation::Ended;
use crate::record::{DAY, Record, Seen, State};
use crate::run::{CLIENTS, PERSONS, Run};
use crate::world::World;

impl Ended {
    fn cutoff(self) -> Cutoff {
        match self {
            Self::Everything => Cutoff::Issuer,
            Self::Client(client) => Cutoff::Client(ClientId::new(CLIENTS[client].id)),
            Self::Person(person) => Cutoff::Subject(PERSONS[person].to_owned()),
        }
    }

    fn covers(self, client: usize, person: usize) -> bool {
        match self {
            Self::Everything => true,
            Self::Client(of) => of == client,
            Self::Person(of) => of == person,
        }
    }
}

impl Run {
    /// Does what an operator does. All that can go wrong is that the store is away.
    fn operate<T: 'static>(
        &mut self,
        what: impl FnOnce(&mut World) -> Step<Result<T, Refusal>>,
    ) -> Option<T> {
        let done = self.watch(|run| {
            let step = what(&mut run.world);
            run.world.finish(step)
        });
        match done {
            Ok(done) => Some(done),
            Err(Refusal::StoreUnavailable) => {
                assert!(self.trouble, "the store was well");
                self.met("operator has to try again");
                None
            }
            Err(other) => panic!("{other:?}"),
        }
    }

    pub(crate) fn end(&mut self, ended: Ended) {
        let listed: Vec<bool> =
            (0..self.flows.len()).map(|at| self.is_listed(at) == Some(true)).collect();
        let done = self.operate(|world| {
            let tick = world.tick();
            world.server.end(ended.cutoff(), tick)
        });
        let (now, has_late) = (self.world.now, self.world.store.has_late());
        let keys: Vec<u8> = self.keys.iter().map(|(key, _)| *key).collect();
        match &done {
            Some(_) => self.cutoffs.written(ended, now, &keys),
            None => self.cutoffs.unknown(ended, now, &keys),
        }
        let is_person = matches!(ended, Ended::Person(_));
        for (flow, listed) in self.flows.iter_mut().zip(listed) {
            if !ended.covers(flow.client, flow.person) {
                continue;
            }
            match &done {
                Some(wiped) => {
                    flow.grant.end_if_allowed_until(now);
                    match flow.handed.id {
                        // A person's are ended one by one, whatever the clock says.
                        Some(id) if wiped.grants.iter().any(|it| it.grant_id == id) => {
                            flow.grant.end();
                        }
                        Some(_) if is_person => assert!(!listed, "one was left out"),
                        None if is_person => flow.grant.may_have_ended(has_late),
                        Some(_) | None => {}
                    }
                }
                None if is_person => flow.grant.may_have_ended(has_late),
                None => {}
            }
        }
        if done.is_some() {
            self.met(match ended {
                Ended::Everything => "everything ended",
                Ended::Client(_) => "a client ended",
                Ended::Person(_) => "a person ended",
            });
        }
    }

    pub(crate) fn end_grant(&mut self, pick: usize) {
        let Some(at) = self.flow(pick, |flow| flow.handed.id.is_some()) else { return };
        let id = self.flows[at].handed.id.unwrap();
        let done = self.operate(|world| {
            let tick = world.tick();
            world.server.end_grant(id, tick)
        });
        if done == Some(true) {
            self.met("one grant ended");
        }
        let seen = done.map_or(Seen::Unknown, Seen::Answer);
        self.observe(at, &seen, |state: State| {
            (state.is_some_and(|it| it.is_live()), state.map(Record::ended))
        });
    }

    /// Whether an operator's list must have it; `None`: nobody knows.
    fn is_listed(&self, at: usize) -> Option<bool> {
        let now = self.world.now;
        let listed = |state: State| state.is_some_and(|it| now < it.listed_until());
        let states = self.states(at);
        let first = listed(states[0]);
        states.into_iter().all(|state| listed(state) == first).then_some(first)
    }

    pub(crate) fn list(&mut self, person: usize) {
        let listed = self.operate(|world| {
            let tick = world.tick();
            world.server.grants(PERSONS[person], tick)
        });
        let Some(listed) = listed.map(|grants| grants.living) else { return };
        let mut theirs = 0;
        let mut nameless = 0;
        for at in 0..self.flows.len() {
            let flow = &self.flows[at];
            let Some(id) = flow.handed.id.filter(|_| flow.person == person) else {
                // Its code never reached the client, so nobody knows its name.
                nameless += usize::from(flow.person == person);
                continue;
            };
            let found = listed.iter().find(|grant| grant.grant_id == id);
            if let Some(expected) = self.is_listed(at) {
                assert_eq!(found.is_some(), expected, "{listed:?} {:?}", self.states(at));
            }
            if let Some(found) = found {
                theirs += 1;
                assert_eq!(found.client_id.as_str(), CLIENTS[flow.client].id);
                assert_eq!(found.scope, flow.scope);
                let allowed_at = found.allowed_at.seconds();
                assert!(self.states(at).iter().flatten().any(|it| it.allowed_at == allowed_at));
                self.met("listed");
            }
        }
        assert!(listed.len() <= theirs + nameless, "somebody else's are listed");
    }

    /// I6, and STO-09: the store holds what leads somewhere, for as long as it does, and nothing
    /// else.
    pub(crate) fn look_into_the_store(&self) {
        let (mut grants, mut cutoffs) = (0, 0);
        for (key, record) in self.world.store.records() {
            match key.as_str().split_once('/').unwrap() {
                ("grant", id) => {
                    grants += 1;
                    let id = GrantId::parse(id).unwrap();
                    let Some(flow) = self.flows.iter().find(|it| it.handed.id == Some(id)) else {
                        continue;
                    };
                    let kept = record.expires_at.seconds();
                    assert!(flow.handed.leads_until() <= kept, "forgotten too early");
                }
                ("cutoff", _) => cutoffs += 1,
                (other, _) => panic!("{other}"),
            }
        }
        let has_record = |at: &usize| self.states(*at).iter().all(Option::is_some);
        let may_have_record = |at: &usize| self.states(*at).iter().any(Option::is_some);
        let least = (0..self.flows.len()).filter(has_record).count();
        let most = (0..self.flows.len()).filter(may_have_record).count();
        assert!((least..=most).contains(&grants), "{grants} records, not {least} to {most}");
        assert!(cutoffs <= self.cutoffs.most_records());
    }

    /// On a copy with a store that is well: all that was acknowledged works, and nothing else.
    pub(crate) fn audit(&self) {
        use crate::operation::{Redeem, Refresh};
        let mut copy = Self { auditing: true, ..self.clone() };
        copy.heal();
        let count = copy.flows.len();
        for pick in 0..count.min(6) {
            copy.call(pick, 0);
            copy.call(pick, 7);
            copy.refresh(pick, 0, Refresh::Plain);
            copy.redeem(pick, Redeem::Right);
        }
        for person in 0..2 {
            copy.list(person);
        }
        copy.look_into_the_store();
    }

    /// When everything is over, nothing is left but cutoffs.
    pub(crate) fn outlive(mut self) {
        self.auditing = true;
        self.world.now += 200 * DAY;
        self.apply(crate::operation::Operation::Sweep);
        self.look_into_the_store();
        let all = self.world.store.records();
        let left: Vec<_> = all.filter(|(key, _)| !key.as_str().starts_with("cutoff/")).collect();
        assert!(left.is_empty(), "{left:?}");
        assert!((0..self.flows.len()).all(|at| self.flows[at].grant.is_dead()));
    }
}
