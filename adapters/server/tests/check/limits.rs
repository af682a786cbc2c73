//! `[limits]`: what may be done how often.

use super::{GOOD, Ran, checked};

#[test]
fn faults_of_limits_are_named_like_all_others() {
    let before = GOOD.split("[limits]").next().unwrap();
    let limits = r#"[limits]
registration = 1
registrations = -1
wrong_secrets = "60"
client_documents = -1
trusted_proxies = ["10.0.0.0/33", "proxy.example.com", 127]
connections = 0
idle = "0s"
"#;
    let Ran { stdout, .. } = checked(&format!("{before}{limits}"));
    let first = before.lines().count() + 2;
    let network = "is not a network; write an address and the bits that count, like \
        \"10.0.0.0/8\" or \"2001:db8::/32\"";
    let expected = [
        (0, "registration: is not a known key; did you mean `registrations`?"),
        (1, "registrations: must be a number from 0 to 4294967295"),
        (2, "wrong_secrets: must be a number, like 600; this is of type string"),
        (3, "client_documents: must be a number from 0 to 4294967295"),
        (4, &format!("trusted_proxies[0]: {network}")),
        (4, &format!("trusted_proxies[1]: {network}")),
        (4, "trusted_proxies[2]: must be a string, like \"…\"; this is of type integer"),
        (5, "connections: must be at least 1"),
        (6, "idle: must be at least \"1s\""),
    ]
    .map(|(n, fault)| format!("vestibule.toml:{}: limits.{fault}", first + n));
    assert_eq!(stdout.lines().collect::<Vec<_>>(), expected);
    for idle in ["86401s", "2d", "200000000000000d"] {
        let Ran { stdout, .. } = checked(&format!("{before}[limits]\nidle = \"{idle}\"\n"));
        assert!(stdout.ends_with("limits.idle: must be at most \"1d\"\n"), "{stdout}");
    }
}
