//! Scopes that the operator takes away from a resource after a person agreed to them.

use vestibule_core::{Config, Fault, Resource, Server};

use crate::expect::member;
use crate::world::{
    Browser, RES, World, authorize_with, claims_of, config, json_of, location, query_of,
};

fn config_with(scopes: &[&str]) -> Config {
    let mut config = config();
    let scopes = scopes.iter().map(|scope| (*scope).to_owned()).collect();
    config.resources = vec![Resource::new(RES, scopes).unwrap()];
    config
}

/// What a person agreed to becomes less and never something else: not in a code, not at a refresh, and
/// not in a page or a sign-in that was on its way. The default is for a request that names none.
#[test]
fn aud_13_a_scope_that_is_gone_is_not_replaced_by_others() {
    let mut world = World::of(config_with(&["mcp:read", "mcp:write"]));
    let asked = [("scope", "mcp:read")];
    let code = world.until_code_with(&asked)["code"].clone();
    let redeemed = world.until_code_with(&asked)["code"].clone();
    let refresh_token = member(&json_of(&world.redeem(&redeemed)), "refresh_token");
    let mut on_the_page = Browser::default();
    let page = on_the_page.get(&mut world, &authorize_with(&asked));
    let mut on_the_way = Browser::default();
    let callback = on_the_way.until_callback(&mut world, &authorize_with(&asked));

    let mut world = world.reconfigured(config_with(&["mcp:write", "mcp:admin"]));
    let upstream = on_the_page.press(&mut world, &page, ("provider", "idp"));
    let upstream = location(&upstream.headers).unwrap().to_owned();
    let said = [("code", "upstream-code")];
    let of_the_page = crate::world::browser::callback_of(&upstream, &said);
    let mut answers = vec![world.redeem(&code), world.refresh(&refresh_token)];
    for (mut browser, callback) in [(on_the_page, of_the_page), (on_the_way, callback)] {
        let back = browser.get(&mut world, &callback);
        let code = query_of(location(&back.headers).unwrap())["code"].clone();
        answers.push(world.redeem(&code));
    }
    for answer in answers {
        let tokens = json_of(&answer);
        assert!(tokens.get("scope").is_none(), "{tokens}");
        let claims = claims_of(&member(&tokens, "access_token"));
        assert!(claims.get("scope").is_none(), "{claims}");
    }
}

/// Nobody can be granted what would imply it, or it.
#[test]
fn a_hierarchy_of_scopes_that_are_none_is_a_fault() {
    for (scope, implied) in [("mcp:reed", "mcp:read"), ("mcp:read", "mcp:reed")] {
        let mut config = config_with(&["mcp:read"]);
        config.resources[0].implies = [(scope.to_owned(), vec![implied.to_owned()])].into();
        let invalid = Server::new(config).unwrap_err();
        assert_eq!(invalid.faults[0].key, "resource[0].scopes");
        let scope = "mcp:reed".to_owned();
        assert_eq!(invalid.faults[0].fault, Fault::ImpliesNothing { scope });
    }
}
