//! The tokens of one file, checked: what the file may hold, and how it is written.
//!
//! What must stay true: ids and digests are unique, and so are names within a tenant; times are whole
//! seconds, so that what is written is read back equal; a message about a damaged file repeats nothing of it.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::time::SystemTime;

use serde::{Deserialize, Serialize};

use super::super::{Scopes, TenantId, is_name};
use super::info::{seconds_of, time_of};
use super::text::{self, Digest};
use super::{TokenError, TokenInfo};

/// The most tokens in a file: a lookup costs the same, but each change writes the whole file.
const MAX_TOKENS: usize = 10_000;

/// The version of the file's format.
const VERSION: u32 = 1;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StoredFile {
    version: u32,
    tokens: Vec<Stored>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Stored {
    id: String,
    name: String,
    tenant: String,
    user: String,
    scopes: Vec<String>,
    sha256: String,
    /// Seconds since 1970, as the other times.
    created: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    expires: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    rotated: Option<u64>,
}

#[derive(Default)]
pub(super) struct Table {
    /// In the order they were made.
    records: Vec<(TokenInfo, Digest)>,
    places: HashMap<Digest, usize>,
}

/// Says how many, not what: digests are nobody's business.
impl fmt::Debug for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Table({} tokens)", self.records.len())
    }
}

impl Table {
    pub(super) fn from_bytes(bytes: &[u8]) -> Result<Self, String> {
        // Only the place: serde's message would repeat what the file says there.
        let file: StoredFile = serde_json::from_slice(bytes).map_err(|error| {
            format!(
                "line {}, column {} is not what it should be",
                error.line(),
                error.column()
            )
        })?;
        if file.version != VERSION {
            return Err(format!(
                "version {} is not {VERSION}, the one this program knows",
                file.version
            ));
        }
        let (mut ids, mut names) = (HashSet::new(), HashSet::new());
        let mut records = Vec::new();
        for (index, stored) in file.tokens.into_iter().enumerate() {
            let record = stored
                .checked()
                .map_err(|what| format!("token {}: {what}", index + 1))?;
            let fresh = ids.insert(record.0.id.clone())
                & names.insert((record.0.tenant.clone(), record.0.name.clone()));
            if !fresh {
                return Err(format!("token {}: its id or name is another's too", index + 1));
            }
            records.push(record);
        }
        let table = Self::of(records);
        if table.places.len() != table.records.len() {
            return Err("two tokens have one digest".to_owned());
        }
        Ok(table)
    }

    pub(super) fn to_bytes(&self) -> Result<Vec<u8>, serde_json::Error> {
        let tokens = self
            .records
            .iter()
            .map(|(info, digest)| Stored::of(info, digest))
            .collect();
        let mut bytes = serde_json::to_vec_pretty(&StoredFile {
            version: VERSION,
            tokens,
        })?;
        bytes.push(b'\n');
        Ok(bytes)
    }

    pub(super) fn infos(&self) -> impl Iterator<Item = &TokenInfo> {
        self.records.iter().map(|(info, _)| info)
    }

    pub(super) fn find(&self, id: &str) -> Option<&TokenInfo> {
        self.infos().find(|info| info.id == id)
    }

    pub(super) fn by_digest(&self, digest: &Digest) -> Option<&TokenInfo> {
        self.records.get(*self.places.get(digest)?).map(|(info, _)| info)
    }

    pub(super) fn insert(&mut self, info: TokenInfo, digest: Digest) -> Result<(), TokenError> {
        if self.records.len() >= MAX_TOKENS {
            return Err(TokenError::Full);
        }
        if self
            .infos()
            .any(|other| other.tenant == info.tenant && other.name == info.name)
        {
            return Err(TokenError::NameTaken { tenant: info.tenant });
        }
        self.places.insert(digest, self.records.len());
        self.records.push((info, digest));
        Ok(())
    }

    pub(super) fn rotate(
        &mut self,
        id: &str,
        digest: Digest,
        now: SystemTime,
    ) -> Result<TokenInfo, TokenError> {
        let now = time_of(seconds_of(now)?).ok_or(TokenError::Expiry)?;
        let (info, kept) = self
            .records
            .iter_mut()
            .find(|(info, _)| info.id == id)
            .ok_or(TokenError::NotFound)?;
        *kept = digest;
        info.rotated = Some(now);
        let info = info.clone();
        *self = Self::of(std::mem::take(&mut self.records));
        Ok(info)
    }

    pub(super) fn remove(&mut self, id: &str) -> Result<TokenInfo, TokenError> {
        let place = self
            .infos()
            .position(|info| info.id == id)
            .ok_or(TokenError::NotFound)?;
        let (info, _) = self.records.remove(place);
        *self = Self::of(std::mem::take(&mut self.records));
        Ok(info)
    }

    fn of(records: Vec<(TokenInfo, Digest)>) -> Self {
        let places = records
            .iter()
            .enumerate()
            .map(|(place, (_, digest))| (*digest, place))
            .collect();
        Self { records, places }
    }
}

impl Stored {
    fn of(info: &TokenInfo, digest: &Digest) -> Self {
        // All times came through `time_of`, so they are not before 1970.
        let seconds = |time: SystemTime| seconds_of(time).unwrap_or_default();
        Self {
            id: info.id.clone(),
            name: info.name.clone(),
            tenant: info.tenant.to_string(),
            user: info.user.clone(),
            scopes: info.scopes.iter().map(ToString::to_string).collect(),
            sha256: text::to_hex(digest),
            created: seconds(info.created),
            expires: info.expires.map(seconds),
            rotated: info.rotated.map(seconds),
        }
    }

    fn checked(self) -> Result<(TokenInfo, Digest), &'static str> {
        if ![&self.id, &self.name, &self.user]
            .into_iter()
            .all(|text| is_name(text))
        {
            return Err("its id, name or user is not a name");
        }
        let time = |seconds| time_of(seconds).ok_or("a time is out of range");
        let info = TokenInfo {
            tenant: TenantId::parse(&self.tenant).map_err(|_| "its tenant is not a tenant")?,
            scopes: Scopes::from_list(&self.scopes).map_err(|_| "its scopes are not scopes")?,
            created: time(self.created)?,
            expires: self.expires.map(time).transpose()?,
            rotated: self.rotated.map(time).transpose()?,
            id: self.id,
            name: self.name,
            user: self.user,
        };
        Ok((info, text::from_hex(&self.sha256).ok_or("its digest is not one")?))
    }
}
