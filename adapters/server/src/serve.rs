//! `vestibule serve`.

use std::path::Path;
use std::sync::Arc;

use vestibule_core::{Config, Server, SigningKey};

use crate::config::{self, Settings};
use crate::host::OwnHost;
use crate::signatures::AwsLc;
use crate::store::Store;
use crate::{health, running};

/// Runs the server that a configuration file describes, until the process is told to end.
pub(crate) fn run(file: &Path) -> Result<(), String> {
    let settings = config::read(file).map_err(|faults| faults.to_string())?;
    running::runtime()?.block_on(serve(settings))
}

async fn serve(settings: Settings) -> Result<(), String> {
    let mend =
        "choose another address with `listen` in the configuration, or end what holds this one";
    let listener = running::listen(settings.listen, mend).await?;
    let transport = running::transport()?;
    let store = Store::open(&settings.store)?;
    if !store.is_durable() {
        tracing::warn!("the store is \"memory:\": grants and refresh tokens end with this process");
    }
    let limits = settings.limits.clone();
    if limits.count_nobody(settings.listen.ip()) {
        tracing::warn!(
            target: "vestibule::limits",
            "nobody is counted: what comes to a loopback address comes from a proxy, and \
             `trusted_proxies` in [limits] names none. Set it to [\"127.0.0.1/32\"] for a proxy on \
             this machine that writes X-Forwarded-For"
        );
    }
    if settings.config.access.allows_everybody() {
        tracing::warn!("{}", open_to_everybody(&settings.config));
    }
    for remark in settings.remarks() {
        tracing::warn!("{remark}");
    }
    let server = server(settings, &store).await?;
    let own_host = OwnHost::of_loopback(server.issuer(), &listener)?;
    let driver = running::driver(transport, store);
    running::run(listener, &limits, server, driver, health::own(), own_host, "").await
}

/// What an operator may not have meant, and many do.
fn open_to_everybody(config: &Config) -> String {
    let names: Vec<_> = config.providers.iter().map(|provider| provider.name.as_str()).collect();
    let names = names.join(" or ");
    format!(
        "everybody who can sign in with {names} may sign in here: there is no rule in [access]. \
         Set emails = [\"*@example.com\"] there to let in whom you mean"
    )
}

/// The server of a configuration; where that names no signing key, with the one in the store.
async fn server(settings: Settings, store: &Store) -> Result<Server, String> {
    let mut config = settings.config;
    if settings.kept_signing_key {
        let kept = store.drive(|tick| SigningKey::kept(&config.secrets, &config.issuer, tick));
        let key = kept.await.map_err(|refusal| {
            format!(
                "the signing key that is kept in the store cannot be had: {refusal}; try again, or \
                 set a [[signing_key]] of your own (`vestibule keys new` makes one)"
            )
        })?;
        config.signing_keys = vec![key];
    }
    config.signing_keys =
        config.signing_keys.into_iter().map(|key| key.with_library(&AwsLc)).collect();
    config.signature_library = Some(Arc::new(AwsLc));
    let server = Server::new(config).map_err(|invalid| invalid.to_string())?;
    // Requests are answered as far as the store lets them be.
    if let Err(refusal) = store.drive(|tick| server.mark_store(tick)).await {
        tracing::warn!(
            "the store could not be marked as this server's: {refusal}; `vestibule end` and \
             `vestibule grants` may not know it until the next start"
        );
    }
    Ok(server)
}
