//! What providers answer, in order: the first answer that was not used yet and whose conditions hold.

use std::{collections::BTreeMap, path::PathBuf};

use puppet_types::Code;
use schemars::JsonSchema;
use serde::Deserialize;

/// Lists by capability.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Answers {
    /// Texts of a model. With none at all the offline model answers.
    pub llm: Vec<LlmAnswer>,
    /// Vectors. With none at all the offline model makes them.
    pub embed: Vec<EmbedAnswer>,
    /// Pages.
    pub http: Vec<HttpAnswer>,
    /// Prices.
    pub market: Vec<MarketAnswer>,
    /// Whole answers as a journal holds them. Where one is there, nothing else answers.
    pub read: Vec<ReadAnswer>,
}

/// An error in the place of an answer.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CallFault {
    /// `provider-unavailable`, `rate-limited`, …
    pub code: Code,
    /// For people.
    #[serde(default)]
    pub message: String,
    /// When to ask again.
    pub retry_after_ms: Option<u64>,
}

/// A text.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct LlmAnswer {
    /// Of requests for this.
    pub purpose: Option<String>,
    /// Of requests whose messages hold each of these.
    pub prompt_contains: Vec<String>,
    /// What the model writes.
    pub text: Option<String>,
    /// What it asks the plugin to call.
    pub tool_calls: Vec<ToolCallGiven>,
    /// It does not answer.
    pub error: Option<CallFault>,
    /// Tokens; counted from the bytes where they are left out.
    pub usage: Option<UsageGiven>,
    /// Serves for ever.
    pub repeat: bool,
}

/// A call that the model asks for.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ToolCallGiven {
    /// Its id.
    pub id: String,
    /// Which tool.
    pub name: String,
    /// A JSON object.
    #[serde(default)]
    #[schemars(with = "serde_json::Map<String, serde_json::Value>")]
    pub arguments: toml::Table,
}

/// Tokens.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct UsageGiven {
    /// Of the messages.
    pub prompt: u32,
    /// Of the answer.
    pub completion: u32,
}

/// Vectors, one per text.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct EmbedAnswer {
    /// Of one length.
    pub vectors: Vec<Vec<f32>>,
    /// There are none.
    pub error: Option<CallFault>,
    /// Serves for ever.
    pub repeat: bool,
}

/// A page.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct HttpAnswer {
    /// Of requests of this method.
    pub method: Option<String>,
    /// Of requests of just this address.
    pub url: Option<String>,
    /// Of requests whose address begins so.
    pub url_prefix: Option<String>,
    /// Of requests whose body holds this.
    pub body_contains: Option<String>,
    /// 200 where it is left out.
    pub status: Option<u16>,
    /// Of the answer.
    pub headers: BTreeMap<String, String>,
    /// Of the answer, as text.
    pub body: Option<String>,
    /// Of the answer, in a file beside the scenario.
    pub body_file: Option<PathBuf>,
    /// There is none.
    pub error: Option<CallFault>,
    /// Serves for ever.
    pub repeat: bool,
}

/// An answer of `market`.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct MarketAnswer {
    /// `quote`, `candles`, `trending` or `token-info`; `swap-quote` is what `wallet.quote` answers.
    #[schemars(extend("enum" = ["quote", "candles", "trending", "token-info", "swap-quote"]))]
    pub operation: String,
    /// Of requests for this market.
    pub market: Option<String>,
    /// Of requests for this token.
    pub token: Option<String>,
    /// As the journal holds it.
    #[schemars(with = "Option<serde_json::Value>")]
    pub value: Option<toml::Value>,
    /// There is none.
    pub error: Option<CallFault>,
    /// Serves for ever.
    pub repeat: bool,
}

/// A whole read, as a journal holds it.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ReadAnswer {
    /// The interface.
    pub capability: puppet_types::Capability,
    /// The function.
    pub operation: String,
    /// What was asked: JSON text.
    pub request: String,
    /// What came back: JSON text.
    pub answer: String,
    /// How it went; `ok` where it is left out.
    pub status: Option<puppet_types::ReadStatus>,
    /// Tokens that it took.
    #[serde(default)]
    pub tokens: u64,
    /// What it cost, in millionths of a dollar.
    #[serde(default)]
    pub usd_micros: u64,
}
