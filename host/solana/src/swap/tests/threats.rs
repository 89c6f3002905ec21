//! The threats of docs/trading/threats.md that end in a signature, on the emulated chain: each once with its control,
//! where the money stays, and once without it, where the money goes. What leaves a control out is in this crate's tests
//! alone (`without.rs`).

use puppet_emulate_chain::{EmulatedChain, Fault, Kind, Malice, SOL, Settings, USDC};
use puppet_types::Secret;

use super::super::without::Control::{self, Binding, Bytes, Floor, Try};
use super::*;
use crate::{
    Network,
    accounts::Account,
    chain::{Blockhash, Rpc, RpcSettings, Simulation, Status, check_decimals},
    guard::{Approvals as _, InMemoryApprovals},
    jupiter::{Ask, Built, Executed, JupiterApi, JupiterSettings, Order},
};
use async_trait::async_trait;
use solana_signature::Signature;
use solana_transaction::versioned::VersionedTransaction;

const BONK: Address = Address::from_str_const("DezXAZ8z7PnrnRJjz3wXBoRgixCa6xjnB7YaB1pPB263");
/// Of a wallet at the beginning: 10 SOL, 1,000 dollars.
const LAMPORTS: u64 = 10_000_000_000;
const DOLLARS: u64 = 1_000_000_000;
/// A fifth of a dollar, in millionths: the least that any of these takes; a swap itself costs a hundredth of that.
const GONE: i128 = 200_000;

/// A wallet on an emulated chain, and who stands between it and the world.
struct There {
    chain: EmulatedChain,
    rpc: Arc<dyn Chain>,
    jupiter: Arc<dyn Jupiter>,
    log: Arc<dyn SwapLog>,
    approvals: Arc<InMemoryApprovals>,
    guard: Guard,
    settings: SwapSettings,
}

impl There {
    async fn start() -> Self {
        let chain = EmulatedChain::start(Settings::default()).await.unwrap();
        chain.airdrop(&taker(), LAMPORTS).unwrap();
        chain.mint_to(&taker(), &USDC, DOLLARS).unwrap();
        let rpc = RpcSettings {
            endpoint: Secret::new(chain.solana()),
            timeout: RpcSettings::TIMEOUT,
            network: Network::Localnet.acknowledged(false).unwrap(),
        };
        let jupiter = JupiterSettings {
            endpoint: chain.jupiter(),
            key: Some(Secret::new("a-key")),
            ..JupiterSettings::default()
        };
        Self {
            chain,
            rpc: Arc::new(Rpc::new(&rpc).unwrap()),
            jupiter: Arc::new(JupiterApi::new(&jupiter).unwrap()),
            log: Arc::new(InMemorySwapLog::default()),
            approvals: Arc::default(),
            guard: Guard::default(),
            settings: SwapSettings { most_quote_age_ms: 120_000, ..SwapSettings::default() },
        }
    }

    fn swapper(&self, left_out: &[Control]) -> Swapper {
        let parts = Parts {
            wallet: wallet(1),
            wallets: [].into(),
            guard: self.guard.clone(),
            chain: Arc::clone(&self.rpc),
            jupiter: Arc::clone(&self.jupiter),
            log: Arc::clone(&self.log),
            approvals: self.approvals.clone(),
            now: Arc::new(Timestamp::from_system),
        };
        Swapper::without(parts, self.settings.clone(), left_out)
    }

    /// Millionths of a dollar of all that the wallet has, rent of its accounts as well, which comes back.
    fn worth(&self) -> i128 {
        let of = taker();
        let mut lamports = i128::from(self.chain.lamports(&of)) + i128::from(self.chain.tokens(&of, &SOL));
        for mint in [USDC, BONK] {
            let account = self.chain.token_account(&of, &mint).unwrap();
            lamports += i128::from(self.chain.lamports(&account));
        }
        let tokens = |mint| i128::from(self.chain.tokens(&of, mint));
        lamports * 15 / 100 + tokens(&USDC) + tokens(&BONK) * 20 / 100_000
    }

    fn held(&self) -> (u64, u64, u64) {
        let tokens = |mint| self.chain.tokens(&taker(), mint);
        (self.chain.lamports(&taker()), tokens(&USDC), tokens(&BONK))
    }

    /// Swaps to its end, or to where a person is needed; why it was not signed, and what the wallet has lost.
    async fn swap(&self, left_out: &[Control], want: Want) -> (Option<String>, i128) {
        let before = self.worth();
        let swapper = self.swapper(left_out);
        swapper.begin("s", want).await.unwrap();
        let mut reason = None;
        for _ in 0..100 {
            match swapper.step("s").await {
                Ok(Progress::Moved(_)) => {}
                Ok(Progress::Ended(Entry::Refused { reason: told, .. })) => {
                    reason = Some(told);
                    break;
                }
                // What comes after a robbery is of no interest.
                Ok(Progress::Ended(_)) | Ok(Progress::Waits(Waiting::Approval(_))) | Err(_) => break,
                Ok(Progress::Waits(_)) => self.chain.advance(50),
            }
        }
        (reason, before - self.worth())
    }
}

/// Half a percent less than is quoted is what the decision still takes.
fn wish(gives: Address, takes: Address, amount: u64, quoted: u64) -> Want {
    Want {
        taker: taker().to_string(),
        gives: gives.to_string(),
        takes: takes.to_string(),
        amount,
        max_slippage_bps: 50,
        max_impact_bps: 50,
        least_out: quoted - quoted / 200,
    }
}

/// Ten dollars for BONK.
fn small() -> Want {
    wish(USDC, BONK, 10_000_000, 50_000_000_000)
}

/// A node in league with the thief: a try shows what was meant, whatever the transaction does.
struct InLeague {
    node: Arc<dyn Chain>,
    chain: Box<dyn Fn(&[Address]) -> Vec<Option<Account>> + Send + Sync>,
}

#[async_trait]
impl Chain for InLeague {
    async fn genesis(&self) -> Result<String, ChainError> {
        self.node.genesis().await
    }
    async fn accounts(&self, addresses: &[Address], not_before: u64) -> Result<Vec<Option<Account>>, ChainError> {
        self.node.accounts(addresses, not_before).await
    }
    async fn token_accounts(&self, wallet: &Address) -> Result<Vec<Address>, ChainError> {
        self.node.token_accounts(wallet).await
    }
    async fn blockhash(&self) -> Result<Blockhash, ChainError> {
        self.node.blockhash().await
    }
    async fn finalized_height(&self) -> Result<u64, ChainError> {
        self.node.finalized_height().await
    }
    async fn simulate(&self, transaction: &VersionedTransaction, watch: &[Address]) -> Result<Simulation, ChainError> {
        if watch.is_empty() {
            return self.node.simulate(transaction, watch).await;
        }
        let now = self.node.accounts(watch, 0).await?;
        let mut accounts = (self.chain)(watch);
        for (told, now) in accounts.iter_mut().zip(now) {
            *told = told.take().or(now);
        }
        Ok(Simulation { error: None, accounts, units: Some(100_000) })
    }
    async fn send(&self, transaction: &VersionedTransaction) -> Result<(), ChainError> {
        self.node.send(transaction).await
    }
    async fn status(&self, signature: &Signature) -> Result<Option<Status>, ChainError> {
        self.node.status(signature).await
    }
    async fn priority_fee(&self, accounts: &[Address]) -> Result<u64, ChainError> {
        self.node.priority_fee(accounts).await
    }
}

/// Shows a wallet with what was meant to be there after [`small`].
fn in_league(there: &There) -> Arc<dyn Chain> {
    let of = |mint: &Address| there.chain.token_account(&taker(), mint).unwrap();
    let (gives, takes) = (of(&USDC), of(&BONK));
    let token =
        |mint, amount| account(&holding(taker(), crate::guard::Leg { mint, program: crate::programs::TOKEN }, amount));
    let (left, came) = (token(USDC, DOLLARS - 10_000_000), token(BONK, 50_000_000_000));
    let shown = move |watch: &[Address]| {
        let one = |address: &Address| {
            let tokens = [(gives, &left), (takes, &came)];
            tokens.into_iter().find(|(at, _)| at == address).map(|(_, account)| account.clone())
        };
        watch.iter().map(one).collect()
    };
    Arc::new(InLeague { node: Arc::clone(&there.rpc), chain: Box::new(shown) })
}

/// What a hostile exchange puts into a transaction, and the swap that it is tried with.
fn robberies() -> Vec<(&'static str, Malice, Want)> {
    let all_dollars = wish(USDC, BONK, DOLLARS, 5_000_000_000_000);
    vec![
        ("one more transfer, of lamports", Malice::ExtraTransfer { mint: None, amount: 3_000_000_000 }, small()),
        (
            "one more transfer, of tokens",
            Malice::ExtraTransfer { mint: Some(USDC.to_string()), amount: 500_000_000 },
            small(),
        ),
        ("an account made over: SetAuthority", Malice::SetAuthority, small()),
        ("another recipient", Malice::SwappedRecipient, small()),
        ("a program that nobody knows", Malice::UnknownProgram { lamports: 2_000_000_000 }, small()),
        ("a worse rate than was quoted", Malice::WorseRate { percent: 50 }, small()),
        ("another token than was meant", Malice::OtherMint, small()),
        ("a right to spend: Approve", Malice::Approve, small()),
        ("an account hidden in a lookup table", Malice::LookupTable, small()),
        ("the wallet made over: Assign", Malice::Assign, small()),
        ("an account closed, its rent to somebody else", Malice::CloseAccount, all_dollars),
        ("of SOL: an account made over", Malice::SetAuthority, wish(SOL, USDC, 1_000_000_000, 150_000_000)),
        ("of SOL: another recipient", Malice::SwappedRecipient, wish(SOL, USDC, 1_000_000_000, 150_000_000)),
        ("of SOL: a right to spend", Malice::Approve, wish(SOL, USDC, 1_000_000_000, 150_000_000)),
    ]
}

/// Reading it and trying it are two gates: either stops every one of these by itself.
#[tokio::test]
async fn blind_signing_of_what_a_remote_built() {
    for via in [Via::Jupiter, Via::OwnNode] {
        for (name, malice, want) in robberies() {
            for (left_out, moves) in [(&[][..], false), (&[Try], false), (&[Bytes], false), (&[Bytes, Try], true)] {
                let mut there = There::start().await;
                there.settings.via = via;
                there.chain.turn(Some(malice.clone())).unwrap();
                let held = there.held();
                let (reason, lost) = there.swap(left_out, want.clone()).await;
                if moves {
                    assert!(lost >= GONE, "{name}, {via:?}: {lost} {reason:?}");
                } else {
                    assert_eq!(there.held(), held, "{name}, {via:?}, without {left_out:?}: {reason:?}");
                    assert!(reason.is_some(), "{name}, {via:?}, without {left_out:?}");
                }
            }
        }
    }
}

/// The node says that all is well: what is read from the bytes does not depend on it.
#[tokio::test]
async fn a_node_in_league_with_the_exchange() {
    let robberies = robberies().into_iter().filter(|(_, _, want)| *want == small());
    for (name, malice, want) in robberies {
        for (left_out, moves) in [(&[][..], false), (&[Bytes], true)] {
            let mut there = There::start().await;
            there.rpc = in_league(&there);
            there.chain.turn(Some(malice.clone())).unwrap();
            let held = there.held();
            let (reason, lost) = there.swap(left_out, want.clone()).await;
            if moves {
                assert!(lost >= GONE, "{name}: {lost} {reason:?}");
            } else {
                assert_eq!(there.held(), held, "{name}");
                assert!(reason.is_some_and(|reason| reason.starts_with("not signed")), "{name}");
            }
        }
    }
}

/// What is held is told as three times as much, or as half: a try does not fit to it.
#[tokio::test]
async fn a_node_that_lies_about_balances() {
    for percent in [300, 50] {
        for (left_out, moves) in [(&[][..], false), (&[Try], true)] {
            let there = There::start().await;
            there.chain.misbehave(vec![Fault::from(Kind::WrongBalance { percent })].into());
            let held = there.held();
            let (reason, _) = there.swap(left_out, small()).await;
            assert_eq!(there.held() != held, moves, "{percent}, without {left_out:?}: {reason:?}");
            assert_eq!(reason.is_some(), !moves);
        }
    }
}

/// No rule names the program, and whoever wrote it also owns the node that tries it.
#[tokio::test]
async fn a_signing_path_that_no_rule_names() {
    for (allows_by_default, moves) in [(false, false), (true, true)] {
        let mut there = There::start().await;
        there.guard.allows_by_default = allows_by_default;
        there.rpc = in_league(&there);
        there.chain.turn(Some(Malice::UnknownProgram { lamports: 2_000_000_000 })).unwrap();
        let (reason, lost) = there.swap(&[], small()).await;
        assert_eq!(lost >= GONE, moves, "{reason:?}");
        assert_eq!(reason.is_some_and(|reason| reason.contains("which is not on the list")), !moves);
    }
}

/// There is one line in this crate that signs with a wallet, and it takes what the guard has cleared.
#[test]
fn nothing_but_what_the_guard_has_cleared_is_signed() {
    fn walk(folder: &std::path::Path, found: &mut Vec<String>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let is_of_tests = path.ends_with("tests") || path.ends_with("tests.rs") || path.ends_with("testing");
            if path.is_dir() && !is_of_tests {
                walk(&path, found);
            } else if !is_of_tests && path.extension().is_some_and(|end| end == "rs") {
                let text = std::fs::read_to_string(&path).unwrap();
                let lines = text.lines().map(str::trim).filter(|line| !line.starts_with("//"));
                found.extend(
                    lines
                        .filter(|line| [".sign(&", "sign_message("].iter().any(|call| line.contains(call)))
                        .map(str::to_owned),
                );
            }
        }
    }
    let mut found = Vec::new();
    walk(&std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut found);
    found.sort();
    assert_eq!(
        found,
        [
            "Keypair::new_from_array(**self.seed).sign_message(message)",
            "let (transaction, signature) = match cleared.sign(&parts.wallet) {",
            "let signature = wallet.sign(&transaction.message.serialize());",
        ]
    );
}

/// It was decided at one price; what comes with the transaction is openly another.
#[tokio::test]
async fn a_quote_that_changed_between_decision_and_signature() {
    for via in [Via::Jupiter, Via::OwnNode] {
        for (left_out, moves) in [(&[][..], false), (&[Floor], true)] {
            let mut there = There::start().await;
            there.settings.via = via;
            let ask = Ask { gives: USDC, takes: BONK, amount: 10_000_000, taker: None, slippage_bps: 50 };
            there.chain.turn(Some(Malice::QuoteChanged { percent: 60 })).unwrap();
            let decided = there.jupiter.order(&ask).await.unwrap().quote.out_amount;
            let held = there.held();
            let (reason, lost) = there.swap(left_out, wish(USDC, BONK, 10_000_000, decided)).await;
            assert_eq!(there.held() != held, moves, "{reason:?}");
            // Four dollars of ten.
            assert_eq!(lost >= 3_900_000, moves, "{lost}");
        }
    }
}

/// A log in which what was reviewed has been exchanged for something else.
struct Swapped {
    log: InMemorySwapLog,
    instead: std::sync::Mutex<Option<Entry>>,
}

#[async_trait]
impl SwapLog for Swapped {
    async fn append(&self, id: &str, entry: &Entry) -> Result<(), LogError> {
        self.log.append(id, entry).await
    }
    async fn read(&self, id: &str) -> Result<Vec<Entry>, LogError> {
        let mut entries = self.log.read(id).await?;
        if let Some(instead) = self.instead.lock().unwrap().as_ref() {
            let quoted = entries.iter_mut().find(|entry| matches!(entry, Entry::Quoted { .. }));
            *quoted.unwrap() = instead.clone();
        }
        Ok(entries)
    }
    async fn open(&self) -> Result<Vec<String>, LogError> {
        self.log.open().await
    }
}

/// A person has said yes to ten dollars at a good price; what is handed over to be signed is another order.
#[tokio::test]
async fn an_approval_swapped_after_review() {
    for (left_out, moves) in [(&[][..], false), (&[Binding], true)] {
        let mut there = There::start().await;
        there.settings.approve_above = ApproveAbove::Amounts([(USDC, 1_000_000)].into());
        let log = Arc::new(Swapped { log: InMemorySwapLog::default(), instead: std::sync::Mutex::default() });
        there.log = Arc::<Swapped>::clone(&log);
        let held = there.held();
        // Whoever decided would take half.
        let want = Want { least_out: 25_000_000_000, ..small() };
        let swapper = there.swapper(left_out);
        swapper.begin("s", want).await.unwrap();
        let shown = loop {
            match swapper.step("s").await.unwrap() {
                Progress::Waits(Waiting::Approval(message)) => break message,
                Progress::Moved(_) => {}
                other => panic!("{other:?}"),
            }
        };
        there
            .approvals
            .grant(Approval { hash: shown.clone(), expires_at: Timestamp::from_system().plus_millis(60_000) });
        // Forty percent less comes of the other order.
        there.chain.price(&BONK, 33).unwrap();
        let ask = Ask { gives: USDC, takes: BONK, amount: 10_000_000, taker: Some(taker()), slippage_bps: 50 };
        let order = there.jupiter.order(&ask).await.unwrap();
        *log.instead.lock().unwrap() = Some(Entry::Quoted {
            transaction: order.transaction.unwrap(),
            order: Some(order.request_id),
            out_amount: order.quote.out_amount,
            least_out: order.quote.least_out,
            at: Timestamp::from_system(),
            last_valid_height: order.last_valid_height.unwrap(),
        });
        let end = loop {
            match swapper.step("s").await.unwrap() {
                Progress::Moved(_) => {}
                other => break other,
            }
        };
        assert_eq!(there.held() != held, moves, "{end:?}");
        if !moves {
            assert!(
                matches!(&end, Progress::Ended(Entry::Refused { reason, .. }) if reason.contains("not the one that was checked"))
            );
            // The yes is still there for what it was said to, and for nothing else.
            assert!(there.approvals.take(&shown).await.unwrap().is_some());
        }
    }
}

/// An exchange that counts in thousandths: whatever is asked for, it takes a thousand times as much, and says otherwise.
struct Thousandfold(Arc<dyn Jupiter>);

#[async_trait]
impl Jupiter for Thousandfold {
    async fn order(&self, ask: &Ask) -> Result<Order, JupiterError> {
        let mut order = self.0.order(&Ask { amount: ask.amount * 1_000, ..*ask }).await?;
        order.quote.in_amount = ask.amount;
        Ok(order)
    }
    async fn execute(&self, signed: &str, order: &str) -> Result<Executed, JupiterError> {
        self.0.execute(signed, order).await
    }
    async fn build(&self, ask: &Ask) -> Result<Built, JupiterError> {
        let mut built = self.0.build(&Ask { amount: ask.amount * 1_000, ..*ask }).await?;
        built.quote.in_amount = ask.amount;
        Ok(built)
    }
}

/// By the exchange: half a dollar was meant, and five hundred are in the transaction.
#[tokio::test]
async fn a_unit_error_of_a_thousand_by_the_exchange() {
    for via in [Via::Jupiter, Via::OwnNode] {
        for (left_out, moves) in [(&[][..], false), (&[Try], false), (&[Bytes], false), (&[Bytes, Try], true)] {
            let mut there = There::start().await;
            there.settings.via = via;
            there.jupiter = Arc::new(Thousandfold(Arc::clone(&there.jupiter)));
            let (reason, _) = there.swap(left_out, wish(USDC, BONK, 500_000, 2_500_000_000)).await;
            let left = there.chain.tokens(&taker(), &USDC);
            assert_eq!(left, if moves { DOLLARS - 500_000_000 } else { DOLLARS }, "{left_out:?}: {reason:?}");
        }
    }
}

/// By the operator: USDC is told as a token of nine decimals, so that a dollar is a thousand.
#[tokio::test]
async fn a_unit_error_of_a_thousand_in_the_list_of_tokens() {
    for (is_checked, moves) in [(true, false), (false, true)] {
        let there = There::start().await;
        let told = 9;
        let one_dollar = 10_u64.pow(u32::from(told));
        if is_checked {
            let error = check_decimals(there.rpc.as_ref(), &[(BONK, 5), (USDC, told)]).await.unwrap_err();
            assert_eq!(error, ChainError::Decimals { mint: USDC, believed: 9, found: 6 });
        } else {
            there.swap(&[], wish(USDC, BONK, one_dollar, 5_000_000_000_000)).await;
        }
        let left = there.chain.tokens(&taker(), &USDC);
        assert_eq!(left, if moves { 0 } else { DOLLARS });
    }
}
