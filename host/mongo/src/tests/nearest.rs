//! Memories by likeness of their vectors: where the server has a search for them, and where it has none.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use mongodb::bson::{Binary, Bson, Document, doc, spec::BinarySubtype};
use puppet_grants::{Answer, Failure};
use puppet_memory::{Embedder, Method, Query, Recaller};
use puppet_store::{
    Change, CommitStore, MemoryStore, RowStore as _, SqliteStore, TABLES, Vector,
    conformance::{at, memories::the_nearest_are_those_of_the_agent_and_the_model, memory},
};
use puppet_types::{AgentId, Memory, MemoryKind};

use super::{
    contents, database,
    server::{Server, on_a_server, say},
};
use crate::{MongoStore, Options};

const MODEL: &str = "test/meaning";

/// The sea is to the right, the rest to the left.
struct Meaning;

fn meaning(text: &str) -> Vec<f32> {
    if text.contains("ship") || text.contains("vessel") { vec![1.0, 0.0] } else { vec![0.0, 1.0] }
}

#[async_trait]
impl Embedder for Meaning {
    async fn embed(&self, texts: &[String]) -> Result<Answer<Vec<Vec<f32>>>, Failure> {
        let value = texts.iter().map(|text| meaning(text)).collect();
        Ok(Answer { value, used: Vec::new(), latency: Duration::ZERO })
    }
}

fn a() -> AgentId {
    AgentId::new("a")
}

fn vector(text: &str) -> Vector {
    Vector { model: MODEL.to_owned(), numbers: meaning(text) }
}

/// An old memory of the sea, and more new ones of the land than a recall looks at.
async fn remember_much(store: &impl CommitStore) {
    let land = (1..=600).map(|n| memory(&format!("m{n:03}"), MemoryKind::Event, "rye takes two days", n));
    let changes = std::iter::once(memory("old", MemoryKind::Event, "the vessel leaks", 0)).chain(land).map(|memory| {
        let vector = Some(vector(&memory.content));
        Change::Remember { agent: a(), memory, vector, cap: None }
    });
    store.apply(changes.collect()).await.unwrap();
}

/// Ids and scores.
async fn recall(store: Arc<dyn MemoryStore>) -> Vec<(String, f64)> {
    let recaller = Recaller::with_embedder(store, Arc::new(Meaning), MODEL);
    let text = "which ship is unsafe".to_owned();
    let query = Query { text, kinds: Vec::new(), limit: 5, method: Method::Blended, follow: false };
    let hits = recaller.recall(&a(), &query, at(700)).await.unwrap();
    hits.into_iter().map(|hit| (hit.memory.id, hit.likeness)).collect()
}

async fn open(url: &str) -> MongoStore {
    MongoStore::open(url, Options::default()).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_memory_beyond_the_scan_is_found_by_its_meaning() {
    let Some(server) = Server::searching() else { return say("skipped: vector search: there is no bridge") };
    let sqlite = SqliteStore::in_memory().unwrap();
    remember_much(&sqlite).await;
    assert_eq!(recall(Arc::new(sqlite)).await, [], "the scan does not reach it");
    let url = server.database();
    let store = open(&url).await;
    remember_much(&store).await;
    let found = [("old".to_owned(), 1.0)];
    assert_eq!(recall(Arc::new(store.clone())).await, found);
    store.close().await;
    // The index is there already, also for one who only reads.
    let again = open(&url).await;
    assert_eq!(recall(Arc::new(again.clone())).await, found);
    again.close().await;
    let reader = MongoStore::open_read_only(&url, Options::default()).await.unwrap().unwrap();
    assert_eq!(recall(Arc::new(reader)).await, found);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_search_conforms() {
    let Some(server) = Server::searching() else { return say("skipped: vector search: there is no bridge") };
    assert!(the_nearest_are_those_of_the_agent_and_the_model(&open(&server.database()).await).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_search_recall_is_that_of_sqlite() {
    on_a_server("without_a_search_recall_is_that_of_sqlite", async |server| {
        if !server.is_bridge() {
            return say("skipped: a server without vector search: only the bridge has none for certain");
        }
        let (store, sqlite) = (open(&server.database()).await, SqliteStore::in_memory().unwrap());
        assert!(!the_nearest_are_those_of_the_agent_and_the_model(&sqlite).await);
        assert!(!the_nearest_are_those_of_the_agent_and_the_model(&store).await);
        assert!(store.inner.search.is_absent(), "it is not asked again");
        for store in [&store as &dyn CommitStore, &sqlite] {
            let said = |id, second| memory(id, MemoryKind::Event, "the vessel leaks", second);
            let changes = [said("x", 5), said("y", 6)].map(|memory| {
                let vector = Some(vector(&memory.content));
                Change::Remember { agent: a(), memory, vector, cap: None }
            });
            store.apply(changes.into()).await.unwrap();
        }
        let found = recall(Arc::new(store)).await;
        assert_eq!(found.iter().map(|(id, _)| id.as_str()).collect::<Vec<_>>(), ["y", "x"]);
        assert_eq!(found, recall(Arc::new(sqlite)).await);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fault_that_passes_costs_one_recall_its_search() {
    let Some(server) = Server::searching() else { return say("skipped: vector search: there is no bridge") };
    let store = open(&server.database()).await;
    remember_much(&store).await;
    for command in ["createSearchIndexes", "aggregate"] {
        for how in [doc! {"closeConnection": true}, doc! {"errorCode": 91}] {
            assert!(server.fails(&[command], 100, how).await);
            assert_eq!(store.nearest(&a(), &[], &vector("ship"), 9).await.unwrap(), None, "{command}");
            assert!(!store.inner.search.is_absent(), "{command}");
            server.works().await;
        }
        assert_eq!(store.nearest(&a(), &[], &vector("ship"), 1).await.unwrap().unwrap()[0].memory.id, "old");
    }
    // An index that somebody made otherwise stays.
    let other = server.database();
    let store = open(&other).await;
    let fields = ["agent", "model", "kind", "trust"].map(|path| doc! {"type": "filter", "path": path});
    let vectors = doc! {"type": "vector", "path": "vector", "numDimensions": 2, "similarity": "cosine"};
    let fields: Vec<Document> = std::iter::once(vectors).chain(fields).collect();
    let index = doc! {"name": "vector_2", "type": "vectorSearch", "definition": {"fields": fields}};
    let made = doc! {"createSearchIndexes": "memories", "indexes": [index]};
    database(&other).await.run_command(made).await.unwrap();
    assert_eq!(store.nearest(&a(), &[], &vector("ship"), 9).await.unwrap(), Some(Vec::new()));
    // Each of these means that there is no such thing.
    for code in [13, 59, 115, 8_000, 31_082, 40_324, 6_047_401] {
        let store = open(&server.database()).await;
        assert!(server.fails(&["aggregate"], 100, doc! {"errorCode": code}).await);
        assert_eq!(store.nearest(&a(), &[], &vector("ship"), 9).await.unwrap(), None, "{code}");
        server.works().await;
        assert_eq!(store.nearest(&a(), &[], &vector("ship"), 9).await.unwrap(), None, "{code} is remembered");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn vectors_are_stored_so_that_a_search_reads_them_and_copied_as_their_bytes() {
    on_a_server("vectors_are_stored_so_that_a_search_reads_them", async |server| {
        let url = server.database();
        let store = open(&url).await;
        let kept = Vector { model: MODEL.to_owned(), numbers: vec![0.5, -0.0, f32::MIN_POSITIVE] };
        let bytes: Vec<u8> = kept.numbers.iter().flat_map(|value| value.to_le_bytes()).collect();
        let row = |id: &str| Memory { id: id.to_owned(), ..memory(id, MemoryKind::Core, "text", 1) };
        let change = |id| Change::Remember { agent: a(), memory: row(id), vector: Some(kept.clone()), cap: None };
        store.apply(vec![change("m1"), change("m2")]).await.unwrap();
        // As it was stored before.
        let before = Bson::Binary(Binary { subtype: BinarySubtype::Generic, bytes: bytes.clone() });
        let rows = database(&url).await.collection::<Document>("memories");
        rows.update_one(doc! {"id": "m2"}, doc! {"$set": {"vector": before}}).await.unwrap();
        for id in ["m1", "m2"] {
            assert_eq!(store.memory(&a(), id).await.unwrap().unwrap().vector.as_ref(), Some(&kept), "{id}");
        }
        let table = TABLES.iter().find(|table| table.name == "memories").unwrap();
        let sqlite = SqliteStore::in_memory().unwrap();
        sqlite.apply(vec![change("m1"), change("m2")]).await.unwrap();
        let copied = store.rows_after(table, None, 9).await.unwrap();
        assert_eq!(copied, sqlite.rows_after(table, None, 9).await.unwrap(), "byte for byte");
        store.put_rows(table, copied).await.unwrap();
        let subtype = |row: &Document| match row.get("vector") {
            Some(Bson::Binary(Binary { subtype, bytes: stored })) => {
                (*subtype, stored[..2].to_vec(), stored[2..] == bytes)
            }
            other => panic!("{other:?}"),
        };
        let stored: Vec<_> = contents(&url, "memories").await.0.iter().map(subtype).collect();
        assert_eq!(stored, vec![(BinarySubtype::Vector, vec![0x27, 0], true); 2]);
        store.close().await;
    })
    .await;
}
