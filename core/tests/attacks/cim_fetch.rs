//! The call for a client's document: what is demanded of it, and what is said where it fails.

use std::time::Duration;

use http::{Method, header};
use serde_json::json;
use vestibule_core::{
    Event, HttpCall, Purpose, Reach, Refusal, Reply, Response, Step, Unreachable,
};

use crate::cim::{
    ID, asking, document, document_with, fetches, publish, publish_at, shown, unusable, world,
};
use crate::cla_signed::{KEYS_AT, Signer, publish_signing};
use crate::expect::{assert_tok, get, last_refusal};
use crate::world::upstream::Answer;
use crate::world::{World, json_of, text};

/// Every answer to the call that has no document in it, as it is called.
fn failures() -> Vec<(&'static str, Answer)> {
    let says = |status, body: &str| Answer::Says(status, body.to_owned());
    let whole = document().to_string();
    vec![
        ("nothing there", says(404, "")),
        ("no content", says(204, "")),
        ("another success", says(201, &whole)),
        ("the last copy", says(203, &whole)),
        ("part of it", says(206, &whole)),
        ("not modified", says(304, "")),
        ("moved", says(301, &whole)),
        ("found", says(302, &whole)),
        ("see other", says(303, &whole)),
        ("moved for now", says(307, &whole)),
        ("moved for good", says(308, &whole)),
        ("forbidden", says(403, &whole)),
        ("too many", says(429, &whole)),
        ("broken", says(500, &whole)),
        ("away", says(503, &whole)),
        ("a page", says(200, "<!doctype html><title>Sign in</title>")),
        ("nothing", says(200, "")),
        ("no JSON", says(200, &whole[..whole.len() - 1])),
        ("more than JSON", says(200, &format!("{whole}x"))),
        ("a list", says(200, &format!("[{whole}]"))),
        ("a text", says(200, &json!(whole).to_string())),
        ("null", says(200, "null")),
        ("a deep hole", says(200, &"[".repeat(5000))),
        ("a deeper one", says(200, &"{\"a\":".repeat(1000))),
        ("a byte order mark", says(200, &format!("\u{feff}{whole}"))),
        ("a member twice", says(200, &whole.replacen('{', r#"{"client_name":"Other","#, 1))),
        ("another client", says(200, &whole.replace(ID, "https://evil.test/client.json"))),
        ("a secret", says(200, &document_with(&json!({ "client_secret": "s" })).to_string())),
        ("refused or filtered", Answer::Unreachable(Unreachable::Connection)),
        ("slow", Answer::Unreachable(Unreachable::Deadline)),
        ("large", Answer::Unreachable(Unreachable::TooLarge)),
        ("inside", Answer::Unreachable(Unreachable::NotPermitted)),
    ]
}

fn answer(world: &mut World, answer: &Answer) {
    world.upstream.documents.insert(ID.to_owned(), answer.clone());
}

/// The calls that a flow makes.
fn calls_of(world: &mut World, mut step: Step<Reply>) -> Vec<HttpCall> {
    let mut calls = Vec::new();
    loop {
        step = match step {
            Step::Http(pending) => {
                let (call, waiting) = pending.split();
                let answer = world.upstream.answer(&call);
                calls.push(call);
                waiting.resume(answer, world.tick())
            }
            other => match world.advance(other) {
                Ok(next) => next,
                Err(_) => return calls,
            },
        };
    }
}

#[test]
fn cim_04_cim_05_cim_07_cim_09_the_call_is_bounded_and_goes_to_public_addresses_only() {
    let mut world = world();
    let step = world.begin(get(&asking(), "session=secret"));
    let calls = calls_of(&mut world, step);
    let [call] = &calls[..] else { panic!("{calls:?}") };
    assert_eq!((&call.method, call.url.as_str()), (&Method::GET, ID));
    assert_eq!((call.reach, call.purpose), (Reach::PublicAddresses, Purpose::FetchClient));
    assert_eq!(call.body_cap, 5 * 1024);
    assert!(call.deadline <= Duration::from_secs(5));
    assert!(call.body.is_empty());
    // Nothing of the person, nor of this server, is told to whoever is there.
    assert_eq!(call.headers[header::ACCEPT], "application/json");
    assert_eq!(call.headers[header::USER_AGENT], "vestibule");
    assert_eq!(call.headers.len(), 2, "{:?}", call.headers);
}

#[test]
fn cim_04_cim_07_cim_09_keys_of_their_own_are_fetched_within_the_same_bounds() {
    let mut world = World::new();
    let signer = Signer::new();
    publish_signing(&mut world, &json!({ "jwks_uri": KEYS_AT }));
    publish_at(&mut world, KEYS_AT, &signer.jwks());
    let code = world.until_code_with(&[("client_id", ID)])["code"].clone();
    let step = world.begin(signer.redemption(&world, &code, "once"));
    let calls = calls_of(&mut world, step);
    let [call] = &calls[..] else { panic!("{calls:?}") };
    assert_eq!((&call.method, call.url.as_str()), (&Method::GET, KEYS_AT));
    assert_eq!((call.reach, call.purpose), (Reach::PublicAddresses, Purpose::FetchClientKeys));
    assert!(call.body_cap <= 64 * 1024 && call.deadline <= Duration::from_secs(5));
    assert_eq!(call.headers.len(), 2, "{:?}", call.headers);
}

#[test]
fn cim_08_no_redirect_is_followed() {
    for status in [301, 302, 303, 307, 308] {
        let mut world = world();
        answer(&mut world, &Answer::Says(status, document().to_string()));
        unusable(&mut world, &asking());
        assert_eq!(world.upstream.calls, [format!("GET {ID} ")], "{status}");
        let why = Refusal::ClientDocument(Box::new(Refusal::UpstreamStatus(status)));
        assert_eq!(*last_refusal(&world), why);
    }
}

#[test]
fn cim_10_what_is_no_document_is_not_kept() {
    for (name, failure) in failures() {
        let mut world = world();
        answer(&mut world, &failure);
        unusable(&mut world, &asking());
        unusable(&mut world, &asking());
        assert_eq!(fetches(&world), 2, "{name}");
        publish(&mut world, &document());
        shown(&mut world, &asking());
        assert_eq!(fetches(&world), 3, "{name}");
    }
}

/// A document that is no longer fresh is no longer used: to take it away is how a client ends itself.
#[test]
fn cim_10_a_failure_is_not_covered_by_a_document_of_before() {
    for (name, failure) in failures() {
        let mut world = world();
        world.upstream.cache_control = Some("max-age=60");
        shown(&mut world, &asking());
        answer(&mut world, &failure);
        shown(&mut world, &asking());
        assert_eq!(fetches(&world), 1, "{name}");
        world.pass(60);
        unusable(&mut world, &asking());
        assert_eq!(fetches(&world), 2, "{name}");
    }
}

/// What a client that signs is told where its document cannot be had at the token endpoint.
fn at_token_endpoint(name: &str, failure: &Answer) -> Response {
    let mut world = World::new();
    world.upstream.cache_control = Some("no-store");
    let signer = Signer::new();
    publish_signing(&mut world, &json!({ "jwks": signer.jwks() }));
    let published = world.upstream.documents[ID].clone();
    let code = world.until_code_with(&[("client_id", ID)])["code"].clone();
    answer(&mut world, failure);
    let request = signer.redemption(&world, &code, "once");
    let response = world.send(request);
    assert_tok(&response, 401, "invalid_client");
    let refusal = last_refusal(&world);
    assert!(matches!(refusal, Refusal::ClientDocument(_)), "{name}: {refusal:?}");
    // Neither the code nor the assertion is spent.
    answer(&mut world, &published);
    let request = signer.redemption(&world, &code, "once");
    assert_eq!(world.send(request).status, 200, "{name}");
    response
}

#[test]
fn cim_17_where_the_document_cannot_be_had_the_token_endpoint_does_not_say_why() {
    let said: Vec<_> = failures().iter().map(|(name, it)| at_token_endpoint(name, it)).collect();
    for response in &said {
        assert_eq!((&response.body, &response.headers), (&said[0].body, &said[0].headers));
        assert!(!json_of(response)["error_description"].as_str().unwrap().contains("app.test"));
    }
}

#[test]
fn cim_17_where_the_keys_cannot_be_had_the_token_endpoint_does_not_say_why() {
    let mut said = Vec::new();
    for (name, failure) in failures() {
        let mut world = World::new();
        let signer = Signer::new();
        publish_signing(&mut world, &json!({ "jwks_uri": KEYS_AT }));
        world.upstream.documents.insert(KEYS_AT.to_owned(), failure);
        let code = world.until_code_with(&[("client_id", ID)])["code"].clone();
        let request = signer.redemption(&world, &code, "once");
        let response = world.send(request);
        assert_tok(&response, 401, "invalid_client");
        assert!(matches!(last_refusal(&world), Refusal::ClientDocument(_)), "{name}");
        publish_at(&mut world, KEYS_AT, &signer.jwks());
        world.now += 5;
        let request = signer.redemption(&world, &code, "once");
        assert_eq!(world.send(request).status, 200, "{name}");
        said.push((response.body, response.headers));
    }
    assert!(said.iter().all(|it| *it == said[0]));
}

/// The page, but for what is drawn for it; and the questions that were asked on the way, since how
/// long something takes says something too.
fn seen(world: &mut World, headers: &[(&str, &str)]) -> (String, String, Vec<&'static str>) {
    let request = crate::world::request(Method::GET, &asking(), headers, "");
    let mut step = world.begin(request);
    let mut questions = Vec::new();
    let reply = loop {
        questions.push(match &step {
            Step::Http(_) => "http",
            Step::Load(_) => "load",
            Step::Swap(_) => "swap",
            Step::Pause(_) => "pause",
            _ => "other",
        });
        match world.advance(step) {
            Ok(next) => step = next,
            Err(reply) => break reply,
        }
    };
    assert!(reply.follow_up.is_none());
    let reference = reply.events.iter().find_map(|event| {
        if let Event::ErrorPageShown { reference } = event { Some(reference.clone()) } else { None }
    });
    let mut page = text(&reply.response);
    if let Some(reference) = reference {
        assert!(page.contains(&reference));
        page = page.replace(&reference, "xxxx-xxxx");
    }
    (page, format!("{} {:?}", reply.response.status, reply.response.headers), questions)
}

#[test]
fn cim_18_every_failure_looks_the_same() {
    for headers in [&[][..], &[("accept", "application/json")]] {
        let all = failures().into_iter().map(|(name, failure)| {
            let mut world = world();
            answer(&mut world, &failure);
            (name, seen(&mut world, headers))
        });
        let all: Vec<_> = all.collect();
        for (name, seen) in &all {
            assert_eq!(*seen, all[0].1, "{name}");
        }
    }
}
