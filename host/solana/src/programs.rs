//! Addresses that mean something: the programs that a swap may call, and wrapped SOL.

use solana_address::Address;

/// Moves lamports, makes accounts.
pub const SYSTEM: Address = Address::from_str_const("11111111111111111111111111111111");
/// What a transaction may use, and what it pays for it.
pub const COMPUTE_BUDGET: Address = Address::from_str_const("ComputeBudget111111111111111111111111111111");
/// SPL Token.
pub const TOKEN: Address = Address::from_str_const("TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA");
/// Token-2022: SPL Token with extensions.
pub const TOKEN_2022: Address = Address::from_str_const("TokenzQdBNbLqP5VEhdkAS6EPFLC1PHnBqCXEpPxuEb");
/// One account per wallet and mint, at an address that follows from them.
pub const ASSOCIATED_TOKEN: Address = Address::from_str_const("ATokenGPvbdGVxr1b2hvZbsiqW5xWH25efTNsLJA8knL");
/// Jupiter's aggregator, version 6.
pub const JUPITER: Address = Address::from_str_const("JUP6LkbZbjS1jKKwapdHNy74zcZ3tLUZoi5QNyVTaV4");
/// Lookup tables belong to it.
pub const LOOKUP_TABLE: Address = Address::from_str_const("AddressLookupTab1e1111111111111111111111111");
/// Wrapped SOL.
pub const WRAPPED_SOL: Address = Address::from_str_const("So11111111111111111111111111111111111111112");

/// Whether tokens are kept by it.
pub fn is_token_program(program: &Address) -> bool {
    [TOKEN, TOKEN_2022].contains(program)
}

/// Where a wallet keeps a token.
pub fn associated(wallet: &Address, mint: &Address, token_program: &Address) -> Address {
    let seeds = [wallet.as_ref(), token_program.as_ref(), mint.as_ref()];
    Address::find_program_address(&seeds, &ASSOCIATED_TOKEN).0
}
