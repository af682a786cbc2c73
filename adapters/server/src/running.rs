//! What `serve` and `dev` have in common: a server on its socket until the process is told to end.

use std::io;
use std::net::SocketAddr;
use std::panic::resume_unwind;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::middleware;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinError;
use vestibule_core::drive::{self, Composite, Driver as _};
use vestibule_core::{Server, Swap};
use vestibule_hyper::{HyperTransport, Options, SystemClock, Vestibule, serve_within};

use crate::front::Front;
use crate::host::OwnHost;
use crate::limits::Limits;
use crate::requests;
use crate::say::say;
use crate::store::Store;

/// How often the store forgets what has expired.
const SWEEP_EVERY: Duration = Duration::from_secs(30);

/// How long a sweep may wait for providers.
const END_WITHIN: Duration = Duration::from_secs(20);

pub(crate) type Driver = Composite<SystemClock, HyperTransport, Store>;

/// The routes that stand in front of Vestibule's.
pub(crate) struct Own {
    pub(crate) routes: Router,
    /// All paths of theirs, as they are written in a request; asked for only where every host is
    /// answered.
    pub(crate) paths: &'static [&'static str],
}

/// A runtime with as many threads as the machine has processors.
pub(crate) fn runtime() -> Result<tokio::runtime::Runtime, String> {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| format!("cannot start threads: {error}"))
}

/// Opens a socket; `mend` says what to do where it cannot be.
pub(crate) async fn listen(address: SocketAddr, mend: &str) -> Result<TcpListener, String> {
    TcpListener::bind(address)
        .await
        .map_err(|error| format!("cannot listen on {address}: {error}; {mend}"))
}

/// Answers with `server`, behind the program's own routes, until the process is told to end and
/// every running flow has come to its end. `own_host` is checked before all of it, and `greeting`
/// is said when it is ready.
pub(crate) async fn run(
    listener: TcpListener,
    limits: &Limits,
    server: Server,
    driver: Driver,
    own: Own,
    own_host: Option<OwnHost>,
    greeting: &str,
) -> Result<(), String> {
    let connections = within_files(limits.connections.clone())?;
    let address = listener.local_addr().map_err(|error| format!("the socket is gone: {error}"))?;
    let signals = Signals::new().map_err(|error| format!("cannot hear signals: {error}"))?;
    let (told, told_again) = told_to_end(signals);
    let (sweeper, sweeping) = (server.clone(), driver.clone());
    let vestibule = vestibule(limits, server, driver);
    let issuer = vestibule.server().issuer().clone();

    let own_routes = own.routes.layer(middleware::from_fn_with_state("program", requests::log));
    let app = own_routes.fallback_service(vestibule.clone());
    let front = match own_host {
        Some(own_host) => Front::new(own_host.around(app), None),
        None => Front::new(app, Some((own.paths, vestibule.clone()))),
    };
    let sweeping = tokio::spawn(sweep(sweeper, sweeping));

    say(io::stdout(), format_args!("listening on {address} (issuer {issuer}){greeting}"));
    // On a thread that hears of connections itself: this one would have to be woken for each.
    let mut served = tokio::spawn(async move {
        serve_within(connections, listener, front, told).await;
        // Flows whose clients went away are still running.
        vestibule.shutdown().await;
    });
    tokio::select! {
        ended = &mut served => match ended.map_err(JoinError::try_into_panic) {
            Err(Ok(panic)) => resume_unwind(panic),
            Ok(()) | Err(Err(_)) => tracing::info!("ended"),
        },
        () = told_again => {
            tracing::warn!("told to end a second time: ended at once");
            // With it, the socket and every connection are closed.
            served.abort();
            let _ = served.await;
        }
    }
    sweeping.abort();
    Ok(())
}

/// A client for identity providers. It is made before the store is opened: reading the machine's
/// certificates takes more memory than they do, which the store then takes instead of its own.
pub(crate) fn transport() -> Result<HyperTransport, String> {
    HyperTransport::new()
        .map_err(|error| format!("cannot make a client for identity providers: {error}"))
}

/// What answers the questions of flows.
pub(crate) fn driver(transport: HyperTransport, store: Store) -> Driver {
    Composite { clock: SystemClock, transport, store, mapper: () }
}

fn vestibule(limits: &Limits, server: Server, driver: Driver) -> Vestibule<Driver> {
    let mut options = Options::default();
    options.observer = Arc::new(requests::Log::of(&driver.store));
    options.limiter = Arc::new(limits.limiter());
    Vestibule::with_options(server, driver, options)
}

/// Takes as many open files as the system lets the process have, since every connection is one:
/// shells and service managers start programs with 1024, for the sake of those that use `select`.
/// Where they are too few, connections are fewer: who finds no file for a call to a provider or for
/// the store cannot sign anybody in.
fn within_files(
    mut connections: vestibule_hyper::Limits,
) -> Result<vestibule_hyper::Limits, String> {
    /// The store, the log, calls to providers.
    const OTHERS: u64 = 128;
    /// With fewer, a single browser keeps others waiting.
    const FEWEST: u32 = 64;
    let wanted = connections.connections;
    let files = match rlimit::increase_nofile_limit(u64::from(wanted) + OTHERS) {
        Ok(files) => files,
        Err(error) => {
            tracing::warn!(%error, "cannot read how many files may be open");
            return Ok(connections);
        }
    };
    let left = u32::try_from(files.saturating_sub(OTHERS)).unwrap_or(u32::MAX);
    if left < wanted.min(FEWEST) {
        let needed = u64::from(wanted.min(FEWEST)) + OTHERS;
        return Err(format!(
            "the process may have {files} files open and needs {needed} at least; raise the limit \
             (`ulimit -Hn`, LimitNOFILE)"
        ));
    }
    if left < wanted {
        tracing::warn!(
            files,
            connections = left,
            "the process may have fewer files open than `connections` in [limits] and its own work \
             need, so there are fewer connections; lower that, or raise the limit (`ulimit -Hn`, \
             LimitNOFILE)"
        );
        connections.connections = left;
    }
    Ok(connections)
}

async fn sweep(server: Server, driver: Driver) {
    let mut every = tokio::time::interval(SWEEP_EVERY);
    loop {
        every.tick().await;
        // Whatever providers say and however long they take to: the store does not grow for that.
        let ended = tokio::time::timeout(END_WITHIN, end_upstream(&server, &driver)).await;
        if ended.is_err() {
            tracing::debug!("not all tokens of what has expired were ended at their providers");
        }
        let forgotten = driver.store.sweep(SystemClock.now()).await;
        if forgotten > 0 {
            tracing::debug!(forgotten, "swept the store");
        }
    }
}

/// Has providers end the tokens that are kept in what has expired, and forgets it.
async fn end_upstream(server: &Server, driver: &Driver) {
    loop {
        let expired = driver.store.expired(SystemClock.now()).await;
        if expired.is_empty() {
            return;
        }
        for (key, record) in expired {
            drive::drive(driver, server.forget(&key, &record, driver.tick())).await;
            let forget = Swap::new(key, Some(record.version), None);
            if drive::Store::swap(&driver.store, forget).await.is_err() {
                return;
            }
        }
    }
}

/// Done when the process is told to end; done when it is told again.
fn told_to_end(mut signals: Signals) -> (impl Future<Output = ()>, impl Future<Output = ()>) {
    let (first, told) = oneshot::channel();
    let (second, told_again) = oneshot::channel();
    tokio::spawn(async move {
        signals.next().await;
        tracing::info!("ending: no new connections, running requests are answered");
        // Who does not wait any more has ended.
        let _ = first.send(());
        signals.next().await;
        let _ = second.send(());
    });
    let done = async |signal: oneshot::Receiver<()>| signal.await.unwrap_or_default();
    (done(told), done(told_again))
}

/// SIGTERM and SIGINT.
#[cfg(unix)]
struct Signals {
    terminate: tokio::signal::unix::Signal,
    interrupt: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    /// Hears them from now on.
    fn new() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
        })
    }

    /// Waits for the next.
    async fn next(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

/// Ctrl-C, where there are no signals.
#[cfg(not(unix))]
struct Signals;

#[cfg(not(unix))]
impl Signals {
    fn new() -> io::Result<Self> {
        Ok(Self)
    }

    async fn next(&mut self) {
        if tokio::signal::ctrl_c().await.is_err() {
            // Nobody can tell the process to end in this way; it can still be killed.
            std::future::pending::<()>().await;
        }
    }
}
