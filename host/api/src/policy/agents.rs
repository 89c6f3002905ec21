//! The agents' side of `/api/v1`.

use super::{Policy, Scope};
use crate::auth::Role::{Admin, Operator, Viewer};

const AGENT: Scope = Scope::Agent;
const FILTERED: Scope = Scope::Filtered;
const HOST: Scope = Scope::Host;

/// Rows of `v1/{status,agents,words,mood,memory,events,journal,outbox,approvals,budgets,timers,timeline}.rs`.
pub const ROWS: &[Policy] = &[
    Policy::read("/api/v1/status", Viewer, FILTERED),
    Policy::write("POST", "/api/v1/halt", Operator, HOST).what("host.halt"),
    Policy::write("POST", "/api/v1/resume", Operator, HOST).what("host.resume"),
    Policy::read("/api/v1/agents", Viewer, FILTERED),
    Policy::write("POST", "/api/v1/agents", Admin, HOST).what("agent.make").mails(),
    Policy::read("/api/v1/agents/{agent}", Viewer, AGENT),
    Policy::write("PATCH", "/api/v1/agents/{agent}", Operator, AGENT).what("agent.settings"),
    Policy::write("DELETE", "/api/v1/agents/{agent}", Admin, AGENT).what("agent.delete"),
    Policy::write("POST", "/api/v1/agents/{agent}/pause", Operator, AGENT).what("agent.pause"),
    Policy::write("POST", "/api/v1/agents/{agent}/resume", Operator, AGENT).what("agent.resume"),
    Policy::write("POST", "/api/v1/agents/{agent}/restart", Operator, AGENT).what("agent.restart").mails(),
    Policy::write("POST", "/api/v1/agents/{agent}/post", Operator, AGENT).what("agent.post").mails().by_key(),
    Policy::write("POST", "/api/v1/agents/{agent}/reply", Operator, AGENT).what("agent.reply").mails().by_key(),
    Policy::read("/api/v1/agents/{agent}/mood", Viewer, AGENT),
    Policy::write("POST", "/api/v1/agents/{agent}/mood", Operator, AGENT).what("agent.mood").mails().by_key(),
    Policy::read("/api/v1/agents/{agent}/mood/history", Viewer, AGENT),
    Policy::read("/api/v1/agents/{agent}/relationships", Viewer, AGENT),
    Policy::read("/api/v1/agents/{agent}/memory", Viewer, AGENT),
    Policy::write("POST", "/api/v1/agents/{agent}/memory", Operator, AGENT).what("memory.add"),
    Policy::read("/api/v1/agents/{agent}/memory/search", Viewer, AGENT).cost(5),
    Policy::write("DELETE", "/api/v1/agents/{agent}/memory/{memory}", Operator, AGENT).what("memory.delete"),
    Policy::read("/api/v1/agents/{agent}/posts", Viewer, AGENT),
    Policy::read("/api/v1/events", Viewer, FILTERED).cost(5),
    Policy::write("POST", "/api/v1/events", Operator, FILTERED).what("event.send").mails().by_key(),
    Policy::read("/api/v1/events/waiting", Viewer, FILTERED),
    Policy::read("/api/v1/events/dead-letters", Viewer, FILTERED),
    Policy::read("/api/v1/journal", Viewer, FILTERED).cost(5),
    Policy::read("/api/v1/journal/{invocation}", Viewer, FILTERED),
    Policy::write("POST", "/api/v1/journal/{invocation}/replay", Operator, FILTERED).cost(20),
    Policy::read("/api/v1/outbox", Viewer, FILTERED),
    Policy::read("/api/v1/outbox/{effect}", Viewer, FILTERED),
    Policy::write("POST", "/api/v1/outbox/{effect}/retry", Operator, FILTERED).what("outbox.retry"),
    Policy::write("POST", "/api/v1/outbox/{effect}/drop", Operator, FILTERED).what("outbox.drop"),
    Policy::read("/api/v1/approvals", Viewer, FILTERED),
    Policy::read("/api/v1/approvals/{effect}", Viewer, FILTERED),
    Policy::write("POST", "/api/v1/approvals/{effect}", Operator, FILTERED).what("approval.decide"),
    Policy::read("/api/v1/budgets", Viewer, FILTERED),
    Policy::read("/api/v1/timers", Viewer, FILTERED),
    Policy::read("/api/v1/timeline", Viewer, FILTERED),
    Policy::read("/api/v1/timeline/{post}", Viewer, FILTERED),
    Policy::write("POST", "/api/v1/timeline", Operator, FILTERED).what("timeline.say").mails(),
];
