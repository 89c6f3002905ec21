//! How a swap ended becomes an event of its agent: told at least once, and accepted once, since its id follows from the swap's.

use puppet_trade::SwapResult;
use puppet_types::{AgentId, Event, EventId, Priority, Timestamp, ids};
use serde_json::{Value, json};

/// Whom it is for, if it is for anybody.
pub fn event(result: &SwapResult, now: Timestamp) -> Option<Event> {
    let agent: AgentId = result.agent.clone()?;
    let kind = if result.is_done { "swap_done" } else { "swap_failed" };
    Some(Event {
        id: EventId::from(ids::derive("evt", &["swap", &result.id])),
        kind: kind.to_owned(),
        source: "host".to_owned(),
        agent,
        author: None,
        priority: Priority::Low,
        // Recorded bars are of another time than the agent lives in.
        at: now,
        payload: payload(result),
        hops: 0,
        cause: None,
        broadcast: None,
    })
}

/// Amounts as decimal texts, as everywhere in JSON where they may be large; what is not known is null.
fn payload(result: &SwapResult) -> Value {
    let text = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    json!({
        "id": result.id, "purse": result.purse, "mode": result.mode, "origin": result.origin, "agent": result.agent,
        "market": text(&result.market), "side": result.side,
        "in_mint": result.in_mint, "in_symbol": text(&result.in_symbol),
        "in_amount": result.in_amount.to_string(), "in_decimals": result.in_decimals,
        "out_mint": result.out_mint, "out_symbol": text(&result.out_symbol),
        "out_amount": result.out_amount.to_string(), "out_decimals": result.out_decimals,
        "price": (result.price > 0).then(|| result.price.to_string()), "price_decimals": result.price_decimals,
        "signature": result.signature, "at": result.at, "reason": result.reason, "is_done": result.is_done,
        "code": text(&result.code), "detail": text(&result.detail), "retry_at": result.retry_at,
    })
}
