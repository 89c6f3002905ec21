//! Programs of the emulated exchange, written in Rust and run by the same machine as all others. The router stands for
//! Jupiter's at its address: it takes one token in, pays the other out of its pool at the rate that is on the chain now,
//! and fails where that is less than was agreed. The drain is a program that nobody knows: it takes what it is told to.

use litesvm::LiteSVM;
use solana_address::Address;
use solana_instruction::{AccountMeta, Instruction};
use solana_instruction_error::InstructionError;
use solana_program_runtime::{
    declare_process_instruction, invoke_context::InvokeContext, solana_sbpf::program::BuiltinFunctionDefinition as _,
};

/// Jupiter's aggregator.
pub(crate) const ROUTER: Address = Address::from_str_const("JUP6LkbZbjS1jKKwapdHNy74zcZ3tLUZoi5QNyVTaV4");
/// Nobody's.
pub(crate) const DRAIN: Address = Address::from_str_const("Dra1n11111111111111111111111111111111111111");
/// The first bytes of a `route`: those of Jupiter's.
pub(crate) const ROUTE: [u8; 8] = [229, 23, 203, 151, 122, 227, 173, 42];
/// Jupiter's: less would come out than was agreed.
const SLIPPAGE_EXCEEDED: u32 = 6001;

const UNITS: u64 = 10_000;
/// Of SPL Token: `TransferChecked`.
const TRANSFER_CHECKED: u8 = 12;

/// Who owns the router's pool.
pub(crate) fn router_authority() -> (Address, u8) {
    Address::find_program_address(&[b"pool"], &ROUTER)
}

/// Where the rate of a pair is: two numbers of 16 bytes, so many out for so many in.
pub(crate) fn rate_account(input: &Address, output: &Address) -> Address {
    Address::find_program_address(&[b"rate", input.as_ref(), output.as_ref()], &ROUTER).0
}

pub(crate) fn add(svm: &mut LiteSVM) {
    svm.add_builtin(ROUTER, Router::register);
    svm.add_builtin(DRAIN, Drain::register);
}

declare_process_instruction!(Router, UNITS, |invoke_context| { route(invoke_context) });
declare_process_instruction!(Drain, UNITS, |invoke_context| { drain(invoke_context) });

/// Accounts: those of Jupiter's `route`, then what the pool needs. Data: the discriminator, an empty plan, the amount in,
/// the amount out that was quoted, the slippage in basis points, and a fee of none.
fn route(context: &mut InvokeContext<'_, '_>) -> Result<(), InstructionError> {
    let data = context.transaction_context.get_current_instruction_context()?.get_instruction_data().to_vec();
    let agreed = Agreed::read(&data).ok_or(InstructionError::InvalidInstructionData)?;
    let at = |context: &InvokeContext<'_, '_>, index| key(context, index);
    let [taker, source, destination] = [at(context, 1)?, at(context, 2)?, at(context, 3)?];
    let [rate, pool, vault_in, vault_out] = [at(context, 9)?, at(context, 10)?, at(context, 11)?, at(context, 12)?];
    let [mint_in, mint_out, program_in, program_out] =
        [at(context, 13)?, at(context, 5)?, at(context, 14)?, at(context, 15)?];
    if rate != rate_account(&mint_in, &mint_out) {
        return Err(InstructionError::InvalidArgument);
    }
    let (paid, per, decimals_in, decimals_out) = read_rate(context, 9)?;
    let out = u128::from(agreed.amount)
        .checked_mul(paid)
        .and_then(|product| product.checked_div(per))
        .and_then(|out| u64::try_from(out).ok())
        .ok_or(InstructionError::ArithmeticOverflow)?;
    if out < agreed.least() {
        return Err(InstructionError::Custom(SLIPPAGE_EXCEEDED));
    }
    let into = transfer(&program_in, [&source, &mint_in, &vault_in, &taker], agreed.amount, decimals_in);
    context.native_invoke_signed(into, &[])?;
    let back = transfer(&program_out, [&vault_out, &mint_out, &destination, &pool], out, decimals_out);
    context.native_invoke_signed(back, &[&[b"pool", &[router_authority().1]]])
}

/// Accounts: who pays, who gets it. Data: lamports. A wallet that was made over to this program need not sign any more.
fn drain(context: &mut InvokeContext<'_, '_>) -> Result<(), InstructionError> {
    let data = context.transaction_context.get_current_instruction_context()?.get_instruction_data().to_vec();
    let lamports = number(&data, 0).ok_or(InstructionError::InvalidInstructionData)?;
    let (from, to) = (key(context, 0)?, key(context, 1)?);
    {
        let current = context.transaction_context.get_current_instruction_context()?;
        let mut paying = current.try_borrow_instruction_account(0)?;
        if *paying.get_owner() == DRAIN {
            paying.checked_sub_lamports(lamports)?;
            drop(paying);
            return current.try_borrow_instruction_account(1)?.checked_add_lamports(lamports);
        }
    }
    context.native_invoke_signed(solana_system_interface::instruction::transfer(&from, &to, lamports), &[])
}

struct Agreed {
    amount: u64,
    quoted: u64,
    slippage_bps: u16,
}

impl Agreed {
    fn read(data: &[u8]) -> Option<Self> {
        if data.get(..8)? != ROUTE || data.get(8..12)? != [0; 4] {
            return None;
        }
        let slippage_bps = u16::from_le_bytes(data.get(28..30)?.try_into().ok()?);
        Some(Self { amount: number(data, 12)?, quoted: number(data, 20)?, slippage_bps })
    }

    fn least(&self) -> u64 {
        let kept = 10_000_u128.saturating_sub(self.slippage_bps.into());
        u64::try_from((u128::from(self.quoted) * kept).div_ceil(10_000)).unwrap_or(u64::MAX)
    }
}

fn number(data: &[u8], at: usize) -> Option<u64> {
    Some(u64::from_le_bytes(data.get(at..at + 8)?.try_into().ok()?))
}

fn key(context: &InvokeContext<'_, '_>, index: u16) -> Result<Address, InstructionError> {
    let current = context.transaction_context.get_current_instruction_context()?;
    current.get_key_of_instruction_account(index).copied()
}

/// Out, in, and the decimals of both.
fn read_rate(context: &InvokeContext<'_, '_>, index: u16) -> Result<(u128, u128, u8, u8), InstructionError> {
    let current = context.transaction_context.get_current_instruction_context()?;
    let account = current.try_borrow_instruction_account(index)?;
    let data = account.get_data();
    let wide = |at: usize| data.get(at..at + 16)?.try_into().ok().map(u128::from_le_bytes);
    let read = || Some((wide(0)?, wide(16)?, *data.get(32)?, *data.get(33)?));
    read().ok_or(InstructionError::InvalidAccountData)
}

/// `TransferChecked` of either token program: from, mint, to, who signs.
pub(crate) fn transfer(
    program: &Address,
    [from, mint, to, owner]: [&Address; 4],
    amount: u64,
    decimals: u8,
) -> Instruction {
    let mut data = vec![TRANSFER_CHECKED];
    data.extend(amount.to_le_bytes());
    data.push(decimals);
    let accounts = vec![
        AccountMeta::new(*from, false),
        AccountMeta::new_readonly(*mint, false),
        AccountMeta::new(*to, false),
        AccountMeta::new_readonly(*owner, true),
    ];
    Instruction { program_id: *program, accounts, data }
}
