//! Prices that are asked for again and again, and the bars that they make. Bars close on the clock; those of all markets
//! that close at one time are one tick. They are in the store before they are handed over, so that the next start has a
//! history. A market without a price has no bar, and its trouble is told once.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures::future::join_all;
use puppet_backtest::Bar;
use puppet_market::{BarBuilder, CandlesError, Price};
use puppet_store::{StoreError, TradeStore};
use puppet_types::{Timestamp, trade::Market};
use tokio::time::Instant;

use super::{Batch, Feed, FeedError, Prices, Tick};

/// The time.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// How prices are asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Polling {
    /// By number.
    pub markets: Vec<Market>,
    /// Length of a bar.
    pub bar_seconds: u32,
    /// From one question to the next.
    pub poll: Duration,
    /// A price that is older is none, and an answer is not waited for longer.
    pub max_age: Duration,
}

/// See the head of this file.
pub struct Polled {
    polling: Polling,
    prices: Arc<dyn Prices>,
    store: Arc<dyn TradeStore>,
    clock: Clock,
    builders: Vec<BarBuilder>,
    /// Closed, and not yet in the store.
    closed: BTreeMap<Timestamp, Vec<Bar>>,
    ready: VecDeque<Result<Tick, FeedError>>,
    /// Not of the clock, which may be set.
    next_poll: Instant,
    /// Markets without a price.
    troubled: Vec<bool>,
    is_clock_behind: bool,
    is_store_troubled: bool,
}

impl Polled {
    /// From now on. The first bars are the first whole ones, and later than those that the store has.
    pub async fn new(
        polling: Polling,
        prices: Arc<dyn Prices>,
        store: Arc<dyn TradeStore>,
        clock: Clock,
    ) -> Result<Self, PolledError> {
        let (now, mut builders) = (clock(), Vec::new());
        for market in &polling.markets {
            let last = store.last_candles(&market.id, polling.bar_seconds, 1).await?;
            let closed = last.last().map(|bar| bar.at);
            builders.push(BarBuilder::new(polling.bar_seconds, now, closed)?);
        }
        let troubled = vec![false; builders.len()];
        let (closed, ready) = (BTreeMap::new(), VecDeque::new());
        let next_poll = Instant::now();
        Ok(Self {
            polling,
            prices,
            store,
            clock,
            builders,
            closed,
            ready,
            next_poll,
            troubled,
            is_clock_behind: false,
            is_store_troubled: false,
        })
    }

    /// Asks for all prices at once. What comes is of some time, and now is another.
    async fn poll(&mut self) {
        let Self { polling, prices, .. } = &*self;
        let asked = polling.markets.iter().map(|market| async move {
            match tokio::time::timeout(polling.max_age, prices.price(market)).await {
                Ok(answer) => answer,
                Err(_) => Err(format!("no answer in {} ms", polling.max_age.as_millis())),
            }
        });
        let answers = join_all(asked).await;
        let now = (self.clock)();
        self.next_poll = Instant::now() + self.polling.poll;
        self.tell_clock(now);
        // What the clock has closed meanwhile is over before a new price is looked at.
        self.close(now).await;
        let mut prices = Vec::new();
        for (number, answer) in answers.into_iter().enumerate() {
            let seen = answer.map_err(Why::Source).and_then(|(price, at)| self.take(number, price, at, now));
            self.tell(number, seen.as_ref().err());
            if let (Ok(price), Ok(market)) = (seen, u32::try_from(number)) {
                prices.push((market, price));
            }
        }
        if !prices.is_empty() {
            self.ready.push_back(Ok(Tick::Prices { at: now, prices }));
        }
    }

    /// Once, until it is otherwise.
    fn tell_clock(&mut self, now: Timestamp) {
        // The bar that was under way at the start counts as closed, too: that is no more than one bar ahead.
        let length = u64::from(self.polling.bar_seconds) * 1_000;
        let until = self.builders.iter().map(BarBuilder::closed).max().filter(|until| until.millis_since(now) > length);
        let was_behind = std::mem::replace(&mut self.is_clock_behind, until.is_some());
        if let (Some(until), false) = (until, was_behind) {
            self.ready.push_back(Err(FeedError::Clock { until }));
        }
    }

    fn take(&mut self, number: usize, price: u64, at: Timestamp, now: Timestamp) -> Result<u64, Why> {
        let age_ms = now.millis_since(at);
        if age_ms > millis(self.polling.max_age) {
            return Err(Why::Stale(age_ms));
        }
        let builder = self.builders.get_mut(number);
        let seen = builder.map(|builder| builder.take(Price { at, price, volume: 0 }, now));
        match seen.and_then(|seen| seen.left_out) {
            Some(puppet_market::LeftOut::Impossible) => Err(Why::Source(format!("{price} is no price"))),
            // In no bar, but the latest there is.
            Some(puppet_market::LeftOut::Late) | None => Ok(price),
        }
    }

    /// Once, until it is otherwise.
    fn tell(&mut self, number: usize, why: Option<&Why>) {
        let (Some(was), Some(market)) = (self.troubled.get_mut(number), self.polling.markets.get(number)) else {
            return;
        };
        let market = market.id.clone();
        let told = match (std::mem::replace(was, why.is_some()), why) {
            (false, Some(Why::Source(why))) => Err(FeedError::Source { market, why: why.clone() }),
            (false, Some(Why::Stale(age_ms))) => Err(FeedError::Stale { market, age_ms: *age_ms }),
            (true, None) => Ok(Tick::Well { market }),
            _ => return,
        };
        self.ready.push_back(told);
    }

    /// Hands over what the clock has closed, once it is kept. Where this ends while it waits, the bars are still there.
    async fn close(&mut self, now: Timestamp) {
        for (number, builder) in (0_u32..).zip(&mut self.builders) {
            if let Some(bar) = builder.close(now) {
                self.closed.entry(bar.at).or_default().push((number, bar));
            }
        }
        while let Some((at, bars)) = self.closed.first_key_value() {
            let (at, kept) = (*at, self.keep(bars).await);
            let was_troubled = std::mem::replace(&mut self.is_store_troubled, kept.is_err());
            if let (Err(error), false) = (kept, was_troubled) {
                self.ready.push_back(Err(error.into()));
            }
            if let Some(bars) = self.closed.remove(&at) {
                self.ready.push_back(Ok(Tick::Bars { at, bars }));
            }
        }
    }

    async fn keep(&self, bars: &[Bar]) -> Result<(), StoreError> {
        for (number, bar) in bars {
            if let Some(market) = self.polling.markets.get(*number as usize) {
                self.store.put_candles(&market.id, self.polling.bar_seconds, std::slice::from_ref(bar)).await?;
            }
        }
        Ok(())
    }
}

#[async_trait]
impl Feed for Polled {
    /// From the store, and no older than twice its length: what was days ago is no history of now.
    async fn history(&mut self, batches: u32) -> Result<Vec<Batch>, FeedError> {
        let length = u64::from(self.polling.bar_seconds) * 1_000;
        let oldest = u64::from(batches).saturating_mul(2 * length);
        let now = (self.clock)();
        let mut history = BTreeMap::<Timestamp, Vec<Bar>>::new();
        for (number, market) in (0_u32..).zip(&self.polling.markets) {
            let last = self.store.last_candles(&market.id, self.polling.bar_seconds, batches as usize).await?;
            for bar in last.into_iter().filter(|bar| bar.at <= now && now.millis_since(bar.at) <= oldest) {
                history.entry(bar.at).or_default().push((number, bar));
            }
        }
        let surplus = history.len().saturating_sub(batches as usize);
        Ok(history.into_iter().skip(surplus).collect())
    }

    async fn next(&mut self) -> Option<Result<Tick, FeedError>> {
        loop {
            if let Some(tick) = self.ready.pop_front() {
                return Some(tick);
            }
            let now = (self.clock)();
            let closes = self.builders.iter().map(BarBuilder::closes_at).min()?;
            if now >= closes || !self.closed.is_empty() {
                self.close(now).await;
            } else if Instant::now() >= self.next_poll {
                self.poll().await;
            } else {
                let closing = Instant::now() + Duration::from_millis(closes.millis_since(now));
                tokio::time::sleep_until(closing.min(self.next_poll)).await;
            }
        }
    }
}

/// Why a market has no price.
enum Why {
    Source(String),
    Stale(u64),
}

/// Why no prices can be asked for.
#[derive(Debug, thiserror::Error)]
pub enum PolledError {
    /// The store does not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// No bars can be of this length.
    #[error(transparent)]
    Bars(#[from] CandlesError),
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
