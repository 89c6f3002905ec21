//! Outcomes to report on.

use puppet_types::{
    Digest, Timestamp,
    trade::{Denial, Fill, Market, Mint, Order, OrderKind, Side, TimeInForce, Token},
};
use rand_chacha::ChaCha8Rng;
use rand_core::{Rng as _, SeedableRng as _};

use crate::{
    DataSource, DenialRecord, EquityPoint, FillRecord, MarketSeries, Models, OrderRecord, OrderStatus, Outcome,
    StrategyId, Trade,
};

/// 2026-01-01T00:00:00Z.
pub(super) const START: i64 = 1_767_225_600_000;

pub(super) fn at(millis: i64) -> Timestamp {
    Timestamp::from_millis(START + millis)
}

fn token(symbol: &str, mint: &str, decimals: u8) -> Token {
    Token { mint: Mint::parse(mint).unwrap(), symbol: symbol.to_owned(), decimals }
}

fn market(id: &str) -> Market {
    Market {
        id: id.to_owned(),
        base: token("SOL", Mint::SOL, 9),
        quote: token("USDC", Mint::USDC, 6),
        price_decimals: 6,
        min_quantity: 1,
    }
}

pub(super) fn order(client_id: &str, side: Side, kind: OrderKind) -> Order {
    Order {
        client_id: client_id.to_owned(),
        market: 0,
        side,
        kind,
        quantity: 2_000_000_000,
        reduce_only: false,
        time_in_force: TimeInForce::Gtc,
        expires_at: None,
        max_slippage_bps: None,
        reason: "crossed".to_owned(),
    }
}

fn record(id: u64, millis: i64, order: Order, status: OrderStatus, denied_by: Option<&str>) -> OrderRecord {
    let filled = if status == OrderStatus::Filled { order.quantity } else { 0 };
    OrderRecord { id, at: at(millis), order, status, denied_by: denied_by.map(str::to_owned), filled }
}

fn fill(order: u64, millis: i64, side: Side, price: u64) -> FillRecord {
    let (client_id, quantity) = (format!("o{order}"), 2_000_000_000);
    let fill = Fill { client_id, market: 0, side, at: at(millis), quantity, price, fee: 600_000, remaining: 0 };
    FillRecord { order, fill }
}

const DAY: i64 = 86_400_000;

/// Six days: 2 SOL bought at 100, sold at 110, with one order denied.
pub(super) fn small() -> Outcome {
    let closes = vec![100_000_000, 100_000_000, 95_000_000, 105_000_000, 110_000_000, 108_000_000];
    let worth = [
        (0, 0),
        (-600_000, 200_000_000),
        (-10_600_000, 190_000_000),
        (9_400_000, 210_000_000),
        (18_740_000, 0),
        (18_740_000, 0),
    ];
    let point = |(n, (gain, exposed)): (usize, &(i64, u64))| EquityPoint {
        at: at((i64::try_from(n).unwrap() + 28) * DAY),
        equity: 1_000_000_000_u64.checked_add_signed(*gain).unwrap(),
        exposed: *exposed,
    };
    let equity: Vec<EquityPoint> = worth.iter().enumerate().map(point).collect();
    let limit = OrderKind::Limit(90_000_000);
    Outcome {
        strategy: StrategyId {
            pack: "sma-cross".to_owned(),
            version: "0.1.0".to_owned(),
            digest: Some(Digest::of(b"component")),
        },
        parameters: vec![("slow".to_owned(), 30), ("fast".to_owned(), 10)],
        seed: 7,
        bar_seconds: 86_400,
        quote: token("USDC", Mint::USDC, 6),
        markets: vec![MarketSeries {
            market: market("SOL/USDC"),
            source: DataSource {
                market: "SOL/USDC".to_owned(),
                sha256: Some(Digest::of(b"data")),
                bars: 6,
                bar_seconds: 86_400,
                from: Some(equity[0].at),
                to: Some(equity[5].at),
                gaps: 0,
                duplicates: 1,
                bad_rows: 2,
            },
            closes,
        }],
        start_balance: 1_000_000_000,
        models: Models::default(),
        warm_up: 0,
        batches: equity.len() as u64,
        equity,
        orders: vec![
            record(1, 28 * DAY, order("o1", Side::Buy, OrderKind::Market), OrderStatus::Filled, None),
            record(2, 29 * DAY, order("o2", Side::Buy, limit), OrderStatus::Denied, Some("max-position")),
            record(3, 31 * DAY, order("o3", Side::Sell, OrderKind::Market), OrderStatus::Filled, None),
        ],
        fills: vec![fill(1, 29 * DAY, Side::Buy, 100_000_000), fill(3, 32 * DAY, Side::Sell, 110_000_000)],
        trades: vec![Trade {
            id: 1,
            market: 0,
            side: Side::Buy,
            opened_at: at(29 * DAY),
            closed_at: at(32 * DAY),
            quantity: 2_000_000_000,
            entry_price: 100_000_000,
            exit_price: 110_000_000,
            fees: 1_260_000,
            pnl: 18_740_000,
        }],
        denials: vec![DenialRecord {
            order: 2,
            denial: Denial {
                client_id: "o2".to_owned(),
                market: 0,
                at: at(29 * DAY),
                rule: "max-position".to_owned(),
                detail: "4 SOL would be held, 3 are allowed".to_owned(),
                retry_at: None,
            },
        }],
        fees: 1_260_000,
        fuel: 123_456,
        breaches: Vec::new(),
        stopped: None,
        look_ahead: None,
    }
}

/// A seeded walk of so many bars in so many markets, in and out by a whim.
pub(super) fn walk(bars: usize, bar_seconds: u32, markets: u32) -> Outcome {
    let mut random = ChaCha8Rng::seed_from_u64(42);
    let mut outcome = small();
    let step = i64::from(bar_seconds) * 1_000;
    let wide = (10_000.0 * (f64::from(bar_seconds) / 3_600.0).sqrt()) as u64;
    let times: Vec<Timestamp> = (1..=bars).map(|n| at(i64::try_from(n).unwrap() * step)).collect();
    outcome.bar_seconds = bar_seconds;
    (outcome.orders, outcome.fills, outcome.trades, outcome.denials) = Default::default();
    outcome.markets = (0..markets)
        .map(|n| {
            let mut price = 150_000_000_u64;
            let mut close = || {
                let factor = 1_000_000 - wide + random.next_u64() % (2 * wide + 1) + wide / 220;
                price = (price * factor / 1_000_000).max(1_000);
                price
            };
            let closes: Vec<u64> = (0..bars).map(|_| close()).collect();
            let mut source = outcome.markets[0].source.clone();
            source.market = ["SOL/USDC", "JUP/USDC", "BONK/USDC"][n as usize % 3].to_owned();
            (source.bars, source.bar_seconds) = (bars as u64, bar_seconds);
            (source.from, source.to) = (times.first().copied(), times.last().copied());
            MarketSeries { market: market(&source.market), source, closes }
        })
        .collect();
    trade(&mut outcome, &times, &mut random);
    outcome
}

fn trade(outcome: &mut Outcome, times: &[Timestamp], random: &mut ChaCha8Rng) {
    let (mut cash, mut held, mut since, mut paid) = (outcome.start_balance, 0_u64, times[0], 0_u64);
    outcome.fees = 0;
    outcome.equity.clear();
    for (n, time) in times.iter().enumerate() {
        let price = outcome.markets[0].closes[n];
        let worth = |quantity: u64| u64::try_from(u128::from(quantity) * u128::from(price) / 1_000_000_000).unwrap();
        let acts = random.next_u64().is_multiple_of(40) && n > 0;
        if acts && held == 0 {
            let quantity = u64::try_from(u128::from(cash) * 700_000_000 / u128::from(price)).unwrap();
            let fee = worth(quantity) * 30 / 10_000;
            (since, paid, held) = (*time, price, quantity);
            cash -= worth(quantity) + fee;
            act(outcome, *time, Side::Buy, quantity, price, fee);
        } else if acts {
            let fee = worth(held) * 30 / 10_000;
            cash += worth(held) - fee;
            let gain = i64::try_from(worth(held)).unwrap()
                - i64::try_from(u128::from(held) * u128::from(paid) / 1_000_000_000).unwrap();
            outcome.trades.push(Trade {
                id: outcome.trades.len() as u64 + 1,
                market: 0,
                side: Side::Buy,
                opened_at: since,
                closed_at: *time,
                quantity: held,
                entry_price: paid,
                exit_price: price,
                fees: 2 * fee,
                pnl: gain - 2 * i64::try_from(fee).unwrap(),
            });
            act(outcome, *time, Side::Sell, held, price, fee);
            held = 0;
        }
        outcome.equity.push(EquityPoint { at: *time, equity: cash + worth(held), exposed: worth(held) });
    }
}

fn act(outcome: &mut Outcome, time: Timestamp, side: Side, quantity: u64, price: u64, fee: u64) {
    let id = outcome.orders.len() as u64 + 1;
    let mut order = order(&format!("o{id}"), side, OrderKind::Market);
    order.quantity = quantity;
    outcome.fees += fee;
    let fill =
        Fill { client_id: order.client_id.clone(), market: 0, side, at: time, quantity, price, fee, remaining: 0 };
    outcome.fills.push(FillRecord { order: id, fill });
    let (status, filled) = (OrderStatus::Filled, quantity);
    outcome.orders.push(OrderRecord { id, at: time, order, status, denied_by: None, filled });
}
