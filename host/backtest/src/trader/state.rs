//! Everything of a trader that must outlive the process, beside what the risk engine and the strategy keep themselves.

use std::collections::BTreeSet;

use puppet_types::trade::Candle;
use serde::{Deserialize, Serialize};

use super::journal::BatchRecord;
use super::{Begin, Open, Trader};
use crate::account::Account;
use crate::book::Pending;
use crate::strategy::Fault;

/// A trader between two batches. To be stored together with the steps of the risk engine; the strategy's own part is
/// its last save and the records since.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TraderState {
    account: Account,
    waiting: Vec<Pending>,
    open: Vec<Open>,
    names: BTreeSet<String>,
    orders: u64,
    trades: u64,
    faults: u32,
    last: Vec<Option<Candle>>,
    seq: u64,
}

impl<'s> Trader<'s> {
    /// What to store after a batch.
    pub fn state(&self) -> TraderState {
        TraderState {
            account: self.account.clone(),
            waiting: self.book.waiting().to_vec(),
            open: self.open.clone(),
            names: self.names.iter().cloned().collect(),
            orders: self.orders,
            trades: self.trades,
            faults: self.faults,
            last: self.last.clone(),
            seq: self.instance.seq(),
        }
    }

    /// Goes on where another process ended: `begin` holds the strategy's last save and the risk engine as it was
    /// restored, `since` the records after that save. Account and waiting orders are those of the state.
    pub fn resume(begin: Begin<'s>, state: TraderState, since: &[BatchRecord]) -> Result<Self, Fault> {
        let mut trader = Self::begin(begin)?;
        trader.instance.retell(since, state.seq)?;
        trader.account = state.account;
        trader.book.restore(state.waiting);
        trader.names = state.names.into_iter().collect();
        (trader.open, trader.orders, trader.trades) = (state.open, state.orders, state.trades);
        (trader.faults, trader.last) = (state.faults, state.last);
        trader.is_stale = true;
        trader.refresh();
        Ok(trader)
    }
}
