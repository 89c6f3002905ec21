//! A swap that was asked for, on paper: there is nobody to ask but the models.

use puppet_backtest::{Carried, Due, Models, fee_of};
use puppet_types::trade::{Candle, Market, Rounding, Side};
use puppet_wallet::Rule;

use crate::want::base_for;

/// What a swap at the latest price comes to by the models: slippage, then the fee, both rounded against whoever swaps.
pub(crate) fn on_paper(
    models: &Models,
    seed: u64,
    market: &Market,
    due: &Due,
    last: Option<Candle>,
    amount: u64,
) -> Carried {
    let not = |rule: Rule, detail: &str| Carried::Not { rule, detail: detail.to_owned() };
    let price = models.price_of(seed, due.number, due.order.side, due.price, due.quantity, &last.unwrap_or_default());
    let is_too_bad = match due.order.side {
        Side::Buy => price > due.worst_price,
        Side::Sell => price < due.worst_price,
    };
    if is_too_bad {
        return not(Rule::Slippage, "the price slips by more than was asked for or the operator allows");
    }
    let took = match due.order.side {
        Side::Buy => {
            let left = amount.saturating_sub(fee_of(amount, models.fee_bps));
            base_for(market, left, price, Rounding::Down)
        }
        Side::Sell => market
            .notional(amount, price, Rounding::Down)
            .map(|proceeds| proceeds.saturating_sub(fee_of(proceeds, models.fee_bps))),
    };
    match took {
        Some(took) if took > 0 => Carried::Filled { gave: amount, took },
        Some(_) => not(Rule::MinQuantity, "so little is worth nothing"),
        None => not(Rule::TooLarge, "what comes of it does not fit into 64 bits"),
    }
}
