//! How a swap ended, as its agent is told: the payload of `swap_done` and `swap_failed`. Everything in it is the host's
//! word; what is not known is absent. A desk has a form of its own for its log (`puppet_trade::SwapResult`, which says why).

use puppet_types::{
    AgentId, Timestamp,
    trade::{Mint, Origin, Side, SwapIntent, as_text},
};
use serde::{Deserialize, Serialize};

/// An end. Amounts are decimal texts, each with the decimals of its token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SwapResult {
    /// Once for ever: the effect's, or the desk's own.
    pub id: String,
    /// The purse; none where it came to none.
    pub purse: Option<String>,
    /// `paper` or `live`.
    pub mode: Option<String>,
    /// What was behind it.
    pub origin: Origin,
    /// Whose.
    pub agent: Option<AgentId>,
    /// The market it went through.
    pub market: Option<String>,
    /// Which way, in that market.
    pub side: Option<Side>,
    /// What was given.
    pub in_mint: Mint,
    /// How people call it.
    pub in_symbol: Option<String>,
    /// So much is gone; of one that failed, so much was to be given.
    #[serde(with = "as_text")]
    pub in_amount: u64,
    /// Digits after the point of a whole token.
    pub in_decimals: Option<u8>,
    /// What was taken.
    pub out_mint: Mint,
    /// How people call it.
    pub out_symbol: Option<String>,
    /// So much came; 0 of one that failed.
    #[serde(with = "as_text")]
    pub out_amount: u64,
    /// Digits after the point of a whole token.
    pub out_decimals: Option<u8>,
    /// What one whole base token cost, in quote tokens times ten to `price_decimals`, as a decimal text.
    pub price: Option<String>,
    /// See `price`.
    pub price_decimals: Option<u8>,
    /// What the chain knows it by.
    pub signature: Option<String>,
    /// When it ended.
    pub at: Timestamp,
    /// Why it was wanted.
    pub reason: String,
    /// Whether anything was swapped.
    pub is_done: bool,
    /// Of one that failed: a rule's code, or `rejected`, `expired`, `dropped`, `unavailable`, …
    pub code: Option<String>,
    /// The same for people.
    pub detail: Option<String>,
    /// When asking again may help.
    pub retry_at: Option<Timestamp>,
    /// Whether the character is to talk about it, as often as `tell_trades_bps` of the rules says.
    pub tells: bool,
}

impl SwapResult {
    /// Of one that came to no purse.
    pub fn not_done(
        id: impl Into<String>,
        agent: &AgentId,
        (intent, origin): (&SwapIntent, Origin),
        at: Timestamp,
        (code, detail): (&str, &str),
    ) -> Self {
        Self {
            id: id.into(),
            purse: None,
            mode: None,
            origin,
            agent: Some(agent.clone()),
            market: None,
            side: None,
            in_mint: intent.in_mint.clone(),
            in_symbol: None,
            in_amount: intent.amount,
            in_decimals: None,
            out_mint: intent.out_mint.clone(),
            out_symbol: None,
            out_amount: 0,
            out_decimals: None,
            price: None,
            price_decimals: None,
            signature: None,
            at,
            reason: intent.reason.clone(),
            is_done: false,
            code: Some(code.to_owned()),
            detail: Some(detail.to_owned()),
            retry_at: None,
            tells: false,
        }
    }

    /// The kind of the event that tells it.
    pub fn event_kind(&self) -> &'static str {
        if self.is_done { "swap_done" } else { "swap_failed" }
    }
}
