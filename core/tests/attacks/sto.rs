//! Faults of the store, and the clock.

use vestibule_core::{Event, Freshness, Record, Refusal, Reply, Request, Response, Step, Swapped};

use crate::expect::{
    assert_page, assert_redirect, assert_tok, get, invalid_grant, last_refusal, member, refused,
    tok, until_callback,
};
use crate::world::store::Fault;
use crate::world::{
    APP, World, authorize_with, json_of, location, post, query_of, redemption, refresh,
    resource_request, text,
};

const FOREVER: usize = 40;

/// Runs a request with answers of one's own to its questions of the store; `None` leaves the answer
/// to the world's store.
fn with_store(
    world: &mut World,
    request: Request,
    mut load: impl FnMut() -> Option<Option<Record>>,
    mut swap: impl FnMut() -> Option<Swapped>,
) -> Response {
    let mut step: Step<Reply> = world.begin(request);
    loop {
        step = match step {
            Step::Load(pending) if pending.effect().freshness == Freshness::Fresh => {
                let (asked, waiting) = pending.split();
                let answer = match load() {
                    Some(answer) => Ok(answer),
                    None => world.store.load(&asked),
                };
                waiting.resume(answer, world.tick())
            }
            Step::Swap(pending) => {
                let (asked, waiting) = pending.split();
                let answer = match swap() {
                    Some(answer) => Ok(answer),
                    None => world.store.swap(asked),
                };
                waiting.resume(answer, world.tick())
            }
            other => match world.advance(other) {
                Ok(next) => next,
                Err(reply) => {
                    world.events.extend(reply.events);
                    return reply.response;
                }
            },
        };
    }
}

fn assert_busy(response: &Response) {
    assert_tok(response, 503, "temporarily_unavailable");
    assert!(response.headers.contains_key(http::header::RETRY_AFTER));
}

#[test]
fn sto_02_a_write_whose_acknowledgement_was_lost_is_found() {
    let lost = Fault::AppliedButUnavailable;
    let mut world = World::new();
    let (mut browser, callback) = until_callback(&mut world, &authorize_with(&[]));
    world.store.faults = vec![Fault::None, lost];
    let back = browser.get(&mut world, &callback);
    let code = query_of(location(&back.headers).unwrap())["code"].clone();

    world.store.faults = vec![Fault::None, lost];
    let redeemed = world.redeem(&code);
    assert_eq!(redeemed.status, 200, "{}", text(&redeemed));
    let mut replayed = world.clone();
    invalid_grant(&mut replayed, redemption(&code, &[]));

    let token = member(&json_of(&redeemed), "refresh_token");
    world.store.faults = vec![Fault::None, lost];
    let refreshed = world.refresh(&token);
    assert_eq!(world.refresh(&token).body, refreshed.body);
    world.store.faults = vec![Fault::None, lost];
    assert_eq!(world.revoke(&token).status, 200);
    assert_eq!(world.refresh(&token).status, 400);
}

#[test]
fn sto_03_a_store_that_is_away_is_our_trouble_and_leaves_nothing_half_done() {
    let mut world = World::new();
    let code = world.until_code()["code"].clone();
    let tokens = world.until_tokens();
    let (token, access) = (member(&tokens, "refresh_token"), member(&tokens, "access_token"));
    let revocation = [("client_id", "P"), ("token", &*token)];
    // Loads that fail at once, and a first load that succeeds with all behind it failing.
    for first in [vec![], vec![Fault::None]] {
        let faults = [first, vec![Fault::Unavailable; FOREVER]].concat();
        for request in
            [redemption(&code, &[]), refresh(&token, &[]), post("/oauth/revoke", &revocation, &[])]
        {
            let mut world = world.clone();
            world.store.faults.clone_from(&faults);
            assert_busy(&world.send(request));
            // All is as before.
            world.store.faults.clear();
            assert_eq!(world.redeem(&code).status, 200);
            assert!(world.is_live(&access));
            assert_eq!(world.refresh(&token).status, 200);
        }
    }
    world.store.faults = vec![Fault::Unavailable; FOREVER];
    let tick = world.tick();
    let step = world.server.authenticate_live(&resource_request(&access), tick);
    let challenge = world.finish(step).unwrap_err();
    assert_busy(&challenge.response());
}

#[test]
fn sto_03_at_the_callback_a_page_says_so_or_the_client_is_told() {
    let mut world = World::new();
    let (browser, callback) = until_callback(&mut world, &authorize_with(&[]));
    let mut at_once = world.clone();
    at_once.store.faults = vec![Fault::Unavailable; FOREVER];
    let response = refused(&mut at_once, get(&callback, &browser.header()));
    assert_eq!(response.status, 503);
    assert_page(&response);
    assert!(response.headers.contains_key(http::header::RETRY_AFTER));
    assert!(at_once.upstream.calls.is_empty());
    // Nothing was spent: the page loads when the store is back.
    at_once.store.faults.clear();
    assert_eq!(at_once.send(get(&callback, &browser.header())).status, 303);

    world.store.faults = [vec![Fault::None], vec![Fault::Unavailable; FOREVER]].concat();
    let response = world.send(get(&callback, &browser.header()));
    assert_redirect(&response, APP, "temporarily_unavailable", Some("S"));
    assert_eq!(world.store.len(), 0);
}

#[test]
fn sto_04_conflicts_without_end_are_told_to_come_again() {
    let mut world = World::new();
    let code = world.until_code()["code"].clone();
    let tokens = world.until_tokens();
    let token = member(&tokens, "refresh_token");
    let revocation = [("client_id", "P"), ("token", &*token)];
    for request in
        [redemption(&code, &[]), refresh(&token, &[]), post("/oauth/revoke", &revocation, &[])]
    {
        let mut swaps = 0;
        let response = with_store(
            &mut world,
            request,
            || None,
            || {
                swaps += 1;
                Some(Swapped::Conflict)
            },
        );
        assert_busy(&response);
        assert_eq!(*last_refusal(&world), Refusal::Contention);
        assert!(swaps <= 4, "{swaps} rounds");
    }
    assert_eq!(world.redeem(&code).status, 200);
    assert_eq!(world.refresh(&token).status, 200);
}

#[test]
fn sto_05_a_replica_that_lags_behind_decides_nothing() {
    let mut world = World::new();
    let code = world.until_code()["code"].clone();
    let unspent = world.store.only_record().1.clone();
    let tokens = json_of(&world.redeem(&code));
    // Asked four times and stale each time: nobody gets anything.
    let stale = unspent.clone();
    let always = || Some(Some(stale.clone()));
    let response = with_store(&mut world.clone(), redemption(&code, &[]), always, || None);
    assert_busy(&response);
    // Stale once: the write is refused, and the replay is seen.
    let mut stale = Some(unspent);
    let request = redemption(&code, &[]);
    let response = with_store(&mut world, request, || stale.take().map(Some), || None);
    assert_tok(&response, 400, "invalid_grant");
    assert_eq!(*last_refusal(&world), Refusal::CodeReplayed);
    assert!(!world.is_live(&member(&tokens, "access_token")));
}

#[test]
fn sto_07_a_replay_that_cannot_be_written_down_is_denied_until_it_is() {
    let mut world = World::new();
    let first = world.until_tokens();
    let second = json_of(&world.refresh(&member(&first, "refresh_token")));
    world.pass(60);
    let replay = member(&first, "refresh_token");
    world.store.faults = vec![Fault::None, Fault::Unavailable, Fault::Unavailable];
    let mut brief = world.clone();
    invalid_grant(&mut brief, refresh(&replay, &[]));
    assert!(!brief.is_live(&member(&second, "access_token")));

    world.store.faults = [vec![Fault::None], vec![Fault::Unavailable; FOREVER]].concat();
    assert_busy(&world.refresh(&replay));
    world.store.faults.clear();
    invalid_grant(&mut world, refresh(&replay, &[]));
    assert!(!world.is_live(&member(&second, "access_token")));
}

#[test]
fn sto_07_a_replay_is_reported_even_if_it_cannot_be_written_down() {
    let mut world = World::new();
    let first = world.until_tokens();
    world.refresh(&member(&first, "refresh_token"));
    world.pass(60);
    world.events.clear();
    world.store.faults = [vec![Fault::None], vec![Fault::Unavailable; FOREVER]].concat();
    world.refresh(&member(&first, "refresh_token"));
    let reported = |event: &Event| {
        matches!(event, Event::GrantEnded { .. })
            || matches!(event, Event::Refused { refusal: Refusal::RefreshTokenReplayed })
    };
    assert!(world.events.iter().any(reported), "nobody learns of the replay: {:?}", world.events);
}

#[test]
fn sto_08_a_crash_after_the_exchange_lets_the_person_try_again() {
    let mut world = World::new();
    let (mut browser, callback) = until_callback(&mut world, &authorize_with(&[]));
    let mut step = world.begin(get(&callback, &browser.header()));
    while !matches!(step, Step::Swap(_)) {
        step = world.advance(step).ok().unwrap();
    }
    drop(step);
    assert_eq!((world.upstream.calls.len(), world.store.len()), (2, 0));
    let back = browser.get(&mut world, &callback);
    let said = location(&back.headers).unwrap();
    assert!(said.contains("code=") && !said.contains("upstream-"), "{said}");
}

#[test]
fn sto_10_sto_11_a_record_that_is_not_the_grants_is_refused_and_reported() {
    let mut world = World::new();
    world.until_tokens();
    let (key, theirs) = world.store.only_record();
    assert!(key.as_str().starts_with("grant/"), "{key:?}");
    let theirs = theirs.clone();
    // Another grant: the same world would make the same one again.
    let mut world = World::new();
    world.tick();
    let code = world.until_code()["code"].clone();
    let own = world.store.only_record().1.clone();
    let with = |bytes: &[u8]| Record { bytes: bytes::Bytes::copy_from_slice(bytes), ..own.clone() };
    let mut flipped = own.bytes.to_vec();
    flipped[10] ^= 1;
    let mut versioned = own.clone();
    versioned.version = theirs.version;
    let wrong = [
        theirs,
        versioned,
        with(&flipped),
        with(&own.bytes[..own.bytes.len() - 1]),
        with(&own.bytes[..4]),
        with(b""),
        with(b"not a grant"),
        with(&[&own.bytes[..], b"x"].concat()),
    ];
    for record in wrong {
        let swaps = world.store.swaps;
        let always = || Some(Some(record.clone()));
        let response = with_store(&mut world, redemption(&code, &[]), always, || None);
        assert_tok(&response, 400, "invalid_grant");
        assert_eq!(*last_refusal(&world), Refusal::CorruptRecord);
        assert_eq!(world.store.swaps, swaps, "never overwritten");
    }
    assert_eq!(world.redeem(&code).status, 200);
}

#[test]
fn sto_11_a_corrupt_grant_opens_for_nobody() {
    let mut world = World::new();
    let (mut browser, callback) = until_callback(&mut world, &authorize_with(&[]));
    let mut again = browser.clone();
    browser.get(&mut world, &callback);
    let tokens = world.until_tokens();
    world.store.corrupt();
    assert!(!world.is_live(&member(&tokens, "access_token")));
    tok(&mut world, refresh(&member(&tokens, "refresh_token"), &[]), "invalid_grant");
    assert_eq!(world.revoke(&member(&tokens, "refresh_token")).status, 200);
    let calls = world.upstream.calls.len();
    let response = again.get(&mut world, &callback);
    assert_eq!((response.status.as_u16(), world.upstream.calls.len()), (400, calls));
}
