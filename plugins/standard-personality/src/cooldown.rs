//! How long the agent keeps quiet after errors of the model or the network (docs/reference/behaviour.md).

use puppet_sdk::{interval::backoff_minutes, prelude::*, time::MINUTE_MS};

use crate::Scene;

/// Counts an error. Answers when the agent may speak again.
pub fn after_error(scene: &mut Scene, rate_limited: bool, at_least_ms: Option<u64>) -> Timestamp {
    scene.saved.errors += 1;
    let wait = (backoff_minutes(scene.saved.errors, rate_limited) * MINUTE_MS).max(at_least_ms.unwrap_or(0));
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
