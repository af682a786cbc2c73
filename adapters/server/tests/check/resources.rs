//! What is wrong with a `[[resource]]` that is to introspect.

use crate::{GOOD, checked};

/// Checks the good file with more tables behind it; the faults, each by the line of those tables.
/// None: the file is good.
fn faults(tables: &str) -> Vec<(usize, String)> {
    let ran = checked(&format!("{GOOD}{tables}"));
    let first = GOOD.lines().count();
    let read = |line: &str| {
        let (line, fault) = line.strip_prefix("vestibule.toml:").unwrap().split_once(": ").unwrap();
        (line.parse::<usize>().unwrap() - first, fault.to_owned())
    };
    if ran.status.success() { vec![] } else { ran.stdout.lines().map(read).collect() }
}

fn resource(own: &str) -> String {
    format!("[[resource]]\nuri = \"https://other.example.com/mcp\"\n{own}")
}

#[test]
fn an_id_and_a_secret_stand_together() {
    let missing = |key| (1, format!("resource[1].{key}"));
    for (own, (line, key)) in
        [("id = \"other\"", missing("secret")), ("secret = \"planted-planted\"", missing("id"))]
    {
        let found = faults(&resource(own));
        assert_eq!(found.len(), 1, "{found:?}");
        let (at, fault) = &found[0];
        assert_eq!(*at, line);
        assert!(fault.starts_with(&format!("{key}: is missing; ")), "{fault}");
        assert!(!fault.contains("planted"), "{fault}");
    }
}

#[test]
fn an_id_is_one_resources_and_no_clients() {
    let own = |id| resource(&format!("id = \"{id}\"\nsecret = \"planted-planted-planted\""));
    assert_eq!(faults(&own("other")), []);
    for id in ["notes", "desk"] {
        let mend = "is the id of a client or of another resource too; choose one of its own";
        assert_eq!(faults(&own(id)), [(3, format!("resource[1].id: {id:?} {mend}"))]);
    }
}

#[test]
fn a_secret_is_long_enough_and_can_be_found() {
    for (secret, fault) in [
        ("\"short\"", "is too short for a secret; use at least 16 characters"),
        ("\"\"", "is empty; `vestibule keys new` makes a secret"),
        (
            "{ env = \"CHECK_NOT_SET\" }",
            "the environment variable \"CHECK_NOT_SET\" is not set; set it before starting",
        ),
    ] {
        let own = resource(&format!("id = \"other\"\nsecret = {secret}"));
        assert_eq!(faults(&own), [(4, format!("resource[1].secret: {fault}"))]);
    }
}
