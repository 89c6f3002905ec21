//! A wallet on an emulated chain, and those who stand between it and the world: honest, or not.

use std::collections::BTreeMap;

use async_trait::async_trait;
use puppet_emulate_chain::{EmulatedChain, SOL, Settings, USDC};
use puppet_types::Secret;
use solana_signature::Signature;
use solana_transaction::versioned::VersionedTransaction;

use super::super::{super::without::Control, *};
use crate::{
    Network,
    accounts::Account,
    chain::{Blockhash, Record, Rpc, RpcSettings, Simulation, Status},
    guard::InMemoryApprovals,
    jupiter::{Ask, Built, Executed, JupiterApi, JupiterSettings, Order},
};

pub(super) const BONK: Address = Address::from_str_const("DezXAZ8z7PnrnRJjz3wXBoRgixCa6xjnB7YaB1pPB263");
/// Of a wallet at the beginning: 10 SOL, 1,000 dollars.
pub(super) const LAMPORTS: u64 = 10_000_000_000;
pub(super) const DOLLARS: u64 = 1_000_000_000;
/// A fifth of a dollar, in millionths: the least that any of these takes; a swap itself costs a hundredth of that.
pub(super) const GONE: i128 = 200_000;

/// A wallet on an emulated chain, and who stands between it and the world.
pub(super) struct There {
    pub(super) chain: EmulatedChain,
    pub(super) rpc: Arc<dyn Chain>,
    pub(super) jupiter: Arc<dyn Jupiter>,
    pub(super) log: Arc<dyn SwapLog>,
    pub(super) approvals: Arc<InMemoryApprovals>,
    pub(super) guard: Guard,
    pub(super) settings: SwapSettings,
}

impl There {
    pub(super) async fn start() -> Self {
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

    pub(super) fn swapper(&self, left_out: &[Control]) -> Swapper {
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

    pub(super) fn held(&self) -> (u64, u64, u64) {
        let tokens = |mint| self.chain.tokens(&taker(), mint);
        (self.chain.lamports(&taker()), tokens(&USDC), tokens(&BONK))
    }

    /// Swaps to its end, or to where a person is needed; why it was not signed, and what the wallet has lost.
    pub(super) async fn swap(&self, left_out: &[Control], want: Want) -> (Option<String>, i128) {
        let before = self.worth();
        let swapper = self.swapper(left_out);
        swapper.begin("s", want).await.unwrap();
        let mut reason = None;
        for _ in 0..100 {
            match swapper.step("s", &|| None).await {
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
pub(super) fn wish(gives: Address, takes: Address, amount: u64, quoted: u64) -> Want {
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
pub(super) fn small() -> Want {
    wish(USDC, BONK, 10_000_000, 50_000_000_000)
}

/// A node in league with the thief: a try shows what was meant, whatever the transaction does.
struct InLeague {
    node: Arc<dyn Chain>,
    /// What is shown instead.
    shown: BTreeMap<Address, Account>,
}

#[async_trait]
impl Chain for InLeague {
    async fn genesis(&self) -> Result<String, ChainError> {
        self.node.genesis().await
    }
    async fn accounts(&self, addresses: &[Address]) -> Result<Vec<Option<Account>>, ChainError> {
        self.node.accounts(addresses).await
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
        let now = self.node.accounts(watch).await?;
        let shown = |(address, now): (&Address, Option<Account>)| self.shown.get(address).cloned().or(now);
        let accounts = watch.iter().zip(now).map(shown).collect();
        Ok(Simulation { error: None, accounts, units: Some(100_000) })
    }
    async fn send(&self, transaction: &VersionedTransaction) -> Result<(), ChainError> {
        self.node.send(transaction).await
    }
    async fn status(&self, signature: &Signature) -> Result<Option<Status>, ChainError> {
        self.node.status(signature).await
    }
    async fn record(&self, signature: &Signature) -> Result<Option<Record>, ChainError> {
        self.node.record(signature).await
    }
    async fn priority_fee(&self, accounts: &[Address]) -> Result<u64, ChainError> {
        self.node.priority_fee(accounts).await
    }
}

/// Shows a wallet with what was meant to be there after [`small`].
pub(super) fn in_league(there: &There) -> Arc<dyn Chain> {
    let of = |mint: &Address| there.chain.token_account(&taker(), mint).unwrap();
    let (gives, takes) = (of(&USDC), of(&BONK));
    let token =
        |mint, amount| account(&holding(taker(), crate::guard::Leg { mint, program: crate::programs::TOKEN }, amount));
    let shown = [(gives, token(USDC, DOLLARS - 10_000_000)), (takes, token(BONK, 50_000_000_000))].into();
    Arc::new(InLeague { node: Arc::clone(&there.rpc), shown })
}

/// A log in which what was reviewed has been exchanged for something else.
pub(super) struct Swapped {
    pub(super) log: InMemorySwapLog,
    pub(super) instead: std::sync::Mutex<Option<Entry>>,
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

/// An exchange that counts in thousandths: whatever is asked for, it takes a thousand times as much, and says otherwise.
pub(super) struct Thousandfold(pub(super) Arc<dyn Jupiter>);

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
