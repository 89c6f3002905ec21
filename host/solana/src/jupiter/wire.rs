//! Answers as Jupiter writes them. Only what a swap is made of is required: other fields have come and gone.

use std::{collections::BTreeMap, str::FromStr};

use base64::{Engine, engine::general_purpose::STANDARD};
use puppet_types::Timestamp;
use serde::{Deserialize, Deserializer, de};
use solana_address::Address;
use solana_hash::Hash;
use solana_instruction::{AccountMeta, Instruction};

use super::{Built, Executed, Order, Quote};

/// Instructions of one answer, and accounts of one instruction: a transaction holds no more.
const MOST: usize = 64;

/// A number, or a text that spells one: both are sent.
#[derive(Deserialize)]
#[serde(untagged)]
enum Loose {
    Number(serde_json::Number),
    Text(String),
}

fn loose<'de, D: Deserializer<'de>, T: FromStr>(from: D) -> Result<Option<T>, D::Error> {
    let text = match Option::<Loose>::deserialize(from)? {
        None => return Ok(None),
        Some(Loose::Number(number)) => number.to_string(),
        Some(Loose::Text(text)) if text.is_empty() => return Ok(None),
        Some(Loose::Text(text)) => text,
    };
    text.parse().map(Some).map_err(|_| de::Error::custom("no such number"))
}

fn exact<'de, D: Deserializer<'de>>(from: D) -> Result<u64, D::Error> {
    loose(from)?.ok_or_else(|| de::Error::custom("an amount is missing"))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Priced {
    input_mint: String,
    output_mint: String,
    #[serde(deserialize_with = "exact")]
    in_amount: u64,
    #[serde(deserialize_with = "exact")]
    out_amount: u64,
    #[serde(deserialize_with = "exact")]
    other_amount_threshold: u64,
    slippage_bps: u16,
    swap_mode: Option<String>,
    // A share of one: 0.01 is a percent. Not an amount.
    #[serde(default, deserialize_with = "loose")]
    price_impact_pct: Option<f64>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Ordered {
    #[serde(flatten)]
    priced: Priced,
    transaction: Option<String>,
    #[serde(default)]
    request_id: String,
    #[serde(default, deserialize_with = "loose")]
    last_valid_block_height: Option<u64>,
    #[serde(default)]
    error: Option<String>,
    #[serde(default)]
    error_message: Option<String>,
    #[serde(default)]
    gasless: Option<bool>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Done {
    status: Option<String>,
    #[serde(default)]
    code: i64,
    #[serde(default)]
    error: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Meta {
    pubkey: String,
    is_signer: bool,
    is_writable: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Call {
    program_id: String,
    accounts: Vec<Meta>,
    data: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Dated {
    blockhash: Vec<u8>,
    #[serde(deserialize_with = "exact")]
    last_valid_block_height: u64,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Parts {
    #[serde(flatten)]
    priced: Priced,
    #[serde(default)]
    setup_instructions: Vec<Call>,
    swap_instruction: Call,
    cleanup_instruction: Option<Call>,
    #[serde(default)]
    other_instructions: Vec<Call>,
    #[serde(default)]
    addresses_by_lookup_table_address: Option<BTreeMap<String, Vec<String>>>,
    blockhash_with_metadata: Option<Dated>,
}

fn address(text: &str) -> Option<Address> {
    text.parse().ok()
}

/// In hundredths of a percent, rounded up, whichever way it goes.
fn bps(share: f64) -> Option<u32> {
    let bps = (share.abs() * 10_000.0).ceil();
    // Larger than a whole is not told apart.
    (bps.is_finite()).then_some(if bps > 1e9 { u32::MAX } else { bps as u32 })
}

impl Priced {
    fn quote(&self, at: Timestamp) -> Option<Quote> {
        if self.swap_mode.as_deref().is_some_and(|mode| mode != "ExactIn") {
            return None;
        }
        Some(Quote {
            gives: address(&self.input_mint)?,
            takes: address(&self.output_mint)?,
            in_amount: self.in_amount,
            out_amount: self.out_amount,
            least_out: self.other_amount_threshold,
            slippage_bps: self.slippage_bps,
            price_impact_bps: self.price_impact_pct.and_then(bps),
            at,
        })
    }
}

impl Call {
    fn instruction(&self) -> Option<Instruction> {
        if self.accounts.len() > MOST {
            return None;
        }
        let meta = |meta: &Meta| {
            let (is_signer, is_writable) = (meta.is_signer, meta.is_writable);
            Some(AccountMeta { pubkey: address(&meta.pubkey)?, is_signer, is_writable })
        };
        Some(Instruction {
            program_id: address(&self.program_id)?,
            accounts: self.accounts.iter().map(meta).collect::<Option<_>>()?,
            data: STANDARD.decode(&self.data).ok()?,
        })
    }
}

/// An answer of `/order`.
pub(super) fn order(body: &[u8], at: Timestamp) -> Option<Order> {
    let ordered: Ordered = serde_json::from_slice(body).ok()?;
    let said = [ordered.error_message, ordered.error].into_iter().flatten().find(|words| !words.is_empty());
    // Somebody else pays the fee, and the guard lets nobody else pay.
    let gasless = ordered.gasless.unwrap_or(false).then(|| "somebody else would pay the fee".to_owned());
    Some(Order {
        quote: ordered.priced.quote(at)?,
        transaction: ordered.transaction.filter(|transaction| !transaction.is_empty()),
        request_id: ordered.request_id,
        last_valid_height: ordered.last_valid_block_height,
        reason: said.or(gasless),
    })
}

/// An answer of `/execute`.
pub(super) fn executed(body: &[u8]) -> Option<Executed> {
    let done: Done = serde_json::from_slice(body).ok()?;
    let is_success = done.status? == "Success";
    Some(Executed { is_success, code: done.code, words: done.error.unwrap_or_default() })
}

/// An answer of `/build`.
pub(super) fn built(body: &[u8], at: Timestamp) -> Option<Built> {
    let parts: Parts = serde_json::from_slice(body).ok()?;
    let calls = parts.setup_instructions.iter().chain([&parts.swap_instruction]);
    let calls = calls.chain(&parts.cleanup_instruction).chain(&parts.other_instructions);
    let instructions: Vec<Instruction> = calls.map(Call::instruction).collect::<Option<_>>()?;
    if instructions.len() > MOST {
        return None;
    }
    let mut tables = BTreeMap::new();
    for (key, addresses) in parts.addresses_by_lookup_table_address.unwrap_or_default() {
        tables.insert(address(&key)?, addresses.iter().map(|text| address(text)).collect::<Option<_>>()?);
    }
    let blockhash = parts.blockhash_with_metadata.and_then(|dated| {
        let bytes: [u8; 32] = dated.blockhash.try_into().ok()?;
        Some((Hash::new_from_array(bytes), dated.last_valid_block_height))
    });
    Some(Built { quote: parts.priced.quote(at)?, instructions, tables, blockhash })
}

/// What an error says.
pub(super) fn words(body: &[u8]) -> Option<String> {
    let value: serde_json::Value = serde_json::from_slice(body).ok()?;
    let text = ["errorMessage", "error", "message"].into_iter().find_map(|key| value.get(key)?.as_str());
    text.map(str::to_owned)
}
