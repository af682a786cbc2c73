//! Programs of others, run by Node.js.

use std::env;
use std::io::{BufRead, BufReader, Write, stderr};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

/// An identity provider. Killed when it is dropped.
pub(crate) struct Node {
    child: Child,
    stdin: ChildStdin,
    stdout: BufReader<ChildStdout>,
    pub(crate) issuer: String,
}

impl Node {
    /// Starts a script of this folder, which prints its issuer. `None`: something is missing, and
    /// the test does nothing.
    pub(crate) fn start(script: &str, arguments: &[&str]) -> Option<Self> {
        let folder = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/idp"));
        let path = env::var_os("PATH").unwrap_or_default();
        if !env::split_paths(&path).any(|folder| folder.join("node").is_file()) {
            return missing("Node.js", "install node");
        }
        if !folder.join("node_modules").is_dir() {
            return missing("an identity provider", "run `npm ci` in adapters/server/tests/idp");
        }
        let mut child = Command::new("node")
            .arg(folder.join(script))
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            // It warns at length that it is a test.
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let stdin = child.stdin.take().unwrap();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        let mut node = Self { child, stdin, stdout, issuer: String::new() };
        node.issuer = node.line();
        assert!(node.issuer.starts_with("http://127.0.0.1:"), "it said {:?}", node.issuer);
        Some(node)
    }

    /// Tells it what to do from now on.
    pub(crate) fn tell(&mut self, what: &str) {
        writeln!(self.stdin, "{what}").unwrap();
        assert_eq!(self.line(), what);
    }

    /// A line that it prints; empty where it has ended.
    fn line(&mut self) -> String {
        let mut line = String::new();
        self.stdout.read_line(&mut line).unwrap();
        line.trim_end().to_owned()
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn missing<T>(what: &str, mend: &str) -> Option<T> {
    assert!(env::var_os("CI").is_none(), "{what} is missing: {mend}");
    // Not by `eprintln!`, which is kept back from whoever runs the tests.
    let _ = stderr().write_all(format!("skipped: {what} is missing ({mend})\n").as_bytes());
    None
}
