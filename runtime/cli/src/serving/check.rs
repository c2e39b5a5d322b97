//! `hap serve --check`: reads everything that a server would be started with, tells what it would serve, and every problem.

use std::net::SocketAddr;

use hap_server::Change;

use super::{AuditFile, Config, LogFormat, folders, runtime, server, traces};
use crate::arguments::CacheArgs;
use crate::exit::{Exit, Stop};
use crate::terminal::Terminal;

/// Checks the settings, and what they name. Nothing is listened on.
pub(crate) async fn check(config: &Config, cache: CacheArgs, terminal: &Terminal) -> Result<Exit, Stop> {
    let mut problems = folders(config);
    problems.extend(no_token_in_a_log(config).err());
    // Where the address is wrong, the rest is still checked as for one on this machine.
    let address = address(&config.listen).await.unwrap_or_else(|stop| {
        problems.push(stop);
        SocketAddr::from(([127, 0, 0, 1], 0))
    });
    let mut lines = vec![
        format!("listens on: {}", config.listen),
        format!("lets in: {}", config.auth.summary()),
    ];
    if let Some(path) = &config.log.audit
        && let Err(stop) = AuditFile::open(path, terminal)
    {
        problems.push(stop);
    }
    problems.extend(traces(config).err());
    let auth = config.auth.provider(address, terminal);
    let runtime = runtime(config, cache, terminal);
    match (auth, runtime) {
        (Ok((auth, _)), Ok(runtime)) => match server(config, runtime, auth, None, None, terminal).await {
            Ok(server) => {
                for change in server.refresh().await {
                    if let Change::Refused { .. } = change.change {
                        problems.push(Stop::bad_input(change.to_string()));
                    }
                }
                let (agents, graphs) = server.offered();
                lines.push(list("agents", &agents));
                lines.push(list("graphs", &graphs));
            }
            Err(stop) => problems.push(stop),
        },
        (auth, runtime) => problems.extend(auth.err().into_iter().chain(runtime.err())),
    }
    terminal.print(&lines.join("\n"))?;
    let Some(last) = problems.pop() else {
        return Ok(Exit::Success);
    };
    problems.iter().for_each(|problem| terminal.stop(problem));
    // The last one is told by whoever ends the command.
    Err(last)
}

fn list(what: &str, names: &[String]) -> String {
    match names {
        [] => format!("{what}: none"),
        _ => format!("{what}: {}", names.join(", ")),
    }
}

/// The address that is listened on.
async fn address(listen: &str) -> Result<SocketAddr, Stop> {
    let cannot = |why: String| {
        let stop = Stop::bad_input(format!("cannot listen on `{listen}`: {why}"));
        stop.hint("give an address of this machine and a port, such as `127.0.0.1:8480`")
    };
    let mut found = tokio::net::lookup_host(listen)
        .await
        .map_err(|error| cannot(error.to_string()))?;
    found.next().ok_or_else(|| cannot("it is no address".to_owned()))
}

/// A token that is made at the start is told on standard error, and that must not be a log.
pub(crate) fn no_token_in_a_log(config: &Config) -> Result<(), Stop> {
    if config.log.format == LogFormat::Json && config.auth.makes_a_token() {
        let stop = Stop::bad_input(
            "a token would be made at the start, and `--log-format json` has no place for it",
        );
        return Err(stop.hint("make tokens with `hap token create`, and give `--tokens FILE`"));
    }
    Ok(())
}
