//! Health, sessions, keys, the audit log.

use super::{Policy, Scope};
use crate::auth::Role;

/// Rows of `health.rs`, `v1/session.rs`, `v1/keys.rs` and `v1/audit.rs`.
pub const ROWS: &[Policy] = &[
    Policy::open("/health"),
    Policy::open("/ready"),
    Policy::read("/api/v1/version", Role::Viewer, Scope::Filtered),
    Policy::entry("POST", "/api/v1/session").what("session.begin").cost(5),
    Policy::entry("POST", "/api/v1/session/refresh"),
    Policy::read("/api/v1/session", Role::Viewer, Scope::Filtered),
    Policy::write("DELETE", "/api/v1/session", Role::Viewer, Scope::Filtered).what("session.end"),
    Policy::read("/api/v1/keys", Role::Admin, Scope::Host),
    Policy::write("POST", "/api/v1/keys", Role::Admin, Scope::Host).what("key.make").cost(5),
    Policy::write("DELETE", "/api/v1/keys/{key}", Role::Admin, Scope::Host).what("key.revoke"),
    Policy::read("/api/v1/audit", Role::Admin, Scope::Host),
];
