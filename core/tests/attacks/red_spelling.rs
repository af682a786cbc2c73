//! Other spellings of a redirect URI: comparison is of bytes (RFC 9700 §4.1.3), at both endpoints.

use crate::expect::{local400, tok};
use crate::world::{APP, World, authorize_with, redemption};

/// Refused at authorize; and a code that was issued for the right one is not redeemed with it.
fn refused_at_both_endpoints(spellings: &[&str]) {
    let mut world = World::new();
    let code = world.until_code()["code"].clone();
    for uri in spellings {
        local400(&mut world, &authorize_with(&[("redirect_uri", uri)]));
        tok(&mut world, redemption(&code, &[("redirect_uri", uri)]), "invalid_grant");
    }
    assert_eq!(world.redeem_with(&code, &[("redirect_uri", APP)]).status, 200);
}

#[test]
fn red_05_another_case_of_scheme_or_host_is_another_uri() {
    refused_at_both_endpoints(&[
        "HTTPS://APP.TEST/cb",
        "HTTPS://app.test/cb",
        "https://APP.test/cb",
        "https://app.Test/cb",
    ]);
}

#[test]
fn red_06_the_default_port_in_words_is_another_uri() {
    refused_at_both_endpoints(&["https://app.test:443/cb", "https://app.test:0443/cb"]);
}
