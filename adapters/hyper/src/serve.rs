use std::convert::Infallible;
use std::error::Error;
use std::io;
use std::pin::pin;
use std::time::Duration;

use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tower_service::Service;

/// How long a client may take to send the head of a request, and how long a connection may be idle
/// before it. Proxies keep idle connections for 60 seconds; one that sends into a connection which
/// we are closing answers with 502, so it is the proxy who should close first.
const HEAD_DEADLINE: Duration = Duration::from_secs(75);

/// The longest head of a request, in bytes: cookies of a browser's sign-ins, a long authorization
/// request, and as much again. A longer one is answered with 431.
const LONGEST_HEAD: usize = 32 * 1024;

/// How long requests that are being answered at shutdown may take before their connections are
/// closed.
const GRACE: Duration = Duration::from_secs(10);

/// How long nothing is accepted after the machine has run out of sockets.
const OUT_OF_SOCKETS: Duration = Duration::from_millis(100);

/// Accepts connections and answers HTTP/1.1 on them until `shutdown` is done; then lets each
/// connection finish the request it is at, and returns. `service` is a
/// [`Vestibule`](crate::Vestibule), or anything around one.
///
/// Afterwards wait for [`Vestibule::shutdown`](crate::Vestibule::shutdown): flows whose clients
/// went away may still run.
///
/// ```no_run
/// # use vestibule_core::drive::Driver;
/// # use vestibule_hyper::{Vestibule, serve};
/// # async fn run<D: Driver + 'static>(vestibule: Vestibule<D>) -> std::io::Result<()> {
/// # let the_end = std::future::pending::<()>();
/// let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await?;
/// serve(listener, vestibule.clone(), the_end).await;
/// vestibule.shutdown().await;
/// # Ok(()) }
/// ```
pub async fn serve<S, B>(listener: TcpListener, service: S, shutdown: impl Future<Output = ()>)
where
    S: Service<http::Request<Incoming>, Response = http::Response<B>, Error = Infallible>,
    S: Clone + Send + 'static,
    S::Future: Send,
    B: http_body::Body + Send + 'static,
    B::Data: Send,
    B::Error: Into<Box<dyn Error + Send + Sync>>,
{
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(HEAD_DEADLINE).max_buf_size(LONGEST_HEAD);
    let graceful = GracefulShutdown::new();
    let mut connections = JoinSet::new();
    let mut shutdown = pin!(shutdown);
    loop {
        let accepted = tokio::select! {
            biased;
            () = &mut shutdown => break,
            accepted = listener.accept() => accepted,
        };
        // What has ended is forgotten here, so that the set does not grow with time.
        while connections.try_join_next().is_some() {}
        match accepted {
            Ok((stream, _)) => {
                // Answers are written at once; where the option is refused they are merely later.
                let _ = stream.set_nodelay(true);
                let service = TowerToHyperService::new(service.clone());
                let connection = http.serve_connection(TokioIo::new(stream), service);
                connections.spawn(graceful.watch(connection));
            }
            Err(error) if is_of_one_connection(&error) => {}
            Err(_) => tokio::time::sleep(OUT_OF_SOCKETS).await,
        }
    }
    drop(listener);
    // Whoever is not done by then has a client that does not read its answer.
    let _ = tokio::time::timeout(GRACE, graceful.shutdown()).await;
    connections.shutdown().await;
}

/// Whether accepting failed for one client only, so that the next can be accepted at once.
fn is_of_one_connection(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted
            | io::ErrorKind::ConnectionRefused
            | io::ErrorKind::ConnectionReset
            | io::ErrorKind::Interrupted
    )
}
