//! Which column is which: by the names that exports give them, or by their places where there is no header.

use crate::{Stamp, Zone, decimal::Decimal, stamp};

/// Places of the columns of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Columns {
    pub(crate) time: usize,
    /// What the name of the time column says.
    pub(crate) stamp: Option<Stamp>,
    /// Open, high, low, close.
    pub(crate) prices: [usize; 4],
    pub(crate) volume: Option<usize>,
    /// As they are written in the file, or what they are taken for.
    pub(crate) names: Vec<String>,
    pub(crate) has_header: bool,
}

/// Why a row of names is no header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Unfit {
    Missing(Vec<&'static str>),
    Twice(String),
    Contradicts(String),
}

const OPENED: [&str; 2] = ["opentime", "opentimestamp"];
const CLOSED: [&str; 2] = ["closetime", "closetimestamp"];
/// A number is less to be misread than a date: it comes first.
const EITHER: [&str; 10] =
    ["timestamp", "unixtimestamp", "unixtime", "unix", "epoch", "time", "ts", "datetime", "date", "t"];
const PRICES: [(&str, [&str; 3]); 4] = [
    ("open", ["open", "openprice", "o"]),
    ("high", ["high", "highprice", "h"]),
    ("low", ["low", "lowprice", "l"]),
    ("close", ["close", "closeprice", "c"]),
];
const VOLUME: [&str; 5] = ["volume", "basevolume", "volumebase", "vol", "v"];

/// Lower case, letters and digits only: `Open time`, `open_time` and `<OPENTIME>` are one.
fn plain(name: &str) -> String {
    name.chars().filter(char::is_ascii_alphanumeric).map(|letter| letter.to_ascii_lowercase()).collect()
}

impl Columns {
    /// By names. `base` is the symbol of what is traded: `Volume SOL` is in it.
    pub(crate) fn by_name(names: &[String], demanded: Option<Stamp>, base: &str) -> Result<Self, Unfit> {
        let plain: Vec<String> = names.iter().map(|name| plain(name)).collect();
        let place = |wanted: &str| plain.iter().position(|name| name == wanted);
        let found = |wanted: &[&str]| wanted.iter().find_map(|wanted| place(wanted));
        let mut missing = Vec::new();

        let (opened, closed, either) = (found(&OPENED), found(&CLOSED), found(&EITHER));
        let time = match demanded {
            Some(Stamp::Close) => closed.or(either).or(opened),
            Some(Stamp::Open) | None => opened.or(either).or(closed),
        };
        if time.is_none() {
            missing.push("time");
        }
        let mut prices = [0; 4];
        for (price, (name, spellings)) in prices.iter_mut().zip(PRICES) {
            match found(&spellings) {
                Some(found) => *price = found,
                None => missing.push(name),
            }
        }
        let Some(time) = time.filter(|_| missing.is_empty()) else { return Err(Unfit::Missing(missing)) };

        let named = if Some(time) == opened {
            Some(Stamp::Open)
        } else if Some(time) == closed {
            Some(Stamp::Close)
        } else {
            None
        };
        if let (Some(named), Some(demanded)) = (named, demanded)
            && named != demanded
        {
            return Err(Unfit::Contradicts(names[time].clone()));
        }
        let volume = found(&VOLUME).or_else(|| place(&format!("volume{}", self::plain(base))));
        for chosen in [Some(time), volume].into_iter().flatten().chain(prices) {
            if plain.iter().filter(|name| **name == plain[chosen]).count() > 1 {
                return Err(Unfit::Twice(names[chosen].clone()));
            }
        }
        Ok(Self { time, stamp: named, prices, volume, names: names.to_vec(), has_header: true })
    }

    /// By their places, where the first row is a bar already: time, open, high, low, close, volume.
    pub(crate) fn by_place(cells: &[String]) -> Option<Self> {
        let [time, prices @ ..] = cells else { return None };
        let is_number = |cell: &String| Decimal::parse(cell.as_bytes()).is_ok();
        if prices.len() < 4 || !prices.iter().take(5).all(is_number) {
            return None;
        }
        stamp::parse(time.as_bytes(), &Zone::utc()).ok()?;
        let volume = (prices.len() > 4).then_some(5);
        let names = ["time", "open", "high", "low", "close", "volume"];
        Some(Self {
            time: 0,
            stamp: None,
            prices: [1, 2, 3, 4],
            volume,
            names: names.iter().take(5 + usize::from(volume.is_some())).map(|&name| name.to_owned()).collect(),
            has_header: false,
        })
    }

    /// What a column is called.
    pub(crate) fn name(&self, place: usize) -> &str {
        self.names.get(place).map_or("", String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(text: &str) -> Vec<String> {
        text.split(',').map(str::to_owned).collect()
    }

    #[test]
    fn columns_are_known_by_the_names_that_exports_give_them() {
        for (header, time, stamp, prices, volume) in [
            ("time,open,high,low,close,volume", 0, None, [1, 2, 3, 4], Some(5)),
            ("Date,Open,High,Low,Close,Adj Close,Volume", 0, None, [1, 2, 3, 4], Some(6)),
            ("close,low,high,open,timestamp", 4, None, [3, 2, 1, 0], None),
            ("Open time,Open,High,Low,Close,Volume,Close time", 0, Some(Stamp::Open), [1, 2, 3, 4], Some(5)),
            ("close_time,open,high,low,close", 0, Some(Stamp::Close), [1, 2, 3, 4], None),
            ("unix,date,symbol,open,high,low,close,Volume USDT,Volume SOL", 0, None, [3, 4, 5, 6], Some(8)),
            ("<DATE>,<OPEN>,<HIGH>,<LOW>,<CLOSE>,<VOL>", 0, None, [1, 2, 3, 4], Some(5)),
        ] {
            let columns = Columns::by_name(&names(header), None, "SOL").unwrap();
            assert_eq!((columns.time, columns.stamp, columns.prices, columns.volume), (time, stamp, prices, volume));
        }
    }

    #[test]
    fn a_demanded_end_of_the_bar_chooses_the_column_and_never_contradicts_its_name() {
        let both = names("open_time,open,high,low,close,close_time");
        assert_eq!(Columns::by_name(&both, Some(Stamp::Close), "SOL").unwrap().time, 5);
        assert_eq!(Columns::by_name(&both, Some(Stamp::Open), "SOL").unwrap().time, 0);
        let closed = names("close_time,open,high,low,close");
        assert_eq!(Columns::by_name(&closed, Some(Stamp::Open), "SOL"), Err(Unfit::Contradicts("close_time".into())));
    }

    #[test]
    fn a_header_that_does_not_do_says_why() {
        assert_eq!(
            Columns::by_name(&names("when,open,high,close"), None, "SOL"),
            Err(Unfit::Missing(vec!["time", "low"]))
        );
        assert_eq!(
            Columns::by_name(&names("time,open,high,low,close,Close"), None, "SOL"),
            Err(Unfit::Twice("close".into()))
        );
    }

    #[test]
    fn a_first_row_that_is_a_bar_is_read_by_its_places() {
        let columns = Columns::by_place(&names("1767625440000,1,2,0.5,1.5,100,1767625499999,7")).unwrap();
        assert_eq!((columns.volume, columns.names.len(), columns.has_header), (Some(5), 6, false));
        assert_eq!(Columns::by_place(&names("1767625440000,1,2,0.5,1.5")).unwrap().volume, None);
        for none in ["", "1767625440000,1,2,0.5", "time,1,2,3,4", "1767625440000,1,2,x,4"] {
            assert_eq!(Columns::by_place(&names(none)), None, "{none}");
        }
    }
}
