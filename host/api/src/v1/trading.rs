//! Wallets, what stops them, and a person's yes to what is signed with them.

use std::sync::Arc;

use axum::{extract::State, response::Response};
use serde::Deserialize;
use serde_json::{Value, json};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{asked, asked::Page};
use crate::{
    app::App,
    audit::{Audited, fields},
    extract::{Id, Json, MessageHash, Query, WalletName},
    fault::Result,
    operations::{Told, WalletWord},
    page,
};

/// Its routes.
pub fn routes() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(wallets))
        .routes(routes!(halt))
        .routes(routes!(resume))
        .routes(routes!(approvals))
        .routes(routes!(decide))
}

/// Everything that trades or could.
#[utoipa::path(get, path = "/api/v1/trading/wallets", tag = "trading", params(Page), responses(
    (status = 200, description = "A page of it.", body = ref("#/components/schemas/wallets")),
))]
async fn wallets(State(app): State<Arc<App>>, Query(asked): Query<Page>) -> Result<Told> {
    let Told { value, notes } = app.operations.wallets().await?;
    Ok(Told { value: page::of_whole("wallets", value, &asked, &["name"])?, notes })
}

/// Why.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = WalletHalt)]
struct Halt {
    /// For whoever wonders.
    #[schema(min_length = 1, max_length = 500, pattern = r"[^\s]")]
    reason: Option<String>,
}

/// Nothing is traded with a wallet.
#[utoipa::path(post, path = "/api/v1/trading/wallets/{wallet}/halt", tag = "trading", request_body = Halt, params(
    ("wallet" = String, Path, description = "Its name."),
), responses(
    (status = 200, description = "How it stands.", body = ref("#/components/schemas/wallet-word")),
))]
async fn halt(State(app): State<Arc<App>>, Id(wallet): Id<WalletName>, Json(halt): Json<Halt>) -> Result<Response> {
    let word = WalletWord::Halt { reason: asked::reason(halt.reason)? };
    said(&app, &wallet.0, word).await
}

/// Says a word on a wallet, and how that stood and stands.
async fn said(app: &App, wallet: &str, word: WalletWord) -> Result<Response> {
    let stands = |list: &Value| {
        let item = list["items"].as_array().and_then(|items| items.iter().find(|item| item["name"] == wallet));
        fields(item.unwrap_or_default(), &["name", "state", "since", "reason"])
    };
    let before = stands(&app.operations.wallets().await?.value);
    let told = app.operations.wallet_word(wallet, word).await?;
    Ok(Audited::change(before, stands(&told.value)).with(told))
}

/// Trading with it goes on.
#[utoipa::path(post, path = "/api/v1/trading/wallets/{wallet}/resume", tag = "trading", params(
    ("wallet" = String, Path, description = "Its name."),
), responses(
    (status = 200, description = "How it stands.", body = ref("#/components/schemas/wallet-word")),
))]
async fn resume(State(app): State<Arc<App>>, Id(wallet): Id<WalletName>) -> Result<Response> {
    said(&app, &wallet.0, WalletWord::Resume).await
}

/// Which.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct Which {
    /// Also what does not wait any more.
    #[serde(default)]
    all: bool,
    /// Items: 1 to 200, 50 where it is left out.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u32>,
    /// `next` of the page before.
    cursor: Option<String>,
}

/// Swaps that wait for a person's yes, the first to run out first.
#[utoipa::path(get, path = "/api/v1/trading/approvals", tag = "trading", params(Which), responses(
    (status = 200, description = "A page of them.", body = ref("#/components/schemas/wallet-approvals")),
))]
async fn approvals(State(app): State<Arc<App>>, Query(which): Query<Which>) -> Result<Told> {
    let Which { all, limit, cursor } = which;
    let Told { value, notes } = app.operations.wallet_approvals(all).await?;
    Ok(Told { value: page::of_whole("wallet-approvals", value, &Page { limit, cursor }, &["hash"])?, notes })
}

#[derive(Debug, Clone, Copy, PartialEq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = SwapVerdict)]
enum Verdict {
    Approve,
    Reject,
}

/// A verdict on a message.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = SwapDecision)]
struct Said {
    /// `approve` or `reject`.
    verdict: Verdict,
}

/// Says yes or no to one message: the hash is of all that is signed.
#[utoipa::path(post, path = "/api/v1/trading/approvals/{hash}", tag = "trading", request_body = Said, params(
    ("hash" = String, Path, description = "Of the message."),
), responses(
    (status = 200, description = "It, as it is now.", body = ref("#/components/schemas/wallet-approval")),
    (status = 409, description = "It does not wait.", body = ref("#/components/schemas/problem")),
))]
async fn decide(State(app): State<Arc<App>>, Id(hash): Id<MessageHash>, Json(said): Json<Said>) -> Result<Response> {
    let told = app.operations.decide_swap(&hash.0, said.verdict == Verdict::Approve).await?;
    // A verdict is on what waits for one, and on nothing else.
    let after = told.value.clone();
    Ok(Audited::change(json!({ "state": "waiting" }), after).with(told))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::{auth::Role, operations::Told, testing::Scene};

    #[tokio::test]
    async fn wallets_are_looked_at_by_viewers_and_spoken_of_by_operators() {
        let scene = Scene::new().await;
        scene.stub.will(
            "wallets",
            Ok(Told::new(json!({
            "schema": "puppet.wallets/1", "halted": null, "items": [], "next": null }))),
        );
        scene.stub.will(
            "wallet_approvals",
            Ok(Told::new(json!({
            "schema": "puppet.wallet-approvals/1", "items": [], "next": null }))),
        );
        scene.stub.will(
            "wallet_word",
            Ok(Told::new(json!({
            "schema": "puppet.wallet-word/1", "items": [], "next": null }))),
        );
        scene.get(Some(Role::Viewer), "/api/v1/trading/wallets").await.is("wallets", 200);
        scene.get(Some(Role::Viewer), "/api/v1/trading/approvals?all=true").await.is("wallet-approvals", 200);
        scene.get(Some(Role::Viewer), "/api/v1/trading/approvals?all=1x").await.is_fault(400, "bad-query");
        let halt = "/api/v1/trading/wallets/main/halt";
        scene.post(Role::Viewer, halt, json!({})).await.is_fault(403, "role");
        scene.post(Role::Operator, halt, json!({ "reason": "lunch" })).await.is("wallet-word", 200);
        let on_paper = "/api/v1/trading/wallets/paper%2Fsteady/resume";
        scene.post(Role::Operator, on_paper, json!({})).await.is("wallet-word", 200);
        scene
            .post(Role::Operator, "/api/v1/trading/approvals/ab", json!({ "verdict": "maybe" }))
            .await
            .is_fault(400, "bad-body");
        let asked = scene.stub.asked();
        assert_eq!(asked[1], ("wallet_approvals", json!(true)));
        let resumed = asked.iter().rfind(|(what, _)| *what == "wallet_word").unwrap();
        assert_eq!(resumed.1[0], "paper/steady");
        assert_eq!(asked.iter().filter(|(what, _)| *what == "wallet_word").count(), 2, "{asked:?}");
    }
}
