use std::error::Error;
use std::future::Future;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use hyper_util::client::legacy::connect::dns::Name;
use tokio::sync::Semaphore;
use tower_service::Service;
use vestibule_core::Reach;

type Looking = Pin<Box<dyn Future<Output = io::Result<Vec<IpAddr>>> + Send>>;

/// Finds the addresses of a name.
pub(super) type Lookup = Arc<dyn Fn(String) -> Looking + Send + Sync>;

/// As the machine does it.
pub(super) fn by_the_machine() -> Lookup {
    Arc::new(|name| {
        Box::pin(async move {
            let found = tokio::net::lookup_host((name, 0)).await?;
            Ok(found.map(|address| address.ip()).collect())
        })
    })
}

/// How many names from outside are looked up at a time. Each may take one of tokio's 512 threads for
/// as long as a stranger's server keeps it waiting, some ten seconds, and the names of providers need
/// some too. With fewer places a dozen slow names a second would shut out all others.
const PLACES: usize = 256;

/// Resolves a name and judges what it resolves to.
///
/// What connects is given addresses here and resolves nothing itself, so an address that was judged
/// cannot change before it is connected to.
#[derive(Clone)]
pub(super) struct Judging {
    lookup: Lookup,
    reach: Reach,
    /// Of names that the operator wrote down there are not many, and nobody is kept waiting.
    places: Option<Arc<Semaphore>>,
}

impl Judging {
    pub(super) fn new(lookup: Lookup, reach: Reach) -> Self {
        let is_bounded = reach != Reach::Configured;
        Self { lookup, reach, places: is_bounded.then(|| Arc::new(Semaphore::new(PLACES))) }
    }
}

impl Service<Name> for Judging {
    type Response = std::vec::IntoIter<SocketAddr>;
    type Error = Box<dyn Error + Send + Sync>;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Self::Error>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, name: Name) -> Self::Future {
        let (lookup, name) = (Arc::clone(&self.lookup), name.as_str().to_owned());
        let (reach, places) = (self.reach, self.places.clone());
        Box::pin(async move {
            let found = match places {
                None => lookup(name).await?,
                Some(places) => {
                    let place = places.acquire_owned().await?;
                    // A task of its own: a call that is given up leaves its lookup behind, and as
                    // long as that lasts its place is taken.
                    let looking = tokio::spawn(async move {
                        let _place = place;
                        lookup(name).await
                    });
                    looking.await??
                }
            };
            // Nobody who means well resolves to an address inside among those outside.
            if !found.iter().all(|&address| reach.permits(address)) {
                return Err(OutsideReach.into());
            }
            // Port 0 stands for that of the URL.
            let found = found.into_iter().map(|address| SocketAddr::new(address, 0));
            Ok(found.collect::<Vec<_>>().into_iter())
        })
    }
}

/// A name resolves to an address that the call may not connect to.
#[derive(Debug, thiserror::Error)]
#[error("the name resolves to an address that is not permitted")]
pub(super) struct OutsideReach;

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use std::time::Duration;

    use tokio::sync::mpsc::unbounded_channel;
    use tokio::time::timeout;

    use super::*;

    async fn localhost(reach: Reach) -> Result<Vec<IpAddr>, Box<dyn Error + Send + Sync>> {
        let mut judging = Judging::new(by_the_machine(), reach);
        let found = judging.call("localhost".parse().unwrap()).await?;
        Ok(found.map(|address| address.ip()).collect())
    }

    #[tokio::test]
    async fn what_the_machine_answers_is_judged() {
        let found = localhost(Reach::Configured).await.unwrap();
        assert!(!found.is_empty() && found.iter().all(IpAddr::is_loopback), "{found:?}");
        let refused = localhost(Reach::PublicAddresses).await.unwrap_err();
        assert!(refused.is::<OutsideReach>(), "{refused:?}");
    }

    /// Names of strangers that take long keep no other call waiting than those to strangers' names,
    /// even when nobody waits for them any more.
    #[tokio::test]
    async fn slow_names_from_outside_keep_no_configured_name_waiting() {
        let (begun, mut begins) = unbounded_channel();
        let gate = Arc::new(Semaphore::new(0));
        let shut = Arc::clone(&gate);
        let lookup: Lookup = Arc::new(move |name| {
            let (begun, gate) = (begun.clone(), Arc::clone(&shut));
            Box::pin(async move {
                if name.starts_with("slow") {
                    begun.send(()).unwrap();
                    let _open = gate.acquire().await;
                }
                Ok(vec![[1, 1, 1, 1].into()])
            })
        });
        let public = Judging::new(Arc::clone(&lookup), Reach::PublicAddresses);
        let slow = || public.clone().call("slow.test".parse().unwrap());
        let calls: Vec<_> = (0..PLACES).map(|_| tokio::spawn(slow())).collect();
        for call in calls {
            begins.recv().await.unwrap();
            call.abort();
            assert!(call.await.is_err_and(|ended| ended.is_cancelled()));
        }
        let mut waiting = slow();
        assert!(timeout(Duration::from_millis(10), &mut waiting).await.is_err());
        assert!(begins.try_recv().is_err(), "one more has begun");

        let mut configured = Judging::new(lookup, Reach::Configured);
        assert_eq!(configured.call("ours.test".parse().unwrap()).await.unwrap().count(), 1);

        gate.add_permits(PLACES);
        assert_eq!(waiting.await.unwrap().count(), 1);
    }
}
