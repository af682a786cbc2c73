//! What was answered survives `kill -9`. That it survives a power loss rests on `synchronous =
//! FULL`, which `open.rs` reads back; no test here pulls a plug.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "tests")]

mod support;

use std::env;
use std::fs;
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use support::{load, place, record, swap};
use vestibule_core::store::Swapped;
use vestibule_sqlite::SqliteStore;

/// Names the file, to the process that is going to be killed.
const FILE: &str = "VESTIBULE_TEST_KILLED";

/// Run by the other test, in a process of its own; by itself it does nothing.
#[test]
fn writes_until_it_is_killed() {
    let Some(file) = env::var_os(FILE) else { return };
    let store = SqliteStore::open(file).unwrap();
    for n in 0.. {
        assert_eq!(swap(&store, n, None, Some(n)), Swapped::Done);
        println!("done {n}");
    }
}

#[test]
fn what_a_killed_process_left_in_the_log_is_synced_before_it_is_read() {
    let (place, copy) = (place(), place());
    let store = place.open();
    swap(&store, 1, None, Some(1));
    // As they are when a process is killed: all of it is in the log.
    let log = |place: &support::Place| format!("{}-wal", place.file().display());
    fs::copy(place.file(), copy.file()).unwrap();
    fs::copy(log(&place), log(&copy)).unwrap();
    let holds = |place: &support::Place| {
        let bytes = fs::read(place.file()).unwrap();
        bytes.windows(8).any(|found| found == b"sealed 1")
    };
    assert!(!holds(&copy));
    let store = copy.open();
    // A checkpoint syncs the log first, and then it moves it here.
    assert!(holds(&copy), "a checkpoint is made");
    assert_eq!(load(&store, 1), Ok(Some(record(1))));
}

#[test]
fn what_was_answered_before_kill_9_is_there() {
    let place = place();
    for round in 1..=3 {
        let file = place.folder().join(format!("{round}.db"));
        let mut child = Command::new(env::current_exe().unwrap())
            .args(["--exact", "writes_until_it_is_killed", "--nocapture"])
            .env(FILE, &file)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
        let done = |line: &String| line.contains("done ");
        let mut answered = lines.by_ref().filter(done).take(round * 50).count();
        child.kill().unwrap();
        child.wait().unwrap();
        answered += lines.filter(done).count();
        let store = SqliteStore::open(&file).unwrap();
        for n in 0..answered as u32 {
            assert_eq!(load(&store, n), Ok(Some(record(n))));
        }
        // One more may have been written and not answered.
        let there = store.count().wait().unwrap() as usize;
        assert!((answered..=answered + 1).contains(&there), "{there} of {answered}");
    }
}
