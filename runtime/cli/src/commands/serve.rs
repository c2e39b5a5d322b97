//! `hap serve`: agents and graphs for whoever may call them, over HTTP or standard input and output.

use std::future::Future;
use std::path::{Path, PathBuf};
use std::process;
use std::sync::Arc;
use std::time::{Duration, Instant};

use clap::Args;
use hap::{FolderResources, Runtime};
use hap_server::auth::{Principal, Scopes, TenantId};
use hap_server::{BuildError, Server, Settings};
use tokio::net::TcpListener;

use crate::arguments::CacheArgs;
use crate::exit::{Exit, Stop};
use crate::serving::{AuthArgs, Config};
use crate::signals::{ONE_WISH, Signals};
use crate::terminal::{Terminal, clean};

/// Where the server listens unless told otherwise.
const LISTEN: &str = "127.0.0.1:8480";

/// How often the folders are looked at.
const WATCH: Duration = Duration::from_secs(2);

/// The arguments of `hap serve`.
#[derive(Debug, Args)]
#[command(after_help = Exit::HELP)]
pub(crate) struct ServeArgs {
    /// The address to listen on; port 0 is any free one [default: 127.0.0.1:8480]
    #[arg(long, value_name = "ADDRESS:PORT")]
    listen: Option<String>,
    #[command(flatten)]
    pub(super) offer: OfferArgs,
    #[command(flatten)]
    auth: AuthArgs,
    /// Serve one caller on standard input and output instead, who may do everything
    #[arg(long, conflicts_with_all = ["listen", "auth", "tokens", "jwt_issuer"])]
    stdio: bool,
    /// A name by which the server may be called, besides those of this machine
    #[arg(long = "host", value_name = "NAME")]
    hosts: Vec<String>,
    /// The origin of web pages that may call the server, such as `https://app.example.com`
    #[arg(long = "origin", value_name = "URL")]
    origins: Vec<String>,
}

/// What is offered to callers, whichever way they come.
#[derive(Clone, Debug, Args)]
pub(crate) struct OfferArgs {
    /// A folder of agents, as `name.wasm` or `namespace/name.wasm`
    #[arg(long, value_name = "DIR")]
    agents: Vec<PathBuf>,
    /// A folder of graph files
    #[arg(long, value_name = "DIR")]
    graphs: Vec<PathBuf>,
    /// A folder whose files agents may read, as far as graphs grant them
    #[arg(long, value_name = "DIR")]
    resources: Option<PathBuf>,
    /// What stands before the names of these files in their URIs over MCP [default: hap://documents/]
    #[arg(long, value_name = "URI")]
    documents_uri: Option<String>,
    /// How many runs may be under way at one time
    #[arg(long, value_name = "N")]
    max_runs: Option<usize>,
    /// A JSON file with these settings; what the command line says comes before it
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    #[command(flatten)]
    pub(super) cache: CacheArgs,
    /// Tell what changes in the folders, in a pipe too
    #[arg(long, short)]
    verbose: bool,
}

/// Serves until a signal comes.
pub(crate) fn serve(args: &ServeArgs, terminal: &Terminal) -> Result<Exit, Stop> {
    if args.stdio {
        return streams(&args.offer, Protocol::JsonRpc, terminal);
    }
    let mut config = args.offer.config()?;
    args.add_to(&mut config);
    let runtime = runtime(&config, args.offer.cache)?;
    super::block_on(async {
        let signals = Signals::take()?;
        http(&args.offer, &config, runtime, signals, terminal).await
    })
}

/// What one caller on standard input and output speaks.
#[derive(Clone, Copy)]
pub(super) enum Protocol {
    JsonRpc,
    Mcp,
}

/// Serves one caller on standard input and output, who may do everything.
pub(super) fn streams(args: &OfferArgs, protocol: Protocol, terminal: &Terminal) -> Result<Exit, Stop> {
    let config = args.config()?;
    let runtime = runtime(&config, args.cache)?;
    super::block_on(async {
        let signals = Signals::take()?;
        stdio(args, &config, runtime, signals, protocol, terminal).await
    })
}

impl ServeArgs {
    /// What only callers over the network need.
    fn add_to(&self, config: &mut Config) {
        for (list, given) in [
            (&mut config.hosts, &self.hosts),
            (&mut config.origins, &self.origins),
        ] {
            if !given.is_empty() {
                list.clone_from(given);
            }
        }
        config.listen = self.listen.clone().or(config.listen.take());
        config.auth = self.auth.over(std::mem::take(&mut config.auth));
    }
}

impl OfferArgs {
    /// The settings: the command line's, then the file's.
    fn config(&self) -> Result<Config, Stop> {
        let file = self.config.as_deref().map(Config::read).transpose()?;
        let mut config = file.unwrap_or_default();
        let lists = [
            (&mut config.agents, &self.agents),
            (&mut config.graphs, &self.graphs),
        ];
        for (list, given) in lists {
            if !given.is_empty() {
                list.clone_from(given);
            }
        }
        config.resources = self.resources.clone().or(config.resources);
        config.documents_uri = self.documents_uri.clone().or(config.documents_uri);
        config.max_runs = self.max_runs.or(config.max_runs);
        Ok(config)
    }

    /// Tells a change in the folders: what cannot be used always, and the rest where it is read.
    fn tell_change(&self, line: &str, terminal: &Terminal) {
        if line.contains(" cannot be used") {
            terminal.warning(line, None);
        } else if self.verbose || terminal.is_watched() {
            terminal.tell(&clean(line));
        }
    }
}

fn folder(flag: &str, path: &Path) -> Result<(), Stop> {
    if path.is_dir() {
        return Ok(());
    }
    let stop = Stop::bad_input(format!("`--{flag} {}` is no folder", path.display()));
    Err(stop.hint("name a folder that is there; its files may come later"))
}

fn runtime(config: &Config, cache: CacheArgs) -> Result<Runtime, Stop> {
    let mut builder = Runtime::builder();
    for path in &config.agents {
        folder("agents", path)?;
        builder = builder.agents_dir(path);
    }
    for path in &config.graphs {
        folder("graphs", path)?;
    }
    if let Some(path) = &config.resources {
        let documents = FolderResources::open(path);
        let documents = documents.map_err(|error| {
            Stop::bad_input(format!("cannot open `--resources {}`: {error}", path.display()))
        })?;
        builder = builder.resources(Arc::new(documents));
    }
    // The components are strangers': they are never compiled in the process that holds the tokens.
    cache.isolated().runtime(builder)
}

async fn server(
    args: &OfferArgs,
    config: &Config,
    runtime: Runtime,
    auth: Arc<dyn hap_server::auth::AuthProvider>,
    terminal: &Terminal,
) -> Result<Server, Stop> {
    let defaults = Settings::default();
    let settings = Settings {
        hosts: config.hosts.clone(),
        origins: config.origins.clone(),
        max_runs: config.max_runs.unwrap_or(defaults.max_runs),
        documents_uri: config.documents_uri.clone().unwrap_or(defaults.documents_uri),
        ..defaults
    };
    let mut builder = Server::builder(runtime, auth).settings(settings);
    for path in &config.agents {
        builder = builder.agents_dir(path);
    }
    for path in &config.graphs {
        builder = builder.graphs_dir(path);
    }
    let server = builder.build().await.map_err(|error| match error {
        BuildError::DocumentsUri { .. } => Stop::bad_input(format!("`--documents-uri`: {error}")),
        _ => Stop::internal(error.to_string()),
    })?;
    for line in server.refresh().await {
        args.tell_change(&line, terminal);
    }
    Ok(server)
}

async fn http(
    args: &OfferArgs,
    config: &Config,
    runtime: Runtime,
    signals: Signals,
    terminal: &Terminal,
) -> Result<Exit, Stop> {
    let listen = config.listen.as_deref().unwrap_or(LISTEN);
    let cannot = |error: std::io::Error| {
        let stop = Stop::bad_input(format!("cannot listen on `{listen}`: {error}"));
        stop.hint("give an address of this machine and a free port, such as `--listen 127.0.0.1:0`")
    };
    let listener = TcpListener::bind(listen).await.map_err(cannot)?;
    let address = listener.local_addr().map_err(cannot)?;
    let (auth, token) = config.auth.provider(address, terminal)?;
    let mut signals = signals;
    let building = server(args, config, runtime, auth, terminal);
    let server = tokio::select! {
        server = building => server?,
        () = signals.next() => return Ok(Exit::Cancelled),
    };
    if !address.ip().is_loopback() {
        let hint = "put a proxy that speaks TLS before it, and name it with `--host`";
        terminal.warning("tokens and data cross the network unencrypted", Some(hint));
    }
    if let Some(token) = token {
        terminal.tell(&format!("token: {}", token.expose()));
        terminal.tell("  it is good until the server ends; `HAP_TOKEN=… hap call server/info` uses it");
    }
    terminal.tell(&format!("listening on http://{address}"));
    let watch = server.watch(WATCH, |line| args.tell_change(&line, terminal));
    tokio::select! {
        served = server.serve(listener, stopped(signals, terminal)) => {
            served.map_err(|error| Stop::internal(format!("cannot serve: {error}")))?;
        }
        () = watch => {}
    }
    Ok(Exit::Success)
}

/// Ready on the first signal; the second ends the process.
fn stopped(mut signals: Signals, terminal: &Terminal) -> impl Future<Output = ()> + use<> {
    let terminal = *terminal;
    async move {
        signals.next().await;
        if terminal.is_watched() {
            terminal.tell("waiting for the runs under way; again to stop at once");
        }
        let first = Instant::now();
        tokio::spawn(async move {
            loop {
                signals.next().await;
                if first.elapsed() > ONE_WISH {
                    process::exit(Exit::Cancelled as i32);
                }
            }
        });
    }
}

async fn stdio(
    args: &OfferArgs,
    config: &Config,
    runtime: Runtime,
    mut signals: Signals,
    protocol: Protocol,
    terminal: &Terminal,
) -> Result<Exit, Stop> {
    let principal = Principal {
        tenant: TenantId::local(),
        user: "local".to_owned(),
        scopes: Scopes::all(),
        session: None,
        token_id: None,
        expires: None,
    };
    // Nobody else is let in.
    let auth = Arc::new(hap_server::auth::LocalOnly::without_credentials("local"));
    let server = server(args, config, runtime, auth, terminal).await?;
    let watch = server.watch(WATCH, |line| args.tell_change(&line, terminal));
    let (input, output) = (tokio::io::stdin(), tokio::io::stdout());
    let serving = async {
        match protocol {
            Protocol::JsonRpc => server.serve_streams(input, output, principal).await,
            Protocol::Mcp => server.serve_mcp_streams(input, output, principal).await,
        }
    };
    tokio::select! {
        served = serving => {
            served.map_err(|error| Stop::internal(format!("the connection broke: {error}")))?;
        }
        () = watch => {}
        () = signals.next() => {}
    }
    Ok(Exit::Success)
}
