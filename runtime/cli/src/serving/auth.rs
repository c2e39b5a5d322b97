//! Who is let in: callers with tokens of this server's, with signed tokens of an issuer, or everybody on this machine.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::{Args, ValueEnum};
use hap_server::auth::{
    AuthError, AuthProvider, BoxFuture, Credentials, JwtAuth, JwtSettings, KeySource, LocalOnly, OneToken,
    Principal, Scopes, Secret, TenantId, TokenStore,
};
use serde::Deserialize;

use crate::exit::Stop;
use crate::terminal::Terminal;

/// How tokens of this server's begin.
const START: &str = "hap_";

/// A provider, and the secret of the token that was made for it.
type Made = (Arc<dyn AuthProvider>, Option<Secret>);

/// How callers show who they are.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, ValueEnum)]
#[serde(rename_all = "lowercase")]
pub(crate) enum AuthKind {
    /// With a token of this server's
    Token,
    /// With a signed token of an issuer
    Jwt,
    /// Not at all: on this machine only
    None,
}

/// The arguments that say who is let in.
#[derive(Args, Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct AuthArgs {
    /// How callers show who they are [default: token]
    #[arg(long, value_enum)]
    #[serde(rename = "mode")]
    pub(crate) auth: Option<AuthKind>,
    /// The file of tokens that `hap token` makes; without one, a token is made that is good until the server ends
    #[arg(long, value_name = "FILE")]
    pub(crate) tokens: Option<PathBuf>,
    /// The issuer of signed tokens (JWT)
    #[arg(long, value_name = "ISSUER")]
    pub(crate) jwt_issuer: Option<String>,
    /// The name that signed tokens must be meant for
    #[arg(long, value_name = "NAME")]
    pub(crate) jwt_audience: Option<String>,
    /// The issuer's key: a public key (PEM), or a shared secret of 32 bytes and more
    #[arg(long, value_name = "FILE", conflicts_with = "jwks")]
    pub(crate) jwt_key: Option<PathBuf>,
    /// The issuer's keys (JWKS): a file, or an address such as `https://login.example.com/keys`
    #[arg(long, value_name = "FILE|URL")]
    pub(crate) jwks: Option<PathBuf>,
}

impl AuthArgs {
    /// These, and where they say nothing those.
    pub(crate) fn over(&self, file: AuthArgs) -> AuthArgs {
        let own = self.clone();
        let (jwt_key, jwks) = match (own.jwt_key, own.jwks) {
            (None, None) => (file.jwt_key, file.jwks),
            given => given,
        };
        AuthArgs {
            auth: own.auth.or(file.auth),
            tokens: own.tokens.or(file.tokens),
            jwt_issuer: own.jwt_issuer.or(file.jwt_issuer),
            jwt_audience: own.jwt_audience.or(file.jwt_audience),
            jwt_key,
            jwks,
        }
    }

    /// Whether a token is made at the start, because there is no other way in.
    pub(crate) fn makes_a_token(&self) -> bool {
        self.auth.unwrap_or(AuthKind::Token) == AuthKind::Token && self.tokens.is_none()
    }

    /// Who is let in, in a few words.
    pub(crate) fn summary(&self) -> String {
        if self.auth == Some(AuthKind::None) {
            return "everybody on this machine".to_owned();
        }
        let mut ways = Vec::new();
        if let Some(path) = &self.tokens {
            ways.push(format!("tokens of `{}`", path.display()));
        } else if self.makes_a_token() {
            ways.push("a token that is made at the start".to_owned());
        }
        if let Some(issuer) = &self.jwt_issuer {
            ways.push(format!("tokens that `{issuer}` signed"));
        }
        ways.join(", and ")
    }

    /// The provider for a server that listens on `address`, and the secret of the token that was made for it.
    pub(crate) fn provider(&self, address: SocketAddr, terminal: &Terminal) -> Result<Made, Stop> {
        let kind = self.auth.unwrap_or(AuthKind::Token);
        if kind == AuthKind::None {
            return self.nobody(address);
        }
        let jwt = self.jwt()?;
        if kind == AuthKind::Jwt && jwt.is_none() {
            let stop = Stop::bad_input("`--auth jwt` needs an issuer and its key");
            return Err(
                stop.hint("give `--jwt-issuer`, `--jwt-audience`, and `--jwt-key FILE` or `--jwks FILE|URL`")
            );
        }
        let (tokens, secret) = match &self.tokens {
            Some(path) => (Some(store(path, terminal)?), None),
            None if kind == AuthKind::Jwt => (None, None),
            None => {
                let made = OneToken::make(TenantId::local(), "operator", Scopes::all());
                let (token, secret) = made.map_err(|error| Stop::internal(error.to_string()))?;
                let token: Arc<dyn AuthProvider> = Arc::new(token);
                (Some(token), Some(secret))
            }
        };
        Ok((Arc::new(Both { tokens, jwt }), secret))
    }

    fn nobody(&self, address: SocketAddr) -> Result<Made, Stop> {
        if self.tokens.is_some() || self.jwt_issuer.is_some() {
            let stop =
                Stop::bad_input("`--auth none` asks nobody for a token, and a source of tokens is given");
            return Err(stop.hint("drop one of the two"));
        }
        if !address.ip().is_loopback() {
            let stop = Stop::bad_input(format!(
                "`--auth none` lets everybody in, and {address} can be reached from other machines"
            ));
            return Err(stop.hint("listen on 127.0.0.1, or use tokens"));
        }
        Ok((Arc::new(LocalOnly::without_credentials("local")), None))
    }

    fn jwt(&self) -> Result<Option<Arc<dyn AuthProvider>>, Stop> {
        let (Some(issuer), Some(audience)) = (&self.jwt_issuer, &self.jwt_audience) else {
            let parts = [self.jwt_issuer.is_some(), self.jwt_audience.is_some()];
            return match parts.contains(&true) || self.jwt_key.is_some() || self.jwks.is_some() {
                false => Ok(None),
                true => {
                    let stop = Stop::bad_input("signed tokens need both an issuer and an audience");
                    Err(stop.hint("give `--jwt-issuer` and `--jwt-audience`"))
                }
            };
        };
        let source = match (&self.jwt_key, &self.jwks) {
            (_, Some(jwks)) => match address(jwks) {
                Some(address) => KeySource::jwks_url(address),
                None => KeySource::jwks_file(jwks),
            },
            (Some(path), None) if is_pem(path) => KeySource::public_key_file(path),
            (Some(path), None) => KeySource::secret_file(path),
            (None, None) => {
                let stop = Stop::bad_input("the issuer's key is not given");
                return Err(stop.hint("give `--jwt-key FILE` or `--jwks FILE|URL`"));
            }
        };
        let auth = source.and_then(|source| JwtAuth::new(JwtSettings::new(issuer, audience), source));
        let auth = auth.map_err(|error| Stop::bad_input(error.to_string()))?;
        Ok(Some(Arc::new(auth)))
    }
}

fn store(path: &Path, terminal: &Terminal) -> Result<Arc<dyn AuthProvider>, Stop> {
    let store = TokenStore::open(path).map_err(|error| Stop::bad_input(error.to_string()))?;
    if !path.exists() {
        let hint = format!("make one with `hap token create --tokens {}`", path.display());
        terminal.warning("there are no tokens yet, so nobody is let in", Some(&hint));
    }
    Ok(Arc::new(store))
}

/// The address, where it is one and no path.
fn address(jwks: &Path) -> Option<&str> {
    jwks.to_str().filter(|text| text.contains("://"))
}

/// Whether a key file is PEM. One that cannot be read is told by whoever reads it in earnest.
fn is_pem(path: &Path) -> bool {
    let small = fs::metadata(path).is_ok_and(|metadata| metadata.is_file() && metadata.len() < 1 << 20);
    small && fs::read(path).is_ok_and(|bytes| bytes.trim_ascii_start().starts_with(b"-----BEGIN"))
}

/// Tokens of this server's and signed ones; how a token begins tells which it is.
struct Both {
    tokens: Option<Arc<dyn AuthProvider>>,
    jwt: Option<Arc<dyn AuthProvider>>,
}

impl AuthProvider for Both {
    fn authenticate<'a>(
        &'a self,
        credentials: &'a Credentials,
    ) -> BoxFuture<'a, Result<Principal, AuthError>> {
        let own = match &credentials.bearer {
            None => return Box::pin(async { Err(AuthError::Missing) }),
            Some(bearer) => bearer.expose().starts_with(START),
        };
        match if own { &self.tokens } else { &self.jwt } {
            Some(provider) => provider.authenticate(credentials),
            None => Box::pin(async {
                let why = "tokens of this kind are not let in";
                Err(AuthError::Invalid { why })
            }),
        }
    }
}
