//! The budget: every way to spend the host's resources, each with a name, a unit, a default and a ceiling.
//! [`Usage`] has the same shape, so that what was allowed and what was spent are always told side by side.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use serde::de::Error;
use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::json::MAX_JSON_DEPTH;

/// One way to spend the host's resources.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Limit {
    /// WebAssembly instructions executed, roughly one unit each.
    Fuel,
    /// Milliseconds of real time, time inside host calls included.
    WallTime,
    /// Bytes of linear memory, summed over all memories of the instance.
    Memory,
    /// Table elements, summed over all tables of the instance.
    TableElements,
    /// Core instances that one component may consist of.
    Instances,
    /// Linear memories that it may have.
    Memories,
    /// Tables that it may have.
    Tables,
    /// Resource and component handles open at one time.
    Handles,
    /// Bytes of the context that a node is given.
    Input,
    /// Bytes of the output that a node returns.
    Output,
    /// Top-level keys of an output.
    OutputKeys,
    /// Levels of nesting in an output.
    JsonDepth,
    /// Bytes that one host call may take over from the guest.
    HostCallBytes,
    /// Bytes that one call for randomness may ask for.
    RandomBytes,
    /// Log records and lines on stdout and stderr.
    LogRecords,
    /// Bytes of text in log records, printed lines and progress updates.
    LogBytes,
    /// Progress updates.
    ProgressUpdates,
    /// Log records and printed lines within one second of real time.
    LogRate,
}

/// The unit in which a [`Limit`] counts, for people.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// A plain number.
    Count,
    /// Bytes.
    Bytes,
    /// Milliseconds.
    Milliseconds,
}

const MIB: u64 = 1 << 20;

impl Limit {
    /// Every limit, in the order in which they are listed.
    pub const ALL: [Limit; 18] = [
        Limit::Fuel,
        Limit::WallTime,
        Limit::Memory,
        Limit::TableElements,
        Limit::Instances,
        Limit::Memories,
        Limit::Tables,
        Limit::Handles,
        Limit::Input,
        Limit::Output,
        Limit::OutputKeys,
        Limit::JsonDepth,
        Limit::HostCallBytes,
        Limit::RandomBytes,
        Limit::LogRecords,
        Limit::LogBytes,
        Limit::ProgressUpdates,
        Limit::LogRate,
    ];

    /// Name in graph files and reports, unit, default, and the largest value that may be set.
    const fn facts(self) -> (&'static str, Unit, u64, u64) {
        match self {
            // Ten billion instructions are some ten seconds of one core.
            Limit::Fuel => ("fuel", Unit::Count, 10_000_000_000, u64::MAX / 2),
            Limit::WallTime => ("wall-time", Unit::Milliseconds, 30_000, 24 * 3600 * 1000),
            // A Python interpreter idles at 13 MiB; 256 MiB leave room for documents of tens of megabytes.
            Limit::Memory => ("memory", Unit::Bytes, 256 * MIB, 4096 * MIB),
            Limit::TableElements => ("table-elements", Unit::Count, 100_000, 1_000_000),
            // A Python component consists of 38 core instances.
            Limit::Instances => ("instances", Unit::Count, 64, 64),
            // QuickJS has three memories; a Python component has a table for each of its modules.
            Limit::Memories => ("memories", Unit::Count, 16, 64),
            Limit::Tables => ("tables", Unit::Count, 64, 64),
            Limit::Handles => ("handles", Unit::Count, 1_000, 1_000_000),
            Limit::Input => ("input", Unit::Bytes, 16 * MIB, 1024 * MIB),
            Limit::Output => ("output", Unit::Bytes, 16 * MIB, 1024 * MIB),
            // Each key is a thing of its own in the context: merging and finding it costs time that no fuel counts.
            Limit::OutputKeys => ("output-keys", Unit::Count, 10_000, 1_000_000),
            Limit::JsonDepth => ("json-depth", Unit::Count, 100, MAX_JSON_DEPTH),
            Limit::HostCallBytes => ("host-call-bytes", Unit::Bytes, 16 * MIB, 1024 * MIB),
            Limit::RandomBytes => ("random-bytes", Unit::Bytes, 64 << 10, 16 * MIB),
            Limit::LogRecords => ("log-records", Unit::Count, 10_000, 1_000_000),
            Limit::LogBytes => ("log-bytes", Unit::Bytes, MIB, 64 * MIB),
            Limit::ProgressUpdates => ("progress-updates", Unit::Count, 10_000, 1_000_000),
            // As many as the highest number of records, so that out of the box no result depends on the machine's speed.
            Limit::LogRate => ("log-rate", Unit::Count, 1_000_000, 1_000_000),
        }
    }

    /// The name used in graph files, flags and reports.
    pub fn name(self) -> &'static str {
        self.facts().0
    }

    /// The unit in which it counts.
    pub fn unit(self) -> Unit {
        self.facts().1
    }

    /// What holds where nothing is set.
    pub fn default_value(self) -> u64 {
        self.facts().2
    }

    /// The largest value that may be set.
    pub fn ceiling(self) -> u64 {
        self.facts().3
    }

    /// Whether its use adds up over the attempts of a run, so that a run's budget can hold it. The others hold for each
    /// attempt by itself.
    pub fn adds_up(self) -> bool {
        use Limit::{Fuel, LogBytes, LogRecords, Output, ProgressUpdates, WallTime};
        matches!(
            self,
            Fuel | WallTime | Output | LogRecords | LogBytes | ProgressUpdates
        )
    }

    /// The limit of that name.
    pub fn from_name(name: &str) -> Option<Limit> {
        Limit::ALL.into_iter().find(|limit| limit.name() == name)
    }

    /// A value of this limit as people write it: `64MiB`, `30s`, `1000000`.
    pub fn show(self, value: u64) -> String {
        match self.unit() {
            Unit::Bytes if value >= MIB => format!("{} MiB", decimal(value, MIB)),
            Unit::Bytes if value >= 1024 => format!("{} KiB", decimal(value, 1024)),
            Unit::Bytes => format!("{value} bytes"),
            Unit::Milliseconds if value >= 1000 && value.is_multiple_of(1000) => {
                format!("{} s", value / 1000)
            }
            Unit::Milliseconds => format!("{value} ms"),
            Unit::Count => value.to_string(),
        }
    }

    /// Reads a value as people write it: a number, with an optional unit (`KiB`, `MiB`, `GiB` for bytes; `ms`, `s`,
    /// `m` for time; `k`, `M`, `G` for counts).
    ///
    /// # Errors
    /// Says what is wrong and which spellings are known.
    pub fn parse_value(self, text: &str) -> Result<u64, String> {
        let text = text.trim();
        let told = crate::problem::shown(text);
        let end = text
            .find(|c: char| !c.is_ascii_digit() && c != '_')
            .unwrap_or(text.len());
        let (digits, unit) = text.split_at(end);
        let (units, example): (&[(&str, u64)], _) = match self.unit() {
            Unit::Bytes => (
                &[
                    ("", 1),
                    ("B", 1),
                    ("KiB", 1 << 10),
                    ("MiB", 1 << 20),
                    ("GiB", 1 << 30),
                ],
                "64MiB",
            ),
            Unit::Milliseconds => (
                &[("", 1), ("ms", 1), ("s", 1000), ("m", 60_000), ("h", 3_600_000)],
                "30s",
            ),
            Unit::Count => (
                &[("", 1), ("k", 1000), ("M", 1_000_000), ("G", 1_000_000_000)],
                "1000000",
            ),
        };
        let factor = units
            .iter()
            .find(|(name, _)| *name == unit.trim())
            .map(|(_, factor)| *factor);
        let value = digits
            .replace('_', "")
            .parse::<u64>()
            .ok()
            .zip(factor)
            .and_then(|(n, f)| n.checked_mul(f));
        let Some(value) = value else {
            let known: Vec<_> = units
                .iter()
                .map(|(name, _)| *name)
                .filter(|name| !name.is_empty())
                .collect();
            return Err(format!(
                "`{told}` is no value for `{}`: write a whole number with an optional unit ({}), for example `{example}`",
                self.name(),
                known.join(", ")
            ));
        };
        if value > self.ceiling() {
            return Err(format!(
                "`{}` can be {} at most, not `{told}`",
                self.name(),
                self.show(self.ceiling())
            ));
        }
        if value == 0 {
            return Err(format!("`{}` must be more than zero", self.name()));
        }
        Ok(value)
    }
}

/// `value` in units of `unit`, with one digit behind the point where it is not whole.
fn decimal(value: u64, unit: u64) -> String {
    if value.is_multiple_of(unit) {
        (value / unit).to_string()
    } else {
        format!("{:.1}", value as f64 / unit as f64)
    }
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl Serialize for Limit {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

impl<'de> Deserialize<'de> for Limit {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Limit, D::Error> {
        let name = String::deserialize(deserializer)?;
        Limit::from_name(&name).ok_or_else(|| D::Error::custom("this is no limit"))
    }
}

/// What one attempt of one node may spend.
///
/// ```
/// use hap_model::{Budget, Limit};
/// let runtime = Budget::default().with(Limit::Memory, 64 << 20);
/// let node = Budget::unlimited().with(Limit::Memory, 1 << 30).with(Limit::Fuel, 1_000);
/// let budget = runtime.narrowed_by(&node);
/// assert_eq!(budget.get(Limit::Memory), 64 << 20);
/// assert_eq!(budget.get(Limit::Fuel), 1_000);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Budget([u64; Limit::ALL.len()]);

impl Default for Budget {
    fn default() -> Budget {
        Budget(Limit::ALL.map(Limit::default_value))
    }
}

impl Budget {
    /// Every limit at its ceiling: the budget that narrows nothing.
    pub fn unlimited() -> Budget {
        Budget(Limit::ALL.map(Limit::ceiling))
    }

    /// The value of one limit, in its unit.
    pub fn get(&self, limit: Limit) -> u64 {
        self.0.get(limit as usize).copied().unwrap_or_default()
    }

    /// The same budget with one limit set; values over the limit's ceiling become the ceiling.
    pub fn with(mut self, limit: Limit, value: u64) -> Budget {
        if let Some(slot) = self.0.get_mut(limit as usize) {
            *slot = value.min(limit.ceiling());
        }
        self
    }

    /// The lower of both, limit by limit: whoever is narrower wins.
    pub fn narrowed_by(&self, other: &Budget) -> Budget {
        Budget(Limit::ALL.map(|limit| self.get(limit).min(other.get(limit))))
    }

    /// The limit on real time.
    pub fn wall_time(&self) -> Duration {
        Duration::from_millis(self.get(Limit::WallTime))
    }
}

/// What one attempt of one node has spent, in the units of [`Limit`].
///
/// Real time is not among it: how long a node took is told beside its usage, so that two runs of the same have the same
/// usage to the byte.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// Instructions executed.
    pub fuel: u64,
    /// The most linear memory held at one time, in bytes.
    pub memory_bytes: u64,
    /// The most table elements held at one time.
    pub table_elements: u64,
    /// The core instances of the component.
    pub instances: u64,
    /// The linear memories of the component.
    pub memories: u64,
    /// The tables of the component.
    pub tables: u64,
    /// The most of the host's resources open at one time, or, where that is more, the handles that the component held at its
    /// end, those of resources of its own among them.
    pub handles: u64,
    /// Bytes of context given.
    pub input_bytes: u64,
    /// Bytes of output returned.
    pub output_bytes: u64,
    /// Top-level keys of the output; none where it is no object.
    pub output_keys: u64,
    /// Levels of nesting in the output; none where it is neither object nor list.
    pub json_depth: u64,
    /// The most bytes of text that one host call took over: a log record, a progress update, a document's name, a write
    /// to stdout or stderr.
    pub host_call_bytes: u64,
    /// The most bytes that one call for randomness asked for.
    pub random_bytes: u64,
    /// Log records and printed lines written.
    pub log_records: u64,
    /// Bytes of text in log records, printed lines and progress updates.
    pub log_bytes: u64,
    /// Progress updates made.
    pub progress_updates: u64,
    /// The most log records and printed lines within one second. Counted only where the limit `log-rate` is below
    /// `log-records`, else 0. Real time: the same run differs here.
    pub log_rate: u64,
}

impl Usage {
    /// What was spent against each limit that counts something in one attempt, in the order of [`Limit::ALL`].
    pub fn by_limit(&self) -> [(Limit, u64); 17] {
        [
            (Limit::Fuel, self.fuel),
            (Limit::Memory, self.memory_bytes),
            (Limit::TableElements, self.table_elements),
            (Limit::Instances, self.instances),
            (Limit::Memories, self.memories),
            (Limit::Tables, self.tables),
            (Limit::Handles, self.handles),
            (Limit::Input, self.input_bytes),
            (Limit::Output, self.output_bytes),
            (Limit::OutputKeys, self.output_keys),
            (Limit::JsonDepth, self.json_depth),
            (Limit::HostCallBytes, self.host_call_bytes),
            (Limit::RandomBytes, self.random_bytes),
            (Limit::LogRecords, self.log_records),
            (Limit::LogBytes, self.log_bytes),
            (Limit::ProgressUpdates, self.progress_updates),
            (Limit::LogRate, self.log_rate),
        ]
    }

    /// Adds what another attempt spent: what [adds up](Limit::adds_up) is summed, and of everything else the most counts.
    pub fn add(&mut self, other: &Usage) {
        let sum = |mine: &mut u64, theirs: u64| *mine = mine.saturating_add(theirs);
        let most = |mine: &mut u64, theirs: u64| *mine = theirs.max(*mine);
        sum(&mut self.fuel, other.fuel);
        most(&mut self.memory_bytes, other.memory_bytes);
        most(&mut self.table_elements, other.table_elements);
        most(&mut self.instances, other.instances);
        most(&mut self.memories, other.memories);
        most(&mut self.tables, other.tables);
        most(&mut self.handles, other.handles);
        most(&mut self.input_bytes, other.input_bytes);
        sum(&mut self.output_bytes, other.output_bytes);
        most(&mut self.output_keys, other.output_keys);
        most(&mut self.json_depth, other.json_depth);
        most(&mut self.host_call_bytes, other.host_call_bytes);
        most(&mut self.random_bytes, other.random_bytes);
        sum(&mut self.log_records, other.log_records);
        sum(&mut self.log_bytes, other.log_bytes);
        sum(&mut self.progress_updates, other.progress_updates);
        most(&mut self.log_rate, other.log_rate);
    }
}

impl Serialize for Usage {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let by_limit = self.by_limit();
        let mut map = serializer.serialize_map(Some(by_limit.len()))?;
        for (limit, used) in by_limit {
            map.serialize_entry(limit.name(), &used)?;
        }
        map.end()
    }
}

/// What is counted by limits that this release does not know is left out.
impl<'de> Deserialize<'de> for Usage {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Usage, D::Error> {
        let told = BTreeMap::<String, u64>::deserialize(deserializer)?;
        let used = |limit: Limit| told.get(limit.name()).copied().unwrap_or_default();
        Ok(Usage {
            fuel: used(Limit::Fuel),
            memory_bytes: used(Limit::Memory),
            table_elements: used(Limit::TableElements),
            instances: used(Limit::Instances),
            memories: used(Limit::Memories),
            tables: used(Limit::Tables),
            handles: used(Limit::Handles),
            input_bytes: used(Limit::Input),
            output_bytes: used(Limit::Output),
            output_keys: used(Limit::OutputKeys),
            json_depth: used(Limit::JsonDepth),
            host_call_bytes: used(Limit::HostCallBytes),
            random_bytes: used(Limit::RandomBytes),
            log_records: used(Limit::LogRecords),
            log_bytes: used(Limit::LogBytes),
            progress_updates: used(Limit::ProgressUpdates),
            log_rate: used(Limit::LogRate),
        })
    }
}

impl Serialize for Budget {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(Limit::ALL.len()))?;
        for limit in Limit::ALL {
            map.serialize_entry(limit.name(), &self.get(limit))?;
        }
        map.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_limit_is_stored_under_its_own_index_and_name() {
        for (index, limit) in Limit::ALL.into_iter().enumerate() {
            assert_eq!(limit as usize, index);
            assert_eq!(Limit::from_name(limit.name()), Some(limit));
            assert!(limit.default_value() <= limit.ceiling());
            assert_eq!(Budget::default().with(limit, 7).get(limit), 7);
        }
    }

    #[test]
    fn usage_tells_every_limit_but_real_time_in_their_order() {
        let told = Usage::default().by_limit().map(|(limit, _)| limit);
        let counted: Vec<_> = Limit::ALL
            .into_iter()
            .filter(|limit| *limit != Limit::WallTime)
            .collect();
        assert_eq!(told.to_vec(), counted);
    }

    #[test]
    fn of_two_attempts_what_adds_up_is_summed_and_the_most_counts_of_the_rest() {
        let usage = |n: u64| Usage {
            fuel: n,
            memory_bytes: n,
            table_elements: n,
            instances: n,
            memories: n,
            tables: n,
            handles: n,
            input_bytes: n,
            output_bytes: n,
            output_keys: n,
            json_depth: n,
            host_call_bytes: n,
            random_bytes: n,
            log_records: n,
            log_bytes: n,
            progress_updates: n,
            log_rate: n,
        };
        for (first, second) in [(3, 5), (5, 3)] {
            let mut both = usage(first);
            both.add(&usage(second));
            for (limit, used) in both.by_limit() {
                assert_eq!(used, if limit.adds_up() { 8 } else { 5 }, "{limit}");
            }
        }
        let mut most = usage(u64::MAX);
        most.add(&usage(1));
        assert_eq!(most, usage(u64::MAX));
    }

    #[test]
    fn values_are_read_as_people_write_them() {
        assert_eq!(Limit::Memory.parse_value("64MiB"), Ok(64 << 20));
        assert_eq!(
            Limit::Memory.parse_value("65 536"),
            Err(Limit::Memory.parse_value("65 536").unwrap_err())
        );
        assert_eq!(Limit::WallTime.parse_value("2 s"), Ok(2000));
        assert_eq!(Limit::Fuel.parse_value("10_000"), Ok(10_000));
        assert!(
            Limit::Fuel
                .parse_value("-1")
                .unwrap_err()
                .contains("whole number")
        );
        assert!(Limit::Fuel.parse_value("99999999999999999999").is_err());
        assert!(
            Limit::JsonDepth
                .parse_value("10000")
                .unwrap_err()
                .contains("120 at most")
        );
        assert!(
            Limit::Fuel
                .parse_value("0")
                .unwrap_err()
                .contains("more than zero")
        );
    }
}
