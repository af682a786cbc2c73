//! The way of a person: page, consent, provider, and back to the client.

use http::header;
use vestibule_core::{Event, GrantId, Response};

use crate::record::{CODE, Grant, MINUTE, Record, Seen, Stage};
use crate::run::{CLIENTS, Client, Flow, Run};
use crate::tokens::{Code, Handed};
use crate::world::browser::callback_of;
use crate::world::{ISSUER, authorize_with, form_of, location, query_of, text};

const PAGE: u64 = 30 * MINUTE;
const AT_THE_PROVIDER: u64 = 10 * MINUTE;
pub(crate) const ALL: &str = "mcp:read mcp:write";

/// A sign-in page that stands open in a browser.
#[derive(Clone)]
pub(crate) struct Page {
    person: usize,
    client: usize,
    scope: &'static str,
    form: String,
    ends_at: u64,
}

/// How a browser fares that comes back from the provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Back {
    Code,
    /// A cutoff came between.
    Denied,
    /// A page says that this leads nowhere.
    Nowhere,
}

impl Run {
    pub(crate) fn open(&mut self, person: usize, client: usize, scope: &'static str) {
        let ends_at = self.world.now + PAGE;
        let Client { id, redirect_uri, .. } = CLIENTS[client];
        let changes = [("client_id", id), ("redirect_uri", redirect_uri), ("scope", scope)];
        let authorize = authorize_with(&changes);
        let page = self.exchange(|world, browsers| browsers[person].get(world, &authorize));
        assert_eq!(page.status, 200, "{}", text(&page));
        assert!(!self.trouble, "nobody has signed in, and the store was asked");
        let scope = if scope.is_empty() { ALL } else { scope };
        self.pages.push(Page { person, client, scope, form: form_of(&page), ends_at });
        self.met("page opened");
    }

    fn page(&self, pick: usize) -> Option<usize> {
        let open = |at: &usize| !self.flows.iter().any(|flow| flow.page == *at && flow.closed);
        let open: Vec<usize> = (0..self.pages.len()).rev().filter(open).collect();
        (!open.is_empty()).then(|| open[pick % open.len()])
    }

    fn press(&mut self, at: usize, person: usize, button: (&str, &str)) -> Response {
        let form = self.pages[at].form.clone();
        let response = self.exchange(|world, browsers| {
            browsers[person].press_with(world, &[("form", &form), button], &[])
        });
        assert!(!self.trouble, "nobody has signed in, and the store was asked");
        response
    }

    pub(crate) fn agree(&mut self, pick: usize, elsewhere: bool) {
        if let Some(at) = self.page(pick) {
            self.agree_to(at, elsewhere);
        }
    }

    fn agree_to(&mut self, at: usize, elsewhere: bool) {
        let Page { person, client, scope, ends_at, .. } = self.pages[at];
        if elsewhere {
            let refused = self.press(at, 1 - person, ("provider", "idp"));
            assert_eq!(refused.status, 403, "{}", text(&refused));
            return self.met("form refused in another browser");
        }
        let response = self.press(at, person, ("provider", "idp"));
        let now = self.world.now;
        if now >= ends_at {
            assert_eq!(response.status, 400, "{}", text(&response));
            return self.met("page expired");
        }
        assert_eq!(response.status, 303, "{}", text(&response));
        let upstream = location(&response.headers).unwrap();
        assert!(upstream.starts_with("https://idp.test/authorize?"), "{upstream}");
        let way = (callback_of(upstream, &[("code", "upstream-code")]), now + AT_THE_PROVIDER);
        let cookie = flow_cookie(&response);
        self.met("agreed");
        match self.flows.iter_mut().find(|flow| flow.cookie == cookie) {
            Some(flow) => {
                assert_eq!(flow.page, at, "two pages lead to one grant");
                flow.agreed_at = now;
                flow.ways.push(way);
                self.met("agreed again");
            }
            None => self.flows.push(Flow {
                page: at,
                person,
                client,
                scope,
                cookie,
                agreed_at: now,
                ways: vec![way],
                closed: false,
                grant: Grant::default(),
                handed: Handed::default(),
            }),
        }
    }

    pub(crate) fn cancel(&mut self, pick: usize) {
        let Some(at) = self.page(pick) else { return };
        let Page { person, client, ends_at, .. } = self.pages[at];
        let response = self.press(at, person, ("cancel", "1"));
        if self.world.now >= ends_at {
            assert_eq!(response.status, 400);
        } else {
            assert_told(&response, client, "access_denied");
            self.met("cancelled");
        }
    }

    pub(crate) fn come_back(&mut self, pick: usize, elsewhere: bool) {
        if let Some(at) = self.flow(pick, |flow| !flow.closed) {
            self.come_back_by(at, pick, elsewhere);
        }
    }

    /// Whoever was told that it did not work goes back to the page and tries again.
    pub(crate) fn try_again(&mut self, pick: usize) {
        if let Some(at) = self.flow(pick, |flow| !flow.closed && flow.handed.code.is_none()) {
            self.agree_to(self.flows[at].page, false);
            self.come_back_by(at, 0, false);
        }
    }

    /// `back`: by which of the ways, counted back from the newest.
    fn come_back_by(&mut self, at: usize, back: usize, elsewhere: bool) {
        let Flow { person, client, ref cookie, agreed_at, ref ways, .. } = self.flows[at];
        let (way, way_ends_at) = ways[ways.len() - 1 - back % ways.len()].clone();
        let person = if elsewhere { 1 - person } else { person };
        let cookie = cookie.clone();
        let has_cookie = self.browsers[person].cookies.contains_key(&cookie);
        self.sign_in_upstream(person);
        let response = self.exchange(|world, browsers| browsers[person].get(world, &way));
        let now = self.world.now;
        let opens = has_cookie && now < way_ends_at && now < agreed_at + AT_THE_PROVIDER;
        let page_ends_at = self.pages[self.flows[at].page].ends_at;
        let cut = Some(agreed_at) <= self.cutoffs.are(client, person);
        let doubted = self.cutoffs.doubt(client, person, now).is_some_and(|from| agreed_at > from);
        let may_be_cut = doubted || Some(agreed_at) <= self.cutoffs.may_be(client, person);
        let seen = self.seen_back(&response, client);
        if let Seen::Undone = seen {
            assert!(self.browsers[person].cookies.contains_key(&cookie), "nothing was spent");
        }
        if cut && !matches!(seen, Seen::Answer(Back::Code)) {
            self.met("cutoff met at the callback");
        }
        let denied = cut || (may_be_cut && matches!(seen, Seen::Answer(Back::Denied)));
        self.observe(at, &seen, |state| match state {
            _ if !opens => (Back::Nowhere, state),
            Some(_) => (Back::Nowhere, state),
            None if denied => (Back::Denied, None),
            None => {
                let kept_until = (now + CODE).max(page_ends_at + AT_THE_PROVIDER);
                let (allowed_at, code_expires_at) = (agreed_at, now + CODE);
                let stage = Stage::Code;
                let record = Record { allowed_at, code_expires_at, kept_until, stage };
                (Back::Code, Some(record))
            }
        });
        match seen {
            Seen::Answer(Back::Code) => self.hand_code(at, &response),
            Seen::Answer(Back::Nowhere) if opens => self.met("callback repeated"),
            Seen::Answer(Back::Nowhere) if elsewhere => self.met("callback in another browser"),
            Seen::Answer(Back::Nowhere | Back::Denied) => {}
            Seen::Undone => self.met("callback 503"),
            Seen::Unknown => self.met("callback told temporarily_unavailable"),
        }
    }

    fn seen_back(&self, response: &Response, client: usize) -> Seen<Back> {
        match response.status.as_u16() {
            400 => Seen::Answer(Back::Nowhere),
            503 => Seen::Undone,
            303 => {
                let said = query_of(location(&response.headers).unwrap());
                match said.get("error").map(String::as_str) {
                    None => Seen::Answer(Back::Code),
                    Some("temporarily_unavailable") => {
                        assert!(self.trouble, "temporarily unavailable, and all is well");
                        assert_told(response, client, "temporarily_unavailable");
                        Seen::Unknown
                    }
                    Some(error) => {
                        assert_told(response, client, error);
                        assert_eq!(error, "access_denied");
                        Seen::Answer(Back::Denied)
                    }
                }
            }
            status => panic!("{status}: {}", text(response)),
        }
    }

    fn hand_code(&mut self, at: usize, response: &Response) {
        let to = location(&response.headers).unwrap();
        let said = query_of(to);
        let flow = &mut self.flows[at];
        let redirect_uri = CLIENTS[flow.client].redirect_uri;
        assert!(to.starts_with(&format!("{redirect_uri}?")), "{to}");
        assert_eq!((&*said["state"], &*said["iss"], said.len()), ("S", ISSUER, 3));
        assert!(flow.handed.code.is_none(), "one flow, two codes");
        let code = Code { text: said["code"].clone(), expires_at: self.world.now + CODE };
        flow.handed.id = self.world.events.iter().find_map(code_issued);
        assert!(flow.handed.id.is_some());
        flow.handed.code = Some(code.clone());
        self.hand_out(&code.text);
        self.met("code issued");
    }
}

fn code_issued(event: &Event) -> Option<GrantId> {
    if let Event::CodeIssued { grant_id, .. } = event { Some(*grant_id) } else { None }
}

/// Its name: the one that is set and not deleted.
fn flow_cookie(response: &Response) -> String {
    let set = response.headers.get_all(header::SET_COOKIE).iter();
    let mut set = set.map(|it| it.to_str().unwrap()).filter(|it| !it.contains("Max-Age=0;"));
    let cookie = set.next().unwrap();
    assert!(set.next().is_none());
    cookie.split_once('=').unwrap().0.to_owned()
}

/// I3, and RFC 6749 §4.1.2.1.
fn assert_told(response: &Response, client: usize, error: &str) {
    let to = location(&response.headers).unwrap_or_else(|| panic!("{}", text(response)));
    assert!(to.starts_with(&format!("{}?", CLIENTS[client].redirect_uri)), "{to}");
    let said = query_of(to);
    assert_eq!((&*said["error"], &*said["state"], &*said["iss"]), (error, "S", ISSUER));
    assert!(!said.contains_key("code"));
}
