//! The desk of an agent over HTTP: a swap that an operator asks for, how it ended, and how the desk stands.

use std::{sync::Arc, time::Duration};

use futures::{FutureExt as _, future::BoxFuture};
use puppet_api::operations::Trade;
use puppet_store::{PurseEntry, TradeStore};
use puppet_trade::{DeskMode, DeskView, OpenOrder};
use puppet_types::{
    AgentId, EffectId, ids, scrub,
    trade::{Origin, Side, SwapIntent},
};
use puppet_wallet::{Rules, SwapError, SwapResult};
use serde_json::{Value, json};
use tokio::{
    task::JoinHandle,
    time::{Instant, timeout},
};

use super::agents::inside;
use crate::{
    control::Inside,
    setup::Setup,
    trading::{Owned, purses},
    trouble::{Result, Trouble},
    wallets::{
        approvals::{self, Standing as Waits},
        books,
        standing::{Standing, kept_of},
        stop,
    },
};

/// How often it is looked whether a swap is under way.
const LOOK: Duration = Duration::from_millis(100);
/// How long it waits for its turn behind other swaps of its desk, at least.
const TURN: Duration = Duration::from_secs(30);
/// How long one that is taken back may take to say so.
const TAKEN_BACK: Duration = Duration::from_secs(5);
/// Entries of a log that are read at once, and how many of them are looked at for one trade.
const PAGE: usize = 500;
const LOOKED_AT: usize = 20_000;

/// The purse of an agent's desk.
pub(super) struct Seat<'a> {
    setup: &'a Setup,
    inside: &'a Inside,
    agent: &'a AgentId,
    /// Its name.
    pub(super) purse: String,
}

impl<'a> Seat<'a> {
    /// # Errors
    /// The agent has no desk.
    pub(super) fn of(setup: &'a Setup, agent: &'a AgentId) -> Result<Self> {
        Self::find(setup, agent)?.ok_or_else(|| {
            let remedy = "give it one in [trading.desks] (docs/trading/trade.md), and start the host again";
            Trouble::refused("no-desk", format!("`{agent}` has no desk"), remedy)
        })
    }

    /// None: the agent has no desk.
    pub(super) fn find(setup: &'a Setup, agent: &'a AgentId) -> Result<Option<Self>> {
        let inside = inside(setup)?;
        let purse = inside.parts.host.purses.purse(agent);
        Ok(purse.map(|purse| Self { setup, inside, agent, purse }))
    }

    /// What trades are kept in.
    pub(super) fn store(&self) -> &dyn TradeStore {
        &*self.inside.rows
    }

    fn open(&self) -> Option<(DeskView, Rules)> {
        self.inside.parts.desks.open(&self.purse)
    }

    /// As the open desk shows it; else as it is kept. None: nothing was traded on it yet.
    async fn view(&self) -> Result<Option<DeskView>> {
        if let Some((view, _)) = self.open() {
            return Ok(Some(view));
        }
        let Some(purse) = self.store().purse(&self.purse).await? else { return Ok(None) };
        puppet_trade::purse_view(&purse).map_err(Trouble::internal)
    }

    /// A swap that is under way, and written down as such.
    async fn order(&self, id: &str) -> Result<Option<OpenOrder>> {
        let orders = self.view().await?.map(|view| view.open_orders).unwrap_or_default();
        Ok(orders.into_iter().find(|open| open.order.client_id == id))
    }

    /// Asks the desk for a swap. Answers when it has ended, when it waits for a person's yes, or when `wait` is over and it is
    /// under way. What has had no turn by then is taken back: nothing is answered that a crash would forget.
    pub(super) async fn trade(&self, trade: Trade, wait: Option<Duration>) -> Result<Value> {
        let (view, rules) = self.open().ok_or_else(|| not_open("it is not open"))?;
        let intent = intent_of(&view, &rules, &trade)?;
        let id = match &trade.key {
            Some(key) => ids::derive("trd", &["api", self.agent.as_str(), key]),
            None => {
                let mut salt = [0; 16];
                getrandom::fill(&mut salt).map_err(Trouble::internal)?;
                ids::derive("trd", &["api", self.agent.as_str(), &u128::from_le_bytes(salt).to_string()])
            }
        };
        if view.mode == DeskMode::Live && trade.key.is_some() {
            self.is_here(&id).await?;
        }
        let effect = EffectId::new(&id);
        let host = &self.inside.parts.host;
        // What was begun goes on also where whoever asked is gone meanwhile.
        let swap = tokio::spawn({
            let (purses, effect) = (Arc::clone(&host.purses), effect.clone());
            let (purse, agent, intent) = (self.purse.clone(), self.agent.clone(), intent.clone());
            async move { purses.swap(&effect, &purse, &agent, &intent, Origin::Operator).await }
        });
        let stands = || self.stands(&id).boxed();
        match awaited(swap, wait.unwrap_or_default(), stands, host.purses.forget(&effect, self.agent)).await? {
            Awaited::Ended(ended) => {
                if let Ok(result) = &*ended {
                    is_same(&intent, result)?;
                }
                self.ended(&id, *ended).await
            }
            Awaited::Stands(told) => Ok(told),
        }
    }

    /// Refuses a swap that another wallet has begun: the agent had that one when it was asked for the first time.
    async fn is_here(&self, id: &str) -> Result<()> {
        let others = self.store().purses().await?.into_iter();
        for other in others.filter(|other| other.name != self.purse && !books::is_paper(&other.name)) {
            let open = puppet_trade::purse_view(&other).map_err(Trouble::internal)?.map(|view| view.open_orders);
            let is_open = open.into_iter().flatten().any(|open| open.order.client_id == id);
            if !is_open && self.result(&other.name, id).await?.is_none() {
                continue;
            }
            let (name, agent) = (&other.name, self.agent);
            let message = format!("this trade was begun with the wallet `{name}`, and `{agent}` has another one now");
            let remedy = "`puppet wallet history` of that wallet tells how it ended; take a new key for a new trade";
            return Err(Trouble::refused("trade-elsewhere", message, remedy));
        }
        Ok(())
    }

    /// What is said of a swap that is under way; none where it is not.
    async fn stands(&self, id: &str) -> Result<Option<Value>> {
        match self.order(id).await? {
            Some(order) => self.under_way(id, order.number, order.waits).await.map(Some),
            None => Ok(None),
        }
    }

    async fn ended(&self, id: &str, ended: std::result::Result<SwapResult, SwapError>) -> Result<Value> {
        match ended {
            Ok(result) => self.told(id, &result),
            Err(SwapError::Unavailable(why)) => Err(not_open(&why)),
            Err(SwapError::UnderWay(why)) => match self.order(id).await? {
                Some(order) => self.under_way(id, order.number, Some(why)).await,
                None => {
                    let remedy = "ask again, with the same `Idempotency-Key`: nothing is swapped twice";
                    Err(Trouble::unreachable("desk-busy", format!("nobody says how it ended: {why}"), remedy))
                }
            },
        }
    }

    fn answer(&self, id: &str, outcome: &str, rest: (Option<String>, Value, Value)) -> Value {
        let (waits, approval, result) = rest;
        json!({
            "schema": "puppet.agent-trade/1", "id": id, "agent": self.agent, "wallet": self.purse,
            "kind": kind(&self.purse), "outcome": outcome, "waits": waits, "approval": approval, "result": result,
        })
    }

    fn told(&self, id: &str, result: &SwapResult) -> Result<Value> {
        let outcome = if result.is_done { "done" } else { "denied" };
        let mut result = serde_json::to_value(result).map_err(Trouble::internal)?;
        // Whether its character talks about it is not the asker's.
        if let Some(fields) = result.as_object_mut() {
            fields.remove("tells");
        }
        Ok(self.answer(id, outcome, (None, Value::Null, result)))
    }

    async fn under_way(&self, id: &str, number: u64, waits: Option<String>) -> Result<Value> {
        // The exchange knows it by its number.
        let swap = format!("{}/{number}", self.purse);
        let all = approvals::all(self.store(), self.inside.parts.host.now()).await?;
        let asked = all.into_iter().find(|(asked, standing)| asked.swap == swap && *standing == Waits::Waiting);
        Ok(match asked {
            Some((asked, _)) => {
                let approval = json!({ "hash": asked.hash, "expires_at": asked.expires_at });
                self.answer(id, "waiting", (waits, approval, Value::Null))
            }
            None => self.answer(id, "accepted", (waits, Value::Null, Value::Null)),
        })
    }

    /// A trade that was asked for, as it stands.
    pub(super) async fn traded(&self, id: &str) -> Result<Value> {
        if let Some(told) = self.stands(id).await? {
            return Ok(told);
        }
        if let Some(result) = self.result(&self.purse, id).await? {
            return self.told(id, &purses::told(&result, &Rules::default()));
        }
        let remedy = "use the id of an answer to `POST …/trade`; `GET …/trading/transactions` has what is older";
        Err(Trouble::input("unknown-trade", format!("no trade `{id}` is on `{}`", self.purse), remedy).missing())
    }

    /// How a swap of a purse ended; none where it is not among the latest entries of its log.
    async fn result(&self, purse: &str, id: &str) -> Result<Option<puppet_trade::SwapResult>> {
        let (mut before, mut looked_at) = (None, 0);
        while looked_at < LOOKED_AT {
            let page = self.store().purse_past(purse, &[PurseEntry::Event], before, PAGE).await?;
            let Some(last) = page.last() else { break };
            (before, looked_at) = (Some(last.seq), looked_at + page.len());
            let is_it = |body: &Value| body["event"] == "swap" && body["result"]["id"] == id;
            if let Some(mut row) = page.into_iter().find(|row| is_it(&row.body)) {
                return serde_json::from_value(row.body["result"].take()).map(Some).map_err(Trouble::internal);
            }
        }
        Ok(None)
    }

    /// How the desk stands: `trading-stats.json`.
    pub(super) async fn stats(&self) -> Result<Value> {
        let (said, kept) = kept_of(Some(&self.inside.rows), &self.purse).await?;
        let halted = stop::of_all(&self.setup.data, self.inside.rows.halted().await?);
        let Standing { state, since, reason } = Standing::of(&said, kept.as_ref(), halted.is_some());
        let desk = self.inside.parts.desks.stand().into_iter().find(|desk| desk.purse == self.purse);
        let desk = desk.map(|desk| json!({ "name": desk.name, "state": desk.state, "reason": desk.reason }));
        let view = self.view().await?;
        let strategy = view.as_ref().and_then(|view| view.strategy.as_ref());
        Ok(json!({
            "schema": "puppet.trading-stats/1", "agent": self.agent, "wallet": self.purse, "kind": kind(&self.purse),
            "network": view.as_ref().map(|view| &view.network), "state": state, "since": since, "reason": reason,
            "halted": halted, "desk": desk,
            "strategy": strategy.map(|id| json!({ "pack": id.pack, "version": id.version })),
            "open_orders": view.as_ref().map_or(0, |view| view.open_orders.len()),
            "faults": view.as_ref().map_or(0, |view| view.faults),
            "portfolio": view.as_ref().map(Owned::of),
        }))
    }
}

/// The same of an agent that has no desk.
pub(super) fn no_stats(agent: &AgentId) -> Value {
    json!({
        "schema": "puppet.trading-stats/1", "agent": agent, "wallet": null, "kind": null, "network": null, "state": null,
        "since": null, "reason": null, "halted": null, "desk": null, "strategy": null, "open_orders": 0, "faults": 0,
        "portfolio": null,
    })
}

fn kind(purse: &str) -> &'static str {
    if books::is_paper(purse) { "paper" } else { "live" }
}

/// What came of waiting for a swap.
#[derive(Debug)]
enum Awaited {
    /// It has ended, or nobody says how.
    Ended(Box<std::result::Result<SwapResult, SwapError>>),
    /// It is under way: what is said of it.
    Stands(Value),
}

/// Waits for a swap. Where it is under way (`stands` says so), until `wait` is over, or it waits for a person's yes. One that
/// has had no turn is taken back.
async fn awaited<'a>(
    mut swap: JoinHandle<std::result::Result<SwapResult, SwapError>>,
    wait: Duration,
    stands: impl Fn() -> BoxFuture<'a, Result<Option<Value>>>,
    take_back: impl Future<Output = ()>,
) -> Result<Awaited> {
    let asked = Instant::now();
    loop {
        if let Ok(ended) = timeout(LOOK, &mut swap).await {
            return Ok(Awaited::Ended(Box::new(ended.map_err(Trouble::internal)?)));
        }
        match stands().await? {
            Some(told) if told["outcome"] == "waiting" || asked.elapsed() >= wait => return Ok(Awaited::Stands(told)),
            None if asked.elapsed() >= wait.max(TURN) => break,
            _ => {}
        }
    }
    take_back.await;
    Ok(Awaited::Ended(Box::new(match timeout(TAKEN_BACK, swap).await {
        Ok(ended) => ended.map_err(Trouble::internal)?,
        Err(_) => Err(SwapError::UnderWay("its desk is busy".to_owned())),
    })))
}

/// Refuses a swap whose key made another one before, whose answer is not kept any more. What is gone of one that was made may be
/// more or less than was asked for; of one that was not, it is that.
fn is_same(intent: &SwapIntent, result: &SwapResult) -> Result<()> {
    let asked = (&intent.in_mint, &intent.out_mint, &intent.reason);
    let is_amount = result.is_done || result.in_amount == intent.amount;
    if is_amount && asked == (&result.in_mint, &result.out_mint, &result.reason) {
        return Ok(());
    }
    let message = format!("another trade was made under this key: `{}`", result.id);
    let remedy = "`GET …/trade/{trade}` tells how that one ended; take a new key for a new trade";
    Err(Trouble::refused("trade-differs", message, remedy))
}

fn not_open(why: &str) -> Trouble {
    let remedy = "`GET …/trading/stats` says what its opening waits for, and what stopped it; ask again later";
    Trouble::unreachable("desk-not-open", format!("nothing can be traded on the desk now: {why}"), remedy)
}

/// What is given for what, by the desk's own markets.
fn intent_of(view: &DeskView, rules: &Rules, trade: &Trade) -> Result<SwapIntent> {
    let market = view.markets.iter().find(|market| market.id == trade.market).ok_or_else(|| {
        let traded: Vec<String> = view.markets.iter().map(|market| format!("`{}`", market.id)).collect();
        let remedy = format!("its desk trades {}", traded.join(", "));
        Trouble::input("unknown-market", format!("its desk does not trade `{}`", trade.market), remedy)
            .of_field("market")
    })?;
    let (gives, takes) = match trade.side {
        Side::Buy => (&market.quote, &market.base),
        Side::Sell => (&market.base, &market.quote),
    };
    Ok(SwapIntent {
        in_mint: gives.mint.clone(),
        out_mint: takes.mint.clone(),
        amount: trade.amount,
        max_slippage_bps: trade.max_slippage_bps.unwrap_or(rules.max_slippage_bps),
        reason: scrub::text(&trade.reason).into_owned(),
    })
}

#[cfg(test)]
#[path = "trades_tests.rs"]
mod tests;
