//! The attacks: what each attempts, what must come of it, and what it is made of.

use anyhow::{Result, anyhow};
use hap::{Budget, Limit};

use crate::host_attacks::HostAttack;
use crate::{component_of, made, setting, wat_agent};

/// One attack.
#[derive(Clone, Copy, Debug)]
pub struct Attack {
    /// Its name.
    pub name: &'static str,
    /// What it attempts.
    pub purpose: &'static str,
    /// What must come of it: a word that says how it ends, and words that its end is told with.
    pub expect: &'static str,
    /// What it is made of.
    pub kind: Kind,
}

/// What an attack is made of.
#[derive(Clone, Copy, Debug)]
pub enum Kind {
    /// A WAT agent, a whole core module or a whole component, with its settings.
    Wat(&'static str),
    /// A component that Rust makes.
    Made(fn() -> Result<Vec<u8>>),
    /// Something that is done to the host by other means than one component.
    #[expect(private_interfaces, reason = "only this crate can carry it out")]
    Host(HostAttack),
}

impl Attack {
    /// The value of one of its settings.
    pub(crate) fn setting(&self, key: &str) -> Option<&'static str> {
        match self.kind {
            Kind::Wat(text) => setting(text, key),
            Kind::Made(_) | Kind::Host(_) => None,
        }
    }

    /// The component.
    pub(crate) fn component(&self) -> Result<Vec<u8>> {
        match self.kind {
            Kind::Wat(text) if setting(text, "component").is_some() => Ok(wat::parse_str(text)?),
            Kind::Wat(text) if text.contains(";; whole-module") => component_of(text),
            Kind::Wat(text) => wat_agent(text),
            Kind::Made(make) => make(),
            Kind::Host(_) => Err(anyhow!("attack `{}` is no component", self.name)),
        }
    }

    /// What it may spend: fuel for a second at most, unless it is about something else.
    pub(crate) fn budget(&self) -> Result<Budget> {
        let mut budget = Budget::default().with(Limit::Fuel, 300_000_000);
        for word in self.setting("budget").unwrap_or_default().split_whitespace() {
            let (name, value) = word.split_once('=').unwrap_or((word, ""));
            let limit = Limit::from_name(name)
                .ok_or_else(|| anyhow!("attack `{}` sets `{name}`, which is no limit", self.name))?;
            let value = limit
                .parse_value(value)
                .map_err(|error| anyhow!("attack `{}`: {error}", self.name))?;
            budget = budget.with(limit, value);
        }
        Ok(budget)
    }

    /// How often it is run; each time, the same must come of it.
    pub(crate) fn runs(&self) -> usize {
        self.setting("runs")
            .and_then(|runs| runs.parse().ok())
            .unwrap_or(1)
    }

    /// The graph in which it runs, with an honest node beside it.
    pub(crate) fn graph(&self) -> String {
        let writes = self
            .setting("writes")
            .map(|keys| format!(", writes: [{keys}]"))
            .unwrap_or_default();
        let grants = self
            .setting("grants")
            .map(|names| format!(", grants: {{resources: ['{names}']}}"))
            .unwrap_or_default();
        format!(
            "nodes:\n  attack: {{agent: {}.wasm{writes}{grants}}}\n  honest: {{agent: echo.wasm, reads: [honest]}}\n",
            self.name
        )
    }
}

/// Every attack.
pub fn attacks() -> Vec<Attack> {
    let wat = AGENTS.iter().map(|(name, text)| Attack {
        name,
        purpose: setting(text, "purpose").unwrap_or_default(),
        expect: setting(text, "expect").unwrap_or_default(),
        kind: Kind::Wat(text),
    });
    wat.chain(MADE.iter().copied()).collect()
}

const fn made(
    name: &'static str,
    purpose: &'static str,
    expect: &'static str,
    make: fn() -> Result<Vec<u8>>,
) -> Attack {
    Attack {
        name,
        purpose,
        expect,
        kind: Kind::Made(make),
    }
}

const fn host(name: &'static str, purpose: &'static str, expect: &'static str, attack: HostAttack) -> Attack {
    Attack {
        name,
        purpose,
        expect,
        kind: Kind::Host(attack),
    }
}

const MADE: &[Attack] = &[
    made(
        "memories-in-many-modules",
        "has forty small memories in as many instances",
        "refused limit `memories`",
        made::memories,
    ),
    made(
        "tables-in-many-modules",
        "has eighty tables in forty instances",
        "refused tables",
        made::tables,
    ),
    made(
        "thousand-instances",
        "consists of a thousand core instances",
        "refused instances",
        made::instances,
    ),
    made(
        "thousands-of-imports",
        "imports twenty thousand interfaces",
        "refused exceeds limit",
        made::imports,
    ),
    made(
        "thousands-of-types",
        "defines more than a million types",
        "refused invalid",
        made::types,
    ),
    made(
        "exploding-type",
        "has a type that is small to write and too large to hold",
        "refused invalid",
        made::exploding_type,
    ),
    made(
        "thousands-of-modules",
        "contains five thousand modules",
        "refused invalid",
        made::modules,
    ),
    made(
        "thousands-of-components",
        "contains five thousand components",
        "refused invalid",
        made::components,
    ),
    made(
        "deeply-nested-components",
        "contains a component in a component, ten thousand levels deep",
        "refused levels deep",
        made::nested,
    ),
    made(
        "component-of-50-megabytes",
        "is honest, and fifty megabytes long",
        "done {}",
        made::fifty_megabytes,
    ),
    made(
        "component-over-the-limit",
        "is longer than a component may be",
        "refused are allowed",
        made::over_the_limit,
    ),
    made(
        "truncated-component",
        "ends in the middle",
        "refused invalid",
        made::truncated,
    ),
    host(
        "component-that-compiles-for-minutes",
        "is small, and takes minutes to compile",
        "refused could not be compiled within",
        HostAttack::SlowCompilation,
    ),
    host(
        "tampered-cache-entry",
        "changes machine code in the compile cache",
        "done compiled again",
        HostAttack::TamperedCache,
    ),
    host(
        "thousand-components",
        "has a thousand different components run in turn",
        "done bounded",
        HostAttack::ThousandComponents,
    ),
    host(
        "deaf-to-cancellation",
        "computes on when it is asked to stop",
        "cancelled",
        HostAttack::Cancellation,
    ),
];

macro_rules! agents {
    ($($name:literal),* $(,)?) => {
        &[$(($name, include_str!(concat!("../agents/", $name, ".wat")))),*]
    };
}

/// The files of `agents/`.
const AGENTS: &[(&str, &str)] = agents![
    "alarm-bomb",
    "calls-a-function-of-another-type",
    "calls-through-an-empty-table",
    "converts-no-number",
    "copy-storm",
    "describes-itself-at-length",
    "describes-itself-with-escapes",
    "divides-by-zero",
    "document-into-no-memory",
    "drops-a-handle-twice",
    "endless-loop",
    "endless-loop-against-the-clock",
    "endless-recursion",
    "ends-the-process",
    "error-of-a-megabyte",
    "export-of-another-type",
    "fill-storm",
    "fill-storm-against-fuel",
    "handle-bomb",
    "handle-never-given",
    "huge-initial-memory",
    "huge-initial-table",
    "list-into-no-memory",
    "log-bomb-by-count",
    "log-bomb-by-escapes",
    "log-bomb-by-newlines",
    "log-bomb-by-size",
    "log-invalid-level",
    "log-invalid-utf8",
    "log-lying-length",
    "log-one-giant-record",
    "loop-in-describe",
    "loop-in-post-return",
    "loop-in-realloc",
    "loop-in-start",
    "many-memories-in-a-module",
    "memory-bomb",
    "memory-of-64-bits",
    "no-agent",
    "open-storm",
    "opens-in-describe",
    "output-100-megabytes",
    "output-a-number-without-an-end",
    "output-duplicate-key",
    "output-half-a-character",
    "output-invalid-case",
    "output-invalid-utf8",
    "output-just-over-the-limit",
    "output-lying-length",
    "output-many-keys",
    "output-nested-deep",
    "output-not-an-object",
    "output-not-json",
    "output-pointer-out-of-memory",
    "own-handle-bomb",
    "overflows-an-integer",
    "panics",
    "polls-a-giant-list",
    "polls-for-ever",
    "polls-nothing",
    "prints-empty-lines-for-ever",
    "prints-more-than-is-permitted",
    "prints-nothing-for-ever",
    "prints-terminal-escapes",
    "prints-to-stderr-for-ever",
    "prints-to-stdout-for-ever",
    "probes-clocks-and-randomness",
    "probes-environment-and-arguments",
    "probes-files",
    "probes-the-network",
    "probes-unknown-wasi",
    "progress-bomb",
    "progress-storm",
    "random-giant",
    "random-storm",
    "read-storm",
    "reads-outside-its-memory",
    "realloc-calls-the-host",
    "realloc-out-of-memory",
    "recursion-with-wide-frames",
    "resource-by-every-spelling",
    "resource-that-is-not-granted",
    "shared-memory",
    "sleeps-for-ever",
    "sleeps-in-describe",
    "starts-a-process",
    "stream-bomb",
    "table-bomb",
    "table-fill-storm",
    "traps-in-a-host-call",
    "unreachable",
    "used-after-a-trap",
    "waits-for-the-clock",
    "writes-outside-its-keys",
    "wrong-version-of-the-contract",
];

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;
    use std::path::Path;

    #[test]
    fn every_file_is_listed() {
        let entries = std::fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("agents")).unwrap();
        let files: BTreeSet<String> = entries
            .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
            .collect();
        assert_eq!(
            files,
            AGENTS.iter().map(|(name, _)| format!("{name}.wat")).collect()
        );
    }

    #[test]
    fn every_attack_says_what_it_is() {
        let attacks = attacks();
        let names: BTreeSet<&str> = attacks.iter().map(|attack| attack.name).collect();
        assert_eq!(names.len(), attacks.len(), "two attacks of one name");
        for attack in attacks {
            assert!(
                !attack.purpose.is_empty() && !attack.expect.is_empty(),
                "{}",
                attack.name
            );
            attack.budget().unwrap();
        }
    }
}
