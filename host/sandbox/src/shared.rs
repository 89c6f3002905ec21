//! What bounds all invocations together, from one table: room in the pool, and when a version that breaches has to
//! wait. Each has a least and a most: none can be switched off. Limits of one invocation: `limits`.

use puppet_types::Limit;

use crate::{LimitError, Pool, StrikeRules, limits::within};

macro_rules! shared {
    ($($section:literal $name:ident = $least:expr, $value:expr, $most:expr, $unit:literal, $guest:literal, $about:literal;)+) => {
        /// The table. Nobody is punished for what others take.
        pub const SHARED: &[Limit] = &[$(Limit {
            name: stringify!($name),
            value: $value,
            least: $least,
            most: $most,
            unit: $unit,
            config_key: concat!("sandbox.", $section, ".", stringify!($name)),
            breach: None,
            hostile_guest: $guest,
            about: $about,
        }),+];
    };
}

shared! {
    "pool" slots = 1, 1_000, 10_000, "instances",
        "a_full_pool_waits_and_never_fails",
        "Instances alive at once, those that wait for an answer included. A call beyond it waits its turn.";
    "pool" live_bytes = 64 << 10, 4 << 30, 1 << 44, "bytes",
        "a_hog_of_live_bytes_makes_the_next_call_wait",
        "Guest memory in use at once, over all instances. A call beyond it waits its turn.";
    "pool" yield_interval = 1_000, 1_000_000, 1_000_000_000, "instructions",
        "a_spinning_guest_does_not_delay_another_beyond_its_share",
        "Instructions after which a guest lets others have its thread.";
    "strikes" back_off_minutes = 1, 60, 10_080, "minutes",
        "each_strike_backs_off_for_longer_and_each_event_ends_with_its_reason",
        "The longest that a version waits after a breach: 1 minute after the first, then 5, 15, 30, 60.";
    "strikes" quarantine_after = 1, 10, 1_000, "strikes",
        "a_version_that_fails_everywhere_is_quarantined_and_its_mail_waits",
        "Breaches within the window after which a version runs no more until it is released.";
    "strikes" window_minutes = 1, 60, 10_080, "minutes",
        "a_version_that_fails_now_and_then_is_never_quarantined",
        "The window in which breaches are counted, and the time without one after which all are forgiven.";
}

impl Pool {
    /// Whether every value is within its row of the table.
    pub fn check(&self) -> Result<(), LimitError> {
        within(SHARED, "slots", u64::from(self.slots))?;
        within(SHARED, "live_bytes", self.live_bytes)?;
        within(SHARED, "yield_interval", self.yield_interval)
    }
}

impl StrikeRules {
    /// Whether every value is within its row of the table.
    pub fn check(&self) -> Result<(), LimitError> {
        // None at all would be no back-off.
        let waits = if self.back_off_minutes.is_empty() { &[0][..] } else { &self.back_off_minutes };
        waits.iter().try_for_each(|minutes| within(SHARED, "back_off_minutes", *minutes))?;
        within(SHARED, "quarantine_after", u64::from(self.quarantine_after))?;
        within(SHARED, "window_minutes", self.window_minutes)
    }
}

/// The values in force, in the order of the table.
pub fn shared(pool: &Pool, strikes: &StrikeRules) -> Vec<(&'static Limit, u64)> {
    let values = [
        u64::from(pool.slots),
        pool.live_bytes,
        pool.yield_interval,
        strikes.back_off_minutes.iter().copied().max().unwrap_or(0),
        u64::from(strikes.quarantine_after),
        strikes.window_minutes,
    ];
    SHARED.iter().zip(values).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_has_the_defaults_and_each_value_its_key() {
        assert_eq!(shared(&Pool::default(), &StrikeRules::default()).len(), SHARED.len());
        for (limit, value) in shared(&Pool::default(), &StrikeRules::default()) {
            assert_eq!(limit.value, value, "{}", limit.config_key);
            assert!(limit.config_key.ends_with(&format!(".{}", limit.name)), "{}", limit.config_key);
        }
        assert!(Pool::default().check().is_ok() && StrikeRules::default().check().is_ok());
    }

    #[test]
    fn nothing_that_is_shared_can_be_switched_off() {
        for limit in SHARED {
            for outside in [0, limit.least - 1, limit.most + 1] {
                let value =
                    if limit.name == "back_off_minutes" { format!("[1, {outside}]") } else { outside.to_string() };
                let text = format!("{{\"{}\": {value}}}", limit.name);
                let checked = match limit.config_key.contains(".pool.") {
                    true => serde_json::from_str::<Pool>(&text).unwrap().check(),
                    false => serde_json::from_str::<StrikeRules>(&text).unwrap().check(),
                };
                let error = checked.unwrap_err();
                assert_eq!((error.key, error.value), (limit.config_key, outside));
            }
        }
        let none = StrikeRules { back_off_minutes: Vec::new(), ..StrikeRules::default() };
        assert_eq!(none.check().unwrap_err().value, 0);
    }
}
