//! What is kept in the store, under which names and for how long; and what is not.

use std::time::Duration;

use http::Method;
use vestibule_core::{ClientId, Cutoff, GrantId, Refusal, Reply, Request, Response, Step};

use crate::expect::{C_SECRET, get, invalid_grant, last_refusal, member, refused, tok};
use crate::world::browser::callback_of;
use crate::world::store::Fault;
use crate::world::upstream::Answer;
use crate::world::{
    APP, Browser, World, authorize_with, client, config, form_of, json_of, location, post,
    redemption, refresh, request, text,
};

const DAY: u64 = 86_400;

/// A sign-in whose page stays open, and all that was ever handed out of its grant.
#[derive(Clone)]
struct Kept {
    world: World,
    browser: Browser,
    form: String,
    callback: String,
    code: String,
    refresh: Vec<String>,
    access: Vec<String>,
}

impl Kept {
    fn new(config: vestibule_core::Config) -> Self {
        let mut world = World::of(config);
        let mut browser = Browser::default();
        let page = browser.get(&mut world, &authorize_with(&[]));
        let form = form_of(&page);
        // The person thinks about it.
        world.pass(20 * 60);
        let sent = browser.press(&mut world, &page, ("provider", "idp"));
        let callback = callback_of(location(&sent.headers).unwrap(), &[("code", "c")]);
        let again = browser.clone();
        let back = browser.get(&mut world, &callback);
        let code = crate::world::query_of(location(&back.headers).unwrap())["code"].clone();
        let (refresh, access) = (Vec::new(), Vec::new());
        Self { world, browser: again, form, callback, code, refresh, access }
    }

    fn take(&mut self, tokens: &Response) {
        assert_eq!(tokens.status, 200, "{}", text(tokens));
        let tokens = json_of(tokens);
        self.refresh.push(member(&tokens, "refresh_token"));
        self.access.push(member(&tokens, "access_token"));
    }

    fn redeem(&mut self) {
        let tokens = self.world.redeem(&self.code);
        self.take(&tokens);
    }

    fn rotate(&mut self) {
        let newest = self.refresh.last().unwrap().clone();
        let tokens = self.world.refresh(&newest);
        self.take(&tokens);
    }

    fn kept_until(&self) -> u64 {
        self.world.store.only_record().1.expires_at.seconds()
    }

    /// When the store may first forget the record, nothing that leads to it opens any more: each is
    /// refused for its own age, before the store is asked.
    fn assert_nothing_outlives_the_record(&self, when: &str) {
        let mut world = self.world.clone();
        world.now = self.kept_until();
        let loads = world.store.loads;
        tok(&mut world, redemption(&self.code, &[]), "invalid_grant");
        assert_eq!(*last_refusal(&world), Refusal::TokenExpired, "{when}");
        for token in &self.refresh {
            tok(&mut world, refresh(token, &[]), "invalid_grant");
            assert_eq!(*last_refusal(&world), Refusal::TokenExpired, "{when}");
        }
        for token in &self.access {
            crate::expect::rs401(&world, token);
        }
        refused(&mut world, get(&self.callback, &self.browser.header()));
        assert_eq!(*last_refusal(&world), Refusal::StateExpired, "{when}");
        // A flow that is begun again from the same page would have the same grant.
        let cookies = self.browser.header();
        let form = [("form", &*self.form), ("provider", "idp")];
        refused(&mut world, post("/oauth/consent", &form, &[("cookie", &cookies)]));
        assert_eq!(*last_refusal(&world), Refusal::FormExpired, "{when}");
        assert_eq!(world.store.loads, loads, "{when}: the store was asked");
        // A minute ahead, a node sweeps; the record is still there for one that is a minute behind.
        world.store.sweep(self.kept_until() + 119);
        assert_eq!(world.store.len(), 1, "{when}");
    }
}

#[test]
fn sto_09_no_record_goes_before_what_leads_to_it() {
    // Each in turn lives longest: the refresh token, the access token, the page, the code.
    let hour = Duration::from_secs(3600);
    let minute = Duration::from_secs(60);
    let defaults = config().lifetimes;
    let mut short = [defaults; 4];
    short[1].access = 20 * hour;
    short[1].refresh = hour;
    short[2].access = minute;
    short[2].refresh = minute;
    short[2].grant = 2 * minute;
    short[2].grace = minute / 2;
    short[3].code = 10 * minute;
    short[3].access = minute;
    short[3].refresh = minute;
    short[3].grace = minute / 2;
    for lifetimes in short {
        let mut config = config();
        config.lifetimes = lifetimes;
        let mut kept = Kept::new(config);
        kept.assert_nothing_outlives_the_record("a code");
        let mut unspent = kept.clone();
        let name = unspent.world.store.only_record().0.as_str().to_owned();
        let id = GrantId::parse(name.strip_prefix("grant/").unwrap()).unwrap();
        let tick = unspent.world.tick();
        let step = unspent.world.server.end_grant(id, tick);
        assert_eq!(unspent.world.finish(step), Ok(true));
        unspent.assert_nothing_outlives_the_record("an ended code");

        kept.redeem();
        kept.assert_nothing_outlives_the_record("tokens");
        for _ in 0..3 {
            kept.world.pass(25);
            kept.rotate();
            kept.assert_nothing_outlives_the_record("rotated tokens");
        }
        // Given again inside the grace.
        let before = kept.refresh[2].clone();
        let again = kept.world.refresh(&before);
        kept.take(&again);
        kept.assert_nothing_outlives_the_record("tokens given again");
        let living = kept.world.clone();
        assert_eq!(kept.world.revoke(kept.refresh.last().unwrap()).status, 200);
        kept.assert_nothing_outlives_the_record("a revoked grant");
        kept.world = living;
        invalid_grant(&mut kept.world, refresh(&kept.refresh[0], &[]));
        kept.assert_nothing_outlives_the_record("a replayed grant");
    }
}

/// Runs a request; every name that the store was asked for.
fn names(world: &mut World, request: Request) -> (Vec<String>, Reply) {
    let mut step = world.begin(request);
    let mut names = Vec::new();
    loop {
        match &step {
            Step::Load(load) => names.push(load.effect().key.as_str().to_owned()),
            Step::Swap(swap) => names.push(swap.effect().key.as_str().to_owned()),
            _ => {}
        }
        match world.advance(step) {
            Ok(next) => step = next,
            Err(reply) => return (names, reply),
        }
    }
}

fn assert_plain(name: &str) {
    let (kind, id) = name.rsplit_once('/').unwrap();
    let kinds = ["grant", "cutoff/issuer", "cutoff/client", "cutoff/subject"];
    assert!(kinds.contains(&kind), "{name}");
    let plain = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    assert!(id.len() == 32 && id.bytes().all(plain), "{name}");
}

#[test]
fn sto_13_sto_14_names_in_the_store_are_hexadecimal_whatever_clients_and_people_are_called() {
    let hostile = [
        "http://evil.test/../../etc/passwd",
        "../../../etc/passwd",
        r"..\..\x",
        "grant/00000000000000000000000000000000",
        "';DROP/**/TABLE/**/records;--",
        "{KEYS[1]}*",
        "%00%2e%2e%2f",
        "cutoff/issuer/",
    ];
    for (n, name) in hostile.into_iter().enumerate() {
        let mut config = config();
        config.clients.push(client(name, None, &[APP]));
        let mut world = World::of(config);
        let user = serde_json::json!({ "sub": name });
        world.upstream.user = Answer::Says(200, user.to_string());
        let mut browser = Browser::default();
        let authorize = authorize_with(&[("client_id", name)]);
        let callback = browser.until_callback(&mut world, &authorize);
        let (mut all, back) = names(&mut world, get(&callback, &browser.header()));
        let to = location(&back.response.headers).unwrap().to_owned();
        let code = crate::world::query_of(&to)["code"].clone();
        let (more, reply) = names(&mut world, redemption(&code, &[("client_id", name)]));
        all.extend(more);
        let token = member(&json_of(&reply.response), "refresh_token");
        let subject = member(
            &crate::world::claims_of(&member(&json_of(&reply.response), "access_token")),
            "sub",
        );
        all.extend(names(&mut world, refresh(&token, &[("client_id", name)])).0);
        // Whatever comes in a token's place names nothing.
        for text in [name, "../x", "vrt1_../../x"] {
            let asked = names(&mut world, refresh(text, &[("client_id", name)])).0;
            assert!(asked.is_empty(), "{asked:?}");
        }
        for cutoff in [Cutoff::Client(ClientId::new(name)), Cutoff::Subject(subject)] {
            let tick = world.tick();
            let step = world.server.end(cutoff, tick);
            world.finish(step).unwrap();
        }
        all.extend(world.store.records().map(|(key, _)| key.as_str().to_owned()));
        assert!(all.len() > 10 && world.store.len() == 3, "{n}: {all:?}");
        all.iter().for_each(|name| assert_plain(name));
    }
}

/// Whoever has not signed in at a provider leaves nothing behind, however often they come, and
/// whatever they try: no step asks the store to write.
#[test]
fn dos_01_until_somebody_signed_in_nothing_is_written() {
    let mut world = World::new();
    let mut callbacks = Vec::new();
    for n in 0..50 {
        let mut browser = Browser::default();
        world.register(&format!("https://app{n}.test/cb"));
        let page = browser.get(&mut world, &authorize_with(&[]));
        browser.clone().press(&mut world, &page, ("cancel", "1"));
        Browser::default().press(&mut world, &page, ("provider", "idp"));
        let sent = browser.press(&mut world, &page, ("provider", "idp"));
        callbacks.push((browser, location(&sent.headers).unwrap().to_owned()));
    }
    assert_eq!(world.store.loads, 0, "the store was asked before anybody came back");
    let broken = [
        Answer::Says(500, String::new()),
        Answer::Says(200, "{}".to_owned()),
        Answer::Says(400, r#"{"error":"invalid_grant"}"#.to_owned()),
        Answer::Unreachable(vestibule_core::Unreachable::Deadline),
    ];
    let well = world.upstream.clone();
    for (n, (browser, upstream)) in callbacks.iter().enumerate() {
        world.upstream = well.clone();
        let wrong = broken[n % broken.len()].clone();
        if n % 2 == 0 {
            world.upstream.token = wrong
        } else {
            world.upstream.user = wrong
        }
        let cookies = browser.header();
        for said in [&[("error", "access_denied")][..], &[], &[("code", "c")]] {
            world.send(get(&callback_of(upstream, said), &cookies));
        }
        // In no browser that left for anywhere.
        world.send(get(&callback_of(upstream, &[("code", "c")]), ""));
    }
    let forms = [("token", "vrt1_x"), ("refresh_token", "vrt1_x"), ("code", "vac1_x")];
    for (form, grant) in forms.iter().zip(["", "refresh_token", "authorization_code"]) {
        let form = [*form, ("grant_type", grant), ("client_id", "C"), ("client_secret", C_SECRET)];
        world.post(if grant.is_empty() { "/oauth/revoke" } else { "/oauth/token" }, &form);
    }
    for path in ["/oauth/authorize", "/oauth/callback/idp?state=x&code=y", "/nowhere"] {
        world.send(request(Method::GET, path, &[], ""));
    }
    assert_eq!((world.store.swaps, world.store.len()), (0, 0));
    // It would have been seen.
    world.upstream = well;
    world.until_tokens();
    assert_eq!((world.store.swaps, world.store.len()), (2, 1));
}

#[test]
fn dos_07_when_all_is_over_a_sweep_leaves_nothing() {
    let mut world = World::new();
    for n in 0..40 {
        world.pass(1);
        let code = world.until_code()["code"].clone();
        if n % 5 == 0 {
            continue;
        }
        let first = world.redeem(&code);
        let token = member(&json_of(&first), "refresh_token");
        match n % 5 {
            1 => drop(world.redeem(&code)),
            2 => drop(world.revoke(&token)),
            3 => {
                // Written, and nobody learns of it.
                world.store.faults = vec![Fault::None, Fault::AppliedButUnavailable];
                world.store.faults.extend([Fault::Unavailable; 8]);
                assert_eq!(world.refresh(&token).status, 503);
                world.store.faults.clear();
            }
            _ => {}
        }
    }
    assert_eq!(world.store.len(), 40);
    world.store.sweep(world.now);
    assert_eq!(world.store.len(), 40, "nothing is over");
    // What was never redeemed goes with its page.
    world.pass(3600);
    world.store.sweep(world.now);
    assert_eq!(world.store.len(), 32);
    world.pass(31 * DAY);
    world.store.sweep(world.now);
    assert_eq!(world.store.len(), 0);
}
