//! Ctrl-C and SIGTERM: the first asks the run to stop, the second ends the process at once.

use std::io;
use std::process;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use hap::Canceller;
use tokio::sync::oneshot;

use crate::exit::{Exit, Stop};

/// Signals that come closer together than this are one wish: `timeout` and other programs that start programs send a
/// signal to the process and then to its group, which is the same process again.
pub(crate) const ONE_WISH: Duration = Duration::from_millis(400);

/// The signals that ask this process to stop. While one of these lives, they no longer end the process by themselves.
pub(crate) struct Signals {
    #[cfg(unix)]
    interrupt: tokio::signal::unix::Signal,
    #[cfg(unix)]
    terminate: tokio::signal::unix::Signal,
}

/// Whether a signal has come.
#[derive(Clone, Debug, Default)]
pub(crate) struct Asked(Arc<AtomicBool>);

impl Asked {
    /// Whether a signal has come.
    pub(crate) fn to_stop(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

impl Signals {
    /// Takes the signals over.
    pub(crate) fn take() -> Result<Signals, Stop> {
        Signals::listen().map_err(|error| Stop::internal(format!("cannot listen for signals: {error}")))
    }

    #[cfg(unix)]
    fn listen() -> io::Result<Signals> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Signals {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
        })
    }

    #[cfg(not(unix))]
    fn listen() -> io::Result<Signals> {
        Ok(Signals {})
    }

    /// Waits for the next signal.
    #[cfg(unix)]
    pub(crate) async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }

    /// Waits for the next signal.
    #[cfg(not(unix))]
    pub(crate) async fn next(&mut self) {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending().await
        }
    }

    /// Does `work` at every SIGHUP, from now on. Where nobody asks for that, the signal ends the process as ever.
    #[cfg(unix)]
    pub(crate) fn on_hangup(mut work: impl FnMut() + Send + 'static) -> Result<(), Stop> {
        use tokio::signal::unix::{SignalKind, signal};
        let mut hangup = signal(SignalKind::hangup())
            .map_err(|error| Stop::internal(format!("cannot listen for signals: {error}")))?;
        tokio::spawn(async move {
            while hangup.recv().await.is_some() {
                work();
            }
        });
        Ok(())
    }

    /// There is no such signal here.
    #[cfg(not(unix))]
    pub(crate) fn on_hangup(_: impl FnMut() + Send + 'static) -> Result<(), Stop> {
        Ok(())
    }

    /// Waits for the second wish to stop, and tells the first.
    pub(crate) async fn twice(&mut self, first: oneshot::Sender<()>) {
        self.next().await;
        // Whoever is told may not care any more.
        let _ = first.send(());
        let began = Instant::now();
        while began.elapsed() <= ONE_WISH {
            self.next().await;
        }
    }

    /// Cancels the run on the first signal and ends the process on the second.
    ///
    /// It has a task of its own, so that it works while the command waits for a slow reader of its output.
    pub(crate) fn cancel(mut self, run: Canceller) -> Asked {
        let asked = Asked::default();
        let flag = asked.0.clone();
        let (first, told) = oneshot::channel();
        tokio::spawn(async move {
            if told.await.is_ok() {
                flag.store(true, Ordering::Relaxed);
                run.cancel();
            }
        });
        tokio::spawn(async move {
            self.twice(first).await;
            process::exit(Exit::Cancelled as i32);
        });
        asked
    }
}
