//! Calls whose URL came from outside. A listener waits on 127.0.0.1 for whoever goes where it must
//! not; what it is refused for elsewhere, where no test may listen, is said by the outcome.

use std::net::{IpAddr, Ipv6Addr};

use vestibule_core::{HttpCall, Reach, Unreachable};

use super::{NEAR, SOON, Trial, expect_body, expect_failure, get};
use crate::transport::broken::ensure;
use crate::transport::names::{HOST, LOOPBACK, Names};
use crate::transport::tls::{Authority, right};
use crate::transport::{Broken, Peer};

/// Public, and nobody's: it was the 6bone's (RFC 3701) and goes nowhere.
pub(super) const PUBLIC: IpAddr = IpAddr::V6(Ipv6Addr::new(0x3ffe, 0, 0, 0, 0, 0, 0, 1));

pub(super) fn cim_04_names_that_resolve_inside_are_refused(
    trial: &Trial<'_>,
) -> Result<(), Broken> {
    refused(
        trial,
        &[
            "127.0.0.1",
            "0.0.0.0",
            "::1",
            "::",
            "127.255.255.254",
            "0.1.2.3",
            "10.0.0.1",
            "100.64.0.1",
            "169.254.169.254",
            "172.16.0.1",
            "192.0.0.1",
            "192.168.0.1",
            "198.18.0.1",
            "224.0.0.1",
            "255.255.255.255",
            "fc00::1",
            "fd00:ec2::254",
            "fe80::1",
            "fec0::1",
            "ff02::1",
        ],
    )
}

pub(super) fn cim_05_addresses_that_carry_one_inside_are_refused(
    trial: &Trial<'_>,
) -> Result<(), Broken> {
    refused(
        trial,
        &[
            // IPv4-mapped, IPv4-compatible, NAT64, 6to4, Teredo, ISATAP.
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "::127.0.0.1",
            "64:ff9b::127.0.0.1",
            "64:ff9b::10.0.0.1",
            "64:ff9b:1::10.0.0.1",
            "2002:7f00:1::",
            "2002:a9fe:a9fe::1",
            "2001:0:7f00:1::80ff:fffe",
            "2a00::5efe:10.0.0.1",
            "2a00::200:5efe:10.0.0.1",
        ],
    )
}

fn refused(trial: &Trial<'_>, addresses: &[&str]) -> Result<(), Broken> {
    let peer = Peer::new()?;
    for address in addresses {
        let names = Names::all(&[address.parse()?]);
        let outcome = trial.with_names(&names).http(from_outside(&peer.https(HOST))?);
        peer.expect_nobody_else()?;
        expect_failure(outcome, Unreachable::NotPermitted, address)?;
    }
    Ok(())
}

/// Addresses are not resolved, and what is called localhost is refused whatever it resolves to.
pub(super) fn cim_06_hosts_that_are_addresses_or_this_machine_are_refused(
    trial: &Trial<'_>,
) -> Result<(), Broken> {
    let peer = Peer::new()?;
    let names = Names::all(&[PUBLIC]);
    let transport = trial.with_names(&names);
    for host in [
        "127.0.0.1",
        "127.1",
        "2130706433",
        "017700000001",
        "0x7f.0x0.0x0.0x1",
        "0",
        "0.0.0.0",
        "127.0.0.1.",
        "%31%32%37.0.0.1",
        "１２７.0.0.1",
        "10.0.0.1",
        "169.254.169.254",
        "[::1]",
        "[::]",
        "[::ffff:127.0.0.1]",
        "[::127.0.0.1]",
        "[64:ff9b::7f00:1]",
        "[2002:7f00:1::]",
        "[2a00::5efe:127.0.0.1]",
        "[fe80::1]",
        "localhost",
        "LOCALHOST",
        "localhost.",
        "idp.localhost",
        "idp.localhost.",
        "idp.test.",
    ] {
        let outcome = transport.http(from_outside(&peer.https(host))?);
        peer.expect_nobody_else()?;
        expect_failure(outcome, Unreachable::NotPermitted, host)?;
    }
    ensure!(names.asked().is_empty(), "asked for {:?}", names.asked());
    Ok(())
}

pub(super) fn cim_07_an_answer_with_one_address_inside_is_refused(
    trial: &Trial<'_>,
) -> Result<(), Broken> {
    let peer = Peer::new()?;
    // More of them than a transport might look at.
    let last_of_many = [vec![PUBLIC; 40], vec![LOOPBACK]].concat();
    for answer in [vec![LOOPBACK, PUBLIC], vec![PUBLIC, LOOPBACK], last_of_many] {
        let outcome = trial.with_names(&Names::all(&answer)).http(from_outside(&peer.https(HOST))?);
        peer.expect_nobody_else()?;
        expect_failure(outcome, Unreachable::NotPermitted, "one address of several")?;
    }
    Ok(())
}

/// DNS rebinding: an answer to be judged, and another to connect to.
pub(super) fn cim_07_an_answer_is_not_asked_for_again(trial: &Trial<'_>) -> Result<(), Broken> {
    let peer = Peer::new()?;
    let names = Names::in_turn([vec![PUBLIC], vec![LOOPBACK]]);
    let transport = trial.with_names(&names);
    let mut call = from_outside(&peer.https(HOST))?;
    // There may be no answer at all from there, and the resolver is to be asked before.
    call.deadline = SOON;
    let outcome = transport.http(call);
    peer.expect_nobody_else()?;
    // Nobody is there, and there may be no way there.
    let tried = matches!(outcome, Err(Unreachable::Connection | Unreachable::Deadline));
    ensure!(tried, "{outcome:?} of an address that is public and nobody's");
    ensure!(names.asked() == [HOST], "asked for {:?}", names.asked());

    let outcome = transport.http(from_outside(&peer.https(HOST))?);
    peer.expect_nobody_else()?;
    expect_failure(outcome, Unreachable::NotPermitted, "the next answer")
}

pub(super) fn a_connection_to_a_configured_host_serves_no_call_from_outside(
    trial: &Trial<'_>,
) -> Result<(), Broken> {
    let trusted = Authority::new("trusted")?;
    for later in [LOOPBACK, PUBLIC] {
        let peer = Peer::new()?;
        let url = peer.https(HOST);
        let script = trusted.issue(&right()?)?.serve(peer);
        let names = Names::in_turn([vec![LOOPBACK], vec![later]]);
        let transport = trial.trusting(&names, &trusted.certificate);
        expect_body(transport.http(get(&url)?), "ok")?;
        let mut call = from_outside(&url)?;
        if later == PUBLIC {
            call.deadline = NEAR;
        }
        let outcome = transport.http(call);
        // Before its kept connection is closed, somebody else may have come.
        drop(transport);
        let visit = script.end()?;
        ensure!(visit.requests.len() == 1, "it came over the connection that was kept");
        visit.peer.expect_nobody_else()?;
        ensure!(outcome.is_err(), "{outcome:?} of nobody");
    }
    Ok(())
}

pub(super) fn a_call_from_outside_needs_tls(trial: &Trial<'_>) -> Result<(), Broken> {
    let peer = Peer::new()?;
    let names = Names::all(&[PUBLIC]);
    let transport = trial.with_names(&names);
    for url in [format!("http://{HOST}:{}/", peer.port()), peer.url("/")] {
        let outcome = transport.http(from_outside(&url)?);
        expect_failure(outcome, Unreachable::NotPermitted, "a URL of http")?;
    }
    peer.expect_nobody_else()?;
    ensure!(names.asked().is_empty(), "asked for {:?}", names.asked());
    Ok(())
}

pub(super) fn from_outside(url: &str) -> Result<HttpCall, Broken> {
    let mut call = get(url)?;
    call.reach = Reach::PublicAddresses;
    Ok(call)
}
