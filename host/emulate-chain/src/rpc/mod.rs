//! Solana's JSON-RPC, as far as a client of the stock library asks for it. What is not emulated is refused by its name,
//! so that nobody believes it was heeded.

mod accounts;
mod cluster;
mod error;
mod params;
mod transactions;
mod zstd;

use serde::Deserialize;
use serde_json::{Value, json};

use crate::{chain::Chain, faults::Kind};
pub(crate) use error::RpcError;
pub(crate) use params::Params;

type Answer = Result<Value, RpcError>;

/// What is answered.
pub(crate) const METHODS: [&str; 22] = [
    "getAccountInfo",
    "getBalance",
    "getBlockHeight",
    "getEpochInfo",
    "getFeeForMessage",
    "getGenesisHash",
    "getHealth",
    "getLatestBlockhash",
    "getMinimumBalanceForRentExemption",
    "getMultipleAccounts",
    "getRecentPrioritizationFees",
    "getSignatureStatuses",
    "getSlot",
    "getTokenAccountBalance",
    "getTokenAccountsByOwner",
    "getTokenSupply",
    "getTransaction",
    "getVersion",
    "isBlockhashValid",
    "requestAirdrop",
    "sendTransaction",
    "simulateTransaction",
];

/// One call.
#[derive(Debug, Deserialize)]
pub(crate) struct Call {
    #[serde(default)]
    jsonrpc: String,
    #[serde(default)]
    id: Value,
    pub(crate) method: String,
    #[serde(default)]
    params: Value,
}

impl Call {
    /// Reads a body.
    pub(crate) fn read(body: &[u8]) -> Result<Self, Value> {
        let value: Value = serde_json::from_slice(body).map_err(|_| envelope(&Value::Null, Err(RpcError::parse())))?;
        let refused = |id: &Value, why: &str| Err(envelope(id, Err(RpcError::invalid_request(why))));
        if value.is_array() {
            return refused(&Value::Null, "batches are not emulated");
        }
        let id = value.get("id").cloned().unwrap_or_default();
        match serde_json::from_value::<Self>(value) {
            Ok(call) if call.jsonrpc == "2.0" => Ok(call),
            Ok(_) => refused(&id, "`jsonrpc` is not \"2.0\""),
            Err(error) => refused(&id, &error.to_string()),
        }
    }

    /// What is answered, and the code where that is an error.
    pub(crate) fn answer(&self, chain: &mut Chain, twist: Option<&Kind>) -> (Value, Option<i64>) {
        let answer = self.carried_out(chain, twist);
        let code = answer.as_ref().err().map(RpcError::code);
        (envelope(&self.id, answer), code)
    }

    fn carried_out(&self, chain: &mut Chain, twist: Option<&Kind>) -> Answer {
        if twist == Some(&Kind::Unhealthy) {
            return Err(RpcError::unhealthy());
        }
        let params = Params::new(&self.params)?;
        if params.not_before() > chain.blocks.slot() {
            return Err(RpcError::too_early(chain.blocks.slot()));
        }
        match self.method.as_str() {
            "getAccountInfo" => accounts::info(chain, &params, twist),
            "getBalance" => accounts::balance(chain, &params, twist),
            "getMultipleAccounts" => accounts::several(chain, &params, twist),
            "getTokenAccountBalance" => accounts::token_balance(chain, &params, twist),
            "getTokenAccountsByOwner" => accounts::tokens_of(chain, &params, twist),
            "getTokenSupply" => accounts::supply(chain, &params),
            "getMinimumBalanceForRentExemption" => Ok(json!(chain.rent(params.size(0)?))),
            "getBlockHeight" => Ok(json!(chain.blocks.height())),
            "getSlot" => Ok(json!(chain.blocks.slot())),
            "getHealth" => Ok(json!("ok")),
            "getVersion" => Ok(cluster::version()),
            "getGenesisHash" => Ok(json!(cluster::genesis().to_string())),
            "getEpochInfo" => Ok(cluster::epoch(chain)),
            "getLatestBlockhash" => Ok(cluster::latest_blockhash(chain, twist)),
            "isBlockhashValid" => cluster::is_blockhash_valid(chain, &params),
            "getRecentPrioritizationFees" => Ok(cluster::prioritization_fees(chain)),
            "getFeeForMessage" => transactions::fee(chain, &params),
            "requestAirdrop" => transactions::airdrop(chain, &params),
            "simulateTransaction" => transactions::simulate(chain, &params),
            "sendTransaction" => transactions::send(chain, &params, twist),
            "getSignatureStatuses" => transactions::statuses(chain, &params, twist),
            "getTransaction" => transactions::landed(chain, &params, twist),
            other => Err(RpcError::no_such_method(other)),
        }
    }
}

fn envelope(id: &Value, answer: Answer) -> Value {
    match answer {
        Ok(result) => json!({ "jsonrpc": "2.0", "id": id, "result": result }),
        Err(error) => json!({ "jsonrpc": "2.0", "id": id, "error": error.shown() }),
    }
}

/// An answer that says at which slot it was true.
fn at_slot(chain: &Chain, value: Value) -> Value {
    json!({ "context": { "slot": chain.blocks.slot(), "apiVersion": cluster::API_VERSION }, "value": value })
}
