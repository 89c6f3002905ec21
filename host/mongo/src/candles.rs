//! Closed bars in MongoDB: a row each.

use async_trait::async_trait;
use mongodb::bson::{Document, doc};
use puppet_store::{CandleSeries, Result};
use puppet_types::{Timestamp, trade::Candle};

use crate::{
    fault::Fault,
    fields::{Fields, key, limit},
    queries,
    schema::CANDLES,
    store::{MongoStore, Reading},
    tx::{Tx, Wanted},
    writer::Work,
};

/// Most bars that go in one commit: others write in between.
const STEP: usize = 200;

/// Which bars: of a market, of so many seconds.
#[derive(Debug, Clone)]
pub(crate) struct Series {
    pub(crate) market: String,
    pub(crate) bar_seconds: u32,
}

impl Series {
    fn filter(&self) -> Document {
        doc! {"market": &self.market, "bar_seconds": i64::from(self.bar_seconds)}
    }

    fn id_of(&self, at: Timestamp) -> String {
        key(&[&self.market, &self.bar_seconds.to_string(), &at.as_millis().to_string()])
    }
}

fn candle(row: &Document) -> Result<Candle> {
    let fields = Fields::of(CANDLES, row);
    Ok(Candle {
        at: fields.time("at")?,
        open: fields.unsigned("open")?,
        high: fields.unsigned("high")?,
        low: fields.unsigned("low")?,
        close: fields.unsigned("close")?,
        volume: fields.unsigned("volume")?,
    })
}

/// Keeps bars, each over what has its time.
pub(crate) struct PutCandles {
    pub(crate) series: Series,
    pub(crate) bars: Vec<Candle>,
}

#[async_trait]
impl Work for PutCandles {
    type Answer = ();

    fn wants(&self, wanted: &mut Wanted) {
        self.bars.iter().for_each(|bar| wanted.row(CANDLES, self.series.id_of(bar.at)));
    }

    async fn run(self, tx: &mut Tx) -> Result<()> {
        for bar in &self.bars {
            let mut row = self.series.filter();
            row.extend(doc! {
                "at": bar.at.as_millis(),
                "open": bar.open.cast_signed(),
                "high": bar.high.cast_signed(),
                "low": bar.low.cast_signed(),
                "close": bar.close.cast_signed(),
                "volume": bar.volume.cast_signed(),
            });
            tx.put(CANDLES, &self.series.id_of(bar.at), row).await?;
        }
        Ok(())
    }
}

/// Drops the oldest of those that closed before a time.
#[derive(Clone)]
struct Prune {
    series: Series,
    before: i64,
}

#[async_trait]
impl Work for Prune {
    type Answer = usize;

    async fn run(self, tx: &mut Tx) -> Result<usize> {
        let of = self.series.filter();
        let mut filter = of.clone();
        filter.insert("at", doc! {"$lt": self.before});
        let matches = |row: &Document| {
            of.iter().all(|(field, value)| row.get(field) == Some(value))
                && Fields::of(CANDLES, row).int("at").is_ok_and(|at| at < self.before)
        };
        let oldest = tx.first(&queries::CANDLES_OF, filter, matches, STEP).await?;
        for row in &oldest {
            tx.delete(CANDLES, Fields::of(CANDLES, row).text("_id")?).await?;
        }
        Ok(oldest.len())
    }
}

/// How many there are of one, from the first to the last.
async fn measured(reading: &Reading<'_>, series: Series) -> Result<Option<CandleSeries>> {
    let time = |row: &Document| Fields::of(CANDLES, row).time("at");
    let first = reading.find(&queries::CANDLES_OF, series.filter(), 1).await?;
    let last = reading.find(&queries::CANDLES_LAST, series.filter(), 1).await?;
    let (Some(first), Some(last)) = (first.first(), last.first()) else { return Ok(None) };
    let collection = reading.db.collection(CANDLES);
    let bars = reading.db.trying(|| async { Ok(collection.count_documents(series.filter()).await?) });
    let bars = bars.await.map_err(Fault::into_store)?;
    let Series { market, bar_seconds } = series;
    Ok(Some(CandleSeries { market, bar_seconds, bars, from: time(first)?, to: time(last)? }))
}

impl MongoStore {
    pub(crate) async fn candles_between(
        &self,
        series: &Series,
        (from, to): (Option<Timestamp>, Option<Timestamp>),
        bars: usize,
    ) -> Result<Vec<Candle>> {
        if bars == 0 {
            return Ok(Vec::new());
        }
        let mut at = Document::new();
        at.extend(from.map(|from| ("$gt".to_owned(), from.as_millis().into())));
        at.extend(to.map(|to| ("$lte".to_owned(), to.as_millis().into())));
        let mut filter = series.filter();
        if !at.is_empty() {
            filter.insert("at", at);
        }
        let found = self.reading().await?.find(&queries::CANDLES_OF, filter, limit(bars)).await?;
        found.iter().map(candle).collect()
    }

    pub(crate) async fn latest_candles(&self, series: &Series, bars: usize) -> Result<Vec<Candle>> {
        if bars == 0 {
            return Ok(Vec::new());
        }
        let found = self.reading().await?.find(&queries::CANDLES_LAST, series.filter(), limit(bars)).await?;
        found.iter().rev().map(candle).collect()
    }

    /// One look for each that there is, and one more.
    pub(crate) async fn all_series(&self) -> Result<Vec<CandleSeries>> {
        let reading = self.reading().await?;
        let (mut all, mut after) = (Vec::new(), Document::new());
        loop {
            let next = reading.find(&queries::ROWS_CANDLES, after, 1).await?;
            let Some(next) = next.first() else { return Ok(all) };
            let fields = Fields::of(CANDLES, next);
            let (market, bar_seconds) = (fields.text("market")?.to_owned(), fields.small("bar_seconds")?);
            let longer = doc! {"market": &market, "bar_seconds": {"$gt": i64::from(bar_seconds)}};
            after = doc! {"$or": [longer, {"market": {"$gt": &market}}]};
            all.extend(measured(&reading, Series { market, bar_seconds }).await?);
        }
    }

    pub(crate) async fn drop_candles(&self, series: Series, before: Timestamp) -> Result<u64> {
        let work = Prune { series, before: before.as_millis() };
        let mut gone = 0_u64;
        loop {
            let now = self.write(work.clone()).await?;
            gone += now as u64;
            if now < STEP {
                return Ok(gone);
            }
        }
    }
}
