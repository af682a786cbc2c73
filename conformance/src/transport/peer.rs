use std::io::{self, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::Broken;
use super::broken::ensure;

/// How long a script may wait for what has to come: long, since only what fails waits for it.
const PATIENCE: Duration = Duration::from_secs(30);

/// A server that does what a test says, down to the byte.
#[derive(Debug)]
pub struct Peer {
    listener: TcpListener,
    address: SocketAddr,
}

impl Peer {
    /// Listens on 127.0.0.1, on a port that is free.
    ///
    /// # Errors
    /// Where no port is.
    pub fn new() -> io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let address = listener.local_addr()?;
        Ok(Self { listener, address })
    }

    /// The port.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// Where it listens, without TLS.
    #[must_use]
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// Where it listens, under a name, with TLS.
    #[must_use]
    pub fn https(&self, host: &str) -> String {
        format!("https://{host}:{}/", self.port())
    }

    /// Runs a script beside the test.
    pub fn run<T: Send + 'static>(
        self,
        script: impl FnOnce(Self) -> Result<T, Broken> + Send + 'static,
    ) -> Script<T> {
        let (ended, end) = sync_channel(1);
        // One that nobody connects to ends with the process.
        std::thread::spawn(move || ended.send(script(self)));
        Script { end }
    }

    /// Answers requests on any number of connections, which are kept open, and remembers them; no
    /// answer closes the connection.
    #[must_use]
    pub fn serve(
        self,
        answer: impl Fn(&str) -> Option<&'static str> + Copy + Send + 'static,
    ) -> Seen {
        let seen = Seen::default();
        let remembered = seen.clone();
        // Ends with the process.
        std::thread::spawn(move || {
            for (connection, stream) in self.listener.incoming().enumerate() {
                let (Ok(mut stream), seen) = (stream, remembered.clone()) else { return };
                std::thread::spawn(move || {
                    while let Some(request) = next_request(&mut stream) {
                        let answer = answer(&request);
                        seen.push(connection, request);
                        let Some(answer) = answer else { return };
                        if stream.write_all(answer.as_bytes()).is_err() {
                            return;
                        }
                    }
                });
            }
        });
        seen
    }

    /// The next connection. Reading from it fails after a while instead of holding up a test that
    /// has failed already.
    ///
    /// # Errors
    /// Those of the socket.
    pub fn accept(&self) -> io::Result<TcpStream> {
        let (stream, _) = self.listener.accept()?;
        stream.set_read_timeout(Some(PATIENCE))?;
        Ok(stream)
    }

    /// Answers one request and closes its connection.
    ///
    /// # Errors
    /// [`Broken`] where none came.
    pub fn answer_once(&self, answer: &str) -> Result<String, Broken> {
        let mut stream = self.accept()?;
        let request = read_request(&mut stream)?;
        stream.write_all(answer.as_bytes())?;
        Ok(request)
    }

    /// Nobody has connected who was not accepted. A connection on this machine is made or refused
    /// before whoever connects knows of it, so this needs no waiting.
    ///
    /// # Errors
    /// [`Broken`] if somebody has.
    pub fn expect_nobody_else(&self) -> Result<(), Broken> {
        self.listener.set_nonblocking(true)?;
        let next = self.listener.accept();
        let nobody = matches!(&next, Err(error) if error.kind() == ErrorKind::WouldBlock);
        ensure!(nobody, "somebody connected who should not have: {next:?}");
        Ok(())
    }
}

/// A script that runs beside a test.
#[derive(Debug)]
pub struct Script<T> {
    end: Receiver<Result<T, Broken>>,
}

impl<T> Script<T> {
    /// Waits for the script's end.
    ///
    /// # Errors
    /// [`Broken`] if it did not go as written, or goes on for too long.
    pub fn end(self) -> Result<T, Broken> {
        self.end.recv_timeout(PATIENCE).map_err(|why| match why {
            RecvTimeoutError::Timeout => Broken::new("the server waited in vain"),
            RecvTimeoutError::Disconnected => Broken::new("the server's script panicked"),
        })?
    }
}

/// Requests and the numbers of their connections.
#[derive(Clone, Debug, Default)]
pub struct Seen(Arc<Mutex<Vec<(usize, String)>>>);

impl Seen {
    /// What was seen so far.
    #[must_use]
    pub fn so_far(&self) -> Vec<(usize, String)> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn push(&self, connection: usize, request: String) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push((connection, request));
    }
}

/// A request's head, and its body if that has a length; `None` if the connection was closed, or
/// what came is no such thing.
pub fn next_request(stream: &mut impl Read) -> Option<String> {
    let mut read = Vec::new();
    while !read.ends_with(b"\r\n\r\n") {
        read.push(read_byte(stream)?);
    }
    let head = std::str::from_utf8(&read).ok()?.to_lowercase();
    let length = head.split("\r\ncontent-length:").nth(1).and_then(|rest| rest.lines().next());
    for _ in 0..length.map_or(Some(0), |length| length.trim().parse().ok())? {
        read.push(read_byte(stream)?);
    }
    String::from_utf8(read).ok()
}

pub(crate) fn read_request(stream: &mut impl Read) -> Result<String, Broken> {
    next_request(stream).ok_or_else(|| Broken::new("the connection was closed without a request"))
}

fn read_byte(stream: &mut impl Read) -> Option<u8> {
    let mut byte = [0];
    stream.read_exact(&mut byte).ok()?;
    Some(byte[0])
}
