//! `outbox`: effects and how far they are. Reads the data folder, also while a host works in it; what the operator says of
//! them is in `word`.

mod rehearsed;
mod told;
mod word;

use puppet_api::view::effect::{OPEN, Row, Told, first_before};
use puppet_engine::Word;
use puppet_store::{Effect, EffectState, Store};
use puppet_types::{Timestamp, counted};
use serde::Serialize;

use crate::{
    cli::{OutboxCommand, OutboxList},
    commands::halt::check_reason,
    control::unknown_agent,
    feed::beginning,
    output::{Output, Table},
    records,
    setup::Setup,
    standing,
    trouble::{Result, Trouble},
};

use rehearsed::Rehearsed;

/// One effect, with what people see of it besides.
#[derive(Serialize)]
struct Listed {
    #[serde(flatten)]
    row: Row,
    #[serde(skip)]
    at: Timestamp,
    #[serde(skip)]
    text: String,
    /// What holds it.
    #[serde(skip)]
    behind: Option<String>,
}

/// What `list` answers.
#[derive(Serialize)]
struct Page {
    schema: &'static str,
    items: Vec<Listed>,
    next: Option<String>,
    /// Of all that are meant, on whichever page.
    dry_run: Option<Rehearsed>,
}

/// Characters shown of what somebody wrote; `outbox show` has all of it.
const BEGINNING: usize = 48;
/// The same of a reason.
const REASON: usize = 64;

/// Runs it.
pub async fn run(setup: &Setup, command: OutboxCommand, out: Output) -> Result<()> {
    match command {
        OutboxCommand::List(args) => list(setup, args, out).await,
        OutboxCommand::Show { id } => show(setup, &id, out).await,
        OutboxCommand::Retry { id, sure } => word::say(setup, &id, Word::Retry { sure }, out).await,
        OutboxCommand::Drop { id, reason } => {
            if let Some(reason) = &reason {
                check_reason(reason)?;
            }
            word::say(setup, &id, Word::Drop { reason }, out).await
        }
    }
}

async fn show(setup: &Setup, id: &str, out: Output) -> Result<()> {
    let store = records::open(setup).await?;
    let Some(effect) = store.effect(&id.into()).await? else {
        return Err(word::unknown(format!("there is no effect `{id}`")));
    };
    let mut told = Told::of(&effect).map_err(Trouble::internal)?;
    if effect.state == EffectState::Waiting {
        let open = store.effects(&OPEN).await?;
        let held = standing::held(setup, &open).await;
        told = told.waits((&effect, first_before(&open, &effect)), &held);
    }
    told::print(&told, out)
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
    let is_of = |effect: &Effect| {
        agent.as_deref().is_none_or(|agent| effect.agent.as_str() == agent)
            && account.is_none_or(|account| effect.account.as_str().eq_ignore_ascii_case(account))
    };
    let is_meant = |effect: &Effect| before.is_none_or(|before| effect.seq < before) && is_of(effect);
    let effects = store.effects(&states).await?;
    let rehearsed = Rehearsed::of(effects.iter().filter(|effect| is_of(effect)));
    let wanted = usize::try_from(limit).unwrap_or(usize::MAX);
    let mut page = effects.into_iter().rev().filter(is_meant);
    let shown: Vec<Effect> = page.by_ref().take(wanted).collect();
    let next = shown.last().filter(|_| page.next().is_some()).map(|last| last.seq.to_string());
    // Those behind one that waits say what that waits for; the JSON has it of the first alone.
    let open = store.effects(&OPEN).await?;
    let behind = |effect: &Effect| {
        let first = first_before(&open, effect).filter(|_| effect.state == EffectState::Waiting)?;
        Some(format!("behind: {}", first.reason.as_deref().unwrap_or(first.state.name())))
    };
    let listed = |effect: &Effect| Listed {
        row: Row::of(effect),
        at: effect.not_before,
        text: effect.body.text().map_or_else(String::new, |text| beginning(text, BEGINNING)),
        behind: behind(effect),
    };
    let items: Vec<Listed> = shown.iter().map(listed).collect();
    if out.json {
        return out.object(&Page { schema: "puppet.outbox/1", items, next, dry_run: rehearsed });
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
    for Listed { row, at, text, behind } in items {
        let Row { id, agent, account, kind, state, attempts, reason, .. } = row;
        let reason = reason.map(|reason| beside(state, &reason).to_owned()).or(behind);
        let reason = reason.map_or_else(String::new, |reason| beginning(&reason, REASON));
        let (kind, at, state, attempts) =
            (kind.to_owned(), at.to_string(), state.name().to_owned(), attempts.to_string());
        table.row([id, agent, account, kind, at, state, attempts, text, reason]);
    }
    table.print(out)?;
    if let Some(next) = next {
        out.note(format!("older ones: --before {next}"));
    }
    rehearsed.iter().for_each(|rehearsed| out.note(rehearsed));
    Ok(())
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
