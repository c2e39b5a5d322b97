//! One compiled schema, and values held against it.

use hap_model::{Failure, FailureKind, Limit, sanitize};
use jsonschema::{Draft, PatternOptions, Validator};
use serde_json::Value;

use super::explain::explain;
use super::fuel::{Stop, Stopped, TICK, metered, tick};
use super::simple::Simple;
use super::unique::unique;
use super::walk::walk;

/// What one check may do, in subschemas applied to values, and what it may do for each byte of the value besides.
const FUEL: u64 = 20_000_000;
const FUEL_PER_BYTE: u64 = 16;
/// The most memory that a value may take as a tree while it is checked.
const MAX_TREE_BYTES: usize = 256 << 20;

/// A schema that values can be held against.
pub(super) struct Check {
    validator: Validator,
    schema: Value,
    /// The same, where it is of the sort that shows without reading values.
    pub(super) simple: Option<Simple>,
    pub(super) weight: usize,
    kind: FailureKind,
}

impl Check {
    /// `Ok(None)` when `text` accepts everything.
    ///
    /// # Errors
    /// Why the schema is not checked.
    pub(super) fn compile(text: &str, kind: FailureKind) -> Result<Option<Check>, String> {
        let always_object = kind == FailureKind::InvalidInput;
        let Some(walked) = walk(text, always_object)? else {
            return Ok(None);
        };
        let validator = compile(&walked.schema)?;
        Ok(Some(Check {
            validator,
            simple: Simple::of(&walked.schema, always_object),
            schema: walked.schema,
            weight: walked.weight,
            kind,
        }))
    }

    /// Holds `text`, a JSON value, against the schema.
    pub(super) fn run(&self, text: &str, stop: &Stop) -> Result<(), Failure> {
        let what = match self.kind {
            FailureKind::InvalidInput => "the context",
            _ => "the output",
        };
        let tree_bytes = tree_bytes(text);
        if tree_bytes > MAX_TREE_BYTES {
            let message = format!(
                "{what} cannot be held against the agent's schema: as a tree it takes about {} MiB, and {} are allowed",
                tree_bytes >> 20,
                MAX_TREE_BYTES >> 20
            );
            return Err(Failure::new(self.kind.clone(), message)
                .hint("hand over fewer values, or remove the agent's schema"));
        }
        let value: Value = serde_json::from_str(text).map_err(|error| {
            let message = format!("{what} cannot be held against the agent's schema: {error}");
            Failure::new(self.kind.clone(), message)
        })?;
        let mut fuel = FUEL + FUEL_PER_BYTE * text.len() as u64;
        match metered(&mut fuel, stop, || self.validator.is_valid(&value)) {
            Ok(true) => Ok(()),
            Ok(false) => Err(self.refusal(what, &value, fuel, stop)),
            Err(stopped) => Err(self.stopped(what, &stopped)),
        }
    }

    fn refusal(&self, what: &str, value: &Value, fuel: u64, stop: &Stop) -> Failure {
        let reasons = explain(&self.schema, value, fuel, stop);
        let message = match reasons.is_empty() {
            true => format!("{what} is not what the agent's schema wants"),
            false => format!(
                "{what} is not what the agent's schema wants: {}",
                reasons.join("; ")
            ),
        };
        let hint = match self.kind {
            FailureKind::InvalidInput => {
                "give the graph such an input, or put a node before this one that writes such a value"
            }
            _ => "the agent breaks its own promise: mend its code or its `output-schema`",
        };
        Failure::new(self.kind.clone(), message).hint(hint)
    }

    fn stopped(&self, what: &str, stopped: &Stopped) -> Failure {
        let message = match stopped {
            Stopped::Work => format!("{what} takes too many steps to be held against the agent's schema"),
            Stopped::Time => format!("{what} takes too long to be held against the agent's schema"),
            Stopped::Broken => {
                format!("{what} cannot be held against the agent's schema: the validator broke")
            }
        };
        Failure::new(self.kind.clone(), message).hint("make the agent's schema simpler")
    }
}

/// Compiles a schema that [`walk`] has made.
pub(super) fn compile(schema: &Value) -> Result<Validator, String> {
    let options = jsonschema::options()
        .with_draft(Draft::Draft202012)
        .offline()
        .should_validate_formats(false)
        .with_pattern_options(
            PatternOptions::regex()
                .size_limit(64 << 10)
                .dfa_size_limit(1 << 20),
        )
        .with_keyword(TICK, tick)
        .with_keyword("uniqueItems", unique);
    match metered(&mut u64::MAX.clone(), &Stop::default(), || options.build(schema)) {
        Ok(Ok(validator)) => Ok(validator),
        Ok(Err(error)) => {
            let message = format!(
                "at `{}`: {}",
                error.instance_path().as_str(),
                error.masked_with("it")
            );
            Err(sanitize(&message, 300).replace(['\n', '\t'], " "))
        }
        Err(_) => Err("the validator broke on it".to_owned()),
    }
}

/// At least what the tree of `text` takes in memory: an object is a node for eleven members, however few it has.
fn tree_bytes(text: &str) -> usize {
    text.bytes().fold(text.len(), |sum, byte| {
        sum + match byte {
            b'{' => 640,
            b':' => 96,
            b',' => 64,
            b'[' => 32,
            _ => 0,
        }
    })
}

/// The failure of a check that ran out of time.
pub(super) fn out_of_time(limit: std::time::Duration) -> Failure {
    let allowed = limit.as_millis() as u64;
    Failure::limit(Limit::WallTime, allowed, allowed)
        .hint("the time went into holding a value against the agent's schema: make the schema simpler or the value smaller")
}
