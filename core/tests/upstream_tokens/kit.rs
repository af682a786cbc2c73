//! A world whose provider's tokens are kept and live for an hour.

use serde_json::Value;
use vestibule_core::{
    Config, EndpointUrl, Event, Principal, Refusal, Timestamp, UpstreamAccessToken,
};

use crate::world::upstream::Answer;
use crate::world::{World, config, resource_request};

pub(crate) const HOUR: u64 = 3600;

pub(crate) fn keeping() -> Config {
    let mut config = config();
    let provider = &mut config.providers[0];
    provider.keep_tokens = true;
    let revoke = EndpointUrl::parse("https://idp.test/revoke").unwrap();
    provider.metadata_mut().unwrap().revocation_endpoint = Some(revoke);
    config
}

pub(crate) fn says(body: &str) -> Answer {
    Answer::Says(200, body.to_owned())
}

pub(crate) fn start() -> World {
    of(keeping())
}

pub(crate) fn of(config: Config) -> World {
    let mut world = World::of(config);
    world.upstream.token = says(
        r#"{"access_token":"upstream-access","token_type":"Bearer",
        "refresh_token":"upstream-refresh","expires_in":3600,"scope":"profile"}"#,
    );
    world.upstream.refresh = rotating();
    world
}

pub(crate) fn rotating() -> Answer {
    says(
        r#"{"access_token":"renewed-access-{n}","token_type":"Bearer",
        "refresh_token":"renewed-refresh-{n}","expires_in":3600}"#,
    )
}

pub(crate) fn refresh_token(tokens: &Value) -> String {
    tokens["refresh_token"].as_str().unwrap().to_owned()
}

pub(crate) fn access_token(tokens: &Value) -> String {
    tokens["access_token"].as_str().unwrap().to_owned()
}

pub(crate) fn principal(world: &World, tokens: &Value) -> Principal {
    let now = Timestamp::from_seconds(world.now);
    world.server.authenticate(&resource_request(&access_token(tokens)), now).unwrap()
}

pub(crate) fn ask(
    world: &mut World,
    principal: &Principal,
) -> Result<UpstreamAccessToken, Refusal> {
    let tick = world.tick();
    let step = world.server.upstream_token(principal, tick);
    world.finish(step)
}

/// The text of the token that the application gets.
pub(crate) fn asked(world: &mut World, principal: &Principal) -> Result<String, Refusal> {
    ask(world, principal).map(|token| token.expose().to_owned())
}

/// A world with a grant, and the principal of its living access token an hour later: the upstream
/// token is over then, and ours is not.
pub(crate) fn an_hour_later() -> (World, Value, Principal) {
    let mut config = keeping();
    config.lifetimes.access = std::time::Duration::from_secs(2 * HOUR);
    let mut world = of(config);
    let tokens = world.until_tokens();
    let principal = principal(&world, &tokens);
    world.pass(HOUR);
    (world, tokens, principal)
}

pub(crate) fn names(world: &World) -> Vec<&'static str> {
    world.events.iter().map(Event::name).collect()
}
