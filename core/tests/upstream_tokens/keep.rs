//! What is in the record, and what is not.

use serde_json::json;
use vestibule_core::provider::Provider;
use vestibule_core::{MapFailure, MapUser, Mapped, Occasion, Refusal};

use crate::kit::{HOUR, ask, asked, keeping, of, principal, refresh_token, rotating, start};
use crate::world::{World, claims_of, config, error_of, json_of, text};

#[test]
fn tokens_are_kept_where_the_provider_says_so_and_nowhere_else() {
    let mut world = start();
    let tokens = world.until_tokens();
    let who = principal(&world, &tokens);
    assert_eq!(asked(&mut world, &who).unwrap(), "upstream-access");

    let mut world = of(config());
    let tokens = world.until_tokens();
    let who = principal(&world, &tokens);
    assert_eq!(ask(&mut world, &who).unwrap_err(), Refusal::UpstreamTokenNotKept);
}

#[test]
fn what_is_kept_is_sealed_and_a_tombstone_is_empty() {
    let mut world = start();
    let bytes = |world: &World| world.store.only_record().1.bytes.to_vec();
    let holds = |bytes: &[u8]| bytes.windows(8).any(|window| window == b"upstream");
    let tokens = world.until_tokens();
    let before = bytes(&world);
    assert!(!holds(&before), "it can be read");
    world.revoke(&refresh_token(&tokens));
    assert!(bytes(&world).len() < 100, "ids and times only");
}

#[test]
fn tokens_that_do_not_fit_into_a_record_are_a_refusal_and_nothing_is_kept() {
    let mut world = start();
    let long = "a".repeat(16 * 1024);
    let token = json!({
        "access_token": long, "refresh_token": long, "token_type": "Bearer", "expires_in": 3600,
    });
    world.upstream.token = crate::kit::says(&token.to_string());
    let query = crate::world::query_of(
        &crate::world::Browser::default()
            .until_redirect(&mut world, &crate::world::authorize_with(&[])),
    );
    assert_eq!((&*query["error"], world.store.len()), ("server_error", 0));
}

#[test]
fn a_provider_that_is_no_longer_to_keep_them_is_not_asked_any_more() {
    let mut world = start();
    let tokens = world.until_tokens();
    world.pass(HOUR);
    let mut off = keeping();
    off.providers[0].keep_tokens = false;
    let mut gone = keeping();
    gone.providers.retain(|provider: &Provider| provider.id.as_str() != "idp");
    for (config, status) in [(off, 200), (gone, 400)] {
        let mut world = world.reconfigured(config);
        assert_eq!(world.refresh(&refresh_token(&tokens)).status, status);
        assert!(world.upstream.refreshes().is_empty());
    }
}

/// Neither in a body or a header field, nor inside a token of ours.
#[test]
fn aud_11_no_answer_to_a_client_has_anything_of_them() {
    let mut world = start();
    let mut answers = Vec::new();
    let code = world.until_code()["code"].clone();
    answers.push(world.redeem(&code));
    for _ in 0..2 {
        let token = refresh_token(&json_of(&answers[answers.len() - 1]));
        world.pass(HOUR);
        answers.push(world.refresh(&token));
    }
    assert_eq!(world.upstream.refreshes().len(), 2);
    let mut said: String =
        answers.iter().map(|it| format!("{} {:?}", text(it), it.headers)).collect();
    for answer in &answers {
        let claims = claims_of(json_of(answer)["access_token"].as_str().unwrap());
        said.push_str(&claims.to_string());
    }
    assert!(said.contains("idp:alice"), "claims are looked at");
    assert!(!said.contains("upstream-") && !said.contains("renewed-"), "{said}");
}

fn mapped(map: &MapUser) -> Result<Mapped, MapFailure> {
    let Some(tokens) = &map.upstream_tokens else { panic!("they are kept") };
    let told = json!({
        "id_token": tokens.id_token.is_some(), "left": tokens.expires_in.map(|it| it.as_secs()),
        "fresh": tokens.access_token.matches("renewed-access-1"), "scope_": tokens.scope,
    });
    let serde_json::Value::Object(claims) = told else { panic!() };
    Ok(Mapped::Claims(claims))
}

#[test]
fn the_mapper_has_them_at_a_refresh_too() {
    let mut config = keeping();
    config.map_users = true;
    let mut world = of(config);
    world.mapper = mapped;
    let tokens = world.until_tokens();
    world.pass(HOUR);
    let refreshed = json_of(&world.refresh(&refresh_token(&tokens)));
    let claims = claims_of(refreshed["access_token"].as_str().unwrap());
    assert_eq!((&claims["fresh"], &claims["left"]), (&json!(true), &json!(3600)));
    assert_eq!((&claims["id_token"], &claims["scope_"]), (&json!(false), &json!("profile")));
}

/// The newest, one that was replaced, and one of which no more than a mark is left.
#[test]
fn aud_11_tokens_that_rotated_are_not_passed_through_either() {
    fn admits(_: &MapUser) -> Result<Mapped, MapFailure> {
        Ok(Mapped::default())
    }
    fn leaks(map: &MapUser) -> Result<Mapped, MapFailure> {
        let mut claims = serde_json::Map::new();
        assert_eq!(map.occasion, Occasion::Refresh);
        claims.insert("x".to_owned(), json!(map.user.name));
        Ok(Mapped::Claims(claims))
    }
    let leaked =
        ["renewed-access-2", "renewed-refresh-2", "renewed-access-1", "upstream-refresh", "own"];
    for leak in leaked {
        let mut config = keeping();
        config.map_users = true;
        let mut world = of(config);
        let user = json!({ "sub": "alice", "name": leak });
        world.upstream.user = crate::kit::says(&user.to_string());
        world.upstream.refresh = rotating();
        world.mapper = admits;
        let mut token = refresh_token(&world.until_tokens());
        for _ in 0..2 {
            world.pass(HOUR);
            token = refresh_token(&json_of(&world.refresh(&token)));
        }
        world.mapper = leaks;
        let answer = world.refresh(&token);
        match leak {
            "own" => assert_eq!(answer.status, 200, "{}", text(&answer)),
            _ => assert_eq!(error_of(&answer), (503, "server_error".to_owned()), "{leak}"),
        }
    }
}
