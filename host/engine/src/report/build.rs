//! Builds the report from the journal and the rows.

use std::collections::BTreeMap;

use puppet_agent::{MoodDecay, apply_shift, decayed};
use puppet_grants::{BudgetLine, Owner};
use puppet_store::{Effect, EffectState, Filter, JournalEntry, Post, Store, StoreError};
use puppet_types::{
    AgentId, Capability, Decision, EventId, Invocation, MemoryKind, Mood, NumberedDecision, Outcome, PostId,
    ReadStatus, Timestamp,
};
use serde::Serialize;

use super::rows::{
    AgentReport, BreachRow, BudgetRow, Cause, Counts, EventRow, LikeRow, LlmUse, MemoryCounts, MoodPoint, Personality,
    PostRow, RelationshipRow, Report, Totals,
};
use crate::host::Host;

/// Entries read at a time.
const PAGE: usize = 2_000;

/// An input file.
#[derive(Debug, Clone, Serialize)]
pub struct Input {
    /// Its name without folders.
    pub file: String,
    /// Of its bytes.
    pub sha256: String,
}

/// A plugin that ran.
#[derive(Debug, Clone, Serialize)]
pub struct PluginFact {
    /// The pack.
    pub id: String,
    /// Semver.
    pub version: String,
    /// `personality` or `event-generator`.
    pub world: String,
}

/// What the report says about the run itself.
#[derive(Debug, Clone)]
pub struct Facts {
    /// The program's version.
    pub version: &'static str,
    /// The seed.
    pub seed: u64,
    /// First moment.
    pub start: Timestamp,
    /// First moment that is not part of it.
    pub end: Timestamp,
    /// Days between.
    pub days: u32,
    /// Default time zone.
    pub tz: String,
    /// Files read.
    pub inputs: Vec<Input>,
    /// Generators that ran.
    pub generators: Vec<String>,
    /// Agents, by id.
    pub agents: BTreeMap<AgentId, AgentFact>,
    /// Whose prices were used.
    pub priced_as: String,
}

/// An agent of the run.
#[derive(Debug, Clone, Default)]
pub struct AgentFact {
    /// Its name.
    pub name: String,
    /// Whose behaviour, and the digest of its persona.
    pub personality: Personality,
    /// How its mood goes back, where that is configured.
    pub mood_decay: Option<MoodDecay>,
}

/// What is gathered of one agent.
#[derive(Default)]
struct Gathered {
    counts: Counts,
    posts: Vec<PostRow>,
    likes: Vec<LikeRow>,
    mood: Vec<MoodPoint>,
    felt: Option<(Mood, Timestamp)>,
    llm: LlmUse,
    breaches: Vec<BreachRow>,
}

/// Reads everything and builds the report.
pub async fn build(host: &Host, facts: Facts) -> Result<Report, StoreError> {
    let store = &*host.store;
    let mut totals = Totals::default();
    let mut agents: BTreeMap<AgentId, Gathered> =
        facts.agents.keys().map(|id| (id.clone(), Gathered::default())).collect();
    let posts = published(store).await?;
    let effects = effects_by_invocation(store, &mut totals).await?;
    let mut after = 0;
    loop {
        let filter = Filter { after_seq: Some(after), oldest_first: true, limit: PAGE, ..Filter::default() };
        let page = store.journal(&filter).await?;
        let Some(last) = page.last() else { break };
        after = last.seq;
        for JournalEntry { invocation, .. } in page {
            tally(&mut totals, &invocation);
            if let Some(gathered) = agents.get_mut(&invocation.agent) {
                let decay = facts.agents.get(&invocation.agent).and_then(|fact| fact.mood_decay.as_ref());
                gather(gathered, &invocation, &effects, &posts, decay);
            }
        }
    }
    let events = events(store, &mut totals).await?;
    totals.dead_lettered = store.dead_letters(usize::MAX >> 1).await?.len() as u64;
    totals.usd_micros.total = totals.usd_micros.llm + totals.usd_micros.x;
    let lines = host.budget_lines().await?;
    let mut rows = Vec::new();
    for (id, gathered) in agents {
        rows.push(agent_report(store, &id, gathered, &facts, &lines).await?);
    }
    let mut plugins: Vec<PluginFact> = host
        .plugins()
        .values()
        .map(|plugin| PluginFact {
            id: plugin.id.to_string(),
            version: plugin.version.clone(),
            world: plugin.world.name().to_owned(),
        })
        .collect();
    plugins.sort_by(|a, b| a.id.cmp(&b.id));
    Ok(Report {
        schema: "puppet.simulate/1",
        version: facts.version,
        seed: facts.seed,
        start: facts.start,
        end: facts.end,
        days: facts.days,
        tz: facts.tz,
        inputs: facts.inputs,
        plugins,
        generators: facts.generators,
        totals,
        agents: rows,
        events,
    })
}

/// `build.json`: what depends on the compiler and stands outside the equality claim.
pub async fn build_json(host: &Host) -> Result<serde_json::Value, StoreError> {
    let mut fuel: BTreeMap<String, Vec<u64>> = BTreeMap::new();
    let mut after = 0;
    loop {
        let filter = Filter { after_seq: Some(after), oldest_first: true, limit: PAGE, ..Filter::default() };
        let page = host.store.journal(&filter).await?;
        let Some(last) = page.last() else { break };
        after = last.seq;
        for entry in page {
            fuel.entry(entry.invocation.plugin.id.to_string()).or_default().push(entry.invocation.fuel);
        }
    }
    let plugins: Vec<_> = host
        .plugins()
        .values()
        .map(|plugin| {
            let mut fuel = fuel.remove(plugin.id.as_str()).unwrap_or_default();
            fuel.sort_unstable();
            serde_json::json!({
                "id": plugin.id, "version": plugin.version, "digest": plugin.digest(),
                "invocations": fuel.len(),
                "fuel": { "p50": quantile(&fuel, 50), "p99": quantile(&fuel, 99), "total": fuel.iter().sum::<u64>() },
            })
        })
        .collect();
    Ok(serde_json::json!({ "schema": "puppet.build/1", "plugins": plugins }))
}

/// Of nothing there is none.
pub fn quantile(sorted: &[u64], percent: usize) -> Option<u64> {
    let at = (sorted.len() * percent).div_ceil(100).saturating_sub(1);
    sorted.get(at).copied()
}

async fn published(store: &dyn Store) -> Result<BTreeMap<PostId, Post>, StoreError> {
    let end = Timestamp::from_millis(i64::MAX);
    let posts = store.posts(&[], end, false, usize::MAX >> 1).await?;
    Ok(posts.into_iter().map(|post| (post.id.clone(), post)).collect())
}

type EffectsByInvocation = BTreeMap<String, Vec<Effect>>;

async fn effects_by_invocation(store: &dyn Store, totals: &mut Totals) -> Result<EffectsByInvocation, StoreError> {
    let mut by_invocation: EffectsByInvocation = BTreeMap::new();
    for effect in store.effects(&[EffectState::Done, EffectState::Failed, EffectState::InDoubt]).await? {
        match effect.state {
            EffectState::Done => totals.effects.done += 1,
            EffectState::Failed => totals.effects.failed += 1,
            _ => totals.effects.in_doubt += 1,
        }
        by_invocation.entry(effect.invocation.to_string()).or_default().push(effect);
    }
    Ok(by_invocation)
}

fn tally(totals: &mut Totals, invocation: &Invocation) {
    totals.invocations.total += 1;
    match &invocation.outcome {
        Outcome::Ok => {
            totals.invocations.ok += 1;
            for numbered in &invocation.decisions {
                *totals.decisions.entry(numbered.decision.kind().to_owned()).or_default() += 1;
            }
        }
        Outcome::Declined(_) => totals.invocations.declined += 1,
        Outcome::Failed(_) => totals.invocations.failed += 1,
        Outcome::Breach(breach, _) => *totals.invocations.breach.entry(breach.code().to_owned()).or_default() += 1,
    }
    for read in &invocation.reads {
        totals.usd_micros.llm += read.cost.usd_micros;
        if matches!(read.status, ReadStatus::Denied | ReadStatus::Budget) {
            *totals.denied.entry(read.capability.name().to_owned()).or_default() += 1;
        }
        if let Some((prompt, completion)) = usage(read) {
            totals.tokens.prompt += prompt;
            totals.tokens.completion += completion;
        }
    }
}

/// Prompt and completion tokens of an answered completion.
fn usage(read: &puppet_types::Read) -> Option<(u64, u64)> {
    if read.capability != Capability::Llm || read.operation != "complete" || read.status != ReadStatus::Ok {
        return None;
    }
    let answer: serde_json::Value = read.answer.parse().ok()?;
    let usage = answer.get("usage")?;
    let number = |name: &str| usage.get(name).and_then(serde_json::Value::as_u64);
    Some((number("prompt_tokens")?, number("completion_tokens")?))
}

fn gather(
    gathered: &mut Gathered,
    invocation: &Invocation,
    effects: &EffectsByInvocation,
    posts: &BTreeMap<PostId, Post>,
    decay: Option<&MoodDecay>,
) {
    match &invocation.outcome {
        Outcome::Declined(_) => gathered.counts.declined += 1,
        Outcome::Breach(breach, _) => gathered.breaches.push(BreachRow {
            at: invocation.at,
            plugin: invocation.plugin.id.to_string(),
            breach: breach.code().to_owned(),
            invocation: invocation.id.to_string(),
        }),
        _ => {}
    }
    for read in &invocation.reads {
        if let Some((prompt, completion)) = usage(read) {
            gathered.llm.calls += 1;
            gathered.llm.prompt_tokens += prompt;
            gathered.llm.completion_tokens += completion;
        }
        gathered.llm.usd_micros += read.cost.usd_micros;
    }
    if invocation.outcome != Outcome::Ok {
        return;
    }
    for NumberedDecision { decision, .. } in &invocation.decisions {
        if let Decision::ShiftMood { valence, arousal, dominance, cause } = decision {
            let shift = Mood { valence: *valence, arousal: *arousal, dominance: *dominance };
            let before = match (gathered.felt, decay) {
                (None, _) => Mood::default(),
                (Some((mood, _)), None) => mood,
                (Some((mood, since)), Some(decay)) => decayed(mood, since, invocation.at, decay),
            };
            let mood = apply_shift(before, shift);
            gathered.felt = Some((mood, invocation.at));
            let Mood { valence, arousal, dominance } = mood;
            gathered.mood.push(MoodPoint { at: invocation.at, valence, arousal, dominance, cause: cause.clone() });
        }
    }
    for effect in effects.get(invocation.id.as_str()).into_iter().flatten() {
        if effect.state == EffectState::Done {
            gather_effect(gathered, invocation, effect, posts);
        }
    }
}

fn gather_effect(gathered: &mut Gathered, invocation: &Invocation, effect: &Effect, posts: &BTreeMap<PostId, Post>) {
    let kind = effect.body.kind();
    match &effect.body {
        Decision::Post { .. } => gathered.counts.post += 1,
        Decision::Thread { .. } => gathered.counts.thread += 1,
        Decision::Reply { .. } => gathered.counts.reply += 1,
        Decision::Quote { .. } => gathered.counts.quote += 1,
        Decision::Like { of } => {
            gathered.counts.like += 1;
            let post = match of {
                puppet_types::PostRef::Id(id) => id.to_string(),
                puppet_types::PostRef::Decision(n) => format!("decision:{n}"),
            };
            gathered.likes.push(LikeRow { at: invocation.at, post, invocation: invocation.id.to_string() });
            return;
        }
        _ => return,
    }
    for id in effect.provider_id.as_deref().unwrap_or_default().split(',').filter(|id| !id.is_empty()) {
        let Some(post) = posts.get(&PostId::new(id)) else { continue };
        gathered.posts.push(PostRow {
            id: id.to_owned(),
            at: post.at,
            kind,
            text: post.text.clone(),
            weighted_length: puppet_tweet::weighted_length(&post.text),
            in_reply_to: post.in_reply_to.as_ref().map(ToString::to_string),
            quotes: post.quotes.as_ref().map(ToString::to_string),
            thread: post.thread.as_ref().map(ToString::to_string),
            media: post.media.clone(),
            cause: Cause { event: invocation.event.id.to_string(), kind: invocation.event.kind.clone() },
            invocation: invocation.id.to_string(),
        });
    }
}

async fn agent_report(
    store: &dyn Store,
    id: &AgentId,
    mut gathered: Gathered,
    facts: &Facts,
    lines: &[BudgetLine],
) -> Result<AgentReport, StoreError> {
    gathered.llm.priced_as.clone_from(&facts.priced_as);
    gathered.posts.sort_by(|a, b| (a.at, &a.id).cmp(&(b.at, &b.id)));
    let mut memory = MemoryCounts::default();
    for (kind, count) in store.memory_counts(id).await? {
        *match kind {
            MemoryKind::Core => &mut memory.core,
            MemoryKind::Event => &mut memory.event,
            MemoryKind::Interaction => &mut memory.interaction,
            MemoryKind::General => &mut memory.general,
            MemoryKind::Post => &mut memory.post,
            MemoryKind::Tweet => &mut memory.tweet,
        } = count;
    }
    let relationships = store.relationships(id).await?.into_iter().map(|relationship| RelationshipRow {
        target_agent_id: relationship.target,
        sentiment: relationship.sentiment,
        familiarity: relationship.familiarity,
        trust: relationship.trust,
        interactions: relationship.interactions,
    });
    let AgentFact { name, personality, .. } = facts.agents.get(id).cloned().unwrap_or_default();
    Ok(AgentReport {
        id: id.to_string(),
        name,
        personality,
        counts: gathered.counts,
        posts: gathered.posts,
        likes: gathered.likes,
        mood: gathered.mood,
        relationships: relationships.collect(),
        memory,
        llm: gathered.llm,
        budgets: lines.iter().filter(|line| line.key.agent() == Some(id)).map(budget_row).collect(),
        breaches: gathered.breaches,
    })
}

/// A ledger line as `puppet budgets` prints it.
pub fn budget_row(line: &BudgetLine) -> BudgetRow {
    let key = &line.key;
    let (scope, agent, account, pack) = match &key.owner {
        Owner::Agent { agent, pack } => ("agent", Some(agent.to_string()), None, Some(pack.to_string())),
        Owner::Account(account) => ("account", None, Some(account.to_string()), None),
        Owner::Host => ("host", None, None, None),
    };
    BudgetRow {
        scope,
        agent,
        account,
        pack,
        capability: key.capability.name(),
        amount: key.amount.name(),
        unit: key.amount.unit(),
        period: key.period.name(),
        limit: line.limit,
        used: line.used,
        reserved: line.reserved,
        left: line.left,
        overrun: line.overrun,
        resets_at: line.resets_at,
        mode: line.mode.name(),
        state: line.state.name(),
    }
}

/// All events in order, copies of a broadcast as one.
async fn events(store: &dyn Store, totals: &mut Totals) -> Result<Vec<EventRow>, StoreError> {
    let mut rows: BTreeMap<(Timestamp, EventId), EventRow> = BTreeMap::new();
    let mut after = 0;
    loop {
        let page = store.events_after(after, PAGE).await?;
        let Some(last) = page.last() else { break };
        after = last.seq;
        for waiting in page {
            let event = waiting.event;
            let id = event.broadcast.clone().unwrap_or_else(|| event.id.clone());
            let row = rows.entry((event.at, id.clone())).or_insert_with(|| EventRow {
                id: id.to_string(),
                at: event.at,
                kind: event.kind.clone(),
                source: event.source.clone(),
                targets: Vec::new(),
                priority: event.priority,
            });
            row.targets.push(event.agent.to_string());
        }
    }
    let mut rows: Vec<EventRow> = rows.into_values().collect();
    for row in &mut rows {
        row.targets.sort();
        *totals.events.entry(row.kind.clone()).or_default() += 1;
    }
    Ok(rows)
}
