//! A strategy that comes with the program, as the component that it is: it trades where averages made anew cross, and the
//! same from a save as without.

use puppet::firstparty;
use puppet_sandbox::{Pool, PreparedStrategy, Sandbox, SandboxConfig, StrategyInstance, StrategySetup};
use puppet_types::{
    Timestamp,
    trade::{Candle, Fill, Market, Mint, Order, Position, Proposal, Rounding, Side, Token},
};

const CASH: u64 = 10_000_000_000;
const FAST: usize = 5;
const SLOW: usize = 21;

fn prepared() -> PreparedStrategy {
    let pool = Pool { slots: 2, ..Pool::default() };
    let sandbox = Sandbox::new(SandboxConfig { pool, ..SandboxConfig::default() }).unwrap();
    let built_in = firstparty::strategies().into_iter().find(|one| one.manifest.id.as_str() == "sma-cross").unwrap();
    sandbox.prepare_strategy(&sandbox.compile(built_in.component).unwrap()).unwrap()
}

fn market() -> Market {
    let token =
        |mint, symbol: &str, decimals| Token { mint: Mint::parse(mint).unwrap(), symbol: symbol.to_owned(), decimals };
    let (base, quote) = (token(Mint::SOL, "SOL", 9), token(Mint::USDC, "USDC", 6));
    Market { id: "SOL/USDC".to_owned(), base, quote, price_decimals: 6, min_quantity: 1 }
}

fn setup() -> StrategySetup {
    let parameters = [("fast", FAST as i64), ("slow", SLOW as i64), ("size", 10_000)];
    StrategySetup {
        parameters: parameters.map(|(name, value)| (name.to_owned(), value)).into(),
        markets: vec![market()],
        bar_seconds: 60,
        seed: 7,
        at: Timestamp::default(),
        saved: None,
        client_ids: Default::default(),
    }
}

/// A seeded walk.
fn bars(count: i64) -> Vec<Candle> {
    let (mut state, mut price) = (11_u64, 100_000_000_u64);
    let one = |n: i64| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        price = (price + (state >> 40) % 400_001 - 200_000).clamp(50_000_000, 200_000_000);
        Candle { at: Timestamp::from_millis(n * 60_000), open: price, high: price, low: price, close: price, volume: 1 }
    };
    (1..=count).map(one).collect()
}

/// Runs over all bars; an order is filled whole at the close of the bar that it was made at. Gives the orders by bar.
fn orders(prepared: &PreparedStrategy, bars: &[Candle], saves: bool) -> Vec<(usize, Order)> {
    let mut strategy = prepared.start(&setup()).unwrap();
    let (mut cash, mut held) = (CASH, 0);
    let mut orders = Vec::new();
    for (n, bar) in bars.iter().enumerate() {
        if saves && n % 100 == 50 {
            strategy = from_its_save(prepared, &mut strategy, bar.at);
        }
        let portfolio = strategy.portfolio_mut();
        (portfolio.cash, portfolio.positions) = (vec![cash], vec![Position { quantity: held, entry_price: 0 }]);
        let answer = strategy.on_candles(bar.at, false, &[(0, *bar)]).unwrap();
        assert_eq!(answer.denials, []);
        for proposal in answer.proposals {
            let Proposal::Place(order) = proposal else { panic!("{proposal:?}") };
            match order.side {
                Side::Buy => {
                    held += order.quantity;
                    cash -= market().notional(order.quantity, bar.close, Rounding::Up).unwrap();
                }
                Side::Sell => {
                    held -= order.quantity;
                    cash += market().notional(order.quantity, bar.close, Rounding::Down).unwrap();
                }
            }
            strategy.on_fill(&fill(&order, bar)).unwrap();
            orders.push((n, order));
        }
    }
    orders
}

fn from_its_save(prepared: &PreparedStrategy, strategy: &mut StrategyInstance, at: Timestamp) -> StrategyInstance {
    let (saved, client_ids) = (Some(strategy.save().unwrap()), strategy.client_ids().clone());
    prepared.start(&StrategySetup { saved, client_ids, at, ..setup() }).unwrap()
}

fn fill(order: &Order, bar: &Candle) -> Fill {
    let Order { client_id, market, side, quantity, .. } = order.clone();
    Fill { client_id, market, side, at: bar.at, quantity, price: bar.close, fee: 0, remaining: 0 }
}

/// Bars at which the averages, made anew of all closes, cross; and whether upwards. The first is an upward one.
fn crossings(bars: &[Candle]) -> Vec<(usize, Side)> {
    let mut was = None;
    let mut crossings = Vec::new();
    for n in SLOW - 1..bars.len() {
        let sum = |length: usize| bars[n + 1 - length..=n].iter().map(|bar| bar.close).sum::<u64>();
        let (fast, slow) = (sum(FAST) * SLOW as u64, sum(SLOW) * FAST as u64);
        let is = if fast == slow { was } else { Some(fast > slow) };
        match (was, is) {
            (Some(false), Some(true)) => crossings.push((n, Side::Buy)),
            (Some(true), Some(false)) if !crossings.is_empty() => crossings.push((n, Side::Sell)),
            _ => {}
        }
        was = is;
    }
    crossings
}

#[test]
fn it_trades_where_averages_made_anew_cross_and_the_same_from_every_save() {
    let (prepared, bars) = (prepared(), bars(5_000));
    assert_eq!(prepared.description().warm_up, 500);
    let straight = orders(&prepared, &bars, false);
    let sides: Vec<(usize, Side)> = straight.iter().map(|(n, order)| (*n, order.side)).collect();
    assert!(sides.len() > 100, "{}", sides.len());
    assert_eq!(sides, crossings(&bars));
    assert_eq!(orders(&prepared, &bars, true), straight);
}

#[test]
fn parameters_that_contradict_each_other_are_refused_in_its_own_words() {
    let parameters = vec![("fast".to_owned(), 30), ("slow".to_owned(), 30)];
    let error = prepared().start(&StrategySetup { parameters, ..setup() }).err().unwrap().to_string();
    assert!(error.contains("the fast average is the shorter one"), "{error}");
    let parameters = vec![("slow".to_owned(), 501)];
    let error = prepared().start(&StrategySetup { parameters, ..setup() }).err().unwrap().to_string();
    assert_eq!(error, "the parameter `slow` is 501: it must be between 2 and 500 bars");
}
