//! The bars of a backtest: read, told about, made longer where that is asked for, and laid on one line of time.

use std::path::Path;

use puppet_backtest::{Bar, DataSource, bars_of};
use puppet_market::{Candles, DataError, Markets, ReadOptions, Timeline, Zone};
use puppet_types::{Timestamp, trade::Market};

use crate::{
    cli::{Backtest, Stamp},
    duration, files, moment,
    output::Output,
    trouble::{Result, Trouble},
};

/// What a run is over.
pub struct Data {
    pub markets: Vec<Market>,
    pub sources: Vec<DataSource>,
    /// By time, then market.
    pub bars: Vec<Bar>,
    pub bar_seconds: u32,
    /// Whether every market's bars tell it.
    pub has_volume: bool,
}

/// Reads all of it. What is odd about the data is said beside the output.
pub fn read(args: &Backtest, out: Output) -> Result<Data> {
    let reading = Reading { markets: args.markets.as_deref(), stamp: args.stamp, tz: &args.tz };
    let options = ReadOptions {
        from: args.from.as_deref().map(|text| moment_of("--from", text)).transpose()?,
        to: args.to.as_deref().map(|text| moment_of("--to", text)).transpose()?,
        market: args.market.clone(),
        ..reading.options()?
    };
    let sets = puppet_market::read(&args.data, &options, &reading.known()?).map_err(of_data)?;
    let longer = args.bar.as_deref().map(seconds).transpose()?;
    let (mut markets, mut sources, mut candles) = (Vec::new(), Vec::new(), Vec::<Candles>::new());
    let mut has_volume = true;
    for set in sets {
        set.quality.sentences().into_iter().for_each(|sentence| out.note(sentence));
        let made = match longer {
            Some(seconds) if seconds != set.candles.bar_seconds() => {
                let made = set.candles.resample(seconds).map_err(|error| bad("--bar", error.to_string()))?;
                made.candles
            }
            _ => set.candles,
        };
        has_volume &= !set.quality.details.no_volume;
        let mut source = DataSource::from(&set.quality);
        if made.bar_seconds() != source.bar_seconds {
            // Of what is run over; those of the file were told above.
            let places = made.to().millis_since(made.from()) / made.bar_millis();
            let bars = made.bars().len() as u64;
            (source.bars, source.gaps) = (bars, places.saturating_sub(bars));
            (source.bar_seconds, source.from, source.to) = (made.bar_seconds(), Some(made.from()), Some(made.to()));
        }
        sources.push(source);
        markets.push(set.market);
        candles.push(made);
    }
    let all: Vec<&Candles> = candles.iter().collect();
    let timeline = Timeline::new(&all).map_err(|error| {
        let remedy = "make them of one length with --bar, for example --bar 1h";
        Trouble::input("bad-data", error.to_string(), remedy).in_file(&args.data)
    })?;
    Ok(Data { markets, sources, bars: bars_of(&timeline), bar_seconds: timeline.bar_seconds(), has_volume })
}

/// How files are read that do not say so themselves.
pub struct Reading<'a> {
    pub markets: Option<&'a Path>,
    pub stamp: Option<Stamp>,
    pub tz: &'a str,
}

impl Reading<'_> {
    /// The markets that are known.
    pub fn known(&self) -> Result<Markets> {
        let Some(path) = self.markets else { return Ok(Markets::built_in()) };
        let text = files::text(path).map_err(|error| {
            let remedy = "name a file with `[[market]]` tables (docs/trading/data.md)";
            Trouble::input("bad-data", format!("cannot be read: {error}"), remedy).in_file(path)
        })?;
        Markets::with_file(&text).map_err(|error| {
            let remedy = "docs/trading/data.md shows such a file";
            Trouble::input("bad-data", error.to_string(), remedy).in_file(path)
        })
    }

    /// For the reader.
    pub fn options(&self) -> Result<ReadOptions> {
        let stamp = self.stamp.map(|stamp| match stamp {
            Stamp::Open => puppet_market::Stamp::Open,
            Stamp::Close => puppet_market::Stamp::Close,
        });
        let zone = Zone::parse(self.tz).map_err(|error| bad("--tz", error.to_string()))?;
        Ok(ReadOptions { zone, stamp, ..ReadOptions::default() })
    }
}

/// A time of a flag.
pub fn moment_of(flag: &str, text: &str) -> Result<Timestamp> {
    moment::parse(text).ok_or_else(|| {
        let remedy = "write for example 2026-01-05T00:00:00Z, or 2026-01-05 for that day in UTC";
        Trouble::input("bad-value", format!("`{text}` is no time"), remedy).of_field(flag)
    })
}

fn seconds(text: &str) -> Result<u32> {
    let length = duration::parse(text).map_err(|error| bad("--bar", error))?;
    u32::try_from(length.as_secs())
        .ok()
        .filter(|seconds| *seconds > 0 && length.subsec_millis() == 0)
        .ok_or_else(|| bad("--bar", format!("`{text}` is no length of a bar")))
}

fn bad(flag: &str, message: String) -> Trouble {
    Trouble::input("bad-value", message, "`puppet backtest --help` says what it may be").of_field(flag)
}

/// What is wrong with a file, where it is. The place is told beside the words, and not in them again.
pub fn of_data(error: DataError) -> Trouble {
    let told = error.to_string();
    let place = error.file().map(|file| format!("{}: ", file.display()));
    let words = place.and_then(|place| told.strip_prefix(&place).map(str::to_owned)).unwrap_or(told);
    let mut trouble = Trouble::input("bad-data", words, error.remedy());
    if let Some(file) = error.file() {
        trouble = trouble.in_file(file);
    }
    if let Some(line) = error.line().and_then(|line| usize::try_from(line).ok()) {
        trouble = trouble.on_line(line);
    }
    match error.column() {
        Some(column) => trouble.of_field(column),
        None => trouble,
    }
}
