//! The contract of transports can fail: each way to be wrong is caught by the clause that is meant
//! for it, and a client that is right keeps all of them.

#![allow(clippy::unwrap_used, reason = "tests")]

mod client;
mod connection;
mod verify;

use client::{Client, Fault};
use vestibule_conformance::transport::{CLAUSES, Given, check};

fn right(given: Given) -> Client {
    Client::new(given, None)
}

mod a_client_that_is_right {
    vestibule_conformance::transport_contract!(super::right);
}

#[test]
fn a_client_that_is_right_has_a_clean_report() {
    let report = check(&right);
    assert!(report.is_sound(), "{report}");
    assert_eq!(report.not_shown, ["proxies_of_the_environment_are_ignored"]);
    assert_eq!(report.kept.len() + 1, CLAUSES.len());
}

/// Each fault, and the clauses that are there for it.
const CAUGHT: &[(Fault, &[&str])] = &[
    (Fault::SendsMoreThanAsked, &["what_is_sent_and_what_comes_back"]),
    (Fault::FollowsRedirects, &["ups_03_redirects_are_not_followed"]),
    (Fault::DecodesBodies, &["content_codings_are_not_decoded"]),
    (Fault::TakesHalfABody, &["a_body_that_breaks_off_is_no_response"]),
    (Fault::GoesOnWithoutTls, &["what_is_no_tls_and_what_is_no_http"]),
    (Fault::CapsTooEarly, &["a_body_of_exactly_the_cap_is_accepted"]),
    (Fault::WaitsForWhatIsTooLong, &["a_body_that_announces_to_be_too_long_is_not_waited_for"]),
    (Fault::CapsAtTheEnd, &["a_body_that_turns_out_too_long_is_read_no_further"]),
    (
        Fault::DeadlineForEachRead,
        &["a_head_that_drips_meets_the_deadline", "a_body_that_drips_meets_the_deadline"],
    ),
    (Fault::DeadlineForConnectingOnly, &["a_server_that_never_answers_meets_the_deadline"]),
    (
        Fault::DeadlineForTheHeadOnly,
        &["a_body_that_never_ends_meets_the_deadline", "a_body_that_drips_meets_the_deadline"],
    ),
    (Fault::LooksUpWithoutDeadline, &["a_name_that_is_never_resolved_meets_the_deadline"]),
    (Fault::WaitsForTheLookup, &["a_name_that_is_never_resolved_meets_the_deadline"]),
    (
        Fault::SendsAgain,
        &[
            "a_post_is_sent_once_when_the_connection_breaks",
            "a_post_is_sent_once_when_a_kept_connection_breaks",
        ],
    ),
    (Fault::SendsAgainOnKept, &["a_post_is_sent_once_when_a_kept_connection_breaks"]),
    (Fault::KeepsNoConnection, &["connections_are_kept_and_cookies_are_not"]),
    (Fault::KeepsCookies, &["connections_are_kept_and_cookies_are_not"]),
    (
        Fault::NamesTheAddress,
        &[
            "what_a_name_resolves_to_is_connected_to",
            "a_certificate_of_a_trusted_authority_is_accepted",
        ],
    ),
    (Fault::ForgetsWhomToTrust, &["a_certificate_of_a_trusted_authority_is_accepted"]),
    (
        Fault::TrustsEverybody,
        &[
            "ups_26_a_certificate_of_an_unknown_authority_is_refused",
            "ups_26_a_certificate_of_nobody_is_refused",
            "ups_26_a_certificate_of_another_host_is_refused",
            "ups_26_an_expired_certificate_is_refused",
            "ups_26_a_certificate_that_is_not_yet_valid_is_refused",
        ],
    ),
    (Fault::ReadsNoNames, &["ups_26_a_certificate_of_another_host_is_refused"]),
    (
        Fault::ReadsNoDates,
        &[
            "ups_26_an_expired_certificate_is_refused",
            "ups_26_a_certificate_that_is_not_yet_valid_is_refused",
        ],
    ),
    (
        Fault::GoesAnywhere,
        &[
            "cim_04_names_that_resolve_inside_are_refused",
            "cim_05_addresses_that_carry_one_inside_are_refused",
            "cim_06_hosts_that_are_addresses_or_this_machine_are_refused",
            "cim_07_an_answer_with_one_address_inside_is_refused",
            "cim_07_an_answer_is_not_asked_for_again",
            "a_call_from_outside_needs_tls",
        ],
    ),
    (Fault::KnowsNoEmbedding, &["cim_05_addresses_that_carry_one_inside_are_refused"]),
    (Fault::JudgesNoHost, &["cim_06_hosts_that_are_addresses_or_this_machine_are_refused"]),
    (Fault::JudgesTheFirstAddress, &["cim_07_an_answer_with_one_address_inside_is_refused"]),
    (Fault::LeavesOutBadAddresses, &["cim_07_an_answer_with_one_address_inside_is_refused"]),
    (Fault::LooksUpTwice, &["cim_07_an_answer_is_not_asked_for_again"]),
    (Fault::SharesConnections, &["a_connection_to_a_configured_host_serves_no_call_from_outside"]),
    (Fault::GoesOutsideWithoutTls, &["a_call_from_outside_needs_tls"]),
    (Fault::RefusesAllFromOutside, &["cim_07_an_answer_is_not_asked_for_again"]),
];

/// Side by side, since most of them wait.
#[test]
fn each_fault_is_caught_by_the_clause_that_is_meant_for_it() {
    let each = CAUGHT.iter().flat_map(|(fault, clauses)| clauses.iter().map(|it| (*fault, *it)));
    let missed: Vec<_> = std::thread::scope(|threads| {
        let all: Vec<_> = each
            .map(|(fault, clause)| {
                (threads.spawn(move || keeps(fault, clause)), format!("{fault:?} keeps {clause}"))
            })
            .collect();
        all.into_iter()
            .filter_map(|(kept, missed)| kept.join().unwrap().then_some(missed))
            .collect()
    });
    assert!(missed.is_empty(), "{missed:#?}");
}

/// Whether a client keeps a clause in spite of its fault, each time. A machine that stalls for as
/// long as a deadline makes what is wrong look right.
fn keeps(fault: Fault, clause: &str) -> bool {
    let clause = CLAUSES.iter().find(|it| it.name() == clause).unwrap();
    (0..3).all(|_| clause.check(&|given| Client::new(given, Some(fault)), None).unwrap().is_ok())
}

#[test]
fn a_client_that_obeys_proxies_is_caught() {
    asks_the_proxy(Fault::ObeysProxies, "a_client_that_obeys_proxies_is_caught");
}

#[test]
fn a_client_that_obeys_proxies_of_https_is_caught() {
    asks_the_proxy(Fault::ObeysProxiesOfHttps, "a_client_that_obeys_proxies_of_https_is_caught");
}

#[test]
fn a_client_that_obeys_proxies_from_outside_is_caught() {
    asks_the_proxy(
        Fault::ObeysProxiesOutside,
        "a_client_that_obeys_proxies_from_outside_is_caught",
    );
}

/// Runs its test again, as that clause does: what is in the environment there is wrong for this
/// client. Whatever it comes to there, the proxy has seen it.
fn asks_the_proxy(fault: Fault, test: &str) {
    let name = "proxies_of_the_environment_are_ignored";
    let clause = CLAUSES.iter().find(|clause| clause.name() == name).unwrap();
    let outcome = clause.check(&|given| Client::new(given, Some(fault)), Some(test)).unwrap();
    let seen = outcome.unwrap_err().to_string();
    assert!(seen.contains("the proxy was asked"), "{seen}");
}

/// Every clause has somebody who breaks it, but for one that only names a failure. Who breaks the
/// other of the two has a test of its own.
#[test]
fn each_clause_catches_something() {
    let others = ["a_refused_connection", "proxies_of_the_environment_are_ignored"];
    for clause in CLAUSES.iter().filter(|clause| !others.contains(&clause.name())) {
        let caught = CAUGHT.iter().any(|(_, clauses)| clauses.contains(&clause.name()));
        assert!(caught, "{} catches nothing", clause.name());
    }
}
