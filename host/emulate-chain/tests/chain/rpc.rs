//! The stock client gets what it needs.

use puppet_emulate_chain::{Pace, SOL, Settings, USDC};
use reqwest::Method;
use serde_json::{Value, json};
use solana_address::Address;
use solana_keypair::Keypair;
use solana_message::{Message, VersionedMessage};
use solana_rpc_client_api::{
    config::{
        CommitmentConfig, RpcSendTransactionConfig, RpcSimulateTransactionAccountsConfig, RpcSimulateTransactionConfig,
        RpcTransactionConfig, UiTransactionEncoding,
    },
    request::TokenAccountsFilter,
    response::UiAccountEncoding,
};
use solana_signature::Signature;
use solana_signer::Signer as _;
use solana_transaction::versioned::VersionedTransaction;

use crate::there::{DOLLARS, LAMPORTS, PYUSD, There};

const TOKEN: Address = spl_token_interface::ID;

async fn payment(there: &There, to: &Address, lamports: u64) -> VersionedTransaction {
    let pay = solana_system_interface::instruction::transfer(&there.owner(), to, lamports);
    let hash = there.rpc.get_latest_blockhash().await.unwrap();
    let message = Message::new_with_blockhash(&[pay], Some(&there.owner()), &hash);
    VersionedTransaction::try_new(VersionedMessage::Legacy(message), &[&there.taker]).unwrap()
}

#[tokio::test]
async fn the_cluster_tells_of_itself() {
    let there = There::start().await;
    let rpc = &there.rpc;
    assert_eq!(rpc.get_version().await.unwrap().solana_core, "4.2.2");
    rpc.get_health().await.unwrap();
    assert_ne!(rpc.get_genesis_hash().await.unwrap(), solana_hash::Hash::default());
    let (slot, height) = (rpc.get_slot().await.unwrap(), rpc.get_block_height().await.unwrap());
    assert!(slot > height, "slots are skipped");
    let epoch = rpc.get_epoch_info().await.unwrap();
    assert_eq!((epoch.absolute_slot, epoch.block_height), (slot, height));
    let (hash, last) = rpc.get_latest_blockhash_with_commitment(CommitmentConfig::confirmed()).await.unwrap();
    assert_eq!(last, height + 150);
    assert!(rpc.is_blockhash_valid(&hash, CommitmentConfig::confirmed()).await.unwrap());
    there.chain.advance(150);
    assert!(rpc.is_blockhash_valid(&hash, CommitmentConfig::confirmed()).await.unwrap(), "at its last height");
    there.chain.advance(1);
    assert!(!rpc.is_blockhash_valid(&hash, CommitmentConfig::confirmed()).await.unwrap());
    assert_eq!(rpc.get_minimum_balance_for_rent_exemption(165).await.unwrap(), 2_039_280);
    assert_eq!(rpc.get_recent_prioritization_fees(&[]).await.unwrap().len(), 150);
}

#[tokio::test]
async fn lamports_are_asked_for_and_paid() {
    let there = There::start().await;
    let rpc = &there.rpc;
    let to = Keypair::new_from_array([3; 32]).pubkey();
    let signature = rpc.request_airdrop(&to, 5_000_000).await.unwrap();
    assert!(rpc.confirm_transaction(&signature).await.unwrap());
    assert_eq!(rpc.get_balance(&to).await.unwrap(), 5_000_000);
    let payment = payment(&there, &to, 1_000_000).await;
    let VersionedMessage::Legacy(message) = &payment.message else { panic!("it was made as one") };
    assert_eq!(rpc.get_fee_for_message(message).await.unwrap(), 5_000);
    let signature = rpc.send_and_confirm_transaction(&payment).await.unwrap();
    assert_eq!(rpc.get_balance(&to).await.unwrap(), 6_000_000);
    assert_eq!(there.lamports(), LAMPORTS - 1_000_000 - 5_000);
    for encoding in [UiTransactionEncoding::Base64, UiTransactionEncoding::Json] {
        let config = RpcTransactionConfig {
            encoding: Some(encoding),
            max_supported_transaction_version: Some(0),
            ..RpcTransactionConfig::default()
        };
        let told = rpc.get_transaction_with_config(&signature, config).await.unwrap();
        let meta = told.transaction.meta.unwrap();
        assert_eq!((meta.err, meta.fee), (None, 5_000));
        assert_eq!((meta.pre_balances[0], meta.post_balances[0]), (LAMPORTS, LAMPORTS - 1_005_000));
        if encoding == UiTransactionEncoding::Base64 {
            assert_eq!(told.transaction.transaction.decode(), Some(payment.clone()));
        }
    }
    let again = rpc.send_transaction(&payment).await.unwrap_err().to_string();
    assert!(again.contains("already been processed"), "{again}");
    assert_eq!(rpc.get_balance(&to).await.unwrap(), 6_000_000);
}

#[tokio::test]
async fn tokens_are_seen_in_every_way_that_a_client_asks() {
    let there = There::start().await;
    let (rpc, owner) = (&there.rpc, there.owner());
    there.chain.mint_to(&owner, &PYUSD, 42).unwrap();
    let account = there.chain.token_account(&owner, &USDC).unwrap();
    let balance = rpc.get_token_account_balance(&account).await.unwrap();
    assert_eq!((balance.amount, balance.ui_amount_string, balance.decimals), (DOLLARS.to_string(), "1000".into(), 6));
    let before: u64 = rpc.get_token_supply(&USDC).await.unwrap().amount.parse().unwrap();
    there.chain.mint_to(&owner, &USDC, 5).unwrap();
    let after: u64 = rpc.get_token_supply(&USDC).await.unwrap().amount.parse().unwrap();
    assert_eq!(after, before + 5);
    let older = rpc.get_token_accounts_by_owner(&owner, TokenAccountsFilter::ProgramId(TOKEN)).await.unwrap();
    assert_eq!(older.iter().map(|one| one.pubkey.clone()).collect::<Vec<_>>(), [account.to_string()]);
    let newer = rpc.get_token_accounts_by_owner(&owner, TokenAccountsFilter::Mint(PYUSD)).await.unwrap();
    let shown = serde_json::to_value(&newer[0].account.data).unwrap();
    assert_eq!(shown["program"], "spl-token-2022");
    assert_eq!(shown["parsed"]["info"]["tokenAmount"]["uiAmountString"], "0.000042");
    let unknown = TokenAccountsFilter::Mint(Address::default());
    assert!(rpc.get_token_accounts_by_owner(&owner, unknown).await.unwrap_err().to_string().contains("-32602"));
    let several = rpc.get_multiple_accounts(&[USDC, Address::new_from_array([5; 32]), SOL]).await.unwrap();
    assert_eq!(several.iter().map(Option::is_some).collect::<Vec<_>>(), [true, false, true]);
    assert!(rpc.get_account(&Address::new_from_array([5; 32])).await.is_err());
}

#[tokio::test]
async fn a_simulation_tells_what_would_be_and_changes_nothing() {
    let there = There::start().await;
    let to = Keypair::new_from_array([3; 32]).pubkey();
    let mut payment = payment(&there, &to, 1_000_000).await;
    let accounts = RpcSimulateTransactionAccountsConfig {
        encoding: Some(UiAccountEncoding::Base64),
        addresses: vec![there.owner().to_string(), to.to_string()],
    };
    let config = |sig_verify, replace_recent_blockhash| RpcSimulateTransactionConfig {
        sig_verify,
        replace_recent_blockhash,
        accounts: Some(accounts.clone()),
        encoding: Some(UiTransactionEncoding::Base64),
        ..RpcSimulateTransactionConfig::default()
    };
    let told = there.rpc.simulate_transaction_with_config(&payment, config(true, false)).await.unwrap().value;
    assert_eq!((told.err, told.fee), (None, Some(5_000)));
    let after: Vec<u64> = told.accounts.unwrap().into_iter().map(|account| account.unwrap().lamports).collect();
    assert_eq!(after, [LAMPORTS - 1_005_000, 1_000_000]);
    assert_eq!((there.lamports(), there.chain.lamports(&to)), (LAMPORTS, 0));

    payment.signatures = vec![Signature::default()];
    let unsigned = there.rpc.simulate_transaction_with_config(&payment, config(true, false)).await.unwrap_err();
    assert!(unsigned.to_string().contains("-32003"), "{unsigned}");
    there.chain.expire();
    let old = there.rpc.simulate_transaction_with_config(&payment, config(false, false)).await.unwrap().value;
    assert_eq!(serde_json::to_value(old.err).unwrap(), "BlockhashNotFound");
    let replaced = there.rpc.simulate_transaction_with_config(&payment, config(false, true)).await.unwrap().value;
    assert_eq!(replaced.err, None);
    assert!(replaced.replacement_blockhash.is_some());
    let both = there.rpc.simulate_transaction_with_config(&payment, config(true, true)).await.unwrap_err();
    assert!(both.to_string().contains("-32602"), "{both}");
}

#[tokio::test]
async fn signatures_are_checked_and_what_fails_on_the_chain_costs_its_fee() {
    let there = There::start().await;
    let to = Keypair::new_from_array([3; 32]).pubkey();
    let mut forged = payment(&there, &to, 1_000_000).await;
    forged.signatures = vec![Keypair::new_from_array([8; 32]).sign_message(&forged.message.serialize())];
    let told = there.rpc.send_transaction(&forged).await.unwrap_err().to_string();
    assert!(told.contains("-32003"), "{told}");
    let unchecked = RpcSendTransactionConfig { skip_preflight: true, ..RpcSendTransactionConfig::default() };
    there.rpc.send_transaction_with_config(&forged, unchecked).await.unwrap();
    assert_eq!(there.lamports(), LAMPORTS, "nobody tells, and it never lands");

    let too_much = payment(&there, &to, LAMPORTS).await;
    let told = there.rpc.send_transaction(&too_much).await.unwrap_err();
    assert!(told.to_string().contains("-32002"), "{told}");
    assert_eq!(there.lamports(), LAMPORTS);
    let signature = there.rpc.send_transaction_with_config(&too_much, unchecked).await.unwrap();
    let status = there.rpc.get_signature_status(&signature).await.unwrap();
    assert!(status.unwrap().is_err());
    assert_eq!((there.lamports(), there.chain.lamports(&to)), (LAMPORTS - 5_000, 0));
}

#[tokio::test]
async fn the_clock_makes_blocks_where_it_is_asked_to_and_they_become_final() {
    let there = There::with(Settings { pace: Pace::Milliseconds(1), ..Settings::default() }).await;
    let to = Keypair::new_from_array([3; 32]).pubkey();
    let paid = payment(&there, &to, 1_000_000).await;
    let signature = there.rpc.send_transaction(&paid).await.unwrap();
    let first = there.rpc.get_block_height().await.unwrap();
    // As many questions as it takes for 32 milliseconds to pass.
    while there.rpc.get_block_height().await.unwrap() < first + 40 {}
    let status = there.rpc.get_signature_statuses(&[signature]).await.unwrap().value.remove(0).unwrap();
    assert_eq!((status.confirmations, status.err), (None, None));
}

#[tokio::test]
async fn what_is_no_call_is_refused_with_its_code() {
    let there = There::start().await;
    for (body, code) in [
        (json!([]), -32600),
        (json!({ "id": 1, "method": "getSlot" }), -32600),
        (json!({ "jsonrpc": "2.0", "id": 1, "method": "getWeather" }), -32601),
        (json!({ "jsonrpc": "2.0", "id": 1, "method": "getBalance", "params": ["no address"] }), -32602),
        (json!({ "jsonrpc": "2.0", "id": 1, "method": "getBalance", "params": {} }), -32602),
        (
            json!({ "jsonrpc": "2.0", "id": 1, "method": "sendTransaction", "params": ["AAAA", {"encoding": "base64"}] }),
            -32602,
        ),
        (
            json!({ "jsonrpc": "2.0", "id": 1, "method": "getAccountInfo", "params": [SOL.to_string(), {"encoding": "rot13"}] }),
            -32602,
        ),
        (
            json!({ "jsonrpc": "2.0", "id": 1, "method": "getBalance", "params": [SOL.to_string(), {"minContextSlot": u64::MAX}] }),
            -32016,
        ),
    ] {
        let (status, _, told) = there.ask(Method::POST, "/", Some(body.clone())).await;
        assert_eq!((status, &told["error"]["code"]), (200, &code.into()), "{body}");
        assert_eq!(told["id"], body.get("id").cloned().unwrap_or(Value::Null));
    }
}
