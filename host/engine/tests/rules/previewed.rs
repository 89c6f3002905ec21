//! An event through a plugin with what costs nothing in the place of providers: what it would ask is seen, and nobody is
//! asked.

use std::sync::atomic::Ordering::SeqCst;

use puppet_engine::preview_offline;
use puppet_grants::{Amount, Period};
use puppet_types::{Capability, ReadStatus};

use crate::{
    guest::{End, Step},
    scene::{Cast, Scene, Setting, amount, event, everything, start},
};

#[tokio::test]
async fn it_asks_nobody_and_pays_nothing() {
    let requests = amount(everything(), Capability::Llm, Amount::Tokens, Period::Day, 1);
    let cast = Cast { pack: "pack", steps: vec![Step::PostAnswer], end: End::Ok, requests: requests.clone() };
    let scene = Scene::with(Setting::default(), vec![cast], &["ann"]).await;
    let before = scene.rows();
    let seen = preview_offline(&scene.host, event("e1", "ann", start())).await.unwrap().unwrap();
    let asked = seen.reads.iter().find(|read| read.capability == Capability::Llm).unwrap();
    assert_eq!((asked.operation.as_str(), asked.status), ("complete", ReadStatus::Budget), "its amounts hold here too");
    assert!(asked.request.as_str().contains("messages"), "{}", asked.request.as_str());
    assert_eq!(scene.model.asked.load(SeqCst), 0);
    assert_eq!(scene.rows(), before, "nothing is written");

    let cast = Cast { pack: "pack", steps: vec![Step::PostAnswer], end: End::Ok, requests: everything() };
    let scene = Scene::with(Setting::default(), vec![cast], &["ann"]).await;
    let seen = preview_offline(&scene.host, event("e1", "ann", start())).await.unwrap().unwrap();
    assert_eq!((seen.reads[0].status, seen.decisions.len()), (ReadStatus::Ok, 1), "{seen:?}");
    assert_eq!((scene.model.asked.load(SeqCst), scene.posted().len()), (0, 0));
    assert!(preview_offline(&scene.host, event("e1", "nobody", start())).await.unwrap().is_none());
}
