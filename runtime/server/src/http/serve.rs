//! Connections: taken in until the server is told to stop, and seen to their end.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::ConnectInfo;
use tokio::net::TcpListener;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};

use super::accept::Accepting;
use crate::settings::Settings;

/// How long the last answers may take to be written once all runs have ended.
const LAST_ANSWERS: Duration = Duration::from_secs(5);

/// Whether connections may stay.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Stopping {
    /// Yes.
    #[default]
    No,
    /// As long as they have something under way.
    WhenDone,
    /// No.
    Now,
}

/// The place that a connection takes until it is closed, what becomes of it included.
#[derive(Clone)]
pub(super) struct ConnectionPlace(
    #[expect(dead_code, reason = "held, not looked at")] Arc<OwnedSemaphorePermit>,
);

/// Serves `router` until `stop` is ready and then until `drained` is: who waits for a run, or asks for its outcome or whether
/// the server is ready, is answered until the last run has ended. Then no further connection is taken in, and those that are
/// still busy have a moment for their last answers. `stopping` tells them.
///
/// HTTP/1.1 only: telling the versions apart would wait for a client's first bytes without a bound on the time.
pub(crate) async fn serve(
    listener: TcpListener,
    router: Router,
    settings: &Settings,
    stopping: &watch::Sender<Stopping>,
    stop: impl Future<Output = ()>,
    drained: impl Future<Output = ()>,
) -> io::Result<()> {
    let mut drained = std::pin::pin!(async {
        stop.await;
        stopping.send_replace(Stopping::WhenDone);
        drained.await;
    });
    let count = u32::try_from(settings.max_connections).unwrap_or(u32::MAX);
    let places = Arc::new(Semaphore::new(settings.max_connections));
    let accepting = Accepting::new(settings, stopping);
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
        // The places are never closed.
        let (Ok((stream, peer)), Ok(place)) = (accepted, place) else {
            // The peer is gone, or the process has too many files open: neither is a reason to stop.
            tokio::time::sleep(Duration::from_millis(50)).await;
            continue;
        };
        let router = known(router.clone(), peer, ConnectionPlace(Arc::new(place)));
        tokio::spawn(accepting.clone().serve(stream, router));
    }
    // Whoever calls now is told at once that nobody listens.
    drop(listener);
    // Each connection gives its place back at its end. What a client does not read is lost to it.
    let _ = tokio::time::timeout(LAST_ANSWERS, places.acquire_many(count)).await;
    stopping.send_replace(Stopping::Now);
    Ok(())
}

/// The routes for one connection, which know its peer and its place.
fn known(router: Router, peer: SocketAddr, place: ConnectionPlace) -> Router {
    router
        .layer(axum::Extension(ConnectInfo(peer)))
        .layer(axum::Extension(place))
}
