//! The rules, one after the other, in the order in which the docs list them. Nothing is changed here: an order that passes
//! leaves with what is to be held for it.

use puppet_types::{
    Timestamp,
    trade::{Market, Order, OrderKind, Side},
};

use super::{Risk, denied::Denied, pauses};
use crate::{
    BPS, Cause, Done, Held, Mode, Origin, ReservationId, Rule, Seen,
    books::{InMarket, Place, RATE_WINDOW, product},
};

/// What the list of mints says of a market.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum MintPolicy {
    NotAllowed,
    Denied,
    Always,
    IfTrending,
}

/// An order on its way through the rules.
pub(super) struct Looked<'a> {
    pub order: &'a Order,
    pub seen: &'a Seen,
    pub now: Timestamp,
    pub market: &'a Market,
    pub place: Place,
    pub inside: &'a InMarket,
    pub is_exit: bool,
}

pub(super) type Checked<T = ()> = Result<T, Denied>;

impl Risk {
    pub(super) fn decide(&self, order: &Order, origin: Origin, seen: &Seen) -> Checked<Held> {
        let now = seen.now.max(self.books.latest);
        self.may_anyone(order, origin)?;
        let number = order.market as usize;
        let (Some(market), Some(place), Some(inside), Some(policy)) = (
            self.books.markets.get(number),
            self.books.places.get(number),
            self.books.inside.get(number),
            self.policies.get(number),
        ) else {
            return Denied::because(Rule::UnknownMarket, format!("the run has no market {number}"));
        };
        let looked = Looked { order, seen, now, market, place: *place, inside, is_exit: order.reduce_only };
        self.may_mint(&looked, *policy)?;
        self.is_sound(&looked)?;
        self.is_priced(&looked)?;
        self.is_sized(&looked)?;
        let worth = self.worth(&looked)?;
        self.is_within_caps(&looked, &worth)?;
        self.is_covered(&looked, &worth)?;
        self.is_position_within(&looked, &worth)?;
        self.is_time(&looked)?;
        let counts = if looked.is_exit { 0 } else { worth.notional };
        Ok(Held {
            id: ReservationId(self.books.next_id),
            client_id: order.client_id.clone(),
            market: order.market,
            side: order.side,
            kind: order.kind,
            is_exit: looked.is_exit,
            at: now,
            quantity: order.quantity,
            worst_price: worth.worst_price,
            counted_price: worth.counted_price,
            quote: worth.quote,
            notional: counts,
            done: Done::default(),
        })
    }

    fn may_anyone(&self, order: &Order, origin: Origin) -> Checked {
        let rules = &self.rules;
        if !rules.enabled {
            return Denied::because(Rule::Disabled, "`trading.risk.enabled` is not true".to_owned());
        }
        if let Some(state) = &self.books.state {
            let rule = match (state.mode, state.cause) {
                (Mode::Halted, Cause::Operator) => Some(Rule::KillSwitch),
                (Mode::Halted, Cause::Drawdown) => Some(Rule::Halted),
                (Mode::Reducing, _) if !order.reduce_only => Some(Rule::Reducing),
                _ => None,
            };
            if let Some(rule) = rule {
                return Denied::because(rule, state.reason.clone());
            }
        }
        let (rule, what) = match origin {
            Origin::Gift if rules.ignore_gifts => (Rule::Gift, "a token that somebody sent"),
            Origin::HumanRequest if rules.ignore_human_requests => (Rule::HumanRequest, "somebody's words"),
            Origin::Operator | Origin::HumanRequest | Origin::Gift if rules.autonomous_only => {
                (Rule::AutonomousOnly, "somebody else's wish")
            }
            _ => return Ok(()),
        };
        Denied::because(rule, format!("the order comes from {what}"))
    }

    fn may_mint(&self, looked: &Looked<'_>, policy: MintPolicy) -> Checked {
        let rules = &self.rules;
        let id = &looked.market.id;
        match policy {
            MintPolicy::NotAllowed => {
                Denied::because(Rule::MintNotAllowed, format!("`{id}` has a token that is not in `allow_mints`"))
            }
            MintPolicy::Denied => {
                Denied::because(Rule::MintDenied, format!("`{id}` has a token that is in `deny_mints`"))
            }
            MintPolicy::IfTrending if !looked.is_exit => {
                let is_fresh = |at| is_fresh(looked.now, at, rules.max_trending_age_seconds);
                if !rules.consider_trending {
                    Denied::because(Rule::NotTrending, format!("the token of `{id}` is not in `always_tradable`"))
                } else if rules.require_trending && !looked.seen.trending_at.is_some_and(is_fresh) {
                    Denied::because(Rule::NotTrending, format!("no fresh list has the token of `{id}`"))
                } else {
                    Ok(())
                }
            }
            MintPolicy::Always | MintPolicy::IfTrending => Ok(()),
        }
    }

    fn is_sound(&self, looked: &Looked<'_>) -> Checked {
        let order = looked.order;
        let why = match order.kind {
            _ if order.quantity == 0 => "there is nothing to trade",
            _ if order.expires_at.is_some_and(|at| at <= looked.now) => "it is over already",
            OrderKind::Limit(0) | OrderKind::Stop(0) | OrderKind::TakeProfit(0) => "its price is 0",
            OrderKind::Trailing(0) => "its trail is 0",
            OrderKind::Trailing(BPS..) => "its trail is the whole price",
            _ => return Ok(()),
        };
        Denied::because(Rule::Invalid, why.to_owned())
    }

    fn is_priced(&self, looked: &Looked<'_>) -> Checked {
        let (rules, seen, now) = (&self.rules, looked.seen, looked.now);
        if seen.price == 0 {
            return Denied::because(Rule::NoPrice, format!("nobody knows a price of `{}`", looked.market.id));
        }
        let age = rules.max_quote_age_seconds;
        if !is_fresh(now, seen.price_at, age) {
            return Denied::because(
                Rule::StaleQuote,
                format!("the price is of {}, and may be {age} s old", seen.price_at),
            );
        }
        if let Some(most) = rules.max_deviation_bps {
            let Some((second, _)) = seen.second.filter(|(price, at)| *price > 0 && is_fresh(now, *at, age)) else {
                return Denied::because(Rule::NoSecondPrice, "no second source has a fresh price".to_owned());
            };
            let (low, high) = (second.min(seen.price), second.max(seen.price));
            if product(high - low, BPS.into()) > product(low, most.into()) {
                let (one, other) = (looked.market.price_said(seen.price), looked.market.price_said(second));
                let why = format!("{one} and {other} by the second source are more than {most} bps apart");
                return Denied::because(Rule::PriceDeviation, why);
            }
        }
        let most = rules.max_slippage_bps;
        let asked = looked.order.max_slippage_bps.unwrap_or(most);
        if asked > most {
            return Denied::because(Rule::Slippage, format!("{asked} bps asked, {most} is the most"));
        }
        let (price, whole) = (product(seen.price, BPS.into()), u64::from(BPS));
        let is_too_far = match (looked.order.kind, looked.order.side) {
            (OrderKind::Limit(limit), Side::Buy) => product(limit, whole) > price + product(seen.price, most.into()),
            (OrderKind::Limit(limit), Side::Sell) => product(limit, whole) < price - product(seen.price, most.into()),
            _ => false,
        };
        if is_too_far {
            let price = looked.market.price_said(seen.price);
            let why = format!("the limit is more than {most} bps worse than the price of {price}");
            return Denied::because(Rule::Slippage, why);
        }
        Ok(())
    }

    fn is_sized(&self, looked: &Looked<'_>) -> Checked {
        let (order, inside) = (looked.order, looked.inside);
        let said = |quantity: u64| looked.market.base.said(quantity);
        let asked = || said(order.quantity);
        let range = self.ranges.get(order.market as usize).copied().unwrap_or_default();
        let least = range.min.max(looked.market.min_quantity);
        if order.quantity < least {
            return Denied::because(Rule::MinQuantity, format!("{} asked, {} is the least", asked(), said(least)));
        }
        if let Some(most) = range.max.filter(|most| order.quantity > *most) {
            return Denied::because(Rule::MaxQuantity, format!("{} asked, {} is the most", asked(), said(most)));
        }
        let position = inside.quantity.saturating_sub(inside.selling);
        if order.reduce_only && (order.side == Side::Buy || order.quantity > position) {
            let why = format!("{} asked, and a sell of {} is all that reduces", asked(), said(position));
            return Denied::because(Rule::ReduceOnly, why);
        }
        if order.side == Side::Sell && !self.rules.sell_holdings && order.quantity > position {
            let why = format!("{} asked, and {} was bought here and is not for sale yet", asked(), said(position));
            return Denied::because(Rule::NoPosition, why);
        }
        Ok(())
    }

    fn is_time(&self, looked: &Looked<'_>) -> Checked {
        let (rules, books, now) = (&self.rules, &self.books, looked.now);
        let most = rules.max_orders_per_minute as usize;
        let first = books.admitted.len().checked_sub(most).map(|place| books.admitted.get(place));
        if let Some(first) = first {
            // With a rate of 0 there is no order to wait for.
            let retry = first.map(|at| at.plus_millis(RATE_WINDOW));
            if retry.is_none_or(|retry| now < retry) {
                let why = format!("{most} orders within 60 s are the most");
                return Err(Denied::of(Rule::OrderRate, why).retry(retry));
            }
        }
        if books.held.len() >= rules.max_open_orders as usize {
            return Denied::because(Rule::OpenOrders, format!("{} orders are open", books.held.len()));
        }
        if looked.is_exit {
            return Ok(());
        }
        let gap = rules.min_gap_seconds;
        if gap > 0 {
            let retry = books.last_trade.map(|at| at.plus_millis(gap.saturating_mul(1_000)));
            if books.untraded > 0 {
                return Denied::because(Rule::MinGap, "another order is not traded yet".to_owned());
            }
            if retry.is_some_and(|retry| now < retry) {
                let why = format!("{gap} s have to pass after a trade");
                return Err(Denied::of(Rule::MinGap, why).retry(retry));
            }
        }
        let (used, most) = (books.trades.used(now), u64::from(rules.max_daily_trades));
        let open = u64::from(books.untraded);
        if used + open >= most {
            let why = format!("{used} trades and {open} open orders, {most} a day are the most");
            return Err(Denied::of(Rule::DailyTrades, why).retry((open < most).then_some(books.trades.next(now))));
        }
        pauses::check(rules, books, looked)
    }
}

/// Neither too old nor too far ahead of the clock.
fn is_fresh(now: Timestamp, at: Timestamp, seconds: u64) -> bool {
    let most = seconds.saturating_mul(1_000);
    now.millis_since(at) <= most && at.millis_since(now) <= most
}
