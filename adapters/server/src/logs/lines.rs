//! Lines on their way to standard error. A write for each costs a request as much as making its line
//! does, so those of requests that come together are written together.

use std::io::{self, Write};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use tracing::{Level, Metadata};
use tracing_subscriber::fmt::MakeWriter;

/// How long a line may wait for others.
const WAIT: Duration = Duration::from_millis(20);

/// How many bytes may wait; whoever brings more writes them.
const MOST: usize = 64 * 1024;

/// Where lines wait. Warnings and errors do not: all that wait go with them.
#[derive(Clone)]
pub(crate) struct Lines(Arc<Shared>);

struct Shared {
    waiting: Mutex<Waiting>,
    /// Told when a first line begins to wait.
    begun: Condvar,
}

struct Waiting {
    lines: Vec<u8>,
    to: Box<dyn Write + Send>,
}

impl Lines {
    /// Lines that are written to `to`, by whoever must and otherwise by a thread of their own.
    pub(super) fn to(to: Box<dyn Write + Send>) -> io::Result<Self> {
        let waiting = Mutex::new(Waiting { lines: Vec::new(), to });
        let lines = Self(Arc::new(Shared { waiting, begun: Condvar::new() }));
        let writing = Arc::clone(&lines.0);
        thread::Builder::new().name("vestibule-log".to_owned()).spawn(move || writing.run())?;
        Ok(lines)
    }

    /// Writes those that wait.
    pub(crate) fn flush(&self) {
        self.0.waiting().write();
    }
}

impl Shared {
    fn run(&self) -> ! {
        loop {
            let waiting = self.waiting();
            let begun = self.begun.wait_while(waiting, |waiting| waiting.lines.is_empty());
            drop(begun.unwrap_or_else(PoisonError::into_inner));
            thread::sleep(WAIT);
            self.waiting().write();
        }
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        // A line that panicked on its way left whole lines behind.
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Waiting {
    /// Under the lock, so that lines stay in the order in which they came. Where the other side takes
    /// no more for now, what it has not taken goes on waiting, from that very byte on.
    fn write(&mut self) {
        let mut written = 0;
        while written < self.lines.len() {
            match self.to.write(piece(&self.lines[written..])) {
                Ok(taken @ 1..) => written += taken,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                // Where standard error is gone there is nobody to tell.
                Ok(0) | Err(_) => written = self.lines.len(),
            }
        }
        self.lines.drain(..written);
    }
}

/// Whole lines, as many as a pipe takes in one piece (POSIX `PIPE_BUF`): what others write to it does
/// not get in between. A longer line is a piece by itself.
fn piece(lines: &[u8]) -> &[u8] {
    const PIPE_BUF: usize = 4096;
    let ends = |byte: &u8| *byte == b'\n';
    let within = &lines[..lines.len().min(PIPE_BUF)];
    let end = within.iter().rposition(ends).or_else(|| lines.iter().position(ends));
    &lines[..end.map_or(lines.len(), |end| end + 1)]
}

impl<'a> MakeWriter<'a> for Lines {
    type Writer = Line<'a>;

    fn make_writer(&'a self) -> Line<'a> {
        Line { shared: &self.0, waits: false }
    }

    fn make_writer_for(&'a self, about: &Metadata<'_>) -> Line<'a> {
        Line { shared: &self.0, waits: *about.level() > Level::WARN }
    }
}

/// One line on its way.
pub(crate) struct Line<'a> {
    shared: &'a Shared,
    waits: bool,
}

impl Write for Line<'_> {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let mut waiting = self.shared.waiting();
        let is_first = waiting.lines.is_empty();
        if waiting.lines.len() > MOST {
            // Nobody takes them: this one is lost, and those before it are whole.
            waiting.write();
            return Ok(line.len());
        }
        waiting.lines.extend_from_slice(line);
        if !self.waits || waiting.lines.len() > MOST {
            waiting.write();
        } else if is_first {
            drop(waiting);
            self.shared.begun.notify_one();
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Writes what waits when it is dropped.
#[must_use = "what waits would be lost"]
pub(crate) struct Flush(pub(super) Lines);

impl Drop for Flush {
    fn drop(&mut self) {
        self.0.flush();
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use std::sync::mpsc::{Receiver, Sender, channel};

    use super::*;

    /// Tells what was written at once.
    struct Told(Sender<String>);

    impl Write for Told {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.send(String::from_utf8_lossy(bytes).into_owned()).unwrap();
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn lines() -> (Lines, Receiver<String>) {
        let (sender, receiver) = channel();
        (Lines::to(Box::new(Told(sender))).unwrap(), receiver)
    }

    fn line(lines: &Lines, waits: bool, text: &str) {
        Line { shared: &lines.0, waits }.write_all(text.as_bytes()).unwrap();
    }

    #[test]
    fn a_line_that_waits_is_written_by_nobody_but_time() {
        let (lines, written) = lines();
        line(&lines, true, "one\n");
        assert_eq!(written.recv().unwrap(), "one\n");
    }

    #[test]
    fn a_warning_takes_with_it_what_waits() {
        let (lines, written) = lines();
        line(&lines, true, "one\n");
        line(&lines, false, "two\n");
        let both: String = written.try_iter().collect();
        assert_eq!(both, "one\ntwo\n");
    }

    #[test]
    fn the_end_of_the_program_loses_nothing() {
        let (lines, written) = lines();
        line(&lines, true, "one\n");
        drop(Flush(lines));
        assert_eq!(written.try_iter().collect::<String>(), "one\n");
    }

    /// Takes few bytes at a time, and then none.
    struct Full(usize, Sender<String>);

    impl Write for Full {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let taken = bytes.len().min(self.0).min(3);
            if taken == 0 {
                return Err(io::ErrorKind::WouldBlock.into());
            }
            self.0 -= taken;
            self.1.send(String::from_utf8_lossy(&bytes[..taken]).into_owned()).unwrap();
            Ok(taken)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn what_is_not_taken_goes_on_waiting_from_that_byte_on() {
        let (sender, written) = channel();
        let mut waiting = Waiting { lines: b"one\ntwo\n".to_vec(), to: Box::new(Full(5, sender)) };
        waiting.write();
        assert_eq!(written.try_iter().collect::<String>(), "one\nt");
        assert_eq!(waiting.lines, b"wo\n");
    }

    #[test]
    fn pieces_are_whole_lines() {
        let line = format!("{}\n", "x".repeat(1999));
        let lines = line.repeat(3);
        assert_eq!(piece(lines.as_bytes()).len(), 4000);
        let long = format!("{}\n{line}", "x".repeat(5000));
        assert_eq!(piece(long.as_bytes()).len(), 5001);
    }

    #[test]
    fn no_more_waits_than_may() {
        let (lines, written) = lines();
        line(&lines, true, &"x".repeat(MOST + 1));
        assert_eq!(written.try_iter().map(|text| text.len()).sum::<usize>(), MOST + 1);
    }
}
