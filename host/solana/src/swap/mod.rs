//! A swap, from a wish to exact balances, one durable entry at a time: wanted → quoted → checked → signed → sent → landed
//! or reverted → settled; or expired, refused, abandoned on the way.
//!
//! The signature is in the log before anything is sent. So a restart knows all that can still happen: what was not signed
//! is given up, what was signed is looked for by its signature until its blockhash can land nowhere any more. Nothing is
//! ever sent a second time, and one wallet has one swap at a time.

mod entry;
mod log;
mod prepare;
mod resolve;
#[cfg(test)]
mod tests;
#[cfg(test)]
#[cfg_attr(not(feature = "emulate-chain"), allow(dead_code, reason = "its tests are on the emulated chain"))]
mod without;

use std::{
    collections::BTreeSet,
    fmt,
    sync::{Arc, PoisonError},
};

use puppet_types::Timestamp;
use solana_address::Address;

use crate::{
    Wallet,
    chain::{Chain, ChainError},
    guard::{ApprovalError, Approvals, ApproveAbove, Guard},
    jupiter::{Jupiter, JupiterError},
};
pub use entry::{Cause, Entry, Held, Want, is_slippage};
pub use log::{InMemorySwapLog, LogError, SwapLog};

/// How far a swap is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Progress {
    /// This was noted; there is a next step.
    Moved(Entry),
    /// Nothing is known yet: ask again in a while.
    Waits(Waiting),
    /// It is over.
    Ended(Entry),
}

/// What is waited for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Waiting {
    /// A person's yes to this message.
    Approval(String),
    /// The chain's word about this signature.
    Chain(String),
    /// The chain says that it never landed, and the balances say that it did: for an operator.
    Contradiction(String),
    /// The chain says how it ended, long since, and the node has no record of what it did: for an operator. Asked again, also
    /// of another node, it goes on.
    Record(String),
}

/// Why a step was not made. It can be tried again: nothing is lost by it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SwapError {
    /// The log does not keep.
    #[error(transparent)]
    Log(#[from] LogError),
    /// The chain does not answer.
    #[error(transparent)]
    Chain(#[from] ChainError),
    /// Jupiter does not answer.
    #[error(transparent)]
    Jupiter(#[from] JupiterError),
    /// Approvals cannot be read.
    #[error(transparent)]
    Approvals(#[from] ApprovalError),
    /// The wallet is busy.
    #[error("the swap {0} of this wallet is under way: one at a time")]
    Busy(String),
    /// It was begun before.
    #[error("there is a swap {0} already")]
    Taken(String),
    /// It was never begun.
    #[error("there is no swap {0}")]
    Unknown(String),
    /// Not of this wallet, or not made of addresses.
    #[error("the swap is not of this wallet, or names no token")]
    Malformed,
}

/// Who sends what was signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Via {
    /// Jupiter builds the whole transaction and lands it: `/order` and `/execute`.
    #[default]
    Jupiter,
    /// Jupiter gives instructions, and one's own node lands them: `/build`.
    OwnNode,
}

/// How swaps are done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SwapSettings {
    /// Who sends.
    pub via: Via,
    /// A quote is worth nothing when it is older.
    pub most_quote_age_ms: u64,
    /// From which amount on a person is asked.
    pub approve_above: ApproveAbove,
    /// Only what cannot be undone counts as landed; without it, what two thirds of the stake have voted for.
    pub wait_for_finality: bool,
}

impl Default for SwapSettings {
    fn default() -> Self {
        Self {
            via: Via::default(),
            most_quote_age_ms: 10_000,
            approve_above: ApproveAbove::default(),
            wait_for_finality: false,
        }
    }
}

/// What a wallet's swaps are done with.
pub struct Parts {
    /// Signs.
    pub wallet: Wallet,
    /// Every address of ours, that of `wallet` among them or not.
    pub wallets: BTreeSet<Address>,
    /// Says no.
    pub guard: Guard,
    /// Asked about everything that has happened.
    pub chain: Arc<dyn Chain>,
    /// Asked for prices and transactions.
    pub jupiter: Arc<dyn Jupiter>,
    /// Keeps what is known.
    pub log: Arc<dyn SwapLog>,
    /// A person's yes.
    pub approvals: Arc<dyn Approvals>,
    /// The time.
    pub now: Arc<dyn Fn() -> Timestamp + Send + Sync>,
}

/// Why nothing is to be signed or sent now; none where nothing speaks against it. Asked as the last thing before each of the
/// two, so it has to answer at once.
pub type Halted<'h> = dyn Fn() -> Option<String> + Send + Sync + 'h;

/// Does the swaps of one wallet.
pub struct Swapper {
    parts: Parts,
    settings: SwapSettings,
    /// One step at a time.
    turn: tokio::sync::Mutex<()>,
    /// Begun since this process started: only these may still be signed.
    live: std::sync::Mutex<BTreeSet<String>>,
    /// There is no such thing but in tests.
    #[cfg(test)]
    left_out: BTreeSet<without::Control>,
}

impl fmt::Debug for Swapper {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Swapper").field("wallet", &self.parts.wallet).finish_non_exhaustive()
    }
}

impl Swapper {
    /// Nothing is asked or sent.
    pub fn new(mut parts: Parts, settings: SwapSettings) -> Self {
        parts.wallets.insert(parts.wallet.address());
        Self {
            parts,
            settings,
            turn: tokio::sync::Mutex::default(),
            live: std::sync::Mutex::default(),
            #[cfg(test)]
            left_out: BTreeSet::new(),
        }
    }

    /// Whose swaps these are.
    pub fn address(&self) -> Address {
        self.parts.wallet.address()
    }

    /// Notes a wish. The id is the caller's, once for ever: beginning the same again is refused.
    ///
    /// # Errors
    /// The wallet has another swap under way, or the wish makes no sense.
    pub async fn begin(&self, id: &str, want: Want) -> Result<(), SwapError> {
        let _turn = self.turn.lock().await;
        if want.taker != self.parts.wallet.address().to_string() || want.amount == 0 || want.gives == want.takes {
            return Err(SwapError::Malformed);
        }
        let are_mints = [&want.gives, &want.takes].into_iter().all(|mint| mint.parse::<Address>().is_ok());
        if !are_mints {
            return Err(SwapError::Malformed);
        }
        if !self.parts.log.read(id).await?.is_empty() {
            return Err(SwapError::Taken(id.to_owned()));
        }
        for open in self.parts.log.open().await? {
            let entries = self.parts.log.read(&open).await?;
            if entries.first().is_some_and(|first| matches!(first, Entry::Wanted(other) if other.taker == want.taker)) {
                return Err(SwapError::Busy(open));
            }
        }
        self.parts.log.append(id, &Entry::Wanted(want)).await?;
        self.live().insert(id.to_owned());
        Ok(())
    }

    /// Makes the next step, if one can be made. Called again and again until it has ended; after a restart as well, for
    /// everything that [`SwapLog::open`] names. While `halted` has a reason, what is not signed is given up, and what is
    /// signed is followed to its end but not sent.
    ///
    /// # Errors
    /// Somebody gave no answer: the step can be tried again.
    pub async fn step(&self, id: &str, halted: &Halted<'_>) -> Result<Progress, SwapError> {
        let _turn = self.turn.lock().await;
        let entries = self.parts.log.read(id).await?;
        let (Some(Entry::Wanted(want)), Some(last)) = (entries.first(), entries.last()) else {
            return Err(SwapError::Unknown(id.to_owned()));
        };
        if want.taker != self.parts.wallet.address().to_string() {
            return Err(SwapError::Malformed);
        }
        if last.is_end() {
            self.live().remove(id);
            return Ok(Progress::Ended(last.clone()));
        }
        let signed = entries.iter().find(|entry| matches!(entry, Entry::Signed { .. }));
        let is_ours = self.live().contains(id);
        if let (None, true, Some(reason)) = (signed, is_ours, halted()) {
            return self.refuse_halted(id, &reason).await;
        }
        match (signed, last) {
            // A signature that was made and not noted left this machine in no way.
            (None, _) if !is_ours => self.note(id, Entry::Abandoned).await,
            (None, Entry::Wanted(_)) => self.quote(id, want).await,
            (None, Entry::Quoted { .. }) => self.check(id, want, last).await,
            (None, Entry::Checked { message, needs_approval, .. }) => {
                let quoted = entries.iter().rev().find(|entry| matches!(entry, Entry::Quoted { .. }));
                match quoted {
                    Some(quoted) => self.sign(id, want, quoted, (message, *needs_approval), halted).await,
                    None => self.note(id, Entry::Abandoned).await,
                }
            }
            (Some(signed), Entry::Landed { .. }) => self.settle(id, want, signed, true).await,
            (Some(signed), Entry::Reverted { .. }) => self.settle(id, want, signed, false).await,
            (Some(signed), _) => self.resolve(id, want, signed).await,
            (None, _) => self.note(id, Entry::Abandoned).await,
        }
    }

    async fn note(&self, id: &str, entry: Entry) -> Result<Progress, SwapError> {
        self.parts.log.append(id, &entry).await?;
        Ok(if entry.is_end() { Progress::Ended(entry) } else { Progress::Moved(entry) })
    }

    async fn refuse_halted(&self, id: &str, reason: &str) -> Result<Progress, SwapError> {
        self.refuse(id, Cause::Halted, &format!("trading is halted: {reason}")).await
    }

    async fn refuse(&self, id: &str, cause: Cause, reason: &(dyn fmt::Display + Sync)) -> Result<Progress, SwapError> {
        self.note(id, Entry::Refused { cause, reason: reason.to_string() }).await
    }

    fn live(&self) -> std::sync::MutexGuard<'_, BTreeSet<String>> {
        self.live.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
