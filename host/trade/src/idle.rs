//! The strategy of a desk without one: it wants nothing.

use std::sync::Arc;

use puppet_backtest::{Answer, Batch, Description, Fault, Setup, Strategies, Strategy, View};
use puppet_types::trade::{Denial, Fill};

/// See the head of this file.
pub(crate) struct Idle;

impl Strategies for Idle {
    fn fresh(&self) -> Result<Box<dyn Strategy + '_>, Fault> {
        Ok(Box::new(Idle))
    }
}

impl Strategy for Idle {
    fn describe(&mut self) -> Result<Description, Fault> {
        Ok(Description { min_markets: 0, max_markets: u32::MAX, ..Description::default() })
    }
    fn init(&mut self, _: &Setup, _: Option<&[u8]>) -> Result<(), Fault> {
        Ok(())
    }
    fn on_candles(&mut self, _: &Batch<'_>, _: &Arc<View>, _: &mut Answer) -> Result<(), Fault> {
        Ok(())
    }
    fn on_fill(&mut self, _: &Fill, _: &Arc<View>) -> Result<(), Fault> {
        Ok(())
    }
    fn on_denied(&mut self, _: &Denial, _: &Arc<View>) -> Result<(), Fault> {
        Ok(())
    }
    fn save(&mut self) -> Result<Vec<u8>, Fault> {
        Ok(Vec::new())
    }
}
