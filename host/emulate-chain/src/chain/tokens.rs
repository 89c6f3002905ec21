//! Mints and token accounts, of SPL Token and of Token-2022 without extensions.

use serde::{Deserialize, Serialize};
use solana_account::Account;
use solana_address::Address;
use solana_keypair::Keypair;
use solana_program_pack::Pack as _;
use solana_signer::Signer as _;
use spl_associated_token_account_interface::{
    address::get_associated_token_address_with_program_id, instruction::create_associated_token_account_idempotent,
};
use spl_token_interface::state::{Account as TokenState, AccountState, Mint};

use super::{Chain, ChainError};

/// Bytes of a lookup table before its addresses.
pub(crate) const TABLE_META: usize = 56;
const TOKEN_2022: Address = Address::from_str_const("TokenzQdBNbLqP5VEhdkAS6EPFLC1PHnBqCXEpPxuEb");

/// Which program keeps a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TokenProgram {
    /// SPL Token.
    #[default]
    Token,
    /// Token-2022.
    Token2022,
}

impl TokenProgram {
    /// Its address.
    pub const fn address(self) -> Address {
        match self {
            Self::Token => spl_token_interface::ID,
            Self::Token2022 => TOKEN_2022,
        }
    }

    /// Which one owns an account.
    pub(crate) fn of(owner: &Address) -> Option<Self> {
        [Self::Token, Self::Token2022].into_iter().find(|program| program.address() == *owner)
    }
}

/// A mint, as far as it matters.
#[derive(Debug, Clone, Copy)]
pub(crate) struct MintState {
    pub(crate) program: TokenProgram,
    pub(crate) decimals: u8,
    pub(crate) supply: u64,
}

/// A token account.
#[derive(Debug, Clone)]
pub(crate) struct Held {
    pub(crate) program: TokenProgram,
    pub(crate) mint: Address,
    pub(crate) owner: Address,
    pub(crate) amount: u64,
    pub(crate) delegate: Option<(Address, u64)>,
    pub(crate) rent_reserve: Option<u64>,
    pub(crate) frozen: bool,
}

impl Held {
    /// None where an account is none of the two programs' token accounts.
    pub(crate) fn read(account: &Account) -> Option<Self> {
        let program = TokenProgram::of(&account.owner)?;
        // Extensions follow after the state of an account.
        let state = TokenState::unpack(account.data.get(..TokenState::LEN)?).ok()?;
        let delegate = Option::<Address>::from(state.delegate).map(|delegate| (delegate, state.delegated_amount));
        Some(Self {
            program,
            mint: state.mint,
            owner: state.owner,
            amount: state.amount,
            delegate,
            rent_reserve: state.is_native.into(),
            frozen: state.state == AccountState::Frozen,
        })
    }
}

impl Chain {
    /// A mint whose authority is the emulator's.
    pub(crate) fn make_mint(
        &mut self,
        address: Address,
        program: TokenProgram,
        decimals: u8,
    ) -> Result<(), ChainError> {
        let authority = self.key("mint authority").pubkey();
        let mint = Mint {
            mint_authority: Some(authority).into(),
            supply: 0,
            decimals,
            is_initialized: true,
            freeze_authority: None.into(),
        };
        let mut data = vec![0; Mint::LEN];
        mint.pack_into_slice(&mut data);
        let lamports = self.rent(Mint::LEN);
        self.put(address, Account { lamports, data, owner: program.address(), executable: false, rent_epoch: u64::MAX })
    }

    pub(crate) fn mint(&self, address: &Address) -> Option<MintState> {
        let account = self.account(address)?;
        let program = TokenProgram::of(&account.owner)?;
        let mint = Mint::unpack(account.data.get(..Mint::LEN)?).ok()?;
        Some(MintState { program, decimals: mint.decimals, supply: mint.supply })
    }

    /// Where an owner's tokens of a mint are.
    pub(crate) fn token_account(&self, owner: &Address, mint: &Address) -> Result<Address, ChainError> {
        let program = self.mint(mint).ok_or(ChainError::NoSuchMint(*mint))?.program;
        Ok(get_associated_token_address_with_program_id(owner, mint, &program.address()))
    }

    /// New tokens in an owner's account, which is made where there is none.
    pub(crate) fn mint_to(&mut self, owner: &Address, mint: &Address, amount: u64) -> Result<(), ChainError> {
        let program = self.mint(mint).ok_or(ChainError::NoSuchMint(*mint))?.program.address();
        let account = get_associated_token_address_with_program_id(owner, mint, &program);
        let (payer, authority): (Keypair, Keypair) = (self.faucet.insecure_clone(), self.key("mint authority"));
        let open = create_associated_token_account_idempotent(&payer.pubkey(), owner, mint, &program);
        // The interface of the one refuses the address of the other; their instructions are the same.
        let mut issue = spl_token_interface::instruction::mint_to(
            &spl_token_interface::ID,
            mint,
            &account,
            &authority.pubkey(),
            &[],
            amount,
        )
        .map_err(|error| ChainError::Account(error.to_string()))?;
        issue.program_id = program;
        self.run(&[open, issue], &[&payer, &authority]).map(drop)
    }

    /// Wrapped lamports in an owner's account, which is made where there is none.
    pub(crate) fn wrap_for(&mut self, owner: &Address, lamports: u64) -> Result<(), ChainError> {
        let payer = self.faucet.insecure_clone();
        let program = spl_token_interface::ID;
        let mint = spl_token_interface::native_mint::ID;
        let account = get_associated_token_address_with_program_id(owner, &mint, &program);
        let open = create_associated_token_account_idempotent(&payer.pubkey(), owner, &mint, &program);
        let pay = solana_system_interface::instruction::transfer(&payer.pubkey(), &account, lamports);
        let sync = spl_token_interface::instruction::sync_native(&program, &account)
            .map_err(|error| ChainError::Account(error.to_string()))?;
        self.run(&[open, pay, sync], &[&payer]).map(drop)
    }

    /// How many tokens of a mint an owner has, over all of its accounts.
    pub(crate) fn tokens(&self, owner: &Address, mint: &Address) -> u64 {
        self.held_by(owner).iter().filter(|(_, held)| held.mint == *mint).map(|(_, held)| held.amount).sum()
    }

    /// Token accounts of an owner, of both programs.
    pub(crate) fn held_by(&self, owner: &Address) -> Vec<(Address, Held)> {
        self.token_accounts().into_iter().filter(|(_, held)| held.owner == *owner).collect()
    }

    pub(crate) fn token_accounts(&self) -> Vec<(Address, Held)> {
        let programs = [TokenProgram::Token, TokenProgram::Token2022];
        let all = programs.into_iter().flat_map(|program| self.accounts_of(&program.address()));
        all.filter_map(|(address, account)| Some((address, Held::read(&account)?))).collect()
    }
}
