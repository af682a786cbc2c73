use std::io::{self, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use http::{HeaderMap, HeaderName, StatusCode};
use rustls::pki_types::ServerName;
use rustls::{ClientConnection, StreamOwned};
use vestibule_conformance::transport::Given;
use vestibule_core::{HttpCall, Response, Unreachable};

use crate::client::Fault;
use crate::verify;

/// Longer than anybody waits for a deadline that has passed.
const LONG: Duration = Duration::from_secs(12);

/// A connection, with TLS or without.
pub(crate) struct Connection {
    stream: Stream,
    pub(crate) address: Option<SocketAddr>,
}

enum Stream {
    Plain(TcpStream),
    Tls(Box<StreamOwned<ClientConnection, TcpStream>>),
}

impl Connection {
    pub(crate) fn new(
        addresses: &[SocketAddr],
        tls: Option<&str>,
        end: Instant,
        given: &Given,
        fault: Option<Fault>,
    ) -> Result<Self, Unreachable> {
        let mut failed = Unreachable::Connection;
        for address in addresses {
            let connected = TcpStream::connect_timeout(address, remaining(end)?);
            let tcp = match connected {
                Ok(tcp) => tcp,
                Err(error) => {
                    failed = kind(&error);
                    continue;
                }
            };
            let stream = match tls {
                Some(host) => match secure(tcp, host, end, given, fault) {
                    Ok(stream) => stream,
                    Err(_) if fault == Some(Fault::GoesOnWithoutTls) => {
                        return Self::new(addresses, None, end, given, fault);
                    }
                    Err(failed) => return Err(failed),
                },
                None => Stream::Plain(tcp),
            };
            return Ok(Self { stream, address: Some(*address) });
        }
        Err(failed)
    }

    /// Whether a connection that was kept can be used again.
    pub(crate) fn is_open(&self) -> bool {
        let tcp = self.stream.tcp();
        tcp.set_nonblocking(true).unwrap();
        let idle = tcp.peek(&mut [0]).is_err_and(|error| error.kind() == ErrorKind::WouldBlock);
        tcp.set_nonblocking(false).unwrap();
        idle
    }

    pub(crate) fn limit(&self, end: Instant) -> Result<(), Unreachable> {
        let remaining = Some(remaining(end)?);
        self.stream.tcp().set_write_timeout(remaining).unwrap();
        self.stream.tcp().set_read_timeout(remaining).unwrap();
        Ok(())
    }

    pub(crate) fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        match &mut self.stream {
            Stream::Plain(tcp) => tcp.write_all(bytes),
            Stream::Tls(tls) => tls.write_all(bytes),
        }
    }

    /// The response, and whether the connection can be used again.
    pub(crate) fn response(
        &mut self,
        call: &HttpCall,
        end: Instant,
        fault: Option<Fault>,
    ) -> Result<(Response, bool), Unreachable> {
        let mut reader = Reader { connection: self, end, fault };
        if fault == Some(Fault::DeadlineForConnectingOnly) {
            reader.end += LONG;
        }
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            head += &reader.line(head.len())?;
        }
        let mut lines = head.lines();
        let status = lines.next().and_then(|line| line.strip_prefix("HTTP/1.1 "));
        let status = status.and_then(|rest| rest.get(..3)?.parse::<StatusCode>().ok());
        let mut headers = HeaderMap::new();
        for (name, value) in lines.filter_map(|line| line.split_once(':')) {
            let name = name.parse::<HeaderName>().map_err(|_| Unreachable::Connection)?;
            headers.insert(name, value.trim().parse().map_err(|_| Unreachable::Connection)?);
        }
        let status = status.ok_or(Unreachable::Connection)?;
        if fault == Some(Fault::DeadlineForTheHeadOnly) {
            reader.end += LONG;
        }
        let field = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        if fault == Some(Fault::DecodesBodies) && field("content-encoding").is_some() {
            // What comes is not what it says to be.
            return Err(Unreachable::Connection);
        }
        let length = field("content-length").and_then(|length| length.parse().ok());
        let chunked = field("transfer-encoding") == Some("chunked");
        let body = reader.body(call.body_cap, length.filter(|_| !chunked))?;
        let reusable = field("connection") != Some("close");
        Ok((Response::new(status, headers, body.into()), reusable))
    }
}

impl Stream {
    fn tcp(&self) -> &TcpStream {
        match self {
            Self::Plain(tcp) => tcp,
            Self::Tls(tls) => &tls.sock,
        }
    }
}

fn secure(
    tcp: TcpStream,
    host: &str,
    end: Instant,
    given: &Given,
    fault: Option<Fault>,
) -> Result<Stream, Unreachable> {
    let config = verify::config(given.root_certificates.as_deref(), fault);
    let named = ServerName::try_from(host.trim_matches(['[', ']']).to_owned());
    let addressed = tcp.peer_addr().map(|address| ServerName::from(address.ip())).unwrap();
    let by_address = fault == Some(Fault::NamesTheAddress);
    let name = if by_address { addressed } else { named.map_err(|_| Unreachable::Connection)? };
    let mut tls = ClientConnection::new(config, name).map_err(|_| Unreachable::Connection)?;
    let mut tcp = tcp;
    tcp.set_read_timeout(Some(remaining(end)?)).unwrap();
    tcp.set_write_timeout(Some(remaining(end)?)).unwrap();
    while tls.is_handshaking() {
        tls.complete_io(&mut tcp).map_err(|error| kind(&error))?;
    }
    Ok(Stream::Tls(Box::new(StreamOwned::new(tls, tcp))))
}

struct Reader<'a> {
    connection: &'a mut Connection,
    end: Instant,
    fault: Option<Fault>,
}

impl Reader<'_> {
    fn body(&mut self, cap: usize, length: Option<usize>) -> Result<Vec<u8>, Unreachable> {
        let cap = if self.fault == Some(Fault::CapsTooEarly) { cap - 1 } else { cap };
        let waits = matches!(self.fault, Some(Fault::WaitsForWhatIsTooLong | Fault::CapsAtTheEnd));
        let mut body = Vec::new();
        if let Some(length) = length {
            if length > cap && !waits {
                return Err(Unreachable::TooLarge);
            }
            self.take(length, &mut body)?;
        } else {
            loop {
                let line = self.line(0)?;
                let size = usize::from_str_radix(line.trim(), 16);
                let size = size.map_err(|_| Unreachable::Connection)?;
                if body.len() + size > cap && self.fault != Some(Fault::CapsAtTheEnd) {
                    return Err(Unreachable::TooLarge);
                }
                self.take(size, &mut body)?;
                if self.fault == Some(Fault::TakesHalfABody) && size > 0 && body.len() < 6 {
                    return Ok(body);
                }
                self.line(0)?;
                if size == 0 {
                    break;
                }
            }
        }
        if body.len() > cap { Err(Unreachable::TooLarge) } else { Ok(body) }
    }

    fn take(&mut self, count: usize, into: &mut Vec<u8>) -> Result<(), Unreachable> {
        let mut missing = count;
        let mut piece = [0; 0x1000];
        while missing > 0 {
            let most = missing.min(piece.len());
            let read = self.read(&mut piece[..most])?;
            if read == 0 && self.fault == Some(Fault::TakesHalfABody) {
                return Ok(());
            }
            if read == 0 {
                return Err(Unreachable::Connection);
            }
            into.extend_from_slice(&piece[..read]);
            missing -= read;
        }
        Ok(())
    }

    /// A line with its end; a head has at most so many bytes.
    fn line(&mut self, before: usize) -> Result<String, Unreachable> {
        let mut line = Vec::new();
        while !line.ends_with(b"\r\n") {
            let mut byte = [0];
            if self.read(&mut byte)? == 0 || before + line.len() > 16_384 {
                return Err(Unreachable::Connection);
            }
            line.push(byte[0]);
        }
        String::from_utf8(line).map_err(|_| Unreachable::Connection)
    }

    fn read(&mut self, into: &mut [u8]) -> Result<usize, Unreachable> {
        if self.fault != Some(Fault::DeadlineForEachRead) {
            self.connection.limit(self.end)?;
        }
        let read = match &mut self.connection.stream {
            Stream::Plain(tcp) => tcp.read(into),
            Stream::Tls(tls) => tls.read(into),
        };
        read.map_err(|error| kind(&error))
    }
}

fn remaining(end: Instant) -> Result<Duration, Unreachable> {
    let remaining = end.saturating_duration_since(Instant::now());
    if remaining.is_zero() { Err(Unreachable::Deadline) } else { Ok(remaining) }
}

fn kind(error: &io::Error) -> Unreachable {
    if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) {
        Unreachable::Deadline
    } else {
        Unreachable::Connection
    }
}
