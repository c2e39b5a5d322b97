//! Who asked for the run, as far as the graph grants it to this node: `grants: {identity: [user]}`.
//!
//! What is not granted is the same as what nobody knows.

use crate::host;

/// The id that the caller gave its request: any text, not unique, for correlation with the caller's own logs.
#[must_use]
pub fn request_id() -> Option<String> {
    host::identity::request_id()
}

/// The session that the request belongs to: that of the caller's credentials where they name one, else what the
/// caller wrote.
#[must_use]
pub fn session_id() -> Option<String> {
    host::identity::session_id()
}

/// The user, as its credentials say.
#[must_use]
pub fn user() -> Option<String> {
    host::identity::user()
}

/// What the user may do at the host, such as `graph:execute`. The host has checked it already.
#[must_use]
pub fn scopes() -> Vec<String> {
    host::identity::scopes()
}

#[cfg(test)]
mod tests {
    use crate::testing::Host;
    use serde_json::json;

    #[test]
    fn an_agent_is_told_what_the_host_knows() {
        let host = Host::new()
            .request_id("7")
            .session_id("s")
            .user("ada", &["graph:execute"]);
        let told = || {
            (
                super::request_id(),
                super::session_id(),
                super::user(),
                super::scopes(),
            )
        };
        let text = |text: &str| Some(text.to_owned());
        let expected = (
            text("7"),
            text("s"),
            text("ada"),
            vec!["graph:execute".to_owned()],
        );
        assert_eq!(host.run(json!({}), |_| told()).result, expected);
        assert_eq!(
            Host::new().run(json!({}), |_| told()).result,
            (None, None, None, Vec::new())
        );
    }
}
