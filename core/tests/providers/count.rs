//! Counts: every provider has its three tests, every failure of the seed and every quirk one.

use std::collections::BTreeSet;

/// Each has `_sign_in`, `_denied` and `_refresh`.
const PROVIDERS: [&str; 15] = [
    "apple", "auth0", "azure", "clerk", "cognito", "custom", "discord", "github", "gitlab",
    "google", "keycloak", "linkedin", "okta", "slack", "workos",
];

/// The seed's failures that are shown elsewhere: number, test, and the file that has it.
const ELSEWHERE: [(u32, &str, &str); 3] = [
    (2, "aud_02", include_str!("../attacks/aud.rs")),
    (11, "sbb_11", include_str!("../attacks/sbb.rs")),
    // That nothing was tested there.
    (20, "every_provider_signs_in_is_denied_and_refreshes", include_str!("count.rs")),
];

/// How many failures the seed has.
const FAILURES: u32 = 20;

/// How many quirks of each provider are known.
const QUIRKS: [(&str, usize); 8] = [
    ("apple", 4),
    ("azure", 6),
    ("custom", 10),
    ("discord", 5),
    ("github", 9),
    ("gitlab", 4),
    ("google", 5),
    ("slack", 3),
];

const FILES: [&str; 13] = [
    include_str!("apple.rs"),
    include_str!("azure.rs"),
    include_str!("custom.rs"),
    include_str!("discord.rs"),
    include_str!("failures.rs"),
    include_str!("github.rs"),
    include_str!("gitlab.rs"),
    include_str!("google.rs"),
    include_str!("oidc.rs"),
    include_str!("peers.rs"),
    include_str!("quirks.rs"),
    include_str!("quirks_custom.rs"),
    include_str!("slack.rs"),
];

/// The names of all tests in a file.
fn tests_of(file: &str) -> impl Iterator<Item = &str> {
    file.split("#[test]\nfn ").skip(1).filter_map(|rest| rest.split('(').next())
}

fn tests() -> BTreeSet<&'static str> {
    FILES.iter().flat_map(|file| tests_of(file)).collect()
}

#[test]
fn every_provider_signs_in_is_denied_and_refreshes() {
    let tests = tests();
    for provider in PROVIDERS {
        for what in ["sign_in", "denied", "refresh"] {
            assert!(tests.contains(&*format!("{provider}_{what}")), "{provider}_{what}");
        }
    }
}

#[test]
fn every_failure_of_the_seed_has_its_test() {
    let tests = tests();
    for number in 1..=FAILURES {
        let prefix = format!("seed_{number:02}_");
        let here = tests.iter().any(|test| test.starts_with(&prefix));
        let elsewhere = ELSEWHERE.iter().any(|(other, test, file)| {
            *other == number && tests_of(file).any(|name| name.starts_with(test))
        });
        assert!(here || elsewhere, "nothing shows failure {number}");
    }
    for (number, test, file) in ELSEWHERE {
        assert!(tests_of(file).any(|name| name.starts_with(test)), "{number}: no {test}");
    }
}

#[test]
fn every_quirk_has_its_test() {
    let tests = tests();
    for (provider, known) in QUIRKS {
        let prefix = format!("quirk_{provider}_");
        let shown: Vec<_> = tests.iter().filter(|test| test.starts_with(&prefix)).collect();
        assert_eq!(shown.len(), known, "{provider}: {shown:?}");
    }
    let all = tests.iter().filter(|test| test.starts_with("quirk_")).count();
    assert_eq!(all, QUIRKS.iter().map(|(_, known)| known).sum::<usize>());
}
