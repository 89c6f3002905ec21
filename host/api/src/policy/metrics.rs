//! What is counted.

use super::{Policy, Scope};
use crate::auth::Role;

/// Rows of `metrics/`. With `[api] open_metrics` the door asks nobody who they are.
pub const ROWS: &[Policy] = &[Policy::read("/metrics", Role::Viewer, Scope::Host)];
