//! Who carries real orders out. The chain is behind it; a test has another.

use async_trait::async_trait;
use puppet_types::{Timestamp, trade::Mint};
use serde::{Deserialize, Serialize};

/// A swap that the risk engine has admitted: exactly so much is given.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Want {
    /// What is given.
    pub gives: Mint,
    /// What is taken.
    pub takes: Mint,
    /// Of what is given, in its smallest unit.
    pub amount: u64,
    /// At least so much has to come out, in the smallest unit of what is taken.
    pub least_out: u64,
    /// How much less may come out than is quoted, in hundredths of a percent.
    pub max_slippage_bps: u16,
}

/// How a swap ended. Nothing more will happen to it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "swapped", rename_all = "kebab-case")]
pub enum Swapped {
    /// The chain has it.
    Done {
        /// What is gone of what was given, without the network's fee.
        gave: u64,
        /// What came of what was taken. Where it is SOL, less the network's fee.
        took: u64,
        /// Paid to the network and for accounts, in lamports, as far as it is not in `took`.
        lamports: u64,
        /// What the chain knows it by.
        signature: String,
        /// What is not as it was meant: for an operator, at once.
        surprise: Option<String>,
    },
    /// It did nothing but, where it reached the chain, cost its fee.
    NotDone {
        /// A rule's code: `expired`, `slippage`, `stale-quote`, `failed`, `not-filled`, `kill-switch`, `invalid`.
        code: String,
        /// For people.
        reason: String,
        /// Paid to the network, in lamports.
        lamports: u64,
        /// What the chain knows it by, where it was signed.
        signature: Option<String>,
    },
}

/// Why it is not known how a swap ended. Nothing is lost: it is asked for again by the same id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ExchangeError {
    /// Somebody does not answer; tried again after a pause.
    #[error("{0}")]
    Unreachable(String),
    /// A person has to say yes first.
    #[error("it waits for approval until {until}: `puppet wallet approve {hash}`")]
    Approval {
        /// Of the message.
        hash: String,
        /// From then on it is given up.
        until: Timestamp,
    },
    /// Only an operator can tell what became of it; nothing else is swapped until then.
    #[error("it needs an operator: {0}")]
    Operator(String),
}

/// Why nothing may be signed or sent now; none where nothing speaks against it. It has to answer at once.
pub type Halt<'h> = dyn Fn() -> Option<String> + Send + Sync + 'h;

/// One wallet's way to the market. Called by one desk, one swap at a time.
#[async_trait]
pub trait Exchange: Send + Sync {
    /// What is in the wallet, in the order of `mints`, from the chain. SOL is what can be paid with: its lamports, wrapped
    /// or not, without the rent of its other token accounts.
    async fn balances(&self, mints: &[Mint]) -> Result<Vec<u64>, ExchangeError>;
    /// Carries one swap out and waits for its end. The id is once for ever: called again with it, also after a restart, it
    /// goes on with the same swap and never makes a second one. `halted` is asked right before anything is signed, and
    /// before it is sent: while it has a reason, what is not signed ends as `kill-switch`, and what is signed is followed to
    /// its end.
    async fn swap(&self, id: &str, want: &Want, halted: &Halt<'_>) -> Result<Swapped, ExchangeError>;
}
