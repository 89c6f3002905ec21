//! How swaps ended, in the words of those who talk about them.

use puppet_backtest::Due;
use puppet_types::AgentId;
use puppet_types::trade::{Fill, Market, Mint, Rounding, Side, Token};
use puppet_wallet::Origin;

use crate::work::Work;
use crate::{DeskError, Intent, SwapResult};

/// Why nothing was done: a rule's code, and words for people.
type Why = (String, String);

impl Work<'_> {
    pub(crate) fn market(&self, number: u32) -> Result<&Market, DeskError> {
        let market = self.terms.markets.get(number as usize);
        market.ok_or_else(|| DeskError::Stopped(format!("there is no market {number}")))
    }

    /// Of an order that was under way: what was given and taken, or why nothing was.
    pub(crate) fn result_of(
        &self,
        due: &Due,
        amounts: Option<(u64, u64)>,
        signature: Option<String>,
        (code, detail): Why,
    ) -> Result<SwapResult, DeskError> {
        let (market, side) = (self.market(due.order.market)?, due.order.side);
        let intent = self.notes.under_way.as_ref().and_then(|under_way| under_way.intent.as_ref());
        let id = match intent {
            Some(intent) => intent.id.clone(),
            None => format!("{}/{}", self.plan.purse, due.number),
        };
        let worth = || market.notional(due.quantity, due.price, Rounding::Down).unwrap_or(u64::MAX);
        let (gave, took) = match (amounts, intent) {
            (Some(amounts), _) => amounts,
            (None, Some(intent)) => (intent.amount, 0),
            (None, None) => (if side == Side::Buy { worth() } else { due.quantity }, 0),
        };
        let (base, quote) = if side == Side::Buy { (took, gave) } else { (gave, took) };
        let price = if amounts.is_some() { price_of(market, base, quote) } else { 0 };
        let agent = intent.and_then(|intent| intent.agent.clone());
        Ok(SwapResult {
            origin: due.origin,
            in_amount: gave,
            out_amount: took,
            price,
            signature,
            reason: due.order.reason.clone(),
            is_done: amounts.is_some(),
            code,
            detail,
            ..self.of_market(id, market, side, agent)
        })
    }

    /// Of an intent that was not admitted.
    pub(crate) fn refused(&self, intent: &Intent, found: Option<(&Market, Side)>, (code, detail): Why) -> SwapResult {
        let (id, agent) = (intent.id.clone(), intent.agent.clone());
        let blank = match found {
            Some((market, side)) => self.of_market(id, market, side, agent),
            None => self.blank(id, Side::Buy, (intent.in_mint.clone(), intent.out_mint.clone()), agent),
        };
        SwapResult {
            origin: intent.origin,
            in_amount: intent.amount,
            reason: intent.reason.clone(),
            code,
            detail,
            ..blank
        }
    }

    /// Of a part that the paper book filled.
    pub(crate) fn filled_on_paper(&self, order: u64, fill: &Fill, reason: String) -> Option<SwapResult> {
        let market = self.terms.markets.get(fill.market as usize)?;
        let (quote, is_buy) = match fill.side {
            Side::Buy => (market.notional(fill.quantity, fill.price, Rounding::Up)?.checked_add(fill.fee)?, true),
            Side::Sell => (market.notional(fill.quantity, fill.price, Rounding::Down)?.checked_sub(fill.fee)?, false),
        };
        let (in_amount, out_amount) = if is_buy { (quote, fill.quantity) } else { (fill.quantity, quote) };
        let id = format!("{}/{order}/{}", self.plan.purse, fill.remaining);
        Some(SwapResult {
            in_amount,
            out_amount,
            price: price_of(market, fill.quantity, quote),
            at: fill.at,
            reason,
            is_done: true,
            ..self.of_market(id, market, fill.side, None)
        })
    }

    fn of_market(&self, id: String, market: &Market, side: Side, agent: Option<AgentId>) -> SwapResult {
        let (gives, takes): (&Token, &Token) = match side {
            Side::Buy => (&market.quote, &market.base),
            Side::Sell => (&market.base, &market.quote),
        };
        SwapResult {
            market: market.id.clone(),
            in_symbol: gives.symbol.clone(),
            in_decimals: gives.decimals,
            out_symbol: takes.symbol.clone(),
            out_decimals: takes.decimals,
            price_decimals: market.price_decimals,
            ..self.blank(id, side, (gives.mint.clone(), takes.mint.clone()), agent)
        }
    }

    fn blank(&self, id: String, side: Side, (in_mint, out_mint): (Mint, Mint), agent: Option<AgentId>) -> SwapResult {
        SwapResult {
            id,
            purse: self.plan.purse.clone(),
            mode: self.plan.venue.mode(),
            origin: Origin::Strategy,
            agent: agent.or_else(|| self.plan.agent.clone()),
            market: String::new(),
            side,
            in_mint,
            in_symbol: String::new(),
            in_amount: 0,
            in_decimals: 0,
            out_mint,
            out_symbol: String::new(),
            out_amount: 0,
            out_decimals: 0,
            price: 0,
            price_decimals: 0,
            signature: None,
            at: self.now,
            reason: String::new(),
            is_done: false,
            code: String::new(),
            detail: String::new(),
            retry_at: None,
        }
    }
}

/// Quote per whole base token, rounded down; 0 of nothing, or where 64 bits do not hold it.
fn price_of(market: &Market, base: u64, quote: u64) -> u64 {
    // What so much of the quote token buys at a price of `base` is the price at which it buys `base`.
    crate::want::base_for(market, quote, base, Rounding::Down).unwrap_or(0)
}
