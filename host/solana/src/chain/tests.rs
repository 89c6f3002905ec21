mod record;

use std::time::Duration;

use base64::{Engine, engine::general_purpose::STANDARD};
use puppet_types::Secret;
use serde_json::{Value, json};
use solana_signature::Signature;

use super::*;
use crate::{
    Network, NetworkError,
    accounts::{Balances, Holding, MintInfo, lookup_table},
    programs::{LOOKUP_TABLE, TOKEN, TOKEN_2022},
    testing::{http::serve, *},
};

fn settings(endpoint: &str) -> RpcSettings {
    RpcSettings {
        endpoint: Secret::new(endpoint),
        timeout: Duration::from_secs(5),
        network: Network::Localnet.acknowledged(false).unwrap(),
    }
}

fn asked(text: &str) -> Value {
    serde_json::from_str(text.split_once("\r\n\r\n").unwrap().1).unwrap()
}

/// A node that answers by the name of the method.
async fn node(answer: impl Fn(&str, &Value) -> Value + Send + Sync + 'static) -> (Rpc, crate::testing::http::Asked) {
    let (address, noted) = serve(move |text, _| {
        let asked = asked(text);
        let mut said = answer(asked["method"].as_str().unwrap(), &asked["params"]);
        said["jsonrpc"] = "2.0".into();
        said["id"] = asked["id"].clone();
        (200, "content-type: application/json\r\n", said.to_string())
    })
    .await;
    (Rpc::new(&settings(&address)).unwrap(), noted)
}

fn with_context(value: Value) -> Value {
    json!({ "result": { "context": { "slot": 5, "apiVersion": "4.2.2" }, "value": value } })
}

fn written(account: &Account) -> Value {
    let (owner, data) = (account.owner.to_string(), STANDARD.encode(&account.data));
    json!({ "lamports": account.lamports, "owner": owner, "data": [data, "base64"], "executable": false, "rentEpoch": u64::MAX, "space": account.data.len() })
}

#[tokio::test]
async fn balances_are_all_accounts_of_both_token_programs_at_one_moment() {
    let own = own();
    let expected = own.balances.clone();
    let answer = move |method: &str, params: &Value| match method {
        "getTokenAccountsByOwner" => {
            let of = |holding: &Holding| {
                params[0] == holding.owner.to_string() && params[1]["programId"] == holding.program.to_string()
            };
            let held = own.balances.holdings.iter().filter(|(_, holding)| of(holding));
            let account =
                json!({ "lamports": 1, "owner": "", "data": ["", "base64"], "executable": false, "rentEpoch": 0 });
            let keyed = held.map(|(address, _)| json!({ "pubkey": address.to_string(), "account": account }));
            with_context(keyed.collect())
        }
        "getMultipleAccounts" => {
            let find = |name: &Value| -> Value {
                let address: Address = name.as_str().unwrap().parse().unwrap();
                let wallet = own.balances.lamports.get(&address);
                let wallet = wallet.map(|lamports| Account { lamports: *lamports, ..Account::default() });
                let account = wallet.or_else(|| own.balances.holdings.get(&address).map(account));
                account.as_ref().map_or(Value::Null, written)
            };
            with_context(params[0].as_array().unwrap().iter().map(find).collect())
        }
        other => panic!("{other}"),
    };
    let (rpc, noted) = node(answer).await;
    let wallets = expected.lamports.keys().copied().collect();
    assert_eq!(balances(&rpc, &wallets).await.unwrap(), expected);
    assert_eq!(noted.lock().unwrap().len(), 5);
}

#[tokio::test]
async fn a_node_of_another_network_is_found_out() {
    let mainnet = Network::MainnetBeta.genesis().unwrap();
    let (rpc, _) = node(move |_, _| json!({ "result": mainnet })).await;
    let error = rpc.check_network().await.unwrap_err();
    assert!(matches!(error, RpcSetupError::Network(NetworkError::Elsewhere { .. })), "{error}");
}

#[tokio::test]
async fn a_try_tells_what_would_be_and_a_status_what_is() {
    let own = own();
    let transaction = {
        let bytes = bytes(message(taker(), &honest(), &[]));
        wincode::deserialize(&bytes).unwrap()
    };
    let watch = [ata(&taker(), usdc()), address(3)];
    let tried = account(&own.balances.holdings[&watch[0]]);
    let shown = written(&tried);
    let (rpc, _) = node(move |method, params| match method {
        "simulateTransaction" => {
            assert_eq!(params[1]["sigVerify"], false);
            assert_eq!(params[1]["replaceRecentBlockhash"], false);
            with_context(json!({ "err": null, "logs": [], "accounts": [shown, null], "unitsConsumed": 77 }))
        }
        "getSignatureStatuses" => {
            assert_eq!(params[1]["searchTransactionHistory"], true);
            let status = json!({
                "slot": 9, "confirmations": 3, "err": { "InstructionError": [2, { "Custom": 6001 }] },
                "status": { "Err": { "InstructionError": [2, { "Custom": 6001 }] } }, "confirmationStatus": "confirmed",
            });
            with_context(json!([status]))
        }
        "getRecentPrioritizationFees" => {
            let fees = [1, 2, 3, 4].map(|fee| json!({ "slot": 1, "prioritizationFee": fee }));
            json!({ "result": fees })
        }
        "getLatestBlockhash" => {
            with_context(json!({ "blockhash": address(7).to_string(), "lastValidBlockHeight": 250 }))
        }
        "getBlockHeight" => {
            assert_eq!(params[0]["commitment"], "finalized");
            json!({ "result": 218 })
        }
        other => panic!("{other}"),
    })
    .await;
    let simulation = rpc.simulate(&transaction, &watch).await.unwrap();
    assert_eq!(simulation, Simulation { error: None, accounts: vec![Some(tried), None], units: Some(77) });
    // One account too few is no answer.
    assert!(rpc.simulate(&transaction, &watch[..1]).await.is_err());
    let status = rpc.status(&Signature::default()).await.unwrap().unwrap();
    assert!(status.is_confirmed && !status.is_finalized && status.slot == 9);
    assert!(status.error.unwrap().contains("0x1771"));
    assert_eq!(rpc.priority_fee(&[]).await.unwrap(), 4);
    assert_eq!(rpc.blockhash().await.unwrap().last_valid_height, 250);
    assert_eq!(rpc.finalized_height().await.unwrap(), 218);
}

#[tokio::test]
async fn what_goes_wrong_is_told_by_kind_and_without_the_address() {
    let cases = [
        (
            json!({ "error": { "code": -32_016, "message": "Minimum context slot has not been reached" } }),
            ChainError::Behind,
        ),
        (
            json!({ "error": { "code": -32_602, "message": "Invalid\n params" } }),
            ChainError::Refused("Invalid params".into()),
        ),
        (json!({ "result": 12 }), ChainError::Unreadable("another shape")),
        (with_context(json!([])), ChainError::Unreadable("another number of accounts than was asked for")),
    ];
    for (said, wanted) in cases {
        let (rpc, _) = node(move |_, _| said.clone()).await;
        assert_eq!(rpc.accounts(&[address(1)]).await.unwrap_err(), wanted);
    }
    let (address, _) = serve(|_, _| (500, "", "secret-key-in-path".to_owned())).await;
    let rpc = Rpc::new(&settings(&format!("{address}/secret-key-in-path"))).unwrap();
    let error = rpc.genesis().await.unwrap_err();
    assert!(!format!("{error}{error:?}{rpc:?}").contains("secret-key"), "{error:?}");
    // Nobody listens there.
    let rpc = Rpc::new(&settings("http://127.0.0.1:1/secret-key-in-path")).unwrap();
    let error = rpc.genesis().await.unwrap_err();
    assert_eq!(error, ChainError::Unreachable("127.0.0.1:1".to_owned()));
    assert_eq!(error.to_string(), "the RPC endpoint at 127.0.0.1:1 cannot be reached");
    for (endpoint, wanted) in [
        ("nowhere", RpcSetupError::BadAddress),
        ("ftp://127.0.0.1", RpcSetupError::BadAddress),
        ("http://example.org", RpcSetupError::InClear),
    ] {
        assert_eq!(Rpc::new(&settings(endpoint)).unwrap_err(), wanted);
    }
    assert!(Rpc::new(&settings("https://example.org/?api-key=x")).is_ok());
}

#[test]
fn accounts_are_read_by_their_bytes() {
    let held = holding(taker(), bonk(), 77);
    assert_eq!(Holding::parse(&account(&held)).unwrap(), held);
    let rights = Holding { delegate: Some((maker(), 5)), close_authority: Some(maker()), is_frozen: true, ..held };
    assert_eq!(Holding::parse(&account(&rights)).unwrap(), rights);
    // With extensions behind it.
    let mut long = account(&rights);
    long.data.extend([2, 7, 0, 0, 0]);
    assert_eq!(Holding::parse(&long).unwrap(), rights);
    // A mint with extensions is no account, nor is what another program keeps, nor one that nobody has set up.
    let mut mint = account(&rights);
    mint.data.extend([1, 7, 0, 0, 0]);
    assert_eq!(Holding::parse(&mint), None);
    assert_eq!(Holding::parse(&Account { owner: address(5), ..account(&rights) }), None);
    let mut empty = account(&rights);
    empty.data[108] = 0;
    assert_eq!(Holding::parse(&empty), None);
    for program in [TOKEN, TOKEN_2022] {
        let info = MintInfo::parse(&mint_account(program, 9)).unwrap();
        assert_eq!((info.program, info.decimals, info.supply, info.mint_authority), (program, 9, 1_000_000, None));
        let mut data = mint_account(program, 9).data;
        data.resize(165, 0);
        data.push(1);
        assert_eq!(MintInfo::parse(&Account { data, ..mint_account(program, 9) }).unwrap().decimals, 9);
    }
    assert_eq!(MintInfo::parse(&account(&rights)), None);
    // Whatever the bytes are, nothing falls over.
    for length in 0..400 {
        for value in [0, 1, 2, 255] {
            let any = Account { lamports: 1, owner: TOKEN_2022, data: vec![value; length] };
            drop((Holding::parse(&any), MintInfo::parse(&any), lookup_table(&any)));
        }
    }
}

#[test]
fn what_can_be_paid_with_has_wrapped_lamports_and_no_other_rent_in_it() {
    let own = [(usdc(), 77), (sol(), 500)].map(|(leg, amount)| (ata(&taker(), leg), holding(taker(), leg, amount)));
    let others = (ata(&maker(), sol()), holding(maker(), sol(), 9));
    let lamports = [(taker(), 1_000), (maker(), 5)].into();
    let balances = Balances { lamports, holdings: own.into_iter().chain([others]).collect() };
    assert_eq!(balances.liquid(&taker()), 1_000 + 500 + 2_039_280);
    assert_eq!(balances.sol(&taker()), 1_000 + 500 + 2 * 2_039_280);
    assert_eq!(balances.liquid(&address(0x77)), 0);
}

#[tokio::test]
async fn other_decimals_than_are_believed_are_told() {
    let (usdc, bonk) = (usdc().mint, bonk().mint);
    let accounts =
        move |_: &str, _: &Value| with_context(json!([6, 5].map(|decimals| written(&mint_account(TOKEN, decimals)))));
    let (rpc, _) = node(accounts).await;
    check_decimals(&rpc, &[(usdc, 6), (bonk, 5)]).await.unwrap();
    let wrong = check_decimals(&rpc, &[(usdc, 6), (bonk, 8)]).await.unwrap_err();
    assert_eq!(wrong, ChainError::Decimals { mint: bonk, believed: 8, found: 5 });
}

#[test]
fn a_lookup_table_that_is_taken_down_counts_for_nothing() {
    let table = |until: u64| {
        let mut data = vec![1, 0, 0, 0];
        data.extend(until.to_le_bytes());
        data.resize(56, 0);
        data.extend(address(4).as_ref());
        data.extend(address(5).as_ref());
        Account { lamports: 1, owner: LOOKUP_TABLE, data }
    };
    assert_eq!(lookup_table(&table(u64::MAX)).unwrap(), [address(4), address(5)]);
    assert_eq!(lookup_table(&table(9)), None);
    assert_eq!(lookup_table(&Account { owner: TOKEN, ..table(u64::MAX) }), None);
}

#[test]
fn a_wallet_that_is_given_to_a_program_counts_as_gone() {
    let wallets = [taker()].into();
    let given_away = Account { lamports: 5, owner: address(9), data: vec![] };
    let simulation = Simulation { accounts: vec![Some(given_away)], ..Simulation::default() };
    let expected = Balances { lamports: [(taker(), 0)].into(), ..Balances::default() };
    assert_eq!(after(&wallets, &[taker()], &simulation), expected);
    assert_eq!(after(&wallets, &[taker()], &Simulation { accounts: vec![None], ..simulation }), expected);
}

#[test]
fn accounts_that_the_token_program_writes_are_read() {
    use solana_program_pack::Pack;
    use spl_token_interface::state::{Account as Written, AccountState, Mint};
    let key = |address: Address| address.to_bytes().into();
    let written = Written {
        mint: key(usdc().mint),
        owner: key(taker()),
        amount: 77,
        delegate: Some(key(maker())).into(),
        state: AccountState::Frozen,
        is_native: None.into(),
        delegated_amount: 5,
        close_authority: Some(key(address(6))).into(),
    };
    let mut data = vec![0; Written::LEN];
    Written::pack(written, &mut data).unwrap();
    let expected = Holding {
        delegate: Some((maker(), 5)),
        close_authority: Some(address(6)),
        is_frozen: true,
        ..holding(taker(), usdc(), 77)
    };
    assert_eq!(Holding::parse(&Account { lamports: 2_039_280, owner: TOKEN, data }), Some(expected));
    let mint = Mint {
        mint_authority: Some(key(maker())).into(),
        supply: 1_000,
        decimals: 6,
        is_initialized: true,
        freeze_authority: Some(key(taker())).into(),
    };
    let mut data = vec![0; Mint::LEN];
    Mint::pack(mint, &mut data).unwrap();
    let info = MintInfo::parse(&Account { lamports: 1, owner: TOKEN, data }).unwrap();
    assert_eq!((info.decimals, info.supply), (6, 1_000));
    assert_eq!((info.mint_authority, info.freeze_authority), (Some(maker()), Some(taker())));
}
