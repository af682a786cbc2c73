//! `vestibule keys new`.

#![allow(clippy::unwrap_used, reason = "tests")]

mod support;

use std::collections::HashSet;

use support::{Ran, run, vestibule};

#[test]
fn a_key_and_nothing_else_goes_to_standard_output() {
    let mut keys = HashSet::new();
    for algorithm in ["EdDSA", "ES256", "HS256", "secret"] {
        let Ran { status, stdout, stderr } =
            run(&mut vestibule(&["keys", "new", "--algorithm", algorithm]));
        let key = stdout.strip_suffix('\n').unwrap().to_owned();
        let is_base64url = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        assert!(status.success() && key.len() == 43 && key.bytes().all(is_base64url), "{key}");
        assert!(stderr.contains("configuration") && !stderr.contains(&key), "{stderr}");
        assert!(keys.insert(key), "no two are the same");
    }
}
