//! `vestibule serve`: says when it is ready, answers, logs, and ends when it is told to.

#![allow(clippy::unwrap_used, reason = "tests")]

mod support;

use support::served::{CONFIGURATION, start, start_with};
use support::{get, header};

#[test]
fn it_says_when_it_is_ready_and_ends_cleanly() {
    for signal in ["TERM", "INT"] {
        let (running, _folder) = start(&[]);
        let ready = format!("listening on {} (issuer https://auth.example.com)", running.address);
        assert_eq!(running.ready, ready);
        running.signal(signal);
        let ran = running.end();
        assert_eq!((ran.status.code(), ran.stdout.as_str()), (Some(0), ""), "{}", ran.stderr);
    }
}

#[test]
fn health_is_answered_and_not_cached() {
    let (running, _folder) = start(&[]);
    let answer = get(&running.address, "auth.example.com", "/health");
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
    assert!(answer.ends_with("\r\n\r\n{\"status\":\"ok\"}"), "{answer}");
    assert_eq!(header(&answer, "cache-control"), "no-store");
    assert_eq!(header(&answer, "x-content-type-options"), "nosniff");
}

#[test]
fn htt_19_health_refuses_other_methods_as_all_endpoints_do() {
    let (running, _folder) = start(&[]);
    let ask = |method: &str, path: &str| {
        let head = format!(
            "{method} {path} HTTP/1.1\r\nHost: auth.example.com\r\nConnection: close\r\n\r\n"
        );
        support::send(&running.address, &head)
    };
    for method in ["POST", "PUT", "DELETE", "PATCH", "TRACE", "OPTIONS", "BREW"] {
        let answer = ask(method, "/health");
        assert!(answer.starts_with("HTTP/1.1 405 Method Not Allowed\r\n"), "{answer}");
        assert_eq!(header(&answer, "allow"), "GET, HEAD");
        if method != "OPTIONS" {
            let cores = ask(method, "/.well-known/oauth-authorization-server");
            for name in ["content-type", "cache-control", "x-content-type-options"] {
                assert_eq!(header(&answer, name), header(&cores, name), "{method}");
            }
            let body = |answer: &str| answer.split_once("\r\n\r\n").unwrap().1.to_owned();
            assert_eq!(body(&answer), body(&cores), "{method}");
        }
    }
    let head = ask("HEAD", "/health");
    assert!(head.starts_with("HTTP/1.1 200 OK\r\n") && head.ends_with("\r\n\r\n"), "{head}");
}

#[test]
fn htt_22_a_loopback_issuer_answers_its_own_host_only() {
    for issuer in ["http://127.0.0.1:3000", "http://localhost:3000", "https://localhost:3000"] {
        let configuration = CONFIGURATION.replace("https://auth.example.com", issuer);
        let (running, _folder) = start_with(&configuration, &[]);
        let own = issuer.split("//").last().unwrap();
        for path in ["/health", "/.well-known/oauth-authorization-server", "/none"] {
            let status = |host: &str| {
                let answer = get(&running.address, host, path);
                answer.split(' ').nth(1).unwrap().parse::<u16>().unwrap()
            };
            for host in [own, &running.address] {
                assert_eq!(status(host), if path == "/none" { 404 } else { 200 }, "{host}");
            }
            for host in ["attacker.test", "attacker.test:3000", "localhost", "auth.example.com"] {
                assert_eq!(status(host), 421, "{host}");
            }
        }
    }
}

#[test]
fn htt_22_a_public_issuer_is_answered_whatever_host_its_proxy_sends() {
    let (running, _folder) = start(&[]);
    for host in ["auth.example.com", "vestibule.internal:8080", "127.0.0.1"] {
        let answer = get(&running.address, host, "/.well-known/oauth-authorization-server");
        assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
        assert!(answer.contains("https://auth.example.com/oauth/token"), "{answer}");
        assert!(!answer.contains(host) || host == "auth.example.com", "{answer}");
    }
}

#[test]
fn it_warns_of_what_ends_with_the_process() {
    let (running, _folder) = start(&[]);
    running.signal("TERM");
    let log = running.end().stderr;
    assert!(log.contains("memory:"), "{log}");
}

#[test]
fn it_warns_that_everybody_may_sign_in_where_no_rule_says_who() {
    let (running, _folder) = start(&[]);
    running.signal("TERM");
    let log = running.end().stderr;
    assert!(log.contains("there is no rule in [access]"), "{log}");
}

#[test]
fn providers_are_listed_as_configured() {
    let preset = |keys: &str| {
        format!("[[provider]]\n{keys}\nclient_id = \"us\"\nclient_secret = \"planted-planted\"\n")
    };
    let more = [
        preset("preset = \"slack\""),
        preset("preset = \"azure\"\ntenant = \"common\""),
        preset("preset = \"google\"\nid = \"workspace\"\nname = \"Our Workspace\""),
        preset("preset = \"github\""),
    ];
    let (running, _folder) = start_with(&format!("{CONFIGURATION}\n{}", more.concat()), &[]);
    let answer = get(&running.address, "auth.example.com", "/oauth/providers");
    let body: serde_json::Value =
        serde_json::from_str(answer.split_once("\r\n\r\n").unwrap().1).unwrap();
    let listed = [
        ("idp", "idp"),
        ("slack", "Slack"),
        ("azure", "Microsoft"),
        ("workspace", "Our Workspace"),
        ("github", "GitHub"),
    ]
    .map(|(id, name)| serde_json::json!({ "id": id, "name": name }));
    assert_eq!(body, serde_json::json!({ "providers": listed }));
}

#[test]
fn it_warns_that_entra_verifies_addresses_only_when_it_is_asked_to() {
    let azure = "[[provider]]\npreset = \"azure\"\ntenant = \"common\"\nclient_id = \"us\"\n\
                 client_secret = \"planted-planted\"\n[access]\nemails = [\"*@example.com\"]\n";
    let (running, _folder) = start_with(&format!("{CONFIGURATION}\n{azure}"), &[]);
    running.signal("TERM");
    let log = running.end().stderr;
    assert!(log.contains("xms_edov") && !log.contains("there is no rule"), "{log}");
}

#[test]
fn the_reference_of_an_error_page_is_in_the_log() {
    let (running, _folder) = start(&["--log", "json"]);
    let page = get(&running.address, "auth.example.com", "/oauth/authorize?client_id=gone");
    running.signal("TERM");
    let log = running.end().stderr;
    let line = log.lines().find(|line| line.contains("error_page_shown")).unwrap();
    let line: serde_json::Value = serde_json::from_str(line).unwrap();
    let reference = line["reference"].as_str().unwrap();
    assert!(page.contains(&format!("helps you: {reference}")), "{reference}: {page}");
    assert_eq!(line["reason"], "the client is unknown");
}

#[test]
fn a_line_per_request_has_its_id_and_never_the_query() {
    let (running, _folder) = start(&["--log", "json", "--log-level", "trace"]);
    let path = "/no/such/path?code=planted";
    let request = format!(
        "GET {path} HTTP/1.1\r\nHost: a\r\nx-request-id: theirs\r\nConnection: close\r\n\r\n"
    );
    let answer = support::send(&running.address, &request);
    running.signal("TERM");
    let log = running.end().stderr;

    let id = header(&answer, "x-request-id");
    let line = log.lines().find(|line| line.contains(id)).unwrap();
    let line: serde_json::Value = serde_json::from_str(line).unwrap();
    assert_eq!(line["method"], "GET");
    assert_eq!(line["path"], "/no/such/path");
    assert_eq!(line["status"], 404);
    assert_eq!(line["event"], "refused");
    assert!(line["reason"].is_string() && line["duration_ms"].is_number(), "{line}");
    assert!(!log.contains("planted") && !log.contains("theirs"), "{log}");
}

#[test]
fn dcr_16_whoever_registers_shows_a_token_that_no_log_tells() {
    const TOKEN: &str = "planted.initial-access_token~0123456789";
    let asked = format!("{CONFIGURATION}\n[registration]\ninitial_access_tokens = [\"{TOKEN}\"]\n");
    let (running, _folder) = start_with(&asked, &["--log-level", "trace"]);
    let body = r#"{"redirect_uris":["https://app.example.com/cb"]}"#;
    let register = |authorization: &str| {
        let request = format!(
            "POST /oauth/register HTTP/1.1\r\nHost: auth.example.com\r\nConnection: close\r\n\
             Content-Type: application/json\r\n{authorization}Content-Length: {}\r\n\r\n{body}",
            body.len()
        );
        support::send(&running.address, &request)
    };
    let without = register("");
    assert!(without.starts_with("HTTP/1.1 401 "), "{without}");
    assert_eq!(header(&without, "www-authenticate"), "Bearer");
    for wrong in [&TOKEN[1..], &TOKEN.to_uppercase(), "x"] {
        let refused = register(&format!("Authorization: Bearer {wrong}\r\n"));
        assert!(refused.starts_with("HTTP/1.1 401 "), "{refused}");
        assert_eq!(header(&refused, "www-authenticate"), "Bearer error=\"invalid_token\"");
        assert!(!refused.contains("set-cookie"), "{refused}");
    }
    let registered = register(&format!("Authorization: Bearer {TOKEN}\r\n"));
    assert!(registered.starts_with("HTTP/1.1 201 "), "{registered}");
    running.signal("TERM");
    let log = running.end().stderr;
    assert!(log.contains("initial access token") && log.contains("client_registered"), "{log}");
    assert!(!log.contains(&TOKEN[1..]) && !log.contains("planted"), "{log}");
}
