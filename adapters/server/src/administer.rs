//! `vestibule end`, `vestibule grants`, `vestibule backup`: what an operator does to a server's
//! store, while the server runs or not.

use std::io;
use std::path::Path;
use std::time::{Duration, SystemTime};

use vestibule_core::drive::{Clock, drive};
use vestibule_core::{
    Cutoff, GrantId, GrantSummary, Grants, Refusal, Server, Step, Tick, Timestamp, Wiped,
};
use vestibule_sqlite::SqliteStore;

use crate::config::{self, Settings};
use crate::running;
use crate::say::say;
use crate::store::{self, Store};

/// Ends what was allowed until now.
pub(crate) fn end(file: &Path, cutoff: Cutoff) -> Result<(), String> {
    let what = if let Cutoff::Subject(subject) = &cutoff {
        format!("what {subject} allowed")
    } else if let Cutoff::Client(client_id) = &cutoff {
        format!("what was allowed to {client_id}")
    } else {
        "what anybody allowed".to_owned()
    };
    let listed = matches!(cutoff, Cutoff::Subject(_));
    let Wiped { grants, unreadable, .. } = with_server(file, async |server, store| {
        ending(store, |tick| server.end(cutoff, tick)).await.map_err(explain)
    })?;
    say(
        io::stdout(),
        format_args!(
            "{what} until now is over: codes, refresh tokens and sign-ins under way at once (within \
             5 seconds in a server that runs), access tokens when they expire"
        ),
    );
    for GrantSummary { grant_id, .. } in &grants {
        say(io::stdout(), format_args!("ended grant {grant_id}"));
    }
    if listed && grants.is_empty() {
        say(io::stderr(), "no living grant was found; was the right user named?");
    }
    tell_unreadable(&unreadable);
    Ok(())
}

/// Lists a person's grants.
pub(crate) fn list(file: &Path, subject: &str) -> Result<(), String> {
    let Grants { living, unreadable, .. } =
        with_server(file, async |server, store| grants(server, store, subject).await)?;
    for grant in &living {
        say(io::stdout(), shown(grant));
    }
    if living.is_empty() {
        say(io::stderr(), format_args!("{subject} has no living grants"));
    }
    tell_unreadable(&unreadable);
    Ok(())
}

/// Ends one grant of a person.
pub(crate) fn end_one(file: &Path, subject: &str, grant_id: GrantId) -> Result<(), String> {
    with_server(file, async |server, store| {
        let Grants { living, .. } = grants(server, store, subject).await?;
        if !living.iter().any(|grant| grant.grant_id == grant_id) {
            return Err(format!("{subject} has no living grant {grant_id}"));
        }
        ending(store, |tick| server.end_grant(grant_id, tick)).await.map_err(explain)
    })?;
    say(io::stdout(), format_args!("ended grant {grant_id}"));
    Ok(())
}

/// A damaged record opens for nobody; that it is there is still worth a look at the disk.
fn tell_unreadable(unreadable: &[GrantId]) {
    for grant_id in unreadable {
        say(io::stderr(), format_args!("grant {grant_id} is damaged and opens for nobody"));
    }
}

/// Copies the store into a file of its own, as it is: before an update, by the newer program too.
pub(crate) fn backup(file: &Path, to: &Path) -> Result<(), String> {
    let settings = read(file)?;
    let store = store::existing_file(&settings.store)?;
    SqliteStore::backup_of(store, to).map_err(|error| error.to_string())?;
    say(
        io::stdout(),
        format_args!(
            "{}: the whole store, as it was at one moment. After it was restored, run \
             `vestibule end --all`, and `end --client` again for each client that was ended since: \
             what was revoked since would be back",
            to.display()
        ),
    );
    Ok(())
}

async fn grants(server: &Server, store: &Store, subject: &str) -> Result<Grants, String> {
    store.drive(|tick| server.grants(subject, tick)).await.map_err(explain)
}

/// Drives what ends grants: identity providers are asked to end what was kept of theirs. Where they
/// cannot be asked, grants end all the same.
async fn ending<T: 'static>(store: &Store, step: impl FnOnce(Tick) -> Step<T>) -> T {
    match running::transport() {
        Ok(transport) => {
            let driver = running::driver(transport, store.clone());
            drive(&driver, step(driver.clock.tick())).await
        }
        Err(error) => {
            say(io::stderr(), format_args!("{error}; kept upstream tokens live on there"));
            store.drive(step).await
        }
    }
}

fn read(file: &Path) -> Result<Settings, String> {
    config::read(file).map_err(|faults| faults.to_string())
}

/// The server that a file describes, and its store, which must be there and must be its own.
fn with_server<T>(
    file: &Path,
    act: impl AsyncFnOnce(&Server, &Store) -> Result<T, String>,
) -> Result<T, String> {
    let settings = read(file)?;
    let store = Store::Sqlite(store::existing(&settings.store)?);
    // Nothing is signed here, so a key that stands in for the kept one will do.
    let server = Server::new(settings.config).map_err(|invalid| invalid.to_string())?;
    running::runtime()?.block_on(async {
        let known = store.drive(|tick| server.knows_store(tick)).await.map_err(explain)?;
        if !known {
            return Err("the store is not this configuration's: no server with this `issuer` and \
                the first of these `secrets` has opened it, so nothing in it could be found. Where \
                secrets come from the environment, set it as the server has it; for a backup from \
                before a rotation, list the secret that was first then first"
                .to_owned());
        }
        act(&server, &store).await
    })
}

fn explain(refusal: Refusal) -> String {
    if refusal == Refusal::UnknownClient {
        return "no such client: none is configured with this id, and it is none that registered \
            itself here"
            .to_owned();
    }
    if refusal == (Refusal::Invalid { parameter: "subject" }) {
        return "no such user: write PROVIDER:ID, the id of a [[provider]] and the id that it has \
            for the person, like \"google:1234567\"; the log of a sign-in has it as \
            `subject`"
            .to_owned();
    }
    format!("{refusal}; run the same once more")
}

/// One grant in one line of fields that scripts can take apart.
fn shown(grant: &GrantSummary) -> String {
    let name = grant.client_name.as_deref().unwrap_or("(no name known)");
    let refreshed = grant.refreshed_at.map_or_else(|| "never".to_owned(), time);
    format!(
        "{}  allowed {}  refreshed {refreshed}  expires {}  {}  [{}]  {name:?}  {}",
        grant.grant_id,
        time(grant.allowed_at),
        time(grant.expires_at),
        grant.resource,
        grant.scope,
        grant.client_id,
    )
}

/// RFC 3339, in UTC.
fn time(time: Timestamp) -> String {
    let since = Duration::from_secs(time.seconds());
    match SystemTime::UNIX_EPOCH.checked_add(since) {
        // The formatter knows four digits of a year.
        Some(time) if since.as_secs() < 253_402_300_800 => {
            humantime::format_rfc3339_seconds(time).to_string()
        }
        Some(_) | None => "at the end of time".to_owned(),
    }
}
