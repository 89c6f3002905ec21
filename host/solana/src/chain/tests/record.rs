//! What a node's record of a transaction is read into.

use super::*;

#[tokio::test]
async fn a_record_is_what_the_accounts_of_a_transaction_held_before_it_and_after_it() {
    let bytes = bytes(message(taker(), &[open(taker(), taker(), bonk()), route(&intent(), 1_000_000, 510, 100)], &[]));
    let mut transaction: VersionedTransaction = wincode::deserialize(&bytes).unwrap();
    transaction.signatures[0] = Signature::from([7; 64]);
    let keys = transaction.message.static_account_keys().to_vec();
    let place = |address: Address| keys.iter().position(|key| *key == address).unwrap();
    let (gives, takes) = (place(ata(&taker(), usdc())), place(ata(&taker(), bonk())));
    let tokens = |index: usize, leg: crate::guard::Leg, amount: u64| {
        let amount = json!({ "amount": amount.to_string(), "decimals": 6, "uiAmount": null, "uiAmountString": "0" });
        json!({ "accountIndex": index, "mint": leg.mint.to_string(), "owner": taker().to_string(),
                "programId": leg.program.to_string(), "uiTokenAmount": amount })
    };
    // One account more, out of a lookup table.
    let mut lamports = vec![1_u64; keys.len() + 1];
    (lamports[0], lamports[gives]) = (1_000_000_000, 2_039_280);
    let before = lamports.clone();
    (lamports[0], lamports[takes]) = (997_955_720, 2_039_280);
    let meta = json!({
        "err": null, "fee": 5_000, "preBalances": before, "postBalances": lamports,
        "preTokenBalances": [tokens(gives, usdc(), 5_000_000)],
        "postTokenBalances": [tokens(gives, usdc(), 4_000_000), tokens(takes, bonk(), 507)],
        "loadedAddresses": { "writable": [address(0x66).to_string()], "readonly": [] },
    });
    let kept = json!({
        "slot": 5, "blockTime": null, "version": 0, "meta": meta,
        "transaction": [STANDARD.encode(wincode::serialize(&transaction).unwrap()), "base64"],
    });
    let read = async |change: fn(&mut Value), of: &Signature| {
        let mut kept = kept.clone();
        change(&mut kept);
        let (rpc, _) = node(move |method, params| {
            assert_eq!((method, &params[1]["maxSupportedTransactionVersion"]), ("getTransaction", &json!(0)));
            assert_eq!((&params[1]["commitment"], &params[1]["encoding"]), (&json!("confirmed"), &json!("base64")));
            json!({ "result": kept })
        })
        .await;
        rpc.record(of).await
    };
    let signature = transaction.signatures[0];
    let record = read(|_| (), &signature).await.unwrap().unwrap();
    let held = |balances: &Balances| (balances.of(&taker(), &usdc().mint), balances.of(&taker(), &bonk().mint));
    assert_eq!((held(&record.before), held(&record.after), record.is_done), ((5_000_000, 0), (4_000_000, 507), true));
    assert_eq!((record.before.liquid(&taker()), record.after.liquid(&taker())), (1_000_000_000, 997_955_720));
    assert_eq!(record.after.sol(&taker()), 997_955_720 + 2 * 2_039_280);
    assert_eq!(record.after.lamports[&address(0x66)], 1);
    let failed = read(|kept| kept["meta"]["err"] = json!({ "InstructionError": [2, { "Custom": 6001 }] }), &signature);
    assert!(!failed.await.unwrap().unwrap().is_done);
    let silent = read(|kept| kept["meta"]["postTokenBalances"][1]["programId"] = Value::Null, &signature);
    assert_eq!(held(&silent.await.unwrap().unwrap().after), (4_000_000, 507));
    assert_eq!(read(|kept| *kept = Value::Null, &signature).await.unwrap(), None);
    // Of another transaction, or such as nothing can be booked by.
    let wrong = |why| Err(ChainError::Unreadable(why));
    let other = Signature::from([8; 64]);
    assert_eq!(read(|_| (), &other).await, wrong("another transaction than was asked for"));
    type Case = (fn(&mut Value), &'static str);
    let cases: [Case; 6] = [
        (|kept| kept["meta"] = Value::Null, "a transaction without what it did"),
        (|kept| kept["transaction"][0] = json!("AAAA"), "a transaction that is none"),
        (
            |kept| kept["meta"]["loadedAddresses"] = Value::Null,
            "another number of balances than the transaction has accounts",
        ),
        (|kept| kept["meta"]["postTokenBalances"] = Value::Null, "a transaction without what it did to tokens"),
        (|kept| kept["meta"]["postTokenBalances"][0]["owner"] = Value::Null, "tokens of nobody"),
        (
            |kept| kept["meta"]["postTokenBalances"][0]["accountIndex"] = json!(99),
            "tokens of an account that the transaction does not name",
        ),
    ];
    for (change, why) in cases {
        assert_eq!(read(change, &signature).await, wrong(why));
    }
}
