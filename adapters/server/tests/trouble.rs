//! A store in trouble: 503 with `Retry-After`, a line that says what to do, nothing lost that was
//! answered.

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

use std::fs::OpenOptions;
use std::io::{Seek, SeekFrom, Write};
use std::process::Command;

use oauth2::TokenResponse;
use rusqlite::Connection;
use site::Site;
use support::{header, send};

/// A key of one's own, so that a damaged store does not keep the program from starting.
const SIGNING_KEY: &str = r#"
[[signing_key]]
key = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"
"#;

/// What the token endpoint says to a refresh, as it came.
fn refresh(address: &str, client_id: &str, token: &str) -> String {
    let body = format!("grant_type=refresh_token&client_id={client_id}&refresh_token={token}");
    send(
        address,
        &format!(
            "POST /oauth/token HTTP/1.1\r\nHost: auth.example.com\r\nConnection: close\r\n\
             Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        ),
    )
}

fn assert_busy(answer: &str) {
    assert!(answer.starts_with("HTTP/1.1 503 "), "{answer}");
    assert!(answer.contains("\"temporarily_unavailable\""), "{answer}");
    assert!(header(answer, "retry-after").parse::<u32>().is_ok());
}

#[test]
fn sto_03_a_store_that_another_program_has_locked_spends_nothing() {
    let site = Site::new();
    let served = site.serve();
    let id = served.registered();
    let tokens = served.tokens(&id);
    let (code, verifier) = served.code(&id);
    let token = tokens.refresh_token().unwrap().secret();

    let other = Connection::open(site.path().join("vestibule.db")).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    assert_busy(&refresh(&served.running.address, &id, token));
    let ran = site.operator(&["end", "--all"]);
    assert!(!ran.status.success() && ran.stderr.contains("has locked the database"), "{ran:?}");
    other.execute_batch("ROLLBACK").unwrap();

    served.client(&id).redeem(&code, &verifier, None).unwrap();
    assert_eq!(served.refresh(&id, &tokens), Ok(()));
    let log = served.log();
    assert_eq!(log.matches("another program has locked the database").count(), 1, "{log}");
    assert!(log.contains("the database works again"), "{log}");
}

#[test]
fn sto_11_a_store_that_is_damaged_is_told_and_never_taken_for_empty() {
    let site = Site::new();
    site.configure(SIGNING_KEY);
    let served = site.serve();
    let id = served.registered();
    let tokens = served.tokens(&id);
    served.log();

    // All that comes after the first page, which says what the file is.
    let path = site.path().join("vestibule.db");
    let length = path.metadata().unwrap().len();
    let mut file = OpenOptions::new().write(true).open(path).unwrap();
    file.seek(SeekFrom::Start(4096)).unwrap();
    file.write_all(&vec![0xA5; usize::try_from(length - 4096).unwrap()]).unwrap();

    let served = site.serve();
    let token = tokens.refresh_token().unwrap().secret();
    assert_busy(&refresh(&served.running.address, &id, token));
    let log = served.log();
    assert!(log.contains("the database is damaged") && log.contains("put a backup"), "{log}");
}

/// Files may not grow beyond 512 blocks of 512 bytes: the disk, as far as the program can tell, takes
/// no more.
#[test]
fn sto_03_a_store_that_cannot_grow_any_more_loses_nothing_that_was_answered() {
    let site = Site::new();
    let mut command = Command::new("sh");
    command.args(["-c", "trap '' XFSZ; ulimit -f 512; exec \"$0\" serve --config vestibule.toml"]);
    command.arg(env!("CARGO_BIN_EXE_vestibule"));
    let served = site.serve_by(command);
    let id = served.registered();
    let mut tokens = served.tokens(&id);
    let address = &served.running.address;
    let refused = loop {
        let token = tokens.refresh_token().unwrap().secret();
        let answer = refresh(address, &id, token);
        if !answer.starts_with("HTTP/1.1 200 ") {
            break answer;
        }
        let body = answer.split_once("\r\n\r\n").unwrap().1;
        tokens = serde_json::from_str(body).unwrap();
    };
    assert_busy(&refused);
    let log = served.log();
    assert!(log.contains("vestibule::store") && log.contains("Nothing that was answered"), "{log}");
    // With room again, the last answer holds.
    assert_eq!(site.serve().refresh(&id, &tokens), Ok(()));
}

#[test]
fn a_store_that_cannot_be_written_keeps_the_program_from_starting() {
    let site = Site::new();
    site.serve().log();
    // The file format's own way to say so, which holds for root too: a write version of the future.
    let mut file = OpenOptions::new().write(true).open(site.path().join("vestibule.db")).unwrap();
    file.seek(SeekFrom::Start(18)).unwrap();
    file.write_all(&[9]).unwrap();
    let ran = site.operator(&["serve"]);
    assert!(!ran.status.success() && ran.stderr.contains("vestibule.db"), "{ran:?}");
    assert!(ran.stderr.contains("read-only") || ran.stderr.contains("write"), "{ran:?}");
}
