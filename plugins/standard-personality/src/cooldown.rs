//! How long the agent keeps quiet after errors of the model or the network (docs/reference/behaviour.md).

use puppet_sdk::{prelude::*, time::MINUTE_MS};

use crate::Scene;

/// Minutes by errors in a row.
const MINUTES: [u64; 5] = [1, 5, 15, 30, 60];
/// The least after a rate limit.
const RATE_LIMITED_MINUTES: u64 = 15;

/// Minutes to wait after so many errors in a row.
pub fn minutes(errors: u32, rate_limited: bool) -> u64 {
    let step = (errors.max(1) as usize - 1).min(MINUTES.len() - 1);
    if rate_limited { MINUTES[step].max(RATE_LIMITED_MINUTES) } else { MINUTES[step] }
}

/// Counts an error. Answers when the agent may speak again.
pub fn after_error(scene: &mut Scene, rate_limited: bool, at_least_ms: Option<u64>) -> Timestamp {
    scene.saved.errors += 1;
    let wait = (minutes(scene.saved.errors, rate_limited) * MINUTE_MS).max(at_least_ms.unwrap_or(0));
    let until = scene.now.plus_millis(wait);
    scene.saved.quiet_until = Some(until);
    until
}

/// Counts an error of the model.
pub fn after_call_error(scene: &mut Scene, error: &CallError) -> Timestamp {
    log::with("code", &error.code).with("error", error).warn("the model gave no text");
    after_error(scene, error.is("rate-limited"), error.retry_after_ms)
}

/// Something worked.
pub fn over(scene: &mut Scene) {
    scene.saved.errors = 0;
    scene.saved.quiet_until = None;
}

/// Until when the agent keeps quiet.
pub fn quiet(scene: &Scene) -> Option<Timestamp> {
    scene.saved.quiet_until.filter(|until| *until > scene.now)
}

#[cfg(test)]
mod tests {
    use super::minutes;

    #[test]
    fn grows_with_errors_in_a_row() {
        let plain: Vec<u64> = (1..=7).map(|errors| minutes(errors, false)).collect();
        assert_eq!(plain, [1, 5, 15, 30, 60, 60, 60]);
        let limited: Vec<u64> = (1..=5).map(|errors| minutes(errors, true)).collect();
        assert_eq!(limited, [15, 15, 15, 30, 60]);
    }
}
