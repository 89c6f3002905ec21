//! JSON-RPC's errors, with the codes of Solana's nodes.

use serde_json::{Value, json};

/// One of them.
#[derive(Debug)]
pub(crate) struct RpcError {
    code: i64,
    message: String,
    data: Option<Value>,
}

impl RpcError {
    fn new(code: i64, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), data: None }
    }

    pub(crate) fn parse() -> Self {
        Self::new(-32700, "Parse error")
    }

    pub(crate) fn invalid_request(why: &str) -> Self {
        Self::new(-32600, format!("Invalid request: {why}"))
    }

    pub(crate) fn no_such_method(name: &str) -> Self {
        Self::new(-32601, format!("Method not found: {name}"))
    }

    pub(crate) fn invalid(why: impl Into<String>) -> Self {
        Self::new(-32602, why)
    }

    pub(crate) fn internal(why: impl Into<String>) -> Self {
        Self::new(-32603, why)
    }

    /// The simulation before sending failed; `result` is what it came to.
    pub(crate) fn preflight(why: &str, result: Value) -> Self {
        Self { data: Some(result), ..Self::new(-32002, format!("Transaction simulation failed: {why}")) }
    }

    pub(crate) fn signatures() -> Self {
        Self::new(-32003, "Transaction signature verification failure")
    }

    pub(crate) fn unhealthy() -> Self {
        let data = Some(json!({ "numSlotsBehind": 420 }));
        Self { data, ..Self::new(-32005, "Node is behind by 420 slots") }
    }

    /// What is asked for is to be no older than a slot that is yet to come.
    pub(crate) fn too_early(slot: u64) -> Self {
        let data = Some(json!({ "contextSlot": slot }));
        Self { data, ..Self::new(-32016, "Minimum context slot has not been reached") }
    }

    /// Lookups of a transaction whose version the asker does not take.
    pub(crate) fn version(version: u8) -> Self {
        let why = format!("Transaction version ({version}) is not supported by the requesting client");
        Self::new(-32015, why)
    }

    pub(crate) fn code(&self) -> i64 {
        self.code
    }

    pub(crate) fn shown(&self) -> Value {
        match &self.data {
            Some(data) => json!({ "code": self.code, "message": self.message, "data": data }),
            None => json!({ "code": self.code, "message": self.message }),
        }
    }
}
