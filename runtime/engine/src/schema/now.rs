//! What only the tests ask of schemas: checks without an executor, and what there is to check.

use std::sync::Arc;

use hap_model::{Failure, Json};

use super::Schemas;
use super::check::Check;
use super::fuel::Stop;

impl Schemas {
    /// Whether there is nothing to check.
    pub(in crate::schema) fn is_empty(&self) -> bool {
        !self.checks_context() && !self.checks_output()
    }

    /// Whether there is something to check in contexts.
    pub(in crate::schema) fn checks_context(&self) -> bool {
        self.context.is_some()
    }

    /// Whether there is something to check in outputs.
    pub(in crate::schema) fn checks_output(&self) -> bool {
        self.output.is_some()
    }

    /// As `check_context`, here and now.
    pub(in crate::schema) fn check_context_now(&self, context: &Json) -> Result<(), Failure> {
        check(self.context.as_ref(), context.as_str())
    }

    /// As `check_output`, here and now.
    pub(in crate::schema) fn check_output_now(&self, output: &str) -> Result<(), Failure> {
        check(self.output.as_ref(), output)
    }
}

fn check(check: Option<&Arc<Check>>, text: &str) -> Result<(), Failure> {
    check.map_or(Ok(()), |check| check.run(text, &Stop::default()))
}
