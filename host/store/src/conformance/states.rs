//! Blobs of plugins, and versions that come and go.

use puppet_types::{AgentId, Digest, PackId, trade::Origin};

use super::at;
use crate::{Change, KEPT_STATES, StateBlob, StateRow, Store};

fn blob(text: &str) -> StateBlob {
    StateBlob { version: text.len() as u32, data: text.as_bytes().to_vec() }
}

fn plugin() -> PackId {
    PackId::new("pack")
}

/// A component by a name.
fn component(name: &str) -> Digest {
    Digest::of(name.as_bytes())
}

/// What was behind the call that put a text: each has its own.
fn led_by(text: &str) -> Option<Origin> {
    [None, Some(Origin::Own), Some(Origin::HumanRequest), Some(Origin::Gift)][text.len() % 4]
}

fn put(agent: &str, by: &str, text: &str) -> Change {
    let (digest, at) = (component(by), at(text.len() as i64));
    let (blob, led_by) = (blob(text), led_by(text));
    Change::PutState { agent: agent.into(), plugin: plugin(), digest, blob, led_by, at }
}

fn clear(agent: &str, by: &str) -> Change {
    Change::ClearState { agent: agent.into(), plugin: plugin(), digest: component(by), at: at(0) }
}

fn restore(agents: Option<&[&str]>, from: &str, to: &str) -> Change {
    let agents = agents.map(|agents| agents.iter().map(|agent| AgentId::new(*agent)).collect());
    Change::RestoreState { plugin: plugin(), agents, from: component(from), to: component(to) }
}

/// What an agent has, and by whom.
async fn has(store: &impl Store, agent: &str, expected: Option<(&str, &str)>) {
    let found = store.state(&agent.into(), &plugin()).await.unwrap();
    let expected = expected.map(|(by, text)| {
        let writer = Some(component(by));
        StateRow { blob: blob(text), writer, led_by: led_by(text) }
    });
    assert_eq!(found, expected, "{agent}");
}

/// What is kept of an agent, the latest first; none: cleared.
async fn keeps(store: &impl Store, agent: &str, expected: &[(&str, Option<&str>)]) {
    let kept = store.kept_states(&agent.into(), &plugin()).await.unwrap();
    let kept: Vec<_> = kept.into_iter().map(|kept| (kept.writer, kept.blob)).collect();
    let expected: Vec<_> = expected.iter().map(|(by, text)| (Some(component(by)), text.map(blob))).collect();
    assert_eq!(kept, expected, "{agent}");
}

pub async fn what_another_version_wrote_is_kept(store: &impl Store) {
    store.apply(vec![put("a", "one", "x"), put("a", "one", "xx"), put("b", "one", "y")]).await.unwrap();
    has(store, "a", Some(("one", "xx"))).await;
    keeps(store, "a", &[]).await;
    store.apply(vec![put("a", "two", "xxx"), put("a", "two", "xxxx")]).await.unwrap();
    has(store, "a", Some(("two", "xxxx"))).await;
    keeps(store, "a", &[("one", Some("xx"))]).await;
    let kept = store.kept_states(&"a".into(), &plugin()).await.unwrap();
    assert_eq!(kept[0].at, at(3), "when the other one wrote");
    has(store, "b", Some(("one", "y"))).await;
    keeps(store, "b", &[]).await;
    store.apply(vec![clear("b", "two")]).await.unwrap();
    has(store, "b", None).await;
    keeps(store, "b", &[("one", Some("y"))]).await;
    store.apply(vec![clear("c", "two"), restore(None, "two", "one")]).await.unwrap();
    for (agent, text) in [("a", Some(("one", "xx"))), ("b", Some(("one", "y"))), ("c", None)] {
        has(store, agent, text).await;
        keeps(store, agent, &[]).await;
    }
}

pub async fn two_versions_write_in_turns(store: &impl Store) {
    for (by, text) in [("one", "x"), ("two", "xx"), ("one", "xxx"), ("two", "xxxx")] {
        store.apply(vec![put("a", by, text)]).await.unwrap();
    }
    has(store, "a", Some(("two", "xxxx"))).await;
    keeps(store, "a", &[("one", Some("xxx"))]).await;
    store.apply(vec![clear("a", "one"), put("a", "two", "xxxxx")]).await.unwrap();
    keeps(store, "a", &[("one", None)]).await;
    store.apply(vec![restore(None, "two", "one")]).await.unwrap();
    has(store, "a", None).await;
    store.apply(vec![put("a", "two", "z"), restore(None, "two", "one")]).await.unwrap();
    has(store, "a", None).await;
}

pub async fn a_version_that_is_left_takes_its_blobs_with_it(store: &impl Store) {
    // `reader` reads what `one` wrote, and has never written itself.
    let agents = ["old", "new", "other", "reader", "untouched"];
    store.apply(vec![put("old", "one", "x"), put("other", "one", "o"), put("reader", "zero", "z")]).await.unwrap();
    store.apply(vec![put("untouched", "one", "u")]).await.unwrap();
    let changes = ["old", "new", "other", "reader"].map(|agent| put(agent, "two", "later"));
    store.apply(changes.into()).await.unwrap();
    store.apply(vec![restore(None, "three", "one"), restore(Some(&[]), "two", "one")]).await.unwrap();
    has(store, "old", Some(("two", "later"))).await;
    store.apply(vec![restore(Some(&["old", "new", "reader", "untouched", "nobody"]), "two", "one")]).await.unwrap();
    let expected = [Some(("one", "x")), None, Some(("two", "later")), Some(("zero", "z")), Some(("one", "u"))];
    for (agent, expected) in agents.into_iter().zip(expected) {
        has(store, agent, expected).await;
    }
    store.apply(vec![restore(None, "two", "one")]).await.unwrap();
    has(store, "other", Some(("one", "o"))).await;
    let elsewhere = Change::PutState {
        agent: "old".into(),
        plugin: PackId::new("elsewhere"),
        digest: component("two"),
        blob: blob("e"),
        led_by: None,
        at: at(1),
    };
    store.apply(vec![elsewhere, restore(None, "two", "one")]).await.unwrap();
    assert!(store.state(&"old".into(), &PackId::new("elsewhere")).await.unwrap().is_some(), "of another plugin");
}

pub async fn only_the_latest_are_kept(store: &impl Store) {
    let names = ["one", "two", "three", "four", "five"];
    for by in names {
        store.apply(vec![put("a", by, by)]).await.unwrap();
    }
    let kept: Vec<(&str, Option<&str>)> = names[1..4].iter().rev().map(|by| (*by, Some(*by))).collect();
    assert_eq!(kept.len(), KEPT_STATES);
    keeps(store, "a", &kept).await;
    store.apply(vec![restore(None, "five", "two")]).await.unwrap();
    has(store, "a", Some(("two", "two"))).await;
    keeps(store, "a", &kept[..2]).await;
}
