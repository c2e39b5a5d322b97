//! How HTTP is told that a caller has to come back later: a status, and `Retry-After` where waiting helps (RFC 9110, 10.2.3).

use axum::http::StatusCode;
use axum::http::header::{HeaderValue, RETRY_AFTER};
use axum::response::Response;

use super::guard::refusal;
use crate::rpc::{Code, RpcError};

/// The status of an answer with this error, and after how many seconds to come back; none for an error that waiting does
/// not help against: that is an answer like any other.
pub(super) fn status(error: &RpcError) -> Option<(StatusCode, HeaderValue)> {
    let status = match error.known_code()? {
        Code::OverQuota => StatusCode::TOO_MANY_REQUESTS,
        Code::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        _ => return None,
    };
    let milliseconds = error.data.as_ref()?.get("retry_after_ms")?.as_u64()?;
    Some((status, HeaderValue::from(milliseconds.div_ceil(1000))))
}

/// Tells in an answer's head what its error says.
pub(super) fn mark(response: &mut Response, error: &RpcError) {
    if let Some((status, after)) = status(error) {
        *response.status_mut() = status;
        response.headers_mut().insert(RETRY_AFTER, after);
    }
}

/// An answer to a request that was not read, because there is no room for it.
pub(crate) fn busy(error: RpcError) -> Response {
    let mut response = refusal(StatusCode::TOO_MANY_REQUESTS, error.clone());
    mark(&mut response, &error);
    response
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn only_what_waiting_helps_against_has_a_status_of_its_own() {
        let told = |error: &RpcError| status(error).map(|(status, after)| (status.as_u16(), after));
        let wait = |code| RpcError::new(code, "full").with("retry_after_ms", 1001);
        assert_eq!(told(&wait(Code::OverQuota)), Some((429, HeaderValue::from(2))));
        assert_eq!(told(&wait(Code::Unavailable)), Some((503, HeaderValue::from(2))));
        assert_eq!(
            told(&RpcError::over_quota("", Duration::from_millis(1))),
            Some((429, HeaderValue::from(1)))
        );
        assert_eq!(told(&RpcError::new(Code::OverQuota, "delete one")), None);
        assert_eq!(told(&wait(Code::NotFound)), None);
    }
}
