//! A mood that the operator moves: on the agent's line, durable, in the journal, and without a call of the plugin.

use std::{sync::Arc, time::Duration};

use puppet_engine::{HOST_MOOD, Live, ReplayError, ShiftError, replay, shift_event};
use puppet_store::AgentStore as _;
use puppet_types::{AgentId, Event, Mood, Outcome, Priority};
use tokio::sync::watch;

use crate::{
    guest::{End, Step},
    live::Standing,
    scene::{Cast, Scene, Setting, after, event, everything, start},
};

fn shift(valence: f64, arousal: f64, dominance: f64) -> Mood {
    Mood { valence, arousal, dominance }
}

fn cast(end: End) -> Vec<Cast> {
    vec![Cast { pack: "pack", steps: vec![Step::ShiftMood, Step::PostEventId], end, requests: everything() }]
}

#[tokio::test]
async fn it_is_added_and_clamped_and_stands_in_the_journal() {
    let scene = Scene::with(Setting::default(), cast(End::Ok), &["ann"]).await;
    let ann = AgentId::new("ann");
    scene.host.pause(&ann, "cli", None).await.unwrap();
    let entry = scene.handle(shift_event("m1".into(), ann.clone(), shift(0.4, 0.25, 2.0), start())).await;
    let invocation = &entry.invocation;
    assert_eq!((&invocation.outcome, invocation.fuel, invocation.plugin.id.as_str()), (&Outcome::Ok, 0, "host"));
    assert_eq!((invocation.event.kind.as_str(), invocation.decisions[0].decision.kind()), (HOST_MOOD, "shift_mood"));
    assert_eq!(scene.host.mood(&ann).await.unwrap(), shift(0.4, 0.25, 1.0), "also of one that is paused");
    scene.handle(shift_event("m2".into(), ann.clone(), shift(-2.0, 0.0, -0.25), after(60_000))).await;
    assert_eq!(scene.store.mood(&ann).await.unwrap().unwrap().0, shift(-1.0, 0.25, 0.75));
    assert!(scene.posted().is_empty(), "no plugin was called");
    let rerun = replay(&scene.host, invocation).await;
    assert!(matches!(rerun, Err(ReplayError::Unreplayable(..))), "{rerun:?}");
}

/// A live host: the answer comes when it is durable, after what is under way, and once for each id.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_asks_is_answered_with_the_mood_as_it_is_then() {
    let setting = Setting { clock: Some(Arc::new(Standing(after(1_000)))), ..Setting::default() };
    let scene = Scene::with(setting, cast(End::Ok), &["ann"]).await;
    let ann = AgentId::new("ann");
    let (stop, stopped) = watch::channel(false);
    let driver = tokio::spawn(Live::default().run(Arc::clone(&scene.host), stopped));
    let shifted = |id: &str, by| {
        let (host, id, ann) = (Arc::clone(&scene.host), id.into(), ann.clone());
        async move {
            tokio::time::timeout(Duration::from_secs(60), host.shift_mood(id, &ann, shift(by, 0.0, 0.0))).await.unwrap()
        }
    };
    assert_eq!(shifted("m1", 0.25).await.unwrap().valence, 0.25);
    assert_eq!(shifted("m1", 0.25).await.unwrap().valence, 0.25, "the same wish moves nothing a second time");
    let unknown = scene.host.shift_mood("m2".into(), &"nobody".into(), shift(0.1, 0.0, 0.0)).await;
    assert!(matches!(unknown, Err(ShiftError::Unknown(id)) if id.as_str() == "nobody"));
    // Beside the plugin, which adds its own to the same mood: none of them is lost.
    let news = |n: u32| Event { priority: Priority::Normal, ..event(&format!("e{n}"), "ann", start()) };
    let before = scene.host.mood(&ann).await.unwrap().valence;
    let (one, two) = (shifted("m3", -0.125), shifted("m4", -0.25));
    let (sent, one, two) = tokio::join!(scene.host.submit((0..2).map(news).collect()), one, two);
    assert!(sent.is_ok() && one.is_ok() && two.is_ok());
    let all = async {
        while scene.journal().await.len() < 5 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), all).await.unwrap();
    let now = scene.host.mood(&ann).await.unwrap().valence;
    assert_eq!((before, now), (0.25, 0.25 - 0.375 + 2.0 * 0.25));
    stop.send(true).unwrap();
    driver.await.unwrap().unwrap();
}
