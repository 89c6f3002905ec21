//! What tests of this crate share: wallets, accounts, and instructions as somebody else would write them.

pub(crate) mod http;

use solana_address::Address;
use solana_hash::Hash;
use solana_instruction::{AccountMeta, Instruction};
use solana_message::{AddressLookupTableAccount, VersionedMessage, v0};
use solana_signature::Signature;
use solana_transaction::versioned::VersionedTransaction;
use spl_token_interface::instruction::TokenInstruction;

use crate::{
    KeySource, Wallet,
    accounts::{Account, Balances, Holding},
    guard::{Intent, Leg, Own},
    programs::{ASSOCIATED_TOKEN, JUPITER, SYSTEM, TOKEN, WRAPPED_SOL, associated},
};

/// A wallet of a number.
pub(crate) fn wallet(number: u8) -> Wallet {
    let hex: String = (0..32).map(|_| format!("{number:02x}")).collect();
    Wallet::parse(&hex, KeySource::Named("a test".to_owned())).unwrap()
}

/// An address that nobody has a key of.
pub(crate) fn address(number: u8) -> Address {
    Address::new_from_array([number; 32])
}

/// What is given.
pub(crate) fn usdc() -> Leg {
    Leg { mint: address(0xA1), program: TOKEN }
}

/// What is taken.
pub(crate) fn bonk() -> Leg {
    Leg { mint: address(0xB1), program: crate::programs::TOKEN_2022 }
}

pub(crate) fn sol() -> Leg {
    Leg { mint: WRAPPED_SOL, program: TOKEN }
}

pub(crate) fn taker() -> Address {
    wallet(1).address()
}

/// Whoever is on the other side.
pub(crate) fn maker() -> Address {
    wallet(9).address()
}

/// 1,000,000 of the one for at least 500 of the other.
pub(crate) fn intent() -> Intent {
    Intent { taker: taker(), gives: usdc(), most_in: 1_000_000, takes: bonk(), least_out: 500 }
}

pub(crate) fn ata(wallet: &Address, leg: Leg) -> Address {
    associated(wallet, &leg.mint, &leg.program)
}

pub(crate) fn holding(owner: Address, leg: Leg, amount: u64) -> Holding {
    let wrapped = if leg.mint == WRAPPED_SOL { amount } else { 0 };
    Holding {
        program: leg.program,
        mint: leg.mint,
        owner,
        amount,
        lamports: 2_039_280 + wrapped,
        delegate: None,
        close_authority: None,
        is_frozen: false,
    }
}

/// Two wallets: one that swaps, with two tokens and a third that has no part, and one beside it.
pub(crate) fn own() -> Own {
    let (own, other) = (taker(), wallet(2).address());
    let held = [(own, usdc(), 5_000_000), (own, bonk(), 7), (own, savings(), 90), (other, usdc(), 11)];
    let holdings = held.map(|(owner, leg, amount)| (ata(&owner, leg), holding(owner, leg, amount)));
    Own {
        wallets: [own, other].into(),
        balances: Balances {
            lamports: [(own, 1_000_000_000), (other, 2_000_000_000)].into(),
            holdings: holdings.into_iter().collect(),
        },
    }
}

/// A token that has no part in the swap.
pub(crate) fn savings() -> Leg {
    Leg { mint: address(0xC1), program: TOKEN }
}

pub(crate) fn call(program: Address, accounts: &[Address], signers: &[Address], data: Vec<u8>) -> Instruction {
    let meta =
        |address: &Address| AccountMeta { pubkey: *address, is_signer: signers.contains(address), is_writable: true };
    Instruction { program_id: program, accounts: accounts.iter().map(meta).collect(), data }
}

pub(crate) fn token(leg: Leg, instruction: &TokenInstruction<'_>, accounts: &[Address], by: Address) -> Instruction {
    call(leg.program, accounts, &[by], instruction.pack())
}

pub(crate) fn transfer(leg: Leg, from: Address, to: Address, amount: u64) -> Instruction {
    let accounts = [ata(&from, leg), leg.mint, ata(&to, leg), from];
    token(leg, &TokenInstruction::TransferChecked { amount, decimals: 6 }, &accounts, from)
}

pub(crate) fn pay(from: Address, to: Address, lamports: u64) -> Instruction {
    let data = [&2_u32.to_le_bytes()[..], &lamports.to_le_bytes()].concat();
    call(SYSTEM, &[from, to], &[from], data)
}

pub(crate) fn open(payer: Address, owner: Address, leg: Leg) -> Instruction {
    let accounts = [payer, ata(&owner, leg), owner, leg.mint, SYSTEM, leg.program];
    call(ASSOCIATED_TOKEN, &accounts, &[payer], vec![1])
}

/// `shared_accounts_route` of Jupiter: so much in, so much quoted, so much slippage.
pub(crate) fn route(intent: &Intent, gives: u64, quoted: u64, slippage: u16) -> Instruction {
    let taker = intent.taker;
    let mut data = vec![193, 32, 155, 51, 65, 214, 156, 129, 3, 0, 0, 0, 0];
    data.extend(gives.to_le_bytes());
    data.extend(quoted.to_le_bytes());
    data.extend(slippage.to_le_bytes());
    data.push(0);
    let accounts = [
        TOKEN,
        address(0x51),
        taker,
        ata(&taker, intent.gives),
        address(0x52),
        address(0x53),
        ata(&taker, intent.takes),
        intent.gives.mint,
        intent.takes.mint,
        JUPITER,
        TOKEN,
        address(0x54),
        JUPITER,
        address(0x55),
    ];
    call(JUPITER, &accounts, &[taker], data)
}

/// The swap of [`intent`] through Jupiter.
pub(crate) fn honest() -> Vec<Instruction> {
    vec![open(taker(), taker(), bonk()), route(&intent(), 1_000_000, 510, 100)]
}

pub(crate) fn message(payer: Address, steps: &[Instruction], tables: &[AddressLookupTableAccount]) -> VersionedMessage {
    VersionedMessage::V0(v0::Message::try_compile(&payer, steps, tables, Hash::new_from_array([7; 32])).unwrap())
}

/// Not signed by anybody yet.
pub(crate) fn bytes(message: VersionedMessage) -> Vec<u8> {
    let signatures = vec![Signature::default(); usize::from(message.header().num_required_signatures)];
    wincode::serialize(&VersionedTransaction { signatures, message }).unwrap()
}

/// A token account as the chain keeps it.
pub(crate) fn account(holding: &Holding) -> Account {
    let optional = |address: Option<Address>| match address {
        Some(address) => [&[1, 0, 0, 0][..], address.as_ref()].concat(),
        None => vec![0; 36],
    };
    let mut data = [holding.mint.as_ref(), holding.owner.as_ref(), &holding.amount.to_le_bytes()].concat();
    data.extend(optional(holding.delegate.map(|(delegate, _)| delegate)));
    data.push(if holding.is_frozen { 2 } else { 1 });
    data.extend([0; 12]);
    data.extend(holding.delegate.map_or(0, |(_, amount)| amount).to_le_bytes());
    data.extend(optional(holding.close_authority));
    Account { lamports: holding.lamports, owner: holding.program, data }
}

/// A mint as the chain keeps it.
pub(crate) fn mint_account(program: Address, decimals: u8) -> Account {
    let mut data = vec![0; 82];
    data[36..44].copy_from_slice(&1_000_000_u64.to_le_bytes());
    data[44] = decimals;
    data[45] = 1;
    Account { lamports: 1, owner: program, data }
}
