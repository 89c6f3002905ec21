//! The purse: what may be traded (the risk engine), what is held (the portfolio), and what is reserved for trades under
//! way. One code path for backtest, paper and live. Keys and chains are in `puppet-solana`.
