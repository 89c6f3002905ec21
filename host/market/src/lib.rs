//! Prices: candles from files, how good they are, bars out of single prices, what markets there are, and the `market`
//! capability, by which a character sees them. Nothing here trades.

mod builder;
mod candles;
mod capability;
mod columns;
mod csv_file;
mod decimal;
mod error;
mod fault;
mod intake;
mod markets;
mod options;
mod parquet_column;
mod parquet_file;
mod quality;
mod read;
mod resample;
mod settle;
mod source;
mod stamp;
pub mod synthetic;
#[cfg(test)]
mod tests;
mod timeline;
mod write;

pub use builder::{BarBuilder, LeftOut, Price, Seen};
pub use candles::{Candles, CandlesError, Impossible};
#[doc(hidden)]
pub use capability::fuzz;
pub use capability::{CANDLES, Carries, NoQuotes, PriceNow, Quotes, TRENDING, TokenInfo, Trend, View, link};
pub use decimal::{Decimal, NotDecimal, Units};
pub use error::DataError;
pub use fault::{BadRow, Fault, Gap};
pub use intake::MAX_ROWS;
pub use markets::{MAX_TOKEN_DECIMALS, Markets, MarketsError};
pub use options::{ReadOptions, Separator, Stamp};
pub use quality::{Details, Quality};
pub use read::{Dataset, looks_like_candles, read, read_source};
pub use resample::{ResampleError, Resampled};
pub use source::Source;
pub use stamp::Zone;
pub use synthetic::Synthetic;
pub use timeline::{Bar, Batch, Batches, Timeline, TimelineError, WarmUp};
pub use write::write_csv;

/// The most decimals of a price.
pub const MAX_PRICE_DECIMALS: u8 = 12;
/// The highest price, in its smallest unit: with room for what a fill may cost more.
pub const MAX_PRICE: u64 = u64::MAX / 4;
/// The longest bar: 31 days.
pub const MAX_BAR_SECONDS: u32 = 31 * 86_400;
