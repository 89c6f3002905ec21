//! What a host serves itself, in the place of the real ones: X and models, and the emulated chain and its exchange, where
//! this program was built with them. Without the feature `emulate-chain` the same is asked for by the same words, and the
//! answer says what to run instead.

mod services;

pub use services::{Services, in_place, secret};

use crate::trouble::{Result, Trouble};

/// Which are asked for. Either brings both: an exchange is on a chain, and whoever swaps looks at it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Wanted {
    /// The chain.
    pub solana: bool,
    /// The exchange.
    pub jupiter: bool,
}

/// One that runs until it is dropped.
#[derive(Debug)]
pub struct Chain {
    #[cfg(feature = "emulate-chain")]
    emulator: puppet_emulate_chain::EmulatedChain,
    #[cfg(not(feature = "emulate-chain"))]
    never: std::convert::Infallible,
}

#[cfg(feature = "emulate-chain")]
impl Chain {
    /// One block in so many milliseconds, as Solana makes them.
    const BLOCK_MS: u64 = 400;

    /// Starts one where one is asked for.
    pub async fn start(wanted: Wanted, seed: u64) -> Result<Option<Self>> {
        use puppet_emulate_chain::{EmulatedChain, Pace, Settings};

        if wanted == Wanted::default() {
            return Ok(None);
        }
        let settings = Settings { seed, pace: Pace::Milliseconds(Self::BLOCK_MS), ..Settings::default() };
        let emulator = EmulatedChain::start(settings).await.map_err(|error| {
            Trouble::unreachable("no-port", format!("no port can be had: {error}"), "see what this machine forbids")
        })?;
        Ok(Some(Self { emulator }))
    }

    /// What stands for a node.
    pub fn solana(&self) -> String {
        self.emulator.solana()
    }

    /// What stands for Jupiter's swap API.
    pub fn jupiter(&self) -> String {
        self.emulator.jupiter()
    }

    /// Below it are report, faults and commands.
    pub fn control(&self) -> String {
        format!("{}/_emulator", self.emulator.url())
    }

    /// Gives a wallet something to begin with, where it has nothing: 10 SOL and 1000 USDC. Answers whether it did.
    pub fn fund(&self, address: &str) -> Result<bool> {
        use puppet_emulate_chain::USDC;

        let address = address.parse().map_err(|_| Trouble::internal("a wallet without an address"))?;
        if self.emulator.lamports(&address) > 0 {
            return Ok(false);
        }
        let failed = |error: puppet_emulate_chain::ChainError| Trouble::internal(error);
        self.emulator.airdrop(&address, 10_000_000_000).map_err(failed)?;
        self.emulator.mint_to(&address, &USDC, 1_000_000_000).map_err(failed)?;
        Ok(true)
    }
}

#[cfg(not(feature = "emulate-chain"))]
impl Chain {
    /// Says what to run where one is asked for.
    pub async fn start(wanted: Wanted, _seed: u64) -> Result<Option<Self>> {
        if wanted == Wanted::default() {
            return Ok(None);
        }
        let what = "this program was built without the emulated chain: it brings Solana's runtime along";
        let remedy = "build one with `cargo build --features emulate-chain`, and give it the same command";
        Err(Trouble::input("not-built-in", what, remedy))
    }

    /// There is none.
    pub fn solana(&self) -> String {
        match self.never {}
    }

    /// There is none.
    pub fn jupiter(&self) -> String {
        match self.never {}
    }

    /// There is none.
    pub fn fund(&self, _address: &str) -> Result<bool> {
        match self.never {}
    }

    /// There is none.
    pub fn control(&self) -> String {
        match self.never {}
    }
}
