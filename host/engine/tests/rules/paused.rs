//! An agent that is paused: its mail waits under its bound, also over a restart, and what it decided leaves.

use puppet_engine::{Happening, Mailbox, Overflow};
use puppet_store::{AgentStore as _, EventStore as _};
use puppet_types::AgentId;

use crate::{
    guest::{End, Step},
    scene::{Cast, HOUR, Scene, Setting, after, effect, event, everything, start},
};

fn cast() -> Vec<Cast> {
    vec![Cast { pack: "pack", steps: vec![Step::PostEventId], end: End::Ok, requests: everything() }]
}

fn setting() -> Setting {
    Setting { mailbox: Mailbox { waiting: 2, overflow: Overflow::Oldest }, ..Setting::default() }
}

/// As a host does that begins on a folder.
async fn taken_up(scene: &Scene) {
    for row in scene.store.agents().await.unwrap() {
        scene.host.take_up_pause(&row);
    }
}

#[tokio::test]
async fn its_mail_waits_under_its_bound_and_what_it_decided_leaves() {
    let scene = Scene::with(setting(), cast(), &["ann", "bob"]).await;
    let ann = AgentId::new("ann");
    let mut watcher = scene.host.watch();
    let paused = scene.host.pause(&ann, "cli", Some("tea".to_owned())).await.unwrap().unwrap();
    assert_eq!((paused.since, paused.by.as_str(), paused.reason.as_deref()), (start(), "cli", Some("tea")));
    let again = scene.host.pause(&ann, "other", None).await.unwrap().unwrap();
    assert_eq!(again, paused, "it keeps its time and its reason");
    assert_eq!(scene.host.pause(&"nobody".into(), "cli", None).await.unwrap(), None);
    let post = puppet_types::Decision::Post { text: "decided before".into(), images: Vec::new() };
    scene.host.apply(vec![puppet_store::Change::Effect(effect("f1", "ann", 0, post))]).await.unwrap();
    let mail = (1..=3).map(|n| event(&format!("e{n}"), "ann", after(n * 1_000)));
    scene.host.submit(mail.chain([event("b1", "bob", after(500))]).collect()).await.unwrap();
    scene.run_until(after(3 * HOUR)).await;
    assert_eq!(scene.posted(), ["decided before", "b1"], "nobody else waits");
    let letters = scene.store.dead_letters(9).await.unwrap();
    assert_eq!(
        letters.iter().map(|letter| (letter.event.id.as_str(), letter.reason.as_str())).collect::<Vec<_>>(),
        [("e1", "mailbox-full")]
    );

    let scene = {
        let scene = scene.again(setting(), cast()).await;
        taken_up(&scene).await;
        scene
    };
    assert_eq!(scene.host.paused(&ann), Some(paused), "a restart changes nothing");
    scene.run_until(after(4 * HOUR)).await;
    assert_eq!(scene.journal().await.len(), 1);
    assert_eq!(scene.host.go_on(&ann, "cli").await.unwrap(), Some(true));
    assert_eq!(scene.host.go_on(&ann, "cli").await.unwrap(), Some(false));
    scene.run_until(after(4 * HOUR + 60_000)).await;
    assert_eq!(scene.posted(), ["e2", "e3"], "at once, in their order");

    let scene = scene.again(setting(), cast()).await;
    taken_up(&scene).await;
    assert_eq!(scene.host.paused(&ann), None);
    let mut told = Vec::new();
    while let Ok(happening) = watcher.try_recv() {
        if let Happening::Paused { agent, paused, by, .. } = happening {
            told.push((agent.to_string(), paused.is_some(), by));
        }
    }
    assert_eq!(told, [("ann".to_owned(), true, "cli".to_owned())], "once");
}

#[tokio::test]
async fn whoever_changes_its_row_meanwhile_does_not_let_it_go_on() {
    let scene = Scene::with(setting(), cast(), &["ann"]).await;
    let ann = AgentId::new("ann");
    let paused = scene.host.pause(&ann, "cli", None).await.unwrap();
    let row = scene.host.change_row(&ann, |body| *body = serde_json::json!({"plugin": "pack", "owner": "bob"})).await;
    assert_eq!(row.unwrap().unwrap().body["owner"], "bob");
    let again = scene.again(setting(), cast()).await;
    taken_up(&again).await;
    assert_eq!(again.host.paused(&ann), paused);
}
