//! The `llm` capability: text from a language model, and vectors for texts. Which model answers, its key and its
//! price are the operator's; a guest names none of them.

mod host;
mod moderation;
pub mod offline;
pub mod openai;
pub mod prices;
mod provider;
mod request;
pub mod route;
mod schema;
mod structured;
#[cfg(test)]
mod testing;
mod tools;

#[doc(hidden)]
pub use host::fuzz;
pub use host::{Carries, View, link};
pub use moderation::Moderator;
pub use offline::Offline;
pub use prices::Price;
pub use provider::{CallContext, Llm, LlmProvider, Terms, Worst};
pub use request::{COMPLETION_TOKENS, Completion, MESSAGES, Message, REQUEST_BYTES, Request, Role, Sampling, Usage};
pub use schema::{PATTERNS, SCHEMA_BYTES, SCHEMA_DEPTH, Schema};
pub use tools::{TOOLS, Tool, ToolCall};
