//! This program, run again: what its parent and it owe each other.
//!
//! Neither waits for the other without end: a parent gives up after [`PATIENCE`], and a child that
//! hangs with whoever has started it is killed; a child ends when its parent does, whatever became
//! of that.

use std::io::{self, BufRead, BufReader, Read};
use std::process;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::Duration;

/// How long a process or a thread may say nothing: long, since only what hangs is waited for, and a
/// slow disk is no hang.
pub(crate) const PATIENCE: Duration = Duration::from_secs(120);

/// In a child: what the parent says, line by line. When its end of the pipe is closed, as happens
/// however the parent ends, so does this process.
pub(crate) fn lines_of_parent() -> Receiver<String> {
    let (line, lines) = channel();
    thread::spawn(move || {
        // Nobody may be there for what is said; the end counts all the same.
        for said in io::stdin().lock().lines().map_while(Result::ok) {
            let _ = line.send(said);
        }
        process::exit(1);
    });
    lines
}

/// In a parent: what a child says, line by line, each with its end. A line that the child's end cut
/// off was not said.
pub(crate) fn lines_of_child(output: impl Read + Send + 'static) -> Receiver<io::Result<String>> {
    let (line, lines) = channel();
    thread::spawn(move || {
        let mut output = BufReader::new(output);
        loop {
            let mut said = String::new();
            let read = output.read_line(&mut said);
            let over = !said.ends_with('\n');
            match read {
                Ok(_) if over => return,
                Ok(_) => {}
                Err(error) => {
                    let _ = line.send(Err(error));
                    return;
                }
            }
            if line.send(Ok(said)).is_err() {
                return;
            }
        }
    });
    lines
}

/// The next of those lines; `None`: nothing any more.
pub(crate) fn next(lines: &Receiver<io::Result<String>>) -> io::Result<Option<String>> {
    match lines.recv_timeout(PATIENCE) {
        Ok(line) => line.map(Some),
        Err(RecvTimeoutError::Disconnected) => Ok(None),
        Err(RecvTimeoutError::Timeout) => {
            let silent = format!("it has said nothing for {} seconds", PATIENCE.as_secs());
            Err(io::Error::new(io::ErrorKind::TimedOut, silent))
        }
    }
}
