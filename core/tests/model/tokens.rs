//! What clients do with what they were given.

use serde_json::Value;
use vestibule_core::{Denied, GrantId, Response};

use crate::operation::{Redeem, Refresh};
use crate::record::{DAY, GRACE, SKEW, Seen, Stage, State, Tokens};
use crate::run::{CLIENTS, Flow, PERSONS, Run};
use crate::world::{
    ISSUER, RES, claims_of, error_of, json_of, post, redemption, refresh, resource_request, text,
};

/// What a client ever received of one grant.
#[derive(Clone, Default)]
pub(crate) struct Handed {
    pub(crate) id: Option<GrantId>,
    pub(crate) code: Option<Code>,
    pub(crate) refresh: Vec<RefreshToken>,
    pub(crate) access: Vec<AccessToken>,
    /// How often the code was answered with tokens.
    redemptions: usize,
}

#[derive(Clone)]
pub(crate) struct Code {
    pub(crate) text: String,
    pub(crate) expires_at: u64,
}

#[derive(Clone)]
pub(crate) struct RefreshToken {
    pub(crate) text: String,
    pub(crate) generation: u64,
    pub(crate) expires_at: u64,
    /// Which key sealed it.
    key: u8,
}

#[derive(Clone)]
pub(crate) struct AccessToken {
    pub(crate) text: String,
    pub(crate) expires_at: u64,
    scope: String,
}

impl Handed {
    /// Until when anything of it leads to the grant.
    pub(crate) fn leads_until(&self) -> u64 {
        let code = self.code.iter().map(|it| it.expires_at);
        let refresh = self.refresh.iter().map(|it| it.expires_at);
        let access = self.access.iter().map(|it| it.expires_at);
        code.chain(refresh).chain(access).max().unwrap_or_default()
    }
}

/// What stands in an answer of the token endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Answer {
    Tokens { issued_at: u64, expires_at: u64 },
    InvalidGrant,
    InvalidScope,
}

impl Answer {
    fn of(tokens: Tokens) -> Self {
        let (issued_at, expires_at) = (tokens.rotated_at, tokens.access_expires_at());
        Self::Tokens { issued_at, expires_at }
    }
}

impl Run {
    pub(crate) fn redeem(&mut self, pick: usize, how: Redeem) {
        let Some(at) = self.flow(pick, |flow| flow.handed.code.is_some()) else { return };
        let code = self.flows[at].handed.code.clone().unwrap();
        let own = self.flows[at].client;
        let client = &CLIENTS[if how == Redeem::OtherClient { 1 - own } else { own }];
        let mut changes = vec![
            ("client_id", client.id),
            ("client_secret", client.secret),
            ("redirect_uri", CLIENTS[own].redirect_uri),
        ];
        match how {
            Redeem::Right | Redeem::OtherClient => {}
            Redeem::WrongVerifier => {
                changes.push(("code_verifier", "another-verifier-of-forty-three-characters-"));
            }
            Redeem::OtherRedirect => changes[2].1 = CLIENTS[1 - own].redirect_uri,
        }
        let response = self.exchange(|world, _| world.send(redemption(&code.text, &changes)));
        let now = self.world.now;
        let seen = self.seen(&response);
        let before = self.states(at);
        self.observe(at, &seen, |state| match state {
            Some(_) if now >= code.expires_at => (Answer::InvalidGrant, state),
            Some(record) if how == Redeem::Right => match record.stage {
                Stage::Code => {
                    let tokens = Tokens { generation: 1, granted_at: now, rotated_at: now };
                    (Answer::of(tokens), Some(record.with_tokens(tokens)))
                }
                Stage::Tokens(_) => (Answer::InvalidGrant, Some(record.ended())),
                Stage::Ended => (Answer::InvalidGrant, state),
            },
            Some(_) | None => (Answer::InvalidGrant, state),
        });
        match seen {
            Seen::Answer(Answer::Tokens { .. }) => {
                self.flows[at].handed.redemptions += 1;
                // I1.
                assert_eq!(self.flows[at].handed.redemptions, 1, "one code, two families");
                self.take(at, &response, self.flows[at].scope);
                self.met("redeemed");
            }
            Seen::Answer(_) if how != Redeem::Right => self.met("redemption that does not fit"),
            Seen::Answer(_) if self.ended(at, &before) => self.met("replayed code ended a grant"),
            Seen::Answer(_) => {}
            Seen::Undone | Seen::Unknown => self.met("redemption 503"),
        }
    }

    /// Whether a grant that had tokens is over now.
    fn ended(&self, at: usize, before: &[State]) -> bool {
        let had_tokens =
            |state: &State| state.is_some_and(|it| matches!(it.stage, Stage::Tokens(_)));
        before.iter().any(had_tokens) && self.flows[at].grant.is_dead()
    }

    pub(crate) fn refresh(&mut self, pick: usize, back: usize, how: Refresh) {
        let Some(at) = self.flow(pick, |flow| !flow.handed.refresh.is_empty()) else { return };
        let Flow { client: own, scope: allowed, ref handed, .. } = self.flows[at];
        let newest = handed.refresh.last().unwrap().generation;
        let wanted = newest.saturating_sub(back as u64).max(1);
        let Some(token) = handed.refresh.iter().rev().find(|it| it.generation <= wanted) else {
            return;
        };
        let token = token.clone();
        let client = &CLIENTS[if how == Refresh::OtherClient { 1 - own } else { own }];
        let asked = if let Refresh::Scope(scope) = how { scope } else { "" };
        let changes =
            [("client_id", client.id), ("client_secret", client.secret), ("scope", asked)];
        let response = self.exchange(|world, _| world.send(refresh(&token.text, &changes)));
        let now = self.world.now;
        let seen = self.seen(&response);
        let before = self.states(at);
        let exceeds = asked.split(' ').any(|one| !one.is_empty() && !allowed.contains(one));
        self.observe(at, &seen, |state| match state {
            Some(_) if now >= token.expires_at || how == Refresh::OtherClient => {
                (Answer::InvalidGrant, state)
            }
            Some(record) => match record.stage {
                Stage::Tokens(tokens) if now >= tokens.ends_at() => (Answer::InvalidGrant, state),
                Stage::Tokens(_) if exceeds => (Answer::InvalidScope, state),
                Stage::Tokens(tokens) if token.generation == tokens.generation => {
                    let generation = token.generation + 1;
                    let tokens = Tokens { generation, rotated_at: now, ..tokens };
                    (Answer::of(tokens), Some(record.with_tokens(tokens)))
                }
                Stage::Tokens(tokens) if in_grace(&tokens, token.generation, now) => {
                    (Answer::of(tokens), state)
                }
                Stage::Tokens(_) => (Answer::InvalidGrant, Some(record.ended())),
                Stage::Code => panic!("a token of a code that was not redeemed"),
                Stage::Ended => (Answer::InvalidGrant, state),
            },
            None => (Answer::InvalidGrant, state),
        });
        match seen {
            Seen::Answer(Answer::Tokens { .. }) => {
                self.take(at, &response, if asked.is_empty() { allowed } else { asked });
                let known = self.flows[at].handed.refresh.iter().rev();
                let known = known.filter(|it| it.generation == token.generation + 1).count();
                self.met(if known > 1 { "refreshed again" } else { "refreshed" });
            }
            Seen::Answer(Answer::InvalidScope) => self.met("scope refused"),
            Seen::Answer(_) if how == Refresh::OtherClient => self.met("other client refused"),
            Seen::Answer(_) if self.ended(at, &before) => {
                self.met("replayed refresh ended a grant")
            }
            Seen::Answer(_) if now < token.expires_at => self.met("dead refresh refused"),
            Seen::Answer(_) => self.met("expired refresh refused"),
            Seen::Undone | Seen::Unknown => self.met("refresh 503"),
        }
    }

    pub(crate) fn months(&mut self, pick: usize) {
        for _ in 0..4 {
            self.world.now += 28 * DAY;
            self.refresh(pick, 0, Refresh::Plain);
        }
    }

    fn seen(&self, response: &Response) -> Seen<Answer> {
        if response.status == 200 {
            let claims = claims_of(json_of(response)["access_token"].as_str().unwrap());
            let [issued_at, expires_at] = ["iat", "exp"].map(|it| claims[it].as_u64().unwrap());
            return Seen::Answer(Answer::Tokens { issued_at, expires_at });
        }
        match error_of(response) {
            (503, error) if error == "temporarily_unavailable" => Seen::Unknown,
            (400, error) if error == "invalid_grant" => Seen::Answer(Answer::InvalidGrant),
            (400, error) if error == "invalid_scope" => Seen::Answer(Answer::InvalidScope),
            other => panic!("{other:?}"),
        }
    }

    /// A client takes its tokens: I2.
    fn take(&mut self, at: usize, response: &Response, scope: &str) {
        let tokens = self.flows[at].grant.tokens().expect("tokens, so it is sure what is there");
        let json = json_of(response);
        let member = |name: &str| json[name].as_str().unwrap().to_owned();
        let claims: Value = claims_of(&member("access_token"));
        let flow = &self.flows[at];
        let expected = [
            ("client_id", CLIENTS[flow.client].id),
            ("sub", PERSONS[flow.person]),
            ("scope", scope),
            ("aud", RES),
            ("iss", ISSUER),
        ];
        for (claim, value) in expected {
            assert_eq!(claims[claim], value, "{claims}");
        }
        assert_eq!(json["scope"], scope);
        let expires_at = tokens.access_expires_at();
        assert_eq!(json["expires_in"], expires_at.saturating_sub(self.world.now));
        let access =
            AccessToken { text: member("access_token"), expires_at, scope: scope.to_owned() };
        let refresh = RefreshToken {
            text: member("refresh_token"),
            generation: tokens.generation,
            expires_at: tokens.refresh_expires_at(),
            key: self.keys[0].0,
        };
        let before = flow.handed.refresh.iter();
        for other in before.filter(|it| it.generation == tokens.generation) {
            // A repeated answer is the same answer, as long as the same key seals.
            assert_eq!(other.text == refresh.text, other.key == refresh.key);
        }
        self.hand_out(&access.text);
        self.hand_out(&refresh.text);
        self.flows[at].handed.access.push(access);
        self.flows[at].handed.refresh.push(refresh);
    }

    pub(crate) fn revoke(&mut self, pick: usize, access: bool, own: bool) {
        let Some(at) = self.flow(pick, |flow| !flow.handed.refresh.is_empty()) else { return };
        let Flow { client, ref handed, .. } = self.flows[at];
        let (token, expires_at) = if access {
            let token = &handed.access[pick % handed.access.len()];
            (token.text.clone(), token.expires_at)
        } else {
            let token = &handed.refresh[pick % handed.refresh.len()];
            (token.text.clone(), token.expires_at)
        };
        let by = &CLIENTS[if own { client } else { 1 - client }];
        let mut form = vec![("client_id", by.id), ("token", &*token)];
        if !by.secret.is_empty() {
            form.push(("client_secret", by.secret));
        }
        let response = self.exchange(|world, _| world.send(post("/oauth/revoke", &form, &[])));
        let seen = match response.status.as_u16() {
            200 => Seen::Answer(()),
            503 => Seen::Unknown,
            status => panic!("{status}: {}", text(&response)),
        };
        let leads = self.world.now < expires_at;
        let before = self.states(at);
        self.observe(at, &seen, |state| {
            let next = if leads && own { state.map(|it| it.ended()) } else { state };
            ((), next)
        });
        match seen {
            Seen::Answer(()) if !own => self.met("revocation by another client"),
            Seen::Answer(()) if self.ended(at, &before) => self.met("revoked"),
            Seen::Answer(()) => {}
            Seen::Undone | Seen::Unknown => self.met("revocation 503"),
        }
    }

    pub(crate) fn call(&mut self, pick: usize, token: usize) {
        let Some(at) = self.flow(pick, |flow| !flow.handed.access.is_empty()) else { return };
        let tokens = &self.flows[at].handed.access;
        let token = tokens[tokens.len() - 1 - token % tokens.len()].clone();
        let answer = self.watch(|run| {
            let tick = run.world.tick();
            let step = run.world.server.authenticate_live(&resource_request(&token.text), tick);
            run.world.finish(step)
        });
        let seen = match &answer {
            Ok(principal) => {
                let flow = &self.flows[at];
                assert_eq!(principal.subject, PERSONS[flow.person]);
                assert_eq!(principal.client_id.as_str(), CLIENTS[flow.client].id);
                assert_eq!(principal.scope, token.scope);
                Seen::Answer(true)
            }
            Err(challenge) => match challenge.reason() {
                Denied::Unavailable => Seen::Undone,
                Denied::InvalidToken | Denied::Revoked => Seen::Answer(false),
                other => panic!("{other:?}"),
            },
        };
        let expired = self.world.now >= token.expires_at;
        self.observe(at, &seen, |state| {
            let has_tokens = state.is_some_and(|it| matches!(it.stage, Stage::Tokens(_)));
            (has_tokens && !expired, state)
        });
        match seen {
            Seen::Answer(true) => self.met("call accepted"),
            Seen::Answer(false) if !expired => self.met("call of an ended grant refused"),
            Seen::Answer(false) => {}
            Seen::Undone | Seen::Unknown => {
                assert!(self.trouble, "the store was well");
                self.met("call 503");
            }
        }
    }
}

/// From the one rotation on, for the generation before it; a node may be a minute behind.
fn in_grace(tokens: &Tokens, generation: u64, now: u64) -> bool {
    let since = tokens.rotated_at;
    generation + 1 == tokens.generation && since <= now + SKEW && now < since + GRACE
}
