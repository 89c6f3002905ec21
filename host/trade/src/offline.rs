//! A purse while no desk is open on it: how it stands, and what an operator may say of it. A desk that is open all the same
//! finds out by its next write, and stops.

use puppet_store::{Purse, PurseEntry, PurseRow, TradeStore};
use puppet_types::Timestamp;
use puppet_wallet::{Risk, Rules};
use serde_json::{Value, json};

use crate::DeskError;
use crate::keep::{Body, Head, failed, unreadable};
use crate::view::{DeskView, OpenOrder};

/// What an operator says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PurseWord {
    /// Nothing is admitted, for this reason.
    Halt(String),
    /// Exits only, for this reason.
    Reduce(String),
    /// Active again; drawdown is counted from here.
    Resume,
}

impl PurseWord {
    /// As the log has it.
    pub(crate) fn row(&self) -> Value {
        match self {
            Self::Halt(reason) => json!({ "word": "halt", "reason": reason }),
            Self::Reduce(reason) => json!({ "word": "reduce", "reason": reason }),
            Self::Resume => json!({ "word": "resume" }),
        }
    }
    /// What it does.
    pub(crate) fn apply(&self, risk: &mut Risk, at: Timestamp) {
        match self {
            Self::Halt(reason) => risk.set_halt(at, reason),
            Self::Reduce(reason) => risk.set_reducing(at, reason),
            Self::Resume => risk.resume(at),
        }
    }
}

/// Whether somebody said that this purse is real money (`--i-understand`).
pub async fn is_understood(store: &dyn TradeStore, purse: &str) -> Result<bool, DeskError> {
    Ok(body_of(store, purse).await?.1.understood.is_some())
}

/// Says so, once for ever.
pub async fn understand(store: &dyn TradeStore, purse: &str, at: Timestamp) -> Result<(), DeskError> {
    let (seq, body) = body_of(store, purse).await?;
    if body.understood.is_some() {
        return Ok(());
    }
    let body = Body { understood: Some(at), ..body };
    write(store, purse, (seq, at), body, vec![(PurseEntry::Word, json!({ "word": "understood" }))]).await
}

/// Says something of a purse that was traded on.
pub async fn say(store: &dyn TradeStore, purse: &str, at: Timestamp, word: PurseWord) -> Result<(), DeskError> {
    let (seq, body) = body_of(store, purse).await?;
    let Some(mut head) = body.desk else { return Err(unreadable(purse, &"nothing was traded on it yet")) };
    let mut risk = risk_of(purse, &head)?;
    word.apply(&mut risk, at);
    if word == PurseWord::Resume {
        head.notes.switched_off = None;
    }
    let mut rows = vec![(PurseEntry::Word, word.row())];
    for step in risk.take_steps() {
        rows.push((PurseEntry::Step, serde_json::to_value(step).map_err(failed)?));
    }
    head.books = risk.snapshot().clone();
    write(store, purse, (seq, at), Body { desk: Some(head), ..body }, rows).await
}

/// How a purse stands, from its row alone. None where nothing was traded on it yet.
pub fn purse_view(purse: &Purse) -> Result<Option<DeskView>, DeskError> {
    let body: Body = serde_json::from_value(purse.body.clone()).map_err(|error| unreadable(&purse.name, &error))?;
    let Some(head) = body.desk else { return Ok(None) };
    let risk = risk_of(&purse.name, &head)?;
    let Head { terms, trader, notes, .. } = head;
    let open = |(number, order, remaining, is_under_way): (u64, &puppet_types::trade::Order, u64, bool)| OpenOrder {
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

async fn body_of(store: &dyn TradeStore, purse: &str) -> Result<(u64, Body), DeskError> {
    match store.purse(purse).await.map_err(failed)? {
        Some(row) => Ok((row.seq, serde_json::from_value(row.body).map_err(|error| unreadable(purse, &error))?)),
        None => Ok((0, Body::default())),
    }
}

async fn write(
    store: &dyn TradeStore,
    purse: &str,
    (after, at): (u64, Timestamp),
    body: Body,
    rows: Vec<(PurseEntry, Value)>,
) -> Result<(), DeskError> {
    let rows: Vec<_> = (after + 1..).zip(rows).map(|(seq, (kind, body))| PurseRow { seq, kind, at, body }).collect();
    let seq = rows.last().map_or(after, |row| row.seq);
    let body = serde_json::to_value(body).map_err(failed)?;
    match store.write_purse(Purse { name: purse.to_owned(), seq, at, body }, after, rows).await.map_err(failed)? {
        true => Ok(()),
        false => Err(DeskError::Taken(purse.to_owned())),
    }
}
