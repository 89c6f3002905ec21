//! What is asked of the cluster itself.

use serde_json::{Value, json};
use solana_hash::Hash;

use super::{Answer, Params, at_slot};
use crate::{
    chain::{Chain, EPOCH_SLOTS},
    faults::Kind,
};

/// Whose answers these are like.
pub(crate) const API_VERSION: &str = "4.2.2";

pub(super) fn version() -> Value {
    json!({ "solana-core": API_VERSION, "feature-set": 0 })
}

/// No cluster's: whoever asks can tell that this is none of them.
pub(super) fn genesis() -> Hash {
    Hash::new_from_array(*b"puppet emulates a chain, no more")
}

pub(super) fn epoch(chain: &Chain) -> Value {
    let slot = chain.blocks.slot();
    json!({
        "absoluteSlot": slot, "blockHeight": chain.blocks.height(), "epoch": slot / EPOCH_SLOTS,
        "slotIndex": slot % EPOCH_SLOTS, "slotsInEpoch": EPOCH_SLOTS, "transactionCount": chain.landed_count(),
    })
}

pub(super) fn latest_blockhash(chain: &mut Chain, twist: Option<&Kind>) -> Value {
    let stale = twist == Some(&Kind::StaleBlockhash);
    let mut hash = chain.blocks.latest();
    if stale {
        hash = chain.stale_blockhash();
    }
    let last = chain.blocks.last_valid(&chain.blocks.latest()).unwrap_or_default();
    at_slot(chain, json!({ "blockhash": hash.to_string(), "lastValidBlockHeight": last }))
}

pub(super) fn is_blockhash_valid(chain: &Chain, params: &Params<'_>) -> Answer {
    let hash: Hash = params.read(0)?;
    Ok(at_slot(chain, json!(chain.blocks.is_valid(&hash))))
}

/// Nobody else pays for priority here.
pub(super) fn prioritization_fees(chain: &Chain) -> Value {
    let slot = chain.blocks.slot();
    let recent = (0..150).rev().map(|back| json!({ "slot": slot - back, "prioritizationFee": 0 }));
    Value::Array(recent.collect())
}
