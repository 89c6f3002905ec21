//! One backtest from beginning to end: history in, outcome out. The same inputs give the same outcome on any machine,
//! with any number of threads.

use puppet_types::Timestamp;
use puppet_types::trade::{Market, Mint, Order, Proposal};
use puppet_wallet::{Risk, Rules, RulesError};

use crate::Models;
use crate::account::Account;
use crate::book::Book;
use crate::gather::Gathered;
use crate::history::History;
use crate::outcome::{DataSource, LookAhead, MarketSeries, Outcome, StrategyId};
use crate::parameters::{self, ParameterError};
use crate::strategy::{Batch, Description, Fault, Setup, Strategies};
use crate::trader::{Begin, Trader};

/// A run that cannot begin.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RunError {
    /// A parameter is unknown or out of its range.
    #[error(transparent)]
    Parameter(#[from] ParameterError),
    /// The strategy could not say what it is, or refused the setup.
    #[error("the strategy does not begin: {0}")]
    Strategy(#[from] Fault),
    /// The rules of risk cannot be meant.
    #[error(transparent)]
    Rules(#[from] RulesError),
    /// It trades fewer or more markets at once.
    #[error("the strategy trades {min} to {max} markets at once, and there are {given}")]
    Markets {
        /// The fewest.
        min: u32,
        /// The most.
        max: u32,
        /// How many there are.
        given: usize,
    },
    /// It wants bars of another length.
    #[error("the strategy wants bars of {wanted} seconds, and these are of {given}")]
    BarSeconds {
        /// What it wants.
        wanted: u32,
        /// What there is.
        given: u32,
    },
    /// Markets in different units cannot be added up.
    #[error("market `{market}` is quoted in another token than the first")]
    Quote {
        /// Which.
        market: String,
    },
    /// The risk engine would hold too little for what is paid.
    #[error("the model's fee is {fee_bps} bps, and the risk engine reckons with {most} at most (`max_fee_bps`)")]
    Fee {
        /// The model's.
        fee_bps: u32,
        /// The rule's.
        most: u32,
    },
    /// No bar.
    #[error("there is no bar to run over")]
    NoBars,
}

/// How far a run is. Speed and the time that is left are for whoever has a clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// Bars that were handed over.
    pub done: u64,
    /// All of them.
    pub all: u64,
}

/// How often progress is told, in batches.
const TELL_EVERY: u64 = 4_096;

/// What a run is.
#[derive(Clone)]
pub struct Backtest<'a> {
    /// Which strategy it is, for the report.
    pub id: StrategyId,
    /// Where instances come from.
    pub strategies: &'a dyn Strategies,
    /// By number.
    pub markets: Vec<Market>,
    /// Where their bars are from, for the report.
    pub sources: Vec<DataSource>,
    /// Length of a bar.
    pub bar_seconds: u32,
    /// What was asked for; the rest has its default.
    pub parameters: Vec<(String, i64)>,
    /// Of everything that is drawn.
    pub seed: u64,
    /// In the smallest unit of the quote token.
    pub start_balance: u64,
    /// What trading costs.
    pub models: Models,
    /// What the risk engine admits.
    pub rules: Rules,
    /// Bars before it are history, and as many more as the strategy wants.
    pub trade_from: Option<Timestamp>,
    /// How many faults of the strategy are put up with.
    pub max_faults: u32,
}

/// A run under way: the trader and what it was found to be.
struct Started<'a> {
    trader: Trader<'a>,
    description: Description,
    parameters: Vec<(String, i64)>,
}

impl<'a> Backtest<'a> {
    /// Everything else as it is by default: a thousand whole quote tokens, the models on, whatever can be paid admitted.
    pub fn new(id: StrategyId, strategies: &'a dyn Strategies, markets: Vec<Market>, bar_seconds: u32) -> Self {
        let decimals = markets.first().map_or(0, |market| market.quote.decimals);
        let sources = markets
            .iter()
            .map(|market| DataSource {
                market: market.id.clone(),
                sha256: None,
                bars: 0,
                bar_seconds,
                from: None,
                to: None,
                gaps: 0,
                duplicates: 0,
                bad_rows: 0,
            })
            .collect();
        Self {
            id,
            strategies,
            rules: Rules::for_backtest(&markets),
            sources,
            markets,
            bar_seconds,
            parameters: Vec::new(),
            seed: 0,
            start_balance: 1_000_u64.saturating_mul(10_u64.saturating_pow(decimals.into())),
            models: Models::default(),
            trade_from: None,
            max_faults: 3,
        }
    }

    /// Runs it. `progress` is told now and then, and at the end.
    pub fn run(&self, history: History<'_>, progress: &mut dyn FnMut(Progress)) -> Result<Outcome, RunError> {
        let markets = self.markets.len();
        let mut gathered = Gathered::new(markets, history.bars().len().div_ceil(markets.max(1)));
        let started =
            self.drive(history, progress, &mut |trader, is_warm_up, at| gathered.take(trader, is_warm_up, at))?;
        let (Started { mut trader, description, parameters }, stopped) = started;
        gathered.finish(&mut trader);
        if self.models.fill.close_at_end {
            gathered.close_positions(&mut trader, &self.markets, &self.models, self.seed);
        }
        let quote = self.markets.first().map(|market| market.quote.clone()).ok_or(RunError::NoBars)?;
        let series =
            self.markets.iter().zip(&self.sources).zip(gathered.closes).map(|((market, source), closes)| {
                MarketSeries { market: market.clone(), source: source.clone(), closes }
            });
        Ok(Outcome {
            strategy: self.id.clone(),
            parameters,
            seed: self.seed,
            bar_seconds: self.bar_seconds,
            markets: series.collect(),
            quote,
            start_balance: self.start_balance,
            models: self.models,
            warm_up: description.warm_up,
            batches: trader.batches(),
            equity: gathered.equity,
            orders: gathered.orders,
            fills: gathered.fills,
            trades: gathered.trades,
            denials: gathered.denials,
            fees: gathered.fees,
            fuel: trader.fuel(),
            breaches: gathered.breaches,
            stopped,
            look_ahead: None,
        })
    }

    /// What was decided over this history, and nothing else.
    pub(crate) fn decisions(&self, history: History<'_>) -> Result<Vec<(Timestamp, Proposal)>, RunError> {
        let mut decisions = Vec::new();
        self.drive(history, &mut |_| {}, &mut |trader, _, at| {
            decisions.extend(trader.decisions().map(|proposal| (at, proposal)));
        })?;
        Ok(decisions)
    }

    /// The loop: `each` is called after every batch. Answers why it ended early, too.
    fn drive(
        &self,
        history: History<'_>,
        progress: &mut dyn FnMut(Progress),
        each: &mut dyn FnMut(&mut Trader<'_>, bool, Timestamp),
    ) -> Result<(Started<'a>, Option<String>), RunError> {
        let mut started = self.begin()?;
        let all = history.bars().len() as u64;
        if all == 0 {
            return Err(RunError::NoBars);
        }
        let (mut done, mut stopped) = (0, None);
        let warm_up = u64::from(started.description.warm_up);
        for (index, bars) in (0_u64..).zip(history.batches()) {
            let Some(at) = bars.first().map(|(_, candle)| candle.at) else { continue };
            let is_warm_up = index < warm_up || self.trade_from.is_some_and(|from| at < from);
            let batch = Batch { at, is_warm_up, bars };
            let result = started.trader.on_batch(&batch);
            each(&mut started.trader, is_warm_up, at);
            done += bars.len() as u64;
            if index % TELL_EVERY == TELL_EVERY - 1 {
                progress(Progress { done, all });
            }
            if let Err(reason) = result {
                stopped = Some(reason.to_string());
                break;
            }
        }
        progress(Progress { done, all });
        Ok((started, stopped))
    }

    fn begin(&self) -> Result<Started<'a>, RunError> {
        let mut fresh = self.strategies.fresh()?;
        let description = fresh.describe()?;
        let parameters = parameters::settle(&description, &self.parameters)?;
        fits(&description, &self.markets, self.bar_seconds, Some(&self.models), &self.rules)?;
        let setup = Setup {
            parameters: parameters.clone(),
            markets: self.markets.clone(),
            bar_seconds: self.bar_seconds,
            seed: self.seed,
        };
        let balances: Vec<(Mint, u64)> =
            self.markets.first().map(|market| (market.quote.mint.clone(), self.start_balance)).into_iter().collect();
        let trader = Trader::begin(Begin {
            strategies: self.strategies,
            fresh,
            setup,
            saved: None,
            risk: Risk::new(self.rules.clone(), self.markets.clone(), &balances)?,
            venue: Book::new(self.markets.clone(), self.models, self.seed).into(),
            account: Account::new(self.start_balance, self.markets.len()),
            max_faults: self.max_faults,
            journal: None,
        })?;
        Ok(Started { trader, description, parameters })
    }

    /// How many batches of history the strategy wants before it trades.
    pub fn warm_up(&self) -> Result<u32, RunError> {
        Ok(self.strategies.fresh()?.describe()?.warm_up)
    }
}

/// Whether a strategy can trade these markets by bars of this length, in a run or on a desk: as many as it wants, all paid in
/// one token, and at a fee that the rules reckon with, where a model takes it.
///
/// # Errors
/// It cannot.
pub fn fits(
    description: &Description,
    markets: &[Market],
    bar_seconds: u32,
    models: Option<&Models>,
    rules: &Rules,
) -> Result<(), RunError> {
    let (min, max, given) = (description.min_markets, description.max_markets, markets.len());
    if given == 0 || given < min as usize || (max > 0 && given > max as usize) {
        return Err(RunError::Markets { min, max, given });
    }
    if description.bar_seconds != 0 && description.bar_seconds != bar_seconds {
        return Err(RunError::BarSeconds { wanted: description.bar_seconds, given: bar_seconds });
    }
    if let Some(Models { fee_bps, .. }) = models.filter(|models| models.fee_bps > rules.max_fee_bps) {
        return Err(RunError::Fee { fee_bps: *fee_bps, most: rules.max_fee_bps });
    }
    let quote = markets.first().map(|market| &market.quote.mint);
    match markets.iter().find(|market| Some(&market.quote.mint) != quote) {
        Some(market) => Err(RunError::Quote { market: market.id.clone() }),
        None => Ok(()),
    }
}

/// A decision, in words.
pub(crate) fn in_words(proposal: &Proposal) -> String {
    match proposal {
        Proposal::Cancel { market, client_id } => format!("cancel `{client_id}` in market {market}"),
        Proposal::Place(Order { client_id, market, side, kind, quantity, .. }) => {
            format!("{side:?} {quantity} {kind:?} in market {market} as `{client_id}`")
        }
    }
}

impl Outcome {
    /// With what a look-ahead check found.
    pub fn with_look_ahead(mut self, found: LookAhead) -> Self {
        self.look_ahead = Some(found);
        self
    }
}
