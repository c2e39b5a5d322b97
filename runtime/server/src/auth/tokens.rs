//! Bearer tokens that this server made: a file of their SHA-256 digests, and who each belongs to.
//!
//! What must stay true:
//! - A token's text leaves this module once, from [`TokenStore::create`] or [`TokenStore::rotate`], and is
//!   stored nowhere.
//! - Looking a token up takes a time that says nothing about any stored token: what is compared is the
//!   digest of what the client sent. To learn one byte of a stored digest from timing, a client would have to
//!   choose digests, which it can't; and a digest does not give the token back, which has 256 random bits.
//! - A file that can't be read or trusted lets nobody in: an old copy in memory may hold revoked tokens.
//! - Every change is made to the file as it is now, under a lock that holds between processes.

mod authority;
mod error;
mod info;
mod one;
mod table;
mod text;

pub use authority::Authority;
pub use error::TokenError;
pub use info::{NewToken, TokenInfo};
pub use one::OneToken;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::{Duration, Instant, SystemTime};

use super::files::{self, FileError, Stamp};
use super::{AuthError, AuthProvider, BoxFuture, Credentials, Principal, Secret};
use table::Table;

/// The largest token file, in bytes: some ten thousand tokens.
const MAX_FILE_BYTES: u64 = 8 << 20;

/// How often a lookup looks whether the file changed. A token revoked by another process works this much longer.
const CHECK_EVERY: Duration = Duration::from_secs(1);

/// How long a change waits for another process' change. Each takes milliseconds.
const LOCK_PATIENCE: Duration = Duration::from_secs(10);

/// The tokens in a file. Clones share it.
#[derive(Clone, Debug)]
pub struct TokenStore {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    path: PathBuf,
    loaded: RwLock<Loaded>,
    /// Held while the file is read or replaced *and* `loaded` is set, so that an older table never follows a newer.
    loading: Mutex<()>,
    /// When a lookup last looked at the file.
    checked: Mutex<Instant>,
}

#[derive(Debug)]
struct Loaded {
    /// The tokens, or why there are none that can be trusted.
    table: Result<Arc<Table>, String>,
    stamp: Option<Stamp>,
}

impl TokenStore {
    /// Opens the token file; one that does not exist yet is an empty one. Blocks on the file system.
    ///
    /// # Errors
    /// [`TokenError::File`] or [`TokenError::Damaged`] when there is a file that can't be used.
    pub fn open(path: impl Into<PathBuf>) -> Result<Self, TokenError> {
        let path = path.into();
        let (table, stamp) = load(&path)?;
        let loaded = RwLock::new(Loaded {
            table: Ok(Arc::new(table)),
            stamp,
        });
        let checked = Mutex::new(Instant::now());
        Ok(Self {
            shared: Arc::new(Shared {
                path,
                loaded,
                loading: Mutex::new(()),
                checked,
            }),
        })
    }

    /// Makes a token. The secret is returned this once. Blocks on the file system.
    ///
    /// # Errors
    /// [`TokenError`] when `maker` may not make it, or the file can't be changed.
    pub fn create(
        &self,
        maker: Authority<'_>,
        new: NewToken,
        now: SystemTime,
    ) -> Result<(TokenInfo, Secret), TokenError> {
        let info = info::checked_info(new, now)?;
        maker.check_grant(&info, now)?;
        let (secret, digest) = text::make()?;
        self.change(|table| table.insert(info.clone(), digest))?;
        Ok((info, secret))
    }

    /// Gives a token a new secret; the old one stops working. Blocks on the file system.
    ///
    /// # Errors
    /// [`TokenError`] when there is no such token, `maker` could not have made it, or the file can't be changed.
    pub fn rotate(
        &self,
        maker: Authority<'_>,
        id: &str,
        now: SystemTime,
    ) -> Result<(TokenInfo, Secret), TokenError> {
        let (secret, digest) = text::make()?;
        let info = self.change(|table| {
            let info = table
                .find(id)
                .filter(|info| maker.may_see(info))
                .ok_or(TokenError::NotFound)?;
            // A new secret is worth what a new token is: nobody gets more scopes by rotating.
            maker.check_grant(info, now)?;
            table.rotate(id, digest, now)
        })?;
        Ok((info, secret))
    }

    /// Removes a token for good. Blocks on the file system.
    ///
    /// # Errors
    /// [`TokenError::NotFound`] when there is none, or `by` may not see it.
    pub fn revoke(&self, by: Authority<'_>, id: &str) -> Result<TokenInfo, TokenError> {
        self.change(|table| {
            table
                .find(id)
                .filter(|info| by.may_see(info))
                .ok_or(TokenError::NotFound)?;
            table.remove(id)
        })
    }

    /// The tokens that `by` may see, oldest first, as the file has them now. Blocks on the file system.
    ///
    /// # Errors
    /// [`TokenError`] when the file can't be used.
    pub fn list(&self, by: Authority<'_>) -> Result<Vec<TokenInfo>, TokenError> {
        let (table, _) = load(&self.shared.path)?;
        Ok(table.infos().filter(|info| by.may_see(info)).cloned().collect())
    }

    /// Reads the file again when it changed. Blocks on the file system.
    ///
    /// # Errors
    /// [`TokenError`] when the file can't be used; nobody is let in until it can.
    pub fn reload(&self) -> Result<(), TokenError> {
        self.shared.refresh()
    }

    fn change<T>(&self, edit: impl FnOnce(&mut Table) -> Result<T, TokenError>) -> Result<T, TokenError> {
        let path = &self.shared.path;
        let _between_processes = files::Lock::take(path, LOCK_PATIENCE)?;
        let _between_threads = self.shared.loading.lock().unwrap_or_else(PoisonError::into_inner);
        let (mut table, _) = load(path)?;
        let outcome = edit(&mut table)?;
        let unwritable = |error: serde_json::Error| FileError::Io {
            path: path.clone(),
            source: error.into(),
        };
        let bytes = table.to_bytes().map_err(unwritable)?;
        if bytes.len() as u64 > MAX_FILE_BYTES {
            return Err(TokenError::Full);
        }
        let stamp = files::replace(path, &bytes)?;
        self.shared.set(Ok(table), Some(stamp));
        Ok(outcome)
    }

    fn lookup(&self, secret: &Secret, now: SystemTime) -> Result<Principal, AuthError> {
        let digest =
            text::digest(secret).ok_or(AuthError::invalid("the token does not look like one of ours"))?;
        let table = {
            let loaded = self.shared.loaded.read().unwrap_or_else(PoisonError::into_inner);
            loaded
                .table
                .clone()
                .map_err(|why| AuthError::Unavailable { why })?
        };
        let info = table
            .by_digest(&digest)
            .ok_or(AuthError::invalid("no token has this secret"))?;
        if info.expires.is_some_and(|expires| expires <= now) {
            return Err(AuthError::Expired);
        }
        Ok(info.principal())
    }
}

impl Shared {
    fn refresh(&self) -> Result<(), TokenError> {
        let _between_threads = self.loading.lock().unwrap_or_else(PoisonError::into_inner);
        let now = files::stamp(&self.path);
        {
            let loaded = self.loaded.read().unwrap_or_else(PoisonError::into_inner);
            if loaded.table.is_ok() && matches!(&now, Ok(now) if *now == loaded.stamp) {
                return Ok(());
            }
        }
        match load(&self.path) {
            Ok((table, stamp)) => self.set(Ok(table), stamp),
            Err(error) => {
                self.set(Err(error.to_string()), None);
                return Err(error);
            }
        }
        Ok(())
    }

    fn set(&self, table: Result<Table, String>, stamp: Option<Stamp>) {
        let mut loaded = self.loaded.write().unwrap_or_else(PoisonError::into_inner);
        *loaded = Loaded {
            table: table.map(Arc::new),
            stamp,
        };
    }

    /// Whether it is time to look at the file; true for one caller only.
    fn is_due(&self) -> bool {
        let mut checked = self.checked.lock().unwrap_or_else(PoisonError::into_inner);
        let due = checked.elapsed() >= CHECK_EVERY;
        if due {
            *checked = Instant::now();
        }
        due
    }
}

fn load(path: &Path) -> Result<(Table, Option<Stamp>), TokenError> {
    let Some((bytes, stamp)) = files::read(path, MAX_FILE_BYTES, files::Access::OwnerOnly)? else {
        return Ok((Table::default(), None));
    };
    let damaged = |what| TokenError::Damaged {
        path: path.to_owned(),
        what,
    };
    Ok((Table::from_bytes(&bytes).map_err(damaged)?, Some(stamp)))
}

impl AuthProvider for TokenStore {
    /// Looks at the file at most once a second, on a thread that may block; so it needs a tokio runtime.
    fn authenticate<'a>(
        &'a self,
        credentials: &'a Credentials,
    ) -> BoxFuture<'a, Result<Principal, AuthError>> {
        Box::pin(async move {
            let secret = credentials.bearer.as_ref().ok_or(AuthError::Missing)?;
            if self.shared.is_due() {
                let shared = Arc::clone(&self.shared);
                // How it went is in `loaded`, for this lookup and for the others.
                let _ = tokio::task::spawn_blocking(move || shared.refresh()).await;
            }
            self.lookup(secret, credentials.now)
        })
    }
}

#[cfg(test)]
mod tests;
