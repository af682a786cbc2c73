//! The real program as a child process, and a way to speak HTTP to it that hides nothing.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
#![allow(dead_code, reason = "each test file uses a part of it")]

pub(crate) mod served;

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::Duration;

/// Longer than anything here takes; a test that hangs fails by it.
const PATIENCE: Duration = Duration::from_secs(60);

/// What a run of the program left behind.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) status: ExitStatus,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// The program with these arguments, in an environment without settings of its own.
pub(crate) fn vestibule(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_vestibule"));
    command.args(arguments).env_remove("VESTIBULE_LOG").stdin(Stdio::null());
    command
}

/// Runs the program to its end.
pub(crate) fn run(command: &mut Command) -> Ran {
    let output = command.output().unwrap();
    Ran {
        status: output.status,
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

/// `vestibule check` of a file in a folder, as somebody in that folder runs it.
pub(crate) fn check(folder: &Path, file: &str) -> Ran {
    run(vestibule(&["check", "--config", file]).current_dir(folder))
}

/// The program while it serves. Killed when it is dropped.
pub(crate) struct Running {
    child: Child,
    stdout: BufReader<ChildStdout>,
    /// All of standard error, when it has ended. Read all the while: a full pipe would stop the
    /// program.
    stderr: Receiver<String>,
    /// `127.0.0.1:PORT`, as it said.
    pub(crate) address: String,
    /// What it said when it was ready.
    pub(crate) ready: String,
}

impl Running {
    /// Starts the program and waits until it says that it is ready.
    pub(crate) fn start(command: &mut Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let mut stderr = child.stderr.take().unwrap();
        let stderr = started(move || {
            let mut bytes = Vec::new();
            stderr.read_to_end(&mut bytes).unwrap();
            String::from_utf8(bytes).unwrap()
        });
        let (line, stdout) = within_patience(move || {
            let mut line = String::new();
            stdout.read_line(&mut line).unwrap();
            (line, stdout)
        });
        let ready = line.trim_end().to_owned();
        let said = ready.strip_prefix("listening on ").and_then(|rest| rest.split_once(' '));
        let Some((address, _)) = said else {
            child.kill().unwrap();
            panic!("the program said {ready:?} and: {}", stderr.recv_timeout(PATIENCE).unwrap());
        };
        Self { address: address.to_owned(), child, stdout, stderr, ready }
    }

    /// The next line of standard output that starts so, without its start.
    pub(crate) fn line_after(&mut self, start: &str) -> String {
        let mut line = String::new();
        while self.stdout.read_line(&mut line).unwrap() > 0 {
            if let Some(rest) = line.trim().strip_prefix(start) {
                return rest.trim().to_owned();
            }
            line.clear();
        }
        panic!("no line starts with {start:?}");
    }

    /// The process's id.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Sends a signal, by the name that `kill` knows.
    pub(crate) fn signal(&self, name: &str) {
        let kill = format!("kill -{name} {}", self.child.id());
        assert!(Command::new("sh").args(["-c", &kill]).status().unwrap().success());
    }

    /// Waits for its end; how it ended, and the rest of what it said.
    pub(crate) fn end(mut self) -> Ran {
        let stderr = self.stderr.recv_timeout(PATIENCE).unwrap();
        let mut stdout = String::new();
        self.stdout.read_to_string(&mut stdout).unwrap();
        Ran { status: self.child.wait().unwrap(), stdout, stderr }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// `GET path` with this `Host`; the whole answer as it came.
pub(crate) fn get(address: &str, host: &str, path: &str) -> String {
    let head = format!("GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
    send(address, &head)
}

/// Sends bytes and reads until the other side closes.
pub(crate) fn send(address: &str, request: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

/// The value of a header field of an answer.
pub(crate) fn header<'a>(answer: &'a str, name: &str) -> &'a str {
    let field =
        |line: &'a str| line.split_once(": ").filter(|(key, _)| key.eq_ignore_ascii_case(name));
    answer.lines().find_map(field).unwrap_or_else(|| panic!("no {name} in {answer:?}")).1
}

/// Fails where a blocking call takes too long.
fn within_patience<T: Send + 'static>(act: impl FnOnce() -> T + Send + 'static) -> T {
    started(act).recv_timeout(PATIENCE).unwrap()
}

/// Starts what blocks; its result comes when it is done.
fn started<T: Send + 'static>(act: impl FnOnce() -> T + Send + 'static) -> Receiver<T> {
    let (sender, done) = mpsc::channel();
    // Where the test is over already, nobody waits for it.
    thread::spawn(move || {
        let _ = sender.send(act());
    });
    done
}
