//! What a principal may do: a bounded set of scopes, each for everything or for named agents or graphs.
//!
//! What must stay true:
//! - Nothing is allowed that no scope names. `admin` is the only scope that implies others.
//! - A narrowed scope never covers a question about everything (`None`), nor a name with a `.`, `..` or
//!   empty segment, so `agent:execute:review/*` does not reach `review/../payroll`.
//! - `narrowed_by` never gives what one side lacks.
//!
//! How one scope is written and compared is in `grant.rs`.

mod grant;

pub use grant::{Grant, Scope};

use std::fmt;
use std::str::FromStr;

/// The most scopes that one set is written with: enough for people, little enough to compare in pairs.
pub const MAX_SCOPES: usize = 64;

/// The most text a set of scopes is read from, in bytes.
const MAX_TEXT_BYTES: usize = 16 * 1024;

/// A set of scopes. Empty means that nothing is allowed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scopes {
    /// Sorted, and none is covered by another.
    grants: Vec<Grant>,
}

/// Scopes that can't be read. Texts in it are cut short and free of control characters.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ScopeError {
    /// No scope has this name.
    #[error("`{written}` is not a scope{}", did_you_mean(*.nearest))]
    Unknown {
        /// What was written.
        written: String,
        /// The scope that is spelt most like it.
        nearest: Option<Scope>,
    },
    /// What comes after the scope is not a name, nor a name with a `*` at its end.
    #[error(
        "`{written}` does not name an agent or graph: write a name, or the start of one with `*` at its end"
    )]
    Pattern {
        /// What was written.
        written: String,
    },
    /// `admin` can't be narrowed, for it implies scopes that the name says nothing about.
    #[error("`admin` can't be narrowed to a name")]
    NarrowedAdmin,
    /// There are too many.
    #[error("more than {MAX_SCOPES} scopes")]
    TooMany,
}

fn did_you_mean(nearest: Option<Scope>) -> String {
    nearest
        .map(|scope| format!(" (did you mean `{scope}`?)"))
        .unwrap_or_default()
}

impl Scopes {
    /// Everything: `admin`.
    #[must_use]
    pub fn all() -> Self {
        Self {
            grants: vec![Grant::everything(Scope::Admin)],
        }
    }

    /// Nothing.
    #[must_use]
    pub fn none() -> Self {
        Self::default()
    }

    /// Reads scopes that people wrote, one per item.
    ///
    /// # Errors
    /// [`ScopeError`] for the first item that is not a scope, or when there are more than [`MAX_SCOPES`].
    pub fn from_list<I, S>(items: I) -> Result<Self, ScopeError>
    where
        I: IntoIterator<Item = S>,
        S: AsRef<str>,
    {
        let mut grants = Vec::new();
        for item in items {
            if grants.len() == MAX_SCOPES {
                return Err(ScopeError::TooMany);
            }
            grants.push(item.as_ref().parse()?);
        }
        Ok(Self::of(grants))
    }

    /// Reads scopes out of a token that others issue: words that are no scope of ours (`openid`) are left out.
    ///
    /// # Errors
    /// [`ScopeError::TooMany`] when more than [`MAX_SCOPES`] of the words are ours.
    pub fn from_foreign<'a>(words: impl IntoIterator<Item = &'a str>) -> Result<Self, ScopeError> {
        let mut grants = Vec::new();
        for grant in words.into_iter().filter_map(|word| word.parse::<Grant>().ok()) {
            if grants.len() == MAX_SCOPES {
                return Err(ScopeError::TooMany);
            }
            grants.push(grant);
        }
        Ok(Self::of(grants))
    }

    /// Whether `scope` is allowed on `name`, or on everything when `name` is `None`.
    #[must_use]
    pub fn allows(&self, scope: Scope, name: Option<&str>) -> bool {
        self.grants.iter().any(|grant| grant.allows(scope, name))
    }

    /// Whether everything in `wanted` is in this set too.
    #[must_use]
    pub fn covers(&self, wanted: &Self) -> bool {
        self.first_not_covered(wanted).is_none()
    }

    /// The first of `wanted` that this set does not have, for a message that names it.
    #[must_use]
    pub fn first_not_covered<'a>(&self, wanted: &'a Self) -> Option<&'a Grant> {
        wanted
            .grants
            .iter()
            .find(|want| !self.grants.iter().any(|have| have.covers(want)))
    }

    /// What both sets allow: what a token gets when `self` is asked for and its maker has `other`.
    ///
    /// It has no more scopes than both sets together, each taken from one of them.
    #[must_use]
    pub fn narrowed_by(&self, other: &Self) -> Self {
        let pairs = self
            .grants
            .iter()
            .flat_map(|a| other.grants.iter().map(move |b| (a, b)));
        Self::of(pairs.filter_map(|(a, b)| a.meet(b)).cloned().collect())
    }

    /// The scopes, sorted; none covers another.
    pub fn iter(&self) -> impl Iterator<Item = &Grant> {
        self.grants.iter()
    }

    /// Whether nothing is allowed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.grants.is_empty()
    }

    /// Sorts, and drops what another grant covers. Both make equal rights equal values.
    fn of(mut grants: Vec<Grant>) -> Self {
        grants.sort();
        grants.dedup();
        let kept = grants
            .iter()
            .filter(|a| !grants.iter().any(|b| *a != b && b.covers(a)))
            .cloned()
            .collect();
        Self { grants: kept }
    }
}

/// The scopes with spaces between them, as `FromStr` reads them.
impl fmt::Display for Scopes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, grant) in self.grants.iter().enumerate() {
            let gap = if index == 0 { "" } else { " " };
            write!(f, "{gap}{grant}")?;
        }
        Ok(())
    }
}

impl FromStr for Scopes {
    type Err = ScopeError;

    /// Reads scopes with spaces or commas between them. An empty text is no scopes.
    fn from_str(text: &str) -> Result<Self, ScopeError> {
        if text.len() > MAX_TEXT_BYTES {
            return Err(ScopeError::TooMany);
        }
        Self::from_list(text.split([' ', ',']).filter(|word| !word.is_empty()))
    }
}

impl From<Grant> for Scopes {
    fn from(grant: Grant) -> Self {
        Self { grants: vec![grant] }
    }
}

#[cfg(test)]
mod tests;
