//! A strategy natively against bars that the test makes: same calls, same orders, no sandbox. Not here: risk rules and
//! fills by a model (`puppet backtest` runs the component); the test says what is filled.

use std::{cell::RefCell, collections::BTreeMap};

use super::{Host, LogLine};
use crate::trading::{
    Batch, Candle, Denial, Description, Fill, MarketInfo, Order, OrderKind, Position, Setup, Side, TradingStrategy,
};

/// A minute, in milliseconds: the length of the desk's bars.
const BAR_MS: u64 = 60_000;

/// What the strategy of the call under way owns.
#[derive(Debug, Clone, Default)]
struct Owned {
    positions: BTreeMap<u32, Position>,
    cash: BTreeMap<u32, u64>,
    open: Vec<String>,
}

thread_local! {
    static OWNED: RefCell<Owned> = RefCell::default();
}

pub(crate) mod portfolio {
    use super::{OWNED, Position};

    pub fn position_in(market: u32) -> Position {
        let nothing = Position { quantity: 0, entry_price: 0 };
        OWNED.with_borrow(|owned| owned.positions.get(&market).copied().unwrap_or(nothing))
    }
    pub fn cash(market: u32) -> u64 {
        OWNED.with_borrow(|owned| owned.cash.get(&market).copied().unwrap_or(0))
    }
    pub fn open_orders() -> Vec<String> {
        OWNED.with_borrow(|owned| owned.open.clone())
    }
}

/// A market with 9 decimals of its base token, 6 of its quote token and 6 of its price.
pub fn market(id: &str) -> MarketInfo {
    MarketInfo {
        id: id.to_owned(),
        base_mint: "So11111111111111111111111111111111111111112".to_owned(),
        quote_mint: "EPjFWdd5AufqSSqeM2qN1xzybapC8G4wEGGkZwyTDt1v".to_owned(),
        base_decimals: 9,
        quote_decimals: 6,
        price_decimals: 6,
        min_quantity: 1,
    }
}

/// A run of a strategy on the desk. Time goes on by a minute with every batch.
pub struct Desk<S: TradingStrategy> {
    /// The strategy.
    pub strategy: S,
    /// When the next bar closes, in milliseconds since 1970.
    pub at: u64,
    /// All orders that it proposed, in order.
    pub orders: Vec<Order>,
    /// All lines that it logged.
    pub log: Vec<LogLine>,
    setup: Setup,
    owned: Owned,
    host: Host,
}

impl<S: TradingStrategy> Desk<S> {
    /// In as few markets as the strategy takes; what is not given of its parameters has its default. Panics for one that
    /// is unknown or out of its range: the host would not begin such a run.
    pub fn start(parameters: &[(&str, i64)]) -> Result<Self, String> {
        let about = S::describe();
        let markets = (0..*about.markets.start()).map(|n| market(&format!("M{n}/USDC"))).collect();
        Self::start_in(parameters, markets)
    }

    /// In these markets.
    pub fn start_in(parameters: &[(&str, i64)], markets: Vec<MarketInfo>) -> Result<Self, String> {
        let about = S::describe();
        let parameters = resolved(&about, parameters);
        let bar_seconds = if about.bar_seconds == 0 { 60 } else { about.bar_seconds };
        let setup = Setup { parameters, markets, bar_seconds, seed: 7, saved: None };
        let strategy = S::init(setup.clone())?;
        let (owned, host) = (Owned::default(), Host::new());
        Ok(Self { strategy, at: BAR_MS, orders: Vec::new(), log: Vec::new(), setup, owned, host })
    }

    /// So much is free of the quote token of a market.
    pub fn with_cash(mut self, market: u32, cash: u64) -> Self {
        self.owned.cash.insert(market, cash);
        self
    }

    /// So much is held.
    pub fn hold(&mut self, market: u32, quantity: u64, entry_price: u64) {
        self.owned.positions.insert(market, Position { quantity, entry_price });
    }

    /// A bar of the first market that opened and closed at this price.
    pub fn close(&mut self, price: u64) -> Vec<Order> {
        self.bars(&[(price, price, price, price)])
    }

    /// Bars of all markets as open, high, low and close.
    pub fn bars(&mut self, bars: &[(u64, u64, u64, u64)]) -> Vec<Order> {
        self.batch(bars, false)
    }

    /// The same as history. Panics where the strategy answers it with orders: they would be refused.
    pub fn warm_up(&mut self, bars: &[(u64, u64, u64, u64)]) {
        let orders = self.batch(bars, true);
        assert!(orders.is_empty(), "orders in answer to history: {orders:?}");
    }

    fn batch(&mut self, bars: &[(u64, u64, u64, u64)], is_warm_up: bool) -> Vec<Order> {
        let at = self.at;
        let bar = |(market, &(open, high, low, close)): (u32, &(u64, u64, u64, u64))| Candle {
            market,
            at,
            open,
            high,
            low,
            close,
            volume: 1_000_000_000,
        };
        let candles = (0..).zip(bars).map(bar).collect();
        self.candles(candles, is_warm_up)
    }

    /// Any bars at the next time: of some of the markets, without volume, of a price of nothing.
    pub fn candles(&mut self, candles: Vec<Candle>, is_warm_up: bool) -> Vec<Order> {
        let batch = Batch { at: self.at, is_warm_up, candles };
        let orders = self.call(|strategy| strategy.on_candles(&batch));
        self.at += u64::from(self.setup.bar_seconds) * 1_000;
        for order in &orders {
            match order.kind {
                OrderKind::Cancel => self.owned.open.retain(|open| *open != order.client_id),
                _ => self.owned.open.push(order.client_id.clone()),
            }
        }
        self.orders.extend(orders.iter().cloned());
        orders
    }

    /// Fills an order whole at a price, without a fee: position and cash move, and the strategy is told.
    pub fn fill(&mut self, order: &Order, price: u64) {
        self.fill_part(order, order.quantity, order.quantity, price);
    }

    /// The same with a part of what is still open of the order.
    pub fn fill_part(&mut self, order: &Order, part: u64, open: u64, price: u64) {
        let market = order.market;
        let value = self.setup.markets.get(market as usize).map_or(0, |info| value(info, part, price));
        let cash = self.owned.cash.entry(market).or_default();
        let position = self.owned.positions.entry(market).or_insert(Position { quantity: 0, entry_price: 0 });
        match order.side {
            Side::Buy => {
                let before = u128::from(position.quantity) * u128::from(position.entry_price);
                let all = position.quantity.saturating_add(part);
                let worth = before.saturating_add(u128::from(part) * u128::from(price));
                position.entry_price = u64::try_from(worth / u128::from(all.max(1))).unwrap_or(u64::MAX);
                position.quantity = all;
                *cash = cash.saturating_sub(value);
            }
            Side::Sell => {
                position.quantity = position.quantity.saturating_sub(part);
                if position.quantity == 0 {
                    position.entry_price = 0;
                }
                *cash = cash.saturating_add(value);
            }
        }
        if part >= open {
            self.owned.open.retain(|id| *id != order.client_id);
        }
        let fill = Fill {
            client_id: order.client_id.clone(),
            market,
            side: order.side,
            at: self.at,
            quantity: part,
            price,
            fee: 0,
            remaining: open.saturating_sub(part),
        };
        self.call(|strategy| strategy.on_fill(&fill));
    }

    /// An order is open no longer and nothing is told of it, as of one that was taken back.
    pub fn forget(&mut self, order: &Order) {
        self.owned.open.retain(|id| *id != order.client_id);
    }

    /// What is held in a market.
    pub fn held(&self, market: u32) -> u64 {
        self.owned.positions.get(&market).map_or(0, |position| position.quantity)
    }

    /// What is free of the quote token of a market.
    pub fn cash(&self, market: u32) -> u64 {
        self.owned.cash.get(&market).copied().unwrap_or(0)
    }

    /// Refuses an order.
    pub fn deny(&mut self, order: &Order, rule: &str) {
        self.owned.open.retain(|open| *open != order.client_id);
        let denial = Denial {
            client_id: order.client_id.clone(),
            market: order.market,
            at: self.at,
            rule: rule.to_owned(),
            detail: String::new(),
            retry_at: None,
        };
        self.call(|strategy| strategy.on_denied(&denial));
    }

    /// The run goes on in another instance, from what this one saves.
    pub fn restart(&mut self) -> Result<(), String> {
        let saved = self.call(|strategy| strategy.save());
        assert!(saved.len() <= 256 << 10, "a save of {} bytes: at most 256 KiB", saved.len());
        self.strategy = S::init(Setup { saved: Some(saved), ..self.setup.clone() })?;
        Ok(())
    }

    fn call<R>(&mut self, ask: impl FnOnce(&mut S) -> R) -> R {
        OWNED.set(self.owned.clone());
        let mut answer = None;
        let strategy = &mut self.strategy;
        let run = self.host.call(|| {
            answer = Some(ask(strategy));
            (Ok(()), Vec::new())
        });
        self.log.extend(run.log);
        match answer {
            Some(answer) => answer,
            None => unreachable!("`call` runs what it is given"),
        }
    }
}

fn value(market: &MarketInfo, quantity: u64, price: u64) -> u64 {
    let product = u128::from(quantity) * u128::from(price);
    let digits = u32::from(market.base_decimals) + u32::from(market.price_decimals);
    let quote = u32::from(market.quote_decimals);
    let value = match digits.checked_sub(quote) {
        Some(digits) => product / 10_u128.pow(digits),
        None => product * 10_u128.pow(quote - digits),
    };
    u64::try_from(value).unwrap_or(u64::MAX)
}

fn resolved(about: &Description, given: &[(&str, i64)]) -> Vec<(String, i64)> {
    for (name, value) in given {
        let known = about.parameters.iter().find(|parameter| parameter.name == *name);
        let fits = known.is_some_and(|parameter| (parameter.min..=parameter.max).contains(value));
        assert!(fits, "`{name}` = {value}: {known:?}");
    }
    let value = |name: &str| given.iter().find(|(given, _)| *given == name).map(|(_, value)| *value);
    about.parameters.iter().map(|one| (one.name.clone(), value(&one.name).unwrap_or(one.default))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        log,
        trading::{Description, portfolio},
    };

    /// Buys one whole token per bar of the second market, and tells what it sees.
    struct Teller {
        bars: u8,
        heard: Vec<String>,
    }

    impl TradingStrategy for Teller {
        fn describe() -> Description {
            Description::new().parameter("size", "How many.", "tokens", 1, 1..=9).markets(2..=3)
        }
        fn init(setup: Setup) -> Result<Self, String> {
            assert_eq!(setup.parameter("price").unwrap_err(), "`price` is not among the described parameters");
            let bars = setup.saved.as_ref().map_or(0, |saved| saved[0]);
            Ok(Self { bars, heard: vec![format!("size {}", setup.parameter("size")?)] })
        }
        fn on_candles(&mut self, batch: &Batch) -> Vec<Order> {
            self.bars += 1;
            let held = portfolio::position(1);
            log::info(&format!("{} at {}, {} free", held.quantity, held.entry_price, portfolio::cash(1)));
            self.heard.push(format!("open {:?}", portfolio::open_orders()));
            vec![Order::buy(format!("o{}", self.bars), batch.candles[1].market, 1_000_000_000)]
        }
        fn on_fill(&mut self, fill: &Fill) {
            self.heard.push(format!("filled {}", fill.client_id));
        }
        fn on_denied(&mut self, denial: &Denial) {
            self.heard.push(format!("denied {} by {}", denial.client_id, denial.rule));
        }
        fn save(&self) -> Vec<u8> {
            vec![self.bars]
        }
    }

    #[test]
    fn what_the_test_fills_and_denies_moves_the_portfolio_and_is_told() {
        let mut desk = Desk::<Teller>::start(&[("size", 3)]).unwrap().with_cash(1, 500_000_000);
        let bar = (100_000_000, 100_000_000, 100_000_000, 100_000_000);
        let first = desk.bars(&[bar, bar]).remove(0);
        desk.fill(&first, 100_000_000);
        let second = desk.bars(&[bar, bar]).remove(0);
        desk.fill(&second, 200_000_000);
        let third = desk.bars(&[bar, bar]).remove(0);
        desk.bars(&[bar, bar]);
        desk.deny(&third, "cool-down");
        let heard = [
            "size 3",
            "open []",
            "filled o1",
            "open []",
            "filled o2",
            "open []",
            "open [\"o3\"]",
            "denied o3 by cool-down",
        ];
        assert_eq!(desk.strategy.heard, heard);
        let lines: Vec<&str> = desk.log.iter().map(|line| line.message.as_str()).collect();
        let told = [
            "0 at 0, 500000000 free",
            "1000000000 at 100000000, 400000000 free",
            "2000000000 at 150000000, 200000000 free",
        ];
        assert_eq!(lines[..3], told);
        desk.restart().unwrap();
        assert_eq!(desk.bars(&[bar, bar])[0].client_id, "o5");
        desk.fill(&Order::sell("s", 1, 2_000_000_000), 150_000_000);
        desk.bars(&[bar, bar]);
        assert_eq!(desk.log.last().unwrap().message, "0 at 0, 500000000 free");
    }
}
