//! Connections: taken in until the server is told to stop, each with a bound on the time for its headers.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::ConnectInfo;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;

use crate::settings::Settings;

/// How long the last answers may take to be written once all runs have ended.
const LAST_ANSWERS: Duration = Duration::from_secs(5);

/// Serves `router` until `stop` is ready and then until `drained` is: who waits for a run, or asks for its outcome or whether
/// the server is ready, is answered until the last run has ended. Then no further connection is taken in, and those that are
/// still busy have a moment for their last answers.
///
/// HTTP/1.1 only: telling the versions apart would wait for a client's first bytes without a bound on the time.
pub(crate) async fn serve(
    listener: TcpListener,
    router: Router,
    settings: &Settings,
    stop: impl Future<Output = ()>,
    drained: impl Future<Output = ()>,
) -> io::Result<()> {
    let mut drained = std::pin::pin!(async {
        stop.await;
        drained.await;
    });
    let places = Arc::new(Semaphore::new(settings.max_connections));
    let graceful = GracefulShutdown::new();
    loop {
        let accepted = async {
            let place = places.clone().acquire_owned().await;
            (listener.accept().await, place)
        };
        let (accepted, place) = tokio::select! {
            biased;
            () = &mut drained => break,
            accepted = accepted => accepted,
        };
        let (stream, peer) = match accepted {
            Ok(accepted) => accepted,
            // The peer is gone, or the process has too many files open: neither is a reason to stop.
            Err(_) => {
                tokio::time::sleep(Duration::from_millis(50)).await;
                continue;
            }
        };
        let service = TowerToHyperService::new(with_peer(router.clone(), peer));
        let mut builder = auto::Builder::new(TokioExecutor::new()).http1_only();
        builder
            .http1()
            .timer(TokioTimer::new())
            .header_read_timeout(settings.header_time);
        // Not the variant with upgrades: that one tells the versions apart even here, without a bound on the time.
        let connection = builder
            .serve_connection(TokioIo::new(stream), service)
            .into_owned();
        let watched = graceful.watch(connection);
        tokio::spawn(async move {
            // A connection that breaks is the client's affair.
            let _ = watched.await;
            drop(place);
        });
    }
    // Whoever calls now is told at once that nobody listens.
    drop(listener);
    // What a client does not read is lost to it.
    let _ = tokio::time::timeout(LAST_ANSWERS, graceful.shutdown()).await;
    Ok(())
}

/// The routes for one connection, which know its peer.
fn with_peer(router: Router, peer: SocketAddr) -> Router {
    router.layer(axum::Extension(ConnectInfo(peer)))
}
