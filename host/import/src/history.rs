//! The order in which the original would handle events: the highest priority first, equals as they came (contract §7).

use std::cmp::Reverse;

use puppet_store::PastEvent;

/// Sorts events so.
pub fn in_the_order_of_the_contract(mut events: Vec<PastEvent>) -> Vec<PastEvent> {
    events.sort_by_key(|past| Reverse(past.event.priority));
    events
}
