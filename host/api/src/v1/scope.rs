//! Agents as who asks may see them: those that are named, those that are meant, and those that a text speaks to.

use puppet_tweet::handles;
use puppet_types::{AccountId, AgentId, PostId};
use serde_json::Value;

use crate::{
    app::App,
    auth::Principal,
    fault::{Fault, Kind, Result},
};

/// Refuses an agent that is not here, or not to be seen by who asks.
pub fn must_know(app: &App, principal: &Principal, agent: &AgentId) -> Result<()> {
    principal.must_see(agent)?;
    if app.host.agents.knows(agent) { Ok(()) } else { Err(Fault::unknown_agent(agent)) }
}

/// The agent that a parameter names: one of this host, or one of its generators, which stand in journals as well.
pub fn named(app: &App, principal: &Principal, agent: Option<String>) -> Result<Option<AgentId>> {
    let Some(agent) = agent else { return Ok(None) };
    let bad = || Fault::input("bad-id", "`agent` is no id of an agent", "use an id as `GET /api/v1/agents` gives it");
    let of_generator = AgentId::new(&agent);
    if of_generator.is_generator() {
        principal.must_see(&of_generator)?;
        return Ok(Some(of_generator));
    }
    let agent = AgentId::parse(&agent).map_err(|_| bad().of_field("agent"))?;
    must_know(app, principal, &agent)?;
    Ok(Some(agent))
}

/// Whom something is meant for: those named, and where nobody is, everybody whom who asks may see. Empty: everybody.
pub fn addressed(app: &App, principal: &Principal, named: Vec<String>) -> Result<Vec<AgentId>> {
    let bad = |_| Fault::input("bad-id", "`to` has no id of an agent", "use ids as `GET /api/v1/agents` gives them");
    let parsed = named.iter().map(|id| AgentId::parse(id).map_err(|error| bad(error).of_field("to")));
    let named: Vec<AgentId> = parsed.collect::<Result<_>>()?;
    named.iter().try_for_each(|agent| must_know(app, principal, agent))?;
    match &principal.agents {
        Some(agents) if named.is_empty() => {
            let of_scope: Vec<AgentId> = agents.iter().filter(|id| app.host.agents.knows(id)).cloned().collect();
            if of_scope.is_empty() {
                return Err(Fault::not_found("no-agents", "no agent of this key is here", "name another key"));
            }
            Ok(of_scope)
        }
        _ => Ok(named),
    }
}

/// Refuses a text that speaks to agents whom a key is not bound to: on the timeline they would hear of it. Names are read as the
/// timeline reads them.
pub fn may_speak_to(app: &App, principal: &Principal, text: &str) -> Result<()> {
    if !principal.is_scoped() {
        return Ok(());
    }
    let accounts = &app.host.accounts;
    let mut agents = handles(accounts, text).into_iter().filter_map(|account| accounts.agent(&account));
    match agents.find(|agent| !principal.sees(agent)) {
        Some(agent) => {
            let message = format!("the text speaks to `{agent}`, whom the key is not bound to");
            Err(Fault::new(Kind::Forbidden, "scoped-key", message, "leave its account out").of_field("text"))
        }
        None => Ok(()),
    }
}

/// Refuses an answer to a post of an agent whom a key is not bound to, who would hear of it: as if it were not there.
pub async fn may_answer(app: &App, principal: &Principal, post: &PostId) -> Result<()> {
    if !principal.is_scoped() {
        return Ok(());
    }
    let is_theirs = |author: &AccountId| app.host.accounts.agent(author).is_none_or(|agent| principal.sees(&agent));
    if app.store.post(post).await?.is_some_and(|post| is_theirs(&post.author)) {
        return Ok(());
    }
    let remedy = "use an id as the timeline gives it";
    Err(Fault::input("bad-value", format!("there is no post `{post}`"), remedy).of_field("in_reply_to"))
}

/// Refuses a mention that would be heard by agents whom a key is not bound to, and whatever would be said in the name of an
/// agent: as a text, or as a whole post.
pub fn may_send(app: &App, principal: &Principal, kind: &str, payload: &Value) -> Result<()> {
    if kind == "mention" && principal.is_scoped() {
        let remedy = "write it on the timeline: `POST /api/v1/timeline`";
        let message = "a mention is heard by everybody whom it names or answers, and the key is bound to agents";
        return Err(Fault::new(Kind::Forbidden, "scoped-key", message, remedy).of_field("kind"));
    }
    if !matches!(kind, "mention" | "timeline_post") {
        return Ok(());
    }
    let is_account = |name: &str| app.host.accounts.agent(&AccountId::new(name.strip_prefix('@').unwrap_or(name)));
    let by = [&payload["author"], &payload["post"]["author"]].into_iter().filter_map(Value::as_str);
    let agent = payload["from_agent"].as_str().map(AgentId::new).filter(|agent| app.host.agents.knows(agent));
    match by.filter_map(is_account).next().or(agent) {
        Some(agent) => {
            let message = format!("it would be said in the name of the agent `{agent}`");
            let remedy = "name somebody else as its author: an agent is asked to post by its own route";
            Err(Fault::input("bad-value", message, remedy).of_field("author"))
        }
        None => Ok(()),
    }
}
