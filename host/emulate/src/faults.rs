//! Misbehaviour on command: a plan says which requests meet what. Whether one is met follows from the seed, the account,
//! the operation and how many of that account's came before; not from what others ask meanwhile, nor from the clock.

use puppet_types::ids::derive_u64;
use serde::{Deserialize, Serialize};

use crate::asked::Operation;

/// What goes wrong with a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Kind {
    /// It is done, and the connection closed instead of an answer.
    LostAnswer,
    /// The connection is closed, and nothing done.
    Closed,
    /// 429, nothing done.
    RateLimited {
        /// When the window begins anew: so many seconds from now.
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
    /// It is done, and answered so much later.
    Late {
        /// Milliseconds.
        ms: u32,
    },
    /// 403 for a text that was posted before; nothing done.
    Duplicate,
    /// It is done; of the answer's JSON only the first half comes.
    Truncated,
}

/// One entry of a plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fault {
    /// What.
    #[serde(flatten)]
    pub kind: Kind,
    /// Only of this operation.
    #[serde(default)]
    pub operation: Option<Operation>,
    /// Only of this account.
    #[serde(default)]
    pub account: Option<String>,
    /// So many of a thousand requests.
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
    /// Strikes every request.
    fn from(kind: Kind) -> Self {
        Self { kind, operation: None, account: None, per_mille: always(), skip: 0, times: None }
    }
}

/// What goes wrong, and the limit of rate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Plan {
    /// Of chance; that of the emulator where none is given.
    pub seed: Option<u64>,
    /// Requests of one operation that an account may make in a window.
    pub limit: u32,
    /// Length of the window in seconds.
    pub window_s: u32,
    /// Of several that would strike the first does.
    pub faults: Vec<Fault>,
}

impl Default for Plan {
    /// Nothing goes wrong. The windows are X's; the limit is higher than any of X's, so that load can be tested.
    fn default() -> Self {
        Self { seed: None, limit: 10_000, window_s: 900, faults: Vec::new() }
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
}

impl Plan {
    /// Reads JSON.
    pub fn parse(text: &[u8]) -> Result<Self, PlanError> {
        let plan: Self = serde_json::from_slice(text)?;
        let wrong = |name, value: u64, wanted| Err(PlanError::Number { name, value, wanted });
        if plan.window_s == 0 {
            return wrong("window_s", 0, "a window has a second at least");
        }
        for fault in &plan.faults {
            match fault.kind {
                _ if fault.per_mille > 1_000 => return wrong("per_mille", fault.per_mille.into(), "at most 1000"),
                Kind::Failed { status, .. } if !(500..=599).contains(&status) => {
                    return wrong("status", status.into(), "from 500 to 599");
                }
                _ => {}
            }
        }
        Ok(plan)
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

    /// What strikes this request, which is the account's `nth` of this operation.
    pub(crate) fn strike(&mut self, operation: Operation, account: &str, nth: u64) -> Option<Kind> {
        for (place, (fault, (met, struck))) in self.plan.faults.iter().zip(&mut self.met).enumerate() {
            let meant = fault.operation.is_none_or(|only| only == operation)
                && fault.account.as_ref().is_none_or(|only| only.eq_ignore_ascii_case(account));
            if !meant {
                continue;
            }
            *met = met.saturating_add(1);
            let spared = *met <= fault.skip || fault.times.is_some_and(|times| *struck >= times);
            if !spared && drawn(self.seed, place, operation, account, nth) < u64::from(fault.per_mille) {
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

/// A number below a thousand.
fn drawn(seed: u64, place: usize, operation: Operation, account: &str, nth: u64) -> u64 {
    let parts =
        [seed.to_string(), place.to_string(), format!("{operation:?}"), account.to_ascii_lowercase(), nth.to_string()];
    let parts: Vec<&str> = ["fault"].into_iter().chain(parts.iter().map(String::as_str)).collect();
    derive_u64(&parts) % 1_000
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults(fault: Fault, seed: u64) -> Faults {
        Faults::new(Plan { faults: vec![fault], ..Plan::default() }, seed)
    }

    #[test]
    fn the_same_seed_strikes_the_same_requests_whoever_else_asks() {
        let half = Fault { per_mille: 500, ..Fault::from(Kind::Closed) };
        let struck = |seed, others: bool| -> Vec<bool> {
            let mut faults = faults(half.clone(), seed);
            (0..200)
                .map(|nth| {
                    if others {
                        faults.strike(Operation::Like, "bob", nth);
                    }
                    faults.strike(Operation::CreatePost, "ada", nth).is_some()
                })
                .collect()
        };
        assert_eq!(struck(1, false), struck(1, true));
        assert_ne!(struck(1, false), struck(2, false));
        let count = struck(1, false).into_iter().filter(|struck| *struck).count();
        assert!((60..140).contains(&count), "{count} of 200");
    }

    #[test]
    fn an_entry_strikes_only_what_it_names_and_so_often() {
        let fault = Fault {
            operation: Some(Operation::CreatePost),
            account: Some("Ada".to_owned()),
            skip: 1,
            times: Some(2),
            ..Fault::from(Kind::LostAnswer)
        };
        let mut faults = faults(fault, 1);
        assert_eq!(faults.strike(Operation::Like, "ada", 0), None);
        assert_eq!(faults.strike(Operation::CreatePost, "bob", 0), None);
        let struck: Vec<bool> = (0..5).map(|nth| faults.strike(Operation::CreatePost, "ada", nth).is_some()).collect();
        assert_eq!(struck, [false, true, true, false, false]);
    }

    #[test]
    fn plans_are_read_strictly() {
        let text =
            br#"{"seed": 3, "faults": [{"kind": "failed", "status": 503, "operation": "create-post", "times": 1}]}"#;
        let plan = Plan::parse(text).unwrap();
        assert_eq!((plan.seed, plan.limit), (Some(3), 10_000));
        assert_eq!(plan.faults[0].kind, Kind::Failed { status: 503, done: false });
        for (bad, said) in [
            (r#"{"faults": [{"kind": "failed", "status": 200}]}"#, "`status` is 200"),
            (r#"{"faults": [{"kind": "closed", "per_mille": 1001}]}"#, "`per_mille` is 1001"),
            (r#"{"faults": [{"kind": "fire"}]}"#, "unknown variant `fire`"),
            (r#"{"fault": []}"#, "unknown field `fault`"),
            (r#"{"window_s": 0}"#, "`window_s` is 0"),
        ] {
            let told = Plan::parse(bad.as_bytes()).unwrap_err().to_string();
            assert!(told.contains(said), "{told}");
        }
    }
}
