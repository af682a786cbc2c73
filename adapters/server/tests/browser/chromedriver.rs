//! Chromium's driver, as a process.

use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::tools::Tools;
use crate::town::{IDP, Plan};

/// The driver's process, and all that it started: a group of their own.
pub(crate) struct Chromedriver {
    child: Child,
    pub(crate) port: u16,
}

impl Chromedriver {
    /// It chooses a port on IPv4 and wants the same on IPv6, where somebody else may have it.
    pub(crate) fn start(tools: &Tools, temporary: &Path) -> Self {
        const TRIES: usize = 5;
        let mut said = Vec::new();
        (0..TRIES)
            .find_map(|_| Self::try_to_start(tools, temporary, &mut said))
            .unwrap_or_else(|| panic!("chromedriver did not start: {said:?}"))
    }

    fn try_to_start(tools: &Tools, temporary: &Path, said: &mut Vec<String>) -> Option<Self> {
        let mut command = Command::new(&tools.chromedriver);
        command.arg("--port=0").process_group(0).env("TMPDIR", temporary);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut started = Self { child: command.spawn().unwrap(), port: 0 };
        let mut lines = BufReader::new(started.child.stdout.take().unwrap()).lines();
        let port = lines.by_ref().map_while(Result::ok).find_map(|line| {
            let port = line.strip_prefix("ChromeDriver was started successfully on port ");
            let port = port.map(|port| port.trim_end_matches('.').parse().unwrap());
            said.push(line);
            port
        });
        // A full pipe would stop it.
        thread::spawn(move || lines.for_each(drop));
        started.port = port?;
        Some(started)
    }

    /// Ends it and leaves what it started.
    pub(crate) fn kill_alone(&self) {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args(["-KILL", &id]).status().unwrap().success());
    }
}

impl Drop for Chromedriver {
    fn drop(&mut self) {
        // It leaves the browser behind where it is killed by itself.
        let group = format!("-{}", self.child.id());
        let _ = Command::new("kill").args(["-KILL", "--", &group]).status();
        let _ = self.child.wait();
    }
}

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
