//! An exchange that speaks as Jupiter's swap API v2 does, on the emulated chain: `order` with `execute`, where a market
//! maker signs beside the taker, and `build`, whose instructions the taker sends itself. Prices come from a table.

mod api;
mod build;
mod execute;
mod legs;
mod malice;
mod order;
mod prices;
mod window;

use std::collections::{BTreeMap, HashMap};

use solana_address::Address;
use solana_keypair::Keypair;
use solana_signer::Signer as _;

use crate::chain::{Chain, ChainError, TokenProgram};
pub(crate) use api::{Reply, Request, answer};
pub use malice::Malice;
use order::Kept;
pub use prices::{SOL, Token, USDC};
use window::Windows;

/// What it does.
pub(crate) const OPERATIONS: [&str; 3] = ["order", "execute", "build"];

/// What is traded here, and by whom.
pub(crate) struct Exchange {
    seed: u64,
    tokens: BTreeMap<Address, Token>,
    maker: Keypair,
    thief: Keypair,
    /// A token that is worth nothing.
    junk: Address,
    orders: HashMap<String, Kept>,
    asked: u64,
    malice: Option<Malice>,
    /// So many basis points less come out than was quoted: the market moves against the taker.
    drift_bps: u16,
    /// Lamports go in and out as wrapped ones, as Jupiter's do.
    wraps: bool,
    windows: Windows,
}

/// What the maker and the pool have of every token: enough for any test, and a thousand times less than can be counted.
const STOCK: u64 = 10_000_000_000_000_000;

impl Exchange {
    /// Opens with the tokens that it begins with.
    pub(crate) fn open(chain: &mut Chain, seed: u64) -> Result<Self, ChainError> {
        let (maker, thief) = (chain.key("maker"), chain.key("thief"));
        let junk = chain.key("junk mint").pubkey();
        let mut exchange = Self {
            seed,
            tokens: BTreeMap::new(),
            maker,
            thief,
            junk,
            orders: HashMap::new(),
            asked: 0,
            malice: None,
            drift_bps: 0,
            wraps: false,
            windows: Windows::default(),
        };
        chain.airdrop(&exchange.maker.pubkey(), STOCK)?;
        // Whoever steals needs an account to steal into.
        chain.airdrop(&exchange.thief.pubkey(), 1_000_000_000)?;
        chain.make_mint(junk, TokenProgram::Token, 6)?;
        for owner in [exchange.maker.pubkey(), crate::chain::router_authority().0] {
            chain.mint_to(&owner, &junk, STOCK)?;
        }
        for token in prices::first() {
            exchange.list(chain, token)?;
        }
        Ok(exchange)
    }

    /// Lists a token, makes its mint where there is none, and gives the maker and the pool some. A token that is listed
    /// already gets its new price.
    pub(crate) fn list(&mut self, chain: &mut Chain, token: Token) -> Result<(), ChainError> {
        let mint = token.mint;
        if chain.mint(&mint).is_none() {
            chain.make_mint(mint, token.program, token.decimals)?;
        }
        if !self.tokens.contains_key(&mint) {
            let pool = crate::chain::router_authority().0;
            for owner in [self.maker.pubkey(), pool] {
                if mint == SOL { chain.wrap_for(&owner, STOCK)? } else { chain.mint_to(&owner, &mint, STOCK)? }
            }
            // Where stolen tokens go.
            if mint == SOL {
                chain.wrap_for(&self.thief.pubkey(), 0)?
            } else {
                chain.mint_to(&self.thief.pubkey(), &mint, 0)?;
            }
        }
        self.tokens.insert(mint, token);
        self.write_rates(chain)
    }

    /// A new price, in millionths of a dollar for a whole token.
    pub(crate) fn price(&mut self, chain: &mut Chain, mint: &Address, price: u64) -> Result<(), ChainError> {
        let token = self.tokens.get_mut(mint).ok_or(ChainError::NoSuchMint(*mint))?;
        token.price = price;
        self.write_rates(chain)
    }

    pub(crate) fn turn(&mut self, chain: &mut Chain, malice: Option<Malice>) -> Result<(), ChainError> {
        self.malice = malice;
        self.write_rates(chain)
    }

    pub(crate) fn drift(&mut self, chain: &mut Chain, bps: u16) -> Result<(), ChainError> {
        self.drift_bps = bps.min(10_000);
        self.write_rates(chain)
    }

    pub(crate) fn wrap(&mut self, wraps: bool) {
        self.wraps = wraps;
    }

    pub(crate) fn tokens(&self) -> impl Iterator<Item = &Token> {
        self.tokens.values()
    }

    pub(crate) fn malice(&self) -> Option<&Malice> {
        self.malice.as_ref()
    }

    pub(crate) fn maker(&self) -> Address {
        self.maker.pubkey()
    }

    pub(crate) fn thief(&self) -> Address {
        self.thief.pubkey()
    }

    pub(crate) fn junk(&self) -> Address {
        self.junk
    }
}
