//! The rules about amounts: what an order is worth at worst, and whether that much may be spent, held and lost.

use puppet_types::{
    amounts,
    trade::{OrderKind, Rounding, Side},
};

use super::{
    Risk,
    checks::{Checked, Looked},
    denied::Denied,
};
use crate::{
    BPS, Rule,
    books::{QUOTE, bps_up, product},
};

/// Of a lamport.
const SOL_DECIMALS: u8 = 9;

/// What an order is worth, at worst.
pub(super) struct Worth {
    pub worst_price: u64,
    pub counted_price: u64,
    /// In the quote token, without fees, rounded up.
    pub notional: u64,
    /// What a buy may cost with fees.
    pub quote: u64,
}

impl Risk {
    pub(super) fn worth(&self, looked: &Looked<'_>) -> Checked<Worth> {
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

    pub(super) fn is_within_caps(&self, looked: &Looked<'_>, worth: &Worth) -> Checked {
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

    pub(super) fn is_covered(&self, looked: &Looked<'_>, worth: &Worth) -> Checked {
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

    pub(super) fn is_position_within(&self, looked: &Looked<'_>, worth: &Worth) -> Checked {
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
}
