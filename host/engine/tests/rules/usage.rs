//! What a character used, for whoever looks at it before granting anything: operations, and how much there was at once.

use puppet_grants::{Amount, Period};
use puppet_store::{Change, MemoryStore as _};
use puppet_types::{Capability, Memory, MemoryKind, Trust};

use crate::{
    guest::{End, Step},
    scene::{Cast, HOUR, Scene, Setting, after, event, everything, start},
};

/// A post that was published, as the host remembers it.
fn by_the_host() -> Change {
    let memory = Memory {
        id: "post:1".to_owned(),
        kind: MemoryKind::Post,
        content: "what it said".to_owned(),
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
    Change::Remember { agent: "ann".into(), memory, vector: None, cap: puppet_memory::cap(MemoryKind::Post) }
}

#[tokio::test]
async fn how_much_there_was_at_once_counts_what_the_host_remembers_beside_the_plugin() {
    let steps = vec![Step::PostEventId, Step::Remember("tea"), Step::After("wake")];
    let cast = Cast { pack: "pack", steps, end: End::Ok, requests: everything() };
    let scene = Scene::with(Setting::default(), vec![cast], &["ann"]).await;
    scene.host.ledger.keep_usage();
    scene.host.submit(vec![event("e1", "ann", start())]).await.unwrap();
    scene.run_until(after(HOUR / 2)).await;
    scene.host.apply(vec![by_the_host()]).await.unwrap();
    let first = scene.store.memory_size(&"ann".into()).await.unwrap();
    assert_eq!(first.rows, 2, "its own memory, and the host's");
    scene.host.submit(vec![event("e2", "ann", after(HOUR / 2))]).await.unwrap();
    scene.run_until(after(HOUR / 2 + 1)).await;
    let usage = scene.host.ledger.usage();
    let most = |capability, amount| {
        let of = |key: &&puppet_grants::BudgetKey| {
            (key.capability, key.amount, key.period) == (capability, amount, Period::AtOnce)
        };
        usage.at_once[usage.at_once.keys().find(of).unwrap()]
    };
    assert_eq!(
        most(Capability::Memory, Amount::Rows),
        first.rows + 1,
        "one that replaces another counts until it does"
    );
    assert_eq!(most(Capability::Memory, Amount::Bytes), first.bytes + 3);
    assert_eq!(most(Capability::Schedule, Amount::Timers), 1);
    let operations: Vec<String> =
        usage.operations.iter().map(|(agent, of, name)| format!("{agent} {of}.{name}")).collect();
    assert_eq!(operations, ["ann tweet.post", "ann memory.remember", "ann schedule.after"]);
}
