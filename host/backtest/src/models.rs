//! What trading costs: fees, slippage, latency and how much of a bar one order gets. All are on by default, all are
//! integers, and where chance is asked for it is drawn from the run's seed, the order and its part: never from the
//! order in which things happen to be computed.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// Hundredths of a percent in a whole.
pub const WHOLE_BPS: u64 = 10_000;

/// How much worse than its reference an order that takes the price is filled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Slippage {
    /// Always the same.
    Fixed {
        /// Hundredths of a percent of the price.
        bps: u32,
    },
    /// Anything from nothing to twice as much, drawn from the seed.
    Drawn {
        /// What it is on average.
        bps: u32,
    },
    /// In proportion to the share of the bar's volume.
    VolumeShare {
        /// What all of the volume would cost.
        bps: u32,
    },
    /// A part of the bar's range, as if that were the spread.
    BarRange {
        /// Hundredths of a percent of `high − low`.
        bps: u32,
    },
}

impl Slippage {
    /// What is expected of a text.
    pub const EXPECTED: &'static str = "`fixed:10`, `drawn:10`, `volume:1000`, `range:500` or `none`";
}

/// A text that is no slippage.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no slippage")]
pub struct BadSlippage(String);

/// As it is written on a command line and in a configuration.
impl FromStr for Slippage {
    type Err = BadSlippage;

    fn from_str(text: &str) -> Result<Self, BadSlippage> {
        let wrong = || BadSlippage(text.to_owned());
        if text == "none" {
            return Ok(Self::Fixed { bps: 0 });
        }
        let (kind, bps) = text.split_once(':').ok_or_else(wrong)?;
        let bps = bps.parse().ok().filter(|bps: &u32| u64::from(*bps) <= WHOLE_BPS).ok_or_else(wrong)?;
        match kind {
            "fixed" => Ok(Self::Fixed { bps }),
            "drawn" => Ok(Self::Drawn { bps }),
            "volume" => Ok(Self::VolumeShare { bps }),
            "range" => Ok(Self::BarRange { bps }),
            _ => Err(wrong()),
        }
    }
}

impl fmt::Display for Slippage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fixed { bps } => write!(f, "fixed:{bps}"),
            Self::Drawn { bps } => write!(f, "drawn:{bps}"),
            Self::VolumeShare { bps } => write!(f, "volume:{bps}"),
            Self::BarRange { bps } => write!(f, "range:{bps}"),
        }
    }
}

/// When a limit order counts as filled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LimitRule {
    /// The price reached it.
    #[default]
    Touch,
    /// The price went beyond it: whoever stood before us in the queue was served.
    Through,
}

/// How much is filled, and when a run's end closes what is open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Filling {
    /// When a limit order counts as filled.
    pub limit: LimitRule,
    /// How much of a bar's volume all orders together get, in hundredths of a percent; none: volume does not matter.
    pub participation_bps: Option<u32>,
    /// What is open at the end is sold at the last close, with fee and slippage.
    pub close_at_end: bool,
}

/// What trading costs in a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Models {
    /// Hundredths of a percent of what is traded, rounded up.
    pub fee_bps: u32,
    /// Of everything but limit orders.
    pub slippage: Slippage,
    /// From the decision until the order is there.
    pub latency_ms: u64,
    /// At most so much more, drawn from the seed.
    pub latency_jitter_ms: u64,
    /// How much is filled.
    pub fill: Filling,
}

impl Default for Models {
    /// Swaps of liquid tokens: 0.3 % fee, 0.1 % slippage, half a second to two seconds until the order is there, and
    /// a tenth of a bar's volume.
    fn default() -> Self {
        Self {
            fee_bps: 30,
            slippage: Slippage::Fixed { bps: 10 },
            latency_ms: 500,
            latency_jitter_ms: 1_500,
            fill: Filling { limit: LimitRule::Touch, participation_bps: Some(1_000), close_at_end: false },
        }
    }
}

impl Models {
    /// No cost at all: to compare arithmetic with, not to judge a strategy by.
    pub const fn free() -> Self {
        Self {
            fee_bps: 0,
            slippage: Slippage::Fixed { bps: 0 },
            latency_ms: 0,
            latency_jitter_ms: 0,
            fill: Filling { limit: LimitRule::Touch, participation_bps: None, close_at_end: false },
        }
    }
}
