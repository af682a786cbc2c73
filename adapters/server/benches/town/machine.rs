//! Where figures come from.

use std::fs;
use std::process::Command;
use std::thread;

/// The machine, the commit and how it was built, in one line.
pub(crate) fn described() -> String {
    let cpu = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = cpu.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    let model = model.map_or("an unknown processor", |(_, model)| model);
    let cores = thread::available_parallelism().unwrap();
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let (kernel, commit, poly1305) = (kernel.trim(), commit(), poly1305());
    format!("{model}, {cores} cores, Linux {kernel}, commit {commit}, {poly1305}")
}

/// Which Poly1305 the program has: the one that `.cargo/config.toml` chooses, unless `RUSTFLAGS`
/// stood in its place. The same flags are those of a bench and of the program.
#[allow(unexpected_cfgs, reason = "a flag of the crate poly1305")]
fn poly1305() -> &'static str {
    if cfg!(poly1305_backend = "soft") { "portable Poly1305" } else { "Poly1305 of the processor" }
}

/// Marked where the files differ from it, other than those that benches write themselves.
fn commit() -> String {
    let git = |arguments: &[&str]| {
        let mut command = Command::new("git");
        let output =
            command.arg("-C").arg(env!("CARGO_MANIFEST_DIR")).args(arguments).output().ok()?;
        output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
    };
    let Some(commit) = git(&["rev-parse", "--short", "HEAD"]) else { return "unknown".to_owned() };
    let others = [":/", ":(exclude)benches/figures"];
    let changed =
        git(&[&["status", "--porcelain", "--untracked-files=no", "--"][..], &others].concat());
    if changed.is_some_and(|changed| !changed.is_empty()) {
        commit + " and changes"
    } else {
        commit
    }
}
