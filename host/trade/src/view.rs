//! A desk as people and personalities see it: what is owned, what is open, how it stands. Also where none is open, from what
//! the store has.

use puppet_backtest::StrategyId;
use puppet_store::Purse;
use puppet_types::trade::{Market, Order};
use puppet_types::{AgentId, Timestamp};
use puppet_wallet::{Mode, Portfolio, Risk, Rules, State};
use serde::{Deserialize, Serialize};

use crate::keep::{Body, Head, unreadable};
use crate::{DeskError, DeskMode};

/// As of the last time that it was stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeskView {
    /// Its purse.
    pub purse: String,
    /// Whether money is real.
    pub mode: DeskMode,
    /// `devnet`, …
    pub network: String,
    /// Whose it is.
    pub agent: Option<AgentId>,
    /// Who trades by itself.
    pub strategy: Option<StrategyId>,
    /// Every parameter, by name.
    pub parameters: Vec<(String, i64)>,
    /// By number.
    pub markets: Vec<Market>,
    /// Length of a bar.
    pub bar_seconds: u32,
    /// What is admitted at all.
    pub admits: Mode,
    /// Anything but active: since when, by whom, why.
    pub state: Option<State>,
    /// The same, the kill switch of everything aside: how it stands as soon as that is off.
    #[serde(default)]
    pub own_state: Option<State>,
    /// Balances, positions, what was made and paid.
    pub portfolio: Portfolio,
    /// What is open, oldest first.
    pub open_orders: Vec<OpenOrder>,
    /// The latest price by market, and when it was.
    pub prices: Vec<Option<(u64, Timestamp)>>,
    /// When the last bars closed that it was handed.
    pub last_bars: Option<Timestamp>,
    /// How many batches there were.
    pub batches: u64,
    /// How many more the strategy takes as history before it trades; 0 where no desk is open.
    #[serde(default)]
    pub history_left: u64,
    /// How many calls of the strategy ended badly.
    pub faults: u32,
    /// Used by the strategy since this opening.
    pub fuel: u64,
    /// Why it trades no more.
    pub stopped: Option<String>,
}

/// An order that is open.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenOrder {
    /// Its number.
    pub number: u64,
    /// What was wanted.
    pub order: Order,
    /// What is still open of it.
    pub remaining: u64,
    /// It is with the exchange.
    pub is_under_way: bool,
    /// What it waits for there: nobody answers, a person's yes.
    pub waits: Option<String>,
}

/// How a purse stands, from its row alone. None where nothing was traded on it yet.
pub fn purse_view(purse: &Purse) -> Result<Option<DeskView>, DeskError> {
    let body: Body = serde_json::from_value(purse.body.clone()).map_err(|error| unreadable(&purse.name, &error))?;
    let Some(head) = body.desk else { return Ok(None) };
    let risk = risk_of(&purse.name, &head)?;
    let Head { terms, trader, notes, .. } = head;
    let open = |(number, order, remaining, is_under_way): (u64, &Order, u64, bool)| OpenOrder {
        number,
        order: order.clone(),
        remaining,
        is_under_way,
        waits: None,
    };
    Ok(Some(DeskView {
        purse: purse.name.clone(),
        mode: terms.mode,
        network: terms.network,
        agent: None,
        strategy: terms.strategy,
        parameters: terms.parameters,
        markets: terms.markets,
        bar_seconds: terms.bar_seconds,
        admits: risk.mode(),
        state: risk.state().cloned(),
        own_state: notes.own_state(risk.state()),
        portfolio: risk.portfolio(),
        open_orders: trader.open_orders().map(open).collect(),
        prices: notes.prices,
        last_bars: notes.last_bars,
        batches: trader.batches(),
        history_left: 0,
        faults: trader.faults(),
        fuel: 0,
        stopped: None,
    }))
}

/// The books as they are stored; rules are for admitting, and nothing is admitted here.
fn risk_of(purse: &str, head: &Head) -> Result<Risk, DeskError> {
    let markets = head.terms.markets.clone();
    let rules = Rules { quote: markets.first().map(|market| market.quote.mint.clone()), ..Rules::default() };
    Risk::restore(rules, markets, head.books.clone(), []).map_err(|why| unreadable(purse, &why))
}
