//! Transactions: what they would do, sending them, and what became of them.

use base64::{Engine as _, prelude::BASE64_STANDARD};
use litesvm::types::{FailedTransactionMetadata, SimulatedTransactionInfo};
use serde_json::{Value, json};
use solana_account::Account;
use solana_address::Address;
use solana_message::VersionedMessage;
use solana_signature::Signature;
use solana_transaction::versioned::VersionedTransaction;
use solana_transaction_error::TransactionError;

use super::{
    Answer, Params, RpcError,
    accounts::{How, amount, bent, shown},
    at_slot,
    params::read,
};
use crate::{
    chain::{Balances, Chain, Landed},
    faults::Kind,
};

/// Longest transaction on the wire.
const PACKET: usize = 1232;

/// Reads a transaction as it goes over the wire.
fn decode(text: &str, encoding: &str) -> Result<VersionedTransaction, RpcError> {
    let bytes = bytes(text, encoding)?;
    if bytes.len() > PACKET {
        let why = format!("decoded VersionedTransaction too large: {} bytes (max: {PACKET} bytes)", bytes.len());
        return Err(RpcError::invalid(why));
    }
    let transaction: VersionedTransaction = wincode::deserialize_exact(&bytes)
        .map_err(|error| RpcError::invalid(format!("failed to deserialize VersionedTransaction: {error}")))?;
    match transaction.sanitize() {
        Ok(()) => Ok(transaction),
        Err(error) => Err(RpcError::invalid(format!("invalid transaction: {error}"))),
    }
}

fn bytes(text: &str, encoding: &str) -> Result<Vec<u8>, RpcError> {
    let decoded = match encoding {
        "base64" => BASE64_STANDARD.decode(text).map_err(|error| error.to_string()),
        "base58" => bs58::decode(text).into_vec().map_err(|error| error.to_string()),
        other => return Err(RpcError::invalid(format!("unsupported encoding: {other}. Supported: base58, base64"))),
    };
    decoded.map_err(|error| RpcError::invalid(format!("invalid {encoding} encoding: {error}")))
}

pub(super) fn fee(chain: &Chain, params: &Params<'_>) -> Answer {
    let bytes = bytes(params.text(0)?, "base64")?;
    let message: VersionedMessage = wincode::deserialize_exact(&bytes)
        .map_err(|error| RpcError::invalid(format!("failed to deserialize VersionedMessage: {error}")))?;
    let fee = chain.blocks.is_valid(message.recent_blockhash()).then(|| chain.fee(message));
    Ok(at_slot(chain, json!(fee)))
}

pub(super) fn airdrop(chain: &mut Chain, params: &Params<'_>) -> Answer {
    let (to, lamports): (Address, u64) = (params.read(0)?, params.number(1)?);
    let signature = chain.airdrop(&to, lamports).map_err(|error| RpcError::internal(error.to_string()))?;
    chain.done.airdrops += 1;
    Ok(json!(signature.to_string()))
}

pub(super) fn simulate(chain: &Chain, params: &Params<'_>) -> Answer {
    let mut transaction = decode(params.text(0)?, params.encoding(1, "base58"))?;
    let (verify, replace) = (params.flag(1, "sigVerify"), params.flag(1, "replaceRecentBlockhash"));
    if verify && replace {
        return Err(RpcError::invalid("sigVerify may not be used with replaceRecentBlockhash"));
    }
    if verify && !Chain::is_signed(&transaction) {
        return Err(RpcError::signatures());
    }
    if replace {
        transaction.message.set_recent_blockhash(chain.blocks.latest());
    }
    let wanted = params.option(1, "accounts");
    let how = How::of(wanted.and_then(|wanted| wanted["encoding"].as_str()).unwrap_or("base64"), None)?;
    let addresses: Option<Vec<Address>> = match wanted {
        Some(wanted) => {
            let list = wanted["addresses"].as_array().ok_or_else(|| RpcError::invalid("`addresses` is needed"))?;
            Some(list.iter().map(|text| read(text.as_str().unwrap_or_default())).collect::<Result<_, _>>()?)
        }
        None => None,
    };
    let result = chain.simulate(&transaction);
    let mut told = simulated(&result);
    if let Some(addresses) = addresses {
        let after: Result<Vec<Value>, RpcError> =
            addresses.iter().map(|address| after(chain, &result, address, &how)).collect();
        told["accounts"] = Value::Array(after?);
    }
    if replace {
        let hash = chain.blocks.latest();
        let last = chain.blocks.last_valid(&hash);
        told["replacementBlockhash"] = json!({ "blockhash": hash.to_string(), "lastValidBlockHeight": last });
    }
    Ok(at_slot(chain, told))
}

type Simulated = Result<SimulatedTransactionInfo, Box<FailedTransactionMetadata>>;

fn simulated(result: &Simulated) -> Value {
    let (error, meta) = match result {
        Ok(done) => (None, &done.meta),
        Err(failed) => (Some(&failed.err), &failed.meta),
    };
    let returned = &meta.return_data;
    let return_data = (!returned.data.is_empty()).then(|| {
        json!({ "programId": returned.program_id.to_string(),
                "data": [BASE64_STANDARD.encode(&returned.data), "base64"] })
    });
    json!({
        "err": error, "logs": meta.logs, "accounts": null, "unitsConsumed": meta.compute_units_consumed,
        "returnData": return_data, "innerInstructions": null, "replacementBlockhash": null, "fee": meta.fee,
    })
}

/// What an account would be. Null where there would be none, and where nothing would be done.
fn after(chain: &Chain, result: &Simulated, address: &Address, how: &How) -> Answer {
    let Ok(done) = result else { return Ok(Value::Null) };
    let written = done.post_accounts.iter().find(|(written, _)| written == address);
    let account = match written {
        Some((_, account)) => Some(Account::from(account.clone())).filter(|account| account.lamports > 0),
        None => chain.account(address),
    };
    account.map_or(Ok(Value::Null), |account| shown(chain, &account, how))
}

pub(super) fn send(chain: &mut Chain, params: &Params<'_>, twist: Option<&Kind>) -> Answer {
    let transaction = decode(params.text(0)?, params.encoding(1, "base58"))?;
    let signature = transaction.signatures.first().copied().unwrap_or_default();
    chain.sent(&transaction);
    if !params.flag(1, "skipPreflight") {
        preflight(chain, &transaction, twist)?;
    }
    match twist {
        Some(Kind::Dropped) => {}
        Some(Kind::Held { blocks }) => chain.hold(transaction, *blocks),
        // What does not get into a block is told by nobody: whoever sent it sees that it never lands.
        _ => drop(chain.execute(transaction)),
    }
    Ok(json!(signature.to_string()))
}

fn preflight(chain: &Chain, transaction: &VersionedTransaction, twist: Option<&Kind>) -> Result<(), RpcError> {
    if !Chain::is_signed(transaction) {
        return Err(RpcError::signatures());
    }
    let mut result = chain.simulate(transaction);
    if twist == Some(&Kind::Preflight) {
        let meta = match result {
            Ok(done) => done.meta,
            Err(failed) => failed.meta,
        };
        let err = TransactionError::InsufficientFundsForFee;
        result = Err(Box::new(FailedTransactionMetadata { err, meta }));
    }
    match &result {
        Ok(_) => Ok(()),
        Err(failed) => Err(RpcError::preflight(&failed.err.to_string(), simulated(&result))),
    }
}

pub(super) fn statuses(chain: &Chain, params: &Params<'_>, twist: Option<&Kind>) -> Answer {
    let signatures: Vec<Signature> = params.list(0, 256)?;
    let one = |signature: &Signature| {
        let landed = chain.landed(signature).filter(|_| twist != Some(&Kind::UnknownStatus))?;
        let done = chain.blocks.is_final(landed.height);
        let confirmations = (!done).then(|| chain.blocks.height() - landed.height);
        Some(json!({
            "slot": landed.slot, "confirmations": confirmations, "err": landed.error, "status": status(landed),
            "confirmationStatus": if done { "finalized" } else { "confirmed" },
        }))
    };
    Ok(at_slot(chain, Value::Array(signatures.iter().map(|signature| one(signature).unwrap_or_default()).collect())))
}

fn status(landed: &Landed) -> Value {
    match &landed.error {
        Some(error) => json!({ "Err": error }),
        None => json!({ "Ok": null }),
    }
}

pub(super) fn landed(chain: &Chain, params: &Params<'_>, twist: Option<&Kind>) -> Answer {
    let signature: Signature = params.read(0)?;
    // Where nothing is said of commitment, only what is final is told.
    let finalized = matches!(params.option(1, "commitment").and_then(Value::as_str), None | Some("finalized"));
    let known =
        |landed: &&Landed| twist != Some(&Kind::UnknownStatus) && (!finalized || chain.blocks.is_final(landed.height));
    let Some(landed) = chain.landed(&signature).filter(known) else { return Ok(Value::Null) };
    let version = match landed.transaction.message {
        VersionedMessage::Legacy(_) => json!("legacy"),
        VersionedMessage::V0(_) => json!(0),
        VersionedMessage::V1(_) => json!(1),
    };
    let takes = params.option(1, "maxSupportedTransactionVersion").and_then(Value::as_u64);
    if let Some(number) = version.as_u64()
        && takes.is_none_or(|most| number > most)
    {
        return Err(RpcError::version(u8::try_from(number).unwrap_or(u8::MAX)));
    }
    let mut told = json!({
        "slot": landed.slot, "blockTime": null, "meta": meta(chain, landed, twist),
        "transaction": encoded(&landed.transaction, params.encoding(1, "json"))?,
    });
    if takes.is_some() {
        told["version"] = version;
    }
    Ok(told)
}

fn meta(chain: &Chain, landed: &Landed, twist: Option<&Kind>) -> Value {
    let (writable, readonly) = chain.looked_up(&landed.transaction.message);
    let words = |list: Vec<Address>| list.iter().map(Address::to_string).collect::<Vec<_>>();
    let lamports = |balances: &Balances| balances.lamports.iter().map(|of| bent(*of, twist)).collect::<Vec<_>>();
    json!({
        "err": landed.error, "status": status(landed), "fee": landed.fee,
        "preBalances": lamports(&landed.before), "postBalances": lamports(&landed.after),
        "preTokenBalances": tokens(&landed.before, twist), "postTokenBalances": tokens(&landed.after, twist),
        "innerInstructions": null, "logMessages": landed.logs, "rewards": [],
        "loadedAddresses": { "writable": words(writable), "readonly": words(readonly) },
        "computeUnitsConsumed": landed.units,
    })
}

fn tokens(balances: &Balances, twist: Option<&Kind>) -> Vec<Value> {
    let one = |balance: &crate::chain::TokenBalance| {
        json!({
            "accountIndex": balance.index, "mint": balance.held.mint.to_string(),
            "owner": balance.held.owner.to_string(), "programId": balance.held.program.address().to_string(),
            "uiTokenAmount": amount(bent(balance.held.amount, twist), balance.decimals),
        })
    };
    balances.tokens.iter().map(one).collect()
}

fn encoded(transaction: &VersionedTransaction, encoding: &str) -> Answer {
    if encoding == "json" {
        return Ok(in_json(transaction));
    }
    let bytes = wincode::serialize(transaction).map_err(|error| RpcError::internal(error.to_string()))?;
    match encoding {
        "base64" => Ok(json!([BASE64_STANDARD.encode(bytes), encoding])),
        "base58" => Ok(json!([bs58::encode(bytes).into_string(), encoding])),
        other => Err(RpcError::invalid(format!("Invalid param: encoding {other:?} is not emulated"))),
    }
}

fn in_json(transaction: &VersionedTransaction) -> Value {
    let message = &transaction.message;
    let instructions: Vec<Value> = message
        .instructions()
        .iter()
        .map(|one| {
            json!({ "programIdIndex": one.program_id_index, "accounts": one.accounts,
                    "data": bs58::encode(&one.data).into_string(), "stackHeight": null })
        })
        .collect();
    let header = message.header();
    let mut told = json!({
        "header": {
            "numRequiredSignatures": header.num_required_signatures,
            "numReadonlySignedAccounts": header.num_readonly_signed_accounts,
            "numReadonlyUnsignedAccounts": header.num_readonly_unsigned_accounts,
        },
        "accountKeys": message.static_account_keys().iter().map(Address::to_string).collect::<Vec<_>>(),
        "recentBlockhash": message.recent_blockhash().to_string(), "instructions": instructions,
    });
    if let Some(lookups) = message.address_table_lookups() {
        let one = |lookup: &solana_message::v0::MessageAddressTableLookup| {
            json!({ "accountKey": lookup.account_key.to_string(), "writableIndexes": lookup.writable_indexes,
                    "readonlyIndexes": lookup.readonly_indexes })
        };
        told["addressTableLookups"] = Value::Array(lookups.iter().map(one).collect());
    }
    let signatures: Vec<String> = transaction.signatures.iter().map(Signature::to_string).collect();
    json!({ "signatures": signatures, "message": told })
}
