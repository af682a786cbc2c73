//! `[access]`: who may sign in.

use super::{GOOD, Ran, checked};

#[test]
fn faults_of_access_are_named_like_all_others() {
    let before = GOOD.split("[access]").next().unwrap();
    let tables = r#"[access]
email = ["*@example.com"]
emails = ["*@example.com", "example.com", "*@*.example.com", 7]

[access.providers.idp]
organizations = ["acme"]
teams = []
team = ["acme/platform"]

[access.providers.google]
hosted_domains = ["example.com"]

[access.providers."Git Hub"]
organizations = "acme"
"#;
    let Ran { stdout, .. } = checked(&format!("{before}{tables}"));
    let first = before.lines().count() + 1;
    let neither = "is neither an address nor a domain; write \"alice@example.com\", or \
        \"*@example.com\" for all of a domain (subdomains are domains of their own, and other \
        wildcards there are none)";
    let expected = [
        (1, "email: is not a known key; did you mean `emails`?"),
        (2, &format!("emails[1]: {neither}")),
        (2, &format!("emails[2]: {neither}")),
        (2, "emails[3]: must be a string, like \"…\"; this is of type integer"),
        (
            5,
            "providers.idp.organizations: means nothing for this provider; its people are known by \
             their address alone: use `emails` in [access]",
        ),
        (
            6,
            "providers.idp.teams: has nothing in it, and would keep nobody out; fill it, or remove \
             it",
        ),
        (7, "providers.idp.team: is not a known key; did you mean `teams`?"),
        (9, "providers.google: \"google\" is the id of no provider; the providers are idp"),
        (12, "providers.\"Git Hub\": a provider id is 1 to 30 characters of a-z, 0-9, `-` and `_`"),
        (
            13,
            "providers.\"Git Hub\".organizations: must be a list of strings, like [\"…\", \"…\"]; \
             this is of type string",
        ),
    ]
    .map(|(n, fault)| format!("vestibule.toml:{}: access.{fault}", first + n));
    assert_eq!(stdout.lines().collect::<Vec<_>>(), expected);
}

#[test]
fn an_empty_rule_of_access_is_not_taken_for_everybody() {
    let before = GOOD.split("[access]").next().unwrap();
    let line = before.lines().count() + 1;
    for (access, fault) in [
        ("[access]", (0, "emails: is missing; write emails = [\"*@example.com\"], or remove")),
        ("[access]\nemails = []", (1, "emails: has nothing in it, and would keep nobody out")),
        ("[access.providers]", (0, "providers: names no provider; write [access.providers.ID]")),
        ("[access.providers.idp]", (0, "providers.idp: has no rule in it; its people are known")),
    ] {
        let Ran { stdout, .. } = checked(&format!("{before}{access}\n"));
        let expected = format!("vestibule.toml:{}: access.{}", line + fault.0, fault.1);
        assert!(stdout.starts_with(&expected) && stdout.lines().count() == 1, "{stdout}");
    }
}

const BEFORE: &str = r#"issuer = "https://auth.example.com"
secrets = [{ env = "CHECK_SECRET" }]
store = "memory:"
"#;

/// A preset with these further keys, one a line.
fn preset(name: &str, more: &str) -> String {
    format!(
        "[[provider]]\npreset = \"{name}\"\nclient_id = \"us\"\n\
         client_secret = {{ env = \"CHECK_SECRET\" }}\n{more}"
    )
}

#[test]
fn each_preset_has_the_rules_that_its_people_can_be_asked_about() {
    let seen = "keep_tokens = true\nscopes = [\"read:user\", \"user:email\", \"read:org\"]\n";
    let tenant = "tenant = \"organizations\"\n";
    for (name, more, rules) in [
        ("github", seen, "organizations = [\"acme\"]\nteams = [\"globex/platform\"]"),
        ("google", "keep_tokens = true\n", "hosted_domains = [\"example.com\"]"),
        ("google", "", "hosted_domains = [\"example.com\"]"),
        ("azure", tenant, "tenants = [\"72f988bf-86f1-41af-91ab-2d7cd011db47\"]"),
        ("slack", "", "teams = [\"T0123ABCD\"]"),
    ] {
        let provider = preset(name, more);
        let access = format!("[access]\n[access.providers.{name}]\n{rules}\n");
        let Ran { status, stdout, .. } = checked(&format!("{BEFORE}{provider}{access}"));
        assert_eq!(status.code(), Some(0), "{name}: {stdout}");
        assert_eq!(stdout.lines().count(), 1, "{stdout}");
    }
}

#[test]
fn rules_that_a_preset_cannot_be_asked_about_are_faults_with_their_mend() {
    let keep = "keep_tokens: organizations and teams are asked for again while people stay signed \
        in, with the provider's tokens; set keep_tokens = true";
    let scope = "scopes: organizations and teams are shown for the scope \"read:org\" only; add it";
    let (github, google, azure, slack) = (
        "for GitHub there are `organizations` and `teams`",
        "for Google there is `hosted_domains`",
        "for Microsoft Entra there is `tenants`",
        "for Slack there is `teams`",
    );
    let tenant = "tenant = \"organizations\"\n";
    let kept = "keep_tokens = true\n";
    let of = |name: &str, key: &str, fault: &str| format!("access.providers.{name}.{key}: {fault}");
    let not_here = |name: &str, key: &str, known: &str| {
        of(name, key, &format!("means nothing for this provider; {known}"))
    };
    let at_provider = |fault: &str| format!("provider[0].{fault}");
    for (name, more, rules, faults) in [
        ("github", "", "organizations = [\"acme\"]", vec![at_provider(keep), at_provider(scope)]),
        ("github", kept, "teams = [\"acme/platform\"]", vec![at_provider(scope)]),
        (
            "github",
            "keep_tokens = false\nscopes = [\"read:user\", \"read:org\"]\n",
            "organizations = [\"acme\"]",
            vec![at_provider(keep)],
        ),
        (
            "github",
            "",
            "hosted_domains = [\"example.com\"]",
            vec![not_here("github", "hosted_domains", github)],
        ),
        (
            "google",
            "",
            "organizations = [\"acme\"]",
            vec![not_here("google", "organizations", google)],
        ),
        ("azure", tenant, "teams = [\"a/b\"]", vec![not_here("azure", "teams", azure)]),
        (
            "azure",
            tenant,
            "tenants = [\"example.com\"]",
            vec![of(
                "azure",
                "tenants",
                "\"example.com\" is none; write it like \
                 \"72f988bf-86f1-41af-91ab-2d7cd011db47\", a UUID in lower case",
            )],
        ),
        ("slack", "", "tenants = [\"T0123ABCD\"]", vec![not_here("slack", "tenants", slack)]),
        (
            "slack",
            "",
            "teams = [\"acme/platform\"]",
            vec![of(
                "slack",
                "teams",
                "\"acme/platform\" is none; write it like \"T0123ABCD\", the workspace's id",
            )],
        ),
    ] {
        let provider = preset(name, more);
        let access = format!("[access]\n[access.providers.{name}]\n{rules}\n");
        let Ran { status, stdout, .. } = checked(&format!("{BEFORE}{provider}{access}"));
        let mut told: Vec<_> =
            stdout.lines().map(|line| line.splitn(3, ':').nth(2).unwrap_or("").trim()).collect();
        told.sort_unstable();
        assert_eq!((told, status.code()), (faults.iter().map(String::as_str).collect(), Some(1)));
    }
}

#[test]
fn rules_of_one_provider_leave_no_door_open_at_another() {
    let providers = preset("google", "") + &preset("slack", "");
    let rules = "[access.providers.google]\nhosted_domains = [\"example.com\"]\n";
    let Ran { stdout, .. } = checked(&format!("{BEFORE}{providers}{rules}"));
    let open = "vestibule.toml:8: provider[1]: everybody could sign in with this provider, while \
                others have rules; give it rules of its own in [access.providers.slack], or set \
                `emails` in [access] for all\n";
    assert_eq!(stdout, open);
    let addresses = "[access]\nemails = [\"*@example.com\"]\n";
    let Ran { status, .. } = checked(&format!("{BEFORE}{providers}{addresses}{rules}"));
    assert_eq!(status.code(), Some(0));
}

#[test]
fn addresses_of_entra_are_remarked_on() {
    let azure = preset("azure", "tenant = \"organizations\"\n");
    let emails = "[access]\nemails = [\"*@example.com\"]\n";
    let Ran { status, stdout, .. } = checked(&format!("{BEFORE}{azure}{emails}"));
    let remark = "vestibule.toml: remark: `emails` in [access] lets in verified addresses only, and \
        Entra (provider azure) says that one is verified by the claim xms_edov alone; have the app \
        registration ask for it (Token configuration, optional claims), or nobody gets in from \
        there";
    let lines: Vec<_> = stdout.lines().collect();
    assert_eq!((lines.len(), lines.last(), status.code()), (2, Some(&remark), Some(0)), "{stdout}");
    for quiet in [azure.clone(), format!("{}{emails}", preset("google", ""))] {
        let Ran { stdout, .. } = checked(&format!("{BEFORE}{quiet}"));
        assert_eq!(stdout.lines().count(), 1, "{stdout}");
    }
}
