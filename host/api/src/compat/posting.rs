//! `POST …/post` and `POST …/reply`: a command to the agent, answered once it is carried out.

use std::{sync::Arc, time::Duration};

use axum::{
    extract::State,
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
};
use puppet_sandbox::Standing;
use puppet_store::{Effect, EffectState};
use puppet_types::{AgentId, Decision, Invocation, Outcome, PostId, Timestamp};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::{
    agents::last_post,
    asked::{Agent, Body, By, Old, Result, bad, failed},
    bodies,
};
use crate::{
    app::App,
    audit::Audited,
    extract::{Json, PathId as _},
    fault::{Fault, Kind},
    operations::{Command, PartCount, Text},
    v1::words,
};

/// How a personality says that its last post was not long ago.
const TOO_SOON: &str = "too-soon";

/// What was posted.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = OriginalPosted)]
pub(super) struct Posted {
    /// What it says; null where the agent decided to say nothing.
    content: Option<String>,
    #[schema(value_type = String)]
    agent_id: AgentId,
    /// Null where it has not left, or not yet.
    tweet_id: Option<String>,
}

/// The last post was not long ago.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = OriginalTooSoon)]
pub(super) struct TooSoon {
    error: &'static str,
    #[schema(value_type = Option<String>, format = DateTime)]
    last_post_time: Option<Timestamp>,
}

/// Asks an agent for a post.
#[utoipa::path(post, path = "/api/agents/{agent}/post", tag = "original", params(("agent" = String, Path)),
    request_body = bodies::Post, responses((status = 200, body = Posted), (status = 400, description = "It is no wish."),
        (status = 404, description = "There is no such agent."), (status = 409, description = "The agent declines."),
        (status = 429, body = TooSoon), (status = 500, description = "It failed, or takes too long."),
        (status = 503, description = "The agent is paused, or its plugin may not run.")))]
pub(super) async fn post(
    State(app): State<Arc<App>>,
    Agent(agent): Agent,
    By(principal): By,
    headers: HeaderMap,
    body: Body,
) -> Result<Response> {
    let force = body.flag("force")?.unwrap_or(false);
    let topic = text(&body, "topic")?;
    let parts = body.number("threadLength", (1.0, PartCount::MOST.into()))?;
    let whole = |length: f64| PartCount::new(length as u64).filter(|_| length.fract() == 0.0);
    let parts = parts.map(|length| whole(length).ok_or_else(|| bad("threadLength must be a whole number")));
    let command = Command::Post { topic, parts: parts.transpose()?, force };
    carried_out(&app, agent, command, words::key(&principal, &headers)).await
}

/// Asks an agent to answer a post.
#[utoipa::path(post, path = "/api/agents/{agent}/reply", tag = "original", params(("agent" = String, Path)),
    request_body = bodies::Reply, responses((status = 200, body = Posted), (status = 400, description = "It is no wish."),
        (status = 404, description = "There is no such agent."), (status = 409, description = "The agent declines."),
        (status = 500, description = "It failed, or takes too long."),
        (status = 503, description = "The agent is paused, or its plugin may not run.")))]
pub(super) async fn reply(
    State(app): State<Arc<App>>,
    Agent(agent): Agent,
    By(principal): By,
    headers: HeaderMap,
    body: Body,
) -> Result<Response> {
    // JavaScript writes short ids as numbers.
    let id = |value: &Value| value.as_str().map(str::to_owned).or_else(|| value.as_u64().map(|id| id.to_string()));
    let post = body.read("tweetId", "the id of a post", id)?.filter(|id| !id.is_empty());
    let post = post.ok_or_else(|| bad("tweetId is required"))?;
    let post = PostId::parse(&post).ok_or_else(|| bad("tweetId must be the id of a post"))?;
    let content = text(&body, "content")?;
    // The original never read the post, and answered what it was told of it. Told nothing, there has to be one.
    if content.is_none() && app.local.is_some() && app.store.post(&post).await?.is_none() {
        return Err(Old(Fault::not_found("not-found", format!("Post not found: {post}"), "")));
    }
    carried_out(&app, agent, Command::Reply { post, content }, words::key(&principal, &headers)).await
}

fn text(body: &Body, field: &str) -> Result<Option<Text>> {
    let long = || Fault::input("bad-body", format!("{field} is longer than {} bytes", Text::MOST), "").of_field(field);
    Ok(body.text(field)?.map(|text| Text::new(text).ok_or_else(long)).transpose()?)
}

/// A command, from its acceptance to what the network says of it.
async fn carried_out(app: &App, agent: AgentId, command: Command, key: Option<String>) -> Result<Response> {
    may_run(app, &agent).await?;
    let wait = Duration::from_millis(app.settings.wait_ms);
    let sent = app.operations.send(command.to(agent.clone(), key), Some(wait)).await?.value;
    // It was taken, however it ended.
    came_of_it(app, agent, &sent).await.map_err(|Old(fault)| Old(fault.of_change()))
}

/// What came of a command that was taken.
async fn came_of_it(app: &App, agent: AgentId, sent: &Value) -> Result<Response> {
    if let Some(reason) = sent["given_up"][0].as_str() {
        return Err(failed(reason));
    }
    let Some(invocation) = sent["invocations"][0].as_str() else {
        return Err(failed("still waiting: the agent has not come to it yet, and goes on"));
    };
    let entry = app.store.invocation(&invocation.into()).await?.ok_or_else(|| failed("its record is gone"))?;
    match &entry.invocation.outcome {
        Outcome::Ok => Ok(Json(posted(app, agent, &entry.invocation).await?).into_response()),
        Outcome::Declined(declined) if declined.code == TOO_SOON => {
            let last_post_time = last_post(app, &agent).await?;
            let told = TooSoon { error: "Too soon since last post", last_post_time };
            Ok(Audited::default().with((StatusCode::TOO_MANY_REQUESTS, Json(told))))
        }
        Outcome::Declined(declined) => {
            let message = format!("{}: {}", declined.code, declined.message);
            Err(Old(Fault::new(Kind::Conflict, "declined", message, "")))
        }
        Outcome::Failed(message) => Err(failed(message.clone())),
        Outcome::Breach(breach, _) => Err(failed(format!("the agent's plugin broke a limit: {breach}"))),
    }
}

/// Refuses at once what nobody would come to.
async fn may_run(app: &App, agent: &AgentId) -> Result<()> {
    let not_now = |message: String| Err(Old(Fault::unavailable("not-running", message, "")));
    if app.host.paused(agent).is_some() {
        return not_now(format!("agent {agent} is paused"));
    }
    let Some(actor) = app.host.actor(agent).await? else {
        return not_now(format!("the plugin of agent {agent} is not here"));
    };
    match actor.plugin.standing(app.host.now()) {
        Standing::Good => Ok(()),
        Standing::BackOff { until } => not_now(format!("the plugin of agent {agent} is backed off until {until}")),
        Standing::Quarantined => not_now(format!("the plugin of agent {agent} is quarantined")),
    }
}

/// What it decided to post, with its id where that has left.
async fn posted(app: &App, agent_id: AgentId, invocation: &Invocation) -> Result<Posted> {
    let said = invocation.decisions.iter().find_map(|numbered| Some((numbered.n, said(&numbered.decision)?)));
    let Some((n, content)) = said else { return Ok(Posted { content: None, agent_id, tweet_id: None }) };
    let effects = app.store.effects_of(&invocation.id).await?;
    let left = effects.into_iter().find(|effect| effect.n == n && effect.state == EffectState::Done);
    Ok(Posted { content: Some(content), agent_id, tweet_id: left.as_ref().and_then(first_id) })
}

/// What a decision posts; none where it posts nothing.
fn said(decision: &Decision) -> Option<String> {
    match decision {
        Decision::Thread { parts } => Some(parts.join("\n\n")),
        Decision::Post { text, .. } | Decision::Reply { text, .. } | Decision::Quote { text, .. } => Some(text.clone()),
        _ => None,
    }
}

/// A thread has the ids of all its parts, with commas.
fn first_id(effect: &Effect) -> Option<String> {
    effect.provider_id.as_deref().and_then(|ids| ids.split(',').next()).map(str::to_owned)
}
