//! The routes of the original. Where `[api] legacy_open` is set nobody needs a key for them.

use super::{Policy, Scope};
use crate::auth::Role;

/// Rows of `compat`.
pub const ROWS: &[Policy] = &[
    Policy::read("/api/status", Role::Viewer, Scope::Filtered),
    Policy::read("/api/agents", Role::Viewer, Scope::Filtered),
    Policy::write("POST", "/api/agents", Role::Admin, Scope::Host).what("agent.make").mails(),
    Policy::read("/api/agents/{agent}", Role::Viewer, Scope::Agent),
    Policy::read("/api/agents/{agent}/memory", Role::Viewer, Scope::Agent),
    // It runs the agent's plugin.
    Policy::read("/api/agents/{agent}/context", Role::Viewer, Scope::Agent).cost(10),
    Policy::read("/api/agents/{agent}/relationships", Role::Viewer, Scope::Agent),
    Policy::write("POST", "/api/agents/{agent}/post", Role::Operator, Scope::Agent)
        .what("agent.post")
        .mails()
        .by_key()
        .cost(10),
    Policy::write("POST", "/api/agents/{agent}/reply", Role::Operator, Scope::Agent)
        .what("agent.reply")
        .mails()
        .by_key()
        .cost(10),
    Policy::write("POST", "/api/agents/{agent}/mood", Role::Operator, Scope::Agent).what("agent.mood").mails(),
    Policy::write("POST", "/api/agents/{agent}/memories", Role::Operator, Scope::Agent).what("memory.add"),
    Policy::read("/api/events", Role::Viewer, Scope::Filtered),
    Policy::write("POST", "/api/events", Role::Operator, Scope::Filtered).what("event.send").mails().by_key(),
];
