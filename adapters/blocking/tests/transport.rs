//! ureq under the contract of a transport, the same that reqwest runs.

#![allow(clippy::unwrap_used, reason = "tests")]

#[macro_use]
#[path = "../../hyper/tests/contract/mod.rs"]
mod contract;
#[path = "../../hyper/tests/sign_in/mod.rs"]
mod sign_in;

use contract::Http;
use vestibule_blocking::UreqTransport;
use vestibule_core::drive::blocking::Transport;

fn with_ureq(clause: impl FnOnce(Http<'_>)) {
    let transport = UreqTransport::new();
    clause(&|call| transport.http(call));
}

contract! { with_ureq:
    what_is_sent_and_what_comes_back,
    ups_03_redirects_are_not_followed,
    a_body_of_exactly_the_cap_is_accepted,
    a_body_that_announces_to_be_too_long_is_not_waited_for,
    a_body_that_turns_out_too_long_is_read_no_further,
    a_server_that_never_answers_meets_the_deadline,
    a_body_that_never_ends_meets_the_deadline,
    a_body_that_breaks_off_is_no_response,
    a_post_is_sent_once_when_the_connection_breaks,
    a_post_is_sent_once_when_a_kept_connection_breaks,
    connections_are_kept_and_cookies_are_not,
    content_codings_are_not_decoded,
    a_refused_connection,
    what_is_no_tls_and_what_is_no_http,
    public_addresses_only_are_not_permitted,
    proxies_of_the_environment_are_ignored,
}
