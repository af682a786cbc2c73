//! `vestibule check --online`: what each provider publishes, and what that means for sign-ins.

mod mend;

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::sync::Arc;

use vestibule_core::MemoryStore;
use vestibule_core::drive::{Clock, Composite, drive};
use vestibule_core::provider::{Discovered, Inspection, LookedAt, Provider, inspect};
use vestibule_hyper::SystemClock;

use self::mend::mended;
use crate::config::{Preset, Settings};
use crate::running;
use crate::say::say;

/// Asks all providers at once, says what came of it, and whether nothing is wrong. Each is asked for
/// two documents at most, and core gives each call five seconds.
pub(crate) fn check(settings: &Settings) -> Result<bool, String> {
    let providers = &settings.config.providers;
    let inspections = running::runtime()?.block_on(inspect_all(providers))?;
    let mut faults = 0;
    for ((provider, preset), inspection) in
        providers.iter().zip(&settings.presets).zip(&inspections)
    {
        say(io::stdout(), Said { provider, preset, inspection });
        faults += inspection.faults.len();
    }
    let what = match faults {
        0 => "nothing is wrong".to_owned(),
        1 => "1 fault".to_owned(),
        faults => format!("{faults} faults"),
    };
    say(io::stdout(), format_args!("\nproviders: {what}"));
    Ok(faults == 0)
}

async fn inspect_all(providers: &[Provider]) -> Result<Vec<Inspection>, String> {
    let driver = Composite {
        clock: SystemClock,
        transport: running::transport()?,
        // Nothing is kept: what is asked for is what is there now.
        store: MemoryStore::new(),
        mapper: (),
    };
    let driver = Arc::new(driver);
    let begun: Vec<_> = providers
        .iter()
        .map(|provider| {
            let (driver, step) = (Arc::clone(&driver), inspect(provider, driver.clock.tick()));
            tokio::spawn(async move { drive(&*driver, step).await })
        })
        .collect();
    let mut inspections = Vec::new();
    for inspection in begun {
        inspections.push(inspection.await.map_err(|error| format!("cannot ask: {error}"))?);
    }
    Ok(inspections)
}

/// A provider's part of the answer.
struct Said<'a> {
    provider: &'a Provider,
    preset: &'static Preset,
    inspection: &'a Inspection,
}

impl fmt::Display for Said<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { provider, preset, inspection } = self;
        write!(f, "\nprovider {}", provider.id)?;
        if provider.name != provider.id.as_str() {
            write!(f, " ({})", provider.name)?;
        }
        if let Some(LookedAt { url, found, .. }) = &inspection.discovery {
            write!(f, "\n  asked {url}")?;
            if let Some(discovered) = found {
                write_discovered(f, discovered)?;
            }
        }
        if let Some(LookedAt { url, found, .. }) = &inspection.keys {
            write!(f, "\n  asked {url}")?;
            if let Some(algorithms) = found {
                write_keys(f, algorithms)?;
            }
        }
        if inspection.discovery.is_none() && inspection.keys.is_none() {
            write!(f, "\n  publishes nothing that a sign-in needs; nothing was asked")?;
        }
        for fault in &inspection.faults {
            write!(f, "\n  fault: {}", mended(fault, provider, preset))?;
        }
        for remark in &inspection.remarks {
            write!(f, "\n  remark: {}", mended(remark, provider, preset))?;
        }
        Ok(())
    }
}

fn write_discovered(f: &mut fmt::Formatter<'_>, discovered: &Discovered) -> fmt::Result {
    let metadata = &discovered.metadata;
    if let Some(issuer) = &metadata.issuer {
        write!(f, "\n    issuer {issuer}")?;
    }
    let endpoints = [
        ("authorization_endpoint", Some(&metadata.authorization_endpoint)),
        ("token_endpoint", Some(&metadata.token_endpoint)),
        ("userinfo_endpoint", metadata.userinfo_endpoint.as_ref()),
        ("jwks_uri", metadata.jwks_uri.as_ref()),
        ("revocation_endpoint", metadata.revocation_endpoint.as_ref()),
    ];
    for (name, endpoint) in endpoints {
        if let Some(endpoint) = endpoint {
            write!(f, "\n    {name} {endpoint}")?;
        }
    }
    let announced = |announced| if announced { "announced" } else { "not announced" };
    write!(f, "\n    PKCE with S256 {}", announced(discovered.s256))?;
    write!(f, "\n    iss in callbacks (RFC 9207) {}", announced(metadata.iss_parameter))
}

/// `3 keys: 2 RS256, 1 ES256`
fn write_keys(f: &mut fmt::Formatter<'_>, algorithms: &[&str]) -> fmt::Result {
    let mut counts = BTreeMap::new();
    for algorithm in algorithms {
        *counts.entry(algorithm).or_insert(0) += 1;
    }
    let kinds: Vec<_> = counts.iter().map(|(kind, count)| format!("{count} {kind}")).collect();
    let plural = if algorithms.len() == 1 { "" } else { "s" };
    write!(f, "\n    {} key{plural}: {}", algorithms.len(), kinds.join(", "))
}
