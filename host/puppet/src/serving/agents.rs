//! Agents, and what is said to them.

use std::{path::Path, time::Duration};

use async_trait::async_trait;
use puppet_api::{
    fault::Fault,
    operations::{AgentOperations, AgentWord, Answer, NewAgent, Said, Told, Wish},
};
use puppet_engine::{Verdict, Word};
use puppet_packs::AgentSpec;
use puppet_types::{AgentId, Digest, EffectId, scrub};
use serde_json::{Map, Value, json};

use super::{Door, fault, told, with_notes};
use crate::{
    agents::{
        self,
        view::{self, Row},
    },
    commands::{budgets, halt},
    control::{self, Inside, Request, unknown_agent},
    installing,
    output::List,
    records, sending,
    setup::Setup,
    trouble::{Result, Trouble},
};

#[async_trait]
impl AgentOperations for Door {
    async fn agents(&self) -> Answer {
        told(&list(&self.setup).await.map_err(fault)?)
    }

    async fn agent(&self, agent: &AgentId) -> Answer {
        told(&view::show(&self.setup, agent).await.map_err(fault)?)
    }

    async fn make_agent(&self, new: NewAgent) -> Answer {
        told(&make(&self.setup, new).await.map_err(fault)?)
    }

    async fn change_agent(&self, agent: &AgentId, word: AgentWord) -> Answer {
        if change(&self.setup, agent, word).await.map_err(fault)? {
            self.agent(agent).await
        } else {
            Ok(Told::new(Value::Null))
        }
    }

    async fn send(&self, wish: Wish, wait: Option<Duration>) -> Answer {
        let sent = sending::within(&inside(&self.setup).map_err(fault)?.parts, wish, wait).await.map_err(fault)?;
        with_notes(&sent, sent.notes.clone())
    }

    async fn say(&self, said: Said, wait: Option<Duration>) -> Answer {
        let Said { by, text, to, in_reply_to } = said;
        let text = scrub::text(&text).into_owned();
        let said = control::Said { author: by, text, to, in_reply_to, priority: None, delay_ms: 0 };
        let parts = &inside(&self.setup).map_err(fault)?.parts;
        told(&sending::say_within(parts, &said, wait).await.map_err(fault)?)
    }

    async fn budgets(&self) -> Answer {
        told(&budgets::told(&self.setup).await.map_err(fault)?)
    }

    async fn decide(&self, effect: &EffectId, digest: Option<Digest>, verdict: Verdict) -> Answer {
        let decided = ask(&self.setup, Request::Decide { effect: effect.clone(), digest, verdict }).await?;
        told(&List { schema: "puppet.approval/1", items: vec![decided], next: None })
    }

    async fn outbox(&self, effect: &EffectId, word: Word) -> Answer {
        Ok(Told::new(ask(&self.setup, Request::Outbox { effect: effect.clone(), word }).await?))
    }

    async fn halt(&self, reason: Option<String>) -> Answer {
        told(&halt::told(halt::stop(&self.setup, reason).await.map_err(fault)?.as_ref()))
    }

    async fn resume(&self) -> Answer {
        halt::go_on(&self.setup).await.map_err(fault)?;
        told(&halt::told(None))
    }
}

/// The host that this is within.
pub(super) fn inside(setup: &Setup) -> Result<&Inside> {
    setup.inside.as_ref().ok_or_else(|| Trouble::internal("the server is within no host"))
}

async fn ask(setup: &Setup, request: Request) -> std::result::Result<Value, Fault> {
    control::ask(setup, &request).await.map_err(fault)?.ok_or_else(|| Fault::internal("the server is within no host"))
}

async fn list(setup: &Setup) -> Result<List<Row>> {
    let (specs, models) = view::list(setup).await?;
    let items = view::rows(setup, specs, &models).await?;
    Ok(List { schema: "puppet.agents/1", items, next: None })
}

/// From a file, or from a pack that is installed.
async fn make(setup: &Setup, new: NewAgent) -> Result<Value> {
    let made =
        |id: &str, report: Option<Value>| json!({ "schema": "puppet.agent-made/1", "agent_id": id, "import": report });
    match new {
        NewAgent::File(text) => {
            let read = agents::import_text(Path::new("the agent file"), &text)?;
            let imported = view::import(setup, read, false).await?;
            let report = serde_json::to_value(&imported).map_err(Trouble::internal)?;
            Ok(made(&imported.report.agent_id, Some(report)))
        }
        NewAgent::Pack { pack, id, name } => {
            let entries = installing::entries(setup)?;
            let unknown = || {
                let message = format!("no pack `{pack}` is installed, or none of it runs");
                Trouble::input("unknown-pack", message, "`GET /api/v1/packs` lists them; `POST` takes one in").missing()
            };
            let entry = installing::running(&entries, &pack).ok_or_else(unknown)?;
            let opened = installing::of(setup).open(entry).map_err(installing::of_install)?;
            let no_persona = || {
                let message = format!("`{pack}` has no persona: nobody comes of it");
                Trouble::input("bad-value", message, "name a pack with a persona").of_field("pack")
            };
            let mut spec = AgentSpec::from_pack(&opened).ok_or_else(no_persona)?;
            if let Some(id) = id.filter(|id| *id != spec.id) {
                spec.handle = puppet_packs::default_handle(id.as_str());
                spec.id = id;
            }
            spec.name = name.unwrap_or(spec.name);
            let id = spec.id.clone();
            let agent = Box::new(agents::NewAgent { spec });
            control::ask(setup, &Request::AddAgent { agent }).await?;
            Ok(made(id.as_str(), None))
        }
    }
}

/// Carries a word out. Whether the agent is there yet.
async fn change(setup: &Setup, agent: &AgentId, word: AgentWord) -> Result<bool> {
    let host = &inside(setup)?.parts.host;
    if !host.agents.knows(agent) {
        return Err(unknown_agent(agent, &host.agents.ids()));
    }
    match word {
        AgentWord::Pause { reason, by } => {
            control::ask(setup, &Request::Pause { agent: agent.clone(), by, reason }).await?;
        }
        AgentWord::Resume { by } => {
            control::ask(setup, &Request::GoOn { agent: agent.clone(), by }).await?;
        }
        AgentWord::Restart => {
            host.recast();
            host.submit(vec![agents::started(agent, host.now())]).await?;
        }
        AgentWord::Settings(settings) => {
            host.change_row(agent, |body| merge(body, settings)).await?;
        }
        AgentWord::Retire => {
            stays(setup, agent)?;
            host.retire(agent).await?;
            return Ok(false);
        }
    }
    Ok(true)
}

/// Settings that are named are so from now on; null takes one away.
fn merge(body: &mut Value, settings: Map<String, Value>) {
    if !body["settings"].is_object() {
        body["settings"] = json!({});
    }
    let Some(own) = body["settings"].as_object_mut() else { return };
    for (name, value) in settings {
        match value {
            Value::Null => drop(own.remove(&name)),
            value => drop(own.insert(name, value)),
        }
    }
}

/// Refuses to take an agent away that would come back at the next start: the folder `agents/` describes it, or a pack.
fn stays(setup: &Setup, agent: &AgentId) -> Result<()> {
    let back = |what: String, remedy: String| {
        let message = format!("`{agent}` is described by {what}, and would come back");
        Err(Trouble::refused("agent-stays", message, remedy))
    };
    let (found, _) = records::fit(setup)?;
    if found.specs.iter().any(|spec| spec.id == *agent) {
        let folder = setup.home.join("agents");
        return back(
            format!("the folder {}", folder.display()),
            "take its file or folder away from there first".into(),
        );
    }
    let is_its = |entry: &&puppet_packs::Entry| entry.id.as_str() == agent.as_str() && entry.state.runs();
    match installing::entries(setup)?.iter().find(is_its) {
        Some(entry) => {
            back(format!("the pack `{}`", entry.id), format!("`puppet remove {}` takes both away", entry.id))
        }
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_setting_is_set_and_null_takes_one_away() {
        let mut body = json!({ "id": "ada", "settings": { "a": 1, "b": 2 } });
        let changes = json!({ "b": null, "c": { "d": 3 } });
        merge(&mut body, changes.as_object().unwrap().clone());
        assert_eq!(body, json!({ "id": "ada", "settings": { "a": 1, "c": { "d": 3 } } }));
        let mut bare = json!({ "id": "ada" });
        merge(&mut bare, Map::from_iter([("a".to_owned(), json!(1))]));
        assert_eq!(bare["settings"], json!({ "a": 1 }));
    }
}
