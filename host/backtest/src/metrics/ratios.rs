//! Ratios of a curve: returns from one value to the next, and what they come to per year.

use super::{Curve, Drawdown};

/// Markets of tokens never close: a year is 365 days.
pub const YEAR_SECONDS: u64 = 31_536_000;

/// How figures of a period become figures of a year.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Annualisation {
    /// Bars in a year of 365 days.
    pub periods_per_year: f64,
    /// What money earns per year without risk, compounded: 0.04 is 4 percent.
    pub risk_free: f64,
}

impl Annualisation {
    /// Of bars of so many seconds.
    pub fn of_bars(bar_seconds: u64, risk_free: f64) -> Self {
        Self { periods_per_year: YEAR_SECONDS as f64 / bar_seconds.max(1) as f64, risk_free }
    }

    /// The risk-free rate of one period.
    pub fn risk_free_per_period(self) -> f64 {
        if self.risk_free == 0.0 { 0.0 } else { libm::pow(1.0 + self.risk_free, 1.0 / self.periods_per_year) - 1.0 }
    }
}

/// What is not defined is none; what is no number is sorted out by whoever prints it.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(super) struct Ratios {
    pub total_return: Option<f64>,
    pub cagr: Option<f64>,
    pub volatility: Option<f64>,
    pub sharpe: Option<f64>,
    pub sortino: Option<f64>,
    pub calmar: Option<f64>,
    pub omega: Option<f64>,
}

impl Ratios {
    pub(super) fn of(curve: Curve<'_>, per: Annualisation) -> Self {
        let grown = match (curve.values.first(), curve.values.last()) {
            (Some(first), Some(last)) => over(*last, *first),
            _ => None,
        };
        let cagr = grown.and_then(|grown| {
            let years = years(curve);
            (years > 0.0).then(|| libm::pow(grown, 1.0 / years) - 1.0)
        });
        let depth = Drawdown::largest(curve).map_or(0.0, |found| found.depth);
        Self {
            total_return: grown.map(|grown| grown - 1.0),
            cagr,
            calmar: cagr.and_then(|cagr| over(cagr, depth)),
            ..Self::of_returns(&returns(curve.values).unwrap_or_default(), per)
        }
    }

    fn of_returns(returns: &[f64], per: Annualisation) -> Self {
        if returns.len() < 2 {
            return Self::default();
        }
        let free = per.risk_free_per_period();
        let count = returns.len() as f64;
        let mean = returns.iter().sum::<f64>() / count;
        let squares: f64 = returns.iter().map(|value| (value - mean) * (value - mean)).sum();
        let deviation = (squares / (count - 1.0)).sqrt();
        let below: f64 = returns.iter().map(|value| (value - free).min(0.0)).map(|value| value * value).sum();
        let downside = (below / count).sqrt();
        let gains: f64 = returns.iter().map(|value| (value - free).max(0.0)).sum();
        let losses: f64 = returns.iter().map(|value| (free - value).max(0.0)).sum();
        let root = per.periods_per_year.sqrt();
        // Returns that differ by less than floats tell apart do not vary.
        let noise = 1e-12 * returns.iter().fold(0.0_f64, |most, value| most.max(value.abs()));
        Self {
            volatility: Some(if deviation > noise { deviation * root } else { 0.0 }),
            sharpe: (deviation > noise).then(|| (mean - free) / deviation * root),
            sortino: over(mean - free, downside).map(|ratio| ratio * root),
            omega: over(gains, losses),
            ..Self::default()
        }
    }
}

/// From one value to the next. What is nothing stays nothing; none where something comes of nothing.
fn returns(values: &[f64]) -> Option<Vec<f64>> {
    let step = |pair: &[f64]| match *pair {
        [from, to] if from > 0.0 => Some(to / from - 1.0),
        [_, to] => (to == 0.0).then_some(0.0),
        _ => None,
    };
    values.windows(2).map(step).collect()
}

fn years(curve: Curve<'_>) -> f64 {
    let millis = match (curve.times.first(), curve.times.last()) {
        (Some(first), Some(last)) => last.millis_since(*first),
        _ => 0,
    };
    millis as f64 / (YEAR_SECONDS as f64 * 1e3)
}

/// None where it would be divided by nothing.
pub(super) fn over(above: f64, below: f64) -> Option<f64> {
    (below > 0.0).then(|| above / below)
}
