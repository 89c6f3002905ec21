//! What agents were cast with.

use puppet_types::{AgentId, Digest, Secret, scrub};

use super::rows::{commit, event};
use crate::{Change, Document, Store};

async fn cast(store: &impl Store, n: u32, agent: &str, bodies: &[&str]) -> u64 {
    let documents: Vec<Document> = bodies.iter().map(|body| Document::of(*body)).collect();
    let mut done = commit(&format!("i{n}"), event(&format!("e{n}"), agent));
    done.changes.push(Change::Cast { agent: AgentId::new(agent), cast: documents[0].digest, documents });
    store.commit(done).await.unwrap().seq
}

pub async fn what_an_agent_was_cast_with_is_found_by_place(store: &impl Store) {
    let at = async |agent: &str, seq: u64| store.cast_at(&AgentId::new(agent), seq).await.unwrap();
    let first = cast(store, 1, "a", &["{\"of\":1}", "persona"]).await;
    let same = cast(store, 2, "a", &["{\"of\":1}", "persona"]).await;
    let other = cast(store, 3, "a", &["{\"of\":2}", "persona"]).await;
    let back = cast(store, 4, "a", &["{\"of\":1}", "persona"]).await;
    let (one, two) = (Digest::of(b"{\"of\":1}"), Digest::of(b"{\"of\":2}"));
    assert_eq!(at("a", first - 1).await, None, "before its first record");
    for (seq, cast) in [(first, one), (same, one), (other, two), (back, one), (back + 100, one)] {
        assert_eq!(at("a", seq).await, Some(cast), "{seq}");
    }
    assert_eq!(at("b", back).await, None, "another agent");
    for body in ["{\"of\":1}", "{\"of\":2}", "persona"] {
        assert_eq!(store.document(&Digest::of(body.as_bytes())).await.unwrap().as_deref(), Some(body));
    }
    assert_eq!(store.document(&Digest::of(b"never")).await.unwrap(), None);
}

pub async fn a_document_that_holds_a_credential_is_not_kept(store: &impl Store) {
    let secret = "k9-of-documents-alone";
    scrub::learn([&Secret::new(secret)]);
    let persona = format!("my key is {secret}");
    cast(store, 1, "a", &["{\"of\":1}", &persona]).await;
    assert_eq!(store.document(&Digest::of(persona.as_bytes())).await.unwrap(), None);
    assert!(store.document(&Digest::of(b"{\"of\":1}")).await.unwrap().is_some(), "the others are");
}
