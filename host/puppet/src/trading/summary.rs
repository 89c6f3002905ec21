//! What a desk of the command line did, told at the end: `puppet.paper/1` and `puppet.trade/1`.

use puppet_backtest::Event;
use puppet_trade::{DeskMode, DeskView, SwapResult};
use puppet_types::{Timestamp, counted};
use serde::Serialize;

use super::owned::Owned;
use crate::{output::Output, trouble::Result, wallets::amounts};

/// How many of each there were since this start.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// Batches of bars, history not counted.
    pub batches: u64,
    /// Proposed, whether admitted or not.
    pub orders: u64,
    /// Carried out, or a part of one.
    pub fills: u64,
    /// Told no.
    pub denials: u64,
    /// Sales that are complete.
    pub trades: u64,
    /// Calls of the strategy that ended badly.
    pub breaches: u64,
    /// Swaps that were carried out.
    pub swaps_done: u64,
    /// Swaps that were not.
    pub swaps_failed: u64,
}

impl Counts {
    /// Something happened.
    pub fn add(&mut self, event: &Event) {
        match event {
            Event::Ordered(_) => self.orders += 1,
            Event::Filled { .. } => self.fills += 1,
            Event::Denied { .. } => self.denials += 1,
            Event::Closed(_) => self.trades += 1,
            Event::Breached(_) => self.breaches += 1,
            Event::Ended { .. } | Event::Cancelled { .. } => {}
        }
    }

    /// A swap ended.
    pub fn swap(&mut self, result: &SwapResult) {
        *(if result.is_done { &mut self.swaps_done } else { &mut self.swaps_failed }) += 1;
    }
}

/// Why a desk trades no more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ended {
    /// Its bars are over.
    Data,
    /// It was told to.
    Stopped,
    /// It cannot go on.
    Failed(String),
}

impl Ended {
    const fn name(&self) -> &'static str {
        match self {
            Self::Data => "data",
            Self::Stopped => "stopped",
            Self::Failed(_) => "failed",
        }
    }
}

#[derive(Serialize)]
struct Strategy<'a> {
    pack: &'a str,
    version: &'a str,
    digest: Option<String>,
    params: serde_json::Map<String, serde_json::Value>,
}

#[derive(Serialize)]
struct Summary<'a> {
    schema: &'static str,
    desk: &'a str,
    purse: &'a str,
    mode: DeskMode,
    network: &'a str,
    strategy: Option<Strategy<'a>>,
    markets: Vec<&'a str>,
    bar_seconds: u32,
    agent: Option<&'a str>,
    ended: &'static str,
    reason: Option<&'a str>,
    last_bars: Option<Timestamp>,
    history_left: u64,
    since_start: Counts,
    state: &'static str,
    open_orders: usize,
    portfolio: Owned<'a>,
}

/// Prints it.
pub fn print(desk: &str, view: &DeskView, counts: Counts, ended: &Ended, out: Output) -> Result<()> {
    let reason = match ended {
        Ended::Failed(reason) => Some(reason.as_str()),
        _ => view.state.as_ref().map(|state| state.reason.as_str()),
    };
    let state = match view.admits {
        puppet_wallet::Mode::Active => "active",
        puppet_wallet::Mode::Reducing => "reducing",
        puppet_wallet::Mode::Halted => "halted",
    };
    if out.json {
        let strategy = view.strategy.as_ref().map(|id| Strategy {
            pack: &id.pack,
            version: &id.version,
            digest: id.digest.map(|digest| digest.to_string()),
            params: view.parameters.iter().map(|(name, value)| (name.clone(), (*value).into())).collect(),
        });
        return out.object(&Summary {
            schema: if view.mode == DeskMode::Paper { "puppet.paper/1" } else { "puppet.trade/1" },
            desk,
            purse: &view.purse,
            mode: view.mode,
            network: &view.network,
            strategy,
            markets: view.markets.iter().map(|market| market.id.as_str()).collect(),
            bar_seconds: view.bar_seconds,
            agent: view.agent.as_ref().map(|agent| agent.as_str()),
            ended: ended.name(),
            reason,
            last_bars: view.last_bars,
            history_left: view.history_left,
            since_start: counts,
            state,
            open_orders: view.open_orders.len(),
            portfolio: Owned::of(view),
        });
    }
    let Counts { batches, orders, fills, denials, trades, .. } = counts;
    out.line(format!(
        "{}: {batches} bars, {orders} orders, {fills} fills, {denials} denials, {trades} trades",
        out.bold(&view.purse)
    ))?;
    let quote = view.markets.first().map(|market| &market.quote);
    if let (Some(quote), Some(equity)) = (quote, view.portfolio.equity) {
        let money = |amount: i128| format!("{} {}", amounts::signed(amount, quote.decimals), quote.symbol);
        let equity = format!("{} {}", amounts::whole(equity.into(), quote.decimals), quote.symbol);
        let (made, fees) = (money(view.portfolio.realised.into()), money(-i128::from(view.portfolio.fees)));
        out.line(format!("worth {equity}; sales made {made}, fees {fees}"))?;
    }
    for (market, held) in view.markets.iter().zip(&view.portfolio.markets) {
        if held.position.quantity > 0 {
            let quantity = amounts::whole(held.position.quantity.into(), market.base.decimals);
            out.line(format!("holds {quantity} {}", market.base.symbol))?;
        }
    }
    if view.history_left > 0 {
        let bars = counted(view.history_left, "more bar", "more bars");
        out.line(format!("it waits for {bars} of history before it trades"))?;
    }
    if state != "active" {
        out.line(format!("{}: {}", out.odd(state), reason.unwrap_or("nobody said why")))?;
    }
    Ok(())
}
