//! The audit log: how things were and are, of every change that can be told so.

use puppet_store::{AgentRow, ApiChanges, ApiStore as _, Change, CommitStore as _};
use puppet_types::Timestamp;
use serde_json::{Value, json};

use super::rows::{at, remember, village};
use crate::{auth::Role, operations::Told, testing::Scene};

/// The last row: what, before and after.
async fn last(scene: &Scene) -> (String, Value, Value) {
    let row = scene.store.api_changes(&ApiChanges { limit: 1, ..ApiChanges::default() }).await.unwrap().remove(0);
    (row.what, row.before.unwrap_or_default(), row.after.unwrap_or_default())
}

async fn send(scene: &Scene, method: &str, path: &str, body: Value) -> (String, Value, Value) {
    let got = scene.request(method, path).role(Role::Admin).json(&body).send().await;
    assert!((200..300).contains(&got.status), "{path}: {got:?}");
    last(scene).await
}

#[tokio::test]
async fn of_an_agent_stands_how_it_was_and_is() {
    let scene = village().await;
    let body = json!({ "name": "Ann", "handle": "ann", "pack": "p", "llm": null, "persona": {}, "settings": { "tries": 2 },
        "paused": { "by": "me", "reason": "it's late" } });
    let row = AgentRow { id: "ann".into(), body, created: at(0) };
    scene.store.apply(vec![Change::Agent(row)]).await.unwrap();
    scene.stub.will("change_agent", Ok(Told::new(json!({ "id": "ann" }))));
    scene.stub.will("agent", Ok(Told::new(json!({ "id": "ann" }))));
    let settings = json!({ "settings": { "tries": 2 } });
    let told = send(&scene, "PATCH", "/api/v1/agents/ann", json!({ "settings": { "tries": 3 } })).await;
    assert_eq!(told, ("agent.settings".into(), settings.clone(), settings));
    for word in ["pause", "resume"] {
        let (what, before, _) = send(&scene, "POST", &format!("/api/v1/agents/ann/{word}"), json!({})).await;
        assert_eq!((what, &before["paused"]["reason"]), (format!("agent.{word}"), &json!("it's late")));
    }
    let one = json!({ "name": "Ann", "handle": "ann", "pack": "p", "llm": null, "settings": { "tries": 2 } });
    assert_eq!(
        send(&scene, "DELETE", "/api/v1/agents/ann", json!({})).await,
        ("agent.delete".into(), one, json!(null))
    );
    let made = json!({ "schema": "puppet.agent-made/1", "agent_id": "bob", "import": null });
    scene.stub.will("make_agent", Ok(Told::new(made)));
    let (what, before, after) = send(&scene, "POST", "/api/v1/agents", json!({ "pack": "p" })).await;
    assert_eq!(
        (what.as_str(), before, &after["settings"], &after["name"]),
        ("agent.make", json!(null), &json!(null), &json!("bob"))
    );
}

#[tokio::test]
async fn of_a_memory_stands_that_it_was_there_and_not_what_it_said() {
    let scene = village().await;
    let added = send(&scene, "POST", "/api/v1/agents/ann/memory", json!({ "content": "it's a secret kettle" })).await;
    assert_eq!((&*added.0, &added.1, &added.2["kind"]), ("memory.add", &json!(null), &json!("general")));
    let change = remember("ann", "mem-k", "another secret kettle", 5);
    scene.store.apply(vec![change]).await.unwrap();
    let gone = send(&scene, "DELETE", "/api/v1/agents/ann/memory/mem-k", json!({})).await;
    assert_eq!((&*gone.0, &gone.1["id"], &gone.2), ("memory.delete", &json!("mem-k"), &json!(null)));
    let log = scene.get(Some(Role::Admin), "/api/v1/audit").await.is("audit", 200);
    assert!(!log.to_string().contains("kettle"), "{log}");
}

#[tokio::test]
async fn of_what_clients_of_the_original_change_stands_the_same() {
    let scene = village().await;
    let told = send(&scene, "POST", "/api/agents/ann/memories", json!({ "content": "it's a secret kettle" })).await;
    assert_eq!((&*told.0, &told.1, &told.2["kind"]), ("memory.add", &json!(null), &json!("general")));
    assert!(told.2.get("content").is_none(), "{told:?}");
    scene.stub.will("make_agent", Ok(Told::new(json!({}))));
    let told = send(&scene, "POST", "/api/agents", json!({ "id": "bob" })).await;
    assert_eq!((&*told.0, &told.1, &told.2["name"]), ("agent.make", &json!(null), &json!("bob")));
}

#[tokio::test]
async fn of_effects_packs_and_wallets_stands_how_they_were_and_are() {
    let scene = village().await;
    scene.stub.will("outbox", Ok(Told::new(json!({}))));
    scene.stub.will("decide", Ok(Told::new(json!({}))));
    for (path, body, what) in [
        ("/api/v1/outbox/eff-ann-1/retry", json!({}), "outbox.retry"),
        ("/api/v1/outbox/eff-ann-1/drop", json!({}), "outbox.drop"),
        ("/api/v1/approvals/eff-ann-1", json!({ "verdict": "reject" }), "approval.decide"),
    ] {
        let told = send(&scene, "POST", path, body).await;
        let stands = json!({ "agent": "ann", "kind": "post", "state": "done", "attempts": 0, "reason": null });
        assert_eq!(told, (what.into(), stands.clone(), stands));
    }
    let digest = puppet_types::Digest::of(b"x");
    let rollback = json!({ "schema": "puppet.rollback/1", "pack": "p", "from": "2.0.0", "to": "1.0.0", "digest": digest,
        "state": "serving" });
    scene.stub.will("rollback", Ok(Told::new(rollback)));
    let told = send(&scene, "POST", "/api/v1/packs/p/rollback", json!({})).await;
    assert_eq!((&*told.0, &told.1["from"], &told.2["to"]), ("pack.rollback", &json!("2.0.0"), &json!("1.0.0")));
    scene.stub.will("remove", Ok(Told::new(json!({ "pack": "p", "removed": [{ "version": "1.0.0" }] }))));
    let told = send(&scene, "DELETE", "/api/v1/packs/p", json!({})).await;
    assert_eq!((&*told.0, &told.1["removed"][0]["version"]), ("pack.remove", &json!("1.0.0")));
    scene.stub.will("release", Ok(Told::new(json!({ "pack": "p", "was": "quarantined", "strikes": 3 }))));
    let told = send(&scene, "POST", "/api/v1/plugins/p/release", json!({})).await;
    assert_eq!((&*told.0, &told.1["strikes"], &told.2["strikes"]), ("plugin.release", &json!(3), &json!(0)));

    let wallet = |state: &str| json!({ "items": [{ "name": "main", "state": state, "since": null, "reason": null }] });
    scene.stub.will("wallets", Ok(Told::new(wallet("active"))));
    scene.stub.will("wallet_word", Ok(Told::new(wallet("halted"))));
    let told = send(&scene, "POST", "/api/v1/trading/wallets/main/halt", json!({ "reason": "it's lunch" })).await;
    assert_eq!((&*told.0, &told.1["state"], &told.2["state"]), ("wallet.halt", &json!("active"), &json!("halted")));
    scene.stub.will("decide_swap", Ok(Told::new(json!({ "hash": "ab", "state": "approved" }))));
    let told = send(&scene, "POST", "/api/v1/trading/approvals/ab", json!({ "verdict": "approve" })).await;
    assert_eq!((&*told.0, &told.2["state"]), ("wallet.decide", &json!("approved")));
}

#[tokio::test]
async fn of_the_halt_stands_since_when_and_why() {
    let scene = village().await;
    scene.host.halt(Some("it's late".to_owned())).await.unwrap();
    scene.stub.will("resume", Ok(Told::new(json!({}))));
    let (what, before, after) = send(&scene, "POST", "/api/v1/resume", json!({})).await;
    assert_eq!(
        (&*what, &before["reason"], &after["reason"]),
        ("host.resume", &json!("it's late"), &json!("it's late"))
    );
    assert!(before["since"].as_str().and_then(Timestamp::parse).is_some());
}

#[tokio::test]
async fn lists_that_come_whole_are_told_in_pages() {
    let scene = village().await;
    let digest = puppet_types::Digest::of(b"x");
    let items = |n: u64| -> Vec<Value> {
        let item = |n: u64| json!({ "pack": format!("p{n}"), "name": format!("w{n}"), "digest": digest, "hash": n, "swap": n, "at": n });
        (0..n).map(item).collect()
    };
    for (method, path) in [
        ("packs", "/api/v1/packs"),
        ("plugins", "/api/v1/plugins"),
        ("swaps", "/api/v1/plugins/p/swaps"),
        ("grants", "/api/v1/grants"),
        ("wallets", "/api/v1/trading/wallets"),
        ("wallet_approvals", "/api/v1/trading/approvals"),
    ] {
        scene.stub.will(method, Ok(Told::new(json!({ "schema": "puppet.x/1", "items": items(120), "next": null }))));
        let (mut seen, mut cursor) = (Vec::new(), String::new());
        for most in [50, 50, 20] {
            let page = scene.get(Some(Role::Viewer), &format!("{path}{cursor}")).await.json();
            let items = page["items"].as_array().unwrap().clone();
            assert_eq!(items.len(), most, "{path}");
            seen.extend(items);
            cursor = format!("?cursor={}", page["next"].as_str().unwrap_or_default());
        }
        assert_eq!((seen, &*cursor), (items(120), "?cursor="), "{path}");
        let one = scene.get(Some(Role::Viewer), &format!("{path}?limit=1")).await.json();
        assert_eq!(one["items"].as_array().unwrap().len(), 1);
        scene.get(Some(Role::Viewer), &format!("{path}?limit=201")).await.is_fault(400, "bad-value");
    }
    let one = scene.get(Some(Role::Viewer), "/api/v1/agents/ann/relationships?limit=1").await.is("relationships", 200);
    assert_eq!((one["items"].as_array().unwrap().len(), &one["next"]), (1, &json!(null)));
}
