//! What a store holds where a test looks.

use puppet_store::{
    AgentRow, Change, Commit, CommitStore as _, Effect, EffectState, EventEnd, EventStore as _, Relationship, Timer,
};
use puppet_types::{
    AccountId, AgentId, Decision, Digest, Event, Invocation, Memory, MemoryKind, Mood, NumberedDecision, Outcome,
    PluginRef, Priority, TimerRule, Timestamp, Trust,
};
use serde_json::json;

use crate::{parts::Settings, testing::Scene};

pub fn at(ms: i64) -> Timestamp {
    Timestamp::from_millis(1_700_000_000_000 + ms)
}

/// Two agents, `ann` and `bob`, each with everything that can be looked at.
pub async fn village() -> Scene {
    village_with(Settings::default()).await
}

/// The same, configured so.
pub async fn village_with(settings: Settings) -> Scene {
    let scene = Scene::with(settings).await;
    for agent in ["ann", "bob"] {
        lives(&scene, agent).await;
    }
    scene
}

async fn lives(scene: &Scene, agent: &str) {
    let (id, account) = (AgentId::new(agent), AccountId::new(agent));
    scene.host.accounts.put(account.clone(), id.clone());
    scene.host.agents.put(id.clone(), &agent.to_uppercase(), account, "p".into());
    let row = AgentRow { id: id.clone(), body: json!({ "name": agent }), created: at(0) };
    let relationship = Relationship { target: "visitor".to_owned(), trust: 0.25, ..Relationship::default() };
    let timer = Timer {
        agent: id.clone(),
        plugin: "p".into(),
        name: "post".to_owned(),
        rule: TimerRule::Every { interval_ms: 60_000 },
        next: at(60_000),
        payload: json!({ "n": 1 }),
        led_by: None,
    };
    let changes =
        vec![Change::Agent(row), Change::Relationship { agent: id, relationship, keep: 9 }, Change::SetTimer(timer)];
    scene.store.apply(changes).await.unwrap();
    for n in 0..3 {
        happened(scene, agent, n).await;
    }
}

pub fn event(agent: &str, id: &str, ms: i64) -> Event {
    Event {
        id: id.into(),
        kind: "news".to_owned(),
        source: "cli".to_owned(),
        agent: agent.into(),
        author: None,
        priority: Priority::Normal,
        at: at(ms),
        payload: json!({ "topic": "it's rain" }),
        hops: 0,
        cause: None,
        broadcast: None,
    }
}

/// An event that an agent has handled: it posts, and its mood moves.
pub async fn happened(scene: &Scene, agent: &str, n: i64) {
    let event = event(agent, &format!("evt-{agent}-{n}"), n);
    scene.store.accept(vec![event.clone()]).await.unwrap();
    let decision = Decision::Post { text: format!("{agent} says {n}"), images: Vec::new() };
    let id = format!("inv-{agent}-{n}");
    let effect = Effect {
        id: format!("eff-{agent}-{n}").into(),
        seq: 0,
        agent: agent.into(),
        account: agent.into(),
        invocation: id.as_str().into(),
        n: 0,
        not_before: at(n),
        hops: 0,
        body: decision.clone(),
        state: if n == 0 { EffectState::WaitingForApproval } else { EffectState::Done },
        attempts: 0,
        provider_id: None,
        reason: None,
        expires: (n == 0).then(|| Timestamp::from_system().plus_millis(600_000)),
        doubt: None,
        purse: None,
    };
    let mood = Mood { valence: 0.1 * n as f64, ..Mood::default() };
    let invocation = Invocation {
        id: id.as_str().into(),
        at: at(n),
        agent: agent.into(),
        plugin: PluginRef { id: "p".into(), version: "1.0.0".to_owned(), digest: Digest::of(b"p") },
        persona_digest: Digest::of(b"a"),
        settings_digest: Digest::of(b"b"),
        seed: Some(7),
        event,
        outcome: Outcome::Ok,
        fuel: 5,
        peak_memory_bytes: 6,
        host_calls: Default::default(),
        reads: Vec::new(),
        decisions: vec![NumberedDecision { n: 0, decision }],
        log: Vec::new(),
        strikes: 0,
        timing: None,
        unreplayable: None,
    };
    let changes = vec![
        Change::Effect(effect),
        Change::Mood { agent: agent.into(), mood, at: at(n) },
        remember(agent, &format!("mem-{agent}-{n}"), &format!("the kettle of {agent} number {n}"), n),
    ];
    let commit = Commit { invocation, end: EventEnd::Done, changes, spends: Vec::new(), payload: None, ended: None };
    scene.store.commit(commit).await.unwrap();
}

pub fn remember(agent: &str, id: &str, content: &str, ms: i64) -> Change {
    let memory = Memory {
        id: id.to_owned(),
        kind: MemoryKind::General,
        content: content.to_owned(),
        at: at(ms),
        importance: 0.5,
        valence: 0.0,
        associations: Vec::new(),
        metadata: Vec::new(),
        author: None,
        trust: Trust::Own,
        pinned: false,
        led_by: None,
    };
    let vector = Some(puppet_memory::embedding::hashed_vector(content));
    Change::Remember { agent: agent.into(), memory, vector, cap: None }
}
