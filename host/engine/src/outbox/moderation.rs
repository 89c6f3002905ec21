//! A look at what is about to be posted, where the operator wants one: before an attempt begins, so that what waits for
//! the one who looks is not tried, counts no attempt and keeps its place. Nothing leaves unseen.

use std::sync::{
    Arc, OnceLock,
    atomic::{AtomicBool, Ordering},
};

use puppet_llm::Moderator;
use puppet_store::Effect;
use puppet_tweet::Action;
use puppet_types::{Code, Timestamp};

use crate::host::Host;

/// Until it is asked again that could not look.
const AGAIN_MS: u64 = 30_000;
/// Longest that one may ask us to wait.
const LONGEST_MS: u64 = 600_000;

/// Who looks; nobody where nobody was named.
#[derive(Default)]
pub(crate) struct Moderation {
    moderator: OnceLock<Arc<dyn Moderator>>,
    /// It was told that nobody answers.
    told: AtomicBool,
}

impl Host {
    /// Lets somebody look at every text before it leaves. For a host's life: the first one named stays.
    pub fn moderate_with(&self, moderator: Arc<dyn Moderator>) {
        let _ = self.moderation.moderator.set(moderator);
    }
}

/// What an action becomes: the same; why it will never be done; or when to look again.
pub(super) async fn looked_at(
    host: &Host,
    effect: &Effect,
    at: Timestamp,
    action: Action,
) -> Result<Result<Action, String>, Timestamp> {
    let Moderation { moderator, told } = &host.moderation;
    let texts = texts(&action);
    let Some(moderator) = moderator.get().filter(|_| !texts.is_empty()) else { return Ok(Ok(action)) };
    match moderator.look(&texts).await {
        Ok(categories) => {
            if told.swap(false, Ordering::Relaxed) {
                tracing::info!("moderation answers again: what waited for it goes on");
            }
            if categories.is_empty() {
                return Ok(Ok(action));
            }
            tracing::info!(effect = %effect.id, agent = %effect.agent, ?categories, "moderation keeps a text back");
            Ok(Err(format!("moderation: {}", categories.join(", "))))
        }
        // It will say the same of this text whenever it is asked.
        Err(error) if matches!(error.code, Code::InvalidInput | Code::Refused) => {
            Ok(Err(format!("moderation cannot look at it: {}", error.message)))
        }
        Err(error) => {
            if !told.swap(true, Ordering::Relaxed) {
                tracing::warn!(%error, "moderation does not answer: what is to be posted waits");
            }
            let wait = error.retry_after_ms.unwrap_or(AGAIN_MS).clamp(1, LONGEST_MS);
            Err(at.plus_millis(wait))
        }
    }
}

/// What others would read.
fn texts(action: &Action) -> Vec<String> {
    match action {
        Action::Post { text, images } | Action::Reply { text, images, .. } => {
            let described = images.iter().map(|image| image.alt_text.clone());
            std::iter::once(text.clone()).chain(described).filter(|text| !text.trim().is_empty()).collect()
        }
        Action::Thread { parts } => parts.iter().filter(|part| !part.is_empty()).cloned().collect(),
        Action::Quote { text, .. } => vec![text.clone()],
        Action::Like { .. } | Action::Delete { .. } => Vec::new(),
    }
}
