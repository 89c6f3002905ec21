//! What a run came to, for scripts, terminals and browsers: `puppet.backtest/1`, a text, and one HTML file. Everything is
//! taken from the [`Outcome`]: no wall time, no paths, nothing of the machine. Figures are `metrics`.

mod html;
mod monthly;
mod rows;
mod sweep;
mod text;
mod words;

#[cfg(test)]
mod tests;

use puppet_types::Timestamp;
use serde::Serialize;

pub use self::{
    html::html,
    monthly::{Month, monthly},
    rows::{
        AnnualisationRow, Balance, BreachRow, Checks, DataRow, Decimals, DenialRow, DifferenceRow, EquityRow,
        LookAheadRow, ModelsRow, OrderRow, Params, StrategyRow, TradeRow,
    },
    sweep::{FoldRow, ForwardRow, LaidRow, Quantiles, RunRow, best},
    text::text,
    words::untraded,
};
use crate::{
    Outcome,
    metrics::{Activity, Annualisation, Curve, Metrics, drawdowns, held},
};

/// What it is called in `schema`.
pub const SCHEMA: &str = "puppet.backtest/1";

/// `puppet.backtest/1`. Times are UTC, amounts integers in the smallest unit, prices as the market's decimals say.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Report {
    /// [`SCHEMA`].
    pub schema: &'static str,
    /// What ran.
    pub strategy: StrategyRow,
    /// With which seed.
    pub seed: u64,
    /// On which data, market by market.
    pub data: Vec<DataRow>,
    /// What trading cost.
    pub models: ModelsRow,
    /// What it began with.
    pub start_balance: Balance,
    /// What was owned at the end, in the smallest unit of the same token.
    pub end_equity: u64,
    /// How figures were made yearly.
    pub annualisation: AnnualisationRow,
    /// The figures.
    pub metrics: Metrics,
    /// Every bar; of a run with more than 50,000 the last of each day, and where the largest drawdown turns.
    pub equity: Vec<EquityRow>,
    /// What was proposed.
    pub orders: Vec<OrderRow>,
    /// What was closed.
    pub trades: Vec<TradeRow>,
    /// What was denied or ended.
    pub denials: Vec<DenialRow>,
    /// Month by month.
    pub monthly: Vec<Month>,
    /// What was checked besides.
    pub checks: Checks,
    /// Of all calls together.
    pub fuel: u64,
    /// Calls that ended badly.
    pub breaches: Vec<BreachRow>,
    /// Why the run ended before its data.
    pub stopped: Option<String>,
    /// Runs of a sweep; none where there was no sweep.
    pub runs: Option<Vec<RunRow>>,
    /// What a walk forward chose and what came of it; none where there was none.
    pub walk_forward: Option<ForwardRow>,
    /// The same trades laid in another order; none where it was not asked for.
    pub monte_carlo: Option<Vec<LaidRow>>,
}

impl Report {
    /// Of one run. `risk_free` is per year: 0.04 is 4 percent.
    pub fn of(outcome: &Outcome, risk_free: f64) -> Self {
        let metrics = metrics(outcome, risk_free);
        Self {
            schema: SCHEMA,
            strategy: StrategyRow::of(outcome),
            seed: outcome.seed,
            data: outcome.markets.iter().map(DataRow::of).collect(),
            models: ModelsRow::of(&outcome.models),
            start_balance: Balance::of(outcome),
            end_equity: outcome.end_equity(),
            annualisation: AnnualisationRow::of(annualisation(outcome, risk_free)),
            equity: EquityRow::list(outcome, &metrics),
            metrics,
            orders: outcome.orders.iter().map(|order| OrderRow::of(order, outcome)).collect(),
            trades: outcome.trades.iter().map(|trade| TradeRow::of(trade, outcome)).collect(),
            denials: outcome.denials.iter().map(DenialRow::of).collect(),
            monthly: monthly(outcome),
            checks: Checks::of(outcome.look_ahead.as_ref()),
            fuel: outcome.fuel,
            breaches: outcome.breaches.iter().map(BreachRow::of).collect(),
            stopped: outcome.stopped.clone(),
            runs: None,
            walk_forward: None,
            monte_carlo: None,
        }
    }

    /// As it is written to a file: the same run gives the same bytes.
    ///
    /// # Errors
    ///
    /// None that is known: every part is plain data.
    pub fn json(&self) -> Result<String, serde_json::Error> {
        Ok(serde_json::to_string_pretty(self)? + "\n")
    }
}

/// The figures of a run alone, as a sweep wants them of each.
pub fn metrics(outcome: &Outcome, risk_free: f64) -> Metrics {
    let times = times(outcome);
    let values = equity(outcome);
    let pnl: Vec<i64> = outcome.trades.iter().map(|trade| trade.pnl).collect();
    let activity = Activity {
        traded: traded(outcome),
        fees: outcome.fees,
        bars_held: outcome.equity.iter().filter(|point| point.exposed > 0).count(),
    };
    let held = hold(outcome);
    let curve = Curve { times: &times, values: &values };
    let beside = Curve { times: &times, values: &held };
    Metrics::of(curve, &pnl, activity, beside, annualisation(outcome, risk_free))
}

fn annualisation(outcome: &Outcome, risk_free: f64) -> Annualisation {
    Annualisation::of_bars(u64::from(outcome.bar_seconds), risk_free)
}

fn times(outcome: &Outcome) -> Vec<Timestamp> {
    outcome.equity.iter().map(|point| point.at).collect()
}

fn equity(outcome: &Outcome) -> Vec<f64> {
    outcome.equity.iter().map(|point| point.equity as f64).collect()
}

/// 1 at the start.
fn hold(outcome: &Outcome) -> Vec<f64> {
    let closes: Vec<&[u64]> = outcome.markets.iter().map(|series| series.closes.as_slice()).collect();
    held(&closes)
}

/// What all fills were worth, rounded down one by one.
fn traded(outcome: &Outcome) -> u128 {
    let worth = |record: &crate::FillRecord| {
        let series = outcome.markets.get(usize::try_from(record.fill.market).ok()?)?;
        series.market.notional(record.fill.quantity, record.fill.price, puppet_types::trade::Rounding::Down)
    };
    outcome.fills.iter().filter_map(worth).map(u128::from).sum()
}

fn below(outcome: &Outcome) -> Vec<f64> {
    drawdowns(&equity(outcome))
}
