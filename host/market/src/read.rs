//! From a file or a folder to the bars of its markets: which format, which market, and how often a file is read.

use std::{
    fs,
    path::{Path, PathBuf},
};

use puppet_types::trade::Market;

use crate::{
    Candles, DataError, Markets, Quality, ReadOptions, Source, csv_file,
    csv_file::Head,
    intake::{Intake, Scales, Stop},
    markets, parquet_file,
};

/// The bars of one market, and how good they are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dataset {
    /// What is traded against what. Its decimals are those of the bars.
    pub market: Market,
    /// The bars.
    pub candles: Candles,
    /// How good they are.
    pub quality: Quality,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Format {
    Csv,
    Parquet,
}

impl Format {
    fn of(path: &Path) -> Option<Self> {
        let ending = path.extension()?.to_str()?.to_ascii_lowercase();
        match ending.as_str() {
            "csv" | "tsv" | "txt" => Some(Self::Csv),
            "parquet" | "pq" => Some(Self::Parquet),
            _ => None,
        }
    }
}

/// Whether a path is one of candles by the look of it: a file, or a folder that has nothing but files of candles. What is in
/// them is not read.
pub fn looks_like_candles(path: &Path) -> bool {
    let is_one = |path: &Path| path.is_file() && Format::of(path).is_some();
    match fs::read_dir(path) {
        Err(_) => is_one(path),
        Ok(entries) => {
            let mut entries = entries.map_while(Result::ok).peekable();
            entries.peek().is_some() && entries.all(|entry| is_one(&entry.path()))
        }
    }
}

/// Reads a file, or every file of candles in a folder, sorted by market. Folders within it, hidden files and files of
/// other names are not looked at.
pub fn read(path: &Path, options: &ReadOptions, markets: &Markets) -> Result<Vec<Dataset>, DataError> {
    options.check()?;
    // Before its name is judged. One that may not be looked at is told when it is opened.
    if matches!(path.try_exists(), Ok(false)) {
        return Err(DataError::Missing { file: path.to_owned() });
    }
    if !path.is_dir() {
        return Ok(vec![read_source(&Source::file(path), options, markets)?]);
    }
    if options.market.is_some() {
        return Err(DataError::MarketOfFolder { folder: path.to_owned() });
    }
    let unreadable = |source| DataError::Unreadable { file: path.to_owned(), source };
    let mut files = Vec::new();
    for entry in fs::read_dir(path).map_err(unreadable)? {
        let file = entry.map_err(unreadable)?.path();
        let is_hidden = file.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'));
        if Format::of(&file).is_some() && !is_hidden && file.is_file() {
            files.push(file);
        }
    }
    if files.is_empty() {
        return Err(DataError::EmptyFolder { folder: path.to_owned() });
    }
    // Whatever order the disk has them in. The name of a market is known before anything is read.
    let mut named: Vec<(String, PathBuf)> = Vec::new();
    for file in files {
        named.push((market_of(&file, markets)?, file));
    }
    named.sort();
    if let Some([(_, other), (market, file)]) = named.array_windows().find(|[one, next]| one.0 == next.0) {
        return Err(DataError::SameMarket { file: file.clone(), other: other.clone(), market: market.clone() });
    }
    named.iter().map(|(_, file)| read_source(&Source::file(file), options, markets)).collect()
}

/// Reads one file, or bytes that stand for one.
///
/// ```
/// use puppet_market::{Markets, ReadOptions, Source, read_source};
///
/// let text = "time,open,high,low,close,volume\n\
///     2026-01-05T00:00:00Z,150.25,151,149.5,150.75,12.5\n\
///     2026-01-05T00:01:00Z,150.75,150.8,150.7,150.705,3\n";
/// let source = Source::bytes("SOL-USDC.csv", text);
/// let data = read_source(&source, &ReadOptions::default(), &Markets::built_in())?;
/// assert_eq!((data.market.price_decimals, data.candles.bars()[1].close), (9, 150_705_000_000));
/// assert_eq!((data.quality.bars, data.quality.bar_seconds, data.quality.gaps), (2, 60, 0));
/// # Ok::<_, puppet_market::DataError>(())
/// ```
pub fn read_source(source: &Source, options: &ReadOptions, markets: &Markets) -> Result<Dataset, DataError> {
    options.check()?;
    let id = match &options.market {
        Some(market) => asked_for(market, source.name(), markets)?,
        None => market_of(source.name(), markets)?,
    };
    let format =
        Format::of(source.name()).ok_or_else(|| DataError::UnknownFormat { file: source.name().to_owned() })?;
    let known = markets.get(&id);
    let base = id.split('/').next().unwrap_or_default();
    let head = match format {
        Format::Csv => Some(Head::read(source, options, base)?),
        Format::Parquet => None,
    };
    let price_decimals = options.price_decimals.or(known.map(|market| market.price_decimals));
    let token = known.map(|market| &market.base).or_else(|| markets.token(base));
    let mut scales = Scales::new(price_decimals, token.map(|token| token.decimals));
    let (intake, digest) = loop {
        // A number that is too large for the scales lowers them, which happens a few times at most: they end at zero.
        let pass = match &head {
            Some(head) => csv_file::read(source, options, head, scales),
            None => parquet_file::read(source, options, base, scales),
        };
        match pass {
            Ok(done) => break done,
            Err(Stop::Scales(lower)) => scales = lower,
            Err(Stop::Error(error)) => return Err(error),
        }
    };
    let mut settled = Intake::settle(intake, digest)?;
    let price_decimals = settled.scales.price;
    let (market, is_made_up) = match known {
        Some(known) => (Market { price_decimals, ..known.clone() }, false),
        None => markets::assembled(&id, markets, settled.scales.volume, price_decimals)
            .ok_or_else(|| DataError::BadMarket { market: id.clone() })?,
    };
    settled.quality.market.clone_from(&market.id);
    settled.quality.details.made_up_tokens = is_made_up;
    Ok(Dataset { market, candles: settled.candles, quality: settled.quality })
}

/// What somebody says that a file is of. Where its name is that of another market that is known, one of the two is wrong.
fn asked_for(market: &str, file: &Path, markets: &Markets) -> Result<String, DataError> {
    let wanted = markets::named(market, markets).ok_or_else(|| DataError::BadMarket { market: market.to_owned() })?;
    match market_of(file, markets) {
        Ok(market) if market != wanted && markets.get(&market).is_some() => {
            Err(DataError::OtherMarket { file: file.to_owned(), market, wanted })
        }
        _ => Ok(wanted),
    }
}

/// `SOL-USDC.csv`, `SOL_USDC-1m.csv`: the first two words of the name. A third one is the length of the bars or a date: with
/// any other (`dec-SOL-USDC.csv`) nobody knows which two are meant.
fn market_of(file: &Path, markets: &Markets) -> Result<String, DataError> {
    let unnamed = || DataError::MarketName { file: file.to_owned() };
    let stem = file.file_stem().and_then(|stem| stem.to_str()).ok_or_else(unnamed)?;
    let mut words = stem.split(['-', '_']);
    let (Some(base), Some(quote)) = (words.next(), words.next()) else { return Err(unnamed()) };
    if words.next().is_some_and(|third| !is_length_or_date(third)) {
        return Err(unnamed());
    }
    markets::named(&format!("{base}/{quote}"), markets).ok_or_else(unnamed)
}

/// `1m`, `15min`, `4h`, `1D`, `2026`.
fn is_length_or_date(word: &str) -> bool {
    let unit = word.trim_start_matches(|letter: char| letter.is_ascii_digit());
    unit.len() < word.len() && ["", "s", "m", "min", "h", "d", "w"].iter().any(|known| unit.eq_ignore_ascii_case(known))
}
