//! From a decision to the order that a provider gets: decisions that it refers to become the ids of their posts.

use puppet_store::{Effect, EffectState, StoreError};
use puppet_tweet::{Action, Order};
use puppet_types::{Decision, PostId, PostRef, Timestamp};

use crate::host::Host;

/// Why there is no order of a decision.
pub(crate) enum NoOrder {
    /// The decision that it is about has not been published yet: it is tried, or is going to be.
    Yet,
    /// There will be none.
    Ever(String),
}

/// An action of an effect.
pub(super) fn order(effect: &Effect, at: Timestamp, action: Action) -> Order {
    let (id, account) = (effect.id.clone(), effect.account.clone());
    let of_thread = matches!(effect.body, Decision::Thread { .. });
    Order { effect: id, account, at, hops: effect.hops, of_thread, action }
}

/// The provider's order of a decision, with earlier decisions replaced by the ids they got.
pub(crate) async fn action(host: &Host, effect: &Effect) -> Result<Result<Action, NoOrder>, StoreError> {
    if effect.body.is_forgotten() {
        return Ok(Err(NoOrder::Ever("what it said was forgotten".to_owned())));
    }
    let resolve = |reference: &PostRef| {
        let reference = reference.clone();
        async move {
            match reference {
                PostRef::Id(id) => Ok(Ok(id)),
                PostRef::Decision(n) => published_by(host, effect, n).await,
            }
        }
    };
    macro_rules! id {
        ($reference:expr) => {
            match resolve($reference).await? {
                Ok(id) => id,
                Err(reason) => return Ok(Err(reason)),
            }
        };
    }
    Ok(Ok(match &effect.body {
        Decision::Post { text, images } => Action::Post { text: text.clone(), images: images.clone() },
        Decision::Thread { parts } => Action::Thread { parts: parts.clone() },
        Decision::Reply { to, text, images } => {
            Action::Reply { to: id!(to), text: text.clone(), images: images.clone() }
        }
        Decision::Quote { of, text } => Action::Quote { of: id!(of), text: text.clone() },
        Decision::Like { of } => Action::Like { of: id!(of) },
        Decision::Delete { of } => Action::Delete { of: id!(of) },
        other => return Ok(Err(NoOrder::Ever(format!("`{}` is no outside effect", other.kind())))),
    }))
}

async fn published_by(host: &Host, effect: &Effect, n: u32) -> Result<Result<PostId, NoOrder>, StoreError> {
    let effects = host.store.effects_of(&effect.invocation).await?;
    let earlier = effects.into_iter().find(|other| other.n == n);
    if earlier.as_ref().is_some_and(Effect::is_open) {
        return Ok(Err(NoOrder::Yet));
    }
    if earlier.as_ref().is_some_and(|earlier| earlier.doubt.is_some()) {
        return Ok(Err(NoOrder::Ever(format!("nobody knows whether decision {n} was published"))));
    }
    // Some parts of a thread are not the thread.
    let id = earlier.filter(|other| other.state == EffectState::Done).and_then(|other| other.provider_id);
    // Of a thread the last part is the one that is answered.
    let last = id.as_deref().and_then(|ids| ids.rsplit(',').next()).filter(|id| !id.is_empty());
    Ok(last.map(PostId::new).ok_or_else(|| NoOrder::Ever(format!("decision {n} was not published"))))
}
