//! What a plugin decided, as the test host records it.

use crate::{
    agent::{Mood, RelationshipChange},
    events::NewEvent,
    memory::NewMemory,
    state::Blob,
    tweet::{Image, PostRef},
    wallet::SwapIntent,
};

/// One decision. Numbers of [`PostRef::Decision`] are positions in the list.
#[derive(Debug, Clone, PartialEq)]
#[allow(missing_docs, reason = "fields are the arguments of the function of the same name")]
pub enum Decided {
    Post { text: String, images: Vec<Image> },
    Thread { parts: Vec<String> },
    Reply { to: PostRef, text: String, images: Vec<Image> },
    Quote { of: PostRef, text: String },
    Like { of: PostRef },
    Delete { of: PostRef },
    Remember { id: String, memory: NewMemory },
    Forget { id: String },
    Supersede { id: String, by: String, memory: NewMemory },
    Pin { id: String, pinned: bool },
    ShiftMood { shift: Mood, cause: String },
    AdjustRelationship { target: String, change: RelationshipChange },
    SetTimer { name: String, next: u64, rule: String, payload: String },
    CancelTimer { name: String },
    PutState(Blob),
    ClearState,
    Emit(NewEvent),
    Swap(SwapIntent),
}
