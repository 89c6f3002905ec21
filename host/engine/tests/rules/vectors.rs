//! Vectors of memories from an endpoint: they come after the commit and survive restarts, are paid by the agent within
//! its budgets, and nothing is lost or fails for want of one.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::SeqCst},
    },
    time::{Duration, Instant},
};

use async_trait::async_trait;
use puppet_engine::{Clock, Happening, Live, replay};
use puppet_grants::{Amount, Answer, Failure, Period, Requests};
use puppet_memory::Embedder;
use puppet_store::{Change, MemoryStore as _, StoreError};
use puppet_types::{AgentId, Capability, Invocation, Memory, MemoryKind, Read, ReadStatus, Timestamp, Trust};
use serde_json::Value;
use tokio::{sync::watch, task::JoinHandle};

use crate::{
    endpoint::{Loopback, Mood},
    guest::{End, Step},
    scene::{Cast, DAY, Scene, Setting, after, amount, event, everything, start},
};

const VESSEL: &str = "the old vessel leaks";
const RYE: &str = "rye takes two days";
const QUESTION: &str = "is that ship safe";
const MODEL: &str = "loopback/sense";

/// A clock of a live host that the test moves.
struct Hand(watch::Sender<Timestamp>);

#[async_trait]
impl Clock for Hand {
    fn now(&self) -> Timestamp {
        *self.0.borrow()
    }
    async fn sleep_until(&self, at: Timestamp) {
        // The sender is ours: it is there as long as this waits.
        let _ = self.0.subscribe().wait_for(|now| *now >= at).await;
    }
}

impl Hand {
    fn at(now: Timestamp) -> Arc<Self> {
        Arc::new(Self(watch::Sender::new(now)))
    }
}

fn cast(steps: &[Step], requests: Requests) -> Vec<Cast> {
    vec![Cast { pack: "pack", steps: steps.to_vec(), end: End::Ok, requests }]
}

fn tokens(per_day: u64) -> Requests {
    amount(everything(), Capability::Memory, Amount::Tokens, Period::Day, per_day)
}

fn setting(hand: &Arc<Hand>, embedder: Option<(&Loopback, &str)>) -> Setting {
    let embedder = embedder.map(|(endpoint, model)| endpoint.embedder(model));
    Setting { clock: Some(Arc::clone(hand) as _), embedder, ..Setting::default() }
}

/// A host that runs.
struct Running<'s> {
    scene: &'s Scene,
    stop: watch::Sender<bool>,
    driver: JoinHandle<Result<(), StoreError>>,
}

impl<'s> Running<'s> {
    fn start(scene: &'s Scene) -> Self {
        let (stop, stopped) = watch::channel(false);
        let driver = tokio::spawn(Live::default().run(Arc::clone(&scene.host), stopped));
        Self { scene, stop, driver }
    }

    /// One event, to its commit. Answers its record.
    async fn handle(&self, id: &str) -> Invocation {
        let mut watcher = self.scene.host.watch();
        self.scene.host.submit(vec![event(id, "ann", start())]).await.unwrap();
        let committed = async {
            while !matches!(watcher.recv().await.unwrap(), Happening::Invoked { event, .. } if event.as_str() == id) {}
        };
        tokio::time::timeout(Duration::from_secs(60), committed).await.expect("it has its turn");
        let entries = self.scene.journal().await;
        entries.into_iter().find(|entry| entry.invocation.event.id.as_str() == id).unwrap().invocation
    }

    async fn stop(self) {
        self.stop.send(true).unwrap();
        tokio::time::timeout(Duration::from_secs(60), self.driver).await.expect("it stops").unwrap().unwrap();
    }
}

/// Whose vector each memory has, by text.
async fn models(scene: &Scene) -> Vec<(String, Option<String>)> {
    let rows = scene.store.memories(&AgentId::new("ann"), &[], 99).await.unwrap();
    let of = |row: puppet_store::TextHit| (row.memory.content, row.vector.map(|vector| vector.model));
    let mut models: Vec<_> = rows.into_iter().map(of).collect();
    models.sort();
    models
}

fn expected(rows: &[(&str, Option<&str>)]) -> Vec<(String, Option<String>)> {
    rows.iter().map(|(text, model)| ((*text).to_owned(), model.map(str::to_owned))).collect()
}

/// Waits until something is so; fails where it never comes.
async fn until(what: &str, is_so: impl AsyncFn() -> bool) {
    let last = Instant::now() + Duration::from_secs(60);
    while !is_so().await {
        assert!(Instant::now() < last, "{what}");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

async fn until_models(scene: &Scene, wanted: &[(&str, Option<&str>)]) {
    let wanted = expected(wanted);
    until("every memory has its vector", async || models(scene).await == wanted).await;
}

fn recall(invocation: &Invocation) -> &Read {
    invocation.reads.iter().find(|read| read.operation == "recall").unwrap()
}

fn hits(read: &Read) -> Vec<(String, f64, f64)> {
    let found: Value = serde_json::from_str(read.answer.as_str()).unwrap();
    let hit = |hit: &Value| {
        let number = |name: &str| hit[name].as_f64().unwrap();
        (hit["memory"]["content"].as_str().unwrap().to_owned(), number("text_score"), number("likeness"))
    };
    found["hits"].as_array().unwrap().iter().map(hit).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_paraphrase_is_found_by_the_vectors_of_an_endpoint() {
    let endpoint = Loopback::open().await;
    let hand = Hand::at(start());
    let steps = [Step::Recall(QUESTION), Step::Remember(VESSEL), Step::Remember(RYE)];
    let scene = Scene::with(setting(&hand, Some((&endpoint, "sense"))), cast(&steps, everything()), &["ann"]).await;
    let host = Running::start(&scene);
    let first = host.handle("e1").await;
    assert_eq!((first.outcome.name(), hits(recall(&first))), ("ok", Vec::new()));
    until_models(&scene, &[(RYE, Some(MODEL)), (VESSEL, Some(MODEL))]).await;
    let second = host.handle("e2").await;
    let read = recall(&second);
    assert_eq!(hits(read), [(VESSEL.to_owned(), 0.0, 1.0)], "not a word in common");
    let question = QUESTION.len() as u64;
    assert_eq!((read.status, read.cost.tokens, read.cost.usd_micros), (ReadStatus::Ok, question, question));
    host.stop().await;

    // What the endpoint billed is what the agent was charged, here and in the store.
    let billed = endpoint.tokens();
    assert_eq!(billed, 2 * question + (VESSEL.len() + RYE.len()) as u64, "the same text is not embedded twice");
    assert_eq!(scene.used(Amount::Tokens, Period::Day).await, (billed, 0));
    assert_eq!(scene.used(Amount::Usd, Period::Day).await, (billed, 0));
    assert!(scene.rows()["open_reads"].is_empty() && scene.rows()["kept_reads"].is_empty());

    // A replay needs no endpoint.
    endpoint.becomes(Mood::Hangs);
    let asked = endpoint.requests().len();
    for recorded in [&first, &second] {
        assert_eq!(replay(&scene.host, recorded).await.unwrap().unwrap().divergence, None);
    }
    let scene = scene.again(setting(&hand, None), cast(&steps, everything())).await;
    assert_eq!(replay(&scene.host, &second).await.unwrap().unwrap().divergence, None);
    assert_eq!(endpoint.requests().len(), asked);
    assert_eq!(scene.used(Amount::Tokens, Period::Day).await, (billed, 0), "a restart resets nothing");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rows_without_a_vector_of_the_model_are_found_at_the_next_start() {
    let endpoint = Loopback::open().await;
    let hand = Hand::at(start());
    let cast = || cast(&[Step::Remember(VESSEL), Step::Remember(RYE)], everything());
    let scene = Scene::with(setting(&hand, None), cast(), &["ann"]).await;
    let host = Running::start(&scene);
    host.handle("e1").await;
    host.stop().await;
    assert_eq!(models(&scene).await, expected(&[(RYE, Some("hashed")), (VESSEL, Some("hashed"))]));

    let scene = scene.again(setting(&hand, Some((&endpoint, "sense"))), cast()).await;
    let host = Running::start(&scene);
    until_models(&scene, &[(RYE, Some(MODEL)), (VESSEL, Some(MODEL))]).await;
    host.stop().await;

    let other = Some("loopback/other");
    let scene = scene.again(setting(&hand, Some((&endpoint, "other"))), cast()).await;
    let host = Running::start(&scene);
    until_models(&scene, &[(RYE, other), (VESSEL, other)]).await;
    host.stop().await;
    assert_eq!(endpoint.requests().len(), 2, "each batch once: {:?}", endpoint.requests());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_endpoint_that_fails_loses_no_memory_and_fails_no_invocation() {
    let endpoint = Loopback::open().await;
    endpoint.becomes(Mood::Fails(500));
    let hand = Hand::at(start());
    let steps = [Step::Remember(VESSEL), Step::Recall(QUESTION)];
    let scene = Scene::with(setting(&hand, Some((&endpoint, "sense"))), cast(&steps, everything()), &["ann"]).await;
    let host = Running::start(&scene);
    let first = host.handle("e1").await;
    assert_eq!((first.outcome.name(), recall(&first).status), ("ok", ReadStatus::Ok));
    until("the worker has asked", async || endpoint.requests().contains(&vec![VESSEL.to_owned()])).await;
    assert_eq!(models(&scene).await, expected(&[(VESSEL, None)]));
    // Nobody knows whether a 500 was billed: both requests cost what was reserved for them.
    let reserved = (QUESTION.len() + VESSEL.len()) as u64;
    until("both are settled", async || scene.used(Amount::Tokens, Period::Day).await == (reserved, 0)).await;
    // It is asked again after a pause, and not before.
    endpoint.becomes(Mood::Answers);
    hand.0.send_replace(after(60_000));
    until_models(&scene, &[(VESSEL, Some(MODEL))]).await;
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn budgets_are_never_passed_and_vectors_wait_for_the_next_day() {
    let endpoint = Loopback::open().await;
    let hand = Hand::at(start());
    const BREAD: &str = "bread is best when old";
    let steps = [Step::Remember(VESSEL), Step::Remember(RYE), Step::Remember(BREAD), Step::Recall(QUESTION)];
    // Of what follows two texts fit into a day.
    let limit = 45;
    let scene =
        Scene::with(setting(&hand, Some((&endpoint, "sense"))), cast(&steps[..3], tokens(limit)), &["ann"]).await;
    let host = Running::start(&scene);
    host.handle("e1").await;
    until("two have their vectors", async || {
        models(&scene).await.iter().filter(|(_, model)| model.is_some()).count() == 2
    })
    .await;
    host.stop().await;
    let (used, reserved) = scene.used(Amount::Tokens, Period::Day).await;
    assert_eq!((used, reserved), (endpoint.tokens(), 0));
    assert!(used <= limit, "{used}");

    // Another host on the same day: nothing is left, and recall goes by words.
    let scene = scene.again(setting(&hand, Some((&endpoint, "sense"))), cast(&steps, tokens(limit))).await;
    let host = Running::start(&scene);
    let asked = endpoint.requests().len();
    let poor = host.handle("e2").await;
    let read = recall(&poor);
    assert_eq!((poor.outcome.name(), read.status, read.cost.tokens), ("ok", ReadStatus::Ok, 0));
    assert_eq!(replay(&scene.host, &poor).await.unwrap().unwrap().divergence, None);
    assert_eq!((endpoint.requests().len(), endpoint.tokens()), (asked, used));
    hand.0.send_replace(after(DAY));
    until_models(&scene, &[(BREAD, Some(MODEL)), (RYE, Some(MODEL)), (VESSEL, Some(MODEL))]).await;
    host.stop().await;
    assert_eq!(scene.used(Amount::Tokens, Period::Day).await, (endpoint.tokens() - used, 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_text_that_the_model_does_not_take_holds_up_no_other() {
    let endpoint = Loopback::open().await;
    endpoint.becomes(Mood::Dislikes("vessel"));
    let hand = Hand::at(start());
    let steps = [Step::Remember(VESSEL), Step::Remember(RYE), Step::Remember("a third")];
    let scene = Scene::with(setting(&hand, Some((&endpoint, "sense"))), cast(&steps, everything()), &["ann"]).await;
    let host = Running::start(&scene);
    host.handle("e1").await;
    until_models(&scene, &[("a third", Some(MODEL)), (RYE, Some(MODEL)), (VESSEL, None)]).await;
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_that_nobody_saw_the_end_of_counts_as_used() {
    let endpoint = Loopback::open().await;
    endpoint.becomes(Mood::Hangs);
    let hand = Hand::at(start());
    let cast = || cast(&[Step::Remember(VESSEL)], everything());
    let open = || setting(&hand, Some((&endpoint, "sense")));
    let scene = Scene::with(open(), cast(), &["ann"]).await;
    let worst = VESSEL.len() as u64;
    let host = Running::start(&scene);
    host.handle("e1").await;
    until("the worker has asked", async || endpoint.requests().len() == 1).await;
    assert_eq!(scene.rows()["open_reads"].len(), 1, "durable before it is asked");
    host.stop().await;
    assert_eq!(scene.used(Amount::Tokens, Period::Day).await, (worst, 0), "it stopped in the middle of it");
    assert!(scene.rows()["open_reads"].is_empty());

    // Killed in the middle of the next: what was open is counted at the start, and booked by the one after it.
    let scene = scene.again(open(), cast()).await;
    let host = Running::start(&scene);
    until("it asks again", async || endpoint.requests().len() == 2).await;
    host.driver.abort();
    assert!(host.driver.await.is_err());
    let scene = scene.again(open(), cast()).await;
    let used = async |scene: &Scene| {
        // Limits are known once an agent is cast.
        scene.host.actor(&AgentId::new("ann")).await.unwrap().unwrap();
        scene.used(Amount::Tokens, Period::Day).await
    };
    assert_eq!(used(&scene).await, (2 * worst, 0));
    endpoint.becomes(Mood::Answers);
    let host = Running::start(&scene);
    until_models(&scene, &[(VESSEL, Some(MODEL))]).await;
    host.stop().await;
    assert_eq!(scene.used(Amount::Tokens, Period::Day).await, (3 * worst, 0));
    assert!(scene.rows()["open_reads"].is_empty());
    let scene = scene.again(open(), cast()).await;
    assert_eq!(used(&scene).await, (3 * worst, 0));
}

/// Panics once.
struct Panics(AtomicBool, Arc<dyn Embedder>);

#[async_trait]
impl Embedder for Panics {
    async fn embed(&self, texts: &[String]) -> Result<Answer<Vec<Vec<f32>>>, Failure> {
        assert!(self.0.swap(true, SeqCst), "this embedder panics on purpose");
        self.1.embed(texts).await
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_panic_is_waited_out_and_a_text_in_two_lists_is_paid_for_once() {
    let endpoint = Loopback::open().await;
    let hand = Hand::at(start());
    let (embedder, terms) = endpoint.embedder("sense");
    let panics = Arc::new(Panics(AtomicBool::new(false), embedder));
    let setting = Setting { embedder: Some((Arc::clone(&panics) as _, terms)), ..setting(&hand, None) };
    let scene = Scene::with(setting, cast(&[Step::Remember(RYE)], everything()), &["ann"]).await;
    let host = Running::start(&scene);
    let of_kind = |kind| Memory {
        id: format!("{kind:?}"),
        kind,
        content: VESSEL.to_owned(),
        at: start(),
        importance: 0.5,
        valence: 0.0,
        associations: Vec::new(),
        metadata: Vec::new(),
        author: None,
        trust: Trust::Own,
        pinned: false,
        led_by: None,
    };
    let remember = |kind| Change::Remember { agent: "ann".into(), memory: of_kind(kind), vector: None, cap: None };
    scene.host.apply(vec![remember(MemoryKind::Post), remember(MemoryKind::Tweet)]).await.unwrap();
    until("it has panicked", async || panics.0.load(SeqCst)).await;
    hand.0.send_replace(after(60_000));
    until_models(&scene, &[(VESSEL, Some(MODEL)), (VESSEL, Some(MODEL))]).await;
    host.stop().await;
    assert_eq!(endpoint.requests(), [[VESSEL]]);
}
