//! `hap serve`: agents and graphs for whoever may call them, over HTTP or standard input and output.

use std::future::Future;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::process;
use std::sync::Arc;
use std::time::{Duration, Instant};

use clap::Args;
use hap::Runtime;
use hap_server::auth::{AuthProvider, Principal};
use hap_server::{CatalogChange, Change, Server, Traces};
use serde::Serialize;
use tokio::net::TcpListener;

use crate::arguments::CacheArgs;
use crate::exit::{Exit, Stop};
use crate::projects::{self, Told};
use crate::serving::{self, AuditFile, AuthArgs, Config, Layers, LogFormat, TlsArgs};
use crate::signals::{ONE_WISH, Signals};
use crate::terminal::{Terminal, clean};

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
    offer: OfferArgs,
    #[command(flatten)]
    auth: AuthArgs,
    #[command(flatten)]
    tls: TlsArgs,
    /// Serve one caller on standard input and output instead, who may do everything
    #[arg(long, conflicts_with_all = ["listen", "auth", "tokens", "jwt_issuer", "tls_cert"])]
    stdio: bool,
    /// A name by which the server may be called, besides those of this machine
    #[arg(long = "host", value_name = "NAME")]
    hosts: Vec<String>,
    /// The origin of web pages that may call the server, such as `https://app.example.com`
    #[arg(long = "origin", value_name = "URL")]
    origins: Vec<String>,
    /// Read everything, tell what would be served and every problem, and end
    #[arg(long)]
    check: bool,
}

/// What is offered to callers, whichever way they come.
#[derive(Debug, Args)]
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
    max_runs: Option<NonZeroUsize>,
    /// A TOML file of settings; the environment comes over it, and the command line over both
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Set a key as the file would, such as `limits.drain=10s`
    #[arg(long, value_name = "KEY=VALUE")]
    set: Vec<String>,
    /// How standard error is written [default: text]
    #[arg(long, value_enum)]
    log_format: Option<LogFormat>,
    /// A file that every call is told to, a JSON object a line; SIGHUP opens it anew
    #[arg(long, value_name = "FILE")]
    audit_log: Option<PathBuf>,
    /// A collector that traces are sent to, as OTLP over HTTP: `http://127.0.0.1:4318/v1/traces`
    #[arg(long, value_name = "URL")]
    traces: Option<String>,
    #[command(flatten)]
    cache: CacheArgs,
    /// Build the agent projects in the folders of agents where they are stale, which runs their commands
    #[arg(long)]
    build: bool,
    /// Tell what changes in the folders, in a pipe too
    #[arg(long, short)]
    verbose: bool,
}

/// How callers come.
#[derive(Clone, Copy)]
pub(super) enum Transport {
    /// Over HTTP, as many as like.
    Http,
    /// One, on standard input and output, who may do everything.
    Streams(Protocol),
}

/// What a caller on standard input and output speaks.
#[derive(Clone, Copy)]
pub(super) enum Protocol {
    JsonRpc,
    Mcp,
}

/// Serves until a signal comes.
pub(crate) fn serve(args: &ServeArgs, terminal: &Terminal) -> Result<Exit, Stop> {
    let mut config = args.offer.config()?;
    args.add_to(&mut config);
    if args.check {
        return super::block_on(serving::check(&config, args.offer.cache, terminal));
    }
    let transport = match args.stdio {
        true => Transport::Streams(Protocol::JsonRpc),
        false => Transport::Http,
    };
    start(&args.offer, &config, transport, terminal)
}

/// Serves what `config` says, until a signal comes or the input of the one caller ends.
pub(super) fn start(
    args: &OfferArgs,
    config: &Config,
    transport: Transport,
    terminal: &Terminal,
) -> Result<Exit, Stop> {
    if config.log.format == LogFormat::Text {
        return serve_with(args, config, transport, terminal);
    }
    // From here on, standard error is a log, up to the reason why the server ends.
    let log = terminal.as_log();
    serve_with(args, config, transport, &log).or_else(|stop| {
        log.stop(&stop);
        Ok(stop.exit)
    })
}

fn serve_with(
    args: &OfferArgs,
    config: &Config,
    transport: Transport,
    terminal: &Terminal,
) -> Result<Exit, Stop> {
    if let Some(stop) = serving::folders(config).into_iter().next() {
        return Err(stop);
    }
    let runtime = serving::runtime(config, args.cache, terminal)?;
    super::block_on(async {
        let mut signals = Signals::take()?;
        if args.build {
            tokio::select! {
                () = args.build(config, terminal) => {}
                () = signals.next() => return Ok(Exit::Cancelled),
            }
        }
        match transport {
            Transport::Http => http(args, config, runtime, signals, terminal).await,
            Transport::Streams(protocol) => stdio(args, config, runtime, signals, protocol, terminal).await,
        }
    })
}

impl ServeArgs {
    /// Adds what only callers over the network need.
    fn add_to(&self, config: &mut Config) {
        for (list, given) in [
            (&mut config.hosts, &self.hosts),
            (&mut config.origins, &self.origins),
        ] {
            if !given.is_empty() {
                list.clone_from(given);
            }
        }
        if let Some(listen) = &self.listen {
            config.listen.clone_from(listen);
        }
        config.auth = self.auth.over(std::mem::take(&mut config.auth));
        config.tls = self.tls.over(std::mem::take(&mut config.tls));
    }
}

impl OfferArgs {
    /// The settings: the file's, over it the environment's, and over both the command line's.
    pub(super) fn config(&self) -> Result<Config, Stop> {
        let layers = Layers {
            file: self.config.as_deref(),
            environment: std::env::vars_os().collect(),
            set: &self.set,
        };
        let mut config = layers.read()?;
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
        config.documents_uri = self.documents_uri.clone().unwrap_or(config.documents_uri);
        config.log.format = self.log_format.unwrap_or(config.log.format);
        config.log.audit = self.audit_log.clone().or(config.log.audit);
        config.traces.endpoint = self.traces.clone().or(config.traces.endpoint);
        config.limits.max_runs = self.max_runs.map_or(config.limits.max_runs, NonZeroUsize::get);
        Ok(config)
    }

    /// Builds the projects in the folders of agents.
    async fn build(&self, config: &Config, terminal: &Terminal) {
        let found = serving::projects::find(&config.agents, terminal);
        let told = if self.verbose {
            Told::Everything
        } else {
            Told::Commands
        };
        let builder = projects::builder(None, None, told, terminal);
        serving::projects::build(&found, &builder, terminal).await;
    }

    /// Tells a change in the folders: what cannot be used always, and the rest where it is read.
    fn tell_change(&self, change: &CatalogChange, terminal: &Terminal) {
        #[derive(Serialize)]
        struct Changed<'a> {
            event: &'a str,
            #[serde(flatten)]
            change: &'a CatalogChange,
        }
        let refused = matches!(change.change, Change::Refused { .. });
        if terminal.is_log() {
            let level = if refused { "warning" } else { "info" };
            let event = "catalog";
            terminal.log(level, &Changed { event, change });
        } else if refused {
            terminal.warning(&change.to_string(), None);
        } else if self.verbose || terminal.is_watched() {
            terminal.tell(&clean(&change.to_string()));
        }
    }
}

/// The server, with its folders read.
async fn server(
    args: &OfferArgs,
    config: &Config,
    runtime: Runtime,
    auth: Arc<dyn AuthProvider>,
    traces: Option<Traces>,
    terminal: &Terminal,
) -> Result<Server, Stop> {
    let audit = match &config.log.audit {
        Some(path) => {
            let file = Arc::new(AuditFile::open(path, terminal)?);
            let again = file.clone();
            Signals::on_hangup(move || again.reopen())?;
            Some(file)
        }
        None => None,
    };
    let server = serving::server(config, runtime, auth, audit, traces, terminal).await?;
    for change in server.refresh().await {
        args.tell_change(&change, terminal);
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
    serving::no_token_in_a_log(config)?;
    let listen = config.listen.as_str();
    let cannot = |error: std::io::Error| {
        let stop = Stop::bad_input(format!("cannot listen on `{listen}`: {error}"));
        stop.hint("give an address of this machine and a free port, such as `--listen 127.0.0.1:0`")
    };
    let listener = TcpListener::bind(listen).await.map_err(cannot)?;
    let address = listener.local_addr().map_err(cannot)?;
    let (auth, token) = config.auth.provider(address, terminal)?;
    let mut signals = signals;
    let traces = serving::traces(config)?;
    let building = server(args, config, runtime, auth, traces.clone(), terminal);
    let server = tokio::select! {
        server = building => server?,
        () = signals.next() => return Ok(Exit::Cancelled),
    };
    let has_tls = server.settings().tls.is_some();
    if !has_tls && !address.ip().is_loopback() {
        let hint = "give `--tls-cert` and `--tls-key`, or put a proxy that speaks TLS before it, and name it with `--host`";
        terminal.warning("tokens and data cross the network unencrypted", Some(hint));
    }
    if let Some(token) = token {
        terminal.tell(&format!("token: {}", token.expose()));
        terminal.tell("  it is good until the server ends; `HAP_TOKEN=… hap call server/info` uses it");
    }
    let scheme = if has_tls { "https" } else { "http" };
    terminal.tell(&format!("listening on {scheme}://{address}"));
    serving::notify::ready(terminal);
    let watch = server.watch(WATCH, |change| args.tell_change(&change, terminal));
    tokio::select! {
        served = server.serve(listener, stopped(signals, terminal)) => {
            served.map_err(|error| Stop::internal(format!("cannot serve: {error}")))?;
        }
        () = watch => {}
    }
    if let Some(traces) = traces {
        traces.shutdown().await;
    }
    Ok(Exit::Success)
}

/// Ready on the first signal; the second ends the process.
fn stopped(mut signals: Signals, terminal: &Terminal) -> impl Future<Output = ()> + use<> {
    let terminal = *terminal;
    async move {
        signals.next().await;
        serving::notify::stopping(&terminal);
        if terminal.is_watched() || terminal.is_log() {
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
    // Nobody else is let in.
    let auth = Arc::new(hap_server::auth::LocalOnly::without_credentials("local"));
    let traces = serving::traces(config)?;
    let server = server(args, config, runtime, auth, traces.clone(), terminal).await?;
    let watch = server.watch(WATCH, |change| args.tell_change(&change, terminal));
    let (input, output, principal) = (tokio::io::stdin(), tokio::io::stdout(), Principal::local());
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
    if let Some(traces) = traces {
        traces.shutdown().await;
    }
    Ok(Exit::Success)
}
