//! What the operator does not want kept, and what a plugin forgets: it leads to all that it led to before, is not in
//! the journal, and its record says that it cannot be run again.

use std::{
    sync::{Arc, atomic::Ordering::SeqCst},
    time::Duration,
};

use puppet_engine::{Live, REDACTED, Redaction, ReplayError, replay};
use puppet_grants::CallBounds;
use puppet_memory::memory_id;
use puppet_store::{AgentStore as _, BudgetStore as _, EventStore as _, JournalStore as _, MemoryStore as _};
use puppet_types::{AgentId, Decision, Event, FORGOTTEN, Invocation, MemoryKind, Outcome};
use serde_json::json;

use crate::{
    guest::{End, Step, component},
    live,
    scene::{Cast, HOUR, Scene, Setting, after, amount, event, everything, start},
};

const PATHS: [&str; 4] = [
    "event.payload.text",
    "reads.llm.complete.answer.text",
    "decisions.post.body.text",
    "decisions.remember.body.memory.content",
];

fn redaction() -> Redaction {
    Redaction::parse(&PATHS).unwrap()
}

fn cast(steps: &[Step]) -> Vec<Cast> {
    vec![Cast { pack: "pack", steps: steps.to_vec(), end: End::Ok, requests: everything() }]
}

fn telling(id: &str) -> Event {
    Event { payload: json!({"text": "my name is Quagga", "n": 1}), ..event(id, "ann", start()) }
}

async fn why_not(scene: &Scene, recorded: &Invocation) -> String {
    match replay(&scene.host, recorded).await {
        Err(ReplayError::Unreplayable(id, reason)) => {
            assert_eq!(id, recorded.id);
            reason
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn redacted_values_are_not_kept_and_lead_where_they_led() {
    let setting = Setting { redaction: redaction(), ..Setting::default() };
    let steps = [Step::PostAnswer, Step::Remember("a walk"), Step::Log("done")];
    let scene = Scene::with(setting, cast(&steps), &["ann"]).await;
    let record = scene.handle(telling("e1")).await.invocation;
    assert_eq!(record.event.payload, json!({"text": REDACTED, "n": 1}));
    let answer: serde_json::Value = record.reads[0].answer.parse().unwrap();
    assert_eq!((&answer["text"], &answer["model"]), (&REDACTED.into(), &"counted".into()));
    assert_eq!(record.decisions[0].decision.text(), Some(REDACTED));
    assert_eq!(record.decisions[1].decision.text(), Some(REDACTED));
    assert_eq!(record.unreplayable, Some(format!("redacted: {}", PATHS.join(", "))));
    assert_eq!(why_not(&scene, &record).await, record.unreplayable.unwrap());
    assert_eq!(scene.posted(), ["answer 1"]);
    let ann = AgentId::new("ann");
    assert_eq!(scene.store.memories(&ann, &[], 9).await.unwrap()[0].memory.content, "a walk");
    for table in ["events", "journal", "kept_reads"] {
        let rows = scene.rows()[table].join("\n");
        assert!(!rows.contains("Quagga") && !rows.contains("answer 1") && !rows.contains("a walk"), "{table}: {rows}");
    }

    // Where nothing stands at a path nothing is lost.
    scene.install("pack", &component(&[Step::ShiftMood], End::Ok), everything());
    let plain = scene.handle(event("e2", "ann", after(HOUR))).await.invocation;
    assert_eq!(plain.unreplayable, None);
    assert_eq!(replay(&scene.host, &plain).await.unwrap().unwrap().divergence, None);
    assert!(scene.store.agent(&ann).await.unwrap().is_some());
}

#[tokio::test]
async fn a_retry_is_answered_with_what_its_record_does_not_hold() {
    let bounds = CallBounds { deadline: Duration::from_millis(50), ..CallBounds::default() };
    let clock = Some(Arc::new(live::Standing(start())) as _);
    let setting = Setting { bounds, clock, redaction: redaction(), ..Setting::default() };
    let steps = [Step::PostAnswer, Step::Timeline];
    let scene = Scene::with(setting, cast(&steps), &["ann"]).await;
    scene.network.hangs.store(true, SeqCst);
    let invoked = live::run(&scene, Live::default(), vec![telling("e1")], 1).await;
    assert_eq!(invoked[0].1, "breach");
    let record = scene.journal().await.remove(0).invocation;
    assert!(record.unreplayable.is_some() && !record.reads[0].answer.as_str().contains("answer 1"));
    assert_eq!(record.event.payload["text"], "my name is Quagga", "it is handled again");
    assert!(scene.store.kept_reads(&record.id).await.unwrap()[0].answer.as_str().contains("answer 1"));

    let setting = Setting { redaction: redaction(), ..Setting::default() };
    let scene = scene.again(setting, cast(&steps)).await;
    // Its breach was a strike, so it waits for a minute.
    scene.run_until(after(HOUR)).await;
    assert_eq!(scene.model.asked.load(SeqCst), 0, "it was paid for once");
    assert_eq!(scene.posted(), ["answer 1"]);
    let record = scene.journal().await.into_iter().find(|entry| entry.invocation.event.id.as_str() == "e1").unwrap();
    assert_eq!(record.invocation.outcome, Outcome::Ok);
    assert_eq!(record.invocation.event.payload["text"], REDACTED);
    let rows = scene.rows();
    assert!(rows["kept_reads"].is_empty() && !rows["journal"].join("\n").contains("answer 1"));
}

#[tokio::test]
async fn what_was_refused_or_given_up_is_redacted_too() {
    use puppet_grants::{Amount, Period};
    use puppet_types::Capability;
    let requests = amount(everything(), Capability::Tweet, Amount::Posts, Period::Hour, 0);
    let refused = Cast { pack: "pack", steps: vec![Step::Post("Quagga")], end: End::Ok, requests };
    let setting = Setting { redaction: redaction(), ..Setting::default() };
    let scene = Scene::with(setting, vec![refused], &["ann"]).await;
    let record = scene.handle(event("e1", "ann", start())).await.invocation;
    assert!(record.decisions.is_empty() && record.reads[0].request.as_str().contains(REDACTED), "{record:?}");
    assert!(record.unreplayable.is_some());
    scene.host.submit(vec![Event { agent: "nobody".into(), ..telling("e2") }]).await.unwrap();
    scene.run_until(after(HOUR)).await;
    let letters = scene.store.dead_letters(9).await.unwrap();
    assert_eq!(letters[0].event.payload, json!({"text": REDACTED, "n": 1}));
}

#[tokio::test]
async fn a_memory_that_its_plugin_forgets_leaves_the_journal() {
    let scene =
        Scene::with(Setting::default(), cast(&[Step::Remember("a walk"), Step::Remember("a tree")]), &["ann"]).await;
    let wrote = scene.handle(event("e1", "ann", start())).await.invocation;
    assert_eq!(wrote.unreplayable, None);
    let ann = AgentId::new("ann");
    let id = memory_id(&ann, MemoryKind::Core, "a walk");
    let forget = Step::Forget(Box::leak(id.clone().into_boxed_str()));
    scene.install("pack", &component(&[forget], End::Ok), everything());
    let forgot = scene.handle(event("e2", "ann", after(HOUR))).await.invocation;
    assert_eq!((&forgot.outcome, &forgot.unreplayable), (&Outcome::Ok, &None));
    assert!(scene.store.memory(&ann, &id).await.unwrap().is_none());
    let wrote = scene.store.invocation(&wrote.id).await.unwrap().unwrap().invocation;
    let texts: Vec<_> = wrote.decisions.iter().filter_map(|numbered| numbered.decision.text()).collect();
    assert_eq!(texts, [FORGOTTEN, "a tree"]);
    assert!(matches!(&wrote.decisions[0].decision, Decision::Remember { memory } if memory.id == id));
    assert_eq!(why_not(&scene, &wrote).await, format!("memory {id} was forgotten by {}", forgot.id));
}
