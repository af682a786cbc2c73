//! Listens to the crate `log`. There is one logger in a process, so whoever listens is alone in it.

use std::sync::Mutex;

static LINES: Lines = Lines(Mutex::new(String::new()));

struct Lines(Mutex<String>);

impl log::Log for Lines {
    fn enabled(&self, _: &log::Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &log::Record<'_>) {
        *self.0.lock().unwrap() += &format!("{} {}\n", record.target(), record.args());
    }

    fn flush(&self) {}
}

/// From now on every line is heard, at the finest level that is compiled in.
pub(crate) fn listen() {
    log::set_logger(&LINES).unwrap();
    log::set_max_level(log::LevelFilter::Trace);
}

/// What was heard: a line each, the target before it.
pub(crate) fn lines() -> String {
    LINES.0.lock().unwrap().clone()
}
