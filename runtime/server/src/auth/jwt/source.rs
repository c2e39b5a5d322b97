//! Where keys come from: a file, an address, or a function that the embedder gives.
//!
//! What must stay true, of keys that are fetched:
//! - Clients can't make the server fetch: whatever they send, it asks at most once a minute (every five
//!   seconds while it has no keys at all), one request at a time, and nothing they send is part of it.
//! - A fetch outlives the client that waited for it. Else a client that hangs up early, over and over,
//!   would keep new keys from ever arriving.
//! - When fetching fails, the keys that are here stay good, but not for longer than a day: an issuer may have
//!   withdrawn them.

use std::fmt;
use std::future::Future;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use tokio::sync::{Mutex, OwnedMutexGuard};
use tokio::task::JoinHandle;
use tokio::time::Instant;

use super::super::files::{self, Access, FileError};
use super::super::{AuthError, BoxFuture};
use super::fetch::Address;
use super::keys::{JwtSetupError, KeySet};

/// Gets the issuer's keys (a JWKS document). Bound what you read; more than 256 KiB is refused. The error is for
/// the operator's log.
pub type FetchKeys = Arc<dyn Fn() -> BoxFuture<'static, Result<Vec<u8>, String>> + Send + Sync>;

/// The largest key file or document, in bytes.
pub(super) const MAX_BYTES: usize = 256 << 10;

/// After this long, fetched keys are asked for again while the ones at hand go on being used.
const REFRESH_FETCHED: Duration = Duration::from_secs(600);

/// The same for a file, which costs little to read.
const REFRESH_FILE: Duration = Duration::from_secs(60);

/// The longest that keys are used without having been confirmed.
const KEEP: Duration = Duration::from_secs(24 * 3600);

/// The shortest time between two fetches while there are keys.
const BETWEEN_FETCHES: Duration = Duration::from_secs(60);

/// The same while there are none: an issuer that was away for a moment must not lock everybody out for a minute.
const BETWEEN_FIRST_FETCHES: Duration = Duration::from_secs(5);

/// The longest that a fetch may take.
const FETCH_TIMEOUT: Duration = Duration::from_secs(10);

/// Where keys come from.
pub struct KeySource(Source);

enum Source {
    Fixed(Arc<KeySet>),
    Cached(Arc<Cache>),
}

type Fetch = Box<dyn Fn() -> BoxFuture<'static, Result<KeySet, String>> + Send + Sync>;

struct Cache {
    fetch: Fetch,
    refresh_after: Duration,
    state: RwLock<State>,
    /// When keys were last asked for. Held while they are being asked for.
    asked: Arc<Mutex<Option<Instant>>>,
}

#[derive(Default)]
struct State {
    keys: Option<(Arc<KeySet>, Instant)>,
    /// Why the last fetch failed.
    error: Option<String>,
}

impl KeySource {
    /// One public key in PEM, RSA or Ed25519, which others may read and only the owner write. Blocks on the file.
    ///
    /// # Errors
    /// [`JwtSetupError`] when the file can't be used or holds something else.
    pub fn public_key_file(path: impl AsRef<Path>) -> Result<Self, JwtSetupError> {
        let bytes = read(path.as_ref(), Access::Readable)?;
        Ok(Self(Source::Fixed(Arc::new(KeySet::from_public_pem(&bytes)?))))
    }

    /// One shared secret for HS256: the bytes of the file without a line's end, at least 32, which only the owner
    /// can read. Blocks on the file.
    ///
    /// # Errors
    /// [`JwtSetupError`] when the file can't be used or holds something else.
    pub fn secret_file(path: impl AsRef<Path>) -> Result<Self, JwtSetupError> {
        let mut bytes = read(path.as_ref(), Access::OwnerOnly)?;
        let keys = KeySet::from_secret(&bytes);
        super::super::secret::wipe(&mut bytes);
        Ok(Self(Source::Fixed(Arc::new(keys?))))
    }

    /// A set of keys (JWKS) in a file, read again when a minute has passed or a token names a key that is not in
    /// it. Its shared secrets count only when nobody but the owner can read the file. Blocks on the file once.
    ///
    /// # Errors
    /// [`JwtSetupError`] when the file can't be used or has no key that can be.
    pub fn jwks_file(path: impl Into<PathBuf>) -> Result<Self, JwtSetupError> {
        let path = path.into();
        let first = read_set(&path)?;
        let fetch: Fetch = Box::new(move || {
            let path = path.clone();
            Box::pin(async move {
                let reading = tokio::task::spawn_blocking(move || read_set(&path));
                reading
                    .await
                    .map_err(|error| error.to_string())?
                    .map_err(|error| error.to_string())
            })
        });
        Ok(Self(Source::Cached(Cache::new(fetch, REFRESH_FILE, Some(first)))))
    }

    /// A set of keys (JWKS) at an address, `https://…`, or `http://…` on this machine; asked for when the first token
    /// comes, as with [`KeySource::jwks_fetched`]. The server must have a certificate of an authority that this machine
    /// trusts (or one of `SSL_CERT_FILE`). Redirects are not followed. Reads the machine's certificates, which blocks.
    ///
    /// # Errors
    /// [`JwtSetupError::Address`] when it can't be used.
    pub fn jwks_url(address: &str) -> Result<Self, JwtSetupError> {
        let address = Arc::new(Address::parse(address)?);
        Ok(Self::jwks_fetched(Arc::new(move || {
            let address = Arc::clone(&address);
            Box::pin(async move { address.get().await })
        })))
    }

    /// A set of keys (JWKS) that `fetch` gets; asked for when the first token comes. Shared secrets in it are left
    /// out, for what an address serves is no secret.
    #[must_use]
    pub fn jwks_fetched(fetch: FetchKeys) -> Self {
        let fetch: Fetch = Box::new(move || {
            let answer = fetch();
            Box::pin(async move {
                let bytes = answer.await?;
                if bytes.len() > MAX_BYTES {
                    return Err(format!("the set of keys is larger than {MAX_BYTES} bytes"));
                }
                KeySet::from_json(&bytes, false).map_err(|error| error.to_string())
            })
        });
        Self(Source::Cached(Cache::new(fetch, REFRESH_FETCHED, None)))
    }

    /// The keys to check a token with that names this key; waits for newer ones when the key is not known.
    pub(super) async fn keys_for(&self, id: Option<&str>) -> Result<Arc<KeySet>, AuthError> {
        match &self.0 {
            Source::Fixed(keys) => Ok(Arc::clone(keys)),
            Source::Cached(cache) => cache.keys_for(id).await,
        }
    }
}

impl fmt::Debug for KeySource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            Source::Fixed(_) => "KeySource(fixed)",
            Source::Cached(_) => "KeySource(cached)",
        })
    }
}

impl Cache {
    fn new(fetch: Fetch, refresh_after: Duration, first: Option<KeySet>) -> Arc<Self> {
        let keys = first.map(|keys| (Arc::new(keys), Instant::now()));
        let state = RwLock::new(State { keys, error: None });
        Arc::new(Self {
            fetch,
            refresh_after,
            state,
            asked: Arc::default(),
        })
    }

    async fn keys_for(self: &Arc<Self>, id: Option<&str>) -> Result<Arc<KeySet>, AuthError> {
        if let Some((keys, age)) = self.current()
            && keys.knows(id)
        {
            if age >= self.refresh_after
                && let Ok(asked) = Arc::clone(&self.asked).try_lock_owned()
            {
                // Nobody waits for it: these keys are good enough for this token.
                drop(self.ask(asked));
            }
            return Ok(keys);
        }
        let asked = Arc::clone(&self.asked).lock_owned().await;
        // Whoever held the lock before may have brought the key.
        let known = self.current().is_some_and(|(keys, _)| keys.knows(id));
        if !known && let Some(task) = self.ask(asked) {
            // A fetch that panics leaves the keys as they are.
            let _ = task.await;
        }
        self.current().map(|(keys, _)| keys).ok_or_else(|| {
            let state = self.state.read().unwrap_or_else(PoisonError::into_inner);
            let why = state
                .error
                .clone()
                .unwrap_or_else(|| "there are no keys to check tokens with yet".to_owned());
            AuthError::Unavailable { why }
        })
    }

    /// The keys at hand and their age, unless they are too old to be used.
    fn current(&self) -> Option<(Arc<KeySet>, Duration)> {
        let state = self.state.read().unwrap_or_else(PoisonError::into_inner);
        let (keys, since) = state.keys.as_ref()?;
        let age = since.elapsed();
        (age < KEEP).then(|| (Arc::clone(keys), age))
    }

    /// Starts a fetch, unless the last one was too short a time ago.
    fn ask(self: &Arc<Self>, mut asked: OwnedMutexGuard<Option<Instant>>) -> Option<JoinHandle<()>> {
        let between = if self.current().is_some() {
            BETWEEN_FETCHES
        } else {
            BETWEEN_FIRST_FETCHES
        };
        if asked.is_some_and(|at| at.elapsed() < between) {
            return None;
        }
        *asked = Some(Instant::now());
        let this = Arc::clone(self);
        Some(tokio::spawn(async move {
            let outcome = within(FETCH_TIMEOUT, (this.fetch)()).await;
            let mut state = this.state.write().unwrap_or_else(PoisonError::into_inner);
            match outcome {
                Ok(keys) => {
                    *state = State {
                        keys: Some((Arc::new(keys), Instant::now())),
                        error: None,
                    }
                }
                Err(error) => state.error = Some(error),
            }
            drop(state);
            // Only now may somebody else ask.
            drop(asked);
        }))
    }
}

async fn within<T>(limit: Duration, work: impl Future<Output = Result<T, String>>) -> Result<T, String> {
    let late = |_| {
        Err(format!(
            "fetching keys took longer than {} seconds",
            limit.as_secs()
        ))
    };
    tokio::time::timeout(limit, work).await.unwrap_or_else(late)
}

fn read(path: &Path, allowed: Access) -> Result<Vec<u8>, JwtSetupError> {
    let found = files::read(path, MAX_BYTES as u64, allowed)?;
    found
        .map(|(bytes, _)| bytes)
        .ok_or_else(|| JwtSetupError::NoFile {
            path: path.to_owned(),
        })
}

/// Reads a set of keys; its shared secrets count only when others can't read the file.
fn read_set(path: &Path) -> Result<KeySet, JwtSetupError> {
    match read(path, Access::OwnerOnly) {
        Ok(bytes) => KeySet::from_json(&bytes, cfg!(unix)),
        Err(JwtSetupError::File(FileError::Exposed { .. })) => {
            KeySet::from_json(&read(path, Access::Readable)?, false)
        }
        Err(error) => Err(error),
    }
}
