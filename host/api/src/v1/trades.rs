//! What an agent trades: a swap on its desk that an operator asks for, how the desk stands, and what happened on it.

use std::sync::Arc;

use axum::{
    extract::State,
    http::HeaderMap,
    response::{IntoResponse as _, Response},
};
use puppet_types::{AgentId, trade::Side};
use serde::Deserialize;
use serde_json::{Value, json};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    asked::{self, Page},
    scope, words,
};
use crate::{
    app::App,
    audit::Audited,
    auth::Principal,
    extract::{Id, Json, Query, TradeId},
    fault::{Fault, Result},
    operations::{PastPlace, Told, Trade},
    page,
};

/// Its routes.
pub fn routes() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(trade))
        .routes(routes!(traded))
        .routes(routes!(stats))
        .routes(routes!(balance))
        .routes(routes!(transactions))
}

/// All of it, in hundredths of a percent.
const ALL_BPS: u32 = 10_000;
/// Longest id of a market, in characters.
const MARKET_CHARS: usize = 64;
/// Why it is traded, where nobody says why.
const ASKED_FOR: &str = "an operator asked for it";

#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum Way {
    Buy,
    Sell,
}

/// A trade that is wished: exactly so much is given.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Wished {
    /// Id of a market of its desk: `SOL/USDC`.
    market: String,
    /// `buy` gives of the quote token, `sell` of the base token.
    side: Way,
    /// Of what is given, in its smallest unit.
    #[schema(pattern = "^[0-9]{1,20}$")]
    amount: String,
    /// At most as much worse than the latest price, in hundredths of a percent; else what the rules of its desk allow.
    #[schema(maximum = 10000)]
    max_slippage_bps: Option<u32>,
    /// Why.
    #[schema(min_length = 1, max_length = 500)]
    reason: Option<String>,
    /// So long is waited for its end, in milliseconds.
    #[schema(maximum = 120000)]
    wait_ms: Option<u64>,
}

impl Wished {
    /// With its id's key.
    fn checked(self, key: Option<String>) -> Result<Trade> {
        let bad = |field: &str, remedy: &str| {
            Fault::input("bad-value", format!("`{field}` is none that can be meant"), remedy).of_field(field)
        };
        let is_amount = !self.amount.is_empty() && self.amount.bytes().all(|byte| byte.is_ascii_digit());
        let amount = self.amount.parse().ok().filter(|amount: &u64| is_amount && *amount > 0);
        if self.market.is_empty() || self.market.chars().count() > MARKET_CHARS {
            return Err(bad("market", "name a market as the desk has it: `SOL/USDC`"));
        }
        if self.max_slippage_bps.is_some_and(|bps| bps > ALL_BPS) {
            return Err(bad("max_slippage_bps", "0 to 10000 hundredths of a percent"));
        }
        Ok(Trade {
            market: self.market,
            side: match self.side {
                Way::Buy => Side::Buy,
                Way::Sell => Side::Sell,
            },
            amount: amount.ok_or_else(|| bad("amount", "digits alone: of the smallest unit of what is given"))?,
            max_slippage_bps: self.max_slippage_bps,
            reason: asked::reason(self.reason)?.unwrap_or_else(|| ASKED_FOR.to_owned()),
            key,
        })
    }
}

/// Asks its desk for a swap. It passes the same rules, limits and approvals as every other; what was not admitted, and why, is
/// an answer, too. The same request with the same `Idempotency-Key` is the same swap, also after the host was killed.
#[utoipa::path(post, path = "/api/v1/agents/{agent}/trade", tag = "trading", request_body = Wished, params(
    ("agent" = String, Path, description = "Its id."),
), responses(
    (status = 200, description = "How it ended.", body = ref("#/components/schemas/agent-trade")),
    (status = 202, description = "It is under way, or waits for a person's yes.", body = ref("#/components/schemas/agent-trade")),
    (status = 409, description = "It has no desk, or traded elsewhere.", body = ref("#/components/schemas/problem")),
))]
async fn trade(
    State(app): State<Arc<App>>,
    principal: Principal,
    Id(agent): Id<AgentId>,
    headers: HeaderMap,
    Json(wished): Json<Wished>,
) -> Result<Response> {
    scope::must_know(&app, &principal, &agent)?;
    let wait = asked::wait(wished.wait_ms)?;
    let trade = wished.checked(words::key(&principal, &headers))?;
    let before = owned(&app, &agent).await;
    let told = app.operations.trade(&agent, trade, wait).await?;
    let look = format!("/api/v1/agents/{agent}/trade/{}", told.value["id"].as_str().unwrap_or_default());
    let mut after = owned(&app, &agent).await;
    after["trade"] = told.value.clone();
    let mut response = asked::accepted(told, &look);
    response.extensions_mut().insert(Audited { before: Some(before), after: Some(after) });
    Ok(response)
}

/// What is in its purse, for the audit log; null where that does not answer.
async fn owned(app: &App, agent: &AgentId) -> Value {
    json!({ "balances": app.host.purses.balances(agent).await.ok() })
}

/// A trade that was asked for here, as it stands.
#[utoipa::path(get, path = "/api/v1/agents/{agent}/trade/{trade}", tag = "trading", params(
    ("agent" = String, Path, description = "Its id."),
    ("trade" = String, Path, description = "The trade's, as the answer to it has it."),
), responses(
    (status = 200, description = "How it stands, or ended.", body = ref("#/components/schemas/agent-trade")),
    (status = 409, description = "It has no desk.", body = ref("#/components/schemas/problem")),
))]
async fn traded(
    State(app): State<Arc<App>>,
    principal: Principal,
    Id(agent): Id<AgentId>,
    Id(trade): Id<TradeId>,
) -> Result<Told> {
    scope::must_know(&app, &principal, &agent)?;
    app.operations.traded(&agent, &trade.0).await
}

/// How its desk stands: what it made and paid, what it owns, by its books.
#[utoipa::path(get, path = "/api/v1/agents/{agent}/trading/stats", tag = "trading", params(
    ("agent" = String, Path, description = "Its id."),
), responses(
    (status = 200, description = "Its desk; `wallet` is null where it has none.",
        body = ref("#/components/schemas/trading-stats")),
))]
async fn stats(State(app): State<Arc<App>>, principal: Principal, Id(agent): Id<AgentId>) -> Result<Told> {
    scope::must_know(&app, &principal, &agent)?;
    app.operations.trading_stats(&agent).await
}

/// What is in its purse: what the chain says, what the books say, and the difference.
#[utoipa::path(get, path = "/api/v1/agents/{agent}/trading/balance", tag = "trading", params(
    ("agent" = String, Path, description = "Its id."),
), responses(
    (status = 200, description = "Its purse. Where the chain does not answer, `problem` says why.",
        body = ref("#/components/schemas/wallet-balance")),
    (status = 409, description = "It has no desk.", body = ref("#/components/schemas/problem")),
))]
async fn balance(State(app): State<Arc<App>>, principal: Principal, Id(agent): Id<AgentId>) -> Result<Told> {
    scope::must_know(&app, &principal, &agent)?;
    app.operations.trading_balance(&agent).await
}

/// What happened on its purse, the last first: orders, fills, swaps, denials, and what was said of it.
#[utoipa::path(get, path = "/api/v1/agents/{agent}/trading/transactions", tag = "trading", params(
    ("agent" = String, Path, description = "Its id."), Page,
), responses(
    (status = 200, description = "A page.", body = ref("#/components/schemas/wallet-history")),
    (status = 409, description = "It has no desk.", body = ref("#/components/schemas/problem")),
))]
async fn transactions(
    State(app): State<Arc<App>>,
    principal: Principal,
    Id(agent): Id<AgentId>,
    Query(asked): Query<Page>,
) -> Result<Response> {
    scope::must_know(&app, &principal, &agent)?;
    let limit = page::limit(asked.limit)?;
    let list = format!("transactions {agent}");
    let from: PastPlace = page::place(&list, asked.cursor.as_deref())?.unwrap_or_default();
    let mut told = app.operations.transactions(&agent, from, limit).await?;
    let next: Option<PastPlace> = serde_json::from_value(told.value["next"].take()).map_err(Fault::internal)?;
    told.value["next"] = json!(next.map(|place| page::cursor(&list, &place)));
    Ok(told.into_response())
}
