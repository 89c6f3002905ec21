//! When chance says to trade, and how much. Knows time, luck and amounts; no orders, no host.

use puppet_sdk::random::Random;
use serde::{Deserialize, Serialize};

const HOUR_MS: u64 = 3_600_000;
const DAY_MS: u64 = 24 * HOUR_MS;
/// From the stream of one look to that of the next. Odd, and not the step of the generator itself, whose streams would
/// overlap.
const STREAM: u64 = 0xd134_2543_de82_ef95;

/// What the operator chose.
#[derive(Debug, Clone, Copy)]
pub struct Rule {
    /// From one look to the next.
    pub check_ms: u64,
    /// How often a look becomes a trade, of 10,000.
    pub probability: u64,
    /// From one trade to the next.
    pub gap_ms: u64,
    /// After so long without one the next look is a trade; 0 for never.
    pub longest_ms: u64,
    /// Trades of one day of UTC.
    pub per_day: u32,
    /// How often a trade is in a market that moves, of 10,000.
    pub high_risk: u64,
}

/// What is drawn for one trade.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Whim {
    /// Bought or sold: a coin.
    pub is_buy: bool,
    /// In a market that moves.
    pub is_high_risk: bool,
    /// Which of the markets, of 2⁶⁴.
    pub which: u64,
    /// How much of the largest trade, of 10,000: a tenth at least.
    pub size: u64,
}

/// How often it looked and when it traded: kept over restarts.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Mood {
    /// Looks so far: each draws from a stream of its own.
    looks: u64,
    first_look: u64,
    next_look: u64,
    last_trade: Option<u64>,
    /// The day of UTC that `today` counts.
    day: u64,
    today: u32,
}

impl Mood {
    /// What chance wants at this time, if it is time to look and a trade is allowed.
    pub fn look(&mut self, rule: &Rule, seed: u64, at: u64) -> Option<Whim> {
        if at < self.next_look {
            return None;
        }
        self.next_look = at.saturating_add(rule.check_ms);
        if self.looks == 0 {
            self.first_look = at;
        }
        self.looks += 1;
        if !self.may_trade(rule, at) {
            return None;
        }
        let mut random = Random::new(seed.wrapping_add(self.looks.wrapping_mul(STREAM)));
        // Drawn in any case: what follows of the stream is the same.
        let is_wanted = random.bits() % 10_000 < rule.probability;
        if !is_wanted && !self.is_due(rule, at) {
            return None;
        }
        Some(Whim {
            is_buy: random.bits() & 1 == 0,
            is_high_risk: random.bits() % 10_000 < rule.high_risk,
            which: random.bits(),
            size: 1_000 + random.bits() % 9_001,
        })
    }

    /// A trade happened: only these count.
    pub fn traded(&mut self, at: u64) {
        if at / DAY_MS != self.day {
            (self.day, self.today) = (at / DAY_MS, 0);
        }
        self.today = self.today.saturating_add(1);
        self.last_trade = Some(at);
    }

    /// Whether the longest pause is over, from the last trade or from the first look on.
    fn is_due(&self, rule: &Rule, at: u64) -> bool {
        let since = self.last_trade.unwrap_or(self.first_look);
        rule.longest_ms > 0 && at.saturating_sub(since) >= rule.longest_ms
    }

    fn may_trade(&self, rule: &Rule, at: u64) -> bool {
        let is_rested = self.last_trade.is_none_or(|last| at.saturating_sub(last) >= rule.gap_ms);
        let today = if at / DAY_MS == self.day { self.today } else { 0 };
        is_rested && today < rule.per_day
    }
}

/// The most of an amount that may move at once: a share of what is over the reserve, and never more than the cap scaled by
/// the draw. All in one unit; the caller says which.
pub fn amount(owned: u64, reserve: u64, share_bps: u64, cap: u64, size: u64) -> u64 {
    let of_10_000 = |amount: u64, part: u64| {
        u64::try_from(u128::from(amount) * u128::from(part.min(10_000)) / 10_000).unwrap_or(u64::MAX)
    };
    of_10_000(owned.saturating_sub(reserve), share_bps).min(of_10_000(cap, size))
}

/// The closes of the last 24 hours, one per hour: what moves is told from them.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Day {
    /// Oldest first; at most 25.
    hours: Vec<u64>,
    /// The hour of the last of them.
    hour: u64,
}

impl Day {
    /// One closed bar. Hours without one count with the close before them.
    pub fn push(&mut self, at: u64, close: u64) {
        if close == 0 {
            return;
        }
        let hour = at / HOUR_MS;
        let Some(last) = self.hours.last().copied() else {
            (self.hours, self.hour) = (vec![close], hour);
            return;
        };
        for _ in 0..hour.saturating_sub(self.hour).min(25) {
            self.hours.push(last);
        }
        self.hour = self.hour.max(hour);
        if let Some(newest) = self.hours.last_mut() {
            *newest = close;
        }
        let over = self.hours.len().saturating_sub(25);
        self.hours.drain(..over);
    }

    /// How far it moved in 24 hours, up or down, in hundredths of a percent; none in the first 24 hours.
    pub fn change_bps(&self) -> Option<u64> {
        let [then, .., now] = self.hours[..] else { return None };
        if self.hours.len() < 25 {
            return None;
        }
        u64::try_from(u128::from(now.abs_diff(then)) * 10_000 / u128::from(then)).ok()
    }

    /// The latest close; 0 before the first.
    pub fn close(&self) -> u64 {
        self.hours.last().copied().unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULE: Rule = Rule {
        check_ms: 600_000,
        probability: 10_000,
        gap_ms: 2 * HOUR_MS,
        longest_ms: 0,
        per_day: 3,
        high_risk: 2_000,
    };

    #[test]
    fn it_looks_at_its_interval_and_not_between() {
        let mut mood = Mood::default();
        let looked: Vec<_> = (0..31).filter(|minute| mood.look(&RULE, 1, minute * 60_000).is_some()).collect();
        assert_eq!(looked, [0, 10, 20, 30]);
    }

    #[test]
    fn probability_is_of_ten_thousand() {
        let draws = |probability| {
            let rule = Rule { probability, ..RULE };
            let mut mood = Mood::default();
            (0..10_000).filter(|look| mood.look(&rule, 7, look * 600_000).is_some()).count()
        };
        assert_eq!((draws(0), draws(10_000)), (0, 10_000));
        assert!((1_400..1_600).contains(&draws(1_500)), "{}", draws(1_500));
    }

    #[test]
    fn trades_keep_their_distance_and_a_day_has_so_many() {
        let mut mood = Mood::default();
        let mut trades = Vec::new();
        for minute in 0..3 * 24 * 60 {
            let at = minute * 60_000;
            if mood.look(&RULE, 3, at).is_some() {
                mood.traded(at);
                trades.push(at / HOUR_MS);
            }
        }
        assert_eq!(trades, [0, 2, 4, 24, 26, 28, 48, 50, 52]);
    }

    #[test]
    fn after_the_longest_pause_a_look_is_a_trade_if_one_is_allowed() {
        let traded = |rule: Rule| {
            let (mut mood, mut hours) = (Mood::default(), Vec::<u64>::new());
            for look in 0..4 * 24 * 6 {
                let at = look * 600_000;
                if mood.look(&rule, 3, at).is_some() {
                    mood.traded(at);
                    hours.push(at / HOUR_MS);
                }
            }
            hours
        };
        let never = Rule { probability: 0, ..RULE };
        assert_eq!(traded(never), [0_u64; 0]);
        assert_eq!(traded(Rule { longest_ms: 30 * HOUR_MS, ..never }), [30, 60, 90]);
        // The distance of trades and the count of a day hold all the same.
        let rule = Rule { longest_ms: HOUR_MS, per_day: 2, ..never };
        assert_eq!(traded(rule), [1, 3, 24, 26, 48, 50, 72, 74]);
        // What was not carried out is asked for again at the next look.
        let (mut mood, rule) = (Mood::default(), Rule { longest_ms: HOUR_MS, ..never });
        let asked: Vec<_> = (0..9).filter(|look| mood.look(&rule, 3, look * 600_000).is_some()).collect();
        assert_eq!(asked, [6, 7, 8]);
    }

    #[test]
    fn the_coin_is_fair_and_a_size_is_a_tenth_at_least() {
        let mut mood = Mood::default();
        let whims: Vec<_> = (0..10_000).filter_map(|look| mood.look(&RULE, 9, look * 600_000)).collect();
        let count = |is: fn(&Whim) -> bool| whims.iter().filter(|whim| is(whim)).count();
        assert!((4_800..5_200).contains(&count(|whim| whim.is_buy)));
        assert!((1_850..2_150).contains(&count(|whim| whim.is_high_risk)));
        assert_eq!(count(|whim| !(1_000..=10_000).contains(&whim.size)), 0);
    }

    #[test]
    fn the_same_seed_draws_the_same_also_from_a_copy() {
        let mut one = Mood::default();
        let first: Vec<_> = (0..50).map(|look| one.look(&RULE, 4, look * 600_000)).collect();
        let mut two = Mood::default();
        for look in 0..25 {
            two.look(&RULE, 4, look * 600_000);
        }
        let mut copy: Mood = postcard::from_bytes(&postcard::to_allocvec(&two).unwrap()).unwrap();
        let rest: Vec<_> = (25..50).map(|look| copy.look(&RULE, 4, look * 600_000)).collect();
        assert_eq!(rest, first[25..]);
    }

    #[test]
    fn an_amount_is_within_reserve_share_and_cap() {
        // (owned, reserve, share, cap, size; amount)
        for (owned, reserve, share, cap, size, expected) in [
            (1_000, 0, 5_000, 10_000, 10_000, 500),
            (1_000, 400, 5_000, 10_000, 10_000, 300),
            (1_000, 0, 5_000, 200, 10_000, 200),
            (1_000, 0, 5_000, 200, 1_000, 20),
            (300, 400, 5_000, 200, 10_000, 0),
            (u64::MAX, 0, 10_000, u64::MAX, 10_000, u64::MAX),
        ] {
            assert_eq!(amount(owned, reserve, share, cap, size), expected);
        }
    }

    #[test]
    fn a_change_is_over_the_last_day_and_needs_one() {
        let mut day = Day::default();
        for hour in 0..24 {
            day.push(hour * HOUR_MS, 100 + hour);
            assert_eq!(day.change_bps(), None);
        }
        day.push(24 * HOUR_MS, 110);
        assert_eq!((day.change_bps(), day.close()), (Some(1_000), 110));
        day.push(24 * HOUR_MS + 60_000, 50);
        assert_eq!(day.change_bps(), Some(5_000));
        // A gap of two days: nothing is known but that it was 50 all the time.
        day.push(72 * HOUR_MS, 60);
        assert_eq!((day.change_bps(), day.hours.len()), (Some(2_000), 25));
        // Time that runs back writes into the last hour.
        day.push(0, 50);
        assert_eq!((day.change_bps(), day.close()), (Some(0), 50));
    }
}
