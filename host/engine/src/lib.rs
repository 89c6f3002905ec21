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
mod embedder;
mod embedding;
#[doc(hidden)]
pub mod fuzz;
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
mod plugin;
mod preview;
mod ready;
mod redaction;
mod remembered;
mod replay;
pub mod report;
pub mod retention;
pub mod simulation;
mod strikes;
pub mod swap;
mod timers;
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
pub use embedder::LlmEmbedder;
pub use happening::Happening;
pub use hearing::{Ears, heard_id};
pub use host::{Casting, Host, HostParts, Submitted};
pub use live::Live;
pub use mailbox::{MAILBOX, Mailbox, Overflow};
pub use outbox::{
    DROPPED, OUTBOX_RULES, OutboxError, OutboxRule, OutboxRules, Word, delivery_event, speak, swap_event,
};
pub use plugin::{Plugin, agree};
pub use preview::{Recorded, preview};
pub use redaction::{PathError, REDACTED, Redaction};
pub use remembered::Remembered;
pub use replay::{Divergence, ReplayError, Replayed, replay, replay_as, unreplayable};
pub use strikes::{forgiven, strikes_of};
pub use versions::{Plugins, Trial};
