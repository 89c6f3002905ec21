//! Which markets are worth holding: closes over a look-back, and their order by return. Knows closes only; no orders,
//! no host.

use serde::{Deserialize, Serialize};

/// A whole, in millionths.
const WHOLE: u64 = 1_000_000;

/// The closes of the last bars of every market, one place per batch.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Ranking {
    /// Per market, oldest first from `next` on; 0 where the market was not seen yet.
    closes: Vec<Vec<u64>>,
    /// Where the next batch is written.
    next: usize,
}

impl Ranking {
    /// For so many markets, over so many bars.
    pub fn new(markets: usize, look_back: usize) -> Self {
        Self { closes: vec![vec![0; look_back + 1]; markets], next: 0 }
    }

    /// Whether it is of this shape: what was saved under other parameters is of another.
    pub fn is_of(&self, markets: usize, look_back: usize) -> bool {
        self.closes.len() == markets
            && self.next <= look_back
            && self.closes.iter().all(|closes| closes.len() == look_back + 1)
    }

    /// One batch further. A market without a bar stays where it was.
    pub fn push(&mut self, closes: impl Iterator<Item = (usize, u64)>) {
        let places = self.closes.first().map_or(1, Vec::len);
        let last = (self.next + places - 1) % places;
        for market in &mut self.closes {
            market[self.next] = market[last];
        }
        for (market, close) in closes.filter(|(_, close)| *close > 0) {
            if let Some(market) = self.closes.get_mut(market) {
                market[self.next] = close;
            }
        }
        self.next = (self.next + 1) % places;
    }

    /// The latest close; 0 where there was none.
    pub fn close(&self, market: usize) -> u64 {
        let Some(closes) = self.closes.get(market) else { return 0 };
        closes[(self.next + closes.len() - 1) % closes.len()]
    }

    /// What a market gained over the look-back, in millionths, rounded down; none until it was seen for so long.
    pub fn gain(&self, market: usize) -> Option<i64> {
        let (then, now) = self.ends(market)?;
        let ratio = (u128::from(now) * u128::from(WHOLE)).checked_div(u128::from(then))?;
        Some(i64::try_from(ratio).map_or(i64::MAX, |ratio| ratio.saturating_sub_unsigned(WHOLE)))
    }

    /// Whether a market gained less than so much, in millionths: [`Ranking::gain`] without a division, for every bar.
    pub fn gained_less(&self, market: usize, than: i64) -> bool {
        let least = u128::from(WHOLE.saturating_add_signed(than));
        self.ends(market)
            .is_some_and(|(then, now)| then > 0 && u128::from(now) * u128::from(WHOLE) < u128::from(then) * least)
    }

    fn ends(&self, market: usize) -> Option<(u64, u64)> {
        Some((*self.closes.get(market)?.get(self.next)?, self.close(market)))
    }

    /// The best markets whose gain is at least so much, best first; of two alike the one that is listed first.
    pub fn best(&self, count: usize, at_least: i64) -> Vec<usize> {
        let gain = |market| self.gain(market).filter(|gain| *gain >= at_least).map(|gain| (gain, market));
        let mut ranked: Vec<_> = (0..self.closes.len()).filter_map(gain).collect();
        ranked.sort_by_key(|(gain, market)| (std::cmp::Reverse(*gain), *market));
        ranked.into_iter().map(|(_, market)| market).take(count).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ranked(bars: &[&[(usize, u64)]]) -> Ranking {
        let mut ranking = Ranking::new(3, 2);
        bars.iter().for_each(|bar| ranking.push(bar.iter().copied()));
        ranking
    }

    #[test]
    fn the_best_come_first_and_of_two_alike_the_one_listed_first() {
        let ranking = ranked(&[&[(0, 100), (1, 200), (2, 10)], &[], &[(0, 110), (1, 220), (2, 12)]]);
        assert_eq!([0, 1, 2].map(|m| ranking.gain(m)), [Some(100_000), Some(100_000), Some(200_000)]);
        assert_eq!(ranking.best(2, 0), [2, 0]);
        assert_eq!(ranking.best(9, 100_001), [2]);
        assert_eq!(ranking.best(9, i64::MIN), [2, 0, 1]);
    }

    #[test]
    fn a_market_counts_once_it_was_seen_for_the_whole_look_back() {
        let mut ranking = ranked(&[&[(0, 100)], &[(1, 100)], &[]]);
        assert_eq!([0, 1, 2].map(|m| ranking.gain(m)), [Some(0), None, None]);
        ranking.push([(1, 90)].into_iter());
        assert_eq!(ranking.gain(1), Some(-100_000));
        assert_eq!((ranking.close(0), ranking.close(2), ranking.close(7)), (100, 0, 0));
    }

    #[test]
    fn what_is_ranked_and_what_is_sold_are_told_apart_at_the_same_gain() {
        for (then, now) in [(3, 2), (3, 3), (3, 4), (1_000_001, 1_000_000), (7, 1), (1, u64::MAX), (u64::MAX, 1)] {
            let ranking = ranked(&[&[(0, then)], &[], &[(0, now)]]);
            let gain = ranking.gain(0).unwrap();
            for exit in [-999_900, -333_334, -333_333, -1, 0, 1, 333_333, 333_334, 10_000_000] {
                assert_eq!(ranking.gained_less(0, exit), gain < exit, "{then} {now} {exit}");
            }
        }
        assert!(!ranked(&[&[(0, 5)]]).gained_less(0, i64::MAX), "it was not seen for long enough");
    }

    #[test]
    fn a_price_of_nothing_is_no_bar() {
        let ranking = ranked(&[&[(0, 100)], &[(0, 0), (9, 5)], &[(0, 0)]]);
        assert_eq!((ranking.close(0), ranking.gain(0)), (100, Some(0)));
    }

    #[test]
    fn the_extremes_have_a_rank() {
        let ranking = ranked(&[&[(0, 1), (1, u64::MAX)], &[], &[(0, u64::MAX), (1, 1)]]);
        assert_eq!(ranking.best(3, i64::MIN), [0, 1]);
    }
}
