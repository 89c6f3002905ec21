//! The limits of one invocation, from one table: the struct, its defaults, the check that nothing is unlimited, and
//! the rows from which `puppet doctor --limits` and the docs are made.
//! Not here: bounds that the gate counts (host calls per capability, decisions), see `puppet_grants::CallBounds`.

use puppet_types::{Breach, Limit};
use serde::{Deserialize, Serialize};

/// A limit outside what it may be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{key}` is {value}: it must be between {least} and {most} {unit}")]
pub struct LimitError {
    /// The configuration key.
    pub key: &'static str,
    /// What was asked for.
    pub value: u64,
    /// The least.
    pub least: u64,
    /// The most.
    pub most: u64,
    /// What is counted.
    pub unit: &'static str,
}

macro_rules! limits {
    ($($name:ident = $value:expr, $least:expr, $most:expr, $unit:literal, $breach:expr, $guest:literal, $about:literal;)+) => {
        /// The limits of one invocation. Every field has a default, a least and a most value ([`LIMITS`]).
        #[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(default, deny_unknown_fields)]
        pub struct Limits {
            $(#[doc = $about] #[doc = ""] #[doc = concat!("Unit: ", $unit, ".")] pub $name: u64,)+
        }

        impl Default for Limits {
            fn default() -> Self {
                Self { $($name: $value),+ }
            }
        }

        impl Limits {
            /// Whether every value is within its row of the table.
            pub fn check(&self) -> Result<(), LimitError> {
                $(within(LIMITS, stringify!($name), self.$name)?;)+
                Ok(())
            }

            /// The values in force, in the order of the table.
            pub fn values(&self) -> Vec<(&'static Limit, u64)> {
                let values = [$(self.$name),+];
                LIMITS.iter().zip(values).collect()
            }
        }

        /// The table of limits.
        pub const LIMITS: &[Limit] = &[$(Limit {
            name: stringify!($name),
            value: $value,
            least: $least,
            most: $most,
            unit: $unit,
            config_key: concat!("sandbox.limits.", stringify!($name)),
            breach: $breach,
            hostile_guest: $guest,
            about: $about,
        }),+];
    };
}

const KIB: u64 = 1 << 10;
const MIB: u64 = 1 << 20;

limits! {
    fuel = 2_000_000_000, 10_000, 1_000_000_000_000, "instructions", Some(Breach::OutOfFuel),
        "a_guest_that_spins_runs_out_of_fuel",
        "Instructions of the guest, start functions included. The same number on every machine.";
    memory_bytes = 128 * MIB, 64 * KIB, 4096 * MIB, "bytes", Some(Breach::OutOfMemory),
        "memory_is_summed_over_all_memories",
        "Linear memory, summed over all memories of the instance.";
    table_elements = 40_000, 16, 1_000_000, "elements", Some(Breach::TableTooLarge),
        "a_table_that_grows_is_stopped",
        "Table elements, summed over all tables of the instance.";
    core_instances = 64, 4, 1_024, "instances", Some(Breach::TooManyInstances),
        "more_core_instances_than_allowed_are_refused",
        "Core instances in one component: a Rust guest has 4, a Python guest about 30.";
    memories = 2, 1, 16, "memories", Some(Breach::TooManyInstances),
        "more_memories_than_allowed_are_refused",
        "Linear memories in one component.";
    tables = 8, 2, 64, "tables", Some(Breach::TooManyInstances),
        "more_tables_than_allowed_are_refused",
        "Tables in one component: a Rust guest has 2.";
    stack_bytes = 512 * KIB, 64 * KIB, 1536 * KIB, "bytes", Some(Breach::OutOfStack),
        "recursion_ends_at_the_stack_bound",
        "Native stack that guest code may use. A guest's own shadow stack lies in its memory and may end sooner.";
    host_bytes_per_call = 2 * MIB, 64 * KIB, 128 * MIB, "bytes", Some(Breach::TooManyHostBytes),
        "a_huge_argument_is_not_copied",
        "Bytes that one call may hand to the host, arguments and results each.";
    handles = 512, 16, 100_000, "handles", Some(Breach::TooManyHandles),
        "handles_are_bounded",
        "Resource handles alive at once: streams, pollables, and resources of the guest's own.";
    wasi_calls = 20_000, 100, 10_000_000, "calls", Some(Breach::TooManyHostCalls),
        "wasi_calls_are_counted",
        "Calls of WASI functions. Calls of capabilities are counted one by one in the gate.";
    random_bytes_per_call = 64 * KIB, 32, 1024 * KIB, "bytes", Some(Breach::TooManyHostBytes),
        "random_bytes_are_bounded",
        "Random bytes that one call may ask for.";
    output_bytes = 64 * KIB, KIB, 16 * MIB, "bytes", None,
        "output_beyond_its_bound_is_dropped",
        "Bytes kept of what the guest prints. The rest is dropped: a full pipe would make the guest panic.";
    output_lines = 1_000, 1, 100_000, "lines", None,
        "output_lines_beyond_their_bound_are_dropped",
        "Lines kept of what the guest prints, however short they are: each becomes a row of the journal.";
    component_bytes = 64 * MIB, 64 * KIB, 256 * MIB, "bytes", None,
        "a_component_that_is_too_big_is_refused",
        "Size of a component's file. It also bounds the time and memory of compiling it.";
}

/// Whether a value is within its row of a table.
pub(crate) fn within(table: &[Limit], name: &str, value: u64) -> Result<(), LimitError> {
    match table.iter().find(|limit| limit.name == name) {
        Some(limit) if value < limit.least || value > limit.most => {
            let Limit { config_key: key, least, most, unit, .. } = *limit;
            Err(LimitError { key, value, least, most, unit })
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_limit_can_be_switched_off() {
        assert!(Limits::default().check().is_ok());
        for limit in LIMITS {
            assert!(limit.least > 0 && limit.least <= limit.value && limit.value <= limit.most, "{}", limit.name);
            for outside in [0, limit.least - 1, limit.most + 1, u64::MAX] {
                let text = format!("{{\"{}\": {outside}}}", limit.name);
                let limits: Limits = serde_json::from_str(&text).unwrap();
                let error = limits.check().unwrap_err();
                assert_eq!((error.key, error.value), (limit.config_key, outside));
            }
        }
    }

    #[test]
    fn the_least_and_the_most_of_a_limit_are_allowed() {
        for limit in LIMITS {
            for edge in [limit.least, limit.most] {
                let text = format!("{{\"{}\": {edge}}}", limit.name);
                assert_eq!(serde_json::from_str::<Limits>(&text).unwrap().check(), Ok(()), "{}", limit.name);
            }
        }
    }

    #[test]
    fn every_limit_names_a_hostile_guest_that_exists() {
        let suite = [include_str!("../tests/hostile.rs"), include_str!("../tests/refused.rs")].concat();
        for limit in LIMITS {
            assert!(suite.contains(&format!("fn {}(", limit.hostile_guest)), "{}", limit.hostile_guest);
        }
    }

    #[test]
    fn an_unknown_key_is_an_error() {
        assert!(serde_json::from_str::<Limits>("{\"feul\": 1}").is_err());
    }
}
