//! Connections are open files, and the system gives so many.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;

use tempfile::TempDir;

use super::CONFIGURATION;
use super::support::{self, Running};

/// `serve` where the system lets a process have so many files open; `-S` is what it may raise.
fn with_files(kind: &str, files: u32) -> (std::process::Command, TempDir) {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("vestibule.toml"), CONFIGURATION).unwrap();
    let program = env!("CARGO_BIN_EXE_vestibule");
    let start = format!(
        "ulimit -S -n {files} && ulimit {kind} -n {files} && \
         exec '{program}' serve --config vestibule.toml"
    );
    let mut shell = std::process::Command::new("sh");
    shell.args(["-c", &start]).current_dir(folder.path());
    (shell, folder)
}

/// A connection is an open file.
#[test]
fn files_are_taken_up_to_what_the_system_gives() {
    for (limit, warned) in [("-S", 0), ("-H", 1)] {
        let (mut command, _folder) = with_files(limit, 256);
        let running = Running::start(&mut command);
        running.signal("TERM");
        let log = running.end().stderr;
        assert_eq!(log.matches("fewer connections").count(), warned, "{limit}: {log}");
    }
}

/// 256 files less 128 for the program itself: whoever comes then waits, and is answered when another
/// has gone. None of them takes the files of the store or of calls to providers.
#[test]
fn where_files_are_few_connections_are_fewer() {
    let (mut command, _folder) = with_files("-H", 256);
    let running = Running::start(&mut command);
    let answered = |stream: &mut TcpStream| {
        let request = "GET /health HTTP/1.1\r\nHost: auth.example.com\r\n\r\n";
        stream.write_all(request.as_bytes()).unwrap();
        stream.read(&mut [0; 1024]).unwrap() > 0
    };
    let mut streams: Vec<_> =
        (0..128).map(|_| TcpStream::connect(&running.address).unwrap()).collect();
    assert!(streams.iter_mut().all(answered));
    let files = fs::read_dir(format!("/proc/{}/fd", running.id())).map(Iterator::count);
    let mut last = TcpStream::connect(&running.address).unwrap();
    streams.pop();
    assert!(answered(&mut last));
    if let Ok(files) = files {
        assert!((128..192).contains(&files), "{files}");
    }
    running.signal("TERM");
    let log = running.end().stderr;
    assert!(log.contains("connections=128") && !log.contains("os error 24"), "{log}");
}

#[test]
fn with_too_few_files_it_does_not_start() {
    let (mut command, _folder) = with_files("-H", 160);
    let ran = support::run(&mut command);
    assert_eq!(ran.status.code(), Some(1), "{ran:?}");
    assert!(ran.stderr.contains("needs 192 at least"), "{}", ran.stderr);
}
