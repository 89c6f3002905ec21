//! The way to a model, above its providers: an endpoint that keeps failing is left alone for a while, agents take turns
//! at it, what is asked again word for word may be answered from before, and where one fails the next is asked.

mod breaker;
mod cache;
mod chain;
mod guarded;
mod queue;

pub use breaker::BreakerRules;
pub use cache::CacheRules;
pub use chain::Link;
pub use guarded::{Guarded, Rules, Teller, Word};

#[cfg(test)]
mod tests;
