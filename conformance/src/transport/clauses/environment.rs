//! What the environment says of proxies. It can be set for another process only, so the test runs
//! itself again in one.

use std::process::{Child, Command, Stdio};

use vestibule_core::Unreachable;

use super::reach::{PUBLIC, from_outside};
use super::{FAR, SOON, Trial, expect_body, get};
use crate::again;
use crate::transport::broken::ensure;
use crate::transport::names::{HOST, LOOPBACK, Names};
use crate::transport::tls::{Authority, right};
use crate::transport::{Broken, Peer};

/// The name of the one clause here.
pub(super) const CLAUSE: &str = "proxies_of_the_environment_are_ignored";

/// Says that this process is that other one.
const CHILD: &str = "VESTIBULE_TEST_BEHIND_A_PROXY";

/// Whatever the scheme, and whatever the reach.
pub(super) fn proxies_of_the_environment_are_ignored(trial: &Trial<'_>) -> Result<(), Broken> {
    if std::env::var_os(CHILD).is_some() {
        // Read for its end only: then this process ends too.
        drop(again::lines_of_parent());
        goes_straight(trial)?;
        goes_straight_with_tls(trial)?;
        return goes_straight_outside(trial);
    }
    let test = trial.test.ok_or_else(|| Broken::new("only a test can run itself again"))?;
    let proxy = Peer::new()?;
    let url = proxy.url("/");
    let mut child = Command::new(std::env::current_exe()?);
    child.args(["--exact", test]).env(CHILD, "1");
    for name in ["HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"]
    {
        child.env(name, &url);
    }
    for name in ["NO_PROXY", "no_proxy", "REQUEST_METHOD"] {
        child.env_remove(name);
    }
    child.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = child.spawn()?;
    let said = all_said(&mut child);
    if said.is_err() {
        child.kill()?;
    }
    let status = child.wait()?;
    // Whoever comes, with a request or with anything else, is a call that went to the proxy. It has
    // no answer: the call fails, and is noticed here.
    let nobody = proxy.expect_nobody_else();
    ensure!(nobody.is_ok(), "the proxy was asked: {nobody:?}");
    let said = said?;
    ensure!(status.success() && said.contains("1 passed"), "{said}");
    Ok(())
}

fn all_said(child: &mut Child) -> Result<String, Broken> {
    let output = child.stdout.take().ok_or_else(|| Broken::new("a process without output"))?;
    let (lines, mut said) = (again::lines_of_child(output), String::new());
    let hung = |error| Broken::new(format!("the test, run again, cannot be heard: {error}"));
    while let Some(line) = again::next(&lines).map_err(hung)? {
        said += &line;
    }
    Ok(said)
}

fn goes_straight(trial: &Trial<'_>) -> Result<(), Broken> {
    let peer = Peer::new()?;
    let mut call = get(&peer.url("/"))?;
    call.deadline = FAR / 10;
    let script =
        peer.run(|peer| peer.answer_once("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"));
    expect_body(trial.transport().http(call), "ok")?;
    script.end()?;
    Ok(())
}

fn goes_straight_with_tls(trial: &Trial<'_>) -> Result<(), Broken> {
    let (trusted, peer) = (Authority::new("trusted")?, Peer::new()?);
    let mut call = get(&peer.https(HOST))?;
    call.deadline = FAR / 10;
    let script = trusted.issue(&right()?)?.serve(peer);
    let transport = trial.trusting(&Names::all(&[LOOPBACK]), &trusted.certificate);
    expect_body(transport.http(call), "ok")?;
    drop(transport);
    script.end()?;
    Ok(())
}

/// Nobody is there, and whoever would ask a proxy does so at once.
fn goes_straight_outside(trial: &Trial<'_>) -> Result<(), Broken> {
    let mut call = from_outside(&format!("https://{HOST}/"))?;
    call.deadline = SOON;
    let outcome = trial.with_names(&Names::all(&[PUBLIC])).http(call);
    let tried = matches!(outcome, Err(Unreachable::Connection | Unreachable::Deadline));
    ensure!(tried, "{outcome:?} of an address that is public and nobody's");
    Ok(())
}
