//! What else the same trades could have led to: their results laid in another order, or drawn anew, many times. The
//! order changes how deep the account fell; drawing anew changes what it ended with.

use serde::{Deserialize, Serialize};

use crate::WHOLE_BPS;
use crate::chance::{Purpose, draw};
use crate::outcome::Trade;

/// How results are laid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Laid {
    /// Each once, in another order: ends where the run ended.
    Shuffled,
    /// As many, each drawn from all.
    Redrawn,
}

/// Five of a hundred, a quarter, the middle, three quarters, ninety-five of a hundred.
pub const PERCENTILES: [u32; 5] = [5, 25, 50, 75, 95];

/// What came of it, at each of [`PERCENTILES`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MonteCarlo {
    /// How many times.
    pub runs: u32,
    /// How results were laid.
    pub laid: Laid,
    /// What was owned at the end, in the smallest unit of the quote token.
    pub end_equity: [u64; 5],
    /// How far it fell from its highest, in hundredths of a percent, rounded up.
    pub max_drawdown_bps: [u64; 5],
}

/// Lays the trades' results `runs` times; none of no trades or no runs. An account that is empty stays so.
pub fn monte_carlo(start: u64, trades: &[Trade], runs: u32, seed: u64, laid: Laid) -> Option<MonteCarlo> {
    if trades.is_empty() || runs == 0 {
        return None;
    }
    let results: Vec<i64> = trades.iter().map(|trade| trade.pnl).collect();
    let (mut ends, mut drawdowns): (Vec<u64>, Vec<u64>) =
        (0..runs).map(|run| walk(start, &lay(&results, run, seed, laid))).unzip();
    ends.sort_unstable();
    drawdowns.sort_unstable();
    let at = |sorted: &[u64]| PERCENTILES.map(|percent| nearest_rank(sorted, percent));
    Some(MonteCarlo { runs, laid, end_equity: at(&ends), max_drawdown_bps: at(&drawdowns) })
}

fn lay(results: &[i64], run: u32, seed: u64, laid: Laid) -> Vec<i64> {
    let pick = |part: usize, below: usize| {
        let drawn = draw(seed, Purpose::Shuffle, run.into(), part as u64, below as u64);
        usize::try_from(drawn).unwrap_or(0)
    };
    match laid {
        Laid::Redrawn => {
            (0..results.len()).filter_map(|part| results.get(pick(part, results.len())).copied()).collect()
        }
        Laid::Shuffled => {
            // Fisher and Yates.
            let mut results = results.to_vec();
            for part in (1..results.len()).rev() {
                results.swap(part, pick(part, part + 1));
            }
            results
        }
    }
}

/// Where it ends, and how far it fell.
fn walk(start: u64, results: &[i64]) -> (u64, u64) {
    let (mut equity, mut peak, mut drawdown) = (start, start, 0);
    for result in results {
        if equity > 0 {
            equity = equity.saturating_add_signed(*result);
        }
        peak = peak.max(equity);
        if peak > 0 {
            let fallen = (u128::from(peak - equity) * u128::from(WHOLE_BPS)).div_ceil(u128::from(peak));
            drawdown = drawdown.max(u64::try_from(fallen).unwrap_or(WHOLE_BPS));
        }
    }
    (equity, drawdown)
}

/// The smallest value that so many of a hundred are not above.
fn nearest_rank(sorted: &[u64], percent: u32) -> u64 {
    let rank = (sorted.len() * percent as usize).div_ceil(100).max(1);
    sorted.get(rank - 1).copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use puppet_types::Timestamp;
    use puppet_types::trade::Side;

    use super::*;

    fn trades(results: &[i64]) -> Vec<Trade> {
        let trade = |(id, pnl): (u64, &i64)| Trade {
            id,
            market: 0,
            side: Side::Buy,
            opened_at: Timestamp::default(),
            closed_at: Timestamp::default(),
            quantity: 1,
            entry_price: 1,
            exit_price: 1,
            fees: 0,
            pnl: *pnl,
        };
        (1..).zip(results).map(trade).collect()
    }

    #[test]
    fn another_order_ends_where_the_run_ended_and_falls_elsewhere() {
        let trades = trades(&[100, -50, 80, -60, 40, -30, 20, -10]);
        let laid = monte_carlo(1_000, &trades, 500, 3, Laid::Shuffled).unwrap();
        assert_eq!(laid.end_equity, [1_090; 5]);
        // The best order falls by the largest loss only, the worst by all of them before any gain.
        assert!(laid.max_drawdown_bps[0] >= 482 && laid.max_drawdown_bps[4] <= 1_500, "{laid:?}");
        assert!(laid.max_drawdown_bps[0] < laid.max_drawdown_bps[4]);
        assert_eq!(Some(laid), monte_carlo(1_000, &trades, 500, 3, Laid::Shuffled));
        let drawn = monte_carlo(1_000, &trades, 500, 3, Laid::Redrawn).unwrap();
        assert!(drawn.end_equity.windows(2).all(|two| two[0] <= two[1]) && drawn.end_equity[0] < drawn.end_equity[4]);
    }

    #[test]
    fn an_empty_account_stays_empty_and_nothing_comes_of_nothing() {
        let laid = monte_carlo(100, &trades(&[-200, -200]), 10, 1, Laid::Shuffled).unwrap();
        assert_eq!((laid.end_equity, laid.max_drawdown_bps), ([0; 5], [10_000; 5]));
        assert_eq!(monte_carlo(100, &[], 10, 1, Laid::Shuffled), None);
        assert_eq!(monte_carlo(100, &trades(&[1]), 0, 1, Laid::Redrawn), None);
    }

    #[test]
    fn percentiles_are_values_that_were_there() {
        let sorted: Vec<u64> = (1..=20).collect();
        assert_eq!(PERCENTILES.map(|percent| nearest_rank(&sorted, percent)), [1, 5, 10, 15, 19]);
        assert_eq!(PERCENTILES.map(|percent| nearest_rank(&[7], percent)), [7; 5]);
    }
}
