//! An emulator, a store, wallets with some money, and books that are kept by what an exchange answers.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use puppet_emulate_chain::{EmulatedChain, SOL, Settings, USDC};
use puppet_market::Markets;
use puppet_solana::{Address, KeySource, Network, Wallet, jupiter::JupiterSettings, swap::Via};
use puppet_store::{SqliteStore, TradeStore};
use puppet_trade::{
    Exchange, ExchangeError, Swapped, Want,
    chain::{ChainExchange, ChainLink, ChainTerms, LinkSettings},
};
use puppet_types::{
    Secret,
    trade::{Market, Mint, Token},
};

pub const BONK: Address = Address::from_str_const("DezXAZ8z7PnrnRJjz3wXBoRgixCa6xjnB7YaB1pPB263");
pub const PYUSD: Address = Address::from_str_const("2b1kV6DkPAnxd5ixfnxCpjxmKwqjjaYmCZfHsFu24GXo");
/// In the order of books.
pub const ALL: [Address; 4] = [SOL, USDC, BONK, PYUSD];

/// Of a wallet at the beginning.
pub const LAMPORTS: u64 = 10_000_000_000;
pub const DOLLARS: u64 = 1_000_000_000;

pub struct There {
    pub chain: EmulatedChain,
    pub store: Arc<dyn TradeStore>,
}

impl There {
    pub async fn start() -> Self {
        let chain = EmulatedChain::start(Settings::default()).await.unwrap();
        Self { chain, store: Arc::new(SqliteStore::in_memory().unwrap()) }
    }

    /// An address with lamports, USDC and PYUSD.
    pub fn fund(&self, of: &Address) {
        self.chain.airdrop(of, LAMPORTS).unwrap();
        for mint in [USDC, PYUSD] {
            self.chain.mint_to(of, &mint, DOLLARS).unwrap();
        }
    }

    pub async fn link(&self) -> ChainLink {
        ChainLink::connect(&settings(&self.chain.solana(), &self.chain.jupiter())).await.unwrap()
    }

    /// A wallet with money.
    pub async fn exchange(&self, number: u32, terms: ChainTerms) -> ChainExchange {
        self.exchange_over(&self.link().await, number, terms).await
    }

    pub async fn exchange_over(&self, link: &ChainLink, number: u32, terms: ChainTerms) -> ChainExchange {
        self.fund(&wallet(number).address());
        self.again(link, number, terms).await
    }

    /// The same wallet after a start of the host.
    pub async fn again(&self, link: &ChainLink, number: u32, terms: ChainTerms) -> ChainExchange {
        let wallet = wallet(number);
        link.exchange(wallet, [].into(), Arc::clone(&self.store), terms, &markets()).await.unwrap()
    }

    /// What is on the chain, whatever a node says: of a wallet without wrapped lamports.
    pub fn truth(&self, of: &Address) -> [u64; 4] {
        ALL.map(|mint| if mint == SOL { self.chain.lamports(of) } else { self.chain.tokens(of, &mint) })
    }

    /// Asks for a swap as a desk does: again and again while it is not known how it ended, with a block between.
    pub async fn until_it_ends(
        &self,
        exchange: &ChainExchange,
        id: &str,
        want: &Want,
        blocks: u64,
    ) -> Result<Swapped, ExchangeError> {
        let mut last = None;
        for _ in 0..50 {
            match exchange.swap(id, want, &free).await {
                Err(error @ ExchangeError::Unreachable(_)) => last = Some(Err(error)),
                ended => return ended,
            }
            self.chain.advance(blocks);
        }
        last.unwrap()
    }
}

/// No halt is on.
pub fn free() -> Option<String> {
    None
}

/// What is there, kept by what an exchange answers alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Books(pub BTreeMap<Address, u64>);

impl Books {
    pub async fn open(exchange: &ChainExchange) -> Self {
        let held = exchange.balances(&ALL.map(|mint| mint_of(&mint))).await.unwrap();
        Self(ALL.into_iter().zip(held).collect())
    }

    pub fn book(&mut self, want: &Want, swapped: &Swapped) {
        let mut add = |mint: &str, by: i128| {
            let held = self.0.get_mut(&mint.parse::<Address>().unwrap()).unwrap();
            *held = u64::try_from(i128::from(*held) + by).unwrap();
        };
        match swapped {
            Swapped::Done { gave, took, lamports, .. } => {
                add(want.gives.as_str(), -i128::from(*gave));
                add(want.takes.as_str(), i128::from(*took));
                add(Mint::SOL, -i128::from(*lamports));
            }
            Swapped::NotDone { lamports, .. } => add(Mint::SOL, -i128::from(*lamports)),
        }
    }

    pub fn all(&self) -> [u64; 4] {
        ALL.map(|mint| self.0[&mint])
    }
}

pub fn settings(solana: &str, jupiter: &str) -> LinkSettings {
    let network = Network::Localnet.acknowledged(false).unwrap();
    let jupiter =
        JupiterSettings { endpoint: jupiter.to_owned(), key: Some(Secret::new("a-key")), ..JupiterSettings::default() };
    LinkSettings { rpc: Some(Secret::new(solana)), jupiter, ..LinkSettings::of(network) }
}

/// Nothing is waited for: whoever asks makes the blocks.
pub fn terms(via: Via) -> ChainTerms {
    ChainTerms {
        via,
        pause: Duration::ZERO,
        patience: Duration::ZERO,
        most_quote_age_ms: 120_000,
        ..ChainTerms::default()
    }
}

pub fn wallet(number: u32) -> Wallet {
    let hex: String = (0..8).map(|_| format!("{:08x}", number + 1)).collect();
    Wallet::parse(&hex, KeySource::Named("a test".to_owned())).unwrap()
}

pub fn mint_of(address: &Address) -> Mint {
    Mint::parse(&address.to_string()).unwrap()
}

/// SOL, BONK and PYUSD against USDC.
pub fn markets() -> Vec<Market> {
    let known = Markets::built_in();
    let [sol, bonk] = ["SOL/USDC", "BONK/USDC"].map(|id| known.get(id).unwrap().clone());
    let base = Token { mint: mint_of(&PYUSD), symbol: "PYUSD".to_owned(), decimals: 6 };
    let pyusd =
        Market { id: "PYUSD/USDC".to_owned(), base, quote: sol.quote.clone(), price_decimals: 9, min_quantity: 1 };
    vec![sol, bonk, pyusd]
}

/// So much of the one for the other, at a price of the emulator's first list, with one percent of slippage.
pub fn want(gives: Address, takes: Address, amount: u64, quoted: u64) -> Want {
    let least_out = quoted - quoted / 50;
    Want { gives: mint_of(&gives), takes: mint_of(&takes), amount, least_out, max_slippage_bps: 100 }
}

/// 10 dollars for BONK: 500,000 of it.
pub fn bonk_for_dollars() -> Want {
    want(USDC, BONK, 10_000_000, 50_000_000_000)
}
