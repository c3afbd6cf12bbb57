//! The listener: HTTP/1.1 and HTTP/2 on one port, with bounds on how slow and how many, and a graceful end.
#![expect(clippy::disallowed_methods, reason = "connections are watched by the graceful shutdown")]

use axum::Router;
use axum::extract::{ConnectInfo, Request};
use hyper::body::Incoming;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

/// The bounds of a listener.
#[derive(Debug, Clone, Copy)]
pub struct ServerOptions {
    /// How long a request's head may take to arrive.
    pub header_timeout: Duration,
    /// How long a silent HTTP/2 peer is believed to be alive.
    pub idle_timeout: Duration,
    /// Connections open at a time.
    pub max_connections: usize,
}

/// Serves `router` until `stop`, then lets what is under way finish.
pub async fn serve(listener: TcpListener, router: Router, options: ServerOptions, stop: CancellationToken) {
    let builder = Arc::new(builder(&options));
    let seats = Arc::new(Semaphore::new(options.max_connections));
    let graceful = GracefulShutdown::new();
    loop {
        let seat = tokio::select! {
            seat = Arc::clone(&seats).acquire_owned() => seat,
            () = stop.cancelled() => break,
        };
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = stop.cancelled() => break,
        };
        let stream = match accepted {
            Ok((stream, _)) => stream,
            Err(error) => {
                // Out of descriptors, most likely. Giving the others a moment beats spinning.
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(Duration::from_millis(50)).await;
                continue;
            }
        };
        let (builder, router, watcher) = (Arc::clone(&builder), router.clone(), graceful.watcher());
        tokio::spawn(async move {
            let _seat = seat;
            let (Ok(peer), Ok(())) = (stream.peer_addr(), stream.set_nodelay(true)) else { return };
            let peer = SocketAddr::new(peer.ip().to_canonical(), peer.port());
            let asked = CancellationToken::new();
            let spoke = asked.clone();
            let service = router.map_request(move |request: hyper::Request<Incoming>| {
                spoke.cancel();
                let mut request: Request = request.map(axum::body::Body::new);
                request.extensions_mut().insert(ConnectInfo(peer));
                request
            });
            let service = TowerToHyperService::new(service);
            let connection = builder.serve_connection_with_upgrades(TokioIo::new(stream), service).into_owned();
            tokio::select! {
                ended = watcher.watch(connection) => if let Err(error) = ended {
                    tracing::debug!(error, "a connection ends badly");
                },
                () = silence(&asked, options.header_timeout) => tracing::debug!(%peer, "a connection asks for nothing"),
            }
        });
    }
    drop(listener);
    graceful.shutdown().await;
}

/// Ends when nothing has been asked for within `patience`. Until hyper knows which HTTP a connection speaks, it waits
/// without a limit, and every silent connection would keep its seat.
async fn silence(asked: &CancellationToken, patience: Duration) {
    if tokio::time::timeout(patience, asked.cancelled()).await.is_ok() {
        std::future::pending::<()>().await;
    }
}

fn builder(options: &ServerOptions) -> Builder<TokioExecutor> {
    let mut builder = Builder::new(TokioExecutor::new());
    builder.http1().timer(TokioTimer::new()).header_read_timeout(options.header_timeout).max_buf_size(64 * 1024);
    builder
        .http2()
        .timer(TokioTimer::new())
        .keep_alive_interval(options.idle_timeout / 2)
        .keep_alive_timeout(options.idle_timeout / 2)
        .max_concurrent_streams(256)
        .max_header_list_size(32 * 1024)
        .max_pending_accept_reset_streams(64);
    builder
}
