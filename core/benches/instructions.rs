//! How many instructions core executes and how often it allocates: figures that a busy machine does
//! not blur.
//!
//! `cargo bench -p vestibule-core --bench instructions` runs each scene under `valgrind
//! --tool=callgrind`, prints what it counted beside the committed figures, and fails where one is
//! more than 20 % above its own. `-- --save` writes the figures down, `-- --against FILE` compares
//! with others. Processors differ in what they offer to the crypto crates, so the figures are no
//! promise for another machine.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a bench says so when something is wrong"
)]
#![allow(clippy::print_stdout, reason = "a bench says what it measured")]
#![allow(clippy::disallowed_methods, reason = "a bench is not core: it has arguments and a file")]

mod walk;

use std::collections::BTreeMap;
use std::process::{Command, ExitCode};

use walk::{Asked, Play, Scene, Town, key, measured, server, unsigned};

/// The committed figures.
const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/instructions.json");

/// How often a scene is played for one figure.
const TIMES: usize = 100;

/// How far above the committed figure is too far, in percent.
const TOO_MUCH: u64 = 20;

/// What is counted, by name.
type Figures = BTreeMap<String, u64>;

/// What is played for a figure: a scene, signed or with signatures that cost nothing. valgrind offers
/// programs no instructions for SHA, and curves are most of what is left; without them core's own
/// work is more of the whole.
const PLAYED: [(Scene, &str); 6] = [
    (Scene::SignIn, "signed"),
    (Scene::SignIn, "unsigned"),
    (Scene::Refresh, "signed"),
    (Scene::Refresh, "unsigned"),
    (Scene::Registration, "unsigned"),
    (Scene::Metadata, "unsigned"),
];

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    // The same program again, as valgrind runs it.
    if let [how, name, signature] = &*arguments
        && let Some(scene) = Scene::ALL.into_iter().find(|scene| scene.name() == name)
    {
        let (town, requests) = rehearsed(scene, signature);
        if how == "play" {
            assert_eq!(measured(&town, requests), 0, "refused when it was played again");
        }
        return ExitCode::SUCCESS;
    }
    let counted = count();
    if arguments.iter().any(|argument| argument == "--save") {
        std::fs::write(FILE, serde_json::to_string_pretty(&counted).unwrap() + "\n").unwrap();
    }
    let against = arguments.iter().skip_while(|argument| *argument != "--against").nth(1);
    if judge(&counted, against.map_or(FILE, String::as_str)) {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

fn rehearsed(scene: Scene, signature: &str) -> (Town, Vec<Asked>) {
    let key = if signature == "signed" { key() } else { unsigned() };
    let mut town = Town::new(server(key));
    let requests = Play::of(&mut town, scene, TIMES).rehearsed(&mut town);
    (town, requests)
}

fn count() -> Figures {
    let mut counted = Figures::new();
    for (scene, signature) in PLAYED {
        let name = scene.name();
        counted.insert(format!("instructions, {name} {signature}"), instructions(scene, signature));
        counted.insert(format!("allocations, {name} {signature}"), allocations(scene, signature));
    }
    counted
}

/// Instructions of one time: those of a run that plays, without those of one that only rehearses.
fn instructions(scene: Scene, signature: &str) -> u64 {
    let executed = |how| executed(&[how, scene.name(), signature]);
    (executed("play") - executed("rehearse")) / TIMES as u64
}

fn executed(arguments: &[&str]) -> u64 {
    let run = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg(std::env::current_exe().unwrap())
        .args(arguments)
        .output()
        .expect("valgrind is installed");
    let said = String::from_utf8(run.stderr).unwrap();
    assert!(run.status.success(), "{said}");
    let collected = said.lines().find_map(|line| line.split_once("Collected : ")).unwrap().1;
    collected.trim().parse().unwrap()
}

/// Allocations of one time, here and now.
fn allocations(scene: Scene, signature: &str) -> u64 {
    let (town, requests) = rehearsed(scene, signature);
    let counted = allocation_counter::measure(|| {
        assert_eq!(measured(&town, requests), 0, "refused when it was played again");
    });
    counted.count_total / TIMES as u64
}

/// Prints, and says whether all is well.
fn judge(counted: &Figures, against: &str) -> bool {
    let committed: Figures =
        serde_json::from_str(&std::fs::read_to_string(against).unwrap()).unwrap();
    assert!(counted.keys().eq(committed.keys()), "other figures are committed: run with --save");
    println!("{:<36} {:>10} {:>10} {:>8}", "", "counted", "committed", "");
    let mut good = true;
    for (name, &now) in counted {
        let was = committed[name];
        let change = (now as f64 / was as f64 - 1.0) * 100.0;
        let too_much = now * 100 > was * (100 + TOO_MUCH);
        let verdict = match change {
            _ if too_much => "  TOO MUCH",
            // What is lost again afterwards would not be seen.
            ..-10.0 => "  less by far: commit it with --save",
            _ => "",
        };
        println!("{name:<36} {now:>10} {was:>10} {change:>+7.1}%{verdict}");
        good &= !too_much;
    }
    good
}
