//! `outbox`: effects and how far they are. Reads the data folder, also while a host works in it; what the operator says of
//! them is in `word`.

mod told;
mod word;

use puppet_engine::Word;
use puppet_store::{Effect, EffectState, OutboxStore, Store};
use puppet_types::{Timestamp, counted};
use serde::Serialize;

use crate::{
    cli::{OutboxCommand, OutboxList},
    commands::halt::check_reason,
    control::unknown_agent,
    feed::beginning,
    output::{List, Output, Table},
    records,
    setup::Setup,
    trouble::{Result, Trouble},
};

pub use told::Told;

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
    #[serde(skip)]
    at: Timestamp,
    #[serde(skip)]
    text: String,
}

/// Characters shown of what somebody wrote, and of a reason; `outbox show` has all of both.
const BEGINNING: usize = 48;

/// Runs it.
pub async fn run(setup: &Setup, command: OutboxCommand, out: Output) -> Result<()> {
    match command {
        OutboxCommand::List(args) => list(setup, args, out).await,
        OutboxCommand::Show { id } => show(&*records::open(setup).await?, &id, out).await,
        OutboxCommand::Retry { id, sure } => word::say(setup, &id, Word::Retry { sure }, out).await,
        OutboxCommand::Drop { id, reason } => {
            if let Some(reason) = &reason {
                check_reason(reason)?;
            }
            word::say(setup, &id, Word::Drop { reason }, out).await
        }
    }
}

async fn show(store: &dyn OutboxStore, id: &str, out: Output) -> Result<()> {
    match store.effect(&id.into()).await? {
        Some(effect) => Told::of(&effect)?.behind(first_before(store, &effect).await?).print(out),
        None => Err(word::unknown(format!("there is no effect `{id}`"))),
    }
}

/// The effect that holds one that waits: the first of its account's line that was tried, or waits as it was asked to.
async fn first_before(store: &dyn OutboxStore, effect: &Effect) -> Result<Option<Effect>> {
    use EffectState::{InDoubt, Sent, Waiting};
    if effect.state != Waiting {
        return Ok(None);
    }
    let open = store.effects(&[Waiting, Sent, InDoubt]).await?;
    let holds = |other: &Effect| {
        other.account == effect.account
            && other.seq < effect.seq
            && other.is_open()
            && (other.attempts > 0 || other.reason.is_some())
    };
    Ok(open.into_iter().find(holds))
}

async fn list(setup: &Setup, args: OutboxList, out: Output) -> Result<()> {
    let OutboxList { state, agent, account, limit, before } = args;
    let states = match state.as_deref() {
        Some(name) => vec![state_of(name)?],
        None => EffectState::ALL.to_vec(),
    };
    let store = records::open(setup).await?;
    if let Some(agent) = agent.as_deref().map(Into::into) {
        let all = records::everybody(&*store).await?;
        if !all.contains(&agent) {
            return Err(unknown_agent(&agent, &all));
        }
    }
    let account = account.as_deref().map(|account| account.trim_start_matches('@'));
    let is_meant = |effect: &Effect| {
        before.is_none_or(|before| effect.seq < before)
            && agent.as_deref().is_none_or(|agent| effect.agent.as_str() == agent)
            && account.is_none_or(|account| effect.account.as_str().eq_ignore_ascii_case(account))
    };
    let effects = store.effects(&states).await?;
    let wanted = usize::try_from(limit).unwrap_or(usize::MAX);
    let mut page = effects.into_iter().rev().filter(is_meant);
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
    let mut table = Table::new(&[
        "effect",
        "agent",
        "account",
        "kind",
        "not before",
        "state",
        "attempts",
        "what it says",
        "reason",
    ]);
    for Row { id, agent, account, kind, state, attempts, reason, at, text, .. } in items {
        let reason = reason.map_or_else(String::new, |reason| beginning(beside(state, &reason), BEGINNING));
        let (kind, at, state, attempts) =
            (kind.to_owned(), at.to_string(), state.name().to_owned(), attempts.to_string());
        table.row([id, agent, account, kind, at, state, attempts, text, reason]);
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
            at: effect.not_before,
            text: effect.body.text().map_or_else(String::new, |text| beginning(text, BEGINNING)),
            reason: effect.reason,
        }
    }
}

/// A reason as it stands beside the state that it speaks of.
pub fn beside(state: EffectState, reason: &str) -> &str {
    match state {
        EffectState::InDoubt => reason.strip_prefix("in doubt: ").unwrap_or(reason),
        _ => reason,
    }
}

/// What the operator has to decide, where there is something: for a host that starts.
pub async fn doubtful(store: &dyn Store) -> Result<Option<String>> {
    let effects = store.effects(&[EffectState::InDoubt]).await?;
    let left = effects.iter().filter(|effect| !effect.is_open()).count();
    let told = counted(left, "effect is in doubt and waits", "effects are in doubt and wait");
    Ok((left > 0).then(|| format!("{told} for your word: `puppet outbox list --state in-doubt`")))
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
