//! Packs and plugins.

use super::{Policy, Scope};
use crate::auth::Role::{Admin, Operator, Viewer};

const HOST: Scope = Scope::Host;

/// Rows of `v1/{packs,plugins}.rs`.
pub const ROWS: &[Policy] = &[
    Policy::read("/api/v1/packs", Viewer, HOST),
    Policy::write("POST", "/api/v1/packs", Admin, HOST).what("pack.install").upload().cost(20),
    Policy::read("/api/v1/packs/{pack}", Viewer, HOST),
    Policy::write("DELETE", "/api/v1/packs/{pack}", Admin, HOST).what("pack.remove"),
    Policy::write("POST", "/api/v1/packs/{pack}/rollback", Admin, HOST).what("pack.rollback"),
    Policy::read("/api/v1/plugins", Viewer, HOST),
    Policy::read("/api/v1/plugins/{pack}", Viewer, HOST),
    Policy::write("POST", "/api/v1/plugins/{pack}/release", Operator, HOST).what("plugin.release"),
    Policy::read("/api/v1/plugins/{pack}/diff", Viewer, HOST).cost(20),
    Policy::read("/api/v1/plugins/{pack}/swaps", Viewer, HOST),
];
