//! Rows as `docs/schemas` has them: what `--json` prints and what the API answers are the same.

pub mod effect;
pub mod handled;
pub mod invocation;
