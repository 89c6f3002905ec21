//! Repetition avoidance: what was written last, and topics that take turns.

use puppet_sdk::prelude::*;

use crate::Scene;

/// What it wrote last, newest first. Where that cannot be read it is written without: an agent that may repeat itself once
/// is better than one that says nothing.
pub fn recent(limit: u32) -> Vec<String> {
    match tweet::own_posts(limit) {
        Ok(posts) => posts.into_iter().map(|post| post.text).collect(),
        Err(error) => {
            log::with("code", &error.code)
                .with("error", error)
                .warn("its own posts cannot be read: written without them");
            Vec::new()
        }
    }
}

/// An interest that had no turn lately; any where all had; none where the persona has no interests.
pub fn next_topic(scene: &mut Scene) -> Option<String> {
    let interests = &scene.character.persona.personality.interests;
    let used = &scene.saved.topics;
    let recent = used.len().min(interests.len().saturating_sub(1));
    let blocked = &used[used.len() - recent..];
    let fresh: Vec<&String> = interests.iter().filter(|interest| !blocked.contains(interest)).collect();
    scene.random.pick(&fresh).map(|topic| (*topic).clone())
}
