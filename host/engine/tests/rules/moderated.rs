//! What is looked at before it leaves: what is flagged never does, and where nobody can look nothing does.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicBool, Ordering::SeqCst},
};

use async_trait::async_trait;
use puppet_llm::Moderator;
use puppet_store::{EffectState, OutboxStore as _};
use puppet_types::{CallError, Code};

use crate::{
    guest::{End, Step},
    scene::{Cast, Scene, Setting, after, event, everything, start},
};

/// Flags what holds a word, and is away when it is told to.
#[derive(Default)]
struct Looks {
    away: AtomicBool,
    seen: Mutex<Vec<Vec<String>>>,
}

#[async_trait]
impl Moderator for Looks {
    async fn look(&self, texts: &[String]) -> Result<Vec<String>, CallError> {
        if self.away.load(SeqCst) {
            return Err(CallError::new(Code::ProviderUnavailable, "nobody is there"));
        }
        self.seen.lock().unwrap().push(texts.to_vec());
        let bad = texts.iter().any(|text| text.contains("e2"));
        Ok(if bad { vec!["hate".to_owned(), "violence".to_owned()] } else { Vec::new() })
    }
}

async fn scene(steps: Vec<Step>) -> (Scene, Arc<Looks>) {
    let casts = vec![Cast { pack: "pack", steps, end: End::Ok, requests: everything() }];
    let scene = Scene::with(Setting::default(), casts, &["ann"]).await;
    let looks = Arc::new(Looks::default());
    scene.host.moderate_with(Arc::clone(&looks) as _);
    (scene, looks)
}

/// State, attempts and reason of every effect.
async fn effects(scene: &Scene) -> Vec<(EffectState, u32, Option<String>)> {
    let states = [EffectState::Waiting, EffectState::Sent, EffectState::Done, EffectState::Failed];
    let effects = scene.store.effects(&states).await.unwrap();
    effects.into_iter().map(|effect| (effect.state, effect.attempts, effect.reason)).collect()
}

#[tokio::test]
async fn what_is_flagged_never_leaves_and_the_rest_does() {
    let (scene, looks) = scene(vec![Step::PostEventId]).await;
    scene.host.submit(["e1", "e2", "e3"].map(|id| event(id, "ann", start())).into()).await.unwrap();
    scene.run_until(after(60_000)).await;
    let reason = "refused: moderation: hate, violence".to_owned();
    let done = (EffectState::Done, 1, None);
    // The last one is about the one that failed: the agent hears of it.
    let expected = [done.clone(), (EffectState::Failed, 1, Some(reason)), done.clone(), done];
    assert_eq!(effects(&scene).await, expected);
    assert_eq!(scene.network.published(), 3, "what is flagged was never sent");
    assert_eq!(looks.seen.lock().unwrap().len(), 4);
}

#[tokio::test]
async fn where_nobody_can_look_everything_waits_and_nothing_is_lost() {
    let (scene, looks) = scene(vec![Step::PostEventId]).await;
    looks.away.store(true, SeqCst);
    scene.host.submit(vec![event("e1", "ann", start())]).await.unwrap();
    scene.run_until(after(600_000)).await;
    assert_eq!(effects(&scene).await, [(EffectState::Waiting, 0, None)], "no attempt is counted");
    assert_eq!(scene.network.published(), 0);
    looks.away.store(false, SeqCst);
    scene.run_until(after(700_000)).await;
    assert_eq!((effects(&scene).await, scene.network.published()), (vec![(EffectState::Done, 1, None)], 1));
}

#[tokio::test]
async fn what_says_nothing_to_anybody_is_not_looked_at() {
    let (scene, looks) = scene(vec![Step::Like("42")]).await;
    looks.away.store(true, SeqCst);
    scene.host.submit(vec![event("e1", "ann", start())]).await.unwrap();
    scene.run_until(after(60_000)).await;
    assert_eq!((scene.network.published(), looks.seen.lock().unwrap().len()), (1, 0));
}
