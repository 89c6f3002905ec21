//! What must always hold (docs/architecture.md), each rule with tests that fail when it is broken: hosts on virtual
//! time with guests written for the purpose. Rule 3 and replays of whole weeks need the program: they are in `/tests`.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, reason = "tests")]

mod approvals;
mod budgets;
mod contract;
mod counted;
mod denied;
mod ended;
mod endpoint;
mod failed;
mod fair;
mod faults;
#[allow(dead_code, reason = "shared with tests/hostile")]
mod guest;
mod halted;
mod heard;
mod kept;
mod limits;
mod live;
mod migrated;
mod moderated;
mod moments;
mod outbox;
mod outbox_doubts;
mod outbox_held;
mod outbox_pace;
mod outbox_threads;
mod outbox_words;
mod paused;
mod platform;
mod posting_rules;
mod previewed;
mod providers;
mod redacted;
mod replayed;
mod scene;
mod shifted;
mod skew;
mod stopped;
mod stored;
mod swapped;
mod threats;
mod till;
mod timers;
mod trades;
mod usage;
mod vectors;
