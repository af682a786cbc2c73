//! Counts: every provider has its three tests, every failure of the seed and every quirk one.

use std::collections::BTreeSet;

/// Each has `_sign_in`, `_denied` and `_refresh`.
const PROVIDERS: [&str; 15] = [
    "apple", "auth0", "azure", "clerk", "cognito", "custom", "discord", "github", "gitlab",
    "google", "keycloak", "linkedin", "okta", "slack", "workos",
];

/// The seed's failures that are shown elsewhere: number, test, and the file that has it.
const ELSEWHERE: [(u32, &str, &str); 1] = [(11, "sbb_11", include_str!("../attacks/sbb.rs"))];

/// How many failures the seed has that a test can show. The twentieth is that it has no tests of its
/// proxy and its server; that there are some here is what this file is for.
const FAILURES: u32 = 19;

/// The quirks that are known of each provider.
const QUIRKS: [(&str, &[&str]); 10] = [
    (
        "apple",
        &[
            "lets_the_browser_bring_the_name",
            "posts_its_answer",
            "secret_is_a_signed_jwt",
            "writes_booleans_as_texts",
        ],
    ),
    (
        "azure",
        &[
            "addresses_are_verified_by_xms_edov_only",
            "clouds_have_authorities_of_their_own",
            "explains_errors_at_length",
            "issuer_of_all_tenants_is_a_template",
            "issuer_of_b2c_is_given_by_hand",
            "person_is_tenant_and_object_not_an_address",
            "refuses_a_resource",
            "scopes_of_an_api_have_its_name_before_them",
            "takes_one_resource_per_token_request",
            "wants_the_scopes_again",
        ],
    ),
    ("cognito", &["writes_booleans_as_texts"]),
    (
        "custom",
        &[
            "authenticates_in_three_ways",
            "gives_no_other_refresh_token",
            "has_further_parameters",
            "has_no_pkce",
            "has_no_userinfo",
            "names_its_claims_otherwise",
            "separates_scopes_by_commas",
            "signs_id_tokens_with_our_secret",
            "tells_lifetimes_of_refresh_tokens",
            "writes_bearer_in_any_case",
            "writes_lifetimes_strangely",
        ],
    ),
    (
        "discord",
        &[
            "address_may_be_null_and_verified_is_its_member",
            "has_two_names",
            "id_is_a_text_of_digits",
            "is_asked_by_form_and_authenticated_in_three_ways",
            "picture_is_a_hash",
            "says_iss",
        ],
    ),
    (
        "github",
        &[
            "answers_with_json_only_where_it_is_asked_for",
            "enterprise_has_its_api_below_its_site",
            "error_with_status_200",
            "has_pkce_by_now",
            "id_is_a_number",
            "keeps_addresses_at_an_endpoint_of_their_own",
            "may_say_iss",
            "refresh_tokens_work_once",
            "separates_granted_scopes_by_commas",
            "tokens_have_no_audience",
            "tokens_may_expire_or_not",
            "wants_to_know_who_is_asking",
        ],
    ),
    (
        "gitlab",
        &[
            "id_tokens_live_two_minutes",
            "may_be_below_a_path",
            "may_omit_the_lifetime",
            "rotates_refresh_tokens",
            "says_when_a_token_was_made",
            "verifies_addresses_at_userinfo",
        ],
    ),
    (
        "google",
        &[
            "gives_a_refresh_token_only_offline_and_after_consent",
            "hosted_domain_is_for_the_application_to_read",
            "issuer_has_no_slash",
            "says_iss",
            "writes_scopes_as_uris",
            "writes_verified_email_in_version_2",
        ],
    ),
    ("linkedin", &["may_say_iss", "repeats_no_nonce"]),
    (
        "slack",
        &[
            "error_with_status_200",
            "has_scopes_of_the_person_in_user_scope",
            "installation_is_no_sign_in",
            "person_is_team_and_user_by_claims_that_are_urls",
            "separates_granted_scopes_by_commas",
            "tokens_may_expire_or_not",
        ],
    ),
];

const FILES: [&str; 14] = [
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
    include_str!("quirks_asking.rs"),
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
fn every_quirk_has_its_test_and_every_test_its_quirk() {
    let known: BTreeSet<String> = QUIRKS
        .iter()
        .flat_map(|(provider, quirks)| {
            quirks.iter().map(move |quirk| format!("quirk_{provider}_{quirk}"))
        })
        .collect();
    let shown: BTreeSet<String> =
        tests().into_iter().filter(|it| it.starts_with("quirk_")).map(str::to_owned).collect();
    assert_eq!(shown, known);
}
