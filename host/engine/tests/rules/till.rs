//! A purse on paper for the tests' agents, behind the real risk engine: 1,000 USDC, and SOL at 100 USDC.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU32, Ordering::SeqCst},
    },
};

use async_trait::async_trait;
use puppet_types::{
    AgentId, CallError, Code, EffectId, Timestamp,
    trade::{Fill, Market, Mint, Order, OrderKind, Origin, Side, SwapIntent, TimeInForce, Token},
};
use puppet_wallet::{Purses, Risk, Rule, Rules, Seen, SwapError, SwapQuote, SwapResult, TokenBalance, denial};

/// What there is at first, in the smallest unit of USDC.
pub const CASH: u64 = 1_000_000_000;
const PRICE: u64 = 100_000_000;

/// It.
pub struct Till {
    /// What the agent's purse is called; none: it has none.
    pub name: Mutex<Option<String>>,
    risk: Mutex<Risk>,
    ended: Mutex<BTreeMap<EffectId, SwapResult>>,
    /// What every look was told of what is behind it.
    pub looks: Mutex<Vec<Origin>>,
    /// How often it was asked to swap.
    pub asked: AtomicU32,
    /// What it was told to forget.
    pub forgotten: Mutex<Vec<EffectId>>,
    /// The next of these requests end with these, the last one first; `UnderWay` after it was carried out.
    pub failures: Mutex<Vec<SwapError>>,
}

fn market() -> Market {
    let token = |mint, symbol: &str, decimals| Token { mint, symbol: symbol.to_owned(), decimals };
    Market {
        id: "SOL/USDC".to_owned(),
        base: token(Mint::sol(), "SOL", 9),
        quote: token(Mint::usdc(), "USDC", 6),
        price_decimals: 6,
        min_quantity: 1,
    }
}

/// Everything is admitted that can be paid, whoever wants it.
pub fn open() -> Rules {
    let rules = Rules::for_backtest(&[market()]);
    Rules { ignore_human_requests: false, autonomous_only: false, ignore_gifts: false, max_fee_bps: 0, ..rules }
}

/// Only what is the character's own.
pub fn guarded() -> Rules {
    Rules { ignore_human_requests: true, autonomous_only: true, ignore_gifts: true, ..open() }
}

impl Till {
    /// With these rules.
    pub fn of(rules: Rules) -> Arc<Self> {
        Self::holding(CASH, rules)
    }

    /// With so much in it.
    pub fn holding(cash: u64, rules: Rules) -> Arc<Self> {
        let risk = Risk::new(rules, vec![market()], &[(Mint::usdc(), cash)]).unwrap();
        Arc::new(Self {
            name: Mutex::new(Some("main".to_owned())),
            risk: Mutex::new(risk),
            ended: Mutex::default(),
            looks: Mutex::default(),
            asked: AtomicU32::new(0),
            forgotten: Mutex::default(),
            failures: Mutex::default(),
        })
    }

    /// What is left of the USDC.
    pub fn cash(&self) -> u64 {
        self.risk.lock().unwrap().cash()
    }

    /// What it was told of the look before.
    pub fn last_look(&self) -> Option<Origin> {
        self.looks.lock().unwrap().last().copied()
    }
}

/// A buy of SOL, the one way that the tests' agents go.
fn order(id: &str, intent: &SwapIntent) -> Order {
    assert_eq!((intent.in_mint.as_str(), intent.out_mint.as_str()), (Mint::USDC, Mint::SOL));
    Order {
        client_id: id.to_owned(),
        market: 0,
        side: Side::Buy,
        kind: OrderKind::Market,
        quantity: intent.amount * (1_000_000_000 / PRICE),
        reduce_only: false,
        time_in_force: TimeInForce::Ioc,
        expires_at: None,
        max_slippage_bps: Some(0),
        reason: intent.reason.clone(),
    }
}

fn seen() -> Seen {
    Seen::at(Timestamp::from_millis(0), PRICE)
}

#[async_trait]
impl Purses for Till {
    async fn balances(&self, _: &AgentId) -> Result<Vec<TokenBalance>, CallError> {
        Ok(vec![TokenBalance { mint: Mint::usdc(), symbol: "USDC".to_owned(), amount: self.cash(), decimals: 6 }])
    }

    async fn quote(&self, _: &AgentId, _: &Mint, _: &Mint, _: u64) -> Result<SwapQuote, CallError> {
        Err(CallError::new(Code::NotFound, "no test asks"))
    }

    async fn look(&self, _: &AgentId, intent: &SwapIntent, origin: Origin) -> Result<(), CallError> {
        self.looks.lock().unwrap().push(origin);
        let mut risk = self.risk.lock().unwrap().clone();
        let admitted = risk.admit(&order("look", intent), origin, &seen());
        admitted.map(drop).map_err(|denied| denial(Rule::parse(&denied.rule).unwrap(), &denied.detail, None))
    }

    fn purse(&self, _: &AgentId) -> Option<String> {
        self.name.lock().unwrap().clone()
    }

    async fn swap(
        &self,
        effect: &EffectId,
        purse: &str,
        agent: &AgentId,
        intent: &SwapIntent,
        origin: Origin,
    ) -> Result<SwapResult, SwapError> {
        assert_eq!(self.name.lock().unwrap().as_deref(), Some(purse));
        self.asked.fetch_add(1, SeqCst);
        let failure = self.failures.lock().unwrap().pop();
        if let Some(error @ SwapError::Unavailable(_)) = failure {
            return Err(error);
        }
        let mut ended = self.ended.lock().unwrap();
        let result = ended.entry(effect.clone()).or_insert_with(|| {
            let (order, mut risk) = (order(effect.as_str(), intent), self.risk.lock().unwrap());
            let at = seen().now;
            let not_done = SwapResult::not_done(effect.as_str(), agent, (intent, origin), at, ("", ""));
            match risk.admit(&order, origin, &seen()) {
                Ok(id) => {
                    let (client_id, quantity) = (order.client_id, order.quantity);
                    let side = Side::Buy;
                    let fill = Fill { client_id, market: 0, side, at, quantity, price: PRICE, fee: 0, remaining: 0 };
                    risk.filled(id, &fill).unwrap();
                    SwapResult { is_done: true, out_amount: quantity, code: None, detail: None, ..not_done }
                }
                Err(denied) => SwapResult { code: Some(denied.rule), detail: Some(denied.detail), ..not_done },
            }
        });
        failure.map_or_else(|| Ok(result.clone()), Err)
    }

    async fn forget(&self, effect: &EffectId, _: &AgentId) {
        self.forgotten.lock().unwrap().push(effect.clone());
    }
}
