use std::net::{IpAddr, SocketAddr, ToSocketAddrs};
use std::sync::Arc;
use std::sync::mpsc::{RecvTimeoutError, sync_channel};
use std::time::Instant;
use std::{fmt, io, thread};

use http::Uri;
use ureq::Error;
use ureq::config::Config;
use ureq::unversioned::resolver::{ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::NextTimeout;
use vestibule_core::Reach;

use super::places::Places;

/// Finds the addresses of a name.
pub(super) type Lookup = Arc<dyn Fn(&str) -> io::Result<Vec<IpAddr>> + Send + Sync>;

/// As the machine does it.
pub(super) fn by_the_machine() -> Lookup {
    Arc::new(|name| Ok((name, 0).to_socket_addrs()?.map(|address| address.ip()).collect()))
}

/// How many addresses ureq takes.
const MOST: usize = 16;

/// How many names from outside are looked up at a time. Each takes a thread for as long as a
/// stranger's server keeps it waiting, and the names of providers need threads too.
const PLACES: usize = 16;

/// Resolves a name and judges what it resolves to.
///
/// ureq connects to what it is given here and resolves nothing itself, so an address that was
/// judged cannot change before it is connected to.
pub(super) struct Judging {
    lookup: Lookup,
    reach: Reach,
    /// Of names that the operator wrote down there are not many, and nobody is kept waiting.
    places: Option<Arc<Places>>,
}

impl Judging {
    pub(super) fn new(lookup: Lookup, reach: Reach) -> Self {
        let is_bounded = reach != Reach::Configured;
        Self { lookup, reach, places: is_bounded.then(|| Places::new(PLACES)) }
    }

    fn look_up(&self, name: &str, timeout: NextTimeout) -> Result<Vec<IpAddr>, Error> {
        let (lookup, name) = (Arc::clone(&self.lookup), name.to_owned());
        let began = Instant::now();
        let passed = || Error::Timeout(timeout.reason);
        let places = self.places.as_ref();
        let place = places.map(|it| it.take(*timeout.after).ok_or_else(passed)).transpose()?;
        let (found, awaited) = sync_channel(1);
        // Beside the call, as ureq's own resolver does it: nothing else ends a lookup at the
        // deadline. A call that is given up leaves its lookup behind, and as long as that lasts its
        // place is taken. Where no thread can be had, that is an error and no panic.
        thread::Builder::new().spawn(move || {
            let _place = place;
            found.send(lookup(&name))
        })?;
        match awaited.recv_timeout(timeout.after.saturating_sub(began.elapsed())) {
            Ok(found) => Ok(found?),
            Err(RecvTimeoutError::Timeout) => Err(passed()),
            // The lookup panicked.
            Err(RecvTimeoutError::Disconnected) => Err(Error::HostNotFound),
        }
    }
}

impl Resolver for Judging {
    fn resolve(
        &self,
        uri: &Uri,
        _: &Config,
        timeout: NextTimeout,
    ) -> Result<ResolvedSocketAddrs, Error> {
        let host = uri.host().ok_or(Error::HostNotFound)?;
        let port =
            uri.port_u16().unwrap_or(if uri.scheme_str() == Some("https") { 443 } else { 80 });
        let literal = host.trim_start_matches('[').trim_end_matches(']').parse();
        let found = literal.map_or_else(|_| self.look_up(host, timeout), |it| Ok(vec![it]))?;
        // All of them, not only as many as ureq takes. Nobody who means well resolves to an address
        // inside among those outside.
        if !found.iter().all(|&address| self.reach.permits(address)) {
            return Err(Error::Other(OutsideReach.into()));
        }
        if found.is_empty() {
            return Err(Error::HostNotFound);
        }
        let mut addresses = self.empty();
        for address in found.into_iter().take(MOST) {
            addresses.push(SocketAddr::new(address, port));
        }
        Ok(addresses)
    }
}

impl fmt::Debug for Judging {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Judging").field("reach", &self.reach).finish_non_exhaustive()
    }
}

/// A name resolves to an address that the call may not connect to.
#[derive(Debug)]
pub(super) struct OutsideReach;

impl fmt::Display for OutsideReach {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the name resolves to an address that is not permitted")
    }
}

impl std::error::Error for OutsideReach {}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use std::sync::Mutex;
    use std::sync::mpsc::channel;
    use std::time::Duration;

    use super::*;

    fn resolve(url: &'static str, reach: Reach) -> Result<Vec<SocketAddr>, Error> {
        let judging = Judging::new(by_the_machine(), reach);
        let found =
            judging.resolve(&Uri::from_static(url), &Config::default(), NextTimeout::default())?;
        Ok(found.to_vec())
    }

    #[test]
    fn what_the_machine_answers_is_judged() {
        let found = resolve("https://localhost/", Reach::Configured).unwrap();
        assert!(!found.is_empty() && found.iter().all(|it| it.ip().is_loopback()), "{found:?}");
        let refused = resolve("https://localhost/", Reach::PublicAddresses).unwrap_err();
        assert!(matches!(refused, Error::Other(cause) if cause.is::<OutsideReach>()));
    }

    #[test]
    fn addresses_are_judged_and_not_looked_up() {
        let found = resolve("https://[2606:4700::1111]:8443/", Reach::PublicAddresses).unwrap();
        assert_eq!(found, ["[2606:4700::1111]:8443".parse().unwrap()]);
        let found = resolve("http://127.0.0.1/", Reach::Configured).unwrap();
        assert_eq!(found, ["127.0.0.1:80".parse().unwrap()]);
        let refused = resolve("https://[::1]/", Reach::PublicAddresses).unwrap_err();
        assert!(matches!(refused, Error::Other(cause) if cause.is::<OutsideReach>()));
    }

    /// Names of strangers that take long keep no other call waiting than those to strangers' names,
    /// even when nobody waits for them any more.
    #[test]
    fn slow_names_from_outside_keep_no_configured_name_waiting() {
        let (begun, begins) = channel();
        let (gate, shut) = channel::<()>();
        let (begun, shut) = (Mutex::new(begun), Mutex::new(shut));
        let lookup: Lookup = Arc::new(move |name| {
            if name.starts_with("slow") {
                begun.lock().unwrap().send(()).unwrap();
                let _open = shut.lock().unwrap().recv();
            }
            Ok(vec![[1, 1, 1, 1].into()])
        });
        let within = |judging: &Judging, name, time: Duration| {
            let timeout = NextTimeout { after: time.into(), ..NextTimeout::default() };
            judging.resolve(&Uri::from_static(name), &Config::default(), timeout)
        };
        let (slow, far) = ("https://slow.test/", Duration::from_secs(20));
        let public = Judging::new(Arc::clone(&lookup), Reach::PublicAddresses);
        for _ in 0..PLACES {
            let given_up = within(&public, slow, Duration::ZERO).unwrap_err();
            assert!(matches!(given_up, Error::Timeout(_)), "{given_up}");
            begins.recv_timeout(far).unwrap();
        }
        let waited = within(&public, slow, Duration::from_millis(10)).unwrap_err();
        assert!(matches!(waited, Error::Timeout(_)), "{waited}");
        assert!(begins.try_recv().is_err(), "one more has begun");

        let configured = Judging::new(lookup, Reach::Configured);
        assert_eq!(within(&configured, "https://ours.test/", far).unwrap().len(), 1);

        drop(gate);
        assert_eq!(within(&public, slow, far).unwrap().len(), 1);
    }
}
