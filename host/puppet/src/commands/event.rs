//! `event send|history`. Something happens to agents: through the running host where there is one; otherwise the event is
//! accepted into the folder and handled by the next.

mod history;
mod told;

use puppet_api::operations::Wish;
use puppet_types::{AgentId, Priority};
use serde_json::{Value, json};

use crate::{
    cli::EventCommand,
    output::Output,
    sending::{self, check_kind, no_payload},
    setup::Setup,
    trouble::{Result, Trouble},
};

/// Runs it.
pub async fn run(setup: &Setup, command: EventCommand, out: Output) -> Result<()> {
    let (kind, payload, agents, priority, delay, wait, within) = match command {
        EventCommand::History { agent, limit } => {
            return history::run(setup, agent.map(AgentId::new), limit, out).await;
        }
        EventCommand::Send { kind, payload, agents, priority, delay, wait, within } => {
            (kind, payload, agents, priority, delay, wait, within)
        }
    };
    check_kind(&kind)?;
    let wish = Wish {
        payload: payload_of(&payload)?,
        kind,
        to: agents.into_iter().map(AgentId::new).collect(),
        priority: priority.as_deref().map(priority_of).transpose()?,
        delay_ms: delay.map_or(0, |delay| u64::try_from(delay.as_millis()).unwrap_or(u64::MAX)),
        source: "cli".to_owned(),
        key: None,
    };
    let wait_ms = wait.then(|| u64::try_from(within.as_millis()).unwrap_or(u64::MAX));
    told::tell(&sending::send(setup, wish, wait_ms).await?, wait, out)
}

fn payload_of(text: &str) -> Result<Value> {
    let read;
    let text = match text.strip_prefix('@') {
        Some(path) => {
            read = crate::files::text(path.as_ref()).map_err(|error| {
                Trouble::input("payload", format!("`{path}` cannot be read: {error}"), "name a file with a JSON object")
            })?;
            &read
        }
        None => text,
    };
    serde_json::from_str(text).map_err(|error| no_payload(format!("the payload is no JSON: {error}")))
}

fn priority_of(word: &str) -> Result<Priority> {
    const WORDS: [&str; 4] = ["low", "normal", "high", "critical"];
    serde_json::from_value(json!(word)).map_err(|_| {
        let message = format!("`{word}` is no priority");
        Trouble::input("bad-value", message, format!("use one of {}", WORDS.join(", "))).of_field("--priority")
    })
}
