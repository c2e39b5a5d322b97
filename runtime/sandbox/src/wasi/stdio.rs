//! Standard output and error of a guest: lines of both become log records out of the call's budget.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use hap_model::LogSource;
use tokio::io::AsyncWrite;
use wasmtime_wasi::cli::{IsTerminal, StdoutStream};
use wasmtime_wasi::p2::{OutputStream, Pollable, StreamError, StreamResult};

use crate::record::Recorder;

/// What a guest may write in one go: bounds what the host holds for it.
const WRITE_BYTES: usize = 64 << 10;

/// One of a guest's two streams to print on.
#[derive(Clone)]
pub(super) struct Printed {
    recorder: Recorder,
    source: LogSource,
}

impl Printed {
    pub(super) fn stdout(recorder: &Recorder) -> Printed {
        Printed {
            recorder: recorder.clone(),
            source: LogSource::Stdout,
        }
    }

    pub(super) fn stderr(recorder: &Recorder) -> Printed {
        Printed {
            recorder: recorder.clone(),
            source: LogSource::Stderr,
        }
    }
}

impl IsTerminal for Printed {
    fn is_terminal(&self) -> bool {
        false
    }
}

impl StdoutStream for Printed {
    fn async_stream(&self) -> Box<dyn AsyncWrite + Send + Sync> {
        Box::new(self.clone())
    }

    fn p2_stream(&self) -> Box<dyn OutputStream> {
        Box::new(self.clone())
    }
}

impl OutputStream for Printed {
    fn write(&mut self, bytes: Bytes) -> StreamResult<()> {
        let printed = self.recorder.print(self.source, &bytes);
        printed.map_err(|failure| StreamError::Trap(wasmtime::Error::msg(failure.message)))
    }

    fn flush(&mut self) -> StreamResult<()> {
        Ok(())
    }

    fn check_write(&mut self) -> StreamResult<usize> {
        Ok(WRITE_BYTES)
    }
}

impl Pollable for Printed {
    fn ready<'a, 'f>(&'a mut self) -> Pin<Box<dyn Future<Output = ()> + Send + 'f>>
    where
        'a: 'f,
    {
        Box::pin(async {})
    }
}

impl AsyncWrite for Printed {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let printed = self.recorder.print(self.source, bytes);
        Poll::Ready(printed.map(|()| bytes.len()).map_err(io::Error::other))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}
