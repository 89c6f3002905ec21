//! `plugins/sma-cross` in native Rust: the same sums, the same decisions, the same names of orders.

use std::collections::VecDeque;
use std::sync::Arc;

use puppet_backtest::{Answer, Batch, Description, Fault, Parameter, Setup, Strategy, View};
use puppet_types::trade::{Candle, Denial, Fill, Order, OrderKind, Proposal, Side, TimeInForce};

const LONGEST: i64 = 500;
const WHOLE_BPS: u128 = 10_000;

#[derive(Default)]
pub struct Sma {
    fast: usize,
    slow: usize,
    size_bps: u128,
    unit: u128,
    closes: VecDeque<u64>,
    is_above: Option<bool>,
    orders: u64,
    pending: bool,
    fast_sum: u128,
    slow_sum: u128,
}

fn parameter(name: &str, unit: &str, default: i64, min: i64, max: i64) -> Parameter {
    Parameter { name: name.to_owned(), description: String::new(), unit: unit.to_owned(), default, min, max }
}

impl Strategy for Sma {
    fn describe(&mut self) -> Result<Description, Fault> {
        Ok(Description {
            parameters: vec![
                parameter("fast", "bars", 10, 1, LONGEST - 1),
                parameter("slow", "bars", 30, 2, LONGEST),
                parameter("size", "bps", 5_000, 1, 10_000),
            ],
            warm_up: LONGEST as u32,
            min_markets: 1,
            max_markets: 1,
            bar_seconds: 0,
        })
    }

    fn init(&mut self, setup: &Setup, saved: Option<&[u8]>) -> Result<(), Fault> {
        let parameter = |name| setup.parameter(name).ok_or_else(|| Fault::failed(format!("no `{name}`")));
        let (fast, slow, size) = (parameter("fast")?, parameter("slow")?, parameter("size")?);
        if fast >= slow {
            return Err(Fault::failed(format!(
                "`fast` is {fast} and `slow` {slow}: the fast average is the shorter one"
            )));
        }
        let market = setup.markets.first().ok_or_else(|| Fault::failed("there is no market"))?;
        let digits = market.base.decimals + market.price_decimals - market.quote.decimals;
        *self = Self {
            fast: fast as usize,
            slow: slow as usize,
            size_bps: size as u128,
            unit: 10_u128.pow(digits.into()),
            ..Self::default()
        };
        let Some(saved) = saved else { return Ok(()) };
        let words: Vec<u64> =
            saved.chunks_exact(8).map(|word| u64::from_le_bytes(word.try_into().unwrap_or_default())).collect();
        let [is_above, orders, pending, closes @ ..] = &words[..] else { return Err(Fault::failed("not a save")) };
        self.is_above = [Some(false), Some(true), None][*is_above as usize];
        (self.orders, self.pending) = (*orders, *pending == 1);
        closes.iter().for_each(|close| self.push(*close));
        Ok(())
    }

    fn on_candles(&mut self, batch: &Batch<'_>, view: &Arc<View>, answer: &mut Answer) -> Result<(), Fault> {
        for (market, bar) in batch.bars {
            self.push(bar.close);
            let Some(crossed_up) = self.crossing() else { continue };
            if !batch.is_warm_up
                && let Some(order) = self.order(*market, bar, view, crossed_up)
            {
                answer.proposals.push(Proposal::Place(order));
            }
        }
        Ok(())
    }

    fn on_fill(&mut self, fill: &Fill, _: &Arc<View>) -> Result<(), Fault> {
        self.pending = fill.remaining > 0;
        Ok(())
    }

    fn on_denied(&mut self, _: &Denial, _: &Arc<View>) -> Result<(), Fault> {
        self.pending = false;
        Ok(())
    }

    fn save(&mut self) -> Result<Vec<u8>, Fault> {
        let is_above = self.is_above.map_or(2, u64::from);
        let words = [is_above, self.orders, self.pending.into()].into_iter().chain(self.closes.iter().copied());
        Ok(words.flat_map(u64::to_le_bytes).collect())
    }
}

impl Sma {
    fn push(&mut self, close: u64) {
        let closes = &mut self.closes;
        let leaves = |length: usize| match closes.len() >= length {
            true => u128::from(closes[closes.len() - length]),
            false => 0,
        };
        self.fast_sum = self.fast_sum + u128::from(close) - leaves(self.fast);
        self.slow_sum = self.slow_sum + u128::from(close) - leaves(self.slow);
        closes.push_back(close);
        if closes.len() > self.slow {
            closes.pop_front();
        }
    }

    fn crossing(&mut self) -> Option<bool> {
        if self.closes.len() < self.slow {
            return None;
        }
        let (fast, slow) = (self.fast_sum * self.slow as u128, self.slow_sum * self.fast as u128);
        let is_above = match fast.cmp(&slow) {
            std::cmp::Ordering::Greater => true,
            std::cmp::Ordering::Less => false,
            std::cmp::Ordering::Equal => return None,
        };
        let was_above = self.is_above.replace(is_above);
        (was_above == Some(!is_above)).then_some(is_above)
    }

    fn order(&mut self, market: u32, bar: &Candle, view: &View, crossed_up: bool) -> Option<Order> {
        if self.pending {
            return None;
        }
        let held = view.positions.get(market as usize).copied().unwrap_or_default().quantity;
        let (side, quantity, reason) = match (crossed_up, held) {
            (true, 0) => {
                let money = u128::from(view.cash) * self.size_bps / WHOLE_BPS;
                let quantity = money.checked_mul(self.unit)?.checked_div(u128::from(bar.close))?;
                let quantity = u64::try_from(quantity).ok().filter(|quantity| *quantity > 0)?;
                (Side::Buy, quantity, "the fast average rose above the slow one")
            }
            (false, held) if held > 0 => (Side::Sell, held, "the fast average fell below the slow one"),
            _ => return None,
        };
        self.pending = true;
        self.orders += 1;
        Some(Order {
            client_id: format!("sma-{}", self.orders),
            market,
            side,
            kind: OrderKind::Market,
            quantity,
            reduce_only: side == Side::Sell,
            time_in_force: TimeInForce::Ioc,
            expires_at: None,
            max_slippage_bps: None,
            reason: reason.to_owned(),
        })
    }
}
