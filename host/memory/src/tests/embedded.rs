//! Recall with vectors of a model: what it finds, what it pays, and that it never fails for want of one.

use std::{
    collections::BTreeMap,
    future::pending,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering::SeqCst},
    },
    time::{Duration, Instant},
};

use MemoryKind::*;
use async_trait::async_trait;
use puppet_grants::{
    Amount, Answer, Charge, Elapsed, Failure, Gate, Ledger, Period, Request, Requests, Rights, UnbookedReads,
};
use puppet_store::Vector;
use puppet_types::{
    AgentId, CallError, Capability, Code, InvocationId, Memory, MemoryKind, PackId, ReadStatus, Timestamp,
};

use super::{
    Rows,
    calls::{Call, query},
    named, now, store,
};
use crate::{Embedder, LIKENESS_FROM, Memories, Method, Query, Recaller, VectorTerms, embedding::hashed_vector};

/// Ships are to the right, bread is to the left.
#[derive(Default)]
struct Meaning {
    asked: AtomicU32,
    fails: Option<Code>,
    hangs: bool,
}

fn meaning(text: &str) -> Vec<f32> {
    let sea = ["ship", "vessel", "harbour"].iter().any(|word| text.contains(word));
    if sea { vec![1.0, 0.0] } else { vec![0.0, 1.0] }
}

#[async_trait]
impl Embedder for Meaning {
    async fn embed(&self, texts: &[String]) -> Result<Answer<Vec<Vec<f32>>>, Failure> {
        self.asked.fetch_add(1, SeqCst);
        if self.hangs {
            pending::<()>().await;
        }
        if let Some(code) = self.fails {
            return Err(CallError::new(code, "on purpose").into());
        }
        let used = vec![Charge { amount: Amount::Tokens, quantity: 3 }, Charge { amount: Amount::Usd, quantity: 2 }];
        Ok(Answer { value: texts.iter().map(|text| meaning(text)).collect(), used, latency: Duration::ZERO })
    }
}

const MODEL: &str = "test/meaning";

fn of(model: &str, content: &str) -> Option<Vector> {
    Some(Vector { model: model.to_owned(), numbers: meaning(content) })
}

fn rows() -> Arc<Rows> {
    let rows = store();
    let row = |id: &str, content: &str, vector: Option<Vector>| {
        rows.put_with("ada", Memory { importance: 0.0, ..named(id, Core, content) }, vector);
    };
    row("sea", "the old vessel leaks", of(MODEL, "vessel"));
    row("bread", "rye takes two days", of(MODEL, "bread"));
    row("other", "a ship of another model", of("test/other", "ship"));
    row("hashed", "harbour lights", Some(hashed_vector("harbour lights")));
    row("none", "ship's cook", None);
    rows
}

struct Scene {
    ledger: Arc<Ledger>,
    meaning: Arc<Meaning>,
    memories: Memories,
}

impl Scene {
    fn new(meaning: Meaning) -> Self {
        let meaning = Arc::new(meaning);
        let terms = VectorTerms { model: MODEL.to_owned(), usd_micros_per_million: 1_000_000, attempts: 1 };
        let memories = Memories::embedded(rows() as _, Arc::clone(&meaning) as _, terms);
        Self { ledger: Arc::default(), meaning, memories }
    }
    fn call(&self, tokens: u64, elapsed: Elapsed) -> Call {
        let amounts = BTreeMap::from([((Amount::Tokens, Period::Day), tokens)]);
        let requests: Requests = [(Capability::Memory, Request { amounts, ..Request::default() })].into();
        let pack = PackId::new("pack");
        let rights = Rights::from_requests(&requests, &pack, &AgentId::new("ada"), &self.ledger);
        let (id, books) = (InvocationId::new("inv"), Arc::new(UnbookedReads));
        let bounds = puppet_grants::CallBounds { deadline: Duration::from_secs(5), ..Default::default() };
        let gate = Gate::new(id, pack, now(), Arc::new(rights), Arc::new(bounds), books, elapsed);
        Call::with(self.memories.clone(), gate)
    }
    fn used(&self) -> Vec<(Amount, u64, u64)> {
        let lines = self.ledger.lines(now()).into_iter();
        let lines = lines.filter(|line| matches!(line.key.amount, Amount::Tokens | Amount::Usd));
        lines.map(|line| (line.key.amount, line.used, line.reserved)).collect()
    }
}

fn modelled() -> Elapsed {
    Elapsed::Modelled(Duration::ZERO)
}

#[tokio::test]
async fn a_paraphrase_is_found_by_vectors_of_the_same_model_alone() {
    let scene = Scene::new(Meaning::default());
    let mut call = scene.call(1_000, modelled());
    let found = call.recall("which ship is unsafe").await;
    let likeness: BTreeMap<_, _> = found.iter().map(|hit| (hit.memory.id.as_str(), hit.likeness)).collect();
    assert_eq!(found[0].memory.id, "sea");
    assert_eq!((found[0].likeness, found[0].text_score), (1.0, 0.0), "not a word in common");
    assert_eq!(likeness, BTreeMap::from([("sea", 1.0), ("other", 0.0), ("none", 0.0)]), "the rest by words");
    let out = call.gate.finish(true);
    let read = &out.reads[0];
    assert_eq!((out.reads.len(), read.status, read.cost.tokens, read.cost.usd_micros), (1, ReadStatus::Ok, 3, 2));
    assert_eq!(scene.used(), [(Amount::Tokens, 3, 0), (Amount::Usd, 2, 0)]);
    assert!(out.spends.rows().is_empty(), "booked already: it is paid");

    // A replay needs neither the model nor the rows nor a budget.
    let offline = Memories::hashed(store() as _);
    let mut replayed = scene.call(0, modelled());
    replayed.gate = replayed.gate.replay(out.reads);
    replayed.memories = offline;
    assert_eq!(replayed.recall("which ship is unsafe").await, found);
    assert_eq!((replayed.gate.finish(true).divergence, scene.meaning.asked.load(SeqCst)), (None, 1));
}

#[tokio::test]
async fn without_money_or_model_words_still_find() {
    let table = [
        (Meaning::default(), 10, modelled(), 0, 0, "no budget"),
        (Meaning { fails: Some(Code::ProviderUnavailable), ..Meaning::default() }, 1_000, modelled(), 1, 13, "failure"),
        (Meaning { fails: Some(Code::RateLimited), ..Meaning::default() }, 1_000, modelled(), 1, 0, "not asked"),
        (Meaning { fails: Some(Code::Timeout), ..Meaning::default() }, 1_000, modelled(), 1, 13, "who knows"),
        (Meaning { hangs: true, ..Meaning::default() }, 1_000, Elapsed::Wall(Instant::now()), 1, 13, "silence"),
    ];
    for (meaning, tokens, elapsed, asked, used, case) in table {
        if matches!(elapsed, Elapsed::Wall(_)) {
            tokio::time::pause();
        }
        let scene = Scene::new(meaning);
        let mut call = scene.call(tokens, elapsed);
        let found = call.recall("ship harbours").await;
        let ids: Vec<_> = found.iter().map(|hit| (hit.memory.id.as_str(), hit.likeness)).collect();
        assert_eq!(ids, [("none", 0.0), ("other", 0.0)], "{case}");
        let out = call.gate.finish(true);
        assert_eq!(
            (out.reads.len(), out.reads[0].status, out.reads[0].cost.tokens),
            (1, ReadStatus::Ok, used),
            "{case}"
        );
        assert_eq!((scene.meaning.asked.load(SeqCst), scene.used()[0]), (asked, (Amount::Tokens, used, 0)), "{case}");
    }
}

#[tokio::test]
async fn what_is_older_than_the_scan_is_found_by_its_meaning_where_the_store_can_say() {
    let rows = store();
    let old = |id: &str, kind, content: &str| {
        let memory = Memory { at: Timestamp::from_millis(0), ..named(id, kind, content) };
        rows.put_with("ada", memory, of(MODEL, content));
    };
    old("old", Event, "the vessel leaks");
    old("listed", Tweet, "a vessel of another kind");
    for n in 0..600 {
        rows.put_with("ada", named(&format!("m{n:03}"), Event, "rye takes two days"), of(MODEL, "rye"));
    }
    let agent = AgentId::new("ada");
    let recaller = Recaller::with_embedder(Arc::clone(&rows) as _, Arc::new(Meaning::default()), MODEL);
    let find = async |query: Query| -> Vec<String> {
        let found = recaller.recall(&agent, &query, now()).await.unwrap();
        found.into_iter().map(|hit| hit.memory.id).collect()
    };
    let ship = query("which ship is unsafe");
    assert_eq!(find(ship.clone()).await, ["listed", "old"]);
    assert_eq!(find(Query { kinds: vec![Event], ..ship.clone() }).await, ["old"]);
    assert_eq!(find(Query { method: Method::Keyword, ..ship.clone() }).await, [""; 0], "words ask for no vector");
    let broken = Meaning { fails: Some(Code::ProviderUnavailable), ..Meaning::default() };
    let without = Recaller::with_embedder(Arc::clone(&rows) as _, Arc::new(broken), MODEL);
    assert!(without.recall(&agent, &ship, now()).await.unwrap().is_empty(), "nor does a question without one");
}

#[tokio::test]
async fn words_alone_ask_no_model() {
    let scene = Scene::new(Meaning::default());
    let mut call = scene.call(1_000, modelled());
    call.view().read_recall(Query { method: Method::Keyword, ..query("ship") }).await.unwrap();
    assert!(call.view().read_recall(query(" ")).await.is_err());
    assert_eq!(call.recent(&[], 9).await.len(), 5);
    assert_eq!((scene.meaning.asked.load(SeqCst), scene.used()[0].1), (0, 0));
    // What was decided in this call has no vector yet: its wording is compared, as ever.
    let id = call.view().record_remember(super::rules::draft("lighthouse keepers")).unwrap();
    let found = call.recall("lighthouse keeper").await;
    let hit = found.iter().find(|hit| hit.memory.id == id).unwrap();
    assert!(hit.likeness > LIKENESS_FROM);
}
