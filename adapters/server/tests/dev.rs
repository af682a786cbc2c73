//! `vestibule dev`: on loopback addresses, for its own `Host`, with all it needs inside.

#![allow(clippy::unwrap_used, reason = "tests")]

mod support;

use std::net::TcpListener;

use support::{Running, get, header, run, send, vestibule};

/// Both of its addresses.
fn start() -> (Running, String, String) {
    let mut running = Running::start(&mut vestibule(&["dev", "--listen", "127.0.0.1:0"]));
    let idp = running.line_after("Identity provider").replace("http://", "");
    let address = running.address.clone();
    (running, address, idp)
}

#[test]
fn it_says_what_to_open_and_ends_cleanly() {
    let mut running = Running::start(&mut vestibule(&["dev", "--listen", "127.0.0.1:0"]));
    let issuer = format!("http://{}", running.address);
    assert_eq!(running.ready, format!("listening on {} (issuer {issuer})", running.address));
    assert_eq!(running.line_after("Open"), format!("{issuer}/"));
    running.signal("TERM");
    assert_eq!(running.end().status.code(), Some(0));
}

#[test]
fn a_resource_of_ones_own_gets_tokens_too() {
    let own = "http://127.0.0.1:9/mcp";
    let mut command = vestibule(&["dev", "--listen", "127.0.0.1:0", "--resource", own]);
    let mut running = Running::start(command.args(["--scope", "notes:read"]));
    assert_eq!(running.line_after("Your resource"), own);
    let address = running.address.clone();
    let metadata = get(&address, &address, "/.well-known/oauth-authorization-server");
    assert!(metadata.contains(&format!("\"{own}\"")) && metadata.contains("\"notes:read\""));
}

#[test]
fn what_is_no_resource_or_scope_is_told() {
    for (wrong, why) in [
        (&["--resource", "mcp"][..], "must be an absolute http or https URI"),
        (&["--resource", "https://a.test/", "--scope", "a b"], "\"a b\" is no scope"),
        (&["--scope", "a"], "--resource <URI>"),
    ] {
        let mut command = vestibule(&["dev", "--listen", "127.0.0.1:0"]);
        let ran = run(command.args(wrong));
        assert!(!ran.status.success() && ran.stderr.contains(why), "{}", ran.stderr);
    }
}

#[test]
fn htt_22_both_listeners_answer_their_own_host_only() {
    let (_running, vestibule, idp) = start();
    for (own, other) in [(&vestibule, &idp), (&idp, &vestibule)] {
        assert!(get(own, own, "/").starts_with("HTTP/1.1 200 "));
        for host in ["attacker.test", "localhost", other] {
            for path in ["/", "/health", "/.well-known/oauth-authorization-server", "/userinfo"] {
                let answer = get(own, host, path);
                assert!(answer.starts_with("HTTP/1.1 421 Misdirected Request\r\n"), "{answer}");
            }
        }
    }
}

#[test]
fn htt_22_a_request_that_names_two_hosts_or_none_is_not_answered() {
    let (_running, vestibule, _) = start();
    let heads = [
        format!(
            "GET / HTTP/1.1\r\nHost: {vestibule}\r\nHost: attacker.test\r\nConnection: close\r\n\r\n"
        ),
        format!(
            "GET http://attacker.test/ HTTP/1.1\r\nHost: {vestibule}\r\nConnection: close\r\n\r\n"
        ),
        "GET / HTTP/1.1\r\nConnection: close\r\n\r\n".to_owned(),
    ];
    for head in heads {
        let answer = send(&vestibule, &head);
        assert!(
            answer.starts_with("HTTP/1.1 421 ") || answer.starts_with("HTTP/1.1 400 "),
            "{answer}"
        );
    }
}

#[test]
fn the_try_page_loads_nothing_from_elsewhere() {
    let (_running, vestibule, _) = start();
    let page = get(&vestibule, &vestibule, "/");
    let policy = header(&page, "content-security-policy");
    assert!(
        policy.contains("default-src 'none'") && policy.contains("script-src 'self'"),
        "{policy}"
    );
    assert!(!policy.contains("unsafe") && !page.contains("https://"), "{page}");
    for path in ["/try.js", "/dev/page.css", "/dev/icon.svg", "/health"] {
        let answer = get(&vestibule, &vestibule, path);
        assert!(answer.starts_with("HTTP/1.1 200 "), "{path}: {answer}");
    }
}

#[test]
fn it_listens_on_loopback_addresses_only() {
    for argument in ["--listen", "--idp-listen"] {
        let ran = run(&mut vestibule(&["dev", argument, "0.0.0.0:0"]));
        assert_eq!(ran.status.code(), Some(2));
        assert!(ran.stderr.contains("loopback"), "{}", ran.stderr);
    }
}

#[test]
fn a_port_that_is_taken_is_told_with_its_mend() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let ran = run(&mut vestibule(&["dev", "--listen", &address]));
    assert_eq!(ran.status.code(), Some(1));
    assert!(
        ran.stderr.contains(&address) && ran.stderr.contains("--listen 127.0.0.1:0"),
        "{}",
        ran.stderr
    );
}
