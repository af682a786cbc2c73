use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::recording::{Answer, Headers};

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// A connection that is kept until it is closed, and what went over it: plain HTTP/1.1 with bodies
/// of known length, so that it takes little of the processors that it shares with the server.
pub(crate) struct Connection<'a> {
    address: &'a str,
    /// Opened by the first request.
    stream: Option<TcpStream>,
    buffer: Vec<u8>,
    /// Bytes of the last request and of its answer.
    pub(crate) sent: usize,
    pub(crate) received: usize,
}

impl<'a> Connection<'a> {
    pub(crate) fn to(address: &'a str) -> Self {
        Self { address, stream: None, buffer: Vec::with_capacity(16 * 1024), sent: 0, received: 0 }
    }

    /// Panics where no answer comes in time, so that nobody waits for a server that hangs.
    pub(crate) async fn call(&mut self, request: &str) -> Answer {
        let answered = timeout(PATIENCE, self.exchange(request)).await;
        answered.unwrap_or_else(|_| panic!("no answer within {PATIENCE:?} to {request}"))
    }

    async fn exchange(&mut self, request: &str) -> Answer {
        let stream = match &mut self.stream {
            Some(stream) => stream,
            closed => closed.insert(open(self.address).await),
        };
        stream.write_all(request.as_bytes()).await.unwrap();
        self.buffer.clear();
        let (mut answer, head, length) = loop {
            read(stream, &mut self.buffer, request).await;
            if let Some(read) = head(&self.buffer) {
                break read;
            }
        };
        while self.buffer.len() < head + length {
            read(stream, &mut self.buffer, request).await;
        }
        assert_eq!(self.buffer.len(), head + length, "more than the answer to {request}");
        answer.body = String::from_utf8(self.buffer[head..].to_vec()).unwrap();
        (self.sent, self.received) = (request.len(), self.buffer.len());
        answer
    }

    /// With a FIN, as browsers do, so that the server ends it the way it ends those of the world: a
    /// reset (`SO_LINGER` of zero) would be an error to it. The port is left in TIME_WAIT here;
    /// Linux takes it for another connection of the loopback after a second (`tcp_tw_reuse` is 2 by
    /// itself), and the 28 232 that there are suffice for a round without that.
    pub(crate) fn close(&mut self) {
        self.stream = None;
    }
}

async fn open(address: &str) -> TcpStream {
    let stream = TcpStream::connect(address).await.unwrap();
    stream.set_nodelay(true).unwrap();
    stream
}

async fn read(stream: &mut TcpStream, buffer: &mut Vec<u8>, request: &str) {
    let read = stream.read_buf(buffer).await.unwrap();
    assert!(read > 0, "the server closed the connection in the midst of {request}");
}

/// The head of an answer, its length, and that of the body; `None`: there is more to come.
fn head(bytes: &[u8]) -> Option<(Answer, usize, usize)> {
    let mut fields = [httparse::EMPTY_HEADER; 32];
    let mut response = httparse::Response::new(&mut fields);
    let httparse::Status::Complete(head) = response.parse(bytes).unwrap() else { return None };
    let text = |field: &httparse::Header<'_>| {
        (field.name.to_owned(), String::from_utf8(field.value.to_vec()).unwrap())
    };
    let headers = Headers(response.headers.iter().map(text).collect());
    let length = headers.all("content-length").next().unwrap().parse().unwrap();
    Some((Answer { status: response.code.unwrap(), headers, body: String::new() }, head, length))
}
