//! `hap token`: makes and revokes the tokens that `hap serve --tokens` lets in. A token's secret is told once.

use std::path::PathBuf;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use clap::{Args, Subcommand};
use hap_server::auth::{
    Authority, NewToken, Scope, Scopes, Secret, TenantId, TokenError, TokenInfo, TokenStore,
};
use serde_json::{Value, json};

use crate::exit::{Exit, Stop};
use crate::terminal::{Line, Look, Terminal};
use crate::time;

/// The arguments of `hap token`.
#[derive(Debug, Args)]
pub(crate) struct TokenArgs {
    #[command(subcommand)]
    what: What,
}

/// What is done with tokens.
#[derive(Debug, Subcommand)]
enum What {
    /// Make a token and print its secret, this once
    Create(CreateArgs),
    /// List the tokens, without their secrets
    List(FileArgs),
    /// Remove a token for good
    Revoke(OneArgs),
    /// Give a token a new secret and print it, this once
    Rotate(OneArgs),
}

#[derive(Debug, Args)]
struct FileArgs {
    /// The file of tokens
    #[arg(long, value_name = "FILE")]
    tokens: PathBuf,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
struct OneArgs {
    /// The token's id, which `hap token list` tells
    id: String,
    #[command(flatten)]
    file: FileArgs,
}

#[derive(Debug, Args)]
#[command(after_help = Exit::HELP)]
struct CreateArgs {
    #[command(flatten)]
    file: FileArgs,
    /// What it may do: `admin`, or scopes such as `graph:execute,run:read`, each for all or for a name
    /// (`agent:execute:review/*`)
    #[arg(long, value_name = "SCOPES")]
    scopes: String,
    /// The tenant it acts for
    #[arg(long, default_value = "local")]
    tenant: String,
    /// The user it acts for
    #[arg(long)]
    user: String,
    /// What people call it
    #[arg(long)]
    name: String,
    /// When it stops working: after a while (`30d`, `12h`), or at an instant; never unless given
    #[arg(long, value_name = "WHEN", value_parser = expiry)]
    expires: Option<SystemTime>,
}

/// Manages tokens.
pub(crate) fn token(args: &TokenArgs, terminal: &Terminal) -> Result<Exit, Stop> {
    let now = SystemTime::now();
    match &args.what {
        What::Create(args) => {
            let new = args.new_token()?;
            let made = open(&args.file)?.create(Authority::Operator, new, now);
            told(&args.file, made, terminal)
        }
        What::Rotate(args) => {
            let made = open(&args.file)?.rotate(Authority::Operator, &args.id, now);
            told(&args.file, made, terminal)
        }
        What::Revoke(args) => {
            let info = open(&args.file)?
                .revoke(Authority::Operator, &args.id)
                .map_err(stop)?;
            if args.file.json {
                terminal.print(&value(&info).to_string())?;
            } else {
                terminal.tell(&format!("revoked {}", info.id));
            }
            Ok(Exit::Success)
        }
        What::List(args) => list(args, terminal),
    }
}

impl CreateArgs {
    fn new_token(&self) -> Result<NewToken, Stop> {
        let scopes: Scopes = self.scopes.parse().map_err(|error| {
            let all = Scope::ALL.map(Scope::as_str).join(", ");
            Stop::bad_input(format!("`--scopes`: {error}")).hint(format!("the scopes are {all}"))
        })?;
        if scopes.is_empty() {
            return Err(Stop::bad_input(
                "`--scopes` names none: such a token may do nothing",
            ));
        }
        let tenant = TenantId::parse(&self.tenant);
        Ok(NewToken {
            name: self.name.clone(),
            tenant: tenant.map_err(|error| Stop::bad_input(format!("`--tenant`: {error}")))?,
            user: self.user.clone(),
            scopes,
            expires: self.expires,
        })
    }
}

fn open(file: &FileArgs) -> Result<TokenStore, Stop> {
    TokenStore::open(&file.tokens).map_err(stop)
}

fn stop(error: TokenError) -> Stop {
    let hint = match &error {
        TokenError::NotFound => Some("`hap token list` tells the ids"),
        TokenError::NameTaken { .. } => {
            Some("choose another name, or give that token a new secret: `hap token rotate`")
        }
        _ => None,
    };
    let stop = match error {
        TokenError::NoRandomness => Stop::internal(error.to_string()),
        _ => Stop::bad_input(error.to_string()),
    };
    match hint {
        Some(hint) => stop.hint(hint),
        None => stop,
    }
}

/// Prints a new secret.
fn told(
    args: &FileArgs,
    made: Result<(TokenInfo, Secret), TokenError>,
    terminal: &Terminal,
) -> Result<Exit, Stop> {
    let (info, secret) = made.map_err(stop)?;
    if args.json {
        let mut value = value(&info);
        if let Some(object) = value.as_object_mut() {
            object.insert("token".to_owned(), secret.expose().into());
        }
        terminal.print(&value.to_string())?;
    } else {
        terminal.print(secret.expose())?;
        terminal.tell(&format!("{}: keep the secret, it is not told again", info.id));
    }
    Ok(Exit::Success)
}

fn list(args: &FileArgs, terminal: &Terminal) -> Result<Exit, Stop> {
    if !args.tokens.exists() {
        return Err(Stop::bad_input(format!(
            "there is no file `{}`",
            args.tokens.display()
        )));
    }
    let tokens = open(args)?.list(Authority::Operator).map_err(stop)?;
    if args.json {
        let list: Vec<Value> = tokens.iter().map(value).collect();
        terminal.print(&Value::from(list).to_string())?;
        return Ok(Exit::Success);
    }
    let mut lines = Vec::new();
    for info in &tokens {
        let expires = info.expires.map_or("never".to_owned(), instant);
        lines.push(Line::new(Some(Look::Bold), format!("{}  {}", info.id, info.name)));
        lines.push(Line::plain(format!(
            "  for:     {} of {}",
            info.user, info.tenant
        )));
        lines.push(Line::plain(format!("  scopes:  {}", info.scopes)));
        lines.push(Line::plain(format!("  created: {}", instant(info.created))));
        lines.push(Line::plain(format!("  expires: {expires}")));
    }
    if lines.is_empty() {
        terminal.tell("there are no tokens");
    } else {
        terminal.print_lines(&lines)?;
    }
    Ok(Exit::Success)
}

fn instant(at: SystemTime) -> String {
    time::rfc3339_text(at.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs())
}

/// A token as JSON.
fn value(info: &TokenInfo) -> Value {
    let scopes: Vec<String> = info.scopes.iter().map(ToString::to_string).collect();
    json!({
        "id": info.id,
        "name": info.name,
        "tenant": info.tenant.as_str(),
        "user": info.user,
        "scopes": scopes,
        "created": instant(info.created),
        "expires": info.expires.map(instant),
        "rotated": info.rotated.map(instant),
    })
}

/// Reads when a token stops working.
fn expiry(text: &str) -> Result<SystemTime, String> {
    let units = [("w", 604_800), ("d", 86_400), ("h", 3600), ("m", 60), ("s", 1)];
    let span = units.iter().find_map(|(unit, seconds)| {
        let number: u64 = text.strip_suffix(unit)?.parse().ok()?;
        number.checked_mul(*seconds)
    });
    let at = match span {
        Some(seconds) => SystemTime::now().checked_add(Duration::from_secs(seconds)),
        None => {
            let nanos = time::unix_nanos(text)
                .map_err(|_| "write `30d`, `12h`, or `2030-01-31T08:30:00Z`".to_owned())?;
            UNIX_EPOCH.checked_add(Duration::from_nanos(nanos))
        }
    };
    at.ok_or_else(|| "this is later than a clock can tell".to_owned())
}
