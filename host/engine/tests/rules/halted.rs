//! The operator's stop: while it stands nothing leaves, whatever is decided, and also after a restart.

use std::{sync::Arc, time::Duration};

use puppet_engine::{Happening, Live};
use puppet_store::{Change, EffectState, HaltStore as _};
use puppet_types::Decision;
use tokio::sync::watch;

use crate::{
    guest::{End, Step},
    live::Standing,
    scene::{Cast, Scene, Setting, after, effect, event, everything, start},
};

fn cast() -> Vec<Cast> {
    vec![Cast { pack: "pack", steps: vec![Step::PostEventId], end: End::Ok, requests: everything() }]
}

async fn waiting(scene: &Scene) -> usize {
    scene.effects().await.iter().filter(|effect| effect.state == EffectState::Waiting && effect.attempts == 0).count()
}

#[tokio::test]
async fn what_is_decided_meanwhile_waits_also_over_restarts_and_leaves_in_its_order() {
    let scene = Scene::with(Setting::default(), cast(), &["ann"]).await;
    let halt = scene.host.halt(Some("a fire".to_owned())).await.unwrap();
    assert_eq!((halt.since, halt.reason.as_deref()), (start(), Some("a fire")));
    scene.host.submit(vec![event("e1", "ann", start()), event("e2", "ann", after(5_000))]).await.unwrap();
    scene.run_until(after(60_000)).await;
    assert_eq!((scene.journal().await.len(), scene.posted().len(), waiting(&scene).await), (2, 0, 2));

    let scene = scene.again(Setting::default(), cast()).await;
    assert_eq!(scene.host.halted(), Some(halt.clone()), "a restart changes nothing");
    scene.host.submit(vec![event("e3", "ann", after(60_000))]).await.unwrap();
    scene.run_until(after(120_000)).await;
    assert_eq!((scene.journal().await.len(), scene.posted().len(), waiting(&scene).await), (3, 0, 3));
    assert_eq!(scene.host.halt(None).await.unwrap(), halt, "it keeps its time and its reason");

    scene.host.resume().await.unwrap();
    assert_eq!((scene.host.halted(), scene.store.halted().await.unwrap()), (None, None));
    scene.run_until(after(180_000)).await;
    assert_eq!(scene.posted(), ["e1", "e2", "e3"]);
    let scene = scene.again(Setting::default(), cast()).await;
    assert_eq!(scene.host.halted(), None);
}

/// The row is what counts, also where nobody told this host of it.
#[tokio::test]
async fn no_attempt_begins_once_the_row_is_there() {
    let scene = Scene::with(Setting::default(), cast(), &["ann"]).await;
    scene.host.submit(vec![event("e1", "ann", start())]).await.unwrap();
    scene.on_file("INSERT INTO halt (only, since, reason) VALUES (1, 7, NULL)");
    scene.run_until(after(60_000)).await;
    assert_eq!((scene.posted().len(), waiting(&scene).await), (0, 1));
    assert_eq!(scene.host.halted().map(|halt| halt.since.as_millis()), Some(7));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_live_host_stops_and_goes_on_when_it_is_told() {
    let setting = Setting { clock: Some(Arc::new(Standing(after(1_000)))), ..Setting::default() };
    let scene = Scene::with(setting, cast(), &["ann", "bob"]).await;
    let post = || Decision::Post { text: "hello".into(), images: Vec::new() };
    let due = [("f1", "ann"), ("f2", "bob"), ("f3", "ann")];
    let due = due.into_iter().enumerate().map(|(n, (id, agent))| Change::Effect(effect(id, agent, n as u32, post())));
    let mut watcher = scene.host.watch();
    scene.host.halt(None).await.unwrap();
    scene.host.apply(due.collect()).await.unwrap();
    scene.host.submit(vec![event("e1", "ann", start())]).await.unwrap();
    let (stop, stopped) = watch::channel(false);
    let driver = tokio::spawn(Live::default().run(Arc::clone(&scene.host), stopped));
    let mut next = async || tokio::time::timeout(Duration::from_secs(60), watcher.recv()).await.unwrap().unwrap();
    assert!(matches!(next().await, Happening::Halted { halt: Some(_), .. }));
    assert!(matches!(next().await, Happening::Accepted { event, .. } if event.as_str() == "e1"));
    assert!(matches!(next().await, Happening::Invoked { .. }), "what is decided is committed");
    assert!(scene.posted().is_empty());
    scene.host.resume().await.unwrap();
    assert!(matches!(next().await, Happening::Halted { halt: None, .. }), "nothing else has happened");
    for _ in 0..3 {
        assert!(matches!(next().await, Happening::Effect { state: EffectState::Done, .. }));
    }
    stop.send(true).unwrap();
    driver.await.unwrap().unwrap();
    assert_eq!(scene.posted().len(), 3, "that of the event is not due on this clock");
}
