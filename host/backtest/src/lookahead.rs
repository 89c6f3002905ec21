//! The look-ahead check: the run is repeated with history cut at many points, and what was decided up to each cut must
//! be the same. A decision that changes when the future is taken away was made with knowledge of it.

use std::num::NonZeroUsize;

use puppet_types::Timestamp;
use puppet_types::trade::Proposal;

use crate::chance::{Purpose, draw};
use crate::history::History;
use crate::outcome::{Difference, LookAhead};
use crate::parallel;
use crate::run::{Backtest, RunError, in_words};

/// How many cuts there are when nobody says.
pub const CUTS: u32 = 50;

type Decisions = [(Timestamp, Proposal)];

impl Backtest<'_> {
    /// Cuts history at `cuts` points, spread over all of it, each drawn within its share. `done` hears how many are
    /// ready.
    pub fn look_ahead(
        &self,
        history: History<'_>,
        cuts: u32,
        threads: NonZeroUsize,
        done: &mut dyn FnMut(usize),
    ) -> Result<LookAhead, RunError> {
        let whole = self.decisions(history)?;
        let points = points(&history.times(), cuts, self.seed);
        let compare = |number: usize| -> Result<Option<Difference>, RunError> {
            let Some(cut_at) = points.get(number).copied() else { return Ok(None) };
            let cut = self.decisions(history.until(cut_at))?;
            Ok(first_difference(cut_at, &whole, &cut))
        };
        let found: Result<Vec<_>, _> =
            parallel::map(threads, self.strategies.stack_bytes(), points.len(), &compare, done).into_iter().collect();
        let differences = found?.into_iter().flatten().collect();
        Ok(LookAhead { cuts: u32::try_from(points.len()).unwrap_or(u32::MAX), differences })
    }
}

/// At most `cuts` times before the last one, one of each share.
fn points(times: &[Timestamp], cuts: u32, seed: u64) -> Vec<Timestamp> {
    let all = times.len().saturating_sub(1) as u64;
    let cuts = u64::from(cuts).min(all);
    let point = |cut: u64| {
        let (from, to) = (cut * all / cuts, (cut + 1) * all / cuts);
        let index = from + draw(seed, Purpose::Cut, cut, 0, to - from);
        times.get(usize::try_from(index).ok()?).copied()
    };
    (0..cuts).filter_map(point).collect()
}

/// The first decision up to the cut that was another one.
fn first_difference(cut_at: Timestamp, whole: &Decisions, cut: &Decisions) -> Option<Difference> {
    let mut whole = whole.iter().take_while(|(at, _)| *at <= cut_at);
    let mut cut = cut.iter();
    loop {
        let (with_all, with_cut) = (whole.next(), cut.next());
        if with_all == with_cut {
            with_all?;
            continue;
        }
        let at = with_all.iter().chain(with_cut.iter()).map(|(at, _)| *at).min().unwrap_or(cut_at);
        // What was decided at another time is nothing at this one.
        let words = |decision: Option<&(Timestamp, Proposal)>| {
            decision.filter(|(decided, _)| *decided == at).map(|(_, proposal)| in_words(proposal))
        };
        return Some(Difference { cut_at, at, with_all: words(with_all), with_cut: words(with_cut) });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cuts_are_spread_seeded_and_before_the_end() {
        let times: Vec<_> = (0..1_000).map(Timestamp::from_millis).collect();
        let cuts = points(&times, 50, 7);
        assert_eq!(cuts.len(), 50);
        assert!(cuts.windows(2).all(|two| two[0] < two[1]));
        for (share, cut) in (0_i64..).zip(&cuts) {
            assert_eq!(cut.as_millis() * 50 / 999, share);
        }
        assert_eq!(cuts, points(&times, 50, 7));
        assert_ne!(cuts, points(&times, 50, 8));
        assert_eq!(points(&times[..3], 50, 7).len(), 2);
        assert!(points(&times[..1], 50, 7).is_empty() && points(&[], 50, 7).is_empty());
    }
}
