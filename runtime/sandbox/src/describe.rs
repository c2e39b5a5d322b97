//! From what `describe` returns to a checked [`Manifest`].

use hap_model::{Json, Manifest, sanitize};
use wasmtime::component::{ComponentType, Lift};

/// The longest text in a manifest; a schema may be as long.
const MAX_TEXT_BYTES: usize = 64 << 10;

/// `manifest` of the contract.
#[derive(ComponentType, Lift)]
#[component(record)]
pub(crate) struct ManifestText {
    name: String,
    version: String,
    description: String,
    #[component(name = "context-schema")]
    context_schema: Option<String>,
    #[component(name = "output-schema")]
    output_schema: Option<String>,
    hints: Hints,
}

wasmtime::component::flags! {
    Hints {
        #[component(name = "read-only")]
        const READ_ONLY;
        #[component(name = "idempotent")]
        const IDEMPOTENT;
    }
}

/// Checks each field.
pub(crate) fn manifest(text: ManifestText) -> Result<Manifest, String> {
    let word =
        |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
    let kebab = text.name.len() <= 100
        && text.name.starts_with(|c: char| c.is_ascii_lowercase())
        && text.name.split('-').all(word);
    if !kebab {
        let shown = sanitize(&text.name, 100);
        return Err(format!(
            "its name `{shown}` is not in kebab case: use small letters and digits, with single dashes"
        ));
    }
    if semver::Version::parse(&text.version).is_err() {
        let shown = sanitize(&text.version, 100);
        return Err(format!(
            "its version `{shown}` is no semantic version such as `1.0.0`"
        ));
    }
    Ok(Manifest {
        name: text.name,
        version: text.version,
        description: sanitize(&text.description, 1000),
        context_schema: schema(text.context_schema, "context-schema")?,
        output_schema: schema(text.output_schema, "output-schema")?,
        read_only: text.hints.contains(Hints::READ_ONLY),
        idempotent: text.hints.contains(Hints::IDEMPOTENT),
    })
}

fn schema(text: Option<String>, field: &str) -> Result<Option<Json>, String> {
    let Some(text) = text else { return Ok(None) };
    if text.len() > MAX_TEXT_BYTES {
        return Err(format!(
            "its {field} is {} bytes long; {MAX_TEXT_BYTES} are allowed",
            text.len()
        ));
    }
    let json = Json::parse(&text, 64).map_err(|error| format!("its {field} is no JSON Schema: {error}"))?;
    match json.kind() {
        "an object" | "a boolean" => Ok(Some(json)),
        kind => Err(format!("its {field} is {kind}, and a JSON Schema is an object")),
    }
}
