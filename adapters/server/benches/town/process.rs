use std::io::{self, BufRead, BufReader, Read};
use std::process::{self, Child, ChildStdout, Command, Stdio};
use std::time::Duration;
use std::{fs, thread};

use nix::time::ClockId;
use nix::unistd::Pid;

/// What a server says before its address when it is ready.
pub(crate) const LISTENING: &str = "listening on ";

/// A child process. Killed when it is dropped.
pub(crate) struct Process {
    child: Child,
    stdout: BufReader<ChildStdout>,
}

/// What the operating system counted for all threads of a process since it began.
#[derive(Clone, Copy)]
pub(crate) struct Cpu {
    /// In user and system mode, to the nanosecond.
    pub(crate) all: Duration,
    /// In system mode alone, to the clock's tick: a hundredth of a second.
    pub(crate) system: Duration,
}

impl Process {
    pub(crate) fn start(command: &mut Command) -> Self {
        Self::spawn(command.stdin(Stdio::null()))
    }

    fn spawn(command: &mut Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        Self { child, stdout }
    }

    /// This executable in another role, which ends with this process however this one ends: see
    /// [`end_with_stdin`].
    pub(crate) fn in_role(arguments: &[&str]) -> Self {
        let mut command = Command::new(std::env::current_exe().unwrap());
        Self::spawn(command.args(arguments).stdin(Stdio::piped()))
    }

    /// Waits until it listens; its address.
    pub(crate) fn address(&mut self) -> String {
        let mut line = String::new();
        self.stdout.read_line(&mut line).unwrap();
        let said = line.strip_prefix(LISTENING).and_then(|rest| rest.split(' ').next());
        said.unwrap_or_else(|| panic!("a server said {line:?} instead of its address")).to_owned()
    }

    /// Waits until it ends well; what it said.
    pub(crate) fn said(mut self) -> String {
        let mut said = String::new();
        self.stdout.read_to_string(&mut said).unwrap();
        let status = self.child.wait().unwrap();
        assert!(status.success(), "a process of the bench failed: {status}");
        said
    }

    pub(crate) fn cpu(&self) -> Cpu {
        let id = Pid::from_raw(self.child.id().try_into().unwrap());
        let all = ClockId::pid_cpu_clock_id(id).and_then(ClockId::now).unwrap().into();
        Cpu { all, system: self.system() }
    }

    /// `stime` of proc_pid_stat(5), the 15th field. Linux gives it to user space in hundredths of a
    /// second on every machine (USER_HZ).
    fn system(&self) -> Duration {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.child.id())).unwrap();
        // The second field, the name in parentheses, may have spaces.
        let (_, rest) = stat.rsplit_once(") ").unwrap();
        let ticks: u64 = rest.split(' ').nth(12).unwrap().parse().unwrap();
        Duration::from_millis(ticks * 10)
    }

    /// Resident memory (`VmRSS`), in bytes.
    pub(crate) fn resident(&self) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
        line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() * 1024
    }
}

/// Ends this process when nobody is left who could write to it: when who started it was killed.
pub(super) fn end_with_stdin() {
    thread::spawn(|| {
        let _ = io::copy(&mut io::stdin(), &mut io::sink());
        process::exit(1);
    });
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
