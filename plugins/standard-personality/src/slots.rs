//! When original posts are due: one named timer, drawn anew after every post (docs/reference/behaviour.md).
//!
//! A slot that comes before the minimum is over is lost and drawn again. Replies never use one.

use puppet_sdk::{
    interval::{Interval, hours_ms},
    prelude::*,
};

use crate::{Scene, cooldown};

/// Name of the timer.
pub const TIMER: &str = "post";

/// The first slot is drawn so long after the agent starts.
const SETTLING_MS: u64 = 10_000;

/// The agent starts: a slot that is set already stays.
pub fn start(scene: &mut Scene) -> Result<(), Failure> {
    let set = schedule::list()?.iter().any(|timer| timer.name == TIMER);
    if set { Ok(()) } else { draw_from(scene, SETTLING_MS) }
}

/// Draws the next slot.
pub fn draw(scene: &mut Scene) -> Result<(), Failure> {
    draw_from(scene, 0)
}

fn draw_from(scene: &mut Scene, after_ms: u64) -> Result<(), Failure> {
    let frequency = &scene.character.persona.behavior.post_frequency;
    let peak = frequency.peak_posting_hours.contains(&agent::local_time(scene.now).hour);
    let interval = Interval::from(frequency).draw(peak, &mut scene.random);
    Ok(schedule::once(TIMER, scene.now.plus_millis(after_ms + interval), &json!({}))?)
}

/// A slot after an error: when the cooldown is over.
pub fn draw_after_error(at: Timestamp) -> Result<(), Failure> {
    Ok(schedule::once(TIMER, at, &json!({}))?)
}

/// When an original post is allowed again; `None` where it is now.
pub fn too_soon(scene: &Scene) -> Option<Timestamp> {
    let min = hours_ms(scene.character.persona.behavior.post_frequency.min_hours_between_posts);
    let next = scene.saved.last_post_at?.plus_millis(min);
    (next > scene.now).then_some(next)
}

/// A post did not get out: its slot does not count, and the next one comes after the cooldown.
pub fn give_back(scene: &mut Scene, ended: &PostEnded) -> Result<(), Failure> {
    let reason = ended.error.as_deref().unwrap_or("no reason given");
    log::with("kind", &ended.kind).with("reason", reason).warn("not published");
    if matches!(ended.kind.as_str(), "post" | "thread") {
        scene.saved.last_post_at = scene.saved.previous_post_at;
        let at = cooldown::after_error(scene, reason.contains("rate"), None);
        draw_after_error(at)?;
    }
    Ok(())
}
