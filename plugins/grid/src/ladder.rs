//! The levels of a grid: what rests at each of them. Knows prices, orders' numbers and fills; no host.
//!
//! Each level is bought at its price and sold one spacing above it, then bought again. What a level holds is sold where
//! its purchase says, also after the ladder moved.

use serde::{Deserialize, Serialize};

/// What the operator chose.
#[derive(Debug, Clone, Copy)]
pub struct Rule {
    /// Levels below the reference.
    pub levels: u32,
    /// From one level to the next, in hundredths of a percent of the reference.
    pub spacing_bps: u32,
    /// How far the price leaves the ladder before the ladder follows, in hundredths of a percent; 0 for never.
    pub recentre_bps: u32,
    /// The least that an order may be of.
    pub min_quantity: u64,
}

impl Rule {
    /// Where a level is bought, from 0 downwards.
    fn price_of(&self, level: usize, reference: u64) -> u64 {
        let distance = u32::try_from(level).unwrap_or(u32::MAX).saturating_add(1).saturating_mul(self.spacing_bps);
        scaled(reference, 10_000_u32.saturating_sub(distance))
    }
}

/// What is wanted at a level.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// A limit order to buy for the notional.
    Buy { level: usize, price: u64 },
    /// A limit order to sell.
    Sell { level: usize, price: u64, quantity: u64 },
    /// The order of this number is taken back.
    Cancel { number: u64 },
}

/// Bars that a level waits after its order was denied.
const AFTER_DENIAL: u32 = 30;

#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
struct Level {
    /// The limit of the last purchase.
    entry: u64,
    /// What was bought and not yet sold.
    held: u64,
    /// The order that rests here.
    open: Option<u64>,
    /// That order sells.
    is_selling: bool,
    /// It was asked to be taken back; it may be filled all the same.
    is_leaving: bool,
    /// Bars until the next order.
    wait: u32,
}

impl Level {
    /// A purchase of which only a part came before the price went to where that part is sold.
    fn stuck_below(&self, rule: &Rule, close: u64) -> Option<u64> {
        let is_stuck = self.held >= rule.min_quantity.max(1) && !self.is_selling && !self.is_leaving;
        self.open.filter(|_| is_stuck && close >= scaled(self.entry, 10_000 + rule.spacing_bps))
    }
}

/// All levels.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Ladder {
    /// What the levels are counted from; 0 before the first bar.
    reference: u64,
    levels: Vec<Level>,
}

impl Ladder {
    /// One closed bar further: what is to be placed and taken back. Each placed order is told by [`Ladder::placed`].
    pub fn step(&mut self, rule: &Rule, close: u64) -> Vec<Step> {
        let mut steps = Vec::new();
        if close == 0 {
            return steps;
        }
        if self.reference == 0 || self.is_left_behind(rule, close) {
            self.centre(rule, close, &mut steps);
        }
        for (place, level) in self.levels.iter_mut().enumerate() {
            level.wait = level.wait.saturating_sub(1);
            if let Some(number) = level.stuck_below(rule, close) {
                level.is_leaving = true;
                steps.push(Step::Cancel { number });
            }
            if level.open.is_some() || level.wait > 0 {
                continue;
            }
            if level.held >= rule.min_quantity.max(1) {
                let price = scaled(level.entry, 10_000 + rule.spacing_bps);
                steps.push(Step::Sell { level: place, price, quantity: level.held });
                continue;
            }
            let price = rule.price_of(place, self.reference);
            if 0 < price && price < close {
                steps.push(Step::Buy { level: place, price });
            }
        }
        steps
    }

    /// What was wanted at a level was proposed, under this number.
    pub fn placed(&mut self, step: Step, number: u64) {
        let (Step::Buy { level, .. } | Step::Sell { level, .. }) = step else { return };
        let Some(level) = self.levels.get_mut(level) else { return };
        (level.open, level.is_selling) = (Some(number), matches!(step, Step::Sell { .. }));
        if let Step::Buy { price, .. } = step {
            level.entry = price;
        }
    }

    /// An order was carried out, or a part of it.
    pub fn filled(&mut self, number: u64, is_buy: bool, quantity: u64, remaining: u64) {
        let Some(level) = self.level_of(number) else { return };
        level.held = if is_buy { level.held.saturating_add(quantity) } else { level.held.saturating_sub(quantity) };
        if remaining == 0 {
            (level.open, level.is_leaving) = (None, false);
        }
    }

    /// An order was not admitted, or ended. One that was taken back makes room at once.
    pub fn ended(&mut self, number: u64) {
        let Some(level) = self.level_of(number) else { return };
        level.wait = if level.is_leaving { 0 } else { AFTER_DENIAL };
        (level.open, level.is_leaving) = (None, false);
    }

    /// Numbers of orders that were asked to be taken back and of which nothing was heard yet.
    pub fn leaving(&self) -> impl Iterator<Item = u64> {
        self.levels.iter().filter(|level| level.is_leaving).filter_map(|level| level.open)
    }

    /// Whether the price is so far outside the ladder that the ladder moves.
    fn is_left_behind(&self, rule: &Rule, close: u64) -> bool {
        let lowest = rule.price_of(rule.levels.saturating_sub(1) as usize, self.reference);
        rule.recentre_bps > 0
            && (close > scaled(self.reference, 10_000 + rule.recentre_bps)
                || close < scaled(lowest, 10_000_u32.saturating_sub(rule.recentre_bps)))
    }

    fn centre(&mut self, rule: &Rule, close: u64, steps: &mut Vec<Step>) {
        self.reference = close;
        self.levels.resize_with(rule.levels as usize, Level::default);
        for level in self.levels.iter_mut().filter(|level| level.held == 0 && !level.is_leaving) {
            if let Some(number) = level.open {
                level.is_leaving = true;
                steps.push(Step::Cancel { number });
            }
        }
    }

    fn level_of(&mut self, number: u64) -> Option<&mut Level> {
        self.levels.iter_mut().find(|level| level.open == Some(number))
    }
}

fn scaled(price: u64, of_10_000: u32) -> u64 {
    u64::try_from(u128::from(price) * u128::from(of_10_000) / 10_000).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULE: Rule = Rule { levels: 2, spacing_bps: 1_000, recentre_bps: 0, min_quantity: 1 };

    /// A ladder around 1,000 whose orders are numbered 1 and 2.
    fn resting(rule: &Rule) -> Ladder {
        let mut ladder = Ladder::default();
        let steps = ladder.step(rule, 1_000);
        assert_eq!(steps, [Step::Buy { level: 0, price: 900 }, Step::Buy { level: 1, price: 800 }]);
        ladder.placed(steps[0], 1);
        ladder.placed(steps[1], 2);
        ladder
    }

    #[test]
    fn one_order_rests_at_each_level_below_the_reference() {
        let mut ladder = resting(&RULE);
        assert_eq!(ladder.step(&RULE, 950), []);
    }

    #[test]
    fn what_was_bought_is_sold_one_spacing_higher_and_then_bought_again() {
        let mut ladder = resting(&RULE);
        ladder.filled(1, true, 5, 0);
        let sell = Step::Sell { level: 0, price: 990, quantity: 5 };
        assert_eq!(ladder.step(&RULE, 890), [sell]);
        ladder.placed(sell, 3);
        assert_eq!(ladder.step(&RULE, 950), []);
        ladder.filled(3, false, 5, 0);
        assert_eq!(ladder.step(&RULE, 1_000), [Step::Buy { level: 0, price: 900 }]);
    }

    #[test]
    fn a_part_of_an_order_is_kept_until_the_rest_came_or_ended() {
        let mut ladder = resting(&RULE);
        ladder.filled(1, true, 2, 3);
        assert_eq!(ladder.step(&RULE, 890), []);
        ladder.filled(1, true, 1, 2);
        ladder.ended(1);
        let waits = (0..40).map(|_| ladder.step(&RULE, 890)).take_while(Vec::is_empty).count();
        assert_eq!(waits, 29);
        // The step that ended the wait was lost on counting: it is asked for again.
        assert_eq!(ladder.step(&RULE, 890), [Step::Sell { level: 0, price: 990, quantity: 3 }]);
    }

    #[test]
    fn the_rest_of_a_purchase_is_taken_back_where_the_price_ran_away_from_it() {
        let mut ladder = resting(&RULE);
        ladder.filled(1, true, 2, 3);
        assert_eq!(ladder.step(&RULE, 989), []);
        assert_eq!(ladder.step(&RULE, 990), [Step::Cancel { number: 1 }]);
        assert_eq!(ladder.step(&RULE, 990), []);
        ladder.ended(1);
        assert_eq!(ladder.step(&RULE, 990), [Step::Sell { level: 0, price: 990, quantity: 2 }]);
    }

    #[test]
    fn the_ladder_follows_a_price_that_left_it_and_keeps_what_it_holds() {
        let rule = Rule { recentre_bps: 500, ..RULE };
        let mut ladder = resting(&rule);
        ladder.filled(2, true, 4, 0);
        let sell = Step::Sell { level: 1, price: 880, quantity: 4 };
        assert_eq!(ladder.step(&rule, 1_050), [sell]);
        ladder.placed(sell, 3);
        assert_eq!(ladder.step(&rule, 1_060), [Step::Cancel { number: 1 }]);
        assert_eq!(ladder.leaving().collect::<Vec<_>>(), [1]);
        ladder.ended(1);
        assert_eq!(ladder.step(&rule, 1_060), [Step::Buy { level: 0, price: 954 }]);
        // Nothing moves where it is not asked for.
        assert_eq!(resting(&RULE).step(&RULE, 5_000), []);
    }

    #[test]
    fn an_order_that_is_filled_while_it_is_taken_back_is_held() {
        let rule = Rule { recentre_bps: 500, ..RULE };
        let mut ladder = resting(&rule);
        assert_eq!(ladder.step(&rule, 1_100).len(), 2);
        ladder.filled(1, true, 5, 0);
        ladder.ended(2);
        let steps = ladder.step(&rule, 1_100);
        assert_eq!(steps, [Step::Sell { level: 0, price: 990, quantity: 5 }, Step::Buy { level: 1, price: 880 }]);
    }
}
