//! What a strategy may call: its portfolio and its log, both answered from the store's own data. Nothing here waits.

use puppet_types::{LogLine, trade};
use wasmtime::{
    Engine, StoreContextMut,
    component::{Component, ComponentType, Lift, Linker, Lower},
};

use crate::{Carrier, Room, wasi};

/// What the strategy owns, as of the bar that it was last given; by market, in the run's order. Whoever runs it keeps it
/// true before each call.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Portfolio {
    /// What is held.
    pub positions: Vec<trade::Position>,
    /// What is free of the quote token, in its smallest unit.
    pub cash: Vec<u64>,
    /// Client ids of orders that are open.
    pub open_orders: Vec<String>,
}

/// The data of a strategy's store.
#[derive(Default)]
pub(super) struct Inside {
    pub(super) room: Room,
    pub(super) portfolio: Portfolio,
}

impl Carrier for Inside {
    fn room(&mut self) -> &mut Room {
        &mut self.room
    }
}

#[derive(ComponentType, Lower)]
#[component(record)]
struct Position {
    quantity: u64,
    #[component(name = "entry-price")]
    entry_price: u64,
}

#[derive(Clone, Copy, ComponentType, Lift)]
#[component(enum)]
#[repr(u8)]
#[allow(dead_code, reason = "made of what the guest says")]
enum Level {
    #[component(name = "debug")]
    Debug,
    #[component(name = "info")]
    Info,
    #[component(name = "warn")]
    Warn,
    #[component(name = "error")]
    Error,
}

const PORTFOLIO: &str = "puppet:trading/portfolio@0.1.0";

/// Links all that the world may import, as far as the component imports it.
pub(super) fn link(linker: &mut Linker<Inside>, engine: &Engine, component: &Component) -> wasmtime::Result<()> {
    wasi::link(linker, engine, component)?;
    let mut portfolio = linker.instance(PORTFOLIO)?;
    portfolio.func_wrap("position-in", |mut store: StoreContextMut<'_, Inside>, (market,): (u32,)| {
        let inside = admitted(&mut store, "position-in")?;
        let trade::Position { quantity, entry_price } =
            inside.portfolio.positions.get(market as usize).copied().unwrap_or_default();
        Ok((Position { quantity, entry_price },))
    })?;
    portfolio.func_wrap("cash", |mut store: StoreContextMut<'_, Inside>, (market,): (u32,)| {
        let inside = admitted(&mut store, "cash")?;
        Ok((inside.portfolio.cash.get(market as usize).copied().unwrap_or(0),))
    })?;
    portfolio.func_wrap("open-orders", |mut store: StoreContextMut<'_, Inside>, ()| {
        let inside = admitted(&mut store, "open-orders")?;
        Ok((inside.portfolio.open_orders.clone(),))
    })?;
    linker.instance("puppet:log/log@0.2.0")?.func_wrap(
        "log",
        |store: StoreContextMut<'_, Inside>, (level, message, fields): (Level, String, Vec<(String, String)>)| {
            log(store, level, message, fields)
        },
    )?;
    linker
        .instance("puppet:log/log@0.1.0")?
        .func_wrap("log", |store: StoreContextMut<'_, Inside>, (level, message): (Level, String)| {
            log(store, level, message, Vec::new())
        })
}

/// Counted with the calls of WASI: fuel does not measure what the host does.
fn admitted<'a>(store: &'a mut StoreContextMut<'_, Inside>, name: &str) -> wasmtime::Result<&'a mut Inside> {
    let inside = store.data_mut();
    inside.room.admit(name)?;
    Ok(inside)
}

fn log(
    mut store: StoreContextMut<'_, Inside>,
    level: Level,
    message: String,
    fields: Vec<(String, String)>,
) -> wasmtime::Result<()> {
    let level = match level {
        Level::Debug => "debug",
        Level::Info => "info",
        Level::Warn => "warn",
        Level::Error => "error",
    };
    let line = LogLine { level: level.to_owned(), message, fields };
    admitted(&mut store, "log")?.room.output.line(line);
    Ok(())
}
