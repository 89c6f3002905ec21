//! Rows of `puppet.backtest/1` and how they come of an outcome.

use std::collections::BTreeSet;

use puppet_types::{
    Digest, Timestamp,
    trade::{Mint, OrderKind, Side},
};
use serde::{Serialize, Serializer};

use super::below;
use crate::{
    BreachRecord, DenialRecord, Filling, LookAhead, MarketSeries, Models, OrderRecord, Outcome, Slippage, Trade,
    metrics::{Annualisation, Figure, Metrics},
};

/// A run of more bars is written day by day.
const MOST_ROWS: usize = 50_000;

pub(super) const DAY_MILLIS: i64 = 86_400_000;

/// Parameters by name, in the strategy's order.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Params(pub Vec<(String, i64)>);

impl Serialize for Params {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, value)| (name, value)))
    }
}

/// What ran.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct StrategyRow {
    /// The pack, or how a native strategy is called.
    pub pack: String,
    /// None of a native strategy.
    pub version: Option<String>,
    /// None of a native strategy.
    pub digest: Option<Digest>,
    /// With what.
    pub params: Params,
}

impl StrategyRow {
    pub(super) fn of(outcome: &Outcome) -> Self {
        let strategy = &outcome.strategy;
        Self {
            pack: strategy.pack.clone(),
            version: Some(strategy.version.clone()).filter(|version| !version.is_empty()),
            digest: strategy.digest,
            params: Params(outcome.parameters.clone()),
        }
    }
}

/// Data of a market.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DataRow {
    /// Its id.
    pub market: String,
    /// Of the file or the rows; none of bars that were made.
    pub sha256: Option<Digest>,
    /// Good ones.
    pub bars: u64,
    /// Length of one.
    pub bar_seconds: u32,
    /// When the first closed.
    pub from: Option<Timestamp>,
    /// When the last closed.
    pub to: Option<Timestamp>,
    /// Bars that are missing between.
    pub gaps: u64,
    /// Rows of a time that was there already.
    pub duplicates: u64,
    /// Rows that could not be taken.
    pub bad_rows: u64,
    /// What the integers of this market mean.
    pub decimals: Decimals,
}

/// Digits after the point.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Decimals {
    /// Of quantities.
    pub base: u8,
    /// Of fees and of what was won.
    pub quote: u8,
    /// Of prices.
    pub price: u8,
}

impl DataRow {
    pub(super) fn of(series: &MarketSeries) -> Self {
        let (source, market) = (&series.source, &series.market);
        Self {
            market: market.id.clone(),
            sha256: source.sha256,
            bars: source.bars,
            bar_seconds: source.bar_seconds,
            from: source.from,
            to: source.to,
            gaps: source.gaps,
            duplicates: source.duplicates,
            bad_rows: source.bad_rows,
            decimals: Decimals {
                base: market.base.decimals,
                quote: market.quote.decimals,
                price: market.price_decimals,
            },
        }
    }
}

/// What trading cost.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ModelsRow {
    /// Hundredths of a percent of what is traded.
    pub fee_bps: u32,
    /// How much worse an order is filled.
    pub slippage: Slippage,
    /// Until an order is there.
    pub latency_ms: u64,
    /// At most so much more.
    pub latency_jitter_ms: u64,
    /// How much is filled.
    pub fill: Filling,
}

impl ModelsRow {
    pub(super) fn of(models: &Models) -> Self {
        Self {
            fee_bps: models.fee_bps,
            slippage: models.slippage,
            latency_ms: models.latency_ms,
            latency_jitter_ms: models.latency_jitter_ms,
            fill: models.fill,
        }
    }
}

/// An amount of a token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Balance {
    /// Which token.
    pub mint: Mint,
    /// In its smallest unit, as decimal digits.
    pub amount: String,
    /// Digits after the point of a whole one.
    pub decimals: u8,
}

impl Balance {
    pub(super) fn of(outcome: &Outcome) -> Self {
        let (mint, decimals) = (outcome.quote.mint.clone(), outcome.quote.decimals);
        Self { mint, amount: outcome.start_balance.to_string(), decimals }
    }
}

/// How figures were made yearly.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct AnnualisationRow {
    /// Bars in a year of 365 days.
    pub periods_per_year: Figure,
    /// Per year.
    pub risk_free: Figure,
}

impl AnnualisationRow {
    pub(super) fn of(per: Annualisation) -> Self {
        Self { periods_per_year: Figure::of(Some(per.periods_per_year)), risk_free: Figure::of(Some(per.risk_free)) }
    }
}

/// What was owned when a bar closed.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct EquityRow {
    /// When.
    pub at: Timestamp,
    /// In the smallest unit of the quote token.
    pub equity: u64,
    /// How far below the highest so far, of all bars, as a share of it.
    pub drawdown: Figure,
}

impl EquityRow {
    pub(super) fn list(outcome: &Outcome, metrics: &Metrics) -> Vec<Self> {
        let row = |(point, below): (&crate::EquityPoint, f64)| Self {
            at: point.at,
            equity: point.equity,
            drawdown: Figure::of(Some(below)),
        };
        let points = &outcome.equity;
        let rows = points.iter().zip(below(outcome)).map(row);
        if points.len() <= MOST_ROWS {
            return rows.collect();
        }
        // A bar belongs to the day that it closes: midnight is the end of a day.
        let day = |n: usize| points.get(n).map(|point| (point.at.as_millis() - 1).div_euclid(DAY_MILLIS));
        let turns = [metrics.max_drawdown_from, metrics.max_drawdown_to, metrics.max_drawdown_recovered];
        let turns: BTreeSet<Timestamp> = turns.into_iter().flatten().collect();
        let kept = |n: usize, at: &Timestamp| n == 0 || day(n) != day(n + 1) || turns.contains(at);
        rows.enumerate().filter(|(n, row)| kept(*n, &row.at)).map(|(_, row)| row).collect()
    }
}

pub(super) fn market_id(outcome: &Outcome, place: u32) -> &str {
    let series = usize::try_from(place).ok().and_then(|place| outcome.markets.get(place));
    series.map_or("", |series| &series.market.id)
}

/// What was proposed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct OrderRow {
    /// From 1, in the order of decision.
    pub id: u64,
    /// The strategy's own name of it.
    pub client_id: String,
    /// When it was decided.
    pub at: Timestamp,
    /// Id of the market.
    pub market: String,
    /// Which way.
    pub side: Side,
    /// How.
    pub kind: &'static str,
    /// In the smallest unit of the base token.
    pub quantity: u64,
    /// The price of a limit, a stop or a take-profit.
    pub limit: Option<u64>,
    /// How it ended.
    pub status: &'static str,
    /// The rule that denied or ended it.
    pub denied_by: Option<String>,
}

impl OrderRow {
    pub(super) fn of(record: &OrderRecord, outcome: &Outcome) -> Self {
        let order = &record.order;
        let limit = match order.kind {
            OrderKind::Limit(price) | OrderKind::Stop(price) | OrderKind::TakeProfit(price) => Some(price),
            OrderKind::Market | OrderKind::Trailing(_) => None,
        };
        Self {
            id: record.id,
            client_id: order.client_id.clone(),
            at: record.at,
            market: market_id(outcome, order.market).to_owned(),
            side: order.side,
            kind: order.kind.name(),
            quantity: order.quantity,
            limit,
            status: record.status.name(),
            denied_by: record.denied_by.clone(),
        }
    }
}

/// What was closed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TradeRow {
    /// From 1, in the order of closing.
    pub id: u64,
    /// Id of the market.
    pub market: String,
    /// The side that it was opened with.
    pub side: Side,
    /// When the position was opened from nothing.
    pub opened_at: Timestamp,
    /// When the last part was closed.
    pub closed_at: Timestamp,
    /// In the smallest unit of the base token.
    pub quantity: u64,
    /// The average of what was paid.
    pub entry_price: u64,
    /// The average of what was received.
    pub exit_price: u64,
    /// In the smallest unit of the quote token.
    pub fees: u64,
    /// After fees.
    pub pnl: i64,
}

impl TradeRow {
    pub(super) fn of(trade: &Trade, outcome: &Outcome) -> Self {
        Self {
            id: trade.id,
            market: market_id(outcome, trade.market).to_owned(),
            side: trade.side,
            opened_at: trade.opened_at,
            closed_at: trade.closed_at,
            quantity: trade.quantity,
            entry_price: trade.entry_price,
            exit_price: trade.exit_price,
            fees: trade.fees,
            pnl: trade.pnl,
        }
    }
}

/// What was denied or ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DenialRow {
    /// When.
    pub at: Timestamp,
    /// Id of the order.
    pub order: u64,
    /// From the published list.
    pub rule: String,
    /// For people.
    pub detail: String,
}

impl DenialRow {
    pub(super) fn of(record: &DenialRecord) -> Self {
        let denial = &record.denial;
        Self { at: denial.at, order: record.order, rule: denial.rule.clone(), detail: denial.detail.clone() }
    }
}

/// A call that ended badly.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct BreachRow {
    /// The batch that it happened at.
    pub at: Timestamp,
    /// `trap`, `out-of-fuel`, … or `failed`.
    pub breach: String,
    /// For people.
    pub detail: String,
}

impl BreachRow {
    pub(super) fn of(record: &BreachRecord) -> Self {
        Self { at: record.at, breach: record.breach.clone(), detail: record.detail.clone() }
    }
}

/// What was checked besides.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Checks {
    /// Whether decisions changed when the future was taken away.
    pub lookahead: LookAheadRow,
}

/// Whether decisions changed when the future was taken away.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LookAheadRow {
    /// `off`: it was not asked for.
    pub status: &'static str,
    /// How many times history was cut.
    pub cuts: u32,
    /// What differed.
    pub differences: Vec<DifferenceRow>,
}

/// A decision that was another one with less future.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DifferenceRow {
    /// The last bar of the shorter history.
    pub cut_at: Timestamp,
    /// When it was made.
    pub at: Timestamp,
    /// With all of the data.
    pub with_all: Option<String>,
    /// With the shorter history.
    pub with_cut: Option<String>,
}

impl Checks {
    pub(super) fn of(found: Option<&LookAhead>) -> Self {
        let lookahead = found.map_or(LookAheadRow { status: "off", cuts: 0, differences: Vec::new() }, |found| {
            let row = |one: &crate::Difference| DifferenceRow {
                cut_at: one.cut_at,
                at: one.at,
                with_all: one.with_all.clone(),
                with_cut: one.with_cut.clone(),
            };
            let status = if found.differences.is_empty() { "clean" } else { "found" };
            LookAheadRow { status, cuts: found.cuts, differences: found.differences.iter().map(row).collect() }
        });
        Self { lookahead }
    }
}
