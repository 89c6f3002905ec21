//! The local timeline: posts of agents and of people, and what people say on it.

use std::sync::Arc;

use axum::{extract::State, response::Response};
use puppet_store::Post;
use puppet_types::{AccountId, AgentId, PostId, Timestamp};
use serde::Deserialize;
use serde_json::{Value, json};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{asked, asked::Page, scope};
use crate::{
    app::App,
    auth::Principal,
    extract::{Id, Json, PathId as _, Query},
    fault::{Fault, Result},
    operations::Said,
    page, shape,
};

/// Its routes.
pub fn routes() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new().routes(routes!(list, say)).routes(routes!(thread)).routes(routes!(posts))
}

/// Posts before one in its conversation.
const ANCESTORS: usize = 50;

/// One, as it is told.
fn told(app: &App, post: &Post) -> Value {
    let agent = app.host.accounts.agent(&post.author);
    let name = agent.as_ref().and_then(|agent| app.host.agents.name_of(agent));
    let kind = match (&post.in_reply_to, &post.quotes, &post.thread) {
        (_, _, Some(first)) if *first != post.id => "thread",
        (Some(_), ..) => "reply",
        (_, Some(_), _) => "quote",
        _ => "post",
    };
    json!({
        "id": post.id, "at": post.at,
        "author": { "agent": agent, "name": name.unwrap_or_else(|| post.author.to_string()), "handle": post.author },
        "text": post.text, "kind": kind, "in_reply_to": post.in_reply_to, "quotes": post.quotes, "likes": post.likes,
    })
}

/// Of those accounts; nobody: of all.
async fn listed(app: &App, authors: &[AccountId], asked: Page) -> Result<Json<Value>> {
    let limit = page::limit(asked.limit)?;
    let before: Option<(Timestamp, u64)> = page::place("timeline", asked.cursor.as_deref())?;
    let before = before.unwrap_or((Timestamp::from_millis(i64::MAX), 0));
    let mut posts = app.store.posts_before(authors, before, false, limit + 1).await?;
    let is_last = posts.len() <= limit;
    posts.truncate(limit);
    let place = |post: &Post| (post.at, post.id.as_str().parse::<u64>().unwrap_or_default());
    let next = posts.last().filter(|_| !is_last).map(|last| page::cursor("timeline", &place(last)));
    let items: Vec<Value> = posts.iter().map(|post| told(app, post)).collect();
    Ok(Json(json!({ "schema": "puppet.timeline/1", "items": items, "next": next })))
}

/// What was written on it, the newest first. A key that is bound to agents sees what those wrote.
#[utoipa::path(get, path = "/api/v1/timeline", tag = "timeline", params(Page), responses(
    (status = 200, description = "A page of posts.", body = ref("#/components/schemas/timeline")),
))]
async fn list(State(app): State<Arc<App>>, principal: Principal, Query(asked): Query<Page>) -> Result<Json<Value>> {
    let authors: Vec<AccountId> = match &principal.agents {
        None => Vec::new(),
        Some(agents) => agents.iter().map(|agent| app.host.agents.line(agent)).collect(),
    };
    listed(&app, &authors, asked).await
}

/// What an agent wrote there, the newest first.
#[utoipa::path(get, path = "/api/v1/agents/{agent}/posts", tag = "timeline", params(
    ("agent" = String, Path, description = "Its id."), Page,
), responses(
    (status = 200, description = "A page of posts.", body = ref("#/components/schemas/timeline")),
))]
async fn posts(
    State(app): State<Arc<App>>,
    principal: Principal,
    Id(agent): Id<AgentId>,
    Query(asked): Query<Page>,
) -> Result<Json<Value>> {
    scope::must_know(&app, &principal, &agent)?;
    listed(&app, &[app.host.agents.line(&agent)], asked).await
}

/// A post with those before it in its conversation.
#[utoipa::path(get, path = "/api/v1/timeline/{post}", tag = "timeline", params(
    ("post" = String, Path, description = "Its id."),
), responses(
    (status = 200, description = "The oldest first.", body = ref("#/components/schemas/thread")),
))]
async fn thread(State(app): State<Arc<App>>, principal: Principal, Id(id): Id<PostId>) -> Result<Json<Value>> {
    let posts = app.store.thread_of(&id, ANCESTORS).await?;
    // Who may see one of them may read what it answers.
    let is_seen = |post: &Post| app.host.accounts.agent(&post.author).is_some_and(|agent| principal.sees(&agent));
    if posts.is_empty() || principal.is_scoped() && !posts.iter().any(is_seen) {
        let remedy = "`GET /api/v1/timeline` lists them";
        return Err(Fault::not_found("not-found", format!("there is no post `{id}`"), remedy));
    }
    let items: Vec<Value> = posts.iter().map(|post| told(&app, post)).collect();
    Ok(Json(json!({ "schema": "puppet.thread/1", "items": items, "next": null })))
}

/// What somebody says.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewPost)]
struct New {
    /// The text; the accounts spoken to are put before it.
    #[schema(value_type = shape::Said)]
    text: String,
    /// Who says it: an account, with or without `@`.
    #[schema(value_type = shape::Account)]
    by: String,
    /// Ids of agents; nobody: those whom the text names.
    #[serde(default)]
    #[schema(value_type = Vec<shape::AgentId>)]
    to: Vec<String>,
    /// The post that it answers.
    #[schema(value_type = Option<shape::Id>)]
    in_reply_to: Option<String>,
    /// So long is waited until those spoken to have answered, in milliseconds.
    #[schema(maximum = 120000)]
    wait_ms: Option<u64>,
}

/// Writes a post of a person.
#[utoipa::path(post, path = "/api/v1/timeline", tag = "timeline", request_body = New, responses(
    (status = 200, description = "How it was answered.", body = ref("#/components/schemas/event-send")),
    (status = 202, description = "It stands, and is heard.", body = ref("#/components/schemas/event-send")),
))]
async fn say(State(app): State<Arc<App>>, principal: Principal, Json(new): Json<New>) -> Result<Response> {
    let wait = asked::wait(new.wait_ms)?;
    let bad = |field: &str, message: String, remedy: &str| Fault::input("bad-value", message, remedy).of_field(field);
    let in_reply_to = new.in_reply_to.map(|id| {
        let none = || bad("in_reply_to", format!("`{id}` is no id of a post"), "use an id as the timeline gives it");
        PostId::parse(&id).ok_or_else(none)
    });
    let in_reply_to = in_reply_to.transpose()?;
    // An answer goes to whoever wrote the post.
    let to = match &in_reply_to {
        Some(_) if new.to.is_empty() => Vec::new(),
        _ => scope::addressed(&app, &principal, new.to)?,
    };
    scope::may_speak_to(&app, &principal, &new.text)?;
    if let Some(id) = &in_reply_to {
        scope::may_answer(&app, &principal, id).await?;
    }
    let by = AccountId::new(new.by.strip_prefix('@').unwrap_or(&new.by));
    if app.host.accounts.agent(&by).is_some() {
        let message = format!("@{by} is the account of an agent");
        return Err(bad("by", message, "speak under a name of your own: an agent is asked to post by its own route"));
    }
    let said = Said { by: new.by, text: new.text, to, in_reply_to };
    Ok(asked::accepted(app.operations.say(said, wait).await?, "/api/v1/timeline"))
}
