use std::io::{ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

/// Requests and the numbers of their connections.
pub(crate) type Seen = Arc<Mutex<Vec<(usize, String)>>>;

/// A server that does what a test says, down to the byte.
pub(crate) struct Peer {
    listener: TcpListener,
}

impl Peer {
    pub(crate) fn new() -> Self {
        Self { listener: TcpListener::bind("127.0.0.1:0").unwrap() }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.listener.local_addr().unwrap())
    }

    /// Runs a script beside the test.
    pub(crate) fn run<T: Send + 'static>(
        self,
        script: impl FnOnce(Self) -> T + Send + 'static,
    ) -> JoinHandle<T> {
        std::thread::spawn(move || script(self))
    }

    /// Answers requests on any number of connections, which are kept open, and remembers them with
    /// the number of their connection; no answer closes the connection.
    pub(crate) fn serve(
        self,
        answer: impl Fn(&str) -> Option<&'static str> + Copy + Send + 'static,
    ) -> Seen {
        let seen = Seen::default();
        let remembered = Arc::clone(&seen);
        // Ends with the process.
        std::thread::spawn(move || {
            for connection in 0.. {
                let (mut stream, _) = self.listener.accept().unwrap();
                let seen = Arc::clone(&remembered);
                std::thread::spawn(move || {
                    while let Some(request) = next_request(&mut stream) {
                        let answer = answer(&request);
                        seen.lock().unwrap().push((connection, request));
                        let Some(answer) = answer else { return };
                        stream.write_all(answer.as_bytes()).unwrap();
                    }
                });
            }
        });
        seen
    }

    /// The next connection; reading from it fails after a while instead of holding up a test that
    /// has failed already.
    pub(crate) fn accept(&self) -> TcpStream {
        let (stream, _) = self.listener.accept().unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        stream
    }

    /// Answers one request and closes its connection.
    pub(crate) fn answer_once(&self, answer: &str) {
        let mut stream = self.accept();
        read_request(&mut stream);
        stream.write_all(answer.as_bytes()).unwrap();
    }

    /// Fails if somebody has connected who was not accepted.
    pub(crate) fn expect_nobody_else(&self) {
        self.listener.set_nonblocking(true).unwrap();
        let next = self.listener.accept().map(|(_, from)| from);
        assert_eq!(next.unwrap_err().kind(), ErrorKind::WouldBlock);
    }
}

/// A request's head, and its body if that has a length.
pub(crate) fn read_request(stream: &mut TcpStream) -> String {
    next_request(stream).unwrap()
}

/// The same; `None` if the connection was closed.
pub(crate) fn next_request(stream: &mut TcpStream) -> Option<String> {
    let mut read = Vec::new();
    while !read.ends_with(b"\r\n\r\n") {
        read.push(read_byte(stream)?);
    }
    let head = String::from_utf8(read.clone()).unwrap().to_lowercase();
    let length = head.split("content-length:").nth(1).and_then(|rest| rest.lines().next());
    for _ in 0..length.map_or(0, |length| length.trim().parse().unwrap()) {
        read.push(read_byte(stream)?);
    }
    Some(String::from_utf8(read).unwrap())
}

fn read_byte(stream: &mut TcpStream) -> Option<u8> {
    let mut byte = [0];
    stream.read_exact(&mut byte).ok()?;
    Some(byte[0])
}
