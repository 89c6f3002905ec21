//! Paths, keys and the limit of rate. Parameters that are not emulated are refused, so that nobody believes they were
//! heeded.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use solana_address::Address;

use super::Exchange;
use crate::{
    chain::Chain,
    faults::{Kind, Plan},
};

/// What came over HTTP.
pub(crate) struct Request<'a> {
    pub(crate) operation: &'static str,
    pub(crate) query: BTreeMap<String, String>,
    pub(crate) body: &'a [u8],
    pub(crate) key: Option<String>,
    /// Seconds of the clock.
    pub(crate) now_s: u64,
}

/// A status, JSON and headers.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) body: Value,
    pub(crate) headers: Vec<(&'static str, String)>,
}

impl Reply {
    pub(crate) fn new(status: u16, body: Value) -> Self {
        Self { status, body, headers: Vec::new() }
    }

    /// 429, and when to come again.
    pub(crate) fn too_many(now_s: u64, reset_s: u64) -> Self {
        let headers = vec![
            ("x-ratelimit-remaining", "0".to_owned()),
            ("x-ratelimit-reset", reset_s.to_string()),
            ("retry-after", reset_s.saturating_sub(now_s).to_string()),
        ];
        Self { status: 429, body: json!({ "code": 429, "message": "Rate limit exceeded" }), headers }
    }

    /// The exchange's code, where it answered with an error.
    pub(crate) fn code(&self) -> Option<i64> {
        let code = self.body.get("errorCode").or_else(|| self.body.get("code"));
        code.and_then(Value::as_i64).filter(|code| *code != 0)
    }
}

/// What is wrong with a request, in the words of an answer.
pub(super) type Wrong = String;

/// Answers a request.
pub(crate) fn answer(
    exchange: &mut Exchange,
    chain: &mut Chain,
    request: &Request<'_>,
    plan: &Plan,
    twist: Option<&Kind>,
) -> Reply {
    let Some(key) = request.key.as_deref().filter(|key| !key.is_empty()) else {
        return Reply::new(401, json!({ "code": 401, "message": "Unauthorized" }));
    };
    let standing = exchange.windows.count(key, request.now_s, plan.limit, plan.window_s);
    let mut reply = if standing.remaining < 0 {
        Reply::too_many(request.now_s, standing.reset_s)
    } else {
        let answer = match request.operation {
            "order" => exchange.order(chain, &request.query),
            "build" => exchange.build(chain, &request.query),
            _ => exchange.execute(chain, request.body, twist),
        };
        answer.map_or_else(|wrong| Reply::new(400, json!({ "error": wrong })), |body| Reply::new(200, body))
    };
    reply.headers.retain(|(name, _)| !name.starts_with("x-ratelimit"));
    reply.headers.extend([
        ("x-ratelimit-remaining", standing.remaining.to_string()),
        ("x-ratelimit-current", standing.used.to_string()),
        ("x-ratelimit-reset", standing.reset_s.to_string()),
    ]);
    reply
}

/// The parameters that an order and a build have in common.
pub(super) struct Wanted {
    pub(super) input: Address,
    pub(super) output: Address,
    pub(super) amount: u64,
    pub(super) taker: Option<Address>,
    pub(super) slippage_bps: Option<u16>,
}

/// What both heed.
const PARAMETERS: [&str; 6] = ["inputMint", "outputMint", "amount", "taker", "slippageBps", "swapMode"];

impl Wanted {
    /// `more` is what else is heeded.
    pub(super) fn read(query: &BTreeMap<String, String>, more: &[&str]) -> Result<Self, Wrong> {
        let known = |name: &str| PARAMETERS.contains(&name) || more.contains(&name);
        if let Some(other) = query.keys().find(|name| !known(name)) {
            return Err(format!("`{other}` is not emulated"));
        }
        let text = |name: &str| query.get(name).ok_or_else(|| format!("`{name}` is needed"));
        let address = |name: &str| -> Result<Address, Wrong> {
            text(name)?.parse().map_err(|_| format!("`{name}` is no address"))
        };
        if query.get("swapMode").is_some_and(|mode| mode != "ExactIn") {
            return Err("`swapMode` is ExactIn".to_owned());
        }
        let slippage = query.get("slippageBps").map(|text| text.parse::<u16>().ok().filter(|bps| *bps <= 10_000));
        let wanted = Self {
            input: address("inputMint")?,
            output: address("outputMint")?,
            amount: text("amount")?.parse().map_err(|_| "`amount` is no number of smallest units".to_owned())?,
            taker: query.get("taker").map(|_| address("taker")).transpose()?,
            slippage_bps: slippage.map(|bps| bps.ok_or("`slippageBps` is from 0 to 10000".to_owned())).transpose()?,
        };
        if wanted.amount == 0 {
            return Err("`amount` is above zero".to_owned());
        }
        if wanted.input == wanted.output {
            return Err("`inputMint` and `outputMint` are the same".to_owned());
        }
        Ok(wanted)
    }
}
