//! Every route: it has a policy and a description, both ways, and each lets in whom its policy says and nobody else.

use std::collections::BTreeSet;

use axum::http::Method;
use puppet_store::{EventStore as _, PostStore as _};
use puppet_types::AccountId;
use serde_json::{Value, json};

use crate::{
    auth::{Principal, Role},
    operations::Told,
    parts::Settings,
    policy::{Least, POLICIES, Policy, Scope},
    router::DESCRIPTION,
    testing::{Asked, Got, Scene, somebody},
    v1::tests::rows::{at, event, village_with},
};

/// Method and path of every route that is described.
fn described() -> BTreeSet<(String, String)> {
    let paths = DESCRIPTION["paths"].as_object().unwrap();
    let operations = paths.iter().flat_map(|(path, item)| {
        let methods = item.as_object().unwrap().keys().filter(|key| key.to_uppercase().parse::<Method>().is_ok());
        methods
            .filter(|key| ["get", "post", "put", "patch", "delete"].contains(&key.as_str()))
            .map(move |method| (method.to_uppercase(), path.clone()))
    });
    operations.collect()
}

fn all() -> impl Iterator<Item = &'static Policy> {
    POLICIES.iter().copied().flatten()
}

/// A path with something in each of its places.
fn filled(path: &str) -> String {
    path.split('/').map(|part| if part.starts_with('{') { "ann" } else { part }).collect::<Vec<_>>().join("/")
}

#[test]
fn every_route_has_a_policy_and_a_description() {
    let policies: BTreeSet<_> = all().map(|policy| (policy.method.to_owned(), policy.path.to_owned())).collect();
    let described = described();
    let without: Vec<_> = described.difference(&policies).collect();
    assert!(without.is_empty(), "without a policy: {without:?}");
    let nowhere: Vec<_> = policies.difference(&described).collect();
    assert!(nowhere.is_empty(), "without a route: {nowhere:?}");
}

/// With a body that no route takes, so that nothing happens where somebody is let in.
fn asked(scene: &Scene, policy: &Policy) -> Asked {
    let asked = scene.request(policy.method, &filled(policy.path));
    if policy.writes { asked.header("content-type", "application/json").body("[]") } else { asked }
}

/// With a parameter that no route takes.
async fn strange(scene: &Scene, policy: &Policy, by: Principal) -> Got {
    scene.request(policy.method, &format!("{}?no_such_parameter=1", filled(policy.path))).by(by).send().await
}

/// It came past the door: what it is refused for is what it asks.
#[track_caller]
fn is_let_in(policy: &Policy, got: &Got) {
    if policy.path.starts_with("/api/v1/") && !policy.is_live() {
        got.is_fault_of(policy, 400, "bad-query");
    } else {
        assert!(![401, 403].contains(&got.status), "{policy:?}: {got:?}");
    }
}

#[tokio::test]
async fn each_lets_in_whom_its_policy_says() {
    let scene = Scene::with(Settings { burst: 100_000, ..Settings::default() }).await;
    for policy in all() {
        let Least::Role(least) = policy.least else { continue };
        asked(&scene, policy).send().await.is_fault_of(policy, 401, "no-key");
        for role in Role::ALL {
            if role < least {
                asked(&scene, policy).role(role).send().await.is_fault_of(policy, 403, "role");
            } else if !policy.is_live() {
                is_let_in(policy, &strange(&scene, policy, somebody(role, None)).await);
            }
        }
        let bound = |agent| somebody(Role::Admin, Some(&[agent]));
        match policy.scope {
            Scope::Host => {
                asked(&scene, policy).by(bound("bob")).send().await.is_fault_of(policy, 403, "scoped-key");
            }
            Scope::Agent => {
                asked(&scene, policy).by(bound("bob")).send().await.is_fault_of(policy, 404, "unknown-agent");
                is_let_in(policy, &strange(&scene, policy, bound("ann")).await);
            }
            Scope::Filtered if policy.is_live() => {}
            Scope::Filtered => is_let_in(policy, &strange(&scene, policy, bound("bob")).await),
        }
    }
}

/// How a key that is bound to `bob` asks a filtered route for what is `ann`'s, and what it hears: the status, and for a list whether `bob`
/// is in it. A route that stands nowhere here fails the test: somebody has to say how it is asked.
fn asks_for_ann(policy: &Policy, post: &str) -> (String, Option<Value>, u16, bool) {
    let of =
        |path: &str| path.replace("{invocation}", "inv-ann-0").replace("{effect}", "eff-ann-0").replace("{post}", post);
    let digest = format!("sha256:{}", "0".repeat(64));
    let (body, status, lists) = match (policy.method, policy.path) {
        (
            "GET",
            "/api/v1/agents"
            | "/api/v1/events"
            | "/api/v1/events/waiting"
            | "/api/v1/events/dead-letters"
            | "/api/v1/journal"
            | "/api/v1/outbox"
            | "/api/v1/approvals"
            | "/api/v1/budgets"
            | "/api/v1/timers"
            | "/api/v1/timeline"
            | "/api/v1/session"
            | "/api/agents"
            | "/api/events",
        ) => (None, 200, true),
        ("GET", "/api/v1/status" | "/api/v1/version" | "/api/status") => (None, 200, false),
        ("GET", path) if path.contains('{') => (None, 404, false),
        (
            "POST",
            "/api/v1/journal/{invocation}/replay" | "/api/v1/outbox/{effect}/retry" | "/api/v1/outbox/{effect}/drop",
        ) => (Some(json!({})), 404, false),
        ("POST", "/api/v1/approvals/{effect}") => (Some(json!({ "verdict": "approve", "digest": digest })), 404, false),
        ("POST", "/api/v1/events") => (Some(json!({ "kind": "news", "to": ["ann"] })), 404, false),
        ("POST", "/api/events") => (Some(json!({ "type": "news", "data": {}, "targetAgentIds": ["ann"] })), 404, false),
        ("POST", "/api/v1/timeline") => (Some(json!({ "by": "eve", "text": "hello @ann" })), 403, false),
        ("DELETE", "/api/v1/session") => (None, 409, false),
        other => panic!("how does a bound key ask {other:?}?"),
    };
    (of(policy.path), body, status, lists)
}

#[tokio::test]
async fn a_key_that_is_bound_hears_of_nobody_else_on_any_filtered_route() {
    let scene = village_with(Settings { burst: 100_000, ..Settings::default() }).await;
    scene
        .store
        .accept(["ann", "bob"].map(|agent| event(agent, &format!("evt-open-{agent}"), 5)).to_vec())
        .await
        .unwrap();
    for agent in ["ann", "bob"] {
        let dead = format!("evt-dead-{agent}");
        scene.store.accept(vec![event(agent, &dead, 6)]).await.unwrap();
        scene.store.bury(&dead.as_str().into(), "loop", at(7), None).await.unwrap();
    }
    for (n, agent) in ["ann", "bob"].into_iter().enumerate() {
        let at = at(8 + i64::try_from(n).unwrap());
        scene.local().write(&AccountId::new(agent), &format!("{agent} at tea"), None, at).await.unwrap();
    }
    let posts = scene.store.posts(&[], at(9), false, 9).await.unwrap();
    let post = posts.iter().find(|post| post.author.as_str() == "ann").unwrap().id.to_string();
    let agents = json!({ "schema": "puppet.agents/1", "items": [{ "id": "ann", "name": "ANN" }, { "id": "bob", "name": "BOB" }] });
    scene.stub.will("agents", Ok(Told::new(agents)));
    let lines = ["ann", "bob"].map(|agent| json!({ "agent": agent, "capability": "tweet" }));
    scene.stub.will("budgets", Ok(Told::new(json!({ "items": lines, "limits": [], "caps": [], "bill": [] }))));
    let mut asked = 0;
    for policy in all().filter(|policy| policy.scope == Scope::Filtered && policy.least != Least::Anyone) {
        // What the stream tells whom: its own tests.
        if policy.is_live() {
            continue;
        }
        let (path, body, status, lists) = asks_for_ann(policy, &post);
        let ask = async |path: &str| {
            let asked = scene.request(policy.method, path).scoped(Role::Admin, &["bob"]);
            let asked = if let Some(body) = &body { asked.json(body) } else { asked };
            asked.send().await
        };
        let got = ask(&path).await;
        assert_eq!(got.status, status, "{policy:?}: {got:?}");
        let text = String::from_utf8_lossy(&got.body).to_lowercase();
        if status == 200 {
            assert!(!text.contains("ann"), "{path}: {text}");
            assert_eq!(text.contains("bob"), lists, "{path}: {text}");
        } else if policy.path.contains('{') {
            // Not to be told from what is not there at all.
            let nothing =
                ask(&path.replace("-ann-0", "-none").replace(&format!("timeline/{post}"), "timeline/77")).await;
            assert_eq!((nothing.status, &nothing.json()["code"]), (status, &got.json()["code"]), "{path}");
        }
        asked += 1;
    }
    assert!(asked > 25, "{asked}");
    let count = |path: &'static str| {
        let asked = scene.request("GET", path).scoped(Role::Viewer, &["bob"]);
        async move { asked.send().await.json()["agents"].clone() }
    };
    assert_eq!(count("/api/v1/status").await, json!({ "total": 1, "paused": 0 }));
    assert_eq!(count("/api/status").await, 1);
}
