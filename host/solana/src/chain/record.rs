//! A transaction as a node keeps it, read into what was held before it and after it.

use base64::{Engine, engine::general_purpose::STANDARD};
use serde::Deserialize;
use serde_json::{Value, json};
use solana_address::Address;
use solana_commitment_config::CommitmentConfig;
use solana_signature::Signature;
use solana_transaction::versioned::VersionedTransaction;

use super::{ChainError, Record};
use crate::{
    accounts::{Balances, Holding},
    programs::TOKEN,
};

/// What is answered.
#[derive(Deserialize)]
pub(super) struct Kept {
    /// In base64, and the name of that.
    transaction: (String, String),
    meta: Option<Meta>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Meta {
    err: Option<Value>,
    pre_balances: Vec<u64>,
    post_balances: Vec<u64>,
    pre_token_balances: Option<Vec<Tokens>>,
    post_token_balances: Option<Vec<Tokens>>,
    loaded_addresses: Option<Loaded>,
}

/// What lookup tables stood for.
#[derive(Deserialize, Default)]
struct Loaded {
    writable: Vec<String>,
    readonly: Vec<String>,
}

/// A token account of a transaction.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Tokens {
    account_index: usize,
    mint: String,
    owner: Option<String>,
    program_id: Option<String>,
    ui_token_amount: Amount,
}

#[derive(Deserialize)]
struct Amount {
    /// In the smallest unit.
    amount: String,
}

/// What is asked of `getTransaction`. Nobody signs a message of a later version here.
pub(super) fn question(signature: &Signature) -> Value {
    let commitment = CommitmentConfig::confirmed().commitment;
    let how = json!({ "encoding": "base64", "commitment": commitment, "maxSupportedTransactionVersion": 0 });
    json!([signature.to_string(), how])
}

impl Kept {
    /// Reads it; the transaction has to be the one that was asked for.
    pub(super) fn read(self, signature: &Signature) -> Result<Record, ChainError> {
        let meta = self.meta.ok_or(ChainError::Unreadable("a transaction without what it did"))?;
        let bytes = STANDARD.decode(&self.transaction.0).ok();
        let transaction: Option<VersionedTransaction> = bytes.and_then(|bytes| wincode::deserialize(&bytes).ok());
        let transaction = transaction.ok_or(ChainError::Unreadable("a transaction that is none"))?;
        if transaction.signatures.first() != Some(signature) {
            return Err(ChainError::Unreadable("another transaction than was asked for"));
        }
        let loaded = meta.loaded_addresses.unwrap_or_default();
        let mut keys = transaction.message.static_account_keys().to_vec();
        for name in loaded.writable.iter().chain(&loaded.readonly) {
            keys.push(address(name)?);
        }
        Ok(Record {
            is_done: meta.err.is_none(),
            before: balances(&keys, &meta.pre_balances, meta.pre_token_balances)?,
            after: balances(&keys, &meta.post_balances, meta.post_token_balances)?,
        })
    }
}

fn balances(keys: &[Address], lamports: &[u64], tokens: Option<Vec<Tokens>>) -> Result<Balances, ChainError> {
    if keys.len() != lamports.len() {
        return Err(ChainError::Unreadable("another number of balances than the transaction has accounts"));
    }
    let tokens = tokens.ok_or(ChainError::Unreadable("a transaction without what it did to tokens"))?;
    let mut balances =
        Balances { lamports: keys.iter().copied().zip(lamports.iter().copied()).collect(), ..Balances::default() };
    for one in tokens {
        let (key, lamports) = keys
            .get(one.account_index)
            .zip(lamports.get(one.account_index))
            .ok_or(ChainError::Unreadable("tokens of an account that the transaction does not name"))?;
        let owner = one.owner.as_deref().ok_or(ChainError::Unreadable("tokens of nobody"))?;
        // Not every node says it, and no amount depends on it.
        let program = one.program_id.as_deref().map(address).transpose()?.unwrap_or(TOKEN);
        let amount = one.ui_token_amount.amount.parse();
        balances.lamports.remove(key);
        let holding = Holding {
            program,
            mint: address(&one.mint)?,
            owner: address(owner)?,
            amount: amount.map_err(|_| ChainError::Unreadable("an amount that is none"))?,
            lamports: *lamports,
            delegate: None,
            close_authority: None,
            is_frozen: false,
        };
        balances.holdings.insert(*key, holding);
    }
    Ok(balances)
}

fn address(name: &str) -> Result<Address, ChainError> {
    name.parse().map_err(|_| ChainError::Unreadable("an address that is none"))
}
