//! When one market is bought and sold. Knows bars, position and cash; no orders, no host.

use serde::{Deserialize, Serialize};

/// What the operator chose.
#[derive(Debug, Clone, Copy)]
pub struct Rule {
    /// Bars from one purchase to the next.
    pub every: u32,
    /// What a purchase costs, in the smallest unit of the quote token.
    pub notional: u64,
    /// How far below the highest close since the last purchase a dip begins, in hundredths of a percent; 0 for never.
    pub dip_bps: u32,
    /// What a purchase in a dip costs, in percent of the usual.
    pub dip_percent: u32,
    /// How far above the entry everything is sold, in hundredths of a percent; 0 for never.
    pub take_profit_bps: u32,
}

/// What is owned, and what could be bought with.
#[derive(Debug, Clone, Copy, Default)]
pub struct Purse {
    /// Of the base token.
    pub quantity: u64,
    /// What it was bought for on average.
    pub entry_price: u64,
    /// Of the quote token.
    pub cash: u64,
}

/// What is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Nothing.
    Wait,
    /// For so much of the quote token; in a dip or not.
    Buy { notional: u64, is_dip: bool },
    /// All of it.
    SellAll,
}

/// What the host sets aside for fees and slippage beside a purchase unless it is told otherwise, and some more.
const SPARE_PERCENT: u64 = 3;
/// Bars that a take-profit waits after it was denied.
const AFTER_DENIAL: u32 = 30;

/// Where one market stands.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Plan {
    /// Bars until the next purchase is due.
    until_buy: u32,
    /// Bars until a take-profit may be tried again.
    until_sell: u32,
    /// The highest close since the last purchase.
    high: u64,
}

impl Plan {
    /// Whether the next step asks what there is: most bars do not.
    pub fn asks(&self, rule: &Rule) -> bool {
        self.until_buy == 0 || rule.take_profit_bps > 0
    }

    /// One closed bar further. A purchase that the cash does not pay for is left out, not made up for.
    pub fn step(&mut self, rule: &Rule, close: u64, purse: Purse) -> Step {
        self.high = self.high.max(close);
        self.until_sell = self.until_sell.saturating_sub(1);
        let is_due = self.until_buy == 0;
        self.until_buy = if is_due { rule.every.saturating_sub(1) } else { self.until_buy - 1 };
        if self.takes_profit(rule, close, purse) {
            self.until_sell = AFTER_DENIAL;
            return Step::SellAll;
        }
        if !is_due {
            return Step::Wait;
        }
        let is_dip = rule.dip_bps > 0 && is_below(close, self.high, rule.dip_bps);
        let percent = if is_dip { u128::from(rule.dip_percent) } else { 100 };
        let notional = u64::try_from(u128::from(rule.notional) * percent / 100).unwrap_or(u64::MAX);
        self.high = close;
        let cost = notional.saturating_add(notional / 100 * SPARE_PERCENT);
        if cost > purse.cash { Step::Wait } else { Step::Buy { notional, is_dip } }
    }

    fn takes_profit(&self, rule: &Rule, close: u64, purse: Purse) -> bool {
        let target = u128::from(purse.entry_price) * u128::from(10_000 + rule.take_profit_bps);
        rule.take_profit_bps > 0
            && self.until_sell == 0
            && purse.quantity > 0
            && purse.entry_price > 0
            && u128::from(close) * 10_000 >= target
    }
}

/// Whether a price is at least so much below another.
fn is_below(price: u64, other: u64, bps: u32) -> bool {
    u128::from(price) * 10_000 <= u128::from(other) * u128::from(10_000_u32.saturating_sub(bps))
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULE: Rule = Rule { every: 3, notional: 100, dip_bps: 1_000, dip_percent: 250, take_profit_bps: 2_000 };

    fn steps(rule: Rule, closes: &[u64], purse: Purse) -> Vec<Step> {
        let mut plan = Plan::default();
        closes.iter().map(|close| plan.step(&rule, *close, purse)).collect()
    }

    #[test]
    fn it_buys_at_the_first_bar_and_every_so_many_after_it() {
        use Step::Wait;
        let buy = Step::Buy { notional: 100, is_dip: false };
        let purse = Purse { cash: 1_000, ..Purse::default() };
        assert_eq!(steps(RULE, &[50; 7], purse), [buy, Wait, Wait, buy, Wait, Wait, buy]);
    }

    #[test]
    fn a_dip_is_measured_from_the_highest_close_since_the_last_purchase() {
        let purse = Purse { cash: 1_000, ..Purse::default() };
        let dip = Step::Buy { notional: 250, is_dip: true };
        let usual = Step::Buy { notional: 100, is_dip: false };
        // 60 → 54 is exactly a tenth; 60 → 55 is not.
        assert_eq!(steps(RULE, &[50, 60, 55, 54], purse)[3], dip);
        assert_eq!(steps(RULE, &[50, 60, 55, 55], purse)[3], usual);
        let never = Rule { dip_bps: 0, ..RULE };
        assert_eq!(steps(never, &[50, 60, 55, 1], purse)[3], usual);
    }

    #[test]
    fn what_the_cash_does_not_pay_for_is_left_out() {
        let purse = Purse { cash: 102, ..Purse::default() };
        assert!(steps(RULE, &[50; 7], purse).iter().all(|step| *step == Step::Wait));
        assert_ne!(steps(RULE, &[50], Purse { cash: 103, ..purse }), [Step::Wait]);
    }

    #[test]
    fn everything_is_sold_at_the_target_and_not_asked_again_at_each_bar() {
        let purse = Purse { quantity: 10, entry_price: 50, cash: 0 };
        let sold: Vec<_> = (0_u32..).zip(steps(RULE, &[60; 40], purse)).filter(|(_, s)| *s == Step::SellAll).collect();
        assert_eq!(sold, [(0, Step::SellAll), (30, Step::SellAll)]);
        assert!(!steps(RULE, &[59; 4], purse).contains(&Step::SellAll));
        assert!(!steps(Rule { take_profit_bps: 0, ..RULE }, &[900; 4], purse).contains(&Step::SellAll));
        assert!(!steps(RULE, &[60; 4], Purse { quantity: 0, ..purse }).contains(&Step::SellAll));
    }
}
