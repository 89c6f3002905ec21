//! Recorded bars, of files or of the store: read, told about, made longer where that is asked for, and laid on one line of
//! time.

use std::path::Path;

use puppet_backtest::{Bar, DataSource, bars_of};
use puppet_market::{Candles, DataError, Markets, ReadOptions, Timeline, Zone};
use puppet_types::{Timestamp, trade::Market};

use super::kept;
use crate::{
    cli::Stamp,
    duration, files, moment,
    output::Output,
    setup::Setup,
    trouble::{Result, Trouble},
    wallets,
};

/// What a run is over.
pub struct Data {
    pub markets: Vec<Market>,
    /// All that could have been meant.
    pub known: Markets,
    pub sources: Vec<DataSource>,
    /// By time, then market.
    pub bars: Vec<Bar>,
    pub bar_seconds: u32,
    /// Whether every market's bars tell it.
    pub has_volume: bool,
}

/// Which bars are asked for.
pub struct Asked<'a> {
    /// A file, a folder, or `store:`.
    pub data: &'a Path,
    /// How files are read.
    pub reading: Reading<'a>,
    /// What a single file is of, or which markets of the store; none: what the data says.
    pub markets: &'a [String],
    /// Only bars that opened then or later.
    pub from: Option<&'a str>,
    /// Only bars that closed then or before.
    pub to: Option<&'a str>,
    /// Length of a bar, where it is to be longer than that of the data.
    pub bar: Option<&'a str>,
}

/// Bars of one market, and what is said of them.
pub struct Set {
    /// Of which.
    pub market: Market,
    /// Them.
    pub candles: Candles,
    /// Where they are from.
    pub source: DataSource,
    /// They tell it.
    pub has_volume: bool,
}

/// Reads all of it. What is odd about the data is said beside the output.
pub async fn read(setup: &Setup, asked: &Asked<'_>, out: Output) -> Result<Data> {
    let longer = asked.bar.map(seconds).transpose()?;
    let sets = match kept::named(asked.data) {
        Some(named) => kept::read(setup, asked, named, longer).await?,
        None => of_files(setup, asked, out)?,
    };
    let (mut markets, mut sources, mut candles) = (Vec::new(), Vec::new(), Vec::<Candles>::new());
    let mut has_volume = true;
    for Set { market, candles: read, mut source, has_volume: told } in sets {
        let made = match longer {
            Some(seconds) if seconds != read.bar_seconds() => {
                let made = read.resample(seconds).map_err(|error| bad("--bar", error.to_string()))?;
                made.candles
            }
            _ => read,
        };
        has_volume &= told;
        if made.bar_seconds() != source.bar_seconds {
            // Of what is run over; those of the file were told above.
            (source.bars, source.gaps) = counted(&made);
            (source.bar_seconds, source.from, source.to) = (made.bar_seconds(), Some(made.from()), Some(made.to()));
        }
        sources.push(source);
        markets.push(market);
        candles.push(made);
    }
    let all: Vec<&Candles> = candles.iter().collect();
    let timeline = Timeline::new(&all).map_err(|error| {
        let remedy = "make them of one length with --bar, for example --bar 1h";
        Trouble::input("bad-data", error.to_string(), remedy).in_file(asked.data)
    })?;
    let known = asked.reading.of_setup(setup)?;
    Ok(Data { markets, known, sources, bars: bars_of(&timeline), bar_seconds: timeline.bar_seconds(), has_volume })
}

/// `trade` takes the prices of now, and `--data` is the data folder there.
///
/// # Errors
/// It looks like candles: no host can live in them.
pub fn is_data_folder(data: &Path) -> Result<()> {
    if kept::named(data).is_none() && !puppet_market::looks_like_candles(data) {
        return Ok(());
    }
    let message = "these are candles, and `trade` takes the prices of now: its --data is the data folder";
    let remedy = "leave --data out; `puppet paper --data` and `puppet backtest --data` trade on recorded candles";
    Err(Trouble::input("bad-value", message, remedy).in_file(data))
}

/// How many bars there are, and how many are missing between the first and the last.
pub fn counted(candles: &Candles) -> (u64, u64) {
    let places = candles.to().millis_since(candles.from()) / candles.bar_millis();
    let bars = candles.bars().len() as u64;
    (bars, places.saturating_sub(bars))
}

fn of_files(setup: &Setup, asked: &Asked<'_>, out: Output) -> Result<Vec<Set>> {
    let market = match asked.markets {
        [] => None,
        [one] => Some(one.clone()),
        _ => {
            let message = "one file is of one market";
            let remedy = "name a folder with a file for each market";
            return Err(Trouble::input("bad-value", message, remedy).of_field("--market"));
        }
    };
    let options = ReadOptions {
        from: asked.from.map(|text| moment_of("--from", text)).transpose()?,
        to: asked.to.map(|text| moment_of("--to", text)).transpose()?,
        market,
        ..asked.reading.options()?
    };
    let known = asked.reading.of_setup(setup)?;
    let sets = puppet_market::read(asked.data, &options, &known).map_err(of_data)?;
    Ok(sets
        .into_iter()
        .map(|set| {
            set.quality.sentences().into_iter().for_each(|sentence| out.note(sentence));
            let source = DataSource::from(&set.quality);
            Set { market: set.market, candles: set.candles, source, has_volume: !set.quality.details.no_volume }
        })
        .collect())
}

/// How files are read that do not say so themselves.
pub struct Reading<'a> {
    pub markets: Option<&'a Path>,
    pub stamp: Option<Stamp>,
    pub tz: &'a str,
    pub max_bad_rows: u64,
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

    /// The same; where no file is named, those of the configuration.
    pub fn of_setup(&self, setup: &Setup) -> Result<Markets> {
        if self.markets.is_some() { self.known() } else { wallets::markets(setup) }
    }

    /// For the reader.
    pub fn options(&self) -> Result<ReadOptions> {
        let stamp = self.stamp.map(|stamp| match stamp {
            Stamp::Open => puppet_market::Stamp::Open,
            Stamp::Close => puppet_market::Stamp::Close,
        });
        let zone = Zone::parse(self.tz).map_err(|error| bad("--tz", error.to_string()))?;
        Ok(ReadOptions { zone, stamp, max_bad_rows: self.max_bad_rows, ..ReadOptions::default() })
    }
}

/// A time of a flag.
pub fn moment_of(flag: &str, text: &str) -> Result<Timestamp> {
    moment::parse(text).ok_or_else(|| {
        let remedy = "write for example 2026-01-05T00:00:00Z, or 2026-01-05 for that day in UTC";
        Trouble::input("bad-value", format!("`{text}` is no time"), remedy).of_field(flag)
    })
}

/// The length of a bar.
pub fn seconds(text: &str) -> Result<u32> {
    let length = duration::parse(text).map_err(|error| bad("--bar", error))?;
    u32::try_from(length.as_secs())
        .ok()
        .filter(|seconds| *seconds > 0 && length.subsec_millis() == 0)
        .ok_or_else(|| bad("--bar", format!("`{text}` is no length of a bar")))
}

fn bad(flag: &str, message: String) -> Trouble {
    Trouble::input("bad-value", message, "`--help` says what it may be").of_field(flag)
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
