//! A person's yes to one message: it says nothing about any other, is used once, and runs out. And what may be signed
//! after all: [`Cleared`], which nobody else makes.

use std::{collections::BTreeMap, sync::Mutex};

use async_trait::async_trait;
use puppet_types::Timestamp;
use solana_address::Address;
use solana_signature::Signature;
use solana_transaction::versioned::VersionedTransaction;

use super::{Compared, Refusal, Why};
use crate::Wallet;

/// A yes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Approval {
    /// [`Checked::hash`](super::Checked::hash) of what was shown.
    pub hash: String,
    /// From then on it is worth nothing.
    pub expires_at: Timestamp,
}

/// Why an approval cannot be looked up.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("approvals cannot be read: {0}")]
pub struct ApprovalError(pub String);

/// Where approvals are kept.
#[async_trait]
pub trait Approvals: Send + Sync {
    /// Takes one away, so that it is used at most once, also over a crash. Called before each signature that needs one.
    ///
    /// # Errors
    /// It is not known whether there is one.
    async fn take(&self, hash: &str) -> Result<Option<Approval>, ApprovalError>;
}

/// Kept as long as the process lives.
#[derive(Debug, Default)]
pub struct InMemoryApprovals(Mutex<BTreeMap<String, Approval>>);

impl InMemoryApprovals {
    /// Notes a yes.
    pub fn grant(&self, approval: Approval) {
        let mut all = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        all.insert(approval.hash.clone(), approval);
    }
}

#[async_trait]
impl Approvals for InMemoryApprovals {
    async fn take(&self, hash: &str) -> Result<Option<Approval>, ApprovalError> {
        Ok(self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner).remove(hash))
    }
}

/// From which amount on a person is asked.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum ApproveAbove {
    /// Never.
    #[default]
    Never,
    /// Above so much of a token that is given, in its smallest unit; for a token that is not named always.
    Amounts(BTreeMap<Address, u64>),
}

impl ApproveAbove {
    /// Whether a person is asked.
    pub fn asks(&self, mint: &Address, amount: u64) -> bool {
        match self {
            Self::Never => false,
            Self::Amounts(amounts) => amounts.get(mint).is_none_or(|most| amount > *most),
        }
    }
}

/// What may be signed.
#[derive(Debug)]
pub struct Cleared(Compared);

impl Compared {
    /// Whether a person has to say yes first.
    pub fn needs_approval(&self, above: &ApproveAbove) -> bool {
        let intent = self.checked.intent();
        above.asks(&intent.gives.mint, intent.most_in)
    }

    /// Lets it be signed: below the threshold, or with a yes to exactly this message that has not run out.
    ///
    /// # Errors
    /// A yes is needed, and there is none.
    pub fn clear(self, above: &ApproveAbove, approval: Option<&Approval>, now: Timestamp) -> Result<Cleared, Refusal> {
        if !self.needs_approval(above) {
            return Ok(Cleared(self));
        }
        let Some(approval) = approval else {
            return Err(Why::NeedsApproval(self.checked.hash().to_owned()).into());
        };
        if approval.hash != self.checked.hash() || now >= approval.expires_at {
            return Err(Why::NotApproved.into());
        }
        Ok(Cleared(self))
    }
}

impl Cleared {
    /// Signs it. A signature that another party has made stays.
    ///
    /// # Errors
    /// The wallet is not the one that the swap is of.
    pub fn sign(self, wallet: &Wallet) -> Result<(VersionedTransaction, Signature), Refusal> {
        let checked = self.0.checked;
        if wallet.address() != checked.intent.taker {
            return Err(Why::FeePayer.into());
        }
        let mut transaction = checked.transaction;
        let signature = wallet.sign(&transaction.message.serialize());
        // The payer signs first: its signature is what the transaction is known by.
        let first = transaction.signatures.first_mut().ok_or(Why::FeePayer)?;
        *first = signature;
        Ok((transaction, signature))
    }
}
