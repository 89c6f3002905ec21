//! The rules, one after the other, in the order in which the docs list them. Nothing is changed here: an order that passes
//! leaves with what is to be held for it.

use puppet_types::{
    Timestamp, amounts,
    trade::{Market, Order, OrderKind, Rounding, Side},
};

use super::{Risk, denied::Denied, pauses};
use crate::{
    BPS, Cause, Done, Held, Mode, Origin, ReservationId, Rule, Seen,
    books::{InMarket, Place, QUOTE, RATE_WINDOW, bps_up, product},
};

/// Of a lamport.
const SOL_DECIMALS: u8 = 9;

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
    is_exit: bool,
}

/// What an order is worth, at worst.
struct Worth {
    worst_price: u64,
    counted_price: u64,
    /// In the quote token, without fees, rounded up.
    notional: u64,
    /// What a buy may cost with fees.
    quote: u64,
}

type Checked<T = ()> = Result<T, Denied>;

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

    fn worth(&self, looked: &Looked<'_>) -> Checked<Worth> {
        let order = looked.order;
        let slip = u64::from(order.max_slippage_bps.unwrap_or(self.rules.max_slippage_bps));
        let (price, whole) = (looked.seen.price, u64::from(BPS));
        let found = || {
            let (worst_price, counted_price) = match order.side {
                Side::Buy => {
                    let worst = match order.kind {
                        OrderKind::Limit(limit) => limit,
                        OrderKind::Market => bps_up(price, whole + slip)?,
                        OrderKind::Stop(at) | OrderKind::TakeProfit(at) => bps_up(price.max(at), whole + slip)?,
                        OrderKind::Trailing(bps) => bps_up(bps_up(price, whole + u64::from(bps))?, whole + slip)?,
                    };
                    (worst, worst)
                }
                Side::Sell => match order.kind {
                    OrderKind::Market => (bps_up(price, whole.saturating_sub(slip))?, price),
                    OrderKind::Limit(limit) => (limit, price.max(limit)),
                    OrderKind::Stop(at) | OrderKind::TakeProfit(at) => (0, price.max(at)),
                    OrderKind::Trailing(_) => (0, price),
                },
            };
            let notional = looked.place.scale.value(product(order.quantity, counted_price), Rounding::Up)?;
            let quote = match order.side {
                Side::Buy => notional.checked_add(bps_up(notional, self.rules.max_fee_bps.into())?)?,
                Side::Sell => 0,
            };
            Some(Worth { worst_price, counted_price, notional, quote })
        };
        found().ok_or_else(|| Denied::of(Rule::TooLarge, "what it is worth does not fit into 64 bits".to_owned()))
    }

    fn is_within_caps(&self, looked: &Looked<'_>, worth: &Worth) -> Checked {
        if looked.is_exit {
            return Ok(());
        }
        let (rules, books, asked) = (&self.rules, &self.books, worth.notional);
        let said = |amount: u64| looked.market.quote.said(amount);
        let most = rules.max_order_notional.unwrap_or(0);
        if asked > most {
            return Denied::because(
                Rule::MaxOrderNotional,
                format!("worth {}, {} is the most", said(asked), said(most)),
            );
        }
        let (spent, there, token) = match looked.order.side {
            Side::Buy => (worth.quote, books.purses[QUOTE].amount, &looked.market.quote),
            Side::Sell => (looked.order.quantity, books.purses[looked.place.base].amount, &looked.market.base),
        };
        let share = rules.max_order_share_bps;
        if product(spent, BPS.into()) > product(there, share.into()) && share < BPS {
            let why = format!("{} of {} is more than {share} bps", token.said(spent), token.said(there));
            return Denied::because(Rule::MaxOrderShare, why);
        }
        let day = rules.max_day_notional.unwrap_or(0);
        let hour = rules.max_hour_notional.unwrap_or(day);
        for (rule, window, most) in
            [(Rule::MaxHourNotional, &books.hour, hour), (Rule::MaxDayNotional, &books.day, day)]
        {
            let held = u128::from(books.held_notional) + u128::from(asked);
            let used = window.used(looked.now);
            if held + u128::from(used) > u128::from(most) {
                let why = format!(
                    "worth {}; of {} there is {} used and {} held",
                    said(asked),
                    said(most),
                    said(used),
                    said(books.held_notional)
                );
                let next = window.next(looked.now);
                return Err(Denied::of(rule, why).retry((held <= u128::from(most)).then_some(next)));
            }
        }
        Ok(())
    }

    fn is_covered(&self, looked: &Looked<'_>, worth: &Worth) -> Checked {
        let (rules, books, base) = (&self.rules, &self.books, looked.place.base);
        let (purse, wanted, token) = match looked.order.side {
            Side::Buy => (QUOTE, worth.quote, &looked.market.quote),
            Side::Sell => (base, looked.order.quantity, &looked.market.base),
        };
        let free = books.purses[purse].free();
        let Some(left) = free.checked_sub(wanted) else {
            let why = format!("{} is needed at worst, {} is free", token.said(wanted), token.said(free));
            return Denied::because(Rule::InsufficientFunds, why);
        };
        let reserve = rules.reserve_quote;
        if purse == QUOTE && left < reserve {
            let why = format!("{} would be left, {} is kept", token.said(left), token.said(reserve));
            return Denied::because(Rule::Reserve, why);
        }
        // Where SOL is not what is spent, there only has to be enough of it; an exit may go without.
        let (lamports, kept) = match self.sol {
            Some(QUOTE) if purse == QUOTE => (left, rules.reserve_lamports.saturating_add(reserve)),
            Some(sol) if sol == purse => (left, rules.reserve_lamports),
            _ if looked.is_exit || self.sol == Some(QUOTE) => return Ok(()),
            sol => (sol.map_or(0, |sol| books.purses[sol].free()), rules.reserve_lamports),
        };
        if lamports < kept {
            let sol = |lamports: u64| amounts::whole(lamports.into(), SOL_DECIMALS);
            let why = format!("{} SOL would be left, {} is kept for fees", sol(lamports), sol(kept));
            return Denied::because(Rule::FeeReserve, why);
        }
        Ok(())
    }

    fn is_position_within(&self, looked: &Looked<'_>, worth: &Worth) -> Checked {
        if looked.order.side == Side::Sell {
            return Ok(());
        }
        let rules = &self.rules;
        let said = |amount: u64| looked.market.quote.said(amount);
        let quantity = looked
            .inside
            .quantity
            .checked_add(looked.inside.buying)
            .and_then(|quantity| quantity.checked_add(looked.order.quantity));
        let price = worth.worst_price.max(looked.seen.price);
        let value = quantity.and_then(|quantity| looked.place.scale.value(product(quantity, price), Rounding::Up));
        let Some(value) = value else {
            return Denied::because(Rule::TooLarge, "what the position is worth does not fit into 64 bits".to_owned());
        };
        if let Some(most) = rules.max_position_notional.filter(|most| value > *most) {
            return Denied::because(
                Rule::MaxPosition,
                format!("worth {} then, {} is the most", said(value), said(most)),
            );
        }
        let share = rules.max_position_share_bps;
        if share < BPS {
            let all = self.books.equity_at(looked.order.market, looked.seen.price).unwrap_or(0);
            if product(value, BPS.into()) > product(all, share.into()) {
                let why = format!("{} of {} is more than {share} bps", said(value), said(all));
                return Denied::because(Rule::MaxPositionShare, why);
            }
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
