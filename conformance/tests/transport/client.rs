//! An HTTP/1.1 client, as small as one can be and right unless it is told to be wrong.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::sync::Mutex;
use std::sync::mpsc::channel;
use std::time::{Duration, Instant};

use url::Position;
use vestibule_conformance::transport::Given;
use vestibule_core::drive::blocking::Transport;
use vestibule_core::{HttpCall, Reach, Response, Unreachable};

use crate::connection::Connection;

/// A way to be wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    SendsMoreThanAsked,
    FollowsRedirects,
    DecodesBodies,
    TakesHalfABody,
    GoesOnWithoutTls,
    CapsTooEarly,
    WaitsForWhatIsTooLong,
    CapsAtTheEnd,
    DeadlineForEachRead,
    DeadlineForConnectingOnly,
    DeadlineForTheHeadOnly,
    LooksUpWithoutDeadline,
    WaitsForTheLookup,
    SendsAgain,
    SendsAgainOnKept,
    KeepsNoConnection,
    KeepsCookies,
    NamesTheAddress,
    ForgetsWhomToTrust,
    TrustsEverybody,
    ReadsNoNames,
    ReadsNoDates,
    GoesAnywhere,
    KnowsNoEmbedding,
    JudgesNoHost,
    JudgesTheFirstAddress,
    LeavesOutBadAddresses,
    LooksUpTwice,
    SharesConnections,
    GoesOutsideWithoutTls,
    RefusesAllFromOutside,
    ObeysProxies,
    ObeysProxiesOutside,
    ObeysProxiesOfHttps,
}

pub(crate) struct Client {
    given: Given,
    fault: Option<Fault>,
    kept: Mutex<HashMap<String, Connection>>,
    cookie: Mutex<Option<String>>,
}

impl Client {
    pub(crate) fn new(given: Given, fault: Option<Fault>) -> Self {
        Self { given, fault, kept: Mutex::default(), cookie: Mutex::default() }
    }

    fn has(&self, fault: Fault) -> bool {
        self.fault == Some(fault)
    }

    fn exchange(&self, call: &HttpCall, end: Instant) -> Result<Response, Unreachable> {
        let shared = if self.has(Fault::SharesConnections) { None } else { Some(call.reach) };
        let key = format!("{}{shared:?}", &call.url[..Position::BeforePath]);
        let kept = self.kept.lock().unwrap().remove(&key).filter(Connection::is_open);
        let again =
            self.has(Fault::SendsAgain) || self.has(Fault::SendsAgainOnKept) && kept.is_some();
        let mut connection = match kept {
            Some(connection) => connection,
            None => self.connect(call, end)?,
        };
        let outcome = self.send(&mut connection, call, end);
        let (response, complete) = match outcome {
            Err(Unreachable::Connection) if again => {
                connection = self.connect(call, end)?;
                self.send(&mut connection, call, end)?
            }
            outcome => outcome?,
        };
        if complete && !self.has(Fault::KeepsNoConnection) {
            self.kept.lock().unwrap().insert(key, connection);
        }
        Ok(response)
    }

    fn send(
        &self,
        connection: &mut Connection,
        call: &HttpCall,
        end: Instant,
    ) -> Result<(Response, bool), Unreachable> {
        let named = connection.address.filter(|_| self.has(Fault::NamesTheAddress));
        let host = named
            .map_or(call.url[Position::BeforeHost..Position::AfterPort].to_owned(), |it| {
                it.to_string()
            });
        let target = &call.url[Position::BeforePath..Position::AfterQuery];
        let mut head = format!("{} {target} HTTP/1.1\r\nHost: {host}\r\n", call.method);
        head += "User-Agent: small\r\n";
        for (name, value) in &call.headers {
            head += &format!("{name}: {}\r\n", value.to_str().unwrap());
        }
        if call.method == "POST" {
            head += &format!("Content-Length: {}\r\n", call.body.len());
        }
        if self.has(Fault::SendsMoreThanAsked) {
            head += "Accept-Encoding: gzip\r\n";
        }
        if let Some(cookie) = self.cookie.lock().unwrap().as_ref() {
            head += &format!("Cookie: {cookie}\r\n");
        }
        let request = [head.as_bytes(), b"\r\n", &call.body].concat();
        connection.limit(end)?;
        connection.write_all(&request).map_err(|_| Unreachable::Connection)?;
        let (response, complete) = connection.response(call, end, self.fault)?;
        if self.has(Fault::KeepsCookies) {
            let set = response.headers.get("set-cookie").and_then(|value| value.to_str().ok());
            *self.cookie.lock().unwrap() = set.map(str::to_owned);
        }
        Ok((response, complete))
    }

    fn connect(&self, call: &HttpCall, end: Instant) -> Result<Connection, Unreachable> {
        let host = call.url.host_str().ok_or(Unreachable::Connection)?;
        let mut addresses = self.addresses(host, call.reach, end)?;
        if self.has(Fault::LooksUpTwice) {
            addresses = self.look_up(host, end)?;
        }
        let port = call.url.port_or_known_default().ok_or(Unreachable::Connection)?;
        let mut addresses: Vec<_> =
            addresses.into_iter().map(|address| SocketAddr::new(address, port)).collect();
        let tls = call.url.scheme() == "https";
        if let Some(proxy) = self.proxy(call.reach, tls) {
            let proxy = proxy.trim_start_matches("http://").trim_end_matches('/');
            addresses = vec![proxy.parse().unwrap()];
        }
        Connection::new(&addresses, tls.then_some(host), end, &self.given, self.fault)
    }

    fn proxy(&self, reach: Reach, tls: bool) -> Option<String> {
        let outside = reach == Reach::PublicAddresses;
        let obeyed = [
            (Fault::ObeysProxies, true, "HTTP_PROXY"),
            (Fault::ObeysProxiesOutside, outside, "HTTPS_PROXY"),
            (Fault::ObeysProxiesOfHttps, tls && !outside, "HTTPS_PROXY"),
        ];
        let mut obeyed = obeyed.into_iter();
        let (.., name) = obeyed.find(|(fault, here, _)| self.fault == Some(*fault) && *here)?;
        std::env::var(name).ok()
    }

    /// All that may be connected to.
    fn addresses(
        &self,
        host: &str,
        reach: Reach,
        end: Instant,
    ) -> Result<Vec<IpAddr>, Unreachable> {
        let literal = host.trim_matches(['[', ']']).parse::<IpAddr>();
        if let Ok(address) = literal {
            return Ok(vec![address]);
        }
        let mut found = self.look_up(host, end)?;
        if self.has(Fault::LeavesOutBadAddresses) {
            found.retain(|&address| self.permits(reach, address));
        }
        let judged = if self.has(Fault::JudgesTheFirstAddress) { 1 } else { found.len() };
        if found.iter().take(judged).all(|&address| self.permits(reach, address)) {
            Ok(found)
        } else {
            Err(Unreachable::NotPermitted)
        }
    }

    fn permits(&self, reach: Reach, address: IpAddr) -> bool {
        match address {
            _ if self.has(Fault::GoesAnywhere) => true,
            // As if IPv6 had nothing but blocks of its own.
            IpAddr::V6(address) if self.has(Fault::KnowsNoEmbedding) => {
                reach == Reach::Configured || is_no_special_block(address)
            }
            IpAddr::V4(_) | IpAddr::V6(_) => reach.permits(address),
        }
    }

    fn look_up(&self, host: &str, end: Instant) -> Result<Vec<IpAddr>, Unreachable> {
        let (resolver, host) = (self.given.resolver.clone(), host.to_owned());
        let (found, awaited) = channel();
        std::thread::spawn(move || found.send(resolver.resolve(&host)));
        let far = Duration::from_secs(60);
        let waits = self.has(Fault::LooksUpWithoutDeadline) || self.has(Fault::WaitsForTheLookup);
        let time = if waits { far } else { end.saturating_duration_since(Instant::now()) };
        let found = awaited.recv_timeout(time).map_err(|_| Unreachable::Deadline)?;
        if self.has(Fault::WaitsForTheLookup) && Instant::now() > end {
            return Err(Unreachable::Deadline);
        }
        found.map_err(|_| Unreachable::Connection)
    }
}

impl Transport for Client {
    fn http(&self, mut call: HttpCall) -> Result<Response, Unreachable> {
        let outside = call.reach == Reach::PublicAddresses;
        let secure = call.url.scheme() == "https" || self.has(Fault::GoesOutsideWithoutTls);
        let judged = match self.fault {
            Some(Fault::GoesAnywhere) => true,
            Some(Fault::JudgesNoHost) => secure || !outside,
            Some(Fault::GoesOutsideWithoutTls) => {
                let mut secure = call.url.clone();
                let _ = secure.set_scheme("https");
                call.reach.permits_url(&secure)
            }
            Some(Fault::RefusesAllFromOutside) => !outside,
            _ => call.reach.permits_url(&call.url),
        };
        if !judged {
            return Err(Unreachable::NotPermitted);
        }
        let end = Instant::now() + call.deadline;
        loop {
            let response = self.exchange(&call, end)?;
            let location = response.headers.get("location").and_then(|value| value.to_str().ok());
            match location.filter(|_| self.has(Fault::FollowsRedirects)) {
                Some(location) => call.url = call.url.join(location).unwrap(),
                None => return Ok(response),
            }
        }
    }
}

fn is_no_special_block(address: Ipv6Addr) -> bool {
    !(address.is_loopback()
        || address.is_unspecified()
        || address.is_unique_local()
        || address.is_unicast_link_local()
        || address.is_multicast())
}
