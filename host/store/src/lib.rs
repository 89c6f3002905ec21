//! What is durable: one trait per kind of row, one [`Store`] that is all of them, and the commit that ties
//! them together. SQLite is the embedded default. Policy is elsewhere: the store keeps and finds.

mod agents;
mod api;
mod billed;
mod budgets;
mod commit;
#[cfg(any(test, feature = "conformance"))]
#[doc(hidden)]
pub mod conformance;
mod copy;
mod documents;
mod error;
mod events;
mod halt;
mod heard;
mod journal;
mod lock;
mod memories;
mod outbox;
mod past;
mod posts;
mod retention;
mod rows;
pub mod sqlite;
mod state;
mod strikes;
mod timers;
mod trading;

pub use agents::{AgentRow, AgentStore, MoodEntry, Relationship};
pub use api::{ApiAnswer, ApiChange, ApiChanges, ApiKey, ApiQuestion, ApiSession, ApiStore, Renewed};
pub use billed::{BILLED_DAYS, BillStore, Billed};
pub use budgets::{BudgetStore, with_open};
pub use commit::{Change, Commit, CommitStore, Committed, EventEnd, KeepOrder};
pub use copy::{Copied, CopyError, Progress, copy};
pub use documents::{Document, DocumentStore};
pub use error::{DiskFault, Result, StoreError};
pub use events::{DeadLetter, EventStore, Waiting};
pub use halt::{Halt, HaltStore};
pub use heard::{Heard, HeardStore};
pub use journal::{Fate, Filter, Forgetting, JournalEntry, JournalStore, whose};
pub use lock::HostLock;
pub use memories::{LateVector, MemorySize, MemoryStore, TextHit, Vector, VectorStore};
pub use outbox::{Doubt, Effect, EffectBody, EffectEnd, EffectPage, EffectState, OutboxStore};
pub use past::{PastEvent, PastStore};
pub use posts::{Post, PostStore};
pub use retention::{Cut, Keep, Old, OldRecord, Pruned, RECORD_BYTES, RetentionStore};
pub use rows::{Cell, Row, RowStore, TABLES, Table};
pub use sqlite::{Durability, Options, SqliteStore, try_disk};
pub use state::{KEPT_STATES, KeptState, StateBlob, StateRow, StateStore};
pub use strikes::{StrikeStore, StrikesRow};
pub use timers::{Timer, TimerStore};
pub use trading::{CandleSeries, Purse, PurseEntry, PurseRow, SwapApproval, SwapRow, TradeStore};

/// Everything a host keeps.
pub trait Store:
    EventStore
    + JournalStore
    + DocumentStore
    + OutboxStore
    + TimerStore
    + AgentStore
    + MemoryStore
    + VectorStore
    + PostStore
    + BudgetStore
    + StrikeStore
    + HaltStore
    + PastStore
    + HeardStore
    + BillStore
    + CommitStore
    + RetentionStore
    + RowStore
    + TradeStore
    + ApiStore
    + Send
    + Sync
    + 'static
{
}

impl<
    T: EventStore
        + JournalStore
        + DocumentStore
        + OutboxStore
        + TimerStore
        + AgentStore
        + MemoryStore
        + VectorStore
        + PostStore
        + BudgetStore
        + StrikeStore
        + HaltStore
        + PastStore
        + HeardStore
        + BillStore
        + CommitStore
        + RetentionStore
        + RowStore
        + TradeStore
        + ApiStore
        + Send
        + Sync
        + 'static,
> Store for T
{
}

#[cfg(test)]
mod tests;
