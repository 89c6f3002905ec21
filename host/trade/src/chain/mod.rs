//! The exchange that is the chain: a desk's wants become swaps of one wallet, whatever dies on the way. What is asked,
//! signed and settled is `puppet-solana`'s; what is kept is the store's. Here the two are put together, and an end on the
//! chain becomes amounts that books can be kept by, exact to the lamport.

mod approvals;
mod balances;
mod link;
mod log;
mod outcome;
mod price;
#[cfg(test)]
mod tests;

use std::{collections::BTreeSet, fmt, sync::Arc, time::Duration};

use async_trait::async_trait;
use puppet_solana::{
    Address, Wallet,
    chain::{Chain, ChainError},
    guard::{ApproveAbove, Guard},
    jupiter::Jupiter,
    swap::{self, Entry, Progress, SwapError, SwapLog, SwapSettings, Swapper, Via, Waiting},
};
use puppet_store::TradeStore;
use puppet_types::{
    Timestamp,
    trade::{Market, Mint},
};

use crate::{Exchange, ExchangeError, Halt, Swapped, Want};
pub use approvals::Ask;
use approvals::StoredApprovals;
use balances::check_tokens;
pub use balances::held;
pub use link::{ChainLink, LinkError, LinkSettings};
use log::StoredLog;
pub use price::{PriceError, price};

/// What a wallet trades with.
pub struct ChainParts {
    /// Signs.
    pub wallet: Wallet,
    /// Every address of ours, that of `wallet` among them or not: nothing may happen to any of them.
    pub wallets: BTreeSet<Address>,
    /// A node.
    pub chain: Arc<dyn Chain>,
    /// Jupiter.
    pub jupiter: Arc<dyn Jupiter>,
    /// Keeps every entry of every swap, and approvals.
    pub store: Arc<dyn TradeStore>,
    /// The time.
    pub now: Arc<dyn Fn() -> Timestamp + Send + Sync>,
}

/// How a wallet trades.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChainTerms {
    /// Who sends what was signed.
    pub via: Via,
    /// From which amount on a person is asked.
    pub approve_above: ApproveAbove,
    /// How long a person's yes is waited for, in milliseconds. It never counts for longer than a message can land: about
    /// a minute.
    pub approve_within_ms: u64,
    /// How far a swap itself may move the price, in hundredths of a percent.
    pub most_impact_bps: u32,
    /// A quote is worth nothing when it is older.
    pub most_quote_age_ms: u64,
    /// Only what cannot be undone counts as landed.
    pub wait_for_finality: bool,
    /// Between two questions to the chain about the same signature.
    pub pause: Duration,
    /// After so long without an end the desk gets its turn, and asks again.
    pub patience: Duration,
    /// What may be spent beside a swap.
    pub guard: Guard,
}

impl Default for ChainTerms {
    fn default() -> Self {
        let SwapSettings { via, most_quote_age_ms, approve_above, wait_for_finality } = SwapSettings::default();
        Self {
            via,
            approve_above,
            approve_within_ms: 600_000,
            most_impact_bps: 100,
            most_quote_age_ms,
            wait_for_finality,
            pause: Duration::from_secs(1),
            patience: Duration::from_secs(30),
            guard: Guard::default(),
        }
    }
}

/// One wallet on the chain.
pub struct ChainExchange {
    address: Address,
    swapper: Swapper,
    chain: Arc<dyn Chain>,
    log: Arc<StoredLog>,
    approvals: Arc<StoredApprovals>,
    terms: ChainTerms,
    now: Arc<dyn Fn() -> Timestamp + Send + Sync>,
}

impl fmt::Debug for ChainExchange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ChainExchange").field("address", &self.address).finish_non_exhaustive()
    }
}

impl ChainExchange {
    /// Asks the chain whether the tokens of the markets have the decimals that are believed, and nothing else.
    ///
    /// # Errors
    /// One has others, or the chain gives no answer.
    pub async fn open(parts: ChainParts, terms: ChainTerms, markets: &[Market]) -> Result<Self, ChainError> {
        let ChainParts { wallet, wallets, chain, jupiter, store, now } = parts;
        check_tokens(chain.as_ref(), markets).await?;
        let address = wallet.address();
        let log = Arc::new(StoredLog::new(Arc::clone(&store), address, Arc::clone(&now)));
        let approvals = Arc::new(StoredApprovals::new(store));
        let settings = SwapSettings {
            via: terms.via,
            most_quote_age_ms: terms.most_quote_age_ms,
            approve_above: terms.approve_above.clone(),
            wait_for_finality: terms.wait_for_finality,
        };
        let parts = swap::Parts {
            wallet,
            wallets,
            guard: terms.guard.clone(),
            chain: Arc::clone(&chain),
            jupiter,
            log: Arc::<StoredLog>::clone(&log),
            approvals: Arc::<StoredApprovals>::clone(&approvals),
            now: Arc::clone(&now),
        };
        Ok(Self { address, swapper: Swapper::new(parts, settings), chain, log, approvals, terms, now })
    }

    /// Whose it is.
    pub fn address(&self) -> Address {
        self.address
    }

    /// Notes a wish that is new; one that was begun goes on.
    async fn begin(&self, id: &str, want: &Want, halted: &Halt<'_>) -> Result<Option<Swapped>, ExchangeError> {
        let wish = swap::Want {
            taker: self.address.to_string(),
            gives: want.gives.to_string(),
            takes: want.takes.to_string(),
            amount: want.amount,
            max_slippage_bps: want.max_slippage_bps,
            max_impact_bps: self.terms.most_impact_bps,
            least_out: want.least_out,
        };
        loop {
            match self.swapper.begin(id, wish.clone()).await {
                Ok(()) => return Ok(None),
                Err(SwapError::Taken(_)) => {
                    self.is_the_same(id, &wish).await?;
                    return Ok(None);
                }
                Err(SwapError::Busy(other)) => self.clear_away(&other, halted).await?,
                // Nothing was noted, and asked again it is the same.
                Err(error @ SwapError::Malformed) => return Ok(Some(outcome::malformed(&error))),
                Err(error) => return Err(failed(&error)),
            }
        }
    }

    /// The id of another swap would book what that one did.
    async fn is_the_same(&self, id: &str, wish: &swap::Want) -> Result<(), ExchangeError> {
        let entries = self.read(id).await?;
        match entries.first() {
            Some(Entry::Wanted(begun))
                if (&begun.gives, &begun.takes, begun.amount) == (&wish.gives, &wish.takes, wish.amount) =>
            {
                Ok(())
            }
            _ => Err(ExchangeError::Operator(format!("the swap `{id}` was begun with other tokens or another amount"))),
        }
    }

    /// A swap of this wallet that nobody asks for any more is brought to its end first. Where it moved something, whoever
    /// keeps the books does not know.
    async fn clear_away(&self, other: &str, halted: &Halt<'_>) -> Result<(), ExchangeError> {
        match self.drive(other, halted).await? {
            Swapped::NotDone { lamports: 0, .. } => Ok(()),
            _ => Err(ExchangeError::Operator(format!(
                "the swap `{other}` of this wallet has ended, and nobody has asked for it: books are compared with the chain \
                 at the next start"
            ))),
        }
    }

    async fn drive(&self, id: &str, halted: &Halt<'_>) -> Result<Swapped, ExchangeError> {
        let waited = tokio::time::Instant::now();
        loop {
            match self.swapper.step(id, halted).await.map_err(|error| failed(&error))? {
                Progress::Moved(_) => {}
                Progress::Waits(Waiting::Chain(signature)) if waited.elapsed() >= self.terms.patience => {
                    let words = format!("the chain does not yet say what became of {signature}");
                    return Err(ExchangeError::Unreachable(words));
                }
                Progress::Waits(Waiting::Chain(_)) => tokio::time::sleep(self.terms.pause).await,
                Progress::Waits(Waiting::Approval(hash)) => return Err(self.ask(id, hash).await?),
                Progress::Waits(Waiting::Contradiction(signature)) => {
                    return Err(ExchangeError::Operator(format!(
                        "the node says that {signature} never landed, and the balances say that it did: look it up elsewhere"
                    )));
                }
                Progress::Waits(Waiting::Record(signature)) => {
                    return Err(ExchangeError::Operator(format!(
                        "the node has no record of {signature}, which has landed: name a node with history"
                    )));
                }
                Progress::Ended(_) => return self.ended(id).await,
            }
        }
    }

    /// What became of it, with nothing left behind for a person to decide.
    async fn ended(&self, id: &str) -> Result<Swapped, ExchangeError> {
        let entries = self.read(id).await?;
        for entry in &entries {
            if let Entry::Checked { message, needs_approval: true, .. } = entry {
                self.approvals.forget(message).await.map_err(|error| ExchangeError::Unreachable(error.to_string()))?;
            }
        }
        outcome::of(&entries).ok_or_else(|| ExchangeError::Operator(format!("the log of the swap `{id}` has no end")))
    }

    /// Puts before a person what there is to decide. The one that is there already stays.
    async fn ask(&self, id: &str, hash: String) -> Result<ExchangeError, ExchangeError> {
        let unreachable = |error: &dyn fmt::Display| ExchangeError::Unreachable(error.to_string());
        let entries = self.read(id).await?;
        let height = self.chain.finalized_height().await.map_err(|error| unreachable(&error))?;
        let most = self.terms.approve_within_ms.min(approvals::left_ms(&entries, height));
        let until = (self.now)().plus_millis(most);
        let ask =
            Ask::of(id, &hash, &entries).ok_or_else(|| ExchangeError::Operator("nothing to approve".to_owned()))?;
        let until = self.approvals.ask(&ask, until).await.map_err(|error| unreachable(&error))?;
        Ok(ExchangeError::Approval { hash, until })
    }

    async fn read(&self, id: &str) -> Result<Vec<Entry>, ExchangeError> {
        self.log.read(id).await.map_err(|error| ExchangeError::Unreachable(error.to_string()))
    }
}

#[async_trait]
impl Exchange for ChainExchange {
    async fn balances(&self, mints: &[Mint]) -> Result<Vec<u64>, ExchangeError> {
        let held = held(self.chain.as_ref(), &self.address, mints).await;
        held.map_err(|error| ExchangeError::Unreachable(error.to_string()))
    }

    async fn swap(&self, id: &str, want: &Want, halted: &Halt<'_>) -> Result<Swapped, ExchangeError> {
        match self.begin(id, want, halted).await? {
            Some(ended) => Ok(ended),
            None => self.drive(id, halted).await,
        }
    }
}

/// Everything that can be tried again is.
fn failed(error: &SwapError) -> ExchangeError {
    match error {
        SwapError::Unknown(_) | SwapError::Malformed | SwapError::Busy(_) | SwapError::Taken(_) => {
            ExchangeError::Operator(error.to_string())
        }
        SwapError::Log(_) | SwapError::Chain(_) | SwapError::Jupiter(_) | SwapError::Approvals(_) => {
            ExchangeError::Unreachable(error.to_string())
        }
    }
}
