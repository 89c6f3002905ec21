//! An outcome in the making: what the trader tells, batch by batch.

use puppet_types::Timestamp;
use puppet_types::trade::{Fill, Market, Proposal, Side};

use crate::Models;
use crate::account::{Parts, Traded};
use crate::book::slipped;
use crate::outcome::{BreachRecord, DenialRecord, EquityPoint, FillRecord, OrderRecord, Trade};
use crate::trader::{Closing, Event, Trader};

/// See the head of this file.
#[derive(Debug, Default)]
pub(crate) struct Gathered {
    pub equity: Vec<EquityPoint>,
    /// By market; as long as `equity`.
    pub closes: Vec<Vec<u64>>,
    pub orders: Vec<OrderRecord>,
    pub fills: Vec<FillRecord>,
    pub trades: Vec<Trade>,
    pub denials: Vec<DenialRecord>,
    pub breaches: Vec<BreachRecord>,
    pub fees: u64,
}

impl Gathered {
    /// With room for so many batches: a million of them are not moved about while they become more.
    pub fn new(markets: usize, batches: usize) -> Self {
        let closes = (0..markets).map(|_| Vec::with_capacity(batches)).collect();
        Self { closes, equity: Vec::with_capacity(batches), ..Self::default() }
    }

    /// What a batch led to. History has no equity: nothing could be owned.
    pub fn take(&mut self, trader: &mut Trader<'_>, is_warm_up: bool, at: Timestamp) {
        if !trader.events().is_empty() {
            trader.take_events().into_iter().for_each(|event| self.enter(event));
        }
        if !is_warm_up {
            self.equity.push(trader.equity(at));
            for (closes, close) in self.closes.iter_mut().zip(trader.closes()) {
                closes.push(close);
            }
        }
    }

    /// What orders sold that are still open.
    pub fn finish(&mut self, trader: &mut Trader<'_>) {
        for event in trader.unfinished() {
            self.enter(event);
        }
    }

    fn enter(&mut self, event: Event) {
        match event {
            Event::Ordered(record) => self.orders.push(record),
            Event::Filled { order, fill } => {
                self.fees = self.fees.saturating_add(fill.fee);
                if let Some(record) = self.order(order) {
                    record.filled = record.filled.saturating_add(fill.quantity);
                }
                self.fills.push(FillRecord { order, fill });
            }
            Event::Ended { order, status, rule } => {
                if let Some(record) = self.order(order) {
                    record.status = status;
                    record.denied_by = rule;
                }
            }
            Event::Cancelled { .. } => {}
            Event::Denied { order, denial } => self.denials.push(DenialRecord { order, denial }),
            Event::Closed(trade) => self.trades.push(trade),
            Event::Breached(record) => self.breaches.push(record),
        }
    }

    /// Numbers are given in the order of records, from 1.
    fn order(&mut self, number: u64) -> Option<&mut OrderRecord> {
        self.orders.get_mut(usize::try_from(number.checked_sub(1)?).ok()?)
    }

    /// Sells what is held at the last closes, with slippage and fee.
    pub fn close_positions(&mut self, trader: &mut Trader<'_>, markets: &[Market], models: &Models, seed: u64) {
        for (number, market) in (0_u32..).zip(markets) {
            let quantity = trader.account().holding(number).quantity;
            let (Some(candle), true) = (trader.last(number), quantity > 0) else { continue };
            let slip = slipped(models, seed, (u64::from(number), u64::MAX), candle.close, quantity, &candle);
            let price = candle.close.saturating_sub(slip);
            let traded = Traded { quantity, price, fee_bps: models.fee_bps, at: candle.at };
            let sold = trader.account_mut().sell(number, market, &mut Parts::default(), traded);
            let Some((fee, closed)) = sold else { continue };
            let fill = Fill {
                client_id: String::new(),
                market: number,
                side: Side::Sell,
                at: candle.at,
                quantity,
                price,
                fee,
                remaining: 0,
            };
            let mut closing = Closing::default();
            closing.add(&fill, &closed);
            self.trades.extend(closing.trade(self.trades.len() as u64 + 1, number));
            self.enter(Event::Filled { order: 0, fill });
        }
        if let Some(last) = self.equity.last_mut() {
            *last = trader.valued(last.at);
        }
    }
}

/// What was decided in the last batch: orders, whether admitted or not, and what was taken back.
pub(crate) fn decision(event: &Event) -> Option<Proposal> {
    match event {
        Event::Ordered(record) => Some(Proposal::Place(record.order.clone())),
        Event::Cancelled { market, client_id } => {
            Some(Proposal::Cancel { market: *market, client_id: client_id.clone() })
        }
        _ => None,
    }
}
