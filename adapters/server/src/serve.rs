//! `vestibule serve`.

use std::path::Path;

use crate::config::{self, Settings, StoreUrl};
use crate::{health, running};

/// Runs the server that a configuration file describes, until the process is told to end.
pub(crate) fn run(file: &Path) -> Result<(), String> {
    let settings = config::read(file).map_err(|faults| faults.to_string())?;
    running::runtime()?.block_on(serve(settings))
}

async fn serve(settings: Settings) -> Result<(), String> {
    let Settings { server, listen, store, signing_key_made, counts: _ } = settings;
    let mend =
        "choose another address with `listen` in the configuration, or end what holds this one";
    let listener = running::listen(listen, mend).await?;
    if signing_key_made {
        tracing::warn!(
            "no [[signing_key]] is configured: one was made, access tokens end with this process"
        );
    }
    match store {
        StoreUrl::Memory => {
            tracing::warn!(
                "the store is \"memory:\": grants and refresh tokens end with this process"
            );
        }
    }
    running::run(listener, server, health::route(), |app| app, "").await
}
