//! No credentials at all, for a person trying things on their own machine.
//!
//! What must stay true: it is only there when somebody asked for it by name, and it lets in loopback peers
//! only. Two things it can't see are the transport's to hold: a web page in a browser on this machine is a
//! loopback peer too (check `Origin` and `Host`), and so is everybody behind a proxy on this machine.

use super::{AuthError, AuthProvider, BoxFuture, Credentials, Principal, is_name};

/// Lets in every loopback peer, with all scopes, and nobody else. Has no `Default`, so it is never a default.
#[derive(Clone, Debug)]
pub struct LocalOnly {
    principal: Principal,
}

impl LocalOnly {
    /// Takes peers of this machine for `user` of tenant `local`; an unusable name becomes `local`.
    #[must_use]
    pub fn without_credentials(user: &str) -> Self {
        let user = if is_name(user) { user } else { "local" }.to_owned();
        let principal = Principal {
            user,
            ..Principal::local()
        };
        Self { principal }
    }
}

impl AuthProvider for LocalOnly {
    fn authenticate<'a>(
        &'a self,
        credentials: &'a Credentials,
    ) -> BoxFuture<'a, Result<Principal, AuthError>> {
        Box::pin(async move {
            if credentials.peer_is_loopback {
                Ok(self.principal.clone())
            } else {
                Err(AuthError::invalid(
                    "the peer is not on this machine, and only such peers need no credentials",
                ))
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use super::super::{Scope, Secret};
    use super::*;

    fn credentials(peer_is_loopback: bool, bearer: Option<&str>) -> Credentials {
        let bearer = bearer.map(|text| Secret::new(text.to_owned()));
        Credentials {
            bearer,
            peer_is_loopback,
            now: SystemTime::UNIX_EPOCH,
        }
    }

    #[tokio::test]
    async fn a_loopback_peer_is_the_local_user_with_all_scopes() {
        let provider = LocalOnly::without_credentials("ada");
        let principal = provider.authenticate(&credentials(true, None)).await.unwrap();
        assert_eq!(
            (principal.tenant.as_str(), principal.user.as_str()),
            ("local", "ada")
        );
        assert!(principal.may(Scope::Admin, None));
    }

    #[tokio::test]
    async fn any_other_peer_is_refused_whatever_it_brings() {
        let provider = LocalOnly::without_credentials("ada");
        for bearer in [None, Some("hap_anything")] {
            let refused = provider.authenticate(&credentials(false, bearer)).await;
            assert!(matches!(refused, Err(AuthError::Invalid { .. })));
        }
    }

    #[test]
    fn a_user_that_is_no_name_becomes_local() {
        let provider = LocalOnly::without_credentials("a\nb");
        assert_eq!(provider.principal.user, "local");
    }
}
