//! One scope, for everything or for the names that a pattern fits: how it is written, read and compared.
//!
//! What must stay true: patterns are laminar (of two, one covers the other or nothing fits both), which is
//! what makes [`Grant::meet`] exact. It holds because a pattern is a whole name or the start of one.

use std::fmt;
use std::str::FromStr;

use super::ScopeError;

/// The longest pattern, in bytes: longer than any name of an agent or graph.
const MAX_PATTERN_BYTES: usize = 200;

/// The longest piece of a wrong scope that a message repeats, in characters.
const MAX_SHOWN_CHARS: usize = 60;

/// Something that can be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Scope {
    /// Everything, managing the server included.
    Admin,
    /// Run an agent.
    AgentExecute,
    /// List and describe agents.
    AgentRead,
    /// Store a graph.
    GraphCreate,
    /// Delete a stored graph.
    GraphDelete,
    /// Run a graph.
    GraphExecute,
    /// List and read graphs.
    GraphRead,
    /// Read the server's metrics, which tell of all tenants together.
    MetricsRead,
    /// List resources and read them.
    ResourceRead,
    /// Cancel a run; narrowed by the name of its graph or agent.
    RunCancel,
    /// List runs and read their events; narrowed by the name of their graph or agent.
    RunRead,
}

impl Scope {
    /// Every scope, sorted by name.
    pub const ALL: [Self; 11] = [
        Self::Admin,
        Self::AgentExecute,
        Self::AgentRead,
        Self::GraphCreate,
        Self::GraphDelete,
        Self::GraphExecute,
        Self::GraphRead,
        Self::MetricsRead,
        Self::ResourceRead,
        Self::RunCancel,
        Self::RunRead,
    ];

    /// How it is written.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Admin => "admin",
            Self::AgentExecute => "agent:execute",
            Self::AgentRead => "agent:read",
            Self::GraphCreate => "graph:create",
            Self::GraphDelete => "graph:delete",
            Self::GraphExecute => "graph:execute",
            Self::GraphRead => "graph:read",
            Self::MetricsRead => "metrics:read",
            Self::ResourceRead => "resource:read",
            Self::RunCancel => "run:cancel",
            Self::RunRead => "run:read",
        }
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A scope and the names that it holds for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Grant {
    scope: Scope,
    names: Names,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Names {
    All,
    /// The start of the names that it fits; never empty.
    Starting(String),
    Exactly(String),
}

impl Grant {
    /// `scope`, for every name.
    #[must_use]
    pub fn everything(scope: Scope) -> Self {
        Self {
            scope,
            names: Names::All,
        }
    }

    /// The scope, whatever names it is for.
    #[must_use]
    pub fn scope(&self) -> Scope {
        self.scope
    }

    pub(super) fn allows(&self, scope: Scope, name: Option<&str>) -> bool {
        if self.scope == Scope::Admin {
            return true;
        }
        self.scope == scope && name.map_or(self.names == Names::All, |name| self.names.fit(name))
    }

    pub(super) fn covers(&self, other: &Self) -> bool {
        self.scope == Scope::Admin || (self.scope == other.scope && self.names.cover(&other.names))
    }

    /// What both allow: always one of the two, or nothing.
    pub(super) fn meet<'a>(&'a self, other: &'a Self) -> Option<&'a Self> {
        if self.covers(other) {
            Some(other)
        } else if other.covers(self) {
            Some(self)
        } else {
            None
        }
    }
}

impl Names {
    fn fit(&self, name: &str) -> bool {
        match self {
            Self::All => true,
            Self::Exactly(exact) => exact == name,
            Self::Starting(start) => name.starts_with(start.as_str()) && is_plain(name),
        }
    }

    fn cover(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::All, _) => true,
            (Self::Starting(start), Self::Starting(longer)) => longer.starts_with(start.as_str()),
            (_, Self::Exactly(name)) => self.fit(name),
            (_, Self::All) | (Self::Exactly(_), Self::Starting(_)) => false,
        }
    }

    fn parse(text: &str) -> Option<Self> {
        if text.len() > MAX_PATTERN_BYTES {
            return None;
        }
        match text.strip_suffix('*') {
            Some("") => Some(Self::All),
            // The last segment may be unfinished, so it is completed before it is looked at.
            Some(start) => is_plain(&format!("{start}x")).then(|| Self::Starting(start.to_owned())),
            None => is_plain(text).then(|| Self::Exactly(text.to_owned())),
        }
    }
}

/// Whether `name` means what it seems to: printable ASCII of names and addresses, and no segment that a
/// path would resolve away. The `//` after an address' scheme is part of no path.
fn is_plain(name: &str) -> bool {
    let known = |b: u8| b.is_ascii_alphanumeric() || b"-_./:@+~".contains(&b);
    let path = match name.split_once("://") {
        Some((scheme, rest)) if !scheme.contains('/') => rest.strip_prefix('/').unwrap_or(rest),
        _ => name,
    };
    name.bytes().all(known) && path.split('/').all(|segment| !matches!(segment, "" | "." | ".."))
}

impl FromStr for Grant {
    type Err = ScopeError;

    fn from_str(text: &str) -> Result<Self, ScopeError> {
        // `admin` is one word; every other scope is two, and a name follows the second colon.
        let mut colons = text.match_indices(':').map(|(at, _)| at);
        let end = match (colons.next(), colons.next()) {
            (Some(first), _) if text.get(..first) == Some("admin") => first,
            (_, Some(second)) => second,
            _ => text.len(),
        };
        let (word, rest) = text.split_at_checked(end).unwrap_or((text, ""));
        let Some(scope) = Scope::ALL.into_iter().find(|scope| scope.as_str() == word) else {
            return Err(ScopeError::Unknown {
                written: shown(text),
                nearest: hint_for(word),
            });
        };
        let Some(pattern) = rest.strip_prefix(':') else {
            return Ok(Self::everything(scope));
        };
        if scope == Scope::Admin {
            return Err(ScopeError::NarrowedAdmin);
        }
        let names = Names::parse(pattern).ok_or_else(|| ScopeError::Pattern { written: shown(text) })?;
        Ok(Self { scope, names })
    }
}

impl fmt::Display for Grant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.names {
            Names::All => write!(f, "{}", self.scope),
            Names::Starting(start) => write!(f, "{}:{start}*", self.scope),
            Names::Exactly(name) => write!(f, "{}:{name}", self.scope),
        }
    }
}

fn shown(text: &str) -> String {
    text.chars()
        .take(MAX_SHOWN_CHARS)
        .flat_map(char::escape_debug)
        .collect()
}

/// The scope that `word` is nearest to, when a slip of the hand explains the difference.
pub(super) fn hint_for(word: &str) -> Option<Scope> {
    if word.len() > MAX_SHOWN_CHARS {
        return None;
    }
    let word = word.to_ascii_lowercase().replace(['.', '_', '-'], ":");
    let (distance, scope) = Scope::ALL
        .into_iter()
        .map(|scope| (distance(&word, scope.as_str()), scope))
        .min()?;
    (distance <= 4 && distance * 2 < scope.as_str().len()).then_some(scope)
}

/// How many letters must be added, dropped or changed to make `b` of `a`.
fn distance(a: &str, b: &str) -> usize {
    let mut row: Vec<usize> = (0..=b.chars().count()).collect();
    for (i, from) in a.chars().enumerate() {
        let mut before = i;
        let mut left = i + 1;
        let mut next = vec![left];
        for (to, above) in b.chars().zip(row.iter().skip(1)) {
            left = (before + usize::from(from != to)).min(above + 1).min(left + 1);
            before = *above;
            next.push(left);
        }
        row = next;
    }
    row.last().copied().unwrap_or_default()
}
