use super::*;
use crate::config::{Issuer, Registration};

fn policy(registration: &Registration) -> Policy<'_> {
    Policy::new(registration)
}

fn refused(uri: &str) -> bool {
    policy(&Registration::default()).accept(uri).is_err()
}

fn allowed(registered: &[&str], requested: &str) -> bool {
    check(&policy(&Registration::default()), registered.iter().copied(), Some(requested)).is_ok()
}

const APP: &str = "https://app.test/cb";

#[test]
fn red_01_the_registered_uri_is_accepted() {
    assert!(allowed(&[APP], APP));
}

#[test]
fn red_02_red_04_to_red_07_anything_that_differs_by_a_byte_is_refused() {
    for requested in [
        "https://evil.test/cb",
        "https://app.test/CB",
        "HTTPS://APP.TEST/cb",
        "https://app.test:443/cb",
        "https://app.test/cb?x=1",
        "https://app.test/cb/",
    ] {
        assert!(!allowed(&[APP], requested), "{requested}");
    }
}

#[test]
fn red_08_a_registered_query_must_be_there_and_the_same() {
    assert!(!allowed(&["https://app.test/cb?a=1"], "https://app.test/cb"));
    assert!(!allowed(&["https://app.test/cb?a=1"], "https://app.test/cb?a=2"));
}

#[test]
fn red_09_the_answer_is_added_to_the_registered_query() {
    let uri = RegisteredRedirect("https://app.test/cb?a=1&b".to_owned());
    let location = uri.location(&[("code", "x"), ("state", "a=b&c")]).unwrap();
    assert_eq!(location, "https://app.test/cb?a=1&b&code=x&state=a%3Db%26c");
}

#[test]
fn red_10_a_fragment_is_refused() {
    assert!(refused("https://app.test/cb#x"));
}

#[test]
fn red_13_red_14_user_names_and_backslashes_are_refused() {
    for uri in [
        "http://localhost:8090%25@example.com",
        "https://app.test%2F@evil.test/cb",
        "https://app.test\\@evil.test/cb",
        "https://evil.test\\.app.test/cb",
    ] {
        assert!(refused(uri), "{uri}");
        assert!(!allowed(&[APP, "http://localhost/cb"], uri), "{uri}");
    }
}

#[test]
fn red_13_a_host_stands_right_behind_the_scheme() {
    for uri in [
        "https:evil.test/x://good.test/cb",
        "https:/evil.test/x://good.test/cb",
        "https:as.test/x://good.test/cb",
        "http:evil.test/x://localhost/cb",
    ] {
        assert!(refused(uri), "{uri}");
    }
}

#[test]
fn red_15_red_16_dot_segments_are_refused_however_encoded() {
    for path in ["../evil", "%2e%2e/evil", "%252e%252e/evil", "..;/evil", "./x", "%25252E%25252e/x"]
    {
        assert!(refused(&format!("{APP}/{path}")), "{path}");
    }
}

#[test]
fn red_17_look_alike_hosts_are_refused() {
    assert!(!allowed(&[APP], "https://app.test.evil.test/cb"));
    assert!(!allowed(&[APP], "https://evilapp.test/cb"));
}

#[test]
fn red_19_hosts_that_idna_would_fold_are_refused() {
    for host in ["аpp.test", "ａｐｐ.test", "app。test", "a\u{ad}pp.test"] {
        assert!(refused(&format!("https://{host}/cb")), "{host}");
    }
}

#[test]
fn red_20_white_space_and_control_characters_are_refused() {
    for uri in [
        " https://app.test/cb",
        "https://app.test/cb\n",
        "https://app.test/\tcb",
        "https://app.test/c\0b",
    ] {
        assert!(refused(uri), "{uri:?}");
    }
    for encoded in ["%09", "%0a", "%0d", "%00", "%7F", "%zz", "%1", "%+1"] {
        assert!(refused(&format!("https://app.test/cb{encoded}")), "{encoded}");
    }
}

#[test]
fn red_21_red_22_schemes_that_a_browser_runs_or_reads_are_refused() {
    for uri in [
        "javascript:alert(1)//",
        "JaVaScRiPt:alert(1)//",
        " javascript:alert(1)",
        "java\tscript:alert(1)",
        "data:text/html,x",
        "vbscript:x",
        "blob:https://app.test/x",
        "file:///etc/passwd",
        "about:blank",
        "mailto:a@b.test",
        "filesystem:https://app.test/x",
        "view-source:https://app.test/",
    ] {
        assert!(refused(uri), "{uri}");
    }
}

#[test]
fn red_23_the_policy_is_applied_again_at_use() {
    let stored = ["javascript:alert(1)//"];
    let result = check(&policy(&Registration::default()), stored.into_iter(), Some(stored[0]));
    assert_eq!(result, Err(Refusal::RedirectUri(Unacceptable::Scheme)));
}

#[test]
fn red_24_private_use_schemes_need_a_dot_or_the_operators_word() {
    assert!(!refused("com.example.app:/cb"));
    assert!(refused("http.evil://accounts.example.com/cb"), "reads like a web address");
    assert!(refused("cursor://anysphere.cursor-mcp/oauth/callback"));
    let mut registration = Registration::default();
    registration.private_use_schemes.push("cursor".to_owned());
    assert_eq!(
        policy(&registration).accept("cursor://anysphere.cursor-mcp/oauth/callback"),
        Ok(())
    );
}

#[test]
fn red_25_to_red_27_any_port_on_loopback() {
    assert!(allowed(&["http://127.0.0.1/cb"], "http://127.0.0.1:54321/cb"));
    assert!(allowed(&["http://[::1]/cb"], "http://[::1]:49152/cb"));
    assert!(allowed(&["http://localhost/cb"], "http://localhost:51687/cb"));
    assert!(allowed(&["http://localhost:3000/cb"], "http://localhost:51687/cb"));
}

#[test]
fn red_28_the_port_is_free_and_the_host_is_not() {
    assert!(!allowed(&["http://127.0.0.1/cb"], "http://localhost:1/cb"));
    assert!(!allowed(&["http://127.0.0.1/cb"], "http://[::1]:1/cb"));
    assert!(!allowed(&["http://127.0.0.1/cb"], "http://127.0.0.1:1/other"));
}

#[test]
fn red_30_no_other_port_is_free() {
    assert!(!allowed(&[APP], "https://app.test:8443/cb"));
}

#[test]
fn red_31_other_spellings_of_loopback_are_refused() {
    for host in [
        "127.1",
        "2130706433",
        "0x7f.1",
        "127.0.0.1.",
        "0.0.0.0",
        "[::ffff:127.0.0.1]",
        "localhost.",
    ] {
        let uri = format!("http://{host}:1/cb");
        assert!(refused(&uri), "{uri}");
        assert!(!allowed(&["http://127.0.0.1/cb", "http://localhost/cb"], &uri), "{uri}");
    }
    assert!(refused("https://0x7f.1/cb"));
}

#[test]
fn red_32_cleartext_is_for_loopback() {
    assert_eq!(
        policy(&Registration::default()).accept("http://app.test/cb"),
        Err(Unacceptable::Cleartext)
    );
}

#[test]
fn red_33_wildcards_are_refused() {
    assert!(refused("https://*.app.test/cb"));
    assert!(refused("https://app.test/*"));
}

#[test]
fn red_36_with_two_registered_one_must_be_named() {
    let policy = Registration::default();
    let two = [APP, "https://app.test/other"];
    let result = check(&Policy::new(&policy), two.into_iter(), None);
    assert_eq!(result, Err(Refusal::Missing { parameter: "redirect_uri" }));
}

#[test]
fn red_37_a_query_with_the_answers_own_names_is_refused() {
    for query in ["code=x", "a=1&state=y", "iss=z", "%63ode=x"] {
        assert!(refused(&format!("{APP}?{query}")), "{query}");
    }
}

#[test]
fn red_39_lengths_and_ports_are_bounded() {
    assert!(refused(&format!("{APP}{}", "a".repeat(8 * 1024))));
    assert!(refused("https://app.test:99999/cb"));
    assert!(refused("https://app.test:/cb"));
    assert!(refused("https://app.test:0443/cb"));
}

#[test]
fn a_stranger_does_not_live_where_this_server_does() {
    let registration = Registration::default();
    let issuer = Issuer::parse("https://as.test/tenant").unwrap();
    let strangers = Policy::of_strangers(&registration, &issuer);
    for uri in ["https://as.test/oauth/authorize?client_id=Q", "https://as.test:443/cb"] {
        assert_eq!(strangers.accept(uri), Err(Unacceptable::OwnOrigin), "{uri}");
        assert_eq!(Policy::new(&registration).accept(uri), Ok(()), "the operator may");
    }
    for uri in ["https://app.as.test/cb", "https://as.test:8443/cb", "https://as.testing/cb"] {
        assert_eq!(strangers.accept(uri), Ok(()), "{uri}");
    }
}

#[test]
fn the_host_shown_is_the_one_the_browser_will_go_to() {
    for (uri, shown) in [
        (APP, "app.test"),
        ("http://[::1]:8080/cb", "[::1]"),
        ("com.example.app:/cb", "com.example.app:"),
        ("cursor://anysphere.cursor-mcp/cb", "cursor:"),
        ("http.evil://accounts.example.com/cb", "http.evil:"),
    ] {
        assert_eq!(RegisteredRedirect(uri.to_owned()).destination(), shown);
    }
}
