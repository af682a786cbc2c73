//! What these tests leave behind: nothing.

use std::fs;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use crate::town::{IDP, Plan};

/// Longer than it takes the system to end processes that are killed.
const PATIENCE: Duration = Duration::from_secs(30);

/// Processes that were started with this folder in their environment or their command. What has ended
/// has neither, even where nobody has asked for its status yet.
fn processes_of(folder: &Path) -> Vec<String> {
    let mark = folder.to_str().unwrap();
    let of_folder = |process: &Path| {
        let said = ["environ", "cmdline"].map(|file| fs::read(process.join(file)));
        said.iter().flatten().any(|said| String::from_utf8_lossy(said).contains(mark))
    };
    let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
    let processes = processes.map(|process| process.path()).filter(|process| of_folder(process));
    processes.map(|process| process.display().to_string()).collect()
}

#[test]
fn nothing_of_the_browser_outlives_a_driver_that_was_killed() {
    let Some(town) = Plan::of(&[IDP]).open() else { return };
    let folder = town.folder.path().to_owned();
    // The driver, the browser, its zygotes and renderers.
    assert!(processes_of(&folder).len() > 3);
    town.chromium.kill_driver();
    drop(town);
    let until = Instant::now() + PATIENCE;
    while !processes_of(&folder).is_empty() {
        assert!(Instant::now() < until, "{:?} live on", processes_of(&folder));
        thread::yield_now();
    }
    assert!(!folder.exists());
}
