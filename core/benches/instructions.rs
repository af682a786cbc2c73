//! How many instructions core executes and how often it allocates: figures that a busy machine does
//! not blur.
//!
//! `cargo bench -p vestibule-core --bench instructions` runs each scene under `valgrind
//! --tool=callgrind`, prints what it counted beside the committed figures, and fails where one is
//! more than 20 % above its own. `-- --save` writes the figures down. Processors differ in what they
//! offer to the crypto crates, so the figures are no promise for another machine.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a bench says so when something is wrong"
)]
#![allow(clippy::print_stdout, reason = "a bench says what it measured")]
#![allow(clippy::disallowed_methods, reason = "a bench is not core: it has arguments and a file")]

mod walk;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use walk::{Play, Scene, Town, key, measured, server};

/// How often a scene is played for one figure.
const TIMES: usize = 100;

/// How far above the committed figure is too far, in percent.
const TOO_MUCH: u64 = 20;

/// What is counted.
type Figures = BTreeMap<String, u64>;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    // The same program again, as valgrind runs it.
    if let [how, name] = &*arguments
        && let Some(scene) = Scene::ALL.into_iter().find(|scene| scene.name() == name)
    {
        let mut town = Town::new(server(key()));
        let requests = Play::of(&mut town, scene, TIMES).rehearsed(&mut town);
        if how == "play" {
            measured(&town, requests);
        }
        return ExitCode::SUCCESS;
    }
    let counted = count();
    if arguments.iter().any(|argument| argument == "--save") {
        std::fs::write(file(), serde_json::to_string_pretty(&counted).unwrap() + "\n").unwrap();
    }
    if judge(&counted) { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn count() -> Figures {
    let mut counted = Figures::new();
    for scene in Scene::ALL {
        counted.insert(format!("instructions, {}", scene.name()), instructions(scene));
        counted.insert(format!("allocations, {}", scene.name()), allocations(scene));
    }
    counted
}

/// Instructions of one time: those of a run that plays, without those of one that only rehearses.
fn instructions(scene: Scene) -> u64 {
    (executed("play", scene) - executed("rehearse", scene)) / TIMES as u64
}

fn executed(how: &str, scene: Scene) -> u64 {
    let run = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg(std::env::current_exe().unwrap())
        .args([how, scene.name()])
        .output()
        .expect("valgrind is installed");
    let said = String::from_utf8(run.stderr).unwrap();
    assert!(run.status.success(), "{said}");
    let collected = said.lines().find_map(|line| line.split_once("Collected : ")).unwrap().1;
    collected.trim().parse().unwrap()
}

/// Allocations of one time, here and now.
fn allocations(scene: Scene) -> u64 {
    let mut town = Town::new(server(key()));
    let requests = Play::of(&mut town, scene, TIMES).rehearsed(&mut town);
    let counted = allocation_counter::measure(|| {
        measured(&town, requests);
    });
    counted.count_total / TIMES as u64
}

/// Prints, and says whether all is well.
fn judge(counted: &Figures) -> bool {
    let committed: Figures =
        serde_json::from_str(&std::fs::read_to_string(file()).unwrap()).unwrap();
    assert!(counted.keys().eq(committed.keys()), "other figures are committed: run with --save");
    println!("{:<30} {:>10} {:>10} {:>8}", "", "counted", "committed", "");
    let mut good = true;
    for (name, &now) in counted {
        let was = committed[name];
        let change = (now as f64 / was as f64 - 1.0) * 100.0;
        let too_much = now * 100 > was * (100 + TOO_MUCH);
        let verdict = if too_much { "  TOO MUCH" } else { "" };
        println!("{name:<30} {now:>10} {was:>10} {change:>+7.1}%{verdict}");
        good &= !too_much;
    }
    good
}

fn file() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/instructions.json")
}
