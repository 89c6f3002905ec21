//! Packs and plugins: what is passed on, what is refused before it is, and what is answered.

use serde_json::{Value, json};

use crate::{
    auth::Role,
    fault::Fault,
    operations::Told,
    parts::Settings,
    testing::{Got, Scene},
};

fn digest() -> String {
    format!("sha256:{}", "ab".repeat(32))
}

fn install(status: &str) -> Value {
    json!({
        "schema": "puppet.install/1", "pack": "lamp", "version": "0.2.0", "digest": digest(), "status": status,
        "state": if status == "waiting" { "waiting" } else { "next" },
        "reasons": [], "diff": { "from": null, "asks": [], "widened": [], "narrowed": [] },
    })
}

async fn upload(scene: &Scene, path: &str, media: &str, body: Vec<u8>) -> Got {
    scene.request("POST", path).role(Role::Admin).header("content-type", media).body(body).send().await
}

#[tokio::test]
async fn an_archive_is_handed_on_whole_and_its_end_has_a_status() {
    let scene = Scene::new().await;
    scene.stub.will("install", Ok(Told::new(install("installed"))));
    let got = upload(&scene, "/api/v1/packs", "application/x-tar", vec![7; 70_000]).await;
    got.is("install", 201);
    assert_eq!(got.header("location"), Some("/api/v1/packs/lamp"));
    scene
        .stub
        .will("install", Ok(Told { notes: vec!["not part of the pack: x".into()], ..Told::new(install("waiting")) }));
    let path = "/api/v1/packs?allow_unsigned=true&force_downgrade=true&wait_ms=500";
    let got = upload(&scene, path, "application/octet-stream", vec![7; 3]).await;
    got.is("install", 202);
    assert_eq!(got.header("location"), Some("/api/v1/grants/lamp"));
    assert_eq!(got.header("puppet-note"), Some("not part of the pack: x"));
    let asked = [("install", json!([70_000, false, false, null])), ("install", json!([3, true, true, 500]))];
    assert_eq!(scene.stub.asked(), asked);
    scene.stub.will("install", Err(Fault::conflict("unsigned", "nobody vouches for it", "sign it")));
    upload(&scene, "/api/v1/packs", "application/x-tar", vec![7]).await.is_fault(409, "unsigned");
}

#[tokio::test]
async fn what_is_no_archive_and_what_is_too_long_is_not_looked_at() {
    let scene = Scene::with(Settings { max_upload: 1_000, max_body: 100, ..Settings::default() }).await;
    upload(&scene, "/api/v1/packs", "application/json", b"{}".to_vec()).await.is_fault(415, "not-an-archive");
    upload(&scene, "/api/v1/packs", "application/x-tar", vec![7; 1_001]).await.is_fault(413, "too-large");
    let waits = "/api/v1/packs?wait_ms=120001";
    upload(&scene, waits, "application/x-tar", vec![7]).await.is_fault(400, "bad-value");
    assert_eq!(scene.stub.asked(), []);
    // Longer than other bodies may be.
    scene.stub.will("install", Ok(Told::new(install("installed"))));
    upload(&scene, "/api/v1/packs", "application/x-tar", vec![7; 1_000]).await.is("install", 201);
}

#[tokio::test]
async fn one_pack_is_shown_by_itself_also_one_without_a_plugin() {
    let scene = Scene::new().await;
    let row = |pack: &str, version: &str, digit: &str| {
        json!({ "pack": pack, "version": version, "digest": format!("sha256:{}", digit.repeat(64)), "component": null,
            "signer": null, "source": "archive", "state": "current", "since": "2025-01-02T03:04:05.678Z", "reason": null,
            "bytes": 9 })
    };
    let all = json!({ "schema": "puppet.packs/1", "next": null,
        "items": [row("lamp", "0.1.0", "a"), row("ann", "0.1.0", "b"), row("lamp", "0.2.0", "c")] });
    scene.stub.will("packs", Ok(Told::new(all)));
    let versions =
        |told: &Value| told["items"].as_array().unwrap().iter().map(|item| item["version"].clone()).collect();
    let shown: Vec<Value> = versions(&scene.get(Some(Role::Viewer), "/api/v1/packs/lamp").await.is("packs", 200));
    assert_eq!(shown, ["0.1.0", "0.2.0"]);
    let first = scene.get(Some(Role::Viewer), "/api/v1/packs/lamp?limit=1").await.is("packs", 200);
    let next = format!("?cursor={}", first["next"].as_str().unwrap());
    let rest: Vec<Value> =
        versions(&scene.get(Some(Role::Viewer), &format!("/api/v1/packs/lamp{next}")).await.is("packs", 200));
    assert_eq!(rest, ["0.2.0"]);
    let of_another = scene.get(Some(Role::Viewer), &format!("/api/v1/packs/ann{next}")).await;
    of_another.is_fault(400, "bad-cursor");
    scene.get(Some(Role::Viewer), "/api/v1/packs/nobody").await.is_fault(404, "not-installed");
}

#[tokio::test]
async fn versions_come_back_and_go() {
    let scene = Scene::new().await;
    let back = json!({
        "schema": "puppet.rollback/1", "pack": "lamp", "from": "0.2.0", "to": "0.1.0", "digest": digest(), "state": "current",
    });
    scene.stub.will("rollback", Ok(Told::new(back)));
    let got = scene.post(Role::Admin, "/api/v1/packs/lamp/rollback", json!({ "version": "0.1.0", "wait_ms": 9 })).await;
    got.is("rollback", 200);
    scene.request("POST", "/api/v1/packs/lamp/rollback").role(Role::Admin).send().await.is("rollback", 200);
    let removed =
        json!({ "schema": "puppet.remove/1", "pack": "lamp", "removed": [{ "version": "0.1.0", "digest": digest() }] });
    scene.stub.will("remove", Ok(Told::new(removed)));
    let path = "/api/v1/packs/lamp?version=0.1.0&with_agent=true";
    scene.request("DELETE", path).role(Role::Admin).send().await.is("remove", 200);
    let asked = [
        ("rollback", json!(["lamp", "0.1.0", 9])),
        ("rollback", json!(["lamp", null, null])),
        ("remove", json!(["lamp", "0.1.0", true])),
    ];
    assert_eq!(scene.stub.asked(), asked);
    let nowhere = json!({ "version": "../../etc" });
    scene.post(Role::Admin, "/api/v1/packs/lamp/rollback", nowhere).await.is_fault(400, "bad-value");
    let got = scene.request("DELETE", "/api/v1/packs/..%2Fx").role(Role::Admin).send().await;
    got.is_fault(400, "bad-id");
}

#[tokio::test]
async fn two_versions_are_named_by_what_can_be_one() {
    let scene = Scene::with(Settings { burst: 1_000, ..Settings::default() }).await;
    let fault = Fault::conflict("one-version", "there is one version", "install another one");
    scene.stub.will("compare", Err(fault));
    scene.get(Some(Role::Viewer), "/api/v1/plugins/lamp/diff").await.is_fault(409, "one-version");
    let all = "/api/v1/plugins/lamp/diff?old=0.1.0&new=ab12cd&agent=ann&last=5";
    scene.get(Some(Role::Viewer), all).await.is_fault(409, "one-version");
    let asked =
        [("compare", json!(["lamp", null, null, null, 20])), ("compare", json!(["lamp", "0.1.0", "ab12cd", "ann", 5]))];
    assert_eq!(scene.stub.asked(), asked);
    for bad in ["old=/etc/passwd", "new=a%2Fb.wasm", "last=0", "last=201", "agent=..%2Fann", "old="] {
        scene.get(Some(Role::Viewer), &format!("/api/v1/plugins/lamp/diff?{bad}")).await.is_fault(400, "bad-value");
    }
    assert_eq!(scene.stub.asked().len(), 2);
}

#[tokio::test]
async fn plugins_are_shown_and_released() {
    let scene = Scene::new().await;
    let release = json!({ "schema": "puppet.release/1", "pack": "lamp", "was": "quarantined", "strikes": 3 });
    scene.stub.will("release", Ok(Told::new(release)));
    scene.post(Role::Operator, "/api/v1/plugins/lamp/release", json!({})).await.is("release", 200);
    let digest = digest();
    let swaps = json!({ "schema": "puppet.swaps/1", "items": [{
        "version": "0.2.0", "digest": digest, "component": digest, "state": "current", "at": "2025-01-02T03:04:05.678Z",
        "reason": null, "from": "0.1.0", "swap": {
            "from": { "version": "0.1.0", "digest": digest }, "at": "2025-01-02T03:04:05.678Z", "shadow": null,
            "canary": { "healthy": true, "success_rate": 1.0, "error_rate": 0.0, "total": 0, "errors": 0 }, "switch_us": 9,
        },
    }], "next": null });
    scene.stub.will("swaps", Ok(Told::new(swaps)));
    scene.get(Some(Role::Viewer), "/api/v1/plugins/lamp/swaps").await.is("swaps", 200);
    for (method, schema) in [("packs", "packs"), ("plugins", "plugins")] {
        let empty = json!({ "schema": format!("puppet.{schema}/1"), "items": [], "next": null });
        scene.stub.will(method, Ok(Told::new(empty)));
        scene.get(Some(Role::Viewer), &format!("/api/v1/{schema}")).await.is(schema, 200);
    }
    scene.stub.will("plugin", Err(Fault::not_found("unknown-plugin", "there is none", "look")));
    scene.get(Some(Role::Viewer), "/api/v1/plugins/nobody").await.is_fault(404, "unknown-plugin");
}
