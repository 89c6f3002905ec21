//! Commands over HTTP do what the emulator's own methods do, and are not counted.

use puppet_emulate_chain::USDC;
use reqwest::Method;
use serde_json::{Value, json};

use crate::there::{DOLLARS, LAMPORTS, There, number};

#[tokio::test]
async fn everything_is_commanded_over_http_and_not_counted() {
    let there = There::start().await;
    let owner = there.owner().to_string();
    let mint = "9n4nbM75f5Ui33ZbPYXn59EwSgE8CGsHtAeTH5YFeJ9E";
    let post = async |path: &str, body: Value| {
        let (status, _, told) = there.ask(Method::POST, &format!("/_emulator/{path}"), Some(body)).await;
        assert_eq!((status, &told), (200, &json!({})), "{path}");
    };
    post("chain", json!({ "airdrop": { "address": owner, "lamports": 5_000_000 } })).await;
    post("chain", json!({ "mint-to": { "owner": owner, "mint": USDC.to_string(), "amount": 7 } })).await;
    assert_eq!((there.lamports(), there.tokens(&USDC)), (LAMPORTS + 5_000_000, DOLLARS + 7));
    let height = there.rpc.get_block_height().await.unwrap();
    post("chain", json!({ "advance": 10 })).await;
    post("chain", json!("expire")).await;
    assert_eq!(there.rpc.get_block_height().await.unwrap(), height + 161);
    let token = json!({ "symbol": "NEW", "mint": mint, "decimals": 2, "program": "token2022", "price": 2_000_000 });
    post("exchange", json!({ "list": token })).await;
    post("exchange", json!({ "price": { "mint": mint, "price": 4_000_000 } })).await;
    post("exchange", json!({ "malice": { "kind": "worse-rate", "percent": 50 } })).await;
    let order = there.order(&USDC, &mint.parse().unwrap(), 8_000_000).await;
    assert_eq!(number(&order["outAmount"]), 200, "two whole tokens");
    assert_eq!(there.execute(&order).await["status"], "Success");
    assert_eq!(there.tokens(&mint.parse().unwrap()), 100);
    post("exchange", json!({ "malice": null })).await;
    post("exchange", json!({ "drift": 10 })).await;
    post("exchange", json!({ "wrap": true })).await;
    post("faults", json!({ "faults": [{ "kind": "unhealthy", "operation": "getHealth" }] })).await;
    there.rpc.get_health().await.unwrap_err();

    let (_, _, counts) = there.ask(Method::GET, "/_emulator/counts", None).await;
    let effects = json!({ "transaction": 1, "failed": 0, "swap": 1, "airdrop": 0 });
    assert_eq!(counts, json!({ "effects": effects, "requests": 5, "duplicates": 0, "faults": 1 }), "commands are none");
    let (_, _, report) = there.ask(Method::GET, "/_emulator/report", None).await;
    assert_eq!(report["counts"], json!({ "execute": 1, "getBlockHeight": 2, "getHealth": 1, "order": 1 }));
    let last = &report["requests"][4];
    assert_eq!((&last["operation"], &last["error"]), (&"getHealth".into(), &json!(-32005)));
    assert_eq!(report["faults"][0]["struck"], 1);
    assert_eq!(report["exchange"]["tokens"].as_array().unwrap().len(), 5);
}

#[tokio::test]
async fn what_is_no_command_is_refused() {
    let there = There::start().await;
    for (path, body, said) in [
        ("chain", json!({ "advance": 1_000_000 }), "at most"),
        ("chain", json!({ "airdrop": { "address": "nobody", "lamports": 1 } }), "no address"),
        ("chain", json!("explode"), "unknown variant"),
        ("exchange", json!({ "malice": { "kind": "kindness" } }), "unknown variant"),
        ("exchange", json!({ "price": { "mint": there.owner().to_string(), "price": 1 } }), "is no mint"),
        ("faults", json!({ "faults": [{ "kind": "fire" }] }), "unknown variant"),
    ] {
        let (status, _, told) = there.ask(Method::POST, &format!("/_emulator/{path}"), Some(body)).await;
        assert!(status == 400 && told["error"].as_str().unwrap().contains(said), "{told}");
    }
    assert_eq!(there.ask(Method::GET, "/_emulator/weather", None).await.0, 404);
    assert_eq!(there.ask(Method::GET, "/", None).await.0, 404);
}
