//! The server's process, seen from the side of those who load it.

use std::path::Path;
use std::process::Stdio;

use anyhow::{Context, Result};
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{ChildStdin, ChildStdout, Command};

/// A server in a process of its own. It ends when this is dropped.
pub(crate) struct Child {
    process: tokio::process::Child,
    orders: Option<ChildStdin>,
    told: Lines<BufReader<ChildStdout>>,
    /// Where it listens.
    pub(crate) port: u16,
}

impl Child {
    /// Starts this program as a server of what is in a folder.
    ///
    /// # Errors
    /// When it does not start.
    pub(crate) async fn start(folder: &Path) -> Result<Child> {
        let mut process = Command::new(std::env::current_exe()?)
            .arg("serve")
            .arg(folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        let orders = process.stdin.take();
        let told = process.stdout.take().context("no output")?;
        let mut child = Child {
            process,
            orders,
            told: BufReader::new(told).lines(),
            port: 0,
        };
        let port = child.told().await?.get("port").and_then(Value::as_u64);
        child.port = port.and_then(|port| port.try_into().ok()).context("no port")?;
        Ok(child)
    }

    /// Gives an order and the answer to it.
    ///
    /// # Errors
    /// When the server has ended.
    pub(crate) async fn order(&mut self, order: &str) -> Result<Value> {
        let orders = self.orders.as_mut().context("the server was told to stop")?;
        orders.write_all(format!("{order}\n").as_bytes()).await?;
        self.told().await
    }

    /// Tells it to stop, and does not wait.
    ///
    /// # Errors
    /// When it has ended already.
    pub(crate) async fn tell_to_stop(&mut self) -> Result<()> {
        if let Some(mut orders) = self.orders.take() {
            orders.write_all(b"stop\n").await?;
        }
        Ok(())
    }

    /// Waits for its orderly end.
    ///
    /// # Errors
    /// When it ends in another way.
    pub(crate) async fn ended(mut self) -> Result<()> {
        self.told().await.context("the server did not end in order")?;
        let status = self.process.wait().await?;
        anyhow::ensure!(status.success(), "the server ended with {status}");
        Ok(())
    }

    async fn told(&mut self) -> Result<Value> {
        let line = self.told.next_line().await?.context("the server has ended")?;
        Ok(serde_json::from_str(&line)?)
    }
}
