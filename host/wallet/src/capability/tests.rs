//! The interface on a real gate, over a purse of the test's making.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use async_trait::async_trait;
use puppet_grants::{CallBounds, Elapsed, Period, Request, Requests, Rights, UnbookedReads};
use puppet_types::{CallError, EffectId, Read, ReadStatus, Timestamp};

use super::{guest::Host as _, *};
use crate::Rule;

/// Admits what is the character's own, and keeps what it was asked.
#[derive(Default)]
struct Desk(Mutex<Vec<Origin>>);

#[async_trait]
impl Purses for Desk {
    async fn balances(&self, _: &AgentId) -> Result<Vec<TokenBalance>, CallError> {
        Ok(vec![TokenBalance { mint: Mint::sol(), symbol: "SOL".to_owned(), amount: u64::MAX, decimals: 9 }])
    }
    async fn quote(&self, _: &AgentId, gives: &Mint, takes: &Mint, amount: u64) -> Result<SwapQuote, CallError> {
        Ok(SwapQuote {
            in_mint: gives.clone(),
            out_mint: takes.clone(),
            in_amount: amount,
            out_amount: 2 * amount,
            price_impact_bps: 3,
            fee_lamports: 5_000,
            at: Timestamp::from_millis(7),
        })
    }
    async fn look(&self, _: &AgentId, _: &SwapIntent, origin: Origin) -> Result<(), CallError> {
        self.0.lock().unwrap().push(origin);
        if origin > Origin::Own { Err(denial(Rule::HumanRequest, "", None)) } else { Ok(()) }
    }
    fn purse(&self, _: &AgentId) -> Option<String> {
        None
    }
    async fn swap(
        &self,
        _: &EffectId,
        _: &str,
        _: &AgentId,
        _: &SwapIntent,
        _: Origin,
    ) -> Result<SwapResult, SwapError> {
        panic!("a call carries nothing out")
    }
}

/// What the call answers to before it has read anything, and after.
struct Told(Origin, Origin);

#[async_trait]
impl Behind for Told {
    async fn origin(&self, reads: &[Read]) -> Result<Origin, CallError> {
        Ok(if reads.is_empty() { self.0 } else { self.1 })
    }
}

struct Invocation {
    gate: Gate,
    desk: Arc<Desk>,
    purses: Held<dyn Purses>,
    agent: AgentId,
    behind: Told,
}

fn invocation(amounts: &[((Amount, Period), u64)], behind: Told) -> Invocation {
    let request = Request { amounts: amounts.iter().copied().collect(), ..Request::default() };
    let requests = Requests::from_iter([(Capability::Wallet, request)]);
    let rights = Rights::from_requests(&requests, &"pack".into(), &"ada".into(), &Arc::default());
    let gate = Gate::new(
        "inv".into(),
        "pack".into(),
        Timestamp::from_millis(1_767_571_200_000),
        Arc::new(rights),
        Arc::new(CallBounds::default()),
        Arc::new(UnbookedReads),
        Elapsed::Modelled(Duration::ZERO),
    );
    let desk = Arc::new(Desk::default());
    Invocation { gate, purses: Held::new(Arc::clone(&desk) as _), desk, agent: "ada".into(), behind }
}

impl Invocation {
    fn view(&mut self) -> View<'_> {
        View { gate: &mut self.gate, purses: &self.purses, agent: &self.agent, behind: &self.behind }
    }
    async fn swap(&mut self, in_mint: &str, out_mint: &str, amount: u64) -> Result<u32, wit::Error> {
        let intent = guest::SwapIntent {
            in_mint: in_mint.to_owned(),
            out_mint: out_mint.to_owned(),
            amount,
            max_slippage_bps: 50,
            reason: " a test ".to_owned(),
        };
        self.view().swap(intent).await.unwrap()
    }
}

const OWN: fn() -> Told = || Told(Origin::Own, Origin::Own);

#[tokio::test]
async fn a_swap_is_looked_at_and_recorded_with_what_is_behind_it() {
    let mut call = invocation(&[], OWN());
    assert_eq!(call.swap(Mint::SOL, Mint::USDC, 5).await.unwrap(), 0);
    assert_eq!(call.swap(Mint::USDC, Mint::SOL, 6).await.unwrap(), 1);
    let balances = call.view().balances().await.unwrap().unwrap();
    assert_eq!((balances[0].amount, balances[0].decimals), (u64::MAX, 9));
    let quote = call.view().quote(Mint::SOL.to_owned(), Mint::USDC.to_owned(), 4).await.unwrap().unwrap();
    assert_eq!((quote.in_amount, quote.out_amount, quote.price_impact_bps, quote.fee_lamports), (4, 8, 3, 5_000));
    let left = call.gate.finish(true);
    let Decision::Swap { intent, origin } = &left.decisions[0].decision else { panic!() };
    assert_eq!((intent.amount, intent.reason.as_str(), *origin), (5, "a test", Origin::Own));
    assert_eq!(left.host_calls, BTreeMap::from([(Capability::Wallet, 4)]), "a swap is one call");
    let spent = |amount| -> u64 {
        let rows = left.spends.rows();
        let day = rows.iter().filter(|row| row.key.amount == amount && row.key.period == Period::Day);
        day.map(|row| row.used).sum()
    };
    assert_eq!((spent(Amount::Swaps), spent(Amount::Lamports)), (2, 5), "lamports are what is given of SOL");

    // A replay decides the same of the journal alone.
    let decided = left.decisions.clone();
    let mut again = invocation(&[], Told(Origin::Gift, Origin::Gift));
    again.gate = again.gate.replay(left.reads);
    assert_eq!(again.swap(Mint::SOL, Mint::USDC, 5).await.unwrap(), 0);
    assert_eq!(again.swap(Mint::USDC, Mint::SOL, 6).await.unwrap(), 1);
    assert!(again.desk.0.lock().unwrap().is_empty(), "nobody was asked");
    assert_eq!(again.gate.finish(true).decisions, decided);
}

#[tokio::test]
async fn a_denial_names_its_rule_and_is_no_decision() {
    for (behind, reads) in [(Told(Origin::HumanRequest, Origin::Own), 0), (Told(Origin::Own, Origin::HumanRequest), 1)]
    {
        let mut call = invocation(&[], behind);
        for _ in 0..reads {
            call.view().balances().await.unwrap().unwrap();
        }
        let error = call.swap(Mint::SOL, Mint::USDC, 5).await.unwrap_err();
        assert_eq!(error.code, "denied");
        assert_eq!(error.message, "human-request: Somebody's words are behind the order.");
        assert_eq!(*call.desk.0.lock().unwrap(), [Origin::HumanRequest], "what it has read counts");
        let left = call.gate.finish(true);
        assert!(left.decisions.is_empty() && left.spends.rows().is_empty());
        assert_eq!(left.reads[reads].status, ReadStatus::Denied);
    }
}

#[tokio::test]
async fn what_is_not_valid_is_refused_before_anybody_is_asked() {
    let mut call = invocation(&[], OWN());
    for (gives, takes, amount) in
        [("SOL", Mint::USDC, 5), (Mint::SOL, "", 5), (Mint::SOL, Mint::SOL, 5), (Mint::SOL, Mint::USDC, 0)]
    {
        assert_eq!(call.swap(gives, takes, amount).await.unwrap_err().code, "invalid-input", "{gives} {takes}");
        let quote = call.view().quote(gives.to_owned(), takes.to_owned(), amount).await.unwrap();
        assert_eq!(quote.unwrap_err().code, "invalid-input");
    }
    let whole = |max_slippage_bps, reason: String| guest::SwapIntent {
        in_mint: Mint::SOL.to_owned(),
        out_mint: Mint::USDC.to_owned(),
        amount: 1,
        max_slippage_bps,
        reason,
    };
    for (intent, code) in [
        (whole(BPS + 1, "x".to_owned()), "invalid-input"),
        (whole(BPS, " ".to_owned()), "invalid-input"),
        (whole(BPS, "x".repeat(REASON_BYTES + 1)), "too-long"),
    ] {
        assert_eq!(call.view().swap(intent).await.unwrap().unwrap_err().code, code);
    }
    assert!(call.view().swap(whole(BPS, "x".repeat(REASON_BYTES))).await.unwrap().is_ok());
    assert_eq!(call.desk.0.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn a_grant_bounds_swaps_and_the_lamports_of_each_and_of_a_day() {
    let amounts = [
        ((Amount::Swaps, Period::Hour), 4),
        ((Amount::Lamports, Period::AtOnce), 50),
        ((Amount::Lamports, Period::Day), 80),
    ];
    let mut call = invocation(&amounts, OWN());
    let error = call.swap(Mint::SOL, Mint::USDC, 51).await.unwrap_err();
    assert_eq!(error.code, "budget-exhausted");
    assert!(error.message.contains("50 at once, this would make 51"), "{}", error.message);
    assert!(call.swap(Mint::SOL, Mint::USDC, 50).await.is_ok());
    assert_eq!(call.swap(Mint::SOL, Mint::USDC, 31).await.unwrap_err().code, "budget-exhausted");
    assert!(call.swap(Mint::SOL, Mint::USDC, 30).await.is_ok());
    // What is given of other tokens is the risk engine's to bound.
    assert!(call.swap(Mint::USDC, Mint::SOL, 1_000_000).await.is_ok());
    assert!(call.swap(Mint::USDC, Mint::SOL, 1).await.is_ok());
    assert_eq!(call.swap(Mint::USDC, Mint::SOL, 1).await.unwrap_err().code, "budget-exhausted", "four an hour");
    let left = call.gate.finish(true);
    assert_eq!(left.decisions.len(), 4);
    assert_eq!(left.reads.iter().filter(|read| read.status == ReadStatus::Budget).count(), 3);
}

#[tokio::test]
async fn who_has_no_purse_is_told_what_to_configure() {
    let mut call = invocation(&[], OWN());
    call.purses = Held::new(Arc::new(NoPurses) as _);
    let error = call.swap(Mint::SOL, Mint::USDC, 5).await.unwrap_err();
    assert_eq!(error.code, "denied");
    assert!(error.message.contains("[trading.desks.NAME]") && error.message.contains("agent = \"ada\""), "{error:?}");
    assert_eq!(call.view().balances().await.unwrap().unwrap_err().code, "denied");
    let quote = call.view().quote(Mint::SOL.to_owned(), Mint::USDC.to_owned(), 1).await.unwrap();
    assert_eq!(quote.unwrap_err().code, "denied");
}
