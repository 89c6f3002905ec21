//! Whether a quote is about what was asked for, good enough, and fresh.

use puppet_types::Timestamp;
use solana_address::Address;

use super::{Ask, Quote};

/// A whole, in hundredths of a percent.
const WHOLE: u128 = 10_000;

/// What a quote has to keep.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QuoteLimits {
    /// At most so much less than quoted, in hundredths of a percent.
    pub most_slippage_bps: u16,
    /// The swap may move the price so far, in hundredths of a percent.
    pub most_impact_bps: u32,
    /// It is worth nothing when it is older.
    pub most_age_ms: u64,
    /// At least so much has to come out, whatever is quoted: the risk engine's own second opinion on the price.
    pub least_out: u64,
}

/// Why a quote is not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum QuoteError {
    /// Another pair.
    #[error("the quote is for {0} and {1}, not for what was asked")]
    Mints(Address, Address),
    /// Another amount.
    #[error("the quote is for {quoted}, not for the {asked} that were asked for")]
    Amount {
        /// What it says.
        quoted: u64,
        /// What was meant.
        asked: u64,
    },
    /// Nothing would come out.
    #[error("the quote gives nothing")]
    Nothing,
    /// Less could come out than the slippage allows.
    #[error("the quote promises {promised}, but {due} is due of {quoted} with a slippage of {slippage_bps} bps")]
    LeastOut {
        /// At least, it says.
        promised: u64,
        /// At least, by the slippage that was asked for.
        due: u64,
        /// Now.
        quoted: u64,
        /// As asked.
        slippage_bps: u16,
    },
    /// Less would come out than the caller wants at all.
    #[error("the quote promises {promised}; at least {least} is wanted")]
    Worse {
        /// At least, it says.
        promised: u64,
        /// By the caller.
        least: u64,
    },
    /// More slippage than was asked for.
    #[error("the quote has a slippage of {quoted} bps; {most} is the most")]
    Slippage {
        /// What it says.
        quoted: u16,
        /// What is allowed.
        most: u16,
    },
    /// The swap moves the price too far, or nobody says how far.
    #[error("the swap would move the price by {} bps; {most} is the most", quoted.map_or("unknown".to_owned(), |bps| bps.to_string()))]
    Impact {
        /// What it says.
        quoted: Option<u32>,
        /// What is allowed.
        most: u32,
    },
    /// Too old, or from the future.
    #[error("the quote is {age_ms} ms old; {most_ms} is the most")]
    Stale {
        /// How old.
        age_ms: u64,
        /// What is allowed.
        most_ms: u64,
    },
}

impl Quote {
    /// What has to come out at least of so much, with a slippage; rounded up, as Jupiter does.
    pub fn due(out_amount: u64, slippage_bps: u16) -> u64 {
        let kept = WHOLE.saturating_sub(u128::from(slippage_bps));
        // Not more than the amount itself.
        u64::try_from((u128::from(out_amount) * kept).div_ceil(WHOLE)).unwrap_or(out_amount)
    }

    /// Whether it is what was asked for.
    ///
    /// # Errors
    /// The first thing that is not.
    pub fn check(&self, ask: &Ask, limits: &QuoteLimits, now: Timestamp) -> Result<(), QuoteError> {
        if (self.gives, self.takes) != (ask.gives, ask.takes) {
            return Err(QuoteError::Mints(self.gives, self.takes));
        }
        if self.in_amount != ask.amount {
            return Err(QuoteError::Amount { quoted: self.in_amount, asked: ask.amount });
        }
        if self.out_amount == 0 || self.least_out == 0 {
            return Err(QuoteError::Nothing);
        }
        let most = ask.slippage_bps.min(limits.most_slippage_bps);
        if self.slippage_bps > most {
            return Err(QuoteError::Slippage { quoted: self.slippage_bps, most });
        }
        // One unit of rounding, whichever way it is done there.
        let due = Self::due(self.out_amount, most).saturating_sub(1);
        let promised = self.least_out;
        if promised < due || promised > self.out_amount {
            return Err(QuoteError::LeastOut { promised, due, quoted: self.out_amount, slippage_bps: most });
        }
        if promised < limits.least_out {
            return Err(QuoteError::Worse { promised, least: limits.least_out });
        }
        if self.price_impact_bps.is_none_or(|bps| bps > limits.most_impact_bps) {
            return Err(QuoteError::Impact { quoted: self.price_impact_bps, most: limits.most_impact_bps });
        }
        let age_ms = now.millis_since(self.at);
        if age_ms > limits.most_age_ms {
            return Err(QuoteError::Stale { age_ms, most_ms: limits.most_age_ms });
        }
        Ok(())
    }
}
