//! Who waits for the end of an event is told of it, whenever they begin to wait and whatever else happens meanwhile.

use std::{sync::Arc, time::Duration};

use puppet_engine::{Ended, Happening, invocation_of};
use puppet_store::EffectState;
use puppet_types::{EventId, InvocationId, Timestamp};

use crate::{
    guest::{End, Step},
    scene::{Cast, Scene, Setting, after, event, everything, start},
};

fn cast(pack: &'static str, end: End) -> Cast {
    Cast { pack, steps: vec![Step::PostEventId], end, requests: everything() }
}

async fn soon<T>(work: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(60), work).await.expect("it ends")
}

async fn ended(scene: &Scene, event: &str) -> Ended {
    soon(scene.host.ended(&event.into())).await.unwrap()
}

/// More happens than any watcher could keep up with.
fn much_happens(scene: &Scene) {
    for n in 0..10_000 {
        let (event, agent) = (EventId::from(format!("other-{n}")), "ann".into());
        scene.host.tell(Some(Happening::Accepted { at: start(), event, agent, kind: "news".to_owned() }));
    }
}

#[tokio::test]
async fn an_event_has_ended_for_those_who_wait_and_for_those_who_ask_afterwards() {
    let casts = vec![cast("ann", End::Ok), cast("bob", End::Failed)];
    let scene = Scene::with(Setting::default(), casts, &["ann", "bob"]).await;
    let events = vec![event("e1", "ann", start()), event("e2", "bob", start()), event("e3", "nobody", start())];
    scene.host.submit(events).await.unwrap();
    let wait = |id: &'static str| {
        let host = Arc::clone(&scene.host);
        tokio::spawn(async move { soon(host.ended(&id.into())).await.unwrap() })
    };
    let waiting = [wait("e1"), wait("e2"), wait("e3"), wait("e1")];
    tokio::task::yield_now().await;
    much_happens(&scene);
    scene.run_until(after(60_000)).await;
    let ok = Ended::Invoked { invocation: invocation_of(&"e1".into(), &"ann".into()), outcome: "ok" };
    let failed = Ended::Invoked { invocation: invocation_of(&"e2".into(), &"bob".into()), outcome: "failed" };
    let given_up = Ended::GivenUp { reason: "no-agent".to_owned() };
    for (waiting, expected) in waiting.into_iter().zip([&ok, &failed, &given_up, &ok]) {
        assert_eq!(waiting.await.unwrap(), *expected);
    }
    for (id, expected) in [("e1", ok), ("e2", failed), ("e3", given_up), ("never", Ended::Forgotten)] {
        assert_eq!(ended(&scene, id).await, expected, "{id}, afterwards");
    }
}

#[tokio::test]
async fn effects_are_waited_for_as_long_as_something_comes_of_them() {
    let scene = Scene::of(cast("pack", End::Ok)).await;
    let nothing_waits = |invocation: InvocationId, until| {
        let host = Arc::clone(&scene.host);
        async move { soon(host.effects_ended(&invocation, until)).await.unwrap() }
    };
    let invocation = invocation_of(&"e1".into(), &"pack".into());
    scene.host.submit(vec![event("e1", "ann", start())]).await.unwrap();
    let host = Arc::clone(&scene.host);
    let told = tokio::spawn(async move { host.ended(&"e1".into()).await });
    // To the commit, and not so far that anything leaves.
    scene.host.halt(None).await.unwrap();
    scene.run_until(after(60_000)).await;
    assert!(matches!(soon(told).await.unwrap().unwrap(), Ended::Invoked { outcome: "ok", .. }));
    assert_eq!(scene.effects().await[0].state, EffectState::Waiting);
    // Halted: nobody waits for it.
    nothing_waits(invocation.clone(), after(3_600_000)).await;
    scene.host.resume().await.unwrap();
    // Nothing comes of it before the end of the wait.
    nothing_waits(invocation.clone(), Timestamp::from_millis(start().as_millis() - 1)).await;
    let left = tokio::spawn(nothing_waits(invocation, after(3_600_000)));
    tokio::task::yield_now().await;
    assert!(!left.is_finished());
    much_happens(&scene);
    scene.run_until(after(120_000)).await;
    soon(left).await.unwrap();
    assert_eq!(scene.effects().await[0].state, EffectState::Done);
}
