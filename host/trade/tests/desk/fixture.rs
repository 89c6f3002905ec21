//! What tests share: markets, plans, a desk with what is around it.

use std::sync::{Arc, Mutex};

use puppet_backtest::{Bar, Models, Strategies, StrategyId};
use puppet_store::TradeStore;
use puppet_trade::{Desk, DeskError, DeskPlan, DeskStrategy, DeskVenue, Intent, Told};
use puppet_types::trade::{Market, Mint, Token};
use puppet_types::{AgentId, Timestamp};
use puppet_wallet::{Origin, Rules};
use tokio::runtime::Handle;
use tokio::sync::mpsc;

use crate::exchange::Scripted;
use crate::memory::Memory;
use crate::native::walk::{ONE, market};

pub const BONK: &str = "DezXAZ8z7PnrnRJjz3wXBoRgixCa6xjnB7YaB1pPB263";
pub const USDC: &str = Mint::USDC;
pub const CASH: u64 = 1_000_000_000;
/// One whole BONK.
pub const WHOLE: u64 = 100_000;

/// BONK (5) against USDC (6): SOL is for fees alone.
pub fn bonk() -> Market {
    let base = Token { mint: Mint::parse(BONK).unwrap(), symbol: "BONK".to_owned(), decimals: 5 };
    Market { id: "BONK/USDC".to_owned(), base, ..market() }
}

pub fn rules(markets: &[Market]) -> Rules {
    Rules { autonomous_only: false, ..Rules::for_backtest(markets) }
}

pub fn strategy(strategies: impl Strategies + Send + 'static) -> DeskStrategy {
    let id = StrategyId { pack: "test".to_owned(), version: "1".to_owned(), digest: None };
    DeskStrategy { id, strategies: Arc::new(strategies) }
}

/// A paper desk on SOL/USDC.
pub fn paper(strategy: Option<DeskStrategy>, seed: u64) -> DeskPlan {
    let markets = vec![market()];
    DeskPlan {
        purse: "paper/test".to_owned(),
        venue: DeskVenue::Paper { models: Models::default(), start_balance: CASH },
        network: "devnet".to_owned(),
        rules: rules(&markets),
        markets,
        bar_seconds: 60,
        strategy,
        parameters: Vec::new(),
        seed,
        max_faults: 3,
        agent: Some(AgentId::parse("luna").unwrap()),
    }
}

/// A live desk on BONK/USDC whose clock stands at the last bar.
pub fn live(strategy: Option<DeskStrategy>, exchange: &Arc<Scripted>) -> DeskPlan {
    let markets = vec![bonk()];
    DeskPlan {
        purse: "main".to_owned(),
        venue: DeskVenue::Live { exchange: exchange.clone(), now: Arc::new(Timestamp::default) },
        rules: rules(&markets),
        markets,
        ..paper(strategy, 1)
    }
}

pub fn wallet() -> Arc<Scripted> {
    Arc::new(Scripted::with(&[(USDC, CASH), (BONK, 0), (Mint::SOL, 1_000_000_000)]))
}

/// A desk and everything around it.
pub struct Around<S = Memory> {
    pub store: Arc<S>,
    pub halt: Arc<Mutex<Option<String>>>,
    pub told: mpsc::UnboundedReceiver<Told>,
    sender: mpsc::UnboundedSender<Told>,
}

impl Around {
    pub fn new() -> Self {
        Self::of(Arc::default())
    }
}

impl<S: TradeStore + 'static> Around<S> {
    pub fn of(store: Arc<S>) -> Self {
        let (sender, told) = mpsc::unbounded_channel();
        Self { store, halt: Arc::default(), told, sender }
    }
    pub async fn open(&self, plan: &DeskPlan) -> Result<Desk, DeskError> {
        let halt = self.halt.clone();
        let halted = Arc::new(move || halt.lock().unwrap().clone());
        Desk::open(plan.clone(), self.store.clone(), halted, self.sender.clone(), Handle::current()).await
    }
    pub fn heard(&mut self) -> Vec<Told> {
        std::iter::from_fn(|| self.told.try_recv().ok()).collect()
    }
    pub fn switch(&self, reason: Option<&str>) {
        *self.halt.lock().unwrap() = reason.map(str::to_owned);
    }
}

pub fn at(minute: u64) -> Timestamp {
    Timestamp::default().plus_millis(minute * 60_000)
}

/// Bar number `minute` of market 0, at one price, in whole quote tokens.
pub fn flat(minute: u64, price: u64) -> Vec<Bar> {
    let price = price * ONE;
    let candle = puppet_types::trade::Candle {
        at: at(minute),
        open: price,
        high: price,
        low: price,
        close: price,
        volume: 1_000_000_000_000,
    };
    vec![(0, candle)]
}

pub async fn close(desk: &Desk, minute: u64, price: u64) -> puppet_trade::Happened {
    desk.bars(at(minute), flat(minute, price)).await.unwrap()
}

/// So much of what is given, at a minute, as the character's own idea.
pub fn wish(id: &str, minute: u64, (gives, takes): (&str, &str), amount: u64) -> Intent {
    Intent {
        id: id.to_owned(),
        at: at(minute),
        origin: Origin::Own,
        agent: Some(AgentId::parse("luna").unwrap()),
        in_mint: Mint::parse(gives).unwrap(),
        out_mint: Mint::parse(takes).unwrap(),
        amount,
        max_slippage_bps: None,
        reason: "a mood".to_owned(),
        second: None,
        trending_at: None,
    }
}

/// What the books say of a token.
pub fn booked(desk: &Desk, mint: &str) -> u64 {
    let balances = desk.view().unwrap().portfolio.balances;
    balances.iter().find(|balance| balance.mint.as_str() == mint).unwrap().amount
}

/// The books are what is in the wallet.
pub fn agree(desk: &Desk, exchange: &Scripted) {
    for mint in [USDC, BONK, Mint::SOL] {
        assert_eq!(booked(desk, mint), exchange.has(mint), "{mint}");
    }
}
