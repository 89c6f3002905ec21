//! `outbox list`: effects and how far they are, the newest first. Reads the data folder, also while a host works in it.

use puppet_store::{Effect, EffectState};
use serde::Serialize;

use crate::{
    cli::OutboxCommand,
    output::{List, Output, Table},
    records,
    setup::Setup,
    trouble::{Result, Trouble},
};

/// One effect.
#[derive(Serialize)]
struct Row {
    id: String,
    agent: String,
    account: String,
    kind: &'static str,
    state: EffectState,
    attempts: u32,
    /// What a provider knows it by: the same effect is never done twice.
    idempotency_key: String,
    reason: Option<String>,
}

/// Runs it.
pub async fn run(setup: &Setup, command: OutboxCommand, out: Output) -> Result<()> {
    let OutboxCommand::List { state, limit, before } = command;
    let states = match state.as_deref() {
        Some(name) => vec![state_of(name)?],
        None => EffectState::ALL.to_vec(),
    };
    let effects = records::open(setup).await?.effects(&states).await?;
    let wanted = usize::try_from(limit).unwrap_or(usize::MAX);
    let mut page = effects.into_iter().rev().filter(|effect| before.is_none_or(|before| effect.seq < before));
    let shown: Vec<Effect> = page.by_ref().take(wanted).collect();
    let next = shown.last().filter(|_| page.next().is_some()).map(|last| last.seq.to_string());
    let items: Vec<Row> = shown.into_iter().map(Row::of).collect();
    if out.json {
        return out.object(&List { schema: "puppet.outbox/1", items, next });
    }
    if items.is_empty() {
        out.note("no effects match");
        return Ok(());
    }
    let mut table = Table::new(&["effect", "agent", "account", "kind", "state", "attempts", "reason"]);
    for Row { id, agent, account, kind, state, attempts, reason, .. } in items {
        let (kind, state) = (kind.to_owned(), state.name().to_owned());
        table.row([id, agent, account, kind, state, attempts.to_string(), reason.unwrap_or_default()]);
    }
    table.print(out)?;
    if let Some(next) = next {
        out.note(format!("older ones: --before {next}"));
    }
    Ok(())
}

impl Row {
    fn of(effect: Effect) -> Self {
        Self {
            id: effect.id.to_string(),
            agent: effect.agent.to_string(),
            account: effect.account.to_string(),
            kind: effect.body.kind(),
            state: effect.state,
            attempts: effect.attempts,
            idempotency_key: effect.id.to_string(),
            reason: effect.reason,
        }
    }
}

fn state_of(name: &str) -> Result<EffectState> {
    let names = EffectState::ALL.map(EffectState::name);
    EffectState::ALL.into_iter().find(|state| state.name() == name).ok_or_else(|| {
        let near =
            crate::config::nearest(name, &names).map_or_else(String::new, |near| format!(": did you mean `{near}`?"));
        let remedy = format!("use one of {}{near}", names.join(", "));
        Trouble::input("bad-value", format!("`{name}` is no state of an effect"), remedy).of_field("--state")
    })
}
