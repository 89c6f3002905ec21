//! Rows to write: every optional field filled somewhere.

use std::collections::BTreeMap;

use puppet_grants::{Amount, BudgetKey, Owner, Period, Spend};
use puppet_types::{
    AccountId, AgentId, Capability, Cost, Decision, Digest, EffectId, Event, EventId, Invocation, InvocationId, Json,
    LogLine, Memory, MemoryKind, NumberedDecision, Outcome, PackId, PluginRef, PostId, Priority, Read, ReadStatus,
    Timestamp, Timing, Trust,
};

use crate::{Commit, Effect, EffectState, EventEnd, Post};

pub fn at(seconds: i64) -> Timestamp {
    Timestamp::from_millis(1_767_571_200_000 + seconds * 1000)
}

pub fn event(id: &str, agent: &str) -> Event {
    Event {
        id: EventId::new(id),
        kind: "mention".into(),
        source: "local".into(),
        agent: AgentId::new(agent),
        author: Some("ann".into()),
        priority: Priority::High,
        at: at(1),
        payload: serde_json::json!({"text": format!("Grüße {id}"), "n": 0.1}),
        hops: 2,
        cause: Some(EventId::new("before")),
        broadcast: None,
    }
}

pub fn read(n: u32) -> Read {
    Read {
        n,
        capability: Capability::Llm,
        operation: "complete".into(),
        request: Json::of(&serde_json::json!({"prompt": "hello"})),
        answer: Json::of(&serde_json::json!({"text": "Zebra"})),
        status: ReadStatus::Ok,
        cost: Cost { tokens: 12, usd_micros: 34 },
    }
}

pub fn invocation(id: &str, event: Event) -> Invocation {
    Invocation {
        id: InvocationId::new(id),
        at: event.at.plus_millis(5),
        agent: event.agent.clone(),
        plugin: PluginRef { id: PackId::new("pack"), version: "1.2.3".into(), digest: Digest::of(b"component") },
        persona_digest: Digest::of(b"persona"),
        settings_digest: Digest::of(b"settings"),
        seed: Some(u64::MAX - 7),
        event,
        outcome: Outcome::Ok,
        fuel: u64::MAX,
        peak_memory_bytes: 65_536,
        host_calls: BTreeMap::from([(Capability::Log, 2), (Capability::Memory, 1)]),
        reads: vec![read(0)],
        decisions: vec![NumberedDecision { n: 1, decision: Decision::Thread { parts: vec!["Äpfel".into()] } }],
        log: vec![LogLine { level: "info".into(), message: "said".into(), fields: vec![("to".into(), "ann".into())] }],
        strikes: 1,
        timing: Some(Timing { sandbox: 1, reads: 2, commit: 3 }),
        unreplayable: None,
    }
}

pub fn commit(id: &str, event: Event) -> Commit {
    Commit {
        invocation: invocation(id, event),
        end: EventEnd::Done,
        changes: Vec::new(),
        spends: Vec::new(),
        payload: None,
        ended: None,
    }
}

pub fn effect(id: &str, invocation: &str, n: u32) -> Effect {
    Effect {
        id: EffectId::new(id),
        seq: 0,
        agent: AgentId::new("a"),
        account: AccountId::new("acc"),
        invocation: InvocationId::new(invocation),
        n,
        not_before: at(3),
        hops: 1,
        body: Decision::Post { text: "hi".into(), images: Vec::new() },
        state: EffectState::Waiting,
        attempts: 0,
        provider_id: None,
        reason: None,
        expires: None,
        doubt: None,
        purse: None,
    }
}

pub fn memory(id: &str, kind: MemoryKind, content: &str, second: i64) -> Memory {
    Memory {
        id: id.into(),
        kind,
        content: content.into(),
        at: at(second),
        importance: 0.5,
        valence: -0.25,
        associations: vec!["other".into()],
        metadata: vec![("key".into(), "value".into())],
        author: Some("ann".into()),
        trust: Trust::Own,
        pinned: false,
        led_by: None,
    }
}

pub fn post(id: &str, author: &str, second: i64) -> Post {
    Post {
        id: PostId::new(id),
        author: AccountId::new(author),
        text: format!("post {id}"),
        at: at(second),
        in_reply_to: None,
        quotes: None,
        conversation: PostId::new(id),
        thread: None,
        media: vec![puppet_types::Image { asset: "a.png".into(), alt_text: "a cat".into() }],
        hops: 1,
        likes: 0,
        replies: 0,
        quoted: 0,
    }
}

pub fn spend(agent: &str, window: i64, used: u64, overrun: u64) -> Spend {
    Spend {
        key: BudgetKey {
            owner: Owner::Agent { agent: AgentId::new(agent), pack: PackId::new("pack") },
            capability: Capability::Llm,
            amount: Amount::Tokens,
            period: Period::Day,
        },
        window,
        used,
        overrun,
        debt: 0,
    }
}
