//! What a run came to, as figures: ratios of the equity curve, drawdown, closed trades, activity, and the same for having
//! bought and held. Definitions stand in docs/trading/metrics.md. The one place where money becomes floats.

mod drawdown;
mod figure;
mod ratios;
mod trades;

#[cfg(test)]
mod peer;
#[cfg(test)]
mod tests;

use puppet_types::Timestamp;
use serde::{Serialize, Serializer, ser::Error as _};

pub use self::{
    drawdown::{Drawdown, drawdowns},
    figure::Figure,
    ratios::{Annualisation, YEAR_SECONDS},
    trades::Trades,
};

/// Values over time, both of one length: equity in the smallest unit of the quote token, or anything it is compared with.
#[derive(Debug, Clone, Copy)]
pub struct Curve<'a> {
    /// When, rising.
    pub times: &'a [Timestamp],
    /// How much, never below zero.
    pub values: &'a [f64],
}

/// What was done on the way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Activity {
    /// What all fills were worth, bought or sold, in the smallest unit of the quote token.
    pub traded: u128,
    /// What they cost in fees.
    pub fees: u64,
    /// Bars at whose close something was held.
    pub bars_held: usize,
}

/// All figures of a run. What is undefined is none.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Metrics {
    /// Last over first, less one.
    pub total_return: Figure,
    /// The same per year of 365 days.
    pub cagr: Figure,
    /// Deviation of the returns, per year.
    pub volatility: Figure,
    /// Mean excess return over the deviation, per year.
    pub sharpe: Figure,
    /// Mean excess return over the downside deviation, per year.
    pub sortino: Figure,
    /// CAGR over the largest drawdown.
    pub calmar: Figure,
    /// Sum of what returns were above the risk-free rate, over the sum of what they were below.
    pub omega: Figure,
    /// The largest fall from a peak, as a share of the peak: 0 to 1.
    pub max_drawdown: Figure,
    /// When that peak was last seen.
    pub max_drawdown_from: Option<Timestamp>,
    /// When the fall was deepest.
    pub max_drawdown_to: Option<Timestamp>,
    /// When the peak was reached again.
    pub max_drawdown_recovered: Option<Timestamp>,
    /// What winning trades won over what losing trades lost.
    pub profit_factor: Figure,
    /// What a trade won on average, in the smallest unit of the quote token.
    pub expectancy: Figure,
    /// Trades that won, of all.
    pub win_rate: Figure,
    /// Closed trades.
    pub trades: usize,
    /// Winning trades in a row.
    pub longest_win_streak: usize,
    /// Losing trades in a row.
    pub longest_loss_streak: usize,
    /// What was traded, bought and sold, over the average equity.
    pub turnover: Figure,
    /// In the smallest unit of the quote token.
    pub fees: u64,
    /// Bars at whose close something was held, of all.
    pub exposure: Figure,
    /// The same money in the markets from the first bar to the last, without fees.
    pub buy_and_hold: BuyAndHold,
}

/// What doing nothing came to.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct BuyAndHold {
    /// As [`Metrics::total_return`].
    pub total_return: Figure,
    /// As [`Metrics::cagr`].
    pub cagr: Figure,
    /// As [`Metrics::sharpe`].
    pub sharpe: Figure,
    /// As [`Metrics::max_drawdown`].
    pub max_drawdown: Figure,
}

impl Metrics {
    /// Of an equity curve, of what each closed trade won or lost in the order of closing, of what was done, and of the
    /// curve to compare with.
    pub fn of(curve: Curve<'_>, pnl: &[i64], activity: Activity, hold: Curve<'_>, per: Annualisation) -> Self {
        let ratios = ratios::Ratios::of(curve, per);
        let deepest = Drawdown::largest(curve);
        let trades = Trades::of(pnl);
        let mean = curve.values.iter().sum::<f64>() / curve.values.len() as f64;
        Self {
            total_return: Figure::of(ratios.total_return),
            cagr: Figure::of(ratios.cagr),
            volatility: Figure::of(ratios.volatility),
            sharpe: Figure::of(ratios.sharpe),
            sortino: Figure::of(ratios.sortino),
            calmar: Figure::of(ratios.calmar),
            omega: Figure::of(ratios.omega),
            max_drawdown: Figure::of(deepest.map(|found| found.depth)),
            max_drawdown_from: deepest.and_then(|found| found.from),
            max_drawdown_to: deepest.and_then(|found| found.to),
            max_drawdown_recovered: deepest.and_then(|found| found.recovered),
            profit_factor: Figure::of(trades.profit_factor),
            expectancy: Figure::of(trades.expectancy),
            win_rate: Figure::of(trades.win_rate),
            trades: trades.count,
            longest_win_streak: trades.longest_win_streak,
            longest_loss_streak: trades.longest_loss_streak,
            turnover: Figure::of((mean > 0.0).then(|| activity.traded as f64 / mean)),
            fees: activity.fees,
            exposure: Figure::of(ratios::over(activity.bars_held as f64, curve.values.len() as f64)),
            buy_and_hold: BuyAndHold::of(hold, per),
        }
    }
}

impl BuyAndHold {
    fn of(curve: Curve<'_>, per: Annualisation) -> Self {
        let ratios = ratios::Ratios::of(curve, per);
        Self {
            total_return: Figure::of(ratios.total_return),
            cagr: Figure::of(ratios.cagr),
            sharpe: Figure::of(ratios.sharpe),
            max_drawdown: Figure::of(Drawdown::largest(curve).map(|found| found.depth)),
        }
    }
}

/// The same money in each market at its first price, held: 1 at the start. Markets are rows of prices at the same times, 0
/// where there is none; until a market has one its share is still money.
pub fn held(markets: &[&[u64]]) -> Vec<f64> {
    let bars = markets.iter().map(|prices| prices.len()).max().unwrap_or(0);
    let mut sum = vec![0.0; bars];
    for prices in markets {
        let (mut first, mut worth) = (None, 1.0);
        for (n, slot) in sum.iter_mut().enumerate() {
            if let Some(price) = prices.get(n).copied().filter(|price| *price > 0) {
                worth = price as f64 / *first.get_or_insert(price as f64);
            }
            *slot += worth;
        }
    }
    sum.iter().map(|value| value / markets.len() as f64).collect()
}

impl Serialize for Figure {
    /// As it is written: serde_json would print the smallest as `4e-6`.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.text() {
            Some(text) => {
                serde_json::value::RawValue::from_string(text).map_err(S::Error::custom)?.serialize(serializer)
            }
            None => serializer.serialize_none(),
        }
    }
}
