//! The plan of what goes wrong: what a person writes in a file, or posts while the emulator runs.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Problem;
use crate::{llm::Manner, operation::Operation};

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
    /// It is done; of the answer only the first half comes, as if that were all.
    Truncated,
    /// It is done; of the answer the first half comes, and then the connection is closed.
    CutShort,
    /// It is done; of the answer's JSON the first half comes, or so many events of a stream, and then nothing more.
    Stall {
        /// Events of a stream.
        #[serde(default = "one")]
        after: u32,
    },
    /// It is done, and the answer called HTML.
    WrongType,
    /// It is done, and answered with bytes that are neither JSON nor text.
    Garbage,
    /// Whoever asks is sent elsewhere; nothing done.
    Redirect {
        /// 301, 302, 303, 307 or 308.
        #[serde(default = "found")]
        status: u16,
        /// An address; a path of the emulator where nothing is, where none is given.
        #[serde(default)]
        to: Option<String>,
    },
    /// One of the refusals that the service knows, by its name; nothing done.
    Refused {
        /// Which.
        with: Problem,
    },
    /// Answered so; nothing done.
    Answered {
        /// 200 to 599.
        status: u16,
        /// JSON.
        body: Value,
        /// Beside it.
        #[serde(default)]
        headers: BTreeMap<String, String>,
    },
    /// The model writes this instead.
    Says {
        /// The whole text.
        text: String,
    },
    /// The model answers without its usage: `usage` is null.
    NoUsage,
    /// An error comes in the stream of the model, whose status was 200.
    ErrorInStream {
        /// After so many events.
        #[serde(default = "one")]
        after: u32,
    },
}

fn one() -> u32 {
    1
}

fn found() -> u16 {
    302
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
    /// The same for single operations, where they differ.
    pub limits: BTreeMap<Operation, u32>,
    /// What an account may ask of single operations in a day, which X counts beside the window.
    pub day_limits: BTreeMap<Operation, u32>,
    /// Length of the window in seconds.
    pub window_s: u32,
    /// Whether the plan of the apps has streams.
    pub streams: bool,
    /// Whether it lets a stream begin in the past.
    pub backfill: bool,
    /// How many rules an app may have.
    pub rules: u32,
    /// An empty line is sent over a stream when nothing came for so long.
    pub keep_alive_ms: u32,
    /// So often an upload is asked about until it is processed.
    pub media_checks: u32,
    /// Whether processing an upload fails.
    pub media_fails: bool,
    /// Whether X's rules for the plan `self-serve` are kept: no quotes and likes, answers to those only who named the account or are
    /// in its own thread.
    pub self_serve: bool,
    /// An access token of OAuth 2 is good for so many seconds.
    pub access_token_s: u32,
    /// Between the events of a model's stream.
    pub chunk_ms: u32,
    /// Whose words a model's refusals are in, whatever its name.
    pub manner: Option<Manner>,
    /// Of several that would strike the first does.
    pub faults: Vec<Fault>,
}

impl Default for Plan {
    /// Nothing goes wrong. The windows are X's; the limit is higher than any of X's, so that load can be tested.
    fn default() -> Self {
        Self {
            seed: None,
            limit: 10_000,
            limits: BTreeMap::new(),
            day_limits: BTreeMap::new(),
            window_s: 900,
            streams: true,
            backfill: false,
            rules: 1_000,
            keep_alive_ms: 20_000,
            media_checks: 0,
            media_fails: false,
            self_serve: false,
            access_token_s: 7_200,
            chunk_ms: 0,
            manner: None,
            faults: Vec::new(),
        }
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
        // Windows are told apart by their length.
        if plan.window_s >= 86_400 {
            return wrong("window_s", plan.window_s.into(), "a window is shorter than a day");
        }
        if plan.window_s == 0 {
            return wrong("window_s", 0, "a window has a second at least");
        }
        if plan.keep_alive_ms == 0 {
            return wrong("keep_alive_ms", 0, "a stream is quiet for a millisecond at least");
        }
        for fault in &plan.faults {
            match fault.kind {
                _ if fault.per_mille > 1_000 => return wrong("per_mille", fault.per_mille.into(), "at most 1000"),
                Kind::Failed { status, .. } if !(500..=599).contains(&status) => {
                    return wrong("status", status.into(), "from 500 to 599");
                }
                Kind::Redirect { status, .. } if ![301, 302, 303, 307, 308].contains(&status) => {
                    return wrong("status", status.into(), "301, 302, 303, 307 or 308");
                }
                Kind::Answered { status, .. } if !(200..=599).contains(&status) => {
                    return wrong("status", status.into(), "from 200 to 599");
                }
                _ => {}
            }
        }
        Ok(plan)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
            (r#"{"faults": [{"kind": "refused", "with": "fire"}]}"#, "unknown variant `fire`"),
            (r#"{"faults": [{"kind": "redirect", "status": 200}]}"#, "`status` is 200"),
            (r#"{"faults": [{"kind": "answered", "status": 100, "body": {}}]}"#, "`status` is 100"),
            (r#"{"fault": []}"#, "unknown field `fault`"),
            (r#"{"window_s": 0}"#, "`window_s` is 0"),
            (r#"{"window_s": 86400}"#, "`window_s` is 86400"),
        ] {
            let told = Plan::parse(bad.as_bytes()).unwrap_err().to_string();
            assert!(told.contains(said), "{told}");
        }
    }
}
