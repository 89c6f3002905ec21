//! Each kind of misbehaviour, as a client meets it.

use std::time::Duration;

use puppet_emulate_chain::{Fault, Kind, Plan, USDC};
use reqwest::Method;
use serde_json::{Value, json};
use solana_keypair::Keypair;
use solana_message::{Message, VersionedMessage};
use solana_rpc_client_api::config::RpcSendTransactionConfig;
use solana_signer::Signer as _;
use solana_transaction::versioned::VersionedTransaction;

use crate::there::{BONK, DOLLARS, LAMPORTS, There};

async fn call(there: &There, method: &str, params: Value) -> (u16, Value) {
    let body = json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params });
    let (status, _, told) = there.ask(Method::POST, "/", Some(body)).await;
    (status, told)
}

/// Pays one lamport; different ones are different transactions.
async fn payment(there: &There, lamports: u64) -> VersionedTransaction {
    let to = Keypair::new_from_array([9; 32]).pubkey();
    there.chain.airdrop(&to, 1_000_000).unwrap();
    let pay = solana_system_interface::instruction::transfer(&there.owner(), &to, lamports);
    let hash = there.rpc.get_latest_blockhash().await.unwrap();
    let message = Message::new_with_blockhash(&[pay], Some(&there.owner()), &hash);
    VersionedTransaction::try_new(VersionedMessage::Legacy(message), &[&there.taker]).unwrap()
}

#[tokio::test]
async fn a_closed_connection_does_nothing_and_a_lost_answer_is_done() {
    for (kind, paid) in [(Kind::Closed, 0), (Kind::LostAnswer, 1)] {
        let there = There::start().await;
        let payment = payment(&there, 1_000).await;
        there.chain.misbehave(vec![Fault::of("sendTransaction", kind).once()].into());
        there.rpc.send_transaction(&payment).await.unwrap_err();
        let landed = there.rpc.get_signature_statuses(&[payment.signatures[0]]).await.unwrap().value;
        assert_eq!(landed.iter().flatten().count(), paid);
    }
}

#[tokio::test]
async fn a_dropped_transaction_never_lands_and_a_held_one_later() {
    let there = There::start().await;
    let (dropped, held) = (payment(&there, 1_000).await, payment(&there, 2_000).await);
    there.chain.misbehave(
        vec![
            Fault::of("sendTransaction", Kind::Dropped).once(),
            Fault::of("sendTransaction", Kind::Held { blocks: 5 }).once(),
        ]
        .into(),
    );
    for payment in [&dropped, &held] {
        assert_eq!(there.rpc.send_transaction(payment).await.unwrap(), payment.signatures[0]);
    }
    let landed = async || {
        let both = [dropped.signatures[0], held.signatures[0]];
        let statuses = there.rpc.get_signature_statuses(&both).await.unwrap().value;
        statuses.iter().map(Option::is_some).collect::<Vec<_>>()
    };
    there.chain.advance(4);
    assert_eq!(landed().await, [false, false]);
    there.chain.advance(1);
    assert_eq!(landed().await, [false, true]);
    there.chain.expire();
    assert_eq!(landed().await, [false, true]);
}

#[tokio::test]
async fn a_held_transaction_that_is_too_old_by_then_is_lost() {
    let there = There::start().await;
    let held = payment(&there, 1_000).await;
    there.chain.misbehave(vec![Fault::of("sendTransaction", Kind::Held { blocks: 200 })].into());
    there.rpc.send_transaction(&held).await.unwrap();
    there.chain.advance(250);
    assert_eq!(there.lamports(), LAMPORTS);
}

#[tokio::test]
async fn an_expired_blockhash_and_a_failing_preflight_are_told_with_their_code() {
    let there = There::start().await;
    let payment = payment(&there, 1_000).await;
    let both =
        vec![Fault::of("sendTransaction", Kind::Preflight).once(), Fault::of("sendTransaction", Kind::Expired).once()];
    there.chain.misbehave(both.into());
    for said in ["Insufficient funds for fee", "Blockhash not found"] {
        let told = there.rpc.send_transaction(&payment).await.unwrap_err().to_string();
        assert!(told.contains("-32002") && told.contains(said), "{told}");
    }
    assert_eq!(there.lamports(), LAMPORTS);
    let height = there.rpc.get_block_height().await.unwrap();
    let hash = payment.message.recent_blockhash();
    let valid = there.rpc.is_blockhash_valid(hash, there.rpc.commitment()).await.unwrap();
    assert!(!valid, "at {height}");
}

#[tokio::test]
async fn balances_are_lied_about_in_every_method_that_tells_them() {
    let there = There::start().await;
    let account = there.chain.token_account(&there.owner(), &USDC).unwrap();
    there.chain.misbehave(vec![Fault::from(Kind::WrongBalance { percent: 300 })].into());
    assert_eq!(there.rpc.get_balance(&there.owner()).await.unwrap(), 3 * LAMPORTS);
    assert_eq!(there.rpc.get_account(&there.owner()).await.unwrap().lamports, 3 * LAMPORTS);
    let told = there.rpc.get_token_account_balance(&account).await.unwrap();
    assert_eq!(told.amount, (3 * DOLLARS).to_string());
    let data = there.rpc.get_account_data(&account).await.unwrap();
    assert_eq!(data[64..72], (3 * DOLLARS).to_le_bytes());
    assert_eq!((there.lamports(), there.tokens(&USDC)), (LAMPORTS, DOLLARS), "what really is there");
    // So is what a transaction did.
    let signature = there.rpc.send_transaction(&payment(&there, 1_000).await).await.unwrap();
    let how = json!([signature.to_string(), { "encoding": "base64", "maxSupportedTransactionVersion": 0 }]);
    let meta = &call(&there, "getTransaction", how).await.1["result"]["meta"];
    assert_eq!(meta["preBalances"][0], 3 * LAMPORTS);
    assert_eq!(meta["postBalances"][0], 3 * there.lamports());
}

#[tokio::test]
async fn a_stale_blockhash_is_handed_out_and_nothing_with_it_lands() {
    let there = There::start().await;
    there.chain.misbehave(vec![Fault::from(Kind::StaleBlockhash)].into());
    let payment = payment(&there, 1_000).await;
    let told = there.rpc.send_transaction(&payment).await.unwrap_err().to_string();
    assert!(told.contains("Blockhash not found"), "{told}");
    let config = RpcSendTransactionConfig { skip_preflight: true, ..RpcSendTransactionConfig::default() };
    there.rpc.send_transaction_with_config(&payment, config).await.unwrap();
    assert_eq!(there.lamports(), LAMPORTS);
}

#[tokio::test]
async fn what_has_landed_can_be_unknown() {
    let there = There::start().await;
    let payment = payment(&there, 1_000).await;
    there.rpc.send_transaction(&payment).await.unwrap();
    there.chain.misbehave(vec![Fault { times: Some(2), ..Fault::from(Kind::UnknownStatus) }].into());
    let signature = payment.signatures[0];
    assert_eq!(there.rpc.get_signature_statuses(&[signature]).await.unwrap().value, [None]);
    let (_, told) = call(&there, "getTransaction", json!([signature.to_string()])).await;
    assert_eq!(told["result"], Value::Null);
    assert!(there.rpc.get_signature_statuses(&[signature]).await.unwrap().value[0].is_some());
    assert_eq!(
        (&there.chain.counts()["effects"]["transaction"], &there.chain.counts()["duplicates"]),
        (&json!(1), &json!(0))
    );
    there.rpc.send_transaction(&payment).await.unwrap_err();
    assert_eq!(
        (&there.chain.counts()["effects"]["transaction"], &there.chain.counts()["duplicates"]),
        (&json!(1), &json!(1))
    );
}

#[tokio::test]
async fn servers_fail_limit_lag_and_fall_silent() {
    let there = There::start().await;
    let plan = |kind| Plan::from(vec![Fault::of("getSlot", kind)]);
    there.chain.misbehave(plan(Kind::Failed { status: 503, done: false }));
    assert_eq!(call(&there, "getSlot", json!([])).await.0, 503);
    there.chain.misbehave(plan(Kind::RateLimited { reset_s: 7 }));
    let body = json!({ "jsonrpc": "2.0", "id": 1, "method": "getSlot" });
    let (status, headers, _) = there.ask(Method::POST, "/", Some(body)).await;
    assert_eq!((status, headers["retry-after"].to_str().unwrap()), (429, "7"));
    there.chain.misbehave(plan(Kind::Unhealthy));
    assert_eq!(call(&there, "getSlot", json!([])).await.1["error"]["code"], -32005);
    there.chain.misbehave(plan(Kind::Late { ms: 1 }));
    assert!(call(&there, "getSlot", json!([])).await.1["result"].is_u64());
    there.chain.misbehave(plan(Kind::Silent));
    let silent = tokio::time::timeout(Duration::from_millis(50), there.rpc.get_slot()).await;
    assert!(silent.is_err(), "nothing was answered: {silent:?}");
    let report = there.chain.report();
    assert_eq!(report["counts"]["getSlot"], 5);
    let requests = report["requests"].as_array().unwrap().iter();
    let slots: Vec<&Value> = requests.filter(|one| one["operation"] == "getSlot").map(|one| &one["status"]).collect();
    assert_eq!(slots, [&json!(503), &json!(429), &json!(200), &json!(200), &Value::Null]);
}

#[tokio::test]
async fn the_exchange_misbehaves_too_and_an_order_that_was_done_is_not_done_again() {
    let there = There::start().await;
    let path = format!("/swap/v2/order?inputMint={USDC}&outputMint={BONK}&amount=1000");
    there.chain.misbehave(vec![Fault::of("order", Kind::Closed).once()].into());
    there.ask_in_vain(&path).await;
    there.chain.misbehave(vec![Fault::of("execute", Kind::Failed { status: 502, done: true }).once()].into());
    let order = there.order(&USDC, &BONK, 1_000_000).await;
    assert_eq!(there.execute(&order).await["error"], "failed on command");
    assert_eq!(there.execute(&order).await["status"], "Success");
    assert_eq!(there.tokens(&USDC), DOLLARS - 1_000_000);
    there.chain.misbehave(vec![Fault::of("execute", Kind::Held { blocks: 3 }).once()].into());
    let order = there.order(&USDC, &BONK, 2_000_000).await;
    assert_eq!(there.execute(&order).await["code"], -2000, "it says that it failed");
    there.chain.advance(3);
    assert_eq!(there.tokens(&USDC), DOLLARS - 3_000_000, "and it landed");
    let counts = there.chain.counts();
    // What the exchange says has failed is no swap of its, whatever the chain does.
    assert_eq!((&counts["effects"]["transaction"], &counts["effects"]["swap"]), (&json!(2), &json!(1)), "{counts}");
    assert_eq!((&counts["duplicates"], &counts["faults"]), (&json!(1), &json!(3)), "{counts}");
}
