//! What bounds an invocation whatever is granted, from one table: least, default and most, the breach, and the test
//! that hits it. Also how its time is measured. The sandbox has such a table for what it bounds itself.

use std::{collections::BTreeMap, time::Duration};

use puppet_types::{Breach, Limit, MAX_HOPS};

macro_rules! bounds {
    ($($name:ident = $least:expr, $value:expr, $most:expr, $unit:literal, $breach:expr, $guest:literal, $about:literal;)+) => {
        /// The table of bounds.
        pub const BOUNDS: &[Limit] = &[$(Limit {
            name: stringify!($name),
            value: $value,
            least: $least,
            most: $most,
            unit: $unit,
            config_key: concat!("invocation.", stringify!($name)),
            breach: $breach,
            hostile_guest: $guest,
            about: $about,
        }),+];
    };
}

bounds! {
    host_calls = 1, 1_000, 1_000_000, "calls", Some(Breach::TooManyHostCalls),
        "too_many_host_calls_end_the_call",
        "Calls per capability in one invocation.";
    decisions = 1, 256, 100_000, "decisions", Some(Breach::TooManyDecisions),
        "too_many_decisions_end_the_call",
        "Decisions in one invocation.";
    deadline_ms = 100, 120_000, 3_600_000, "milliseconds", Some(Breach::Deadline),
        "a_slow_provider_runs_into_the_deadline",
        "Time for one invocation, providers included.";
    journal_bytes = 1 << 16, 4 << 20, 8 << 20, "bytes", Some(Breach::TooManyHostBytes),
        "too_many_bytes_for_the_journal_end_the_call",
        "Bytes of questions and answers that the journal keeps of one invocation.";
    log_lines = 0, 200, 100_000, "lines", None,
        "log_lines_beyond_their_bound_are_dropped",
        "Lines of the plugin's log kept per invocation.";
    log_line_bytes = 16, 4 << 10, 1 << 16, "bytes", None,
        "log_lines_beyond_their_bound_are_dropped",
        "Bytes kept of one line of the plugin's log, its fields included; the rest of it is cut off.";
    log_fields = 0, 16, 256, "fields", None,
        "fields_of_a_log_line_beyond_their_bound_are_cut",
        "Fields kept of one line of the plugin's log.";
    hops = 1, MAX_HOPS as u64, 64, "events", None,
        "a_chain_of_our_own_events_ends_as_a_loop",
        "Events of our own between an event and the outside. One beyond it is dead-lettered as `loop`.";
    relationships = 1, 1_000, 100_000, "rows per agent", None,
        "a_guest_that_befriends_everybody_keeps_those_it_met_last",
        "Others that an agent knows. Beyond it, who was not met for longest makes way.";
}

/// Bounds of one invocation that belong to the host, whatever is granted.
#[derive(Debug, Clone)]
pub struct CallBounds {
    /// Calls per capability.
    pub host_calls: u32,
    /// Decisions in all.
    pub decisions: u32,
    /// Bytes of requests and answers kept in the journal.
    pub journal_bytes: usize,
    /// Log lines kept; more are dropped and counted.
    pub log_lines: usize,
    /// Bytes of one log line; more are cut.
    pub log_line_bytes: usize,
    /// Fields of one log line; more are cut.
    pub log_fields: usize,
    /// Time for the whole invocation, provider calls included.
    pub deadline: Duration,
    /// Events of our own between an event and the outside.
    pub hops: u32,
    /// Others that an agent knows.
    pub relationships: usize,
}

impl Default for CallBounds {
    fn default() -> Self {
        Self {
            host_calls: 1_000,
            decisions: 256,
            journal_bytes: 4 << 20,
            log_lines: 200,
            log_line_bytes: 4 << 10,
            log_fields: 16,
            deadline: Duration::from_secs(120),
            hops: MAX_HOPS,
            relationships: 1_000,
        }
    }
}

impl CallBounds {
    /// The values in force, in the order of the table.
    pub fn values(&self) -> Vec<(&'static Limit, u64)> {
        let values = [
            u64::from(self.host_calls),
            u64::from(self.decisions),
            u64::try_from(self.deadline.as_millis()).unwrap_or(u64::MAX),
            self.journal_bytes as u64,
            self.log_lines as u64,
            self.log_line_bytes as u64,
            self.log_fields as u64,
            u64::from(self.hops),
            self.relationships as u64,
        ];
        BOUNDS.iter().zip(values).collect()
    }
}

impl CallBounds {
    /// As they stand in a table by name; what that does not name has its default.
    ///
    /// # Errors
    /// A value that is outside its row, in words.
    pub fn of_values(values: &BTreeMap<String, u64>) -> Result<Self, String> {
        let mut all = [0; BOUNDS.len()];
        for (value, bound) in all.iter_mut().zip(BOUNDS) {
            *value = values.get(bound.name).copied().unwrap_or(bound.value);
            if *value < bound.least || *value > bound.most {
                let Limit { config_key, least, most, .. } = bound;
                return Err(format!("`{config_key}` is {value}: it must be between {least} and {most}"));
            }
        }
        let [host_calls, decisions, deadline, journal, lines, line, fields, hops, relationships] = all;
        let (small, size) = (|n| u32::try_from(n).unwrap_or(u32::MAX), |n| usize::try_from(n).unwrap_or(usize::MAX));
        Ok(Self {
            host_calls: small(host_calls),
            decisions: small(decisions),
            journal_bytes: size(journal),
            log_lines: size(lines),
            log_line_bytes: size(line),
            log_fields: size(fields),
            deadline: Duration::from_millis(deadline),
            hops: small(hops),
            relationships: size(relationships),
        })
    }
}

/// How the deadline is measured.
#[derive(Debug, Clone, Copy)]
pub enum Elapsed {
    /// By the wall, from here.
    Wall(std::time::Instant),
    /// By what providers say their answer would have taken; the wall does not count.
    Modelled(Duration),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_has_the_defaults_and_room_on_both_sides() {
        for (bound, value) in CallBounds::default().values() {
            assert_eq!(bound.value, value, "{}", bound.name);
            assert!(bound.least <= value && value <= bound.most, "{}", bound.name);
            // Nothing that is punished can be switched off.
            assert!(bound.least > 0 || bound.breach.is_none(), "{}", bound.name);
        }
    }

    #[test]
    fn bounds_read_back_from_their_table() {
        let bounds = CallBounds { host_calls: 7, log_line_bytes: 99, hops: 3, ..CallBounds::default() };
        let table = bounds.values().into_iter().map(|(bound, value)| (bound.name.to_owned(), value)).collect();
        let back = CallBounds::of_values(&table).unwrap();
        let numbers = |bounds: &CallBounds| bounds.values().into_iter().map(|(_, value)| value).collect::<Vec<_>>();
        assert_eq!(numbers(&back), numbers(&bounds));
        let wrong = CallBounds::of_values(&[("hops".to_owned(), 0)].into()).unwrap_err();
        assert!(wrong.contains("invocation.hops"), "{wrong}");
    }

    #[test]
    fn every_bound_names_a_hostile_guest_that_exists() {
        let suite = include_str!("../../../engine/tests/rules/limits.rs");
        for bound in BOUNDS {
            assert!(suite.contains(&format!("fn {}(", bound.hostile_guest)), "{}", bound.hostile_guest);
        }
    }
}
