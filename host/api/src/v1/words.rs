//! What an agent is asked to do: to post, to reply.

use std::sync::Arc;

use axum::{extract::State, http::HeaderMap, response::Response};
use puppet_types::{AgentId, PostId};
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{asked, scope};
use crate::{
    app::App,
    auth::Principal,
    extract::{Id, Json, PathId as _},
    fault::{Fault, Result},
    operations::{Command, PartCount, Text},
    shape,
};

/// Its routes.
pub fn routes() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new().routes(routes!(post)).routes(routes!(reply))
}

/// A post that is wished.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = PostWish)]
struct Post {
    /// About what; else what it likes.
    topic: Option<String>,
    /// So many parts.
    #[schema(minimum = 1, maximum = 25)]
    thread_length: Option<u32>,
    /// Also where it is too soon after the last one.
    #[serde(default)]
    force: bool,
    /// So long is waited for it, in milliseconds.
    #[schema(maximum = 120000)]
    wait_ms: Option<u64>,
}

/// Asks for a post.
#[utoipa::path(post, path = "/api/v1/agents/{agent}/post", tag = "agents", request_body = Post, params(
    ("agent" = String, Path, description = "Its id."),
), responses(
    (status = 200, description = "How it ended.", body = ref("#/components/schemas/event-send")),
    (status = 202, description = "It is accepted, and handled yet.", body = ref("#/components/schemas/event-send")),
))]
async fn post(
    State(app): State<Arc<App>>,
    principal: Principal,
    Id(agent): Id<AgentId>,
    headers: HeaderMap,
    Json(post): Json<Post>,
) -> Result<Response> {
    let parts = post.thread_length.map(|parts| {
        let bad = || {
            let remedy = format!("1 to {}", PartCount::MOST);
            Fault::input("bad-value", format!("`thread_length` is {parts}"), remedy).of_field("thread_length")
        };
        PartCount::new(parts.into()).ok_or_else(bad)
    });
    let command = Command::Post { topic: text("topic", post.topic)?, parts: parts.transpose()?, force: post.force };
    send(&app, &principal, (agent, command), &headers, post.wait_ms).await
}

/// A reply that is wished.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ReplyWish)]
struct Reply {
    /// The post that it answers.
    #[schema(value_type = shape::Id)]
    post_id: String,
    /// What that says, for the case that it cannot be read.
    content: Option<String>,
    /// So long is waited for it, in milliseconds.
    #[schema(maximum = 120000)]
    wait_ms: Option<u64>,
}

/// Asks for a reply.
#[utoipa::path(post, path = "/api/v1/agents/{agent}/reply", tag = "agents", request_body = Reply, params(
    ("agent" = String, Path, description = "Its id."),
), responses(
    (status = 200, description = "How it ended.", body = ref("#/components/schemas/event-send")),
    (status = 202, description = "It is accepted, and handled yet.", body = ref("#/components/schemas/event-send")),
))]
async fn reply(
    State(app): State<Arc<App>>,
    principal: Principal,
    Id(agent): Id<AgentId>,
    headers: HeaderMap,
    Json(reply): Json<Reply>,
) -> Result<Response> {
    let Some(post) = PostId::parse(&reply.post_id) else {
        let remedy = "use an id as the timeline gives it";
        return Err(Fault::input("bad-value", "`post_id` is no id of a post", remedy).of_field("post_id"));
    };
    let command = Command::Reply { post, content: text("content", reply.content)? };
    send(&app, &principal, (agent, command), &headers, reply.wait_ms).await
}

fn text(field: &str, given: Option<String>) -> Result<Option<Text>> {
    let bad = || {
        let remedy = format!("at most {} bytes", Text::MOST);
        Fault::input("bad-value", format!("`{field}` is too long"), remedy).of_field(field)
    };
    given.map(|text| Text::new(text).ok_or_else(bad)).transpose()
}

async fn send(
    app: &App,
    principal: &Principal,
    (agent, command): (AgentId, Command),
    headers: &HeaderMap,
    wait_ms: Option<u64>,
) -> Result<Response> {
    scope::must_know(app, principal, &agent)?;
    let look = format!("/api/v1/journal?agent={agent}&kind={}", command.kind());
    let wish = command.to(agent, key(principal, headers));
    Ok(asked::accepted(app.operations.send(wish, asked::wait(wait_ms)?).await?, &look))
}

/// What ids of events follow from, where a request says that it is the same as another: one that is sent again after a crash
/// leads to no second event.
pub fn key(principal: &Principal, headers: &HeaderMap) -> Option<String> {
    let key = headers.get("idempotency-key")?.to_str().ok()?;
    Some(format!("{} {key}", principal.id))
}
