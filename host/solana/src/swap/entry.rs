//! What is known of a swap, as it is kept.

use puppet_types::Timestamp;
use serde::{Deserialize, Serialize};

/// What is to be swapped. The risk engine has admitted it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Want {
    /// The wallet's address.
    pub taker: String,
    /// Mint of what is given.
    pub gives: String,
    /// Mint of what is taken.
    pub takes: String,
    /// Of what is given, in its smallest unit.
    pub amount: u64,
    /// How much less may come out than is quoted, in hundredths of a percent.
    pub max_slippage_bps: u16,
    /// How far the swap itself may move the price, in hundredths of a percent.
    pub max_impact_bps: u32,
    /// At least so much has to come out, whatever is quoted.
    pub least_out: u64,
}

/// Amounts of one wallet at one moment, each in its smallest unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Held {
    /// Of what is given.
    pub gives: u64,
    /// Of what is taken.
    pub takes: u64,
    /// Lamports, with those in token accounts.
    pub lamports: u64,
    /// Lamports that can be paid with ([`Balances::liquid`](crate::accounts::Balances::liquid)): what books keep as SOL.
    pub liquid: u64,
}

/// What is known of a swap, in order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "step", rename_all = "kebab-case")]
pub enum Entry {
    /// It is to be done.
    Wanted(Want),
    /// There is a price and a transaction.
    Quoted {
        /// Base64, signed by nobody of ours.
        transaction: String,
        /// What Jupiter executes it by; none where it goes through one's own node.
        order: Option<String>,
        /// What would come out now.
        out_amount: u64,
        /// What comes out at least.
        least_out: u64,
        /// When it was quoted.
        at: Timestamp,
        /// From a higher block on it cannot land.
        last_valid_height: u64,
    },
    /// Nothing speaks against it.
    Checked {
        /// SHA-256 of the message, in hex.
        message: String,
        /// At most, for the chain.
        fee_lamports: u64,
        /// A person has to say yes to this message.
        needs_approval: bool,
    },
    /// It can land from now on.
    Signed {
        /// What the chain knows it by.
        signature: String,
        /// From a higher block on it cannot land.
        last_valid_height: u64,
        /// What was held, in all accounts of the wallet.
        before: Held,
        /// At most, for the chain.
        fee_lamports: u64,
        /// At least, of what is taken.
        least_out: u64,
    },
    /// It was handed in. What was said to it is for people: the chain is asked.
    Sent {
        /// A complaint, if there was one.
        complaint: Option<String>,
    },
    /// The chain has it.
    Landed {
        /// Where.
        slot: u64,
    },
    /// The chain has it, and it did nothing but cost its fee.
    Reverted {
        /// Where.
        slot: u64,
        /// In the chain's words.
        error: String,
    },
    /// It is over, and this is what it did.
    Settled {
        /// What was held right before it, in the accounts that it names.
        before: Held,
        /// What was held in them right after it.
        after: Held,
        /// Whether it did something.
        is_done: bool,
        /// What is not as it was meant: for an operator, at once.
        surprise: Option<String>,
    },
    /// It can land nowhere any more, and has not.
    Expired {
        /// Of the last block that was looked at.
        height: u64,
    },
    /// It was not signed, and why.
    Refused {
        /// What kind of reason it is.
        cause: Cause,
        /// For people.
        reason: String,
    },
    /// The host stopped before it was signed: nothing was sent, and nothing will be.
    Abandoned,
}

/// Why a swap was not signed, for whoever has to do something about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Cause {
    /// Jupiter gives no transaction for it.
    Exchange,
    /// Less would come out than was meant.
    Price,
    /// The quote grew too old.
    Stale,
    /// The transaction does something else than what was meant, or fails when it is tried.
    Unsafe,
    /// Nobody said yes to it in time.
    Approval,
    /// Somebody halted trading before it was signed.
    Halted,
}

/// Whether a failure on the chain, in its words, is the aggregator's own: less would have come out than was agreed.
pub fn is_slippage(error: &str) -> bool {
    error.ends_with("custom program error: 0x1771")
}

impl Entry {
    /// Nothing comes after it.
    pub const fn is_end(&self) -> bool {
        matches!(self, Self::Settled { .. } | Self::Expired { .. } | Self::Refused { .. } | Self::Abandoned)
    }
}
