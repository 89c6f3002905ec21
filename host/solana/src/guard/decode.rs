//! Bytes from outside as instructions whose accounts are known. Bounded: a transaction is one packet.

use std::collections::BTreeMap;

use base64::{Engine, engine::general_purpose::STANDARD};
use solana_address::Address;
use solana_message::VersionedMessage;
use solana_transaction::versioned::VersionedTransaction;

use super::{Refusal, Why};

/// Bytes of a transaction: what fits into one packet of the network.
pub const MOST_BYTES: usize = 1_232;

/// What lookup tables hold.
pub trait Tables {
    /// The addresses of a table; none where it is not known.
    fn table(&self, address: &Address) -> Option<&[Address]>;
}

impl Tables for BTreeMap<Address, Vec<Address>> {
    fn table(&self, address: &Address) -> Option<&[Address]> {
        self.get(address).map(Vec::as_slice)
    }
}

/// An account of an instruction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Named {
    pub(super) address: Address,
    pub(super) is_from_table: bool,
}

/// An instruction.
pub(super) struct Step {
    pub(super) program: Address,
    pub(super) accounts: Vec<Named>,
    pub(super) data: Vec<u8>,
}

/// A transaction.
pub(super) struct Decoded {
    pub(super) transaction: VersionedTransaction,
    pub(super) steps: Vec<Step>,
    pub(super) from_tables: Vec<Address>,
}

impl Decoded {
    pub(super) fn signers(&self) -> &[Address] {
        let message = &self.transaction.message;
        let signers = usize::from(message.header().num_required_signatures);
        message.static_account_keys().get(..signers).unwrap_or_default()
    }
}

impl Step {
    /// An account, by its place.
    pub(super) fn at(&self, place: usize) -> Result<Named, Why> {
        self.accounts.get(place).copied().ok_or(Why::Malformed("list of accounts"))
    }
}

/// The bytes of a transaction as services write them.
///
/// # Errors
/// It is too long, or no base64.
pub fn from_base64(text: &str) -> Result<Vec<u8>, Refusal> {
    if text.len() > MOST_BYTES.div_ceil(3) * 4 {
        return Err(Why::TooLong(text.len() / 4 * 3).into());
    }
    STANDARD.decode(text).map_err(|_| Why::Unreadable("it is no base64").into())
}

/// The lookup tables that a transaction names, so that they can be fetched before it is checked.
///
/// # Errors
/// It is too long, or no transaction.
pub fn lookups(bytes: &[u8]) -> Result<Vec<Address>, Refusal> {
    let transaction = parse(bytes)?;
    let lookups = transaction.message.address_table_lookups().unwrap_or_default();
    Ok(lookups.iter().map(|lookup| lookup.account_key).collect())
}

/// The programs that a transaction calls, each once, in the order of its instructions: for a person who looks at it.
///
/// # Errors
/// It is too long, or no transaction.
pub fn programs(bytes: &[u8]) -> Result<Vec<Address>, Refusal> {
    let transaction = parse(bytes)?;
    let keys = transaction.message.static_account_keys();
    let mut programs = Vec::new();
    for instruction in transaction.message.instructions() {
        let program = keys.get(usize::from(instruction.program_id_index)).copied();
        let program = program.ok_or(Why::Unreadable("a program comes out of a lookup table"))?;
        if !programs.contains(&program) {
            programs.push(program);
        }
    }
    Ok(programs)
}

fn parse(bytes: &[u8]) -> Result<VersionedTransaction, Refusal> {
    if bytes.len() > MOST_BYTES {
        return Err(Why::TooLong(bytes.len()).into());
    }
    let transaction: VersionedTransaction =
        wincode::deserialize(bytes).map_err(|_| Why::Unreadable("its bytes make no sense"))?;
    // What is signed is what was read: nothing behind the end, no second spelling of the same.
    if wincode::serialize(&transaction).ok().as_deref() != Some(bytes) {
        return Err(Why::Unreadable("there is something behind its end").into());
    }
    if matches!(transaction.message, VersionedMessage::V1(_)) {
        return Err(Why::Unreadable("it is of a version that is not known").into());
    }
    transaction.sanitize().map_err(|_| Why::Unreadable("its parts do not fit together"))?;
    Ok(transaction)
}

pub(super) fn decode(bytes: &[u8], tables: &dyn Tables) -> Result<Decoded, Refusal> {
    let transaction = parse(bytes)?;
    let message = &transaction.message;
    let (mut writable, mut readonly) = (Vec::new(), Vec::new());
    for lookup in message.address_table_lookups().unwrap_or_default() {
        let key = lookup.account_key;
        let table = tables.table(&key).ok_or(Why::UnknownTable(key))?;
        let entry = |index: &u8| table.get(usize::from(*index)).copied().ok_or(Why::TableTooShort(key, *index));
        for (indexes, into) in [(&lookup.writable_indexes, &mut writable), (&lookup.readonly_indexes, &mut readonly)] {
            for index in indexes {
                into.push(entry(index)?);
            }
        }
    }
    let from_tables: Vec<Address> = writable.into_iter().chain(readonly).collect();
    let fixed = message.static_account_keys();
    let named = |index: u8| {
        let index = usize::from(index);
        let own = fixed.get(index).map(|address| Named { address: *address, is_from_table: false });
        let late = || {
            let address = *from_tables.get(index - fixed.len())?;
            Some(Named { address, is_from_table: true })
        };
        own.or_else(late).ok_or(Why::Unreadable("it names an account that it does not have"))
    };
    let mut steps = Vec::with_capacity(message.instructions().len());
    for instruction in message.instructions() {
        let program = named(instruction.program_id_index)?;
        // The chain refuses it as well.
        if program.is_from_table {
            return Err(Why::Unreadable("a program comes out of a lookup table").into());
        }
        let accounts = instruction.accounts.iter().map(|index| named(*index)).collect::<Result<_, _>>()?;
        steps.push(Step { program: program.address, accounts, data: instruction.data.clone() });
    }
    Ok(Decoded { transaction, steps, from_tables })
}
