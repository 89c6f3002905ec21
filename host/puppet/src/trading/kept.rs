//! Bars of the store: `store:` has all markets that are kept, `store:SOL/USDC,JUP/USDC` those.

use std::path::Path;

use puppet_backtest::DataSource;
use puppet_store::{CandleSeries, TradeStore};
use puppet_trade::feed::{KeptError, kept};

use super::candles::{Asked, Set, counted, moment_of};
use crate::{
    rows::Rows,
    setup::Setup,
    trouble::{Result, Trouble},
};

/// Before the names of markets, where bars of the store are meant.
const STORE: &str = "store:";

/// The markets that are named, where the store is meant; nothing: all of them.
pub fn named(data: &Path) -> Option<Vec<String>> {
    let names = data.to_str()?.strip_prefix(STORE)?;
    Some(names.split(',').filter(|name| !name.is_empty()).map(str::to_owned).collect())
}

/// Reads them, also while a host works with the store. `longer`: the length of a bar that is asked for.
pub async fn read(setup: &Setup, asked: &Asked<'_>, mut ids: Vec<String>, longer: Option<u32>) -> Result<Vec<Set>> {
    let remedy = "`puppet market list` shows what there is; a running desk keeps the bars of its markets";
    let nothing = |message: String| Trouble::input("bad-data", message, remedy).of_field("--data");
    let rows = Rows::look(setup).await?;
    let Some(rows) = rows else { return Err(nothing(format!("nothing is kept in {}", setup.data.display()))) };
    let store: &dyn TradeStore = &*rows;
    let series = store.candle_series().await?;
    ids.extend_from_slice(asked.markets);
    if ids.is_empty() {
        ids = series.iter().map(|series| series.market.clone()).collect();
    }
    ids.sort();
    ids.dedup();
    if ids.is_empty() {
        return Err(nothing(format!("no bars are kept in {}", setup.data.display())));
    }
    let times = (
        asked.from.map(|text| moment_of("--from", text)).transpose()?,
        asked.to.map(|text| moment_of("--to", text)).transpose()?,
    );
    let known = asked.reading.of_setup(setup)?;
    let mut sets = Vec::new();
    for id in ids {
        let Some(market) = known.get(&id) else {
            let ids: Vec<&str> = known.all().map(|market| market.id.as_str()).collect();
            return Err(super::terms::unknown_market(&id, &ids));
        };
        let length = length_of(&series, &id, longer);
        let candles = kept(store, market, length, times).await.map_err(|error| match error {
            KeptError::Store(error) => error.into(),
            error => nothing(error.to_string()),
        })?;
        let (bars, gaps) = counted(&candles);
        let source = DataSource {
            market: id,
            sha256: None,
            bars,
            bar_seconds: candles.bar_seconds(),
            from: Some(candles.from()),
            to: Some(candles.to()),
            gaps,
            duplicates: 0,
            bad_rows: 0,
        };
        let has_volume = candles.bars().iter().any(|bar| bar.volume > 0);
        sets.push(Set { market: market.clone(), candles, source, has_volume });
    }
    Ok(sets)
}

/// Of which length bars are read: as it is asked for, where there are such; else the shortest, of which longer ones are made.
fn length_of(series: &[CandleSeries], market: &str, longer: Option<u32>) -> u32 {
    let lengths = || series.iter().filter(|series| series.market == market).map(|series| series.bar_seconds);
    let shortest = lengths().min().unwrap_or(60);
    longer.filter(|longer| lengths().any(|length| length == *longer)).unwrap_or(shortest)
}
