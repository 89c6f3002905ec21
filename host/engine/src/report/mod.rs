//! What a simulated stretch of life came to: `puppet.simulate/1` (SCHEMAS) and a timeline to read. Everything
//! is taken from the journal and the rows after the run; nothing here depends on wall time, paths or digests of
//! components.

mod build;
mod platform;
mod rows;
mod timeline;

pub use build::{AgentFact, Facts, Input, PluginFact, budget_row, build, build_json, quantile};
pub use platform::refused_by_platform;
pub use rows::{AgentReport, Cause, Counts, MoodPoint, Personality, PostRow, Report, Totals};
pub use timeline::timeline;
