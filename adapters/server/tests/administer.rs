//! `vestibule end`, `grants` and `backup`, beside a server that runs.

#![allow(clippy::unwrap_used, reason = "tests")]

#[path = "support/parties/mod.rs"]
mod parties;
#[path = "support/provider.rs"]
mod provider;
#[path = "support/site.rs"]
mod site;
mod support;
#[path = "support/wire.rs"]
mod wire;

use std::fs;
use std::time::{Duration, Instant};

use oauth2::TokenResponse;
use site::{ADA, Site};

fn refused() -> Result<(), String> {
    Err("invalid_grant".to_owned())
}

#[test]
fn grants_survive_a_restart_and_so_does_the_signing_key() {
    let site = Site::new();
    let served = site.serve();
    let id = served.registered();
    let tokens = served.tokens(&id);
    let keys = support::get(&served.running.address, "a", "/.well-known/jwks.json");
    let log = served.log();
    assert!(!log.contains("end with this process"), "{log}");

    let served = site.serve();
    assert_eq!(served.refresh(&id, &tokens), Ok(()));
    let again = support::get(&served.running.address, "a", "/.well-known/jwks.json");
    let body = |answer: &str| answer.split_once("\r\n\r\n").unwrap().1.to_owned();
    assert_eq!(body(&again), body(&keys));
}

#[test]
fn a_persons_grants_are_listed_and_one_is_ended_beside_a_server_that_runs() {
    let site = Site::new();
    let served = site.serve();
    let id = served.registered();
    let (one, other) = (served.tokens(&id), served.tokens(&id));
    let listed = site.does(&["grants", "--user", ADA]);
    assert_eq!(listed.lines().count(), 2, "{listed}");
    assert!(listed.contains(&format!("\"An application\"  {id}\n")), "{listed}");

    let first = listed.split(' ').next().unwrap();
    site.does(&["grants", "--user", ADA, "--end", first]);
    let both = [served.refresh(&id, &one), served.refresh(&id, &other)];
    assert_eq!(both.iter().filter(|refreshed| refreshed.is_ok()).count(), 1, "{both:?}");
    assert_eq!(site.does(&["grants", "--user", ADA]).lines().count(), 1);
    // Not twice, and not as somebody else's.
    for user in [ADA, "idp:bob"] {
        let ran = site.operator(&["grants", "--user", user, "--end", first]);
        assert!(!ran.status.success() && ran.stderr.contains("no living grant"), "{ran:?}");
    }
}

#[test]
fn a_user_is_ended_at_once_and_may_come_again() {
    let site = Site::new();
    let served = site.serve();
    let id = served.registered();
    let tokens = served.tokens(&id);
    site.does(&["end", "--user", ADA]);
    assert_eq!(served.refresh(&id, &tokens), refused());
    let listed = site.operator(&["grants", "--user", ADA]);
    assert!(listed.status.success() && listed.stdout.is_empty(), "{listed:?}");
    let nobody = site.operator(&["end", "--user", "idp:nobody"]);
    assert!(nobody.stderr.contains("no living grant was found"), "{nobody:?}");
    // A second is as exact as a cutoff is.
    let again = until(|| served.tokens_if_allowed(&id));
    assert_eq!(served.refresh(&id, &again), Ok(()));
}

#[test]
fn ending_a_user_ends_what_was_kept_of_the_provider_there() {
    let site = Site::new();
    let served = site.serve();
    served.tokens(&served.registered());
    assert_eq!(site.ended_upstream(), [""; 0]);
    site.does(&["end", "--user", ADA]);
    let ended = site.ended_upstream();
    assert!(matches!(&*ended, [one] if one.contains("token=upstream-access")), "{ended:?}");
}

/// Asks again until there is an answer, for longer than the 5 seconds that a server may not know of
/// a cutoff.
fn until<T>(mut ask: impl FnMut() -> Option<T>) -> T {
    let began = Instant::now();
    loop {
        if let Some(answer) = ask() {
            return answer;
        }
        assert!(began.elapsed() < Duration::from_secs(10), "still not");
    }
}

/// What ends all that a client has, and what it is told: one that was ended itself has to register
/// again.
const ENDED: [(&[&str], &str); 2] =
    [(&["end", "--client"], "invalid_client"), (&["end", "--all"], "invalid_grant")];

#[test]
fn a_client_and_everybody_are_ended_in_a_server_that_runs_within_seconds() {
    for (arguments, error) in ENDED {
        let site = Site::new();
        let served = site.serve();
        let id = served.registered();
        let mut tokens = served.tokens(&id);
        let mut arguments = arguments.to_vec();
        arguments.extend((arguments[1] == "--client").then_some(&*id));
        site.does(&arguments);
        until(|| match served.refreshed(&id, &tokens) {
            Ok(newer) => {
                tokens = newer;
                None
            }
            Err(refused) => Some(refused == error).filter(|refused| *refused),
        });
    }
}

#[test]
fn a_client_and_everybody_are_ended_after_a_restart_too() {
    for (arguments, error) in ENDED {
        let site = Site::new();
        let served = site.serve();
        let id = served.registered();
        let tokens = served.tokens(&id);
        served.log();
        let mut arguments = arguments.to_vec();
        arguments.extend((arguments[1] == "--client").then_some(&*id));
        site.does(&arguments);
        let served = site.serve();
        let refused = Err(error.to_owned());
        assert_eq!(served.refresh(&id, &tokens), refused, "{arguments:?}");
    }
}

/// With other secrets nothing in the store could be found, and to end it would end nothing.
#[test]
fn a_store_of_other_secrets_is_not_ended_in_silence() {
    let site = Site::new();
    let served = site.serve();
    let id = served.registered();
    let tokens = served.tokens(&id);
    let path = site.path().join("vestibule.toml");
    let own = fs::read_to_string(&path).unwrap();
    fs::write(&path, own.replace("planted-planted-planted", "another-another-another")).unwrap();
    for arguments in [&["end", "--all"][..], &["grants", "--user", ADA]] {
        let ran = site.operator(arguments);
        assert!(!ran.status.success() && ran.stderr.contains("secrets"), "{ran:?}");
    }
    fs::write(&path, own).unwrap();
    assert_eq!(served.refresh(&id, &tokens), Ok(()));
}

#[test]
fn what_does_not_exist_is_said_and_nothing_is_made() {
    let site = Site::new();
    let ran = site.operator(&["end", "--all"]);
    assert!(!ran.status.success() && ran.stderr.contains("there is no store at"), "{ran:?}");
    assert!(!site.path().join("vestibule.db").exists());
    site.serve().log();
    for (arguments, said) in [
        (&["end", "--client", "nobody"][..], "no such client"),
        (&["end", "--user", "ada"], "no such user"),
        (&["grants", "--user", "ada"], "no such user"),
        (&["end"], "--user"),
        (&["end", "--all", "--user", ADA], "cannot be used with"),
        (&["grants", "--user", ADA, "--end", "12"], "32 hexadecimal digits"),
    ] {
        let ran = site.operator(arguments);
        assert!(!ran.status.success() && ran.stderr.contains(said), "{arguments:?}: {ran:?}");
    }
    site.configure("store = \"memory:\"");
    let ran = site.operator(&["end", "--all"]);
    assert!(!ran.status.success() && ran.stderr.contains("memory:"), "{ran:?}");
}

#[test]
fn a_restored_backup_is_noticed_and_ended() {
    let site = Site::new();
    let served = site.serve();
    let id = served.registered();
    let before = served.tokens(&id);
    let backup = site.path().join("copy.db");
    site.does(&["backup", "copy.db"]);
    let after = served.tokens(&id);
    served.client(&id).revoke(before.refresh_token().unwrap().secret()).unwrap();
    assert_eq!(served.refresh(&id, &before), refused());
    assert!(!served.log().contains("older than"));

    for end in ["-wal", "-shm"] {
        let _ = fs::remove_file(site.path().join(format!("vestibule.db{end}")));
    }
    fs::copy(&backup, site.path().join("vestibule.db")).unwrap();
    let served = site.serve();
    let back = served.refreshed(&id, &before).unwrap();
    assert_eq!(served.refresh(&id, &after), refused());
    let log = served.log();
    assert_eq!(log.matches("the store is older than what its keys have seen").count(), 1, "{log}");

    site.does(&["end", "--all"]);
    assert_eq!(site.serve().refresh(&id, &back), refused(), "what was back is over");
    // Not over what is there.
    let ran = site.operator(&["backup", "copy.db"]);
    assert!(!ran.status.success() && ran.stderr.contains("copy.db"), "{ran:?}");
}
