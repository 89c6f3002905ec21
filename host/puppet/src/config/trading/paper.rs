//! `[trading.paper]`: what a paper desk begins with, and what trading costs there.

use puppet_backtest::{Models, Slippage, WHOLE_BPS};

use super::super::read::Section;
use crate::trouble::Result;

/// `[trading.paper]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Paper {
    /// In whole quote tokens, as written: how many decimals they have is known when there is a market.
    pub balance: String,
    /// Of what is traded.
    pub fee_bps: u32,
    /// How much worse an order is filled.
    pub slippage: Slippage,
    /// The same as written, `fixed:10`.
    pub slippage_text: String,
    /// How long an order is on its way, always; none: between half a second and two.
    pub latency_ms: Option<u32>,
    /// How much of a bar's volume all orders together get; 0: volume does not matter.
    pub participation_bps: u32,
}

impl Default for Paper {
    /// As a backtest has them.
    fn default() -> Self {
        let models = Models::default();
        Self {
            balance: "1000".to_owned(),
            fee_bps: models.fee_bps,
            slippage: models.slippage,
            slippage_text: models.slippage.to_string(),
            latency_ms: None,
            participation_bps: models.fill.participation_bps.unwrap_or(0),
        }
    }
}

impl Paper {
    pub(super) fn read(section: &Section<'_>) -> Result<Self> {
        let mut paper = Self::default();
        let expected = "an amount of whole quote tokens as a text, for example \"1000\" or \"12.5\"";
        if let Some(balance) = section.parsed("balance", expected, amount)? {
            paper.balance = balance.value;
        }
        if let Some(fee) = section.integer("fee_bps", 0..=WHOLE_BPS)? {
            paper.fee_bps = u32::try_from(fee.value).unwrap_or(u32::MAX);
        }
        let both = |text: &str| text.parse::<Slippage>().ok().map(|slippage| (slippage, text.to_owned()));
        if let Some(slippage) = section.parsed("slippage", Slippage::EXPECTED, both)? {
            (paper.slippage, paper.slippage_text) = slippage.value;
        }
        if let Some(latency) = section.integer("latency_ms", 0..=3_600_000)? {
            paper.latency_ms = u32::try_from(latency.value).ok();
        }
        if let Some(participation) = section.integer("participation_bps", 0..=WHOLE_BPS)? {
            paper.participation_bps = u32::try_from(participation.value).unwrap_or(u32::MAX);
        }
        Ok(paper)
    }

    /// What trading costs.
    pub fn models(&self) -> Models {
        let mut models = Models { fee_bps: self.fee_bps, slippage: self.slippage, ..Models::default() };
        if let Some(latency_ms) = self.latency_ms {
            (models.latency_ms, models.latency_jitter_ms) = (latency_ms.into(), 0);
        }
        models.fill.participation_bps = (self.participation_bps > 0).then_some(self.participation_bps);
        models
    }
}

/// Digits with at most one point within them, and not nothing.
fn amount(text: &str) -> Option<String> {
    let (whole, part) = text.split_once('.').unwrap_or((text, "0"));
    let digits = |text: &str| !text.is_empty() && text.len() <= 20 && text.bytes().all(|byte| byte.is_ascii_digit());
    let is_some = text.bytes().any(|byte| (b'1'..=b'9').contains(&byte));
    (digits(whole) && digits(part) && is_some).then(|| text.to_owned())
}
