//! A person's yes, in the store: what is asked is kept with everything that there is to decide by, and a yes is used once.

use std::sync::Arc;

use async_trait::async_trait;
use puppet_solana::{
    guard::{Approval, ApprovalError, Approvals, from_base64, programs},
    swap::Entry,
};
use puppet_store::{SwapApproval, TradeStore};
use puppet_types::Timestamp;
use serde::{Deserialize, Serialize};

/// How long a block takes, as Solana makes them.
const BLOCK_MS: u64 = 400;

/// What a person sees before a yes: the body of a [`SwapApproval`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ask {
    /// SHA-256 of the message, in hex: what the yes is to.
    pub message: String,
    /// Which swap.
    pub swap: String,
    /// The wallet that would sign.
    pub wallet: String,
    /// Mint of what is given.
    pub gives: String,
    /// Of that, in its smallest unit.
    pub amount: u64,
    /// Mint of what is taken.
    pub takes: String,
    /// Of that, what would come out now.
    pub out_amount: u64,
    /// What comes out at least.
    pub least_out: u64,
    /// The network's fee, at most.
    pub fee_lamports: u64,
    /// Which programs the transaction calls.
    pub programs: Vec<String>,
    /// When it was quoted.
    pub quoted_at: Timestamp,
}

impl Ask {
    /// Of a swap that was checked; none where there is nothing to approve.
    pub(super) fn of(swap: &str, message: &str, entries: &[Entry]) -> Option<Self> {
        let Some(Entry::Wanted(want)) = entries.first() else { return None };
        let quoted = entries.iter().rev().find_map(|entry| match entry {
            Entry::Quoted { transaction, out_amount, least_out, at, .. } => {
                Some((transaction, *out_amount, *least_out, *at))
            }
            _ => None,
        });
        let fee = entries.iter().rev().find_map(|entry| match entry {
            Entry::Checked { message: checked, fee_lamports, .. } if checked == message => Some(*fee_lamports),
            _ => None,
        });
        let (transaction, out_amount, least_out, quoted_at) = quoted?;
        let programs = programs(&from_base64(transaction).ok()?).ok()?;
        Some(Self {
            message: message.to_owned(),
            swap: swap.to_owned(),
            wallet: want.taker.clone(),
            gives: want.gives.clone(),
            amount: want.amount,
            takes: want.takes.clone(),
            out_amount,
            least_out: least_out.max(want.least_out),
            fee_lamports: fee?,
            programs: programs.iter().map(ToString::to_string).collect(),
            quoted_at,
        })
    }
}

/// How long what was quoted can still land, reckoned by blocks: no yes is worth more.
pub(super) fn left_ms(entries: &[Entry], height: u64) -> u64 {
    let last = entries.iter().rev().find_map(|entry| match entry {
        Entry::Quoted { last_valid_height, .. } => Some(*last_valid_height),
        _ => None,
    });
    last.unwrap_or(0).saturating_sub(height).saturating_mul(BLOCK_MS)
}

/// Those of the store.
pub(super) struct StoredApprovals {
    store: Arc<dyn TradeStore>,
}

fn failed(error: impl ToString) -> ApprovalError {
    ApprovalError(error.to_string())
}

impl StoredApprovals {
    pub(super) fn new(store: Arc<dyn TradeStore>) -> Self {
        Self { store }
    }

    /// Asks, where nobody has asked yet. Answers until when there is time.
    pub(super) async fn ask(&self, ask: &Ask, until: Timestamp) -> Result<Timestamp, ApprovalError> {
        let all = self.store.swap_approvals().await.map_err(failed)?;
        if let Some(asked) = all.iter().find(|asked| asked.hash == ask.message) {
            return Ok(asked.expires_at);
        }
        let approval = SwapApproval {
            hash: ask.message.clone(),
            swap: ask.swap.clone(),
            expires_at: until,
            granted_at: None,
            body: serde_json::to_value(ask).map_err(failed)?,
        };
        self.store.ask_swap_approval(approval).await.map_err(failed)?;
        Ok(until)
    }

    /// There is nothing to decide any more.
    pub(super) async fn forget(&self, hash: &str) -> Result<(), ApprovalError> {
        self.store.drop_swap_approval(hash).await.map(drop).map_err(failed)
    }
}

#[async_trait]
impl Approvals for StoredApprovals {
    async fn take(&self, hash: &str) -> Result<Option<Approval>, ApprovalError> {
        let taken = self.store.take_swap_approval(hash).await.map_err(failed)?;
        Ok(taken.map(|taken| Approval { hash: taken.hash, expires_at: taken.expires_at }))
    }
}
