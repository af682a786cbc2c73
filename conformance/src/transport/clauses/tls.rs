//! Whom a transport believes to be whom it asks. Each certificate that is refused differs in one
//! thing from the one that is accepted.

use vestibule_core::Unreachable;

use super::{Trial, expect_body, expect_failure, post};
use crate::transport::broken::ensure;
use crate::transport::names::{HOST, LOOPBACK, Names};
use crate::transport::tls::{Authority, Shown, expired, not_yet_valid, of, right, self_signed};
use crate::transport::{Broken, Peer};

pub(super) fn a_certificate_of_a_trusted_authority_is_accepted(
    trial: &Trial<'_>,
) -> Result<(), Broken> {
    let (trusted, names) = (Authority::new("trusted")?, Names::all(&[LOOPBACK]));
    let peer = Peer::new()?;
    let host = format!("{HOST}:{}", peer.port());
    let call = post(&peer.https(HOST), "secret")?;
    let script = trusted.issue(&right()?)?.serve(peer);
    let transport = trial.trusting(&names, &trusted.certificate);
    expect_body(transport.http(call), "ok")?;
    // Its connection is kept open until it goes.
    drop(transport);
    let visit = script.end()?;
    ensure!(visit.asked_for.as_deref() == Some(HOST), "the server name is {:?}", visit.asked_for);
    let request = visit.requests.concat().to_lowercase();
    ensure!(request.contains(&format!("\r\nhost: {host}\r\n")), "not to {host}: {request}");
    ensure!(names.asked() == [HOST], "asked for {:?}", names.asked());
    Ok(())
}

pub(super) fn ups_26_a_certificate_of_an_unknown_authority_is_refused(
    trial: &Trial<'_>,
) -> Result<(), Broken> {
    let trusted = Authority::new("trusted")?;
    // Even under the name of one that is known.
    refused(trial, &trusted, Authority::new("trusted")?.issue(&right()?)?)?;
    // And one that is known to others is not known to a transport that was told of nobody.
    let (names, peer) = (Names::all(&[LOOPBACK]), Peer::new()?);
    let call = post(&peer.https(HOST), "secret")?;
    let script = trusted.issue(&right()?)?.serve(peer);
    let outcome = trial.with_names(&names).http(call);
    expect_failure(outcome, Unreachable::Connection, "an authority that is not trusted")?;
    ensure!(script.end()?.requests.is_empty(), "the request was sent all the same");
    Ok(())
}

pub(super) fn ups_26_a_certificate_of_nobody_is_refused(trial: &Trial<'_>) -> Result<(), Broken> {
    refused(trial, &Authority::new("trusted")?, self_signed(&right()?)?)
}

pub(super) fn ups_26_a_certificate_of_another_host_is_refused(
    trial: &Trial<'_>,
) -> Result<(), Broken> {
    let trusted = Authority::new("trusted")?;
    // Beside it, above it, below it, and the address that it resolves to.
    for host in ["other.test", "test", "www.idp.test", "*.idp.test", "127.0.0.1"] {
        refused(trial, &trusted, trusted.issue(&of(host)?)?)?;
    }
    Ok(())
}

pub(super) fn ups_26_an_expired_certificate_is_refused(trial: &Trial<'_>) -> Result<(), Broken> {
    let trusted = Authority::new("trusted")?;
    refused(trial, &trusted, trusted.issue(&expired()?)?)
}

pub(super) fn ups_26_a_certificate_that_is_not_yet_valid_is_refused(
    trial: &Trial<'_>,
) -> Result<(), Broken> {
    let trusted = Authority::new("trusted")?;
    refused(trial, &trusted, trusted.issue(&not_yet_valid()?)?)
}

/// The call fails, and the server never sees what it was to say.
fn refused(trial: &Trial<'_>, trusted: &Authority, shown: Shown) -> Result<(), Broken> {
    let peer = Peer::new()?;
    let call = post(&peer.https(HOST), "secret")?;
    let script = shown.serve(peer);
    let transport = trial.trusting(&Names::all(&[LOOPBACK]), &trusted.certificate);
    let outcome = transport.http(call);
    drop(transport);
    expect_failure(outcome, Unreachable::Connection, "a bad certificate")?;
    let visit = script.end()?;
    ensure!(visit.requests.is_empty(), "the request was sent all the same");
    visit.peer.expect_nobody_else()
}
