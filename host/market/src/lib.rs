//! Prices: candles from files and from the store, how good they are, and what markets there are. Nothing here trades.
