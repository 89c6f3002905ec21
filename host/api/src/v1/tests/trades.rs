//! What agents trade: what is asked for, by whom, and what comes back.

use puppet_store::{ApiChanges, ApiStore as _};
use serde_json::{Value, json};

use super::rows::village;
use crate::{
    auth::Role,
    operations::Told,
    testing::{Got, Scene},
};

const TRADE: &str = "/api/v1/agents/ann/trade";

fn answer(outcome: &str) -> Told {
    Told::new(json!({
        "schema": "puppet.agent-trade/1", "id": "trd-1", "agent": "ann", "wallet": "main", "kind": "live",
        "outcome": outcome, "waits": null, "approval": null, "result": null,
    }))
}

fn wish() -> Value {
    json!({ "market": "SOL/USDC", "side": "buy", "amount": "5000000" })
}

async fn wished(scene: &Scene, more: Value) -> Got {
    let mut body = wish();
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    scene.post(Role::Operator, TRADE, body).await
}

#[tokio::test]
async fn a_trade_is_asked_for_to_the_unit_and_what_goes_on_says_where_to_look() {
    let scene = village().await;
    for (outcome, status, look) in [
        ("done", 200, None),
        ("denied", 200, None),
        ("accepted", 202, Some("/api/v1/agents/ann/trade/trd-1")),
        ("waiting", 202, Some("/api/v1/agents/ann/trade/trd-1")),
    ] {
        scene.stub.will("trade", Ok(answer(outcome)));
        let got = wished(&scene, json!({})).await;
        got.is("agent-trade", status);
        assert_eq!(got.header("location"), look, "{outcome}");
    }
    let more = json!({ "side": "sell", "amount": "18446744073709551615", "max_slippage_bps": 50,
        "reason": "it's high", "wait_ms": 5000 });
    let body = json!({ "market": "SOL/USDC" });
    let mut whole = more;
    whole.as_object_mut().unwrap().extend(body.as_object().unwrap().clone());
    let keyed = scene.request("POST", TRADE).role(Role::Operator).header("idempotency-key", "k");
    keyed.json(&whole).send().await.is("agent-trade", 202);
    let asked: Vec<Value> = scene.stub.asked().into_iter().map(|(_, asked)| asked).collect();
    assert_eq!(
        asked[0],
        json!({ "agent": "ann", "market": "SOL/USDC", "side": "buy", "amount": 5_000_000, "reason": "an operator asked for it",
            "max_slippage_bps": null, "key": null, "wait_ms": null })
    );
    assert_eq!(
        (&asked[4]["side"], &asked[4]["amount"], &asked[4]["max_slippage_bps"], &asked[4]["wait_ms"]),
        (&json!("sell"), &json!(u64::MAX), &json!(50), &json!(5000))
    );
    assert!(asked[4]["key"].as_str().unwrap().ends_with(" k"));
    let changes = scene.store.api_changes(&ApiChanges { limit: 10, ..ApiChanges::default() }).await.unwrap();
    assert_eq!((changes.len(), changes[0].what.as_str()), (5, "agent.trade"));
    assert_eq!(changes[0].after.as_ref().unwrap()["trade"]["id"], "trd-1");
}

#[tokio::test]
async fn what_cannot_be_traded_is_refused_by_name_and_asks_for_nothing() {
    let scene = village().await;
    for (more, code, field) in [
        (json!({ "amount": "0" }), "bad-value", "amount"),
        (json!({ "amount": "-5" }), "bad-value", "amount"),
        (json!({ "amount": "+5" }), "bad-value", "amount"),
        (json!({ "amount": "1.5" }), "bad-value", "amount"),
        (json!({ "amount": "18446744073709551616" }), "bad-value", "amount"),
        (json!({ "market": "" }), "bad-value", "market"),
        (json!({ "max_slippage_bps": 10_001 }), "bad-value", "max_slippage_bps"),
        (json!({ "reason": " " }), "bad-value", "reason"),
        (json!({ "wait_ms": 120_001 }), "bad-value", "wait_ms"),
        (json!({ "limit": 1 }), "bad-body", "limit"),
    ] {
        let got = wished(&scene, more.clone()).await;
        got.is_fault(400, code);
        assert_eq!(got.json()["field"], field, "{more}");
    }
    for more in [json!({ "amount": 5 }), json!({ "side": "hold" })] {
        wished(&scene, more).await.is_fault(400, "bad-body");
    }
    scene.post(Role::Viewer, TRADE, wish()).await.is_fault(403, "role");
    scene.post(Role::Operator, "/api/v1/agents/eve/trade", wish()).await.is_fault(404, "unknown-agent");
    let bound = scene.request("POST", TRADE).scoped(Role::Operator, &["bob"]).json(&wish());
    bound.send().await.is_fault(404, "unknown-agent");
    for path in ["trade/trd-1", "trading/stats", "trading/balance", "trading/transactions"] {
        let path = format!("/api/v1/agents/ann/{path}");
        scene.request("GET", &path).scoped(Role::Viewer, &["bob"]).send().await.is_fault(404, "unknown-agent");
    }
    assert!(scene.stub.asked().is_empty());
}

#[tokio::test]
async fn pages_of_a_purse_go_on_where_the_last_ended_and_are_of_one_agent() {
    let scene = village().await;
    let page = |next: Value| {
        let value = json!({ "schema": "puppet.wallet-history/1", "items": [], "next": next });
        Ok(Told::new(value))
    };
    let of = |agent: &str, query: &str| format!("/api/v1/agents/{agent}/trading/transactions{query}");
    scene.stub.will("transactions", page(json!({ "desk": 7, "said": null, "at": 5 })));
    let first = scene.get(Some(Role::Viewer), &of("ann", "?limit=2")).await.is("wallet-history", 200);
    let next = first["next"].as_str().unwrap();
    scene.stub.will("transactions", page(Value::Null));
    let more = scene.get(Some(Role::Viewer), &of("ann", &format!("?cursor={next}"))).await;
    assert_eq!(more.is("wallet-history", 200)["next"], Value::Null);
    scene.get(Some(Role::Viewer), &of("bob", &format!("?cursor={next}"))).await.is_fault(400, "bad-cursor");
    scene.get(Some(Role::Viewer), &of("ann", "?limit=201")).await.is_fault(400, "bad-value");
    let asked = scene.stub.asked();
    assert_eq!(asked[0].1, json!(["ann", { "desk": null, "said": null, "at": null }, 2]));
    assert_eq!((asked[1].1.clone(), asked.len()), (json!(["ann", { "desk": 7, "said": null, "at": 5 }, 50]), 2));
}
