//! What [`trading_strategy!`](crate::trading_strategy) exports: the one instance of a component, and the calls of it.

use std::cell::RefCell;

use super::{Denial, Fill, TradingStrategy};
use crate::bindings::strategy::{exports::puppet::trading::strategy as wit, puppet::trading::types};

/// Makes a trading-strategy component of a type that implements [`TradingStrategy`](crate::trading::TradingStrategy).
#[macro_export]
macro_rules! trading_strategy {
    ($strategy:ty) => {
        #[cfg(target_family = "wasm")]
        #[allow(unsafe_code)]
        const _: () = {
            use $crate::{
                bindings::strategy::{
                    exports::puppet::trading::strategy::{Description, Guest, Setup},
                    puppet::trading::types::{Batch, Denial, Fill, Order},
                },
                trading::Cell,
            };
            ::std::thread_local! {
                static CELL: Cell<$strategy> = const { Cell::empty() };
            }
            struct Exported;
            impl Guest for Exported {
                fn describe() -> Description {
                    $crate::trading::describe::<$strategy>()
                }
                fn init(setup: Setup) -> Result<(), String> {
                    CELL.with(|cell| $crate::trading::init(cell, setup))
                }
                fn on_candles(batch: Batch) -> Vec<Order> {
                    CELL.with(|cell| $crate::trading::on_candles(cell, batch))
                }
                fn on_fill(fill: Fill) {
                    CELL.with(|cell| $crate::trading::on_fill(cell, fill))
                }
                fn on_denied(denial: Denial) {
                    CELL.with(|cell| $crate::trading::on_denied(cell, denial))
                }
                fn save() -> Vec<u8> {
                    CELL.with(|cell| $crate::trading::save(cell))
                }
            }
    $crate::bindings::strategy::export_strategy!(Exported with_types_in $crate::bindings::strategy);
        };
    };
}

/// The strategy of a component, from `init` on.
#[doc(hidden)]
pub struct Cell<S>(RefCell<Option<S>>);

impl<S> Cell<S> {
    /// Before `init`.
    pub const fn empty() -> Self {
        Self(RefCell::new(None))
    }

    /// The host calls `init` first, and nothing calls back into a guest: whoever breaks this is stopped.
    fn with<R>(&self, ask: impl FnOnce(&mut S) -> R) -> R {
        match &mut *self.0.borrow_mut() {
            Some(strategy) => ask(strategy),
            None => panic!("`init` comes first"),
        }
    }
}

#[doc(hidden)]
pub fn describe<S: TradingStrategy>() -> wit::Description {
    S::describe().into()
}

#[doc(hidden)]
pub fn init<S: TradingStrategy>(cell: &Cell<S>, setup: wit::Setup) -> Result<(), String> {
    let strategy = S::init(setup.into())?;
    *cell.0.borrow_mut() = Some(strategy);
    Ok(())
}

#[doc(hidden)]
pub fn on_candles<S: TradingStrategy>(cell: &Cell<S>, batch: types::Batch) -> Vec<types::Order> {
    cell.with(|strategy| strategy.on_candles(&batch)).into_iter().map(types::Order::from).collect()
}

#[doc(hidden)]
pub fn on_fill<S: TradingStrategy>(cell: &Cell<S>, fill: Fill) {
    cell.with(|strategy| strategy.on_fill(&fill));
}

#[doc(hidden)]
pub fn on_denied<S: TradingStrategy>(cell: &Cell<S>, denial: Denial) {
    cell.with(|strategy| strategy.on_denied(&denial));
}

#[doc(hidden)]
pub fn save<S: TradingStrategy>(cell: &Cell<S>) -> Vec<u8> {
    cell.with(|strategy| strategy.save())
}
