//! Bars that the store keeps, as a run over recorded data takes them.

use std::collections::BTreeSet;

use puppet_market::{Candles, CandlesError};
use puppet_store::{CandleSeries, StoreError, TradeStore};
use puppet_types::{Timestamp, trade::Market};

/// Rows that are read at a time.
const PAGE: usize = 10_000;

/// Why there are no such bars.
#[derive(Debug, thiserror::Error)]
pub enum KeptError {
    /// The store does not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Nothing of the market, of this length.
    #[error("the store has no bars of {bar_seconds} s of {market}; it has {there}")]
    Nothing {
        /// Its id.
        market: String,
        /// Length of a bar.
        bar_seconds: u32,
        /// What there is, in words.
        there: String,
    },
    /// Nothing in the time that is asked for.
    #[error("the store has no bars of {market} in that time: they go from {from} to {to}")]
    NothingBetween {
        /// Its id.
        market: String,
        /// When the first one closed.
        from: Timestamp,
        /// When the last one closed.
        to: Timestamp,
    },
    /// What is there is no list of bars.
    #[error("the bars of {market} in the store: {source}")]
    Candles {
        /// Its id.
        market: String,
        /// Why.
        source: CandlesError,
    },
}

/// All bars of a market of this length that opened at `from` or later and closed at `to` or before.
pub async fn kept(
    store: &dyn TradeStore,
    market: &Market,
    bar_seconds: u32,
    (from, to): (Option<Timestamp>, Option<Timestamp>),
) -> Result<Candles, KeptError> {
    let all = store.candle_series().await?;
    let is_meant = |series: &&CandleSeries| series.market == market.id && series.bar_seconds == bar_seconds;
    let Some(series) = all.iter().find(is_meant) else {
        return Err(KeptError::Nothing { market: market.id.clone(), bar_seconds, there: words(&all) });
    };
    let mut after = from.map(|from| from.plus_millis(u64::from(bar_seconds) * 1_000 - 1));
    let mut bars = Vec::new();
    loop {
        let page = store.candles(&market.id, bar_seconds, after, to, PAGE).await?;
        let is_last = page.len() < PAGE;
        after = page.last().map(|bar| bar.at).or(after);
        bars.extend(page);
        if is_last {
            break;
        }
    }
    if bars.is_empty() {
        return Err(KeptError::NothingBetween { market: market.id.clone(), from: series.from, to: series.to });
    }
    Candles::new(bars, bar_seconds, market.price_decimals)
        .map_err(|source| KeptError::Candles { market: market.id.clone(), source })
}

/// `SOL/USDC of 60 s, 3600 s`.
fn words(all: &[CandleSeries]) -> String {
    let markets: BTreeSet<&str> = all.iter().map(|series| series.market.as_str()).collect();
    let of = |market: &str| {
        let of_market = all.iter().filter(|series| series.market == market);
        let lengths: Vec<String> = of_market.map(|series| format!("{} s", series.bar_seconds)).collect();
        format!("{market} of {}", lengths.join(", "))
    };
    if markets.is_empty() {
        "none at all".to_owned()
    } else {
        markets.into_iter().map(of).collect::<Vec<_>>().join("; ")
    }
}
