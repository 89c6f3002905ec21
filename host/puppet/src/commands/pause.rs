//! `agent pause` and `agent resume`: lets the events of an agent wait. Through the running host where there is one;
//! otherwise in the folder, for the next.

use puppet_engine::paused_row;
use puppet_store::Change;
use puppet_types::{AgentId, Paused, Timestamp};
use serde_json::json;

use crate::{
    agents::spec_of,
    commands::halt::check_reason,
    control::{Folder, Request, unknown_agent},
    output::{Output, on_a_line},
    records,
    setup::Setup,
    trouble::{Result, Trouble},
};

/// Who pauses, where it is not somebody with a key.
const BY: &str = "cli";

/// Runs `agent pause`.
pub async fn pause(setup: &Setup, agent: &AgentId, reason: Option<String>, out: Output) -> Result<()> {
    if let Some(reason) = &reason {
        check_reason(reason)?;
    }
    let request = Request::Pause { agent: agent.clone(), by: BY.to_owned(), reason: reason.clone() };
    let mut folder = Folder::of(setup);
    let paused = match folder.ask(&request).await? {
        Some(answer) => Some(serde_json::from_value(answer).map_err(Trouble::internal)?),
        None => {
            let said = Paused { since: Timestamp::from_system(), by: BY.to_owned(), reason };
            written(setup, &mut folder, agent, |stands| Some(stands.unwrap_or(said))).await?
        }
    };
    tell(agent, paused, out)
}

/// Runs `agent resume`.
pub async fn resume(setup: &Setup, agent: &AgentId, out: Output) -> Result<()> {
    let mut folder = Folder::of(setup);
    let request = Request::GoOn { agent: agent.clone(), by: BY.to_owned() };
    if folder.ask(&request).await?.is_none() {
        written(setup, &mut folder, agent, |_| None).await?;
    }
    tell(agent, None, out)
}

/// Writes the row anew. A folder in which nothing has lived is most likely another than was meant.
async fn written(
    setup: &Setup,
    folder: &mut Folder<'_>,
    agent: &AgentId,
    pause: impl FnOnce(Option<Paused>) -> Option<Paused>,
) -> Result<Option<Paused>> {
    drop(records::open(setup).await?);
    let store = folder.rows().await?;
    let Some(row) = store.agent(agent).await? else {
        let ids: Vec<AgentId> = store.agents().await?.into_iter().map(|row| row.id).collect();
        return Err(unknown_agent(agent, &ids));
    };
    let paused = pause(spec_of(&row)?.paused);
    store.apply(vec![Change::Agent(paused_row(row, paused.as_ref()))]).await?;
    Ok(paused)
}

fn tell(agent: &AgentId, paused: Option<Paused>, out: Output) -> Result<()> {
    if out.json {
        return out.object(&json!({ "schema": "puppet.agent-pause/1", "agent": agent, "paused": paused }));
    }
    match paused {
        Some(paused) => out.line(words(agent, &paused)),
        None => out.line(format!("{agent} goes on")),
    }
}

/// A pause in words.
pub fn words(agent: &AgentId, paused: &Paused) -> String {
    let reason = paused.reason.as_ref().map_or_else(String::new, |reason| format!(" ({})", on_a_line(reason)));
    format!(
        "{agent} is paused since {} by {}{reason}: its events wait until `puppet agent resume {agent}`",
        paused.since, paused.by
    )
}
