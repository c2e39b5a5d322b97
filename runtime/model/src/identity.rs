//! Who asked for a run, as far as the host knows; and which of it a node may be told.

use serde::Serialize;

/// Who asked for a run. What is not known is empty; a run on the command line has none of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Identity {
    /// The id that the caller gave its request.
    pub request_id: Option<String>,
    /// The session that the request belongs to.
    pub session_id: Option<String>,
    /// The user, as its credentials say.
    pub user: Option<String>,
    /// What the user may do at the host.
    pub scopes: Vec<String>,
}

/// One part of an [`Identity`]: what a grant names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum IdentityPart {
    /// The id of the request.
    RequestId,
    /// The session.
    SessionId,
    /// The user.
    User,
    /// The user's scopes.
    Scopes,
}

impl IdentityPart {
    /// Every part, with its name in graph files.
    pub const ALL: [(&str, IdentityPart); 4] = [
        ("request-id", IdentityPart::RequestId),
        ("session-id", IdentityPart::SessionId),
        ("user", IdentityPart::User),
        ("scopes", IdentityPart::Scopes),
    ];

    /// The name in graph files.
    pub fn name(self) -> &'static str {
        let named = Self::ALL.into_iter().find(|(_, part)| *part == self);
        named.map_or("", |(name, _)| name)
    }

    /// The part of that name.
    ///
    /// # Errors
    /// Says which names there are.
    pub fn parse(text: &str) -> Result<IdentityPart, String> {
        let named = Self::ALL.into_iter().find(|(name, _)| *name == text);
        named.map(|(_, part)| part).ok_or_else(|| {
            let names = Self::ALL.map(|(name, _)| name).join("`, `");
            format!(
                "`{}` is no part of an identity: write some of `{names}`",
                crate::problem::shown(text)
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_part_is_read_by_its_name_and_others_are_told() {
        for (name, part) in IdentityPart::ALL {
            assert_eq!((IdentityPart::parse(name), part.name()), (Ok(part), name));
            assert_eq!(serde_json::to_value(part).unwrap(), name);
        }
        let told = IdentityPart::parse("usr").unwrap_err();
        assert!(told.contains("`usr`") && told.contains("`session-id`"), "{told}");
    }
}
