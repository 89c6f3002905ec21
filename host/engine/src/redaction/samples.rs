//! A decision of each kind that has every field, to try paths on.

use puppet_types::{
    Decision, EventTarget, Image, Memory, MemoryKind, PostRef, Priority, RelationshipChange, StateBytes, TimerRule,
    Timestamp, Trust,
    trade::{Mint, Origin, SwapIntent},
};
use serde_json::json;

fn text() -> String {
    "text".to_owned()
}

fn memory() -> Memory {
    Memory {
        id: text(),
        kind: MemoryKind::General,
        content: text(),
        at: Timestamp::from_millis(0),
        importance: 0.5,
        valence: 0.5,
        associations: vec![text()],
        metadata: vec![(text(), text())],
        author: Some(text()),
        trust: Trust::Own,
        pinned: false,
        led_by: None,
    }
}

fn swap() -> SwapIntent {
    SwapIntent { in_mint: Mint::sol(), out_mint: Mint::usdc(), amount: 1, max_slippage_bps: 1, reason: text() }
}

/// One of each kind.
pub(super) fn all() -> Vec<Decision> {
    let (images, post) = (vec![Image { asset: text(), alt_text: text() }], PostRef::Id("1".into()));
    let change = RelationshipChange {
        sentiment: 0.1,
        familiarity: 0.1,
        trust: 0.1,
        interaction: Some(text()),
        note: Some(text()),
    };
    let (payload, priority) = (json!({ "field": text() }), Priority::Normal);
    vec![
        Decision::Post { text: text(), images: images.clone() },
        Decision::Thread { parts: vec![text()] },
        Decision::Reply { to: post.clone(), text: text(), images },
        Decision::Quote { of: post.clone(), text: text() },
        Decision::Like { of: post.clone() },
        Decision::Delete { of: post },
        Decision::Remember { memory: memory() },
        Decision::Forget { id: text() },
        Decision::Supersede { id: text(), memory: memory() },
        Decision::Pin { id: text(), pinned: true },
        Decision::ShiftMood { valence: 0.1, arousal: 0.1, dominance: 0.1, cause: text() },
        Decision::AdjustRelationship { target: text(), change },
        Decision::SetTimer {
            name: text(),
            rule: TimerRule::Cron { expression: text(), timezone: text() },
            next: Timestamp::from_millis(0),
            payload: payload.clone(),
        },
        Decision::CancelTimer { name: text() },
        Decision::PutState { version: 1, data: StateBytes::Text(text()) },
        Decision::ClearState {},
        Decision::Emit { event_kind: text(), target: EventTarget::Me, priority, payload, delay_ms: 1 },
        Decision::Swap { intent: swap(), origin: Origin::Own },
    ]
}
