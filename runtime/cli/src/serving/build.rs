//! From the settings to a runtime and a server.

use std::path::Path;
use std::sync::Arc;

use hap::{FolderLoader, FolderResources, Runtime};
use hap_server::auth::AuthProvider;
use hap_server::{Audit, AuditRecord, BuildError, Observer, Server, Settings, Traces};
use serde::Serialize;

use super::{AuditFile, Config, projects};
use crate::arguments::CacheArgs;
use crate::exit::Stop;
use crate::projects::ProjectLoader;
use crate::terminal::Terminal;

/// Every folder that is not there.
pub(crate) fn folders(config: &Config) -> Vec<Stop> {
    let agents = config.agents.iter().filter_map(|path| folder("agents", path));
    let graphs = config.graphs.iter().filter_map(|path| folder("graphs", path));
    agents.chain(graphs).collect()
}

fn folder(flag: &str, path: &Path) -> Option<Stop> {
    if path.is_dir() {
        return None;
    }
    let stop = Stop::bad_input(format!("`--{flag} {}` is no folder", path.display()));
    Some(stop.hint("name a folder that is there; its files may come later"))
}

/// Where traces are sent, if anywhere. It must be called in the tokio runtime that sends them.
pub(crate) fn traces(config: &Config) -> Result<Option<Traces>, Stop> {
    let Some(endpoint) = &config.traces.endpoint else {
        return Ok(None);
    };
    let sample = config.traces.sample;
    if !(0.0..=1.0).contains(&sample) {
        let stop = Stop::bad_input(format!("`traces.sample` is {sample}, and must be from 0 to 1"));
        return Err(stop.hint("1 keeps every trace, 0.01 one of a hundred"));
    }
    let traces = Traces::otlp(endpoint, sample).map_err(|error| {
        let stop = Stop::bad_input(error.to_string());
        stop.hint("name a collector that takes OTLP over HTTP, such as `http://127.0.0.1:4318/v1/traces`")
    });
    traces.map(Some)
}

/// What runs agents.
pub(crate) fn runtime(config: &Config, cache: CacheArgs, terminal: &Terminal) -> Result<Runtime, Stop> {
    let loader = ProjectLoader {
        components: FolderLoader {
            folders: config.agents.clone(),
            ..FolderLoader::default()
        },
        // What is built is built when the server starts, and never because a caller asks for a run.
        builder: None,
        trust: None,
        terminal: *terminal,
    };
    let mut builder = Runtime::builder().agent_loader(Arc::new(loader));
    if let Some(path) = &config.resources {
        let documents = FolderResources::open(path);
        let documents = documents.map_err(|error| {
            Stop::bad_input(format!("cannot open `--resources {}`: {error}", path.display()))
        })?;
        builder = builder.resources(Arc::new(documents));
    }
    let components = &config.components;
    let cache = cache.over(components.cache, components.max_instances);
    // The components are strangers': they are never compiled in the process that holds the tokens.
    cache.isolated().runtime(builder)
}

/// The server. Its folders are not read yet.
pub(crate) async fn server(
    config: &Config,
    runtime: Runtime,
    auth: Arc<dyn AuthProvider>,
    audit: Option<Arc<AuditFile>>,
    traces: Option<Traces>,
    terminal: &Terminal,
) -> Result<Server, Stop> {
    let log = terminal.is_log().then_some(*terminal);
    let settings = Settings {
        audit: told(audit, log),
        observer: log.map(|log| Observer::new(move |notice| log.log("info", notice))),
        documents_uri: config.documents_uri.clone(),
        hosts: config.hosts.clone(),
        origins: config.origins.clone(),
        tls: config.tls.read()?,
        ..config.limits.clone()
    };
    let mut builder = Server::builder(runtime, auth).settings(settings);
    if let Some(traces) = traces {
        builder = builder.traces(traces);
    }
    for path in &config.agents {
        builder = builder.agents_dir(path);
    }
    for (name, project) in projects::find(&config.agents, terminal) {
        builder = builder.agent_file(name, project.output());
    }
    for path in &config.graphs {
        builder = builder.graphs_dir(path);
    }
    builder.build().await.map_err(|error| match error {
        BuildError::DocumentsUri { .. } => Stop::bad_input(format!("`--documents-uri`: {error}")),
        _ => Stop::internal(error.to_string()),
    })
}

/// Where calls are told: to the file and to the log, where there are such.
fn told(file: Option<Arc<AuditFile>>, log: Option<Terminal>) -> Option<Audit> {
    #[derive(Serialize)]
    struct Called<'a> {
        event: &'a str,
        #[serde(flatten)]
        record: &'a AuditRecord,
    }
    if file.is_none() && log.is_none() {
        return None;
    }
    Some(Audit::new(move |record| {
        if let Some(file) = &file {
            file.write(&record);
        }
        if let Some(log) = log {
            let (event, record) = ("call", &record);
            log.log("info", &Called { event, record });
        }
    }))
}
