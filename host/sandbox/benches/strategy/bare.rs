//! The floor: the same component on the same engine, with nothing around it but the calls.

#![allow(dead_code, reason = "records are lifted whole, and the loop needs little of them")]

use std::time::Instant;

use puppet_types::trade;
use wasmtime::{
    Engine, Store,
    component::{Component, ComponentType, Lift, Linker, Lower},
};

use super::{FUEL, Seen, market};

/// What is free of the quote token.
pub const CASH: u64 = 1_000_000_000;

#[derive(ComponentType, Lower)]
#[component(record)]
struct Candle {
    market: u32,
    at: u64,
    open: u64,
    high: u64,
    low: u64,
    close: u64,
    volume: u64,
}

#[derive(ComponentType, Lower)]
#[component(record)]
struct Batch<'a> {
    at: u64,
    #[component(name = "is-warm-up")]
    is_warm_up: bool,
    candles: &'a [Candle],
}

#[derive(Clone, Copy, PartialEq, ComponentType, Lift, Lower)]
#[component(enum)]
#[repr(u8)]
enum Side {
    #[component(name = "buy")]
    Buy,
    #[component(name = "sell")]
    Sell,
}

#[derive(ComponentType, Lift)]
#[component(record)]
struct Order {
    #[component(name = "client-id")]
    client_id: String,
    market: u32,
    side: Side,
    kind: String,
    quantity: u64,
    price: Option<u64>,
    #[component(name = "trail-bps")]
    trail_bps: Option<u32>,
    #[component(name = "reduce-only")]
    reduce_only: bool,
    #[component(name = "time-in-force")]
    time_in_force: String,
    #[component(name = "expires-at")]
    expires_at: Option<u64>,
    #[component(name = "max-slippage-bps")]
    max_slippage_bps: Option<u32>,
    reason: String,
}

#[derive(ComponentType, Lower)]
#[component(record)]
struct Fill {
    #[component(name = "client-id")]
    client_id: String,
    market: u32,
    side: Side,
    at: u64,
    quantity: u64,
    price: u64,
    fee: u64,
    remaining: u64,
}

#[derive(ComponentType, Lower)]
#[component(record)]
struct MarketInfo {
    id: String,
    #[component(name = "base-mint")]
    base_mint: String,
    #[component(name = "quote-mint")]
    quote_mint: String,
    #[component(name = "base-decimals")]
    base_decimals: u8,
    #[component(name = "quote-decimals")]
    quote_decimals: u8,
    #[component(name = "price-decimals")]
    price_decimals: u8,
    #[component(name = "min-quantity")]
    min_quantity: u64,
}

#[derive(ComponentType, Lower)]
#[component(record)]
struct Setup {
    parameters: Vec<(String, i64)>,
    markets: Vec<MarketInfo>,
    #[component(name = "bar-seconds")]
    bar_seconds: u32,
    seed: u64,
    saved: Option<Vec<u8>>,
}

#[derive(ComponentType, Lower)]
#[component(record)]
struct Position {
    quantity: u64,
    #[component(name = "entry-price")]
    entry_price: u64,
}

/// The loop; what is held is the store's data. Asked for a save after every `save_every` bars; with 0 never.
pub fn run(engine: &Engine, component: &Component, bars: &[trade::Candle], save_every: usize) -> (f64, Seen) {
    let mut linker = Linker::<u64>::new(engine);
    let mut portfolio = linker.instance("puppet:trading/portfolio@0.1.0").unwrap();
    portfolio
        .func_wrap("position-in", |store, _: (u32,)| Ok((Position { quantity: *store.data(), entry_price: 0 },)))
        .unwrap();
    portfolio.func_wrap("cash", |_, _: (u32,)| Ok((CASH,))).unwrap();
    linker.define_unknown_imports_as_traps(component).unwrap();
    let mut store = Store::new(engine, 0_u64);
    store.set_fuel(FUEL).unwrap();
    let instance = linker.instantiate(&mut store, component).unwrap();
    let (_, strategy) = instance.get_export(&mut store, None, "puppet:trading/strategy@0.1.0").unwrap();
    let mut index = |name| instance.get_export(&mut store, Some(&strategy), name).unwrap().1;
    let (init, on_candles, on_fill) = (index("init"), index("on-candles"), index("on-fill"));
    let save = index("save");
    let init = instance.get_typed_func::<(Setup,), (Result<(), String>,)>(&mut store, init).unwrap();
    let on_candles = instance.get_typed_func::<(Batch<'_>,), (Vec<Order>,)>(&mut store, on_candles).unwrap();
    let on_fill = instance.get_typed_func::<(Fill,), ()>(&mut store, on_fill).unwrap();
    let save = instance.get_typed_func::<(), (Vec<u8>,)>(&mut store, save).unwrap();
    init.call(&mut store, (setup(),)).unwrap().0.unwrap();

    let (mut orders, mut fuel) = (0, 0);
    let begin = Instant::now();
    for (n, bar) in (1_usize..).zip(bars) {
        let at = bar.at.as_millis().unsigned_abs();
        let trade::Candle { open, high, low, close, volume, .. } = *bar;
        let candles = [Candle { market: 0, at, open, high, low, close, volume }];
        store.set_fuel(FUEL).unwrap();
        let (answer,) = on_candles.call(&mut store, (Batch { at, is_warm_up: false, candles: &candles },)).unwrap();
        fuel += FUEL - store.get_fuel().unwrap();
        for Order { client_id, side, quantity, .. } in answer {
            orders += 1;
            *store.data_mut() = if side == Side::Buy { quantity } else { 0 };
            let fill = Fill { client_id, market: 0, side, at, quantity, price: close, fee: 0, remaining: 0 };
            store.set_fuel(FUEL).unwrap();
            on_fill.call(&mut store, (fill,)).unwrap();
            fuel += FUEL - store.get_fuel().unwrap();
        }
        if save_every > 0 && n.is_multiple_of(save_every) {
            store.set_fuel(FUEL).unwrap();
            std::hint::black_box(save.call(&mut store, ()).unwrap());
            fuel += FUEL - store.get_fuel().unwrap();
        }
    }
    (bars.len() as f64 / begin.elapsed().as_secs_f64(), Seen { orders, fuel })
}

fn setup() -> Setup {
    let market = market();
    let parameters = [("fast", 10), ("slow", 30), ("size", 5_000)];
    let info = MarketInfo {
        id: market.id,
        base_mint: market.base.mint.to_string(),
        quote_mint: market.quote.mint.to_string(),
        base_decimals: market.base.decimals,
        quote_decimals: market.quote.decimals,
        price_decimals: market.price_decimals,
        min_quantity: market.min_quantity,
    };
    let parameters = parameters.map(|(name, value)| (name.to_owned(), value)).into();
    Setup { parameters, markets: vec![info], bar_seconds: 60, seed: 7, saved: None }
}
