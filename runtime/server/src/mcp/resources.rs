//! Resources: those of `resource/list`, each under a URI.
//!
//! What the server itself tells is called `agent://NAME/info`, `graph://NAME` and so on already, but such a name is
//! no URI where an agent's has a colon; so names are percent-encoded here. A document has a plain name, which stands
//! behind [`Settings::documents_uri`](crate::Settings::documents_uri).

use std::collections::BTreeMap;

use base64::Engine as _;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use rmcp::model::{
    ListResourceTemplatesResult, ListResourcesResult, ReadResourceResult, Resource, ResourceContents,
    ResourceTemplate,
};

use super::page::page;
use crate::auth::Scope;
use crate::methods::{Caller, resource_bytes, resource_entries};
use crate::rpc::{Code, RpcError};

/// How many bytes of a resource one answer gives at most. `resource/read` gives larger ones in pieces.
const MAX_BYTES: usize = 4 << 20;

/// How many bytes are asked for at one time.
const PIECE: u32 = 1 << 20;

const JSON: &str = "application/json";

/// What stands in a URI's path as it is (RFC 3986, section 3.3).
const KEPT: AsciiSet = NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~')
    .remove(b'/');

/// The same without what stands between segments.
const SEGMENT: AsciiSet = KEPT.add(b'/');

/// Whether documents' names may stand behind this text in their URIs: it is the beginning of a URI (RFC 3986, section
/// 3), and not of one that tells something else.
pub(crate) fn is_documents_uri(text: &str) -> bool {
    let Some((scheme, rest)) = text.split_once("://") else {
        return false;
    };
    let mut letters = scheme.bytes();
    let is_scheme = letters.next().is_some_and(|first| first.is_ascii_alphabetic())
        && letters.all(|b| b.is_ascii_alphanumeric() || b"+-.".contains(&b));
    let is_own = ["agent", "graph", "run"].contains(&scheme) || "hap://server/info".starts_with(text);
    let is_plain = rest
        .bytes()
        .all(|b| b.is_ascii_alphanumeric() || b"-._~:/@".contains(&b));
    is_scheme && !is_own && is_plain
}

/// The URI of the resource that is called `name`.
pub(super) fn uri(caller: &Caller, name: &str) -> String {
    let (start, rest) = match name.split_once("://") {
        Some((scheme, rest)) => (format!("{scheme}://"), rest),
        None => (caller.server.settings.documents_uri.clone(), name),
    };
    format!("{start}{}", utf8_percent_encode(rest, &KEPT))
}

/// A text as one segment of a URI's path or fragment.
pub(super) fn encoded(segment: &str) -> String {
    utf8_percent_encode(segment, &SEGMENT).to_string()
}

/// The name of the resource with that URI.
fn name(caller: &Caller, uri: &str) -> Option<String> {
    let documents = &caller.server.settings.documents_uri;
    let (start, rest) = match (uri.strip_prefix(documents.as_str()), uri.split_once("://")) {
        (Some(document), _) => (String::new(), document),
        (None, Some((scheme, rest))) => (format!("{scheme}://"), rest),
        (None, None) => return None,
    };
    let rest = percent_decode_str(rest).decode_utf8().ok()?;
    Some(format!("{start}{rest}"))
}

/// A page of the resources that the caller may read.
///
/// # Errors
/// When the documents cannot be listed.
pub(crate) async fn list(caller: &Caller, cursor: Option<String>) -> Result<ListResourcesResult, RpcError> {
    let entries = resource_entries(caller).await?;
    let entries: BTreeMap<String, _> = entries
        .into_iter()
        .map(|entry| (uri(caller, &entry.name), entry))
        .collect();
    let (entries, next) = page(entries, cursor);
    let resources = entries.into_iter().map(|(uri, entry)| {
        let mut resource = Resource::new(uri, entry.name);
        resource.mime_type = entry.media_type;
        resource.size = entry.size;
        resource
    });
    let mut result = ListResourcesResult::with_all_items(resources.collect());
    result.next_cursor = next;
    Ok(result)
}

/// The forms that URIs of resources have.
pub(super) fn templates(caller: &Caller) -> ListResourceTemplatesResult {
    let documents = format!("{}{{+path}}", caller.server.settings.documents_uri);
    let templates = [
        (
            "agent://{name}/info",
            "agent",
            "What an agent is: its manifest, digest and imports.",
            Some(JSON),
        ),
        (
            "agent://{name}/schema",
            "agent-schema",
            "What an agent takes and gives: the schemas of its context and output.",
            Some(JSON),
        ),
        (
            "agent://{name}/stats",
            "agent-stats",
            "What an agent did for the caller's tenant.",
            Some(JSON),
        ),
        (
            "graph://{name}",
            "graph",
            "What a graph is: its description and nodes.",
            Some(JSON),
        ),
        (
            "run://{id}",
            "run",
            "What a run is: its status, and its outcome once it has ended.",
            Some(JSON),
        ),
        (
            "run://{id}/events",
            "run-events",
            "The events of a run that are kept.",
            Some(JSON),
        ),
        (
            documents.as_str(),
            "document",
            "A document of those that agents may be granted.",
            None,
        ),
    ];
    let templates = templates.into_iter().map(|(uri, name, description, media_type)| {
        let mut template = ResourceTemplate::new(uri, name).with_description(description);
        template.mime_type = media_type.map(str::to_owned);
        template
    });
    ListResourceTemplatesResult::with_all_items(templates.collect())
}

/// The whole of a resource.
///
/// # Errors
/// When there is none, the caller may not read it, or it is too large for one answer.
pub(crate) async fn read(caller: &Caller, uri: &str) -> Result<ReadResourceResult, RpcError> {
    let not_there = || {
        let message = "there is no such resource";
        RpcError::new(Code::NotFound, message).hint("`resources/list` tells those that there are")
    };
    let name = name(caller, uri).ok_or_else(not_there)?;
    caller.require(Scope::ResourceRead, Some(&name))?;
    let whole = whole(caller, &name).await?;
    let is_own = name.contains("://");
    let contents = match String::from_utf8(whole) {
        Ok(text) => {
            let media_type = if is_own { JSON } else { "text/plain" };
            ResourceContents::text(text, uri).with_mime_type(media_type)
        }
        Err(error) => {
            let text = base64::engine::general_purpose::STANDARD.encode(error.as_bytes());
            ResourceContents::blob(text, uri).with_mime_type("application/octet-stream")
        }
    };
    Ok(ReadResourceResult::new(vec![contents]))
}

/// All bytes of the resource that is called `name`. Whether the caller has `resource:read` is not asked here.
///
/// # Errors
/// When there is none for the caller, or it is too large for one answer.
pub(super) async fn whole(caller: &Caller, name: &str) -> Result<Vec<u8>, RpcError> {
    let mut whole: Vec<u8> = Vec::new();
    loop {
        let piece = resource_bytes(caller, name, whole.len() as u64, PIECE).await?;
        if piece.is_empty() {
            break;
        }
        whole.extend(piece);
        if whole.len() > MAX_BYTES {
            let error = RpcError::too_large("the resource", MAX_BYTES);
            return Err(error.hint("`resource/read` on `/rpc` gives it in pieces"));
        }
    }
    Ok(whole)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documents_stand_behind_the_beginning_of_a_uri_that_is_nothing_else() {
        for good in [
            "hap://documents/",
            "test://",
            "https://example.com/docs/",
            "a+b-c.1://x:1/",
        ] {
            assert!(is_documents_uri(good), "{good}");
        }
        for bad in [
            "",
            "/",
            "documents/",
            "1a://",
            "a b://",
            "x://a b",
            "x://{a}",
            "x://%2e",
            "agent://",
            "run://x/",
            "hap://",
            "hap://server/",
            "hap://server/info",
            "x://\n",
        ] {
            assert!(!is_documents_uri(bad), "{bad}");
        }
    }
}
