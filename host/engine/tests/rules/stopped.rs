//! A live host that is told to stop while its providers hang: it ends in time, and the next one takes up what was under way.

use std::{
    sync::{Arc, atomic::Ordering::SeqCst},
    time::{Duration, Instant},
};

use puppet_engine::{Live, SystemClock};
use puppet_store::{EffectState, EventStore as _};
use tokio::sync::watch;

use crate::{
    guest::{End, Step},
    scene::{Cast, Scene, Setting, event, everything, start},
};

const PATIENCE: Duration = Duration::from_secs(60);

async fn scene(steps: &[Step]) -> (Scene, Vec<Cast>) {
    let cast = || vec![Cast { pack: "pack", steps: steps.to_vec(), end: End::Ok, requests: everything() }];
    let setting = Setting { clock: Some(Arc::new(SystemClock)), ..Setting::default() };
    (Scene::with(setting, cast(), &["ann"]).await, cast())
}

/// Hands in an event, waits until it hangs, and tells the host to stop.
async fn stopped(scene: &Scene, hangs: impl Fn() -> bool) {
    scene.host.submit(vec![event("e1", "ann", start())]).await.unwrap();
    let live = Live { stop_timeout: Duration::from_millis(50), ..Live::default() };
    let (stop, stopping) = watch::channel(false);
    let driver = tokio::spawn(live.run(Arc::clone(&scene.host), stopping));
    let began = Instant::now();
    while !hangs() {
        assert!(began.elapsed() < PATIENCE);
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    stop.send(true).unwrap();
    tokio::time::timeout(PATIENCE, driver).await.expect("it ends, whatever hangs").unwrap().unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_effect_that_hangs_is_left_as_sent_and_the_next_host_does_not_repeat_it() {
    let (scene, cast) = scene(&[Step::PostEventId]).await;
    scene.network.hangs.store(true, SeqCst);
    stopped(&scene, || scene.network.published() == 1).await;
    let states = async |scene: &Scene| scene.effects().await.iter().map(|effect| effect.state).collect::<Vec<_>>();
    assert_eq!(states(&scene).await, [EffectState::Sent]);
    let scene = scene.again(Setting::default(), cast).await;
    scene.run_until(scene_end()).await;
    assert_eq!((states(&scene).await, scene.network.published()), (vec![EffectState::InDoubt], 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_invocation_that_hangs_has_changed_nothing_and_runs_again() {
    let (scene, cast) = scene(&[Step::Timeline, Step::PostEventId]).await;
    scene.network.hangs.store(true, SeqCst);
    stopped(&scene, || scene.network.reads.load(SeqCst) == 1).await;
    assert!(scene.effects().await.is_empty() && scene.journal().await.is_empty());
    assert_eq!(scene.store.waiting().await.unwrap().len(), 1);
    let scene = scene.again(Setting::default(), cast).await;
    scene.run_until(scene_end()).await;
    assert_eq!(scene.posted(), ["e1"]);
    assert!(scene.store.waiting().await.unwrap().is_empty());
}

/// Long after all that the system's clock has stamped.
fn scene_end() -> puppet_types::Timestamp {
    puppet_types::Timestamp::from_system().plus_millis(3_600_000)
}
