//! Records of `wit/trading` as they cross the boundary, bound by hand as the other worlds' are (`exports`).

use puppet_types::{
    Timestamp,
    trade::{self, Market},
};
use wasmtime::{
    AsContextMut,
    component::{Component, ComponentNamedList, ComponentType, Instance, Lift, Lower, TypedFunc},
};

use crate::{LoadError, World, exports::function_of};

/// A bar of a batch: flat, so that a list of them is one copy.
#[derive(Debug, Clone, Copy, ComponentType, Lower)]
#[component(record)]
pub(super) struct Candle {
    market: u32,
    at: u64,
    open: u64,
    high: u64,
    low: u64,
    close: u64,
    volume: u64,
}

impl Candle {
    pub(super) fn new(market: u32, candle: &trade::Candle) -> Self {
        let trade::Candle { at, open, high, low, close, volume } = *candle;
        Self { market, at: millis(at), open, high, low, close, volume }
    }
}

/// One bar close. It is given away with the call: what is shared is counted, and counting costs more than a small allocation.
#[derive(ComponentType, Lower)]
#[component(record)]
pub(super) struct Batch {
    pub(super) at: u64,
    #[component(name = "is-warm-up")]
    pub(super) is_warm_up: bool,
    pub(super) candles: Vec<Candle>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ComponentType, Lift, Lower)]
#[component(enum)]
#[repr(u8)]
pub(super) enum Side {
    #[component(name = "buy")]
    Buy,
    #[component(name = "sell")]
    Sell,
}

impl From<Side> for trade::Side {
    fn from(side: Side) -> Self {
        match side {
            Side::Buy => Self::Buy,
            Side::Sell => Self::Sell,
        }
    }
}

/// An order, by the guest's word. Nothing of it is checked yet but its shape.
#[derive(Debug, Clone, ComponentType, Lift)]
#[component(record)]
pub(super) struct Order {
    #[component(name = "client-id")]
    pub(super) client_id: String,
    pub(super) market: u32,
    pub(super) side: Side,
    pub(super) kind: String,
    pub(super) quantity: u64,
    pub(super) price: Option<u64>,
    #[component(name = "trail-bps")]
    pub(super) trail_bps: Option<u32>,
    #[component(name = "reduce-only")]
    pub(super) reduce_only: bool,
    #[component(name = "time-in-force")]
    pub(super) time_in_force: String,
    #[component(name = "expires-at")]
    pub(super) expires_at: Option<u64>,
    #[component(name = "max-slippage-bps")]
    pub(super) max_slippage_bps: Option<u32>,
    pub(super) reason: String,
}

#[derive(ComponentType, Lower)]
#[component(record)]
pub(super) struct Fill {
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

impl From<&trade::Fill> for Fill {
    fn from(fill: &trade::Fill) -> Self {
        let trade::Fill { client_id, market, side, at, quantity, price, fee, remaining } = fill.clone();
        let side = match side {
            trade::Side::Buy => Side::Buy,
            trade::Side::Sell => Side::Sell,
        };
        Self { client_id, market, side, at: millis(at), quantity, price, fee, remaining }
    }
}

#[derive(ComponentType, Lower)]
#[component(record)]
pub(super) struct Denial {
    #[component(name = "client-id")]
    client_id: String,
    market: u32,
    at: u64,
    rule: String,
    detail: String,
    #[component(name = "retry-at")]
    retry_at: Option<u64>,
}

impl From<&trade::Denial> for Denial {
    fn from(denial: &trade::Denial) -> Self {
        let trade::Denial { client_id, market, at, rule, detail, retry_at } = denial.clone();
        Self { client_id, market, at: millis(at), rule, detail, retry_at: retry_at.map(millis) }
    }
}

#[derive(ComponentType, Lift)]
#[component(record)]
pub(super) struct Parameter {
    pub(super) name: String,
    pub(super) description: String,
    pub(super) unit: String,
    pub(super) default: i64,
    pub(super) min: i64,
    pub(super) max: i64,
}

#[derive(ComponentType, Lift)]
#[component(record)]
pub(super) struct Description {
    pub(super) parameters: Vec<Parameter>,
    #[component(name = "warm-up")]
    pub(super) warm_up: u32,
    #[component(name = "min-markets")]
    pub(super) min_markets: u32,
    #[component(name = "max-markets")]
    pub(super) max_markets: u32,
    #[component(name = "bar-seconds")]
    pub(super) bar_seconds: u32,
}

#[derive(ComponentType, Lower)]
#[component(record)]
pub(super) struct MarketInfo {
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

impl From<&Market> for MarketInfo {
    fn from(market: &Market) -> Self {
        Self {
            id: market.id.clone(),
            base_mint: market.base.mint.to_string(),
            quote_mint: market.quote.mint.to_string(),
            base_decimals: market.base.decimals,
            quote_decimals: market.quote.decimals,
            price_decimals: market.price_decimals,
            min_quantity: market.min_quantity,
        }
    }
}

#[derive(ComponentType, Lower)]
#[component(record)]
pub(super) struct Setup {
    pub(super) parameters: Vec<(String, i64)>,
    pub(super) markets: Vec<MarketInfo>,
    #[component(name = "bar-seconds")]
    pub(super) bar_seconds: u32,
    pub(super) seed: u64,
    pub(super) saved: Option<Vec<u8>>,
}

/// Milliseconds since 1970; a time of ours is never before.
pub(super) fn millis(at: Timestamp) -> u64 {
    at.as_millis().unsigned_abs()
}

/// What a strategy exports, looked up once per component.
pub(super) struct Indices([wasmtime::component::ComponentExportIndex; 6]);

impl Indices {
    pub(super) fn of(component: &Component) -> Result<Self, LoadError> {
        let of = |name| function_of(component, World::TradingStrategy, name);
        Ok(Self([of("describe")?, of("init")?, of("on-candles")?, of("on-fill")?, of("on-denied")?, of("save")?]))
    }
}

/// The functions of one instance, typed once.
pub(super) struct Functions {
    pub(super) describe: TypedFunc<(), (Description,)>,
    pub(super) init: TypedFunc<(Setup,), (Result<(), String>,)>,
    pub(super) on_candles: TypedFunc<(Batch,), (Vec<Order>,)>,
    pub(super) on_fill: TypedFunc<(Fill,), ()>,
    pub(super) on_denied: TypedFunc<(Denial,), ()>,
    pub(super) save: TypedFunc<(), (Vec<u8>,)>,
}

impl Functions {
    pub(super) fn of(store: &mut impl AsContextMut, instance: &Instance, indices: &Indices) -> wasmtime::Result<Self> {
        let Indices([describe, init, on_candles, on_fill, on_denied, save]) = indices;
        Ok(Self {
            describe: typed(store, instance, describe)?,
            init: typed(store, instance, init)?,
            on_candles: typed(store, instance, on_candles)?,
            on_fill: typed(store, instance, on_fill)?,
            on_denied: typed(store, instance, on_denied)?,
            save: typed(store, instance, save)?,
        })
    }
}

fn typed<P, R>(
    store: &mut impl AsContextMut,
    instance: &Instance,
    index: &wasmtime::component::ComponentExportIndex,
) -> wasmtime::Result<TypedFunc<P, R>>
where
    P: ComponentNamedList + Lower,
    R: ComponentNamedList + Lift,
{
    instance.get_typed_func(store, index)
}
