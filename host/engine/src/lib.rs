//! The way of an event (docs/architecture.md): mailbox → sandbox → commit → outbox. Clocks and the two drivers, live and
//! simulation, are here; providers, rows and limits are not.

mod actor;
mod agenda;
mod agents;
mod approvals;
mod backlog;
mod behind;
mod books;
pub mod budgets;
mod call;
mod changes;
mod circumstances;
mod clock;
mod disk;
mod doing;
mod embedder;
mod embedding;
mod ended;
#[doc(hidden)]
pub mod fuzz;
mod gauges;
mod halt;
mod handle;
mod happening;
mod hearing;
mod host;
mod invocation;
mod live;
mod mailbox;
mod migration;
mod outbox;
mod pause;
mod plugin;
mod preview;
mod ready;
mod redaction;
mod remembered;
mod replay;
pub mod report;
pub mod retention;
mod shift;
pub mod simulation;
mod strikes;
pub mod swap;
pub mod tally;
mod timers;
pub mod trace;
mod turned_away;
mod turns;
mod versions;

pub use actor::Actor;
pub use agents::Agents;
pub use approvals::{Spoken, Verdict, VerdictError, decide};
pub use books::StoreBooks;
pub use call::HeldProviders;
pub use circumstances::{Addressee, Circumstances, Kept, Measures, Missing, Whole};
pub use clock::{Clock, ScaledClock, SystemClock, VirtualClock};
pub use disk::Disk;
pub use doing::Doing;
pub use embedder::LlmEmbedder;
pub use ended::Ended;
pub use gauges::Gauges;
pub use happening::Happening;
pub use hearing::{Ears, heard_id};
pub use host::{Casting, Host, HostParts, Submitted};
pub use invocation::invocation_of;
pub use live::Live;
pub use mailbox::{MAILBOX, Mailbox, Overflow};
pub use outbox::{
    DROPPED, HeldAccount, NOT_KNOWN, OUTBOX_RULES, OutboxError, OutboxRule, OutboxRules, WOULD_BE_REFUSED, Word,
    delivery_event, held_accounts, quiet_until, speak, swap_event,
};
pub use pause::paused_row;
pub use plugin::{Plugin, agree};
pub use preview::{Recorded, preview, preview_offline};
pub use redaction::{PathError, REDACTED, Redaction};
pub use remembered::Remembered;
pub use replay::{Divergence, ReplayError, Replayed, replay, replay_as, unreplayable};
pub use shift::{HOST_MOOD, ShiftError, shift_event};
pub use strikes::{forgiven, strikes_of};
pub use versions::{Plugins, Trial};
