use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::recording::{Answer, Headers};

/// A connection that is kept, and what went over it: plain HTTP/1.1 with bodies of known length,
/// so that it takes little of the processors that it shares with the server.
pub(crate) struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
    /// Bytes of the last request and of its answer.
    pub(crate) sent: usize,
    pub(crate) received: usize,
}

impl Connection {
    pub(crate) async fn open(address: &str) -> Self {
        let stream = TcpStream::connect(address).await.unwrap();
        stream.set_nodelay(true).unwrap();
        Self { stream, buffer: Vec::with_capacity(16 * 1024), sent: 0, received: 0 }
    }

    pub(crate) async fn call(&mut self, request: &str) -> Answer {
        self.stream.write_all(request.as_bytes()).await.unwrap();
        self.buffer.clear();
        let (mut answer, head, length) = loop {
            self.read(request).await;
            if let Some(read) = head(&self.buffer) {
                break read;
            }
        };
        while self.buffer.len() < head + length {
            self.read(request).await;
        }
        assert_eq!(self.buffer.len(), head + length, "more than the answer to {request}");
        answer.body = String::from_utf8(self.buffer[head..].to_vec()).unwrap();
        (self.sent, self.received) = (request.len(), self.buffer.len());
        answer
    }

    async fn read(&mut self, request: &str) {
        let read = self.stream.read_buf(&mut self.buffer).await.unwrap();
        assert!(read > 0, "the server closed the connection in the midst of {request}");
    }
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
