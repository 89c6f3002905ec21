//! Another version in the place of one that serves, without an event lost: proven on what was recorded, tried on some,
//! switched, watched, taken back. The order of the stages and what of them is durable is the business of whoever
//! drives a swap; each stage here is whole by itself.

mod canary;
mod health;
mod rules;
mod shadow;
mod switch;

pub use canary::{Verdict, canary, settled};
pub(crate) use health::Watches;
pub use health::{Health, Watch};
pub use rules::{RULES, Rule, SwapRules};
pub(crate) use shadow::offline;
pub use shadow::{Fault, Shadow, Shadowed, cast, shadow, shadow_one};
pub(crate) use switch::state_given_way;
pub use switch::{Candidate, Replaced};
