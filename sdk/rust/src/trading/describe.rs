//! What a strategy says of itself, and what a run begins with.

use std::ops::RangeInclusive;

use super::MarketInfo;
use crate::bindings::strategy::exports::puppet::trading::strategy as wit;

pub use wit::Parameter;

/// What a strategy says of itself: one market with bars of any length and no history, unless it says otherwise.
#[derive(Debug, Clone, PartialEq)]
#[must_use]
pub struct Description {
    /// Whole numbers, each with a range.
    pub parameters: Vec<Parameter>,
    /// Bars of history per market before the first batch.
    pub warm_up: u32,
    /// How many markets it trades at once.
    pub markets: RangeInclusive<u32>,
    /// Length of a bar; 0 takes any.
    pub bar_seconds: u32,
}

impl Default for Description {
    fn default() -> Self {
        Self { parameters: Vec::new(), warm_up: 0, markets: 1..=1, bar_seconds: 0 }
    }
}

impl Description {
    /// One market, bars of any length, no parameter, no history.
    pub fn new() -> Self {
        Self::default()
    }
    /// One parameter more, of a unit (`bars`, `bps`, `seconds`), with its default and its range.
    pub fn parameter(
        mut self,
        name: &str,
        description: &str,
        unit: &str,
        default: i64,
        range: RangeInclusive<i64>,
    ) -> Self {
        let (name, description, unit) = (name.to_owned(), description.to_owned(), unit.to_owned());
        let (min, max) = range.into_inner();
        self.parameters.push(Parameter { name, description, unit, default, min, max });
        self
    }
    /// So many bars of history. At most 10,000.
    pub fn warm_up(mut self, bars: u32) -> Self {
        self.warm_up = bars;
        self
    }
    /// So many markets at once.
    pub fn markets(mut self, markets: RangeInclusive<u32>) -> Self {
        self.markets = markets;
        self
    }
    /// Bars of this length alone.
    pub fn bars_of(mut self, seconds: u32) -> Self {
        self.bar_seconds = seconds;
        self
    }
}

impl From<Description> for wit::Description {
    fn from(about: Description) -> Self {
        let Description { parameters, warm_up, markets, bar_seconds } = about;
        let (min_markets, max_markets) = markets.into_inner();
        Self { parameters, warm_up, min_markets, max_markets, bar_seconds }
    }
}

/// What a run begins with.
#[derive(Debug, Clone, PartialEq)]
pub struct Setup {
    /// Every parameter, by name, within its range.
    pub parameters: Vec<(String, i64)>,
    /// What is traded: `market` of bars and orders is the place here.
    pub markets: Vec<MarketInfo>,
    /// Length of a bar.
    pub bar_seconds: u32,
    /// For whoever wants chance ([`crate::random::Random::new`]): the same run draws the same.
    pub seed: u64,
    /// What an earlier instance saved.
    pub saved: Option<Vec<u8>>,
}

impl Setup {
    /// A parameter of the description. An error for one that is not described.
    pub fn parameter(&self, name: &str) -> Result<i64, String> {
        let found = self.parameters.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| *value).ok_or_else(|| format!("`{name}` is not among the described parameters"))
    }
}

impl From<wit::Setup> for Setup {
    fn from(setup: wit::Setup) -> Self {
        let wit::Setup { parameters, markets, bar_seconds, seed, saved } = setup;
        Self { parameters, markets, bar_seconds, seed, saved }
    }
}
