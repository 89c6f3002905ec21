//! Grants, the configuration, what is traded, and the description of it all.

use super::{Policy, Scope};
use crate::auth::Role::{Admin, Operator, Viewer};

const HOST: Scope = Scope::Host;
const AGENT: Scope = Scope::Agent;

/// Rows of `v1/{grants,config,trades,trading}.rs` and of `openapi.rs`.
pub const ROWS: &[Policy] = &[
    Policy::read("/api/v1/grants", Viewer, HOST),
    Policy::read("/api/v1/grants/{pack}", Viewer, HOST),
    Policy::write("POST", "/api/v1/grants/{pack}/approve", Admin, HOST).what("grant.approve"),
    Policy::write("PATCH", "/api/v1/grants/{pack}", Admin, HOST).what("grant.set"),
    Policy::write("DELETE", "/api/v1/grants/{pack}", Admin, HOST).what("grant.revoke"),
    Policy::write("DELETE", "/api/v1/grants/{pack}/{capability}", Admin, HOST).what("grant.revoke"),
    Policy::read("/api/v1/config", Viewer, HOST),
    Policy::write("PATCH", "/api/v1/config", Admin, HOST).what("config.set"),
    Policy::read("/api/v1/trading/wallets", Viewer, HOST),
    Policy::write("POST", "/api/v1/trading/wallets/{wallet}/halt", Operator, HOST).what("wallet.halt"),
    Policy::write("POST", "/api/v1/trading/wallets/{wallet}/resume", Operator, HOST).what("wallet.resume"),
    Policy::read("/api/v1/trading/approvals", Viewer, HOST),
    Policy::write("POST", "/api/v1/trading/approvals/{hash}", Operator, HOST).what("wallet.decide"),
    Policy::write("POST", "/api/v1/agents/{agent}/trade", Operator, AGENT).what("agent.trade").mails().by_key().cost(5),
    Policy::read("/api/v1/agents/{agent}/trade/{trade}", Viewer, AGENT).cost(5),
    Policy::read("/api/v1/agents/{agent}/trading/stats", Viewer, AGENT),
    // It asks the chain.
    Policy::read("/api/v1/agents/{agent}/trading/balance", Viewer, AGENT).cost(5),
    Policy::read("/api/v1/agents/{agent}/trading/transactions", Viewer, AGENT).cost(5),
    Policy::open("/api/v1/openapi.json"),
];
