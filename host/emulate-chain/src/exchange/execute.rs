//! `execute`: the maker signs an order that the taker has signed, and it lands. The same order again answers what became
//! of it, so that whoever lost an answer can ask.

use base64::{Engine as _, prelude::BASE64_STANDARD};
use serde::Deserialize;
use serde_json::{Value, json};
use solana_signature::Signature;
use solana_signer::Signer as _;
use solana_transaction::versioned::VersionedTransaction;

use super::{
    Exchange, SOL,
    api::Wrong,
    order::{Kept, Router},
    prices::part,
};
use crate::{
    chain::{Balances, Chain, Landed},
    faults::Kind,
};

/// Jupiter's codes.
const NO_ORDER: i64 = -1;
const NO_TRANSACTION: i64 = -2;
const OTHER_MESSAGE: i64 = -3;
const NOT_SIGNED: i64 = -1003;
const FAILED_TO_LAND: i64 = -1000;
const FAILED_WITH_MAKER: i64 = -2000;
const QUOTE_EXPIRED: i64 = -2003;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Execute {
    signed_transaction: String,
    request_id: String,
    #[serde(default, rename = "lastValidBlockHeight")]
    _last_valid_block_height: Option<Value>,
}

impl Exchange {
    pub(super) fn execute(&mut self, chain: &mut Chain, body: &[u8], twist: Option<&Kind>) -> Result<Value, Wrong> {
        let asked: Execute = serde_json::from_slice(body).map_err(|error| error.to_string())?;
        let Some(kept) = self.orders.get(&asked.request_id) else {
            return Ok(failed(NO_ORDER, "Order not found, it might have expired", None));
        };
        if let Some(signature) = kept.signature {
            chain.done.again += 1;
            return Ok(ended(chain, kept, &signature, self.malice.is_some()));
        }
        let bytes = BASE64_STANDARD.decode(&asked.signed_transaction).unwrap_or_default();
        let Ok(mut transaction) = wincode::deserialize_exact::<VersionedTransaction>(&bytes) else {
            return Ok(failed(NO_TRANSACTION, "Invalid signed transaction", None));
        };
        if transaction.message.serialize() != kept.message {
            return Ok(failed(OTHER_MESSAGE, "Invalid message bytes", None));
        }
        let keys = transaction.message.static_account_keys();
        let place = |key: &solana_address::Address| keys.iter().position(|one| one == key);
        let (taker, maker) = (place(&kept.taker), place(&self.maker()));
        let signed = taker.and_then(|place| transaction.signatures.get(place));
        if !signed.is_some_and(|signature| signature.verify(kept.taker.as_ref(), &kept.message)) {
            return Ok(failed(NOT_SIGNED, "Transaction not fully signed", None));
        }
        // The maker does not pay more than the agreed slippage above what it would pay now.
        let now = self.rate(&kept.input, &kept.output).and_then(|rate| rate.of(kept.amount)).unwrap_or(0);
        let less = now < kept.threshold || part(kept.quoted, 10_000 - u32::from(self.drift_bps)) < kept.threshold;
        if kept.router == Router::Maker && less {
            return Ok(failed(QUOTE_EXPIRED, "Quote expired", None));
        }
        if let Some(slot) = maker.and_then(|place| transaction.signatures.get_mut(place)) {
            *slot = self.maker.sign_message(&kept.message);
        }
        let signature = transaction.signatures.first().copied().unwrap_or_default();
        chain.sent(&transaction);
        match twist {
            Some(Kind::Dropped) => return Ok(failed(did_not_land(kept), "Failed to land", Some(&signature))),
            Some(Kind::Held { blocks }) => {
                chain.hold(transaction, *blocks);
                return Ok(failed(did_not_land(kept), "Failed to land", Some(&signature)));
            }
            _ => {}
        }
        if let Err(error) = chain.execute(transaction) {
            return Ok(failed(did_not_land(kept), &error.to_string(), Some(&signature)));
        }
        chain.done.swaps += u64::from(chain.landed(&signature).is_some_and(|landed| landed.error.is_none()));
        let told = ended(chain, kept, &signature, self.malice.is_some());
        if let Some(kept) = self.orders.get_mut(&asked.request_id) {
            kept.signature = Some(signature);
        }
        Ok(told)
    }
}

/// What became of one that has landed. A hostile exchange tells what was quoted, whatever came of it.
fn ended(chain: &Chain, kept: &Kept, signature: &Signature, is_hostile: bool) -> Value {
    let landed = chain.landed(signature);
    if let Some(error) = landed.and_then(|landed| landed.error.as_ref()) {
        return failed(did_not_land(kept), &error.to_string(), Some(signature));
    }
    let came = landed.map(|landed| received(landed, kept)).filter(|_| !is_hostile);
    let (amount, out) = (kept.amount.to_string(), came.unwrap_or(kept.quoted).to_string());
    json!({
        "status": "Success", "code": 0, "signature": signature.to_string(),
        "slot": landed.map(|landed| landed.slot.to_string()),
        "totalInputAmount": amount, "totalOutputAmount": out, "inputAmountResult": amount, "outputAmountResult": out,
        "swapEvents": [{
            "inputMint": kept.input.to_string(), "inputAmount": amount, "outputMint": kept.output.to_string(),
            "outputAmount": out,
        }],
    })
}

/// What the taker has more of afterwards.
fn received(landed: &Landed, kept: &Kept) -> u64 {
    let tokens = |balances: &Balances| -> u64 {
        let held = balances.tokens.iter().map(|balance| &balance.held);
        held.filter(|held| held.owner == kept.taker && held.mint == kept.output).map(|held| held.amount).sum()
    };
    if kept.output != SOL {
        return tokens(&landed.after).saturating_sub(tokens(&landed.before));
    }
    // The taker pays the fee, and is the first of the accounts.
    let lamports = |balances: &Balances| balances.lamports.first().copied().unwrap_or(0);
    (lamports(&landed.after) + landed.fee).saturating_sub(lamports(&landed.before))
}

/// The code of one that did not land, or failed there.
fn did_not_land(kept: &Kept) -> i64 {
    if kept.router == Router::Maker { FAILED_WITH_MAKER } else { FAILED_TO_LAND }
}

fn failed(code: i64, error: &str, signature: Option<&Signature>) -> Value {
    let mut told = json!({ "status": "Failed", "code": code, "error": error });
    if let Some(signature) = signature {
        told["signature"] = json!(signature.to_string());
    }
    told
}
