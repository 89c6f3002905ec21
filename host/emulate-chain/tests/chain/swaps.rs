//! Swaps move exactly what was quoted, or nothing.

use puppet_emulate_chain::{Pace, Plan, SOL, Settings, USDC};
use reqwest::Method;
use serde_json::{Value, json};

use crate::there::{BONK, DOLLARS, LAMPORTS, PYUSD, There, number, transaction};

#[tokio::test]
async fn an_order_of_tokens_moves_exactly_what_was_quoted() {
    let there = There::start().await;
    let order = there.order(&USDC, &BONK, 100_000_000).await;
    assert_eq!((number(&order["inAmount"]), number(&order["outAmount"])), (100_000_000, 500_000_000_000));
    assert_eq!(number(&order["otherAmountThreshold"]), 495_000_000_000);
    let signers = transaction(&order).message.header().num_required_signatures;
    assert_eq!(signers, 2, "the taker, and the maker beside it");
    let maker = there.chain.tokens(&there.chain.maker(), &USDC);
    let done = there.execute(&order).await;
    assert_eq!((&done["status"], number(&done["code"])), (&"Success".into(), 0), "{done}");
    assert_eq!(there.tokens(&USDC), DOLLARS - 100_000_000);
    assert_eq!(there.tokens(&BONK), 500_000_000_000);
    assert_eq!(there.chain.tokens(&there.chain.maker(), &USDC), maker + 100_000_000);
    let fees =
        ["signatureFeeLamports", "prioritizationFeeLamports", "rentFeeLamports"].map(|name| number(&order[name]));
    assert_eq!(there.lamports(), LAMPORTS - fees.iter().sum::<u64>(), "and what it said it would cost: {fees:?}");
    let again = there.execute(&order).await;
    assert_eq!(again, done, "the same order again tells what became of it");
    assert_eq!(there.tokens(&USDC), DOLLARS - 100_000_000);
}

#[tokio::test]
async fn lamports_go_in_and_out_as_they_are_or_wrapped() {
    for wraps in [false, true] {
        let there = There::start().await;
        there.chain.wrap(wraps);
        let fees = |order: &Value| number(&order["signatureFeeLamports"]) + number(&order["prioritizationFeeLamports"]);
        let sold = there.order(&SOL, &USDC, 1_000_000_000).await;
        assert_eq!(there.execute(&sold).await["status"], "Success");
        assert_eq!(there.tokens(&USDC), DOLLARS + 150_000_000);
        assert_eq!(there.lamports(), LAMPORTS - 1_000_000_000 - fees(&sold), "wrapped: {wraps}");
        let bought = there.order(&USDC, &SOL, 150_000_000).await;
        assert_eq!(there.execute(&bought).await["status"], "Success");
        assert_eq!(there.lamports(), LAMPORTS - fees(&sold) - fees(&bought), "wrapped: {wraps}");
        assert_eq!((there.tokens(&USDC), there.tokens(&SOL)), (DOLLARS, 0));
    }
}

#[tokio::test]
async fn an_order_in_a_market_that_moves_tells_what_really_came() {
    let there = There::start().await;
    there.chain.drift(30).unwrap();
    for (to, out) in [(BONK, 49_850_000_000_u64), (SOL, 66_466_666)] {
        let order = there.order(&USDC, &to, 10_000_000).await;
        let done = there.execute(&order).await;
        assert_eq!(number(&done["totalOutputAmount"]), out, "0.3 per cent less: {order}");
    }
    assert_eq!(there.tokens(&BONK), 49_850_000_000);
    there.chain.drift(101).unwrap();
    let order = there.order(&USDC, &BONK, 10_000_000).await;
    assert_eq!(there.execute(&order).await["code"], -2003, "more than the slippage");
}

#[tokio::test]
async fn tokens_of_the_newer_program_are_traded_too() {
    let there = There::start().await;
    let bought = there.order(&USDC, &PYUSD, 5_000_000).await;
    assert_eq!(there.execute(&bought).await["status"], "Success");
    assert_eq!(there.tokens(&PYUSD), 5_000_000);
    let built = there.built(&PYUSD, &USDC, 5_000_000).await;
    there.send(&built).await.unwrap();
    assert_eq!((there.tokens(&PYUSD), there.tokens(&USDC)), (0, DOLLARS));
}

#[tokio::test]
async fn a_build_moves_what_was_quoted_and_fails_on_the_chain_where_it_would_be_less_than_agreed() {
    let there = There::start().await;
    let built = there.built(&USDC, &BONK, 10_000_000).await;
    there.chain.drift(50).unwrap();
    there.send(&built).await.unwrap();
    assert_eq!(there.tokens(&BONK), 49_750_000_000, "half a per cent less, within the slippage");
    let built = there.built(&USDC, &BONK, 10_000_000).await;
    there.chain.drift(101).unwrap();
    let refused = there.send(&built).await.unwrap_err().to_string();
    assert!(refused.contains("custom program error: 0x1771"), "{refused}");
    assert_eq!((there.tokens(&USDC), there.tokens(&BONK)), (DOLLARS - 10_000_000, 49_750_000_000));
}

#[tokio::test]
async fn an_order_through_the_pool_is_signed_by_the_taker_alone_and_fails_on_the_chain_where_it_would_be_less() {
    let there = There::start().await;
    let sold = there.order_without(&SOL, &USDC, 1_000_000_000, "jupiterz%2Cdflow").await;
    assert_eq!((&sold["router"], transaction(&sold).message.header().num_required_signatures), (&"iris".into(), 1));
    assert_eq!(there.execute(&sold).await["status"], "Success");
    assert_eq!(there.tokens(&USDC), DOLLARS + 150_000_000);
    let fees = number(&sold["signatureFeeLamports"]) + number(&sold["prioritizationFeeLamports"]);
    assert_eq!(there.lamports(), LAMPORTS - 1_000_000_000 - fees);
    let late = there.order_without(&USDC, &BONK, 1_000_000, "jupiterz").await;
    there.chain.price(&BONK, 21).unwrap();
    let told = there.execute(&late).await;
    assert_eq!(told["code"], -1000);
    assert!(told["error"].as_str().unwrap().contains("0x1771"), "{told}");
    assert_eq!((there.tokens(&USDC), there.tokens(&BONK)), (DOLLARS + 150_000_000, 0));
    let path = format!("/swap/v2/order?inputMint={USDC}&outputMint={SOL}&amount=1000&excludeRouters=iris,jupiterz");
    assert_eq!(there.ask(Method::GET, &path, None).await.0, 400);
}

#[tokio::test]
async fn a_build_of_lamports_wraps_them_and_leaves_nothing_wrapped() {
    let there = There::start().await;
    let built = there.built(&SOL, &USDC, 2_000_000_000).await;
    let signature = there.send(&built).await.unwrap();
    assert_eq!(there.tokens(&USDC), DOLLARS + 300_000_000);
    assert_eq!(there.tokens(&SOL), 0);
    let fee = there
        .ask(
            Method::POST,
            "/",
            Some(json!({
                "jsonrpc": "2.0", "id": 1, "method": "getTransaction",
                "params": [signature.to_string(), { "maxSupportedTransactionVersion": 0 }],
            })),
        )
        .await
        .2["result"]["meta"]["fee"]
        .as_u64()
        .unwrap();
    assert_eq!(there.lamports(), LAMPORTS - 2_000_000_000 - fee);
}

#[tokio::test]
async fn an_order_is_refused_where_it_was_changed_not_signed_unknown_or_no_longer_good() {
    let there = There::start().await;
    let order = there.order(&USDC, &BONK, 1_000_000).await;
    let execute = |signed: String, id: Value| {
        there.ask(Method::POST, "/swap/v2/execute", Some(json!({ "signedTransaction": signed, "requestId": id })))
    };
    let unsigned = order["transaction"].as_str().unwrap().to_owned();
    let other = there.signed(&there.order(&USDC, &BONK, 2_000_000).await);
    for (signed, id, code) in [
        (there.signed(&order), json!("nobody's"), -1),
        ("AAAA".to_owned(), order["requestId"].clone(), -2),
        (other, order["requestId"].clone(), -3),
        (unsigned, order["requestId"].clone(), -1003),
    ] {
        let (_, _, told) = execute(signed, id).await;
        assert_eq!((&told["status"], &told["code"]), (&"Failed".into(), &code.into()), "{told}");
    }
    there.chain.price(&BONK, 40).unwrap();
    assert_eq!(there.execute(&order).await["code"], -2003, "the market went up meanwhile");
    there.chain.price(&BONK, 20).unwrap();
    there.chain.expire();
    assert_eq!(there.execute(&order).await["code"], -2000, "its blockhash is no longer good");
    assert_eq!((there.tokens(&USDC), there.tokens(&BONK)), (DOLLARS, 0));
}

#[tokio::test]
async fn without_a_taker_there_is_no_transaction_and_without_money_an_empty_one() {
    let there = There::start().await;
    let path = format!("/swap/v2/order?inputMint={USDC}&outputMint={SOL}&amount=1");
    let (_, _, quote) = there.ask(Method::GET, &path, None).await;
    assert_eq!((&quote["transaction"], &quote["outAmount"]), (&Value::Null, &"6".into()));
    let poor = there.order(&USDC, &SOL, DOLLARS + 1).await;
    assert_eq!((&poor["transaction"], &poor["errorCode"]), (&"".into(), &1.into()));
    for (query, said) in [
        (format!("inputMint={USDC}&outputMint={USDC}&amount=1"), "the same"),
        (format!("inputMint={USDC}&outputMint={SOL}&amount=0"), "above zero"),
        (format!("inputMint={USDC}&outputMint={SOL}&amount=1.5"), "no number"),
        (format!("inputMint={USDC}&outputMint={SOL}&amount=1&mood=good"), "`mood` is not emulated"),
        (format!("inputMint={USDC}&outputMint=11111111111111111111111111111111&amount=1"), "not traded"),
    ] {
        let (status, _, told) = there.ask(Method::GET, &format!("/swap/v2/order?{query}"), None).await;
        assert!(status == 400 && told["error"].as_str().unwrap().contains(said), "{told}");
    }
}

#[tokio::test]
async fn a_key_is_needed_and_headers_say_how_much_it_may_ask() {
    let plan = Plan { limit: 2, window_s: 3_600_000_000, ..Plan::default() };
    let there = There::with(Settings { plan, pace: Pace::Still, seed: 3 }).await;
    let path = format!("/swap/v2/order?inputMint={USDC}&outputMint={SOL}&amount=1000");
    let keyless = reqwest::get(format!("{}{path}", there.chain.url())).await.unwrap();
    assert_eq!(keyless.status(), 401);
    for (status, remaining) in [(200, "1"), (200, "0"), (429, "-1")] {
        let (met, headers, _) = there.ask(Method::GET, &path, None).await;
        assert_eq!((met, headers["x-ratelimit-remaining"].to_str().unwrap()), (status, remaining));
        assert_eq!(headers["x-ratelimit-reset"], "3600000000");
    }
}
