use std::convert::Infallible;
use std::error::Error;
use std::io;
use std::pin::pin;
use std::time::Duration;

use hyper::body::Incoming;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio_util::task::TaskTracker;
use tower_service::Service;

use crate::connection::Connections;
use crate::house::House;
use crate::limits::Limits;

/// How long nothing is accepted after the machine has run out of sockets.
const OUT_OF_SOCKETS: Duration = Duration::from_millis(100);

/// Accepts connections and answers HTTP/1.1 and HTTP/2 on them until `shutdown` is done; then lets
/// each connection finish what it is at, and returns. `service` is a
/// [`Vestibule`](crate::Vestibule), or anything around one.
///
/// HTTP/2 is spoken without TLS to those who begin with it ("prior knowledge", RFC 9113 §3.3), as
/// proxies do. The extensions of every request say from where it came: [`Peer`](crate::Peer).
///
/// Where its future is dropped before its end, all connections are closed at once.
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
    serve_within(Limits::default(), listener, service, shutdown).await;
}

/// [`serve`] with other limits.
pub async fn serve_within<S, B>(
    limits: Limits,
    listener: TcpListener,
    service: S,
    shutdown: impl Future<Output = ()>,
) where
    S: Service<http::Request<Incoming>, Response = http::Response<B>, Error = Infallible>,
    S: Clone + Send + 'static,
    S::Future: Send,
    B: http_body::Body + Send + 'static,
    B::Data: Send,
    B::Error: Into<Box<dyn Error + Send + Sync>>,
{
    let house = House::new(&limits);
    let (stop, stopping) = watch::channel(());
    let each = Connections::new(&limits, service, stopping);
    let running = TaskTracker::new();
    let mut shutdown = pin!(shutdown);
    loop {
        let accepting = async {
            let accepted = listener.accept().await;
            match accepted {
                // Who finds no place waits for one, and the others in line before the socket.
                Ok((stream, peer)) => Ok((stream, peer, house.enter().await)),
                Err(error) => Err(error),
            }
        };
        let accepted = tokio::select! {
            biased;
            () = &mut shutdown => break,
            accepted = accepting => accepted,
        };
        match accepted {
            Ok((stream, peer, guest)) => {
                // Put where it stays at once: it is large, and a task is moved a few times.
                running.spawn(Box::pin(each.serve(stream, peer, guest)));
            }
            Err(error) if is_of_one_connection(&error) => {}
            Err(_) => tokio::time::sleep(OUT_OF_SOCKETS).await,
        }
    }
    drop(listener);
    // Each connection ends a grace after its last handler, or at once where `stop` is dropped here.
    stop.send_replace(());
    running.close();
    running.wait().await;
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
