//! What the environment says of proxies. It can be set for another process only, so the test runs
//! itself again in one.

use std::process::Command;

use super::{FAR, Trial, expect_body, get};
use crate::transport::broken::ensure;
use crate::transport::{Broken, Peer};

/// The name of the one clause here.
pub(super) const CLAUSE: &str = "proxies_of_the_environment_are_ignored";

/// Says that this process is that other one.
const CHILD: &str = "VESTIBULE_TEST_BEHIND_A_PROXY";

pub(super) fn proxies_of_the_environment_are_ignored(trial: &Trial<'_>) -> Result<(), Broken> {
    if std::env::var_os(CHILD).is_some() {
        return goes_straight(trial);
    }
    let test = trial.test.ok_or_else(|| Broken::new("only a test can run itself again"))?;
    let proxy = Peer::new()?;
    let url = proxy.url("/");
    let seen = proxy
        .serve(|_| Some("HTTP/1.1 502 Proxy\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"));
    let mut child = Command::new(std::env::current_exe()?);
    child.args(["--exact", test]).env(CHILD, "1");
    for name in ["HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"]
    {
        child.env(name, &url);
    }
    for name in ["NO_PROXY", "no_proxy", "REQUEST_METHOD"] {
        child.env_remove(name);
    }
    let output = child.output()?;
    ensure!(seen.so_far().is_empty(), "the proxy was asked: {:?}", seen.so_far());
    let said = String::from_utf8_lossy(&output.stdout);
    ensure!(output.status.success() && said.contains("1 passed"), "{said}");
    Ok(())
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
