//! Figures of closed trades, from what each won or lost after fees.

use super::ratios::over;

/// What trades came to.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Trades {
    /// How many.
    pub count: usize,
    /// What was won over what was lost; none where nothing was lost.
    pub profit_factor: Option<f64>,
    /// What one came to on average; none where there is none.
    pub expectancy: Option<f64>,
    /// How many won, of all. One that came to nothing did not win.
    pub win_rate: Option<f64>,
    /// Won in a row.
    pub longest_win_streak: usize,
    /// Lost in a row. One that came to nothing ends both.
    pub longest_loss_streak: usize,
}

impl Trades {
    /// In the order of closing.
    pub fn of(pnl: &[i64]) -> Self {
        let sum =
            |keep: fn(i64) -> bool| pnl.iter().filter(|one| keep(**one)).map(|one| i128::from(*one)).sum::<i128>();
        let (won, lost) = (sum(|one| one > 0), -sum(|one| one < 0));
        let count = pnl.len() as f64;
        let wins = pnl.iter().filter(|one| **one > 0).count();
        Self {
            count: pnl.len(),
            profit_factor: over(won as f64, lost as f64),
            expectancy: over((won - lost) as f64, count),
            win_rate: over(wins as f64, count),
            longest_win_streak: streak(pnl, |one| one > 0),
            longest_loss_streak: streak(pnl, |one| one < 0),
        }
    }
}

fn streak(pnl: &[i64], belongs: fn(i64) -> bool) -> usize {
    let runs = pnl.split(|one| !belongs(*one));
    runs.map(<[i64]>::len).max().unwrap_or(0)
}
