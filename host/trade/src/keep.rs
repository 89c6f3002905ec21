//! What is stored of a purse, and how: one row with everything to go on from (the head), and a log. Every change is one
//! transaction, guarded by where the log stood: a second writer is found out by its first write.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use puppet_backtest::{BatchRecord, Journal, Saved, StrategyId, TraderState};
use puppet_store::{Purse, PurseEntry, PurseRow, TradeStore};
use puppet_types::Timestamp;
use puppet_types::trade::Market;
use puppet_wallet::{Books, Cause, Mode, State};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::runtime::Handle;

use crate::version::Before;
use crate::{DeskError, DeskMode, Intent, SwapResult, Want};

/// How many rows of steps and batches stay in the log behind the last save: what a replay may look back on.
const KEPT_ROWS: u64 = 20_000;
/// They are dropped when so many more are there.
const PRUNE_EVERY: u64 = 2_000;
/// How many answers to intents are at hand. Older ones are looked up in the log.
const REMEMBERED: usize = 256;
/// Rows of the log that are read at once.
const PAGE: usize = 1_000;

/// The body of a purse's row.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Default)]
#[serde(default)]
pub(crate) struct Body {
    /// None before a desk was opened on it.
    pub desk: Option<Head>,
}

/// Everything to go on from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Head {
    pub terms: Terms,
    /// What the risk engine keeps: all steps so far are in it.
    pub books: Books,
    pub trader: TraderState,
    pub notes: Notes,
}

/// On what terms the desk was opened last.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Terms {
    pub mode: DeskMode,
    pub network: String,
    pub strategy: Option<StrategyId>,
    pub parameters: Vec<(String, i64)>,
    pub markets: Vec<Market>,
    pub bar_seconds: u32,
    pub seed: u64,
    /// What a paper purse began with; of one that is older than this nobody knows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start_balance: Option<u64>,
}

/// What the desk itself has to remember.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub(crate) struct Notes {
    /// Row of the strategy's last save, or of its beginning: batches after it are told again.
    pub since: u64,
    /// That row is a save.
    pub has_save: bool,
    /// When the last bars closed.
    pub last_bars: Option<Timestamp>,
    /// Latest prices, by market.
    pub prices: Vec<Option<(u64, Timestamp)>>,
    /// The order that is with the exchange.
    pub under_way: Option<UnderWay>,
    /// Answers to intents, latest last.
    pub answered: VecDeque<SwapResult>,
    /// Results that nobody has acknowledged.
    pub untold: Vec<SwapResult>,
    /// The kill switch of everything is on.
    pub switched_off: Option<SwitchedOff>,
    /// The version of the strategy that was there before the one that is on trial.
    #[serde(default)]
    pub before: Option<Before>,
}

/// An order that is with the exchange: exactly this is asked for again.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct UnderWay {
    pub number: u64,
    pub want: Want,
    /// Whose wish it is, where it is not the strategy's order.
    pub intent: Option<Intent>,
}

/// The kill switch of everything, as the risk engine was told of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct SwitchedOff {
    pub reason: String,
    /// How it stood before.
    pub before: Option<State>,
}

impl SwitchedOff {
    /// Whether the risk engine stands so because of it, and not because of something that was said since.
    pub(crate) fn is_it(&self, state: &State) -> bool {
        (state.mode, state.cause) == (Mode::Halted, Cause::Operator) && state.reason == self.reason
    }
}

impl Notes {
    /// How a purse stands, the kill switch of everything aside.
    pub(crate) fn own_state(&self, state: Option<&State>) -> Option<State> {
        match &self.switched_off {
            Some(off) if state.is_some_and(|state| off.is_it(state)) => off.before.clone(),
            _ => state.cloned(),
        }
    }
    pub(crate) fn answer_of(&self, id: &str) -> Option<&SwapResult> {
        self.answered.iter().rev().find(|result| result.id == id)
    }
    pub(crate) fn remember(&mut self, result: SwapResult) {
        if self.answered.len() == REMEMBERED {
            self.answered.pop_front();
        }
        self.answered.push_back(result);
    }
}

/// What a strategy was handed and what it saved, until it is stored.
#[derive(Clone, Default)]
pub(crate) struct Papers(Rc<RefCell<Vec<Paper>>>);

enum Paper {
    Batch(Box<BatchRecord>),
    Saved(Saved),
}

impl Journal for Papers {
    fn batch(&mut self, record: BatchRecord) {
        self.0.borrow_mut().push(Paper::Batch(Box::new(record)));
    }
    fn saved(&mut self, saved: Saved) {
        self.0.borrow_mut().push(Paper::Saved(saved));
    }
}

/// A save, and the batches after it.
pub(crate) type Kept = (Option<Vec<u8>>, Vec<BatchRecord>);

/// The purse's row and log.
pub(crate) struct Keep {
    store: Arc<dyn TradeStore>,
    runtime: Handle,
    name: String,
    /// Of the last row.
    seq: u64,
    pruned: u64,
    rows: Vec<PurseRow>,
}

pub(crate) fn failed(error: impl std::fmt::Display) -> DeskError {
    DeskError::Store(error.to_string())
}

impl Keep {
    /// Looks up what there is.
    pub(crate) fn read(
        store: Arc<dyn TradeStore>,
        runtime: Handle,
        name: &str,
    ) -> Result<(Self, Option<Head>), DeskError> {
        let purse = runtime.block_on(store.purse(name)).map_err(failed)?;
        let (seq, body) = match purse {
            Some(Purse { seq, body, .. }) => {
                (seq, serde_json::from_value(body).map_err(|error| unreadable(name, &error))?)
            }
            None => (0, Body::default()),
        };
        let name = name.to_owned();
        Ok((Self { store, runtime, name, seq, pruned: 0, rows: Vec::new() }, body.desk))
    }

    /// What the strategy saved at row `since`, if that is a save, and its batches after it.
    pub(crate) fn memory(&self, since: u64, has_save: bool) -> Result<Kept, DeskError> {
        let wrong = |error: &dyn std::fmt::Display| unreadable(&self.name, error);
        let mut saved = None;
        if has_save {
            let rows = self.page(PurseEntry::Save, since.saturating_sub(1), 1)?;
            let text = rows.first().filter(|row| row.seq == since).and_then(|row| row.body.get("bytes")?.as_str());
            let text = text.ok_or_else(|| wrong(&"the strategy's last save is missing"))?;
            saved = Some(STANDARD.decode(text).map_err(|error| wrong(&error))?);
        }
        let (mut records, mut after) = (Vec::new(), since);
        loop {
            let rows = self.page(PurseEntry::Batch, after, PAGE)?;
            let is_last = rows.len() < PAGE;
            for row in rows {
                after = row.seq;
                records.push(serde_json::from_value(row.body).map_err(|error| wrong(&error))?);
            }
            if is_last {
                return Ok((saved, records));
            }
        }
    }

    /// What the log has of how an intent ended: the event of its swap, or of its denial. The latest rows are looked at first.
    pub(crate) fn old_answer(&self, id: &str) -> Result<Option<Value>, DeskError> {
        let is_it = |body: &Value| match body["event"].as_str() {
            Some("swap") => body["result"]["id"] == id,
            Some("denied") => body["denial"]["client_id"] == id,
            _ => false,
        };
        let mut before = None;
        loop {
            let past = self.store.purse_past(&self.name, &[PurseEntry::Event], before, PAGE);
            let rows = self.runtime.block_on(past).map_err(failed)?;
            before = rows.last().map(|row| row.seq);
            let is_last = rows.len() < PAGE;
            let found = rows.into_iter().map(|row| row.body).find(is_it);
            if found.is_some() || is_last {
                return Ok(found);
            }
        }
    }

    /// Adds how a swap ended.
    pub(crate) fn add_ended(&mut self, at: Timestamp, result: &SwapResult) -> Result<(), DeskError> {
        self.add(PurseEntry::Event, at, &json!({ "event": "swap", "result": result })).map(drop)
    }

    fn page(&self, kind: PurseEntry, after: u64, limit: usize) -> Result<Vec<PurseRow>, DeskError> {
        self.runtime.block_on(self.store.purse_log(&self.name, &[kind], after, limit)).map_err(failed)
    }

    /// Adds a row to the next write.
    pub(crate) fn add(&mut self, kind: PurseEntry, at: Timestamp, body: &impl Serialize) -> Result<u64, DeskError> {
        let body = serde_json::to_value(body).map_err(failed)?;
        let seq = self.seq + 1 + self.rows.len() as u64;
        self.rows.push(PurseRow { seq, kind, at, body });
        Ok(seq)
    }

    /// Adds what the strategy was handed and saved; answers the row of a save.
    pub(crate) fn add_papers(&mut self, papers: &Papers, at: Timestamp) -> Result<Option<u64>, DeskError> {
        let mut save = None;
        for paper in std::mem::take(&mut *papers.0.borrow_mut()) {
            match paper {
                Paper::Batch(record) => {
                    self.add(PurseEntry::Batch, record.at, &record)?;
                }
                Paper::Saved(Saved { after, bytes }) => {
                    let body = json!({ "after": after, "bytes": STANDARD.encode(bytes) });
                    save = Some(self.add(PurseEntry::Save, at, &body)?);
                }
            }
        }
        Ok(save)
    }

    /// The next row's number.
    pub(crate) fn next(&self) -> u64 {
        self.seq + 1 + self.rows.len() as u64
    }

    /// Writes the head and the rows since the last write, as one.
    pub(crate) fn write(&mut self, at: Timestamp, head: Head) -> Result<(), DeskError> {
        // What the version before would be told again stays as long as there is a way back to it.
        let before = head.notes.before.as_ref().map_or(u64::MAX, |before| before.since);
        let since = head.notes.since.min(before);
        let rows = std::mem::take(&mut self.rows);
        let seq = rows.last().map_or(self.seq, |row| row.seq);
        let body = Body { desk: Some(head) };
        let body: Value = serde_json::to_value(body).map_err(failed)?;
        let purse = Purse { name: self.name.clone(), seq, at, body };
        let is_ours = self.runtime.block_on(self.store.write_purse(purse, self.seq, rows)).map_err(failed)?;
        if !is_ours {
            return Err(DeskError::Taken(self.name.clone()));
        }
        self.seq = seq;
        self.prune(since)
    }

    /// Steps are in the head, batches before a save are in the save: old ones are dropped.
    fn prune(&mut self, since: u64) -> Result<(), DeskError> {
        let up_to = since.saturating_sub(KEPT_ROWS);
        if up_to < self.pruned + PRUNE_EVERY {
            return Ok(());
        }
        const OLD: &[PurseEntry] = &[PurseEntry::Step, PurseEntry::Batch, PurseEntry::Save];
        self.runtime.block_on(self.store.prune_purse(&self.name, OLD, up_to)).map_err(failed)?;
        self.pruned = up_to;
        Ok(())
    }
}

pub(crate) fn unreadable(purse: &str, why: &dyn std::fmt::Display) -> DeskError {
    DeskError::Purse { purse: purse.to_owned(), why: why.to_string() }
}
