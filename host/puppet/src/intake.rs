//! What comes in from outside about posts that are not of the local timeline: one that was seen to before is not handed
//! over a second time. Whoever takes in mentions of another network asks here first.

use puppet_store::PastStore;
use puppet_types::{Event, PostId};

use crate::trouble::{Result, Trouble};

/// The local timeline, whose posts have ids of their own.
const LOCAL: &str = "local";

/// Refuses events about posts that were seen to before.
pub async fn check(store: &dyn PastStore, events: &[Event]) -> Result<()> {
    let posts: Vec<PostId> = events.iter().filter_map(foreign_post).collect();
    if posts.is_empty() {
        return Ok(());
    }
    let Some(post) = store.seen(&posts).await?.into_iter().next() else { return Ok(()) };
    let message = format!("post {post} was seen to before this deployment");
    Err(Trouble::refused("already-seen", message, "nothing is to be done: it would be answered a second time"))
}

/// Whether events of this kind bring a post.
pub fn is_about_a_post(kind: &str) -> bool {
    matches!(kind, "mention" | "timeline_post")
}

/// The post of another network that an event is about.
fn foreign_post(event: &Event) -> Option<PostId> {
    let id = event.payload.get("post")?.get("id")?.as_str()?;
    (is_about_a_post(&event.kind) && event.source != LOCAL).then(|| PostId::new(id))
}
