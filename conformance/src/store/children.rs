//! Clauses about processes run this very program again and talk with it over its standard input and
//! output.

use std::any::type_name;
use std::ffi::OsString;
use std::io::{self, Write};
use std::mem::ManuallyDrop;
use std::process::{self, ChildStdin, Command, Stdio};
use std::sync::mpsc::Receiver;
use std::{env, fmt};

use super::Subject;
use super::report::{Objection, Verdict};
use crate::again;

/// How to start this program again, so that it comes to the same clause in another process.
#[derive(Clone, Debug)]
pub struct Children {
    arguments: Option<Vec<OsString>>,
}

impl Children {
    /// From the test of this name, in a module as `module_path!()` gives it.
    ///
    /// The test is run again by the options of the harness that comes with Rust (`--exact`); one
    /// with a harness of its own is a program, as [`Children::of_main`] has it.
    #[must_use]
    pub fn of_test(module: &str, test: &str) -> Self {
        // The first part is the crate, which is not part of a test's name.
        let test = match module.split_once("::") {
            Some((_, path)) => format!("{path}::{test}"),
            None => test.to_owned(),
        };
        let arguments = ["--exact", &test, "--nocapture", "--include-ignored"];
        Self { arguments: Some(arguments.map(OsString::from).to_vec()) }
    }

    /// From a program that comes to the same [`check`](super::check) whenever it is started with
    /// the same arguments.
    #[must_use]
    pub fn of_main() -> Self {
        Self { arguments: Some(env::args_os().skip(1).collect()) }
    }

    /// No processes are started; clauses that need them are not asked.
    #[must_use]
    pub fn none() -> Self {
        Self { arguments: None }
    }

    /// Starts this program as `number`th child of a clause.
    pub(super) fn start<S: Subject>(
        &self,
        clause: &str,
        number: u64,
        subject: &S,
    ) -> Result<Child, Objection> {
        let Some(arguments) = &self.arguments else {
            return Err(Objection::NotAsked("no processes are to be started"));
        };
        let Some(address) = subject.address() else {
            return Err(Objection::NotAsked("the data ends with its process"));
        };
        let start = || {
            let mut process = Command::new(env::current_exe()?)
                .args(arguments)
                .env(CLAUSE, clause)
                .env(SUBJECT, type_name::<S>())
                .env(ADDRESS, address)
                .env(NUMBER, number.to_string())
                .stdin(Stdio::piped())
                .stdout(Stdio::piped())
                .spawn()?;
            let (input, output) = (process.stdin.take(), process.stdout.take());
            Ok(Child { process, input, output: output.map(again::lines_of_child) })
        };
        start().map_err(|error: io::Error| lost("cannot be started", error))
    }
}

const CLAUSE: &str = "VESTIBULE_CONFORMANCE_CLAUSE";
const SUBJECT: &str = "VESTIBULE_CONFORMANCE_SUBJECT";
const ADDRESS: &str = "VESTIBULE_CONFORMANCE_ADDRESS";
const NUMBER: &str = "VESTIBULE_CONFORMANCE_NUMBER";

/// Before each line of a child: a test harness prints lines of its own.
const SAID: &str = "vestibule-conformance: ";

/// What a child is there for.
pub(super) struct Task {
    clause: String,
    subject: String,
    address: String,
    number: u64,
}

impl Task {
    pub(super) fn is_for<S: Subject>(&self, clause: &str) -> bool {
        self.clause == clause && self.subject == type_name::<S>()
    }
}

/// What this process is there for, if it is a child.
pub(super) fn task() -> Option<Task> {
    Some(Task {
        clause: env::var(CLAUSE).ok()?,
        subject: env::var(SUBJECT).ok()?,
        address: env::var(ADDRESS).ok()?,
        number: env::var(NUMBER).ok()?.parse().ok()?,
    })
}

/// In a child of this clause: does its work and ends the process. Elsewhere nothing.
pub(super) fn work<S: Subject>(clause: &str, work: impl FnOnce(&S::Store, Parent) -> Verdict) {
    let Some(task) = task().filter(|task| task.is_for::<S>(clause)) else {
        return;
    };
    let Some(subject) = S::at(&task.address).map(ManuallyDrop::new) else {
        say("has an address and cannot be found `at` it");
        process::exit(1);
    };
    let parent = Parent { number: task.number, said: again::lines_of_parent() };
    if let Err(objection) = work(&subject.open(), parent) {
        say(&objection);
        process::exit(1);
    }
    process::exit(0);
}

/// What a child tells its parent. A parent that is gone ends the child.
fn say(what: impl fmt::Display) {
    let mut output = io::stdout().lock();
    // On a line of its own, whatever the test harness has begun to print.
    if writeln!(output, "\n{SAID}{what}").and_then(|()| output.flush()).is_err() {
        process::exit(1);
    }
}

/// A child's side of the conversation.
pub(super) struct Parent {
    /// Which child this is.
    pub(super) number: u64,
    said: Receiver<String>,
}

impl Parent {
    pub(super) fn tell(&self, what: impl fmt::Display) {
        say(what);
    }

    /// Says that this child is ready and waits until it is to go on.
    pub(super) fn wait_until_told(&self) -> Verdict {
        say(READY);
        let gone = |_| Objection::Broken("the parent process is gone".to_owned());
        self.said.recv().map(drop).map_err(gone)
    }
}

const READY: &str = "ready";

/// A process of the parent's side. Killed when it is dropped.
pub(super) struct Child {
    process: process::Child,
    input: Option<ChildStdin>,
    output: Option<Receiver<io::Result<String>>>,
}

impl Child {
    /// What the child says next; `None`: nothing any more.
    pub(super) fn hear(&self) -> Result<Option<String>, Objection> {
        let Some(output) = &self.output else {
            return Ok(None);
        };
        // One that hangs is killed when it is dropped.
        while let Some(line) =
            again::next(output).map_err(|error| lost("cannot be heard", error))?
        {
            if let Some((_, said)) = line.trim_end_matches('\n').split_once(SAID) {
                return Ok(Some(said.to_owned()));
            }
        }
        Ok(None)
    }

    pub(super) fn wait_until_ready(&self) -> Verdict {
        match self.hear()?.as_deref() {
            Some(READY) => Ok(()),
            Some(other) => Err(Objection::Broken(format!("a child process: {other}"))),
            None => Err(Objection::Broken(
                "a child process ended before it came to the clause: is the test's path the one \
                 that was given, and does the program get there?"
                    .to_owned(),
            )),
        }
    }

    pub(super) fn go(&mut self) -> Verdict {
        let Some(input) = &mut self.input else {
            return Ok(());
        };
        input.write_all(b"go\n").map_err(|error| lost("does not listen", error))
    }

    /// As `kill -9` does.
    pub(super) fn kill(&mut self) -> Verdict {
        self.process.kill().map_err(|error| lost("cannot be killed", error))
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn lost(what: &str, error: io::Error) -> Objection {
    Objection::Broken(format!("a child process {what}: {error}"))
}
