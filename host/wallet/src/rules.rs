//! What the operator sets: `[trading.risk]`. What is absent is closed, or has the default that stands here. Amounts are in
//! the smallest unit of the quote token, which the table has to name: a number in the wrong unit is refused at the start.

use std::collections::BTreeMap;

use puppet_types::trade::{Market, Mint};
use serde::{Deserialize, Serialize};

/// Hundredths of a percent in a whole.
pub const BPS: u32 = 10_000;
/// How many results of trades and losses are remembered: what a rule may look back on.
pub const REMEMBERED: usize = 64;
/// The most that `max_orders_per_minute` and `max_open_orders` may be: what is kept in memory for them.
pub const MOST_ORDERS: u32 = 1_000;

/// Every rule that can be set.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Rules {
    /// Whether anything is traded.
    pub enabled: bool,
    /// The token that the amounts below are in. Every market must be quoted in it.
    pub quote: Option<Mint>,

    /// What may be traded, both sides of a market. Empty: nothing.
    pub allow_mints: Vec<Mint>,
    /// What may not be, whatever else says so.
    pub deny_mints: Vec<Mint>,
    /// Of the allowed ones, those that need not be trending. Absent: all of them.
    pub always_tradable: Option<Vec<Mint>>,
    /// Whether allowed mints that are not always tradable may be traded at all.
    pub consider_trending: bool,
    /// Whether they have to be trending for that.
    pub require_trending: bool,
    /// How old the list may be that says so.
    pub max_trending_age_seconds: u64,

    /// Orders that somebody's words asked for are denied.
    pub ignore_human_requests: bool,
    /// Only a strategy's orders and the character's own ideas are admitted.
    pub autonomous_only: bool,
    /// Orders that a received token led to are denied.
    pub ignore_gifts: bool,

    /// Of one order, in the quote token.
    pub max_order_notional: Option<u64>,
    /// Of all orders of an hour of UTC.
    pub max_hour_notional: Option<u64>,
    /// Of all orders of a day of UTC.
    pub max_day_notional: Option<u64>,
    /// How much of the balance of what it spends one order may take.
    pub max_order_share_bps: u32,
    /// Never spent, in the quote token.
    pub reserve_quote: u64,
    /// Never traded, so that fees can be paid. Where SOL is the quote token, on top of `reserve_quote`.
    pub reserve_lamports: u64,
    /// How large an order may be, by market id.
    pub quantity: BTreeMap<String, QuantityRange>,

    /// Within any 60 seconds.
    pub max_orders_per_minute: u32,
    /// At one time.
    pub max_open_orders: u32,
    /// Between two trades.
    pub min_gap_seconds: u64,
    /// Of a day of UTC.
    pub max_daily_trades: u32,

    /// How much worse than the price that was seen.
    pub max_slippage_bps: u32,
    /// What fees are reckoned to be at most, of what an order is worth.
    pub max_fee_bps: u32,
    /// How old a price may be.
    pub max_quote_age_seconds: u64,
    /// How far a second source's price may be from the first. Set: there must be one.
    pub max_deviation_bps: Option<u32>,

    /// In one market, in the quote token.
    pub max_position_notional: Option<u64>,
    /// Of all that is there.
    pub max_position_share_bps: u32,
    /// Whether more may be sold than was bought here: what was in the wallet before.
    pub sell_holdings: bool,

    /// No entries after too many losses.
    pub stop_guard: Option<StopGuard>,
    /// How far all that is there may fall from its highest.
    pub max_drawdown_bps: u32,
    /// What happens beyond that.
    pub on_drawdown: OnDrawdown,
    /// After a sale at a loss.
    pub cool_down_seconds: u64,
    /// Leaves a market alone that makes too little.
    pub low_profit: Option<LowProfit>,

    /// How many swaps are told with the word that they may be talked about. Nothing is denied by it.
    pub tell_trades_bps: u32,
}

/// How large an order may be, in the smallest unit of the market's base token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct QuantityRange {
    /// The least; the market's own holds as well.
    pub min: u64,
    /// The most.
    pub max: Option<u64>,
}

/// After so many sales at a loss within a time there are no entries for a while.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StopGuard {
    /// How many.
    pub losses: u32,
    /// Within how long.
    pub within_seconds: u64,
    /// For how long after the last of them.
    pub pause_seconds: u64,
}

/// A market whose last trades made too little is left alone for a while.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LowProfit {
    /// How many trades are looked at; with fewer nothing is said.
    pub trades: u32,
    /// What they must have made together, of what was paid.
    pub min_bps: i32,
    /// For how long after the last of them.
    pub pause_seconds: u64,
}

/// What a drawdown beyond the limit leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OnDrawdown {
    /// Only exits are admitted.
    #[default]
    Reducing,
    /// Nothing is.
    Halted,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            enabled: false,
            quote: None,
            allow_mints: Vec::new(),
            deny_mints: Vec::new(),
            always_tradable: None,
            consider_trending: false,
            require_trending: true,
            max_trending_age_seconds: 600,
            ignore_human_requests: true,
            autonomous_only: true,
            ignore_gifts: true,
            max_order_notional: None,
            max_hour_notional: None,
            max_day_notional: None,
            max_order_share_bps: BPS,
            reserve_quote: 0,
            reserve_lamports: 50_000_000,
            quantity: BTreeMap::new(),
            max_orders_per_minute: 60,
            max_open_orders: 100,
            min_gap_seconds: 0,
            max_daily_trades: 100,
            max_slippage_bps: 100,
            max_fee_bps: 100,
            max_quote_age_seconds: 60,
            max_deviation_bps: None,
            max_position_notional: None,
            max_position_share_bps: BPS,
            sell_holdings: false,
            stop_guard: None,
            max_drawdown_bps: 2_000,
            on_drawdown: OnDrawdown::Reducing,
            cool_down_seconds: 0,
            low_profit: None,
            tell_trades_bps: BPS,
        }
    }
}

/// Rules that cannot be meant.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RulesError {
    /// Amounts without a unit.
    #[error("`trading.risk.quote` is missing: it names the mint of the token that the amounts are in")]
    NoQuote,
    /// A market in another unit.
    #[error("market `{market}` is quoted in {is}, and the amounts of `trading.risk` are in {quote}")]
    Quote {
        /// Which market.
        market: String,
        /// What it is quoted in.
        is: Mint,
        /// What the amounts are in.
        quote: Mint,
    },
    /// Not base58 of 32 bytes.
    #[error("`{text}` in `trading.risk.{key}` is no mint; a symbol is none: anybody can call a token anything")]
    Mint {
        /// In which list.
        key: &'static str,
        /// What stands there.
        text: String,
    },
    /// A number that the rule cannot be.
    #[error("`trading.risk.{key}` is {is}; {wanted}")]
    Range {
        /// Which setting.
        key: String,
        /// What it is.
        is: u64,
        /// What it may be.
        wanted: String,
    },
    /// Nothing can be traded for itself.
    #[error("market `{0}` trades a token for itself")]
    SameToken(String),
    /// A rule for a market that is not there would do nothing.
    #[error("`trading.risk.quantity` names the market `{0}`, which is not traded")]
    UnknownMarket(String),
}

impl Rules {
    /// For a backtest without an operator's table: whatever can be paid is admitted, in these markets only. The worst
    /// price and fees are still reckoned with, and nothing is shorted.
    pub fn for_backtest(markets: &[Market]) -> Self {
        let mut mints: Vec<Mint> =
            markets.iter().flat_map(|market| [market.base.mint.clone(), market.quote.mint.clone()]).collect();
        mints.sort();
        mints.dedup();
        Self {
            enabled: true,
            quote: markets.first().map(|market| market.quote.mint.clone()),
            allow_mints: mints,
            max_order_notional: Some(u64::MAX),
            max_day_notional: Some(u64::MAX),
            reserve_lamports: 0,
            max_orders_per_minute: MOST_ORDERS,
            max_open_orders: MOST_ORDERS,
            max_daily_trades: u32::MAX,
            max_drawdown_bps: BPS,
            ..Self::default()
        }
    }

    /// Whether an order in a token asks for a fresh list that has it.
    pub fn asks_for_trending(&self, mint: &Mint) -> bool {
        self.consider_trending && self.require_trending && !self.is_always_tradable(mint)
    }

    /// Whether orders in a token need no list that has it.
    pub(crate) fn is_always_tradable(&self, mint: &Mint) -> bool {
        self.always_tradable.as_ref().is_none_or(|always| always.contains(mint))
    }

    /// The same where no network takes fees, on paper and in a backtest. Such a purse has no SOL but what it is paid in or has
    /// traded for: lamports are kept where they are what everything is paid with, and nowhere else.
    pub fn on_paper(self) -> Self {
        let is_paid_in_sol = self.quote == Some(Mint::sol());
        Self { reserve_lamports: if is_paid_in_sol { self.reserve_lamports } else { 0 }, ..self }
    }

    /// Whether a trade is talked about, by a number below 10,000 that whoever asks has drawn.
    pub fn tells(&self, drawn: u32) -> bool {
        drawn < self.tell_trades_bps
    }

    /// Whether they can be meant, as far as can be said before there are markets.
    ///
    /// # Errors
    /// Amounts without a unit, a mint that is none, or a number that a rule cannot be.
    pub fn checked(&self) -> Result<(), RulesError> {
        self.mints()?;
        self.ranges()
    }

    /// The quote token, where every mint is one.
    fn mints(&self) -> Result<&Mint, RulesError> {
        let quote = self.quote.as_ref().ok_or(RulesError::NoQuote)?;
        let always = self.always_tradable.as_deref().unwrap_or_default();
        for (key, mints) in [
            ("quote", std::slice::from_ref(quote)),
            ("allow_mints", &self.allow_mints),
            ("deny_mints", &self.deny_mints),
            ("always_tradable", always),
        ] {
            if let Some(bad) = mints.iter().find(|mint| Mint::parse(mint.as_str()).is_none()) {
                return Err(RulesError::Mint { key, text: bad.as_str().to_owned() });
            }
        }
        Ok(quote)
    }

    /// The quote token, where all of it can be meant.
    pub(crate) fn check(&self, markets: &[Market]) -> Result<&Mint, RulesError> {
        let quote = self.mints()?;
        for market in markets {
            if market.quote.mint != *quote {
                let (market, is) = (market.id.clone(), market.quote.mint.clone());
                return Err(RulesError::Quote { market, is, quote: quote.clone() });
            }
            if market.base.mint == *quote {
                return Err(RulesError::SameToken(market.id.clone()));
            }
        }
        if let Some(id) = self.quantity.keys().find(|id| markets.iter().all(|market| market.id != **id)) {
            return Err(RulesError::UnknownMarket(id.clone()));
        }
        self.ranges()?;
        Ok(quote)
    }

    fn ranges(&self) -> Result<(), RulesError> {
        let within = |key: &str, is: u64, least: u64, most: u64| match (least..=most).contains(&is) {
            true => Ok(()),
            false => Err(RulesError::Range { key: key.to_owned(), is, wanted: format!("it may be {least} to {most}") }),
        };
        let whole = u64::from(BPS);
        for (key, is) in [
            ("max_order_share_bps", self.max_order_share_bps),
            ("max_position_share_bps", self.max_position_share_bps),
            ("max_slippage_bps", self.max_slippage_bps),
            ("max_fee_bps", self.max_fee_bps),
            ("max_drawdown_bps", self.max_drawdown_bps),
            ("tell_trades_bps", self.tell_trades_bps),
            ("max_deviation_bps", self.max_deviation_bps.unwrap_or(0)),
        ] {
            within(key, is.into(), 0, whole)?;
        }
        within("max_orders_per_minute", self.max_orders_per_minute.into(), 0, MOST_ORDERS.into())?;
        within("max_open_orders", self.max_open_orders.into(), 0, MOST_ORDERS.into())?;
        if let Some(guard) = &self.stop_guard {
            within("stop_guard.losses", guard.losses.into(), 1, REMEMBERED as u64)?;
        }
        if let Some(low) = &self.low_profit {
            within("low_profit.trades", low.trades.into(), 1, REMEMBERED as u64)?;
        }
        for (id, range) in &self.quantity {
            within(&format!("quantity.\"{id}\".max"), range.max.unwrap_or(u64::MAX), range.min, u64::MAX)?;
        }
        Ok(())
    }
}
