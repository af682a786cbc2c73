use std::future::Future;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
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

/// Resolves a name and judges what it resolves to.
///
/// reqwest connects to what it is given here and resolves nothing itself, so an address that was
/// judged cannot change before it is connected to.
pub(super) struct Judging {
    pub(super) lookup: Lookup,
    pub(super) reach: Reach,
}

impl Resolve for Judging {
    fn resolve(&self, name: Name) -> Resolving {
        let (reach, looking) = (self.reach, (self.lookup)(name.as_str().to_owned()));
        Box::pin(async move {
            let found = looking.await?;
            // Nobody who means well resolves to an address inside among those outside.
            if !found.iter().all(|&address| reach.permits(address)) {
                return Err(OutsideReach.into());
            }
            // Port 0 stands for that of the URL.
            let found = found.into_iter().map(|address| SocketAddr::new(address, 0));
            Ok(Box::new(found) as Addrs)
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

    use super::*;

    type Failed = Box<dyn std::error::Error + Send + Sync>;

    async fn localhost(reach: Reach) -> Result<Vec<IpAddr>, Failed> {
        let judging = Judging { lookup: by_the_machine(), reach };
        let found = judging.resolve("localhost".parse().unwrap()).await?;
        Ok(found.map(|address| address.ip()).collect())
    }

    #[tokio::test]
    async fn what_the_machine_answers_is_judged() {
        let found = localhost(Reach::Configured).await.unwrap();
        assert!(!found.is_empty() && found.iter().all(IpAddr::is_loopback), "{found:?}");
        let refused = localhost(Reach::PublicAddresses).await.unwrap_err();
        assert!(refused.is::<OutsideReach>(), "{refused:?}");
    }
}
