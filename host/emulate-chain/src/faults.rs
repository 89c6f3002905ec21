//! Misbehaviour on command: a plan says which calls meet what. Whether one is met follows from the seed, the operation
//! and how many of its kind came before; not from the clock.

use serde::{Deserialize, Serialize};

use crate::{exchange, rpc, seeded};

/// What goes wrong with a call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Kind {
    /// The connection is closed, and nothing done.
    Closed,
    /// It is done, and the connection closed instead of an answer.
    LostAnswer,
    /// Nothing is done or answered, and the connection stays open.
    Silent,
    /// It is done, and answered so much later.
    Late {
        /// Milliseconds.
        ms: u32,
    },
    /// 429, nothing done.
    RateLimited {
        /// When to come again: so many seconds from now.
        reset_s: u32,
    },
    /// 500, 503, or another of the server's.
    Failed {
        /// Which.
        status: u16,
        /// Whether it was done all the same.
        #[serde(default)]
        done: bool,
    },
    /// JSON-RPC's -32005: the node is behind.
    Unhealthy,
    /// Of `sendTransaction` and `execute`: it is taken, and never lands.
    Dropped,
    /// Of `sendTransaction` and `execute`: it is taken, and lands after so many blocks, if its blockhash is good then.
    Held {
        /// Blocks.
        blocks: u64,
    },
    /// Before it is done, so many blocks pass that no blockhash known until now is good any more.
    Expired,
    /// Of `sendTransaction`: the simulation before it fails, whatever the transaction.
    Preflight,
    /// Of balances, accounts and what a transaction did to them: lamports and tokens are told as so many per cent of what
    /// they are.
    WrongBalance {
        /// Per cent.
        percent: u32,
    },
    /// Of `getLatestBlockhash`: one that is no longer good, said to be.
    StaleBlockhash,
    /// Of `getSignatureStatuses` and `getTransaction`: what has landed is not known.
    UnknownStatus,
}

/// One entry of a plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fault {
    /// What.
    #[serde(flatten)]
    pub kind: Kind,
    /// Only of this operation: a method of JSON-RPC, or `order`, `execute`, `build`.
    #[serde(default)]
    pub operation: Option<String>,
    /// So many of a thousand calls.
    #[serde(default = "always")]
    pub per_mille: u16,
    /// The first so many that it could strike are spared.
    #[serde(default)]
    pub skip: u32,
    /// It strikes so often at most.
    #[serde(default)]
    pub times: Option<u32>,
}

fn always() -> u16 {
    1_000
}

impl From<Kind> for Fault {
    /// Strikes every call that it can.
    fn from(kind: Kind) -> Self {
        Self { kind, operation: None, per_mille: always(), skip: 0, times: None }
    }
}

impl Fault {
    /// Strikes calls of one operation alone.
    pub fn of(operation: &str, kind: Kind) -> Self {
        Self { operation: Some(operation.to_owned()), ..Self::from(kind) }
    }

    /// Strikes once.
    #[must_use]
    pub fn once(self) -> Self {
        Self { times: Some(1), ..self }
    }
}

/// What goes wrong, and the exchange's limit of rate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Plan {
    /// Of chance; that of the emulator where none is given.
    pub seed: Option<u64>,
    /// Requests that a key may make to the exchange in a window.
    pub limit: u32,
    /// Length of the window in seconds.
    pub window_s: u32,
    /// Of several that would strike the first does.
    pub faults: Vec<Fault>,
}

impl Default for Plan {
    /// Nothing goes wrong, and nobody meets the limit.
    fn default() -> Self {
        Self { seed: None, limit: 10_000, window_s: 60, faults: Vec::new() }
    }
}

impl From<Vec<Fault>> for Plan {
    fn from(faults: Vec<Fault>) -> Self {
        Self { faults, ..Self::default() }
    }
}

/// A plan that cannot be followed.
#[derive(Debug, thiserror::Error)]
pub enum PlanError {
    /// It is no plan.
    #[error("this is no plan of faults: {0}")]
    Syntax(#[from] serde_json::Error),
    /// A number is out of range.
    #[error("`{name}` is {value}: {wanted}")]
    Number {
        /// Which.
        name: &'static str,
        /// What it is.
        value: u64,
        /// What it may be.
        wanted: &'static str,
    },
    /// Nothing of that name is emulated.
    #[error("`{0}` is no operation that is emulated")]
    Operation(String),
    /// It could never strike.
    #[error("{fault} cannot happen to `{operation}`")]
    Never {
        /// What.
        fault: String,
        /// To what.
        operation: String,
    },
}

impl Plan {
    /// Reads JSON.
    ///
    /// # Errors
    /// It is no plan, or one that could never strike as it is meant.
    pub fn parse(text: &[u8]) -> Result<Self, PlanError> {
        let plan: Self = serde_json::from_slice(text)?;
        let wrong = |name, value: u64, wanted| Err(PlanError::Number { name, value, wanted });
        if plan.window_s == 0 {
            return wrong("window_s", 0, "a window has a second at least");
        }
        for fault in &plan.faults {
            if fault.per_mille > 1_000 {
                return wrong("per_mille", fault.per_mille.into(), "at most 1000");
            }
            if let Kind::Failed { status, .. } = fault.kind
                && !(500..=599).contains(&status)
            {
                return wrong("status", status.into(), "from 500 to 599");
            }
            if let Some(operation) = &fault.operation {
                if !rpc::METHODS.contains(&operation.as_str()) && !exchange::OPERATIONS.contains(&operation.as_str()) {
                    return Err(PlanError::Operation(operation.clone()));
                }
                if !fault.kind.happens_to(operation) {
                    let fault = format!("{:?}", fault.kind);
                    return Err(PlanError::Never { fault, operation: operation.clone() });
                }
            }
        }
        Ok(plan)
    }
}

impl Kind {
    fn happens_to(&self, operation: &str) -> bool {
        match self {
            Self::Closed | Self::LostAnswer | Self::Silent | Self::Late { .. } => true,
            Self::RateLimited { .. } | Self::Failed { .. } | Self::Expired => true,
            Self::Unhealthy => rpc::METHODS.contains(&operation),
            Self::Dropped | Self::Held { .. } => matches!(operation, "sendTransaction" | "execute"),
            Self::Preflight => operation == "sendTransaction",
            Self::WrongBalance { .. } => matches!(
                operation,
                "getBalance"
                    | "getAccountInfo"
                    | "getMultipleAccounts"
                    | "getTokenAccountsByOwner"
                    | "getTokenAccountBalance"
                    | "getTransaction"
            ),
            Self::StaleBlockhash => operation == "getLatestBlockhash",
            Self::UnknownStatus => matches!(operation, "getSignatureStatuses" | "getTransaction"),
        }
    }
}

/// A plan that is followed.
#[derive(Debug)]
pub(crate) struct Faults {
    seed: u64,
    plan: Plan,
    /// By entry: how many it could have struck, and how many it did.
    met: Vec<(u32, u32)>,
}

impl Faults {
    pub(crate) fn new(plan: Plan, seed: u64) -> Self {
        let met = vec![(0, 0); plan.faults.len()];
        Self { seed: plan.seed.unwrap_or(seed), plan, met }
    }

    pub(crate) fn plan(&self) -> &Plan {
        &self.plan
    }

    /// What strikes this call, the `nth` of its operation.
    pub(crate) fn strike(&mut self, operation: &str, nth: u64) -> Option<Kind> {
        for (place, (fault, (met, struck))) in self.plan.faults.iter().zip(&mut self.met).enumerate() {
            let meant = fault.operation.as_ref().is_none_or(|only| only == operation);
            if !meant || !fault.kind.happens_to(operation) {
                continue;
            }
            *met = met.saturating_add(1);
            let spared = *met <= fault.skip || fault.times.is_some_and(|times| *struck >= times);
            let parts = ["fault", &self.seed.to_string(), &place.to_string(), operation, &nth.to_string()];
            if !spared && seeded::number(&parts) % 1_000 < u64::from(fault.per_mille) {
                *struck += 1;
                return Some(fault.kind.clone());
            }
        }
        None
    }

    /// How often each entry struck.
    pub(crate) fn struck(&self) -> impl Iterator<Item = (&Fault, u32)> {
        self.plan.faults.iter().zip(self.met.iter().map(|(_, struck)| *struck))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

    use super::*;

    #[test]
    fn an_entry_strikes_only_what_it_names_and_can_happen_to_and_so_often() {
        let fault = Fault { skip: 1, times: Some(2), ..Fault::from(Kind::UnknownStatus) };
        let mut faults = Faults::new(vec![fault].into(), 1);
        assert_eq!(faults.strike("getBalance", 0), None);
        let struck: Vec<bool> = (0..5).map(|nth| faults.strike("getTransaction", nth).is_some()).collect();
        assert_eq!(struck, [false, true, true, false, false]);
    }

    #[test]
    fn the_same_seed_strikes_the_same_calls() {
        let struck = |seed| -> Vec<bool> {
            let half = Fault { per_mille: 500, ..Fault::of("order", Kind::Closed) };
            let mut faults = Faults::new(vec![half].into(), seed);
            (0..200).map(|nth| faults.strike("order", nth).is_some()).collect()
        };
        assert_eq!(struck(1), struck(1));
        assert_ne!(struck(1), struck(2));
        let count = struck(1).into_iter().filter(|struck| *struck).count();
        assert!((60..140).contains(&count), "{count} of 200");
    }

    #[test]
    fn plans_are_read_strictly() {
        let text = br#"{"seed": 3, "faults": [{"kind": "held", "blocks": 5, "operation": "sendTransaction"}]}"#;
        let plan = Plan::parse(text).unwrap();
        assert_eq!(plan.faults[0], Fault::of("sendTransaction", Kind::Held { blocks: 5 }));
        for (bad, said) in [
            (r#"{"faults": [{"kind": "failed", "status": 200}]}"#, "`status` is 200"),
            (r#"{"faults": [{"kind": "closed", "per_mille": 1001}]}"#, "`per_mille` is 1001"),
            (r#"{"faults": [{"kind": "closed", "operation": "getWeather"}]}"#, "`getWeather` is no operation"),
            (r#"{"faults": [{"kind": "preflight", "operation": "getBalance"}]}"#, "cannot happen to `getBalance`"),
            (r#"{"faults": [{"kind": "fire"}]}"#, "unknown variant `fire`"),
            (r#"{"fault": []}"#, "unknown field `fault`"),
        ] {
            let told = Plan::parse(bad.as_bytes()).unwrap_err().to_string();
            assert!(told.contains(said), "{told}");
        }
    }
}
