//! The live stream.

use super::{Policy, Scope};
use crate::auth::Role;

/// Rows of `live`.
pub const ROWS: &[Policy] = &[
    Policy::read("/api/v1/live", Role::Viewer, Scope::Filtered).cost(5),
    Policy::read("/api/v1/ws", Role::Viewer, Scope::Filtered).cost(5),
];
