use std::time::Duration;

use base64::{Engine, engine::general_purpose::STANDARD};
use puppet_types::Secret;
use serde_json::{Value, json};

use super::*;
use crate::{
    programs::JUPITER,
    testing::{http::serve, *},
};

/// A price as Jupiter writes it: amounts as texts, fields that nobody asked for, some of them empty.
fn priced() -> Value {
    json!({
        "mode": "manual", "router": "iris", "swapMode": "ExactIn", "inputMint": usdc().mint.to_string(),
        "outputMint": bonk().mint.to_string(), "inAmount": "1000000", "outAmount": "138082",
        "otherAmountThreshold": "137392", "slippageBps": 50, "priceImpactPct": "-0.000112", "priceImpact": -0.01,
        "platformFee": null, "routePlan": [{ "swapInfo": { "label": "SolFi V2" }, "percent": 100, "bps": null }],
        "feeMint": bonk().mint.to_string(), "feeBps": 2, "totalTime": 12,
    })
}

fn with(more: Value) -> String {
    let mut all = priced();
    for (key, value) in more.as_object().unwrap() {
        all[key] = value.clone();
    }
    all.to_string()
}

fn ask() -> Ask {
    Ask { gives: usdc().mint, takes: bonk().mint, amount: 1_000_000, taker: Some(taker()), slippage_bps: 50 }
}

fn api(endpoint: &str) -> JupiterApi {
    let key = Some(Secret::new("k-12345"));
    let timeout = Duration::from_secs(5);
    let endpoint = format!("{endpoint}/swap/v2");
    JupiterApi::new(&JupiterSettings { endpoint, key, timeout, ..JupiterSettings::default() }).unwrap()
}

#[tokio::test]
async fn an_order_is_asked_for_with_the_key_and_read_whole() {
    let more = json!({ "transaction": "AQID", "requestId": "r-1", "lastValidBlockHeight": "391", "gasless": false, "error": "" });
    let body = with(more);
    let (address, asked) = serve(move |_, _| (200, "", body.clone())).await;
    let order = api(&address).order(&ask()).await.unwrap();
    assert_eq!((order.transaction.as_deref(), order.request_id.as_str()), (Some("AQID"), "r-1"));
    assert_eq!((order.last_valid_height, order.reason), (Some(391), None));
    let quote = order.quote;
    assert_eq!((quote.in_amount, quote.out_amount, quote.least_out), (1_000_000, 138_082, 137_392));
    // 1.12 bps, rounded up.
    assert_eq!((quote.slippage_bps, quote.price_impact_bps), (50, Some(2)));
    let asked = asked.lock().unwrap()[0].clone();
    let line = asked.lines().next().unwrap();
    assert!(line.starts_with("GET /swap/v2/order?"), "{line}");
    for part in
        ["amount=1000000", "slippageBps=50", &format!("taker={}", taker()), "excludeRouters=jupiterz%2Cdflow%2Cokx"]
    {
        assert!(line.contains(part), "{part}: {line}");
    }
    assert!(asked.contains("x-api-key: k-12345"), "{asked}");
}

#[test]
fn why_there_is_no_transaction_is_told() {
    let reason = |more: Value| wire::order(with(more).as_bytes(), Timestamp::default()).unwrap().reason;
    assert_eq!(
        reason(json!({ "transaction": null, "errorCode": 1, "error": "Insufficient funds" })).unwrap(),
        "Insufficient funds"
    );
    assert_eq!(reason(json!({ "transaction": null, "error": "", "errorMessage": "Top up" })).unwrap(), "Top up");
    assert!(reason(json!({ "transaction": "AQID", "gasless": true })).unwrap().contains("somebody else"));
    assert_eq!(reason(json!({ "transaction": null, "error": "" })), None);
}

#[test]
fn answers_that_are_none_are_not_read() {
    for more in [
        json!({ "inAmount": "-1" }),
        json!({ "inAmount": 1.5 }),
        json!({ "outAmount": null }),
        json!({ "outAmount": "99999999999999999999999" }),
        json!({ "inputMint": "SOL" }),
        json!({ "swapMode": "ExactOut" }),
        json!({ "slippageBps": 70_000 }),
    ] {
        assert_eq!(wire::order(with(more.clone()).as_bytes(), Timestamp::default()), None, "{more}");
    }
    assert_eq!(wire::order(b"<html>", Timestamp::default()), None);
    let impact = |more: Value| wire::order(with(more).as_bytes(), Timestamp::default()).unwrap().quote.price_impact_bps;
    assert_eq!(impact(json!({ "priceImpactPct": "NaN" })), None);
    assert_eq!(impact(json!({ "priceImpactPct": null })), None);
    assert_eq!(impact(json!({ "priceImpactPct": 0.5 })), Some(5_000));
}

#[tokio::test]
async fn what_is_executed_is_handed_in_with_its_order() {
    let said = json!({ "status": "Failed", "code": -1000, "error": "failed to land", "signature": "x" });
    let (address, asked) = serve(move |_, _| (200, "", said.to_string())).await;
    let executed = api(&address).execute("AQID", "r-1").await.unwrap();
    assert_eq!(executed, Executed { is_success: false, code: -1000, words: "failed to land".to_owned() });
    let asked = asked.lock().unwrap()[0].clone();
    assert!(asked.starts_with("POST /swap/v2/execute"), "{asked}");
    let body: Value = serde_json::from_str(asked.split_once("\r\n\r\n").unwrap().1).unwrap();
    assert_eq!(body, json!({ "signedTransaction": "AQID", "requestId": "r-1" }));
}

#[tokio::test]
async fn instructions_are_taken_in_order_and_the_compute_budget_is_left_out() {
    let call = |tag: u8| {
        let accounts = json!([{ "pubkey": taker().to_string(), "isSigner": true, "isWritable": false }]);
        json!({ "programId": JUPITER.to_string(), "accounts": accounts, "data": STANDARD.encode([tag]) })
    };
    let more = json!({
        "computeBudgetInstructions": [call(9)], "setupInstructions": [call(1)], "swapInstruction": call(2),
        "cleanupInstruction": call(3), "otherInstructions": [],
        "addressesByLookupTableAddress": { (address(4).to_string()): [address(5).to_string()] },
        "blockhashWithMetadata": { "blockhash": vec![7; 32], "lastValidBlockHeight": 250 },
    });
    let (address_, asked) = serve(move |_, _| (200, "", with(more.clone()))).await;
    let built = api(&address_).build(&ask()).await.unwrap();
    assert_eq!(built.instructions.iter().map(|step| step.data[0]).collect::<Vec<_>>(), [1, 2, 3]);
    assert!(built.instructions[0].accounts[0].is_signer && !built.instructions[0].accounts[0].is_writable);
    assert_eq!(built.tables, [(address(4), vec![address(5)])].into());
    assert_eq!(built.blockhash.unwrap().1, 250);
    assert!(asked.lock().unwrap()[0].starts_with("GET /swap/v2/build?"));
}

#[tokio::test]
async fn errors_are_told_by_kind_and_never_with_the_key() {
    let cases = [
        (400, r#"{"error":"bad mint for k-12345"}"#, JupiterError::Refused("bad mint for ********".to_owned())),
        (401, "k-12345", JupiterError::Unauthorized),
        (500, "oops", JupiterError::Failed("status 500".to_owned())),
        (302, "", JupiterError::Failed("status 302".to_owned())),
        (200, "[]", JupiterError::Failed("its answer is not what it answers".to_owned())),
    ];
    for (status, body, wanted) in cases {
        let (address, _) = serve(move |_, _| (status, "", body.to_owned())).await;
        assert_eq!(api(&address).order(&ask()).await.unwrap_err(), wanted);
    }
    let (address, _) = serve(|_, _| (200, "", "x".repeat(2 << 20))).await;
    assert!(matches!(api(&address).order(&ask()).await.unwrap_err(), JupiterError::Lost { .. }));
    let nobody = api("http://127.0.0.1:1");
    let error = nobody.order(&ask()).await.unwrap_err();
    assert_eq!(error, JupiterError::Unreachable("127.0.0.1:1".to_owned()));
    assert_eq!(error.to_string(), "Jupiter at 127.0.0.1:1 cannot be reached");
    assert!(!format!("{nobody:?}").contains("k-12345"));
    let of =
        |endpoint: &str| JupiterApi::new(&JupiterSettings { endpoint: endpoint.into(), ..JupiterSettings::default() });
    assert_eq!(of("http://example.org").unwrap_err(), JupiterSetupError::InClear);
    assert_eq!(of("jupiter").unwrap_err(), JupiterSetupError::BadAddress);
    let key = Some(Secret::new("k\n"));
    let settings = JupiterSettings { key, ..JupiterSettings::default() };
    assert_eq!(JupiterApi::new(&settings).unwrap_err(), JupiterSetupError::BadKey);
}

#[tokio::test]
async fn after_a_429_nothing_is_asked_until_it_may_be() {
    let (address, asked) = serve(|_, _| (429, "retry-after: 500\r\n", String::new())).await;
    let api = api(&address);
    for _ in 0..3 {
        let JupiterError::RateLimited { retry_after_ms } = api.order(&ask()).await.unwrap_err() else { panic!() };
        assert!(retry_after_ms > 400_000, "{retry_after_ms}");
    }
    assert_eq!(asked.lock().unwrap().len(), 1);
}

#[test]
fn the_headers_say_how_long_to_wait() {
    use std::time::UNIX_EPOCH;
    let now = UNIX_EPOCH + Duration::from_secs(1_000);
    // (remaining, reset, retry-after; closed for, wait after a 429)
    let cases = [
        (Some("3"), Some("1010"), None, None, 10),
        (Some("0"), Some("1010"), None, Some(10), 10),
        (Some("-2"), Some("1010"), Some("30"), Some(10), 30),
        (Some("0"), Some("999"), None, None, 2),
        (Some("0"), Some("9999999999"), None, Some(600), 600),
        (Some("x"), None, None, None, 2),
        (None, None, Some("-1"), None, 2),
    ];
    for (remaining, reset, after, closed, wait) in cases {
        let mut headers = reqwest::header::HeaderMap::new();
        for (name, value) in
            [("x-ratelimit-remaining", remaining), ("x-ratelimit-reset", reset), ("retry-after", after)]
        {
            value.map(|value| headers.insert(name, value.parse().unwrap()));
        }
        assert_eq!(limits::closed_for(&headers, now).map(|wait| wait.as_secs()), closed, "{headers:?}");
        assert_eq!(limits::wait(&headers, now).as_secs(), wait, "{headers:?}");
    }
}

#[test]
fn a_quote_is_checked_against_what_was_asked() {
    let limits = QuoteLimits { most_slippage_bps: 50, most_impact_bps: 100, most_age_ms: 1_000, least_out: 137_000 };
    let quote = Quote {
        at: Timestamp::from_millis(5_000),
        ..wire::order(priced().to_string().as_bytes(), Timestamp::default()).unwrap().quote
    };
    let check = |change: fn(&mut Quote)| {
        let mut quote = quote.clone();
        change(&mut quote);
        quote.check(&ask(), &limits, Timestamp::from_millis(6_000)).map_err(|error| error.to_string())
    };
    check(|_| ()).unwrap();
    type Case = (fn(&mut Quote), &'static str);
    let cases: [Case; 11] = [
        (|quote| quote.takes = usdc().mint, "not for what was asked"),
        (|quote| quote.in_amount = 1_000_001, "the 1000000 that were asked"),
        (|quote| quote.out_amount = 0, "gives nothing"),
        (|quote| quote.least_out = 0, "gives nothing"),
        (|quote| quote.slippage_bps = 51, "50 is the most"),
        (|quote| quote.least_out = 137_390, "137391 is due"),
        (|quote| quote.least_out = 138_083, "promises 138083"),
        (|quote| (quote.out_amount, quote.least_out) = (137_000, 136_500), "at least 137000"),
        (|quote| quote.price_impact_bps = Some(101), "by 101 bps"),
        (|quote| quote.price_impact_bps = None, "by unknown bps"),
        (|quote| quote.at = Timestamp::from_millis(4_999), "1001 ms old"),
    ];
    for (change, words) in cases {
        let error = check(change).unwrap_err();
        assert!(error.contains(words), "{words}: {error}");
    }
    assert_eq!(Quote::due(138_082, 50), 137_392);
    assert_eq!(Quote::due(u64::MAX, 0), u64::MAX);
    assert_eq!(Quote::due(7, 20_000), 0);
}
