//! What models cost: micro-dollars per million tokens, as their providers list them. A configured price goes before
//! this table; a paid model without a price is not used at all.

use serde::{Deserialize, Serialize};

/// What a million tokens cost, in micro-dollars.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Price {
    /// Of the prompt.
    pub prompt_usd_micros_per_million: u64,
    /// Of the completion.
    pub completion_usd_micros_per_million: u64,
}

/// A row: the model's name without its date, prompt and completion in cents per million tokens.
type Row = (&'static str, u64, u64);

/// List prices, June 2025 to January 2026.
const LIST: &[Row] = &[
    ("gpt-4o", 250, 1_000),
    ("gpt-4o-mini", 15, 60),
    ("gpt-4.1", 200, 800),
    ("gpt-4.1-mini", 40, 160),
    ("gpt-4.1-nano", 10, 40),
    ("gpt-4-turbo", 1_000, 3_000),
    ("gpt-4", 3_000, 6_000),
    ("gpt-3.5-turbo", 50, 150),
    ("gpt-5", 125, 1_000),
    ("gpt-5-mini", 25, 200),
    ("gpt-5-nano", 5, 40),
    ("o3", 200, 800),
    ("o4-mini", 110, 440),
    ("grok-1", 500, 1_500),
    ("grok-2", 200, 1_000),
    ("grok-3", 300, 1_500),
    ("grok-3-mini", 30, 50),
    ("grok-4", 300, 1_500),
    ("grok-4-fast-reasoning", 20, 50),
    ("grok-4-fast-non-reasoning", 20, 50),
    ("text-embedding-ada-002", 10, 0),
    ("text-embedding-3-small", 2, 0),
    ("text-embedding-3-large", 13, 0),
];

impl Price {
    /// Nothing: a model on one's own machine.
    pub const FREE: Self = Self { prompt_usd_micros_per_million: 0, completion_usd_micros_per_million: 0 };

    /// The list price of a model, and the name it is listed under. A date or `-latest` after the name is no other model.
    pub fn listed(model: &str) -> Option<(Self, &'static str)> {
        let bare = undated(model);
        let (name, prompt, completion) = LIST.iter().find(|(name, ..)| *name == model || *name == bare)?;
        let price = Self {
            prompt_usd_micros_per_million: prompt * 10_000,
            completion_usd_micros_per_million: completion * 10_000,
        };
        Some((price, name))
    }

    /// Of so many tokens, rounded up.
    pub fn of(&self, prompt_tokens: u64, completion_tokens: u64) -> u64 {
        let prompt = u128::from(prompt_tokens) * u128::from(self.prompt_usd_micros_per_million);
        let completion = u128::from(completion_tokens) * u128::from(self.completion_usd_micros_per_million);
        u64::try_from((prompt + completion).div_ceil(1_000_000)).unwrap_or(u64::MAX)
    }
}

/// Without `-2024-08-06`, `-0709` or `-latest`.
fn undated(model: &str) -> &str {
    let model = model.strip_suffix("-latest").unwrap_or(model);
    let mut bare = model;
    while let Some((before, last)) = bare.rsplit_once('-') {
        if !matches!(last.len(), 2 | 4) || !last.bytes().all(|byte| byte.is_ascii_digit()) {
            break;
        }
        bare = before;
    }
    bare
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dated_names_have_the_price_of_the_model() {
        for (model, listed) in [
            ("gpt-4o", Some("gpt-4o")),
            ("gpt-4o-2024-08-06", Some("gpt-4o")),
            ("gpt-4o-mini-2024-07-18", Some("gpt-4o-mini")),
            ("grok-4-0709", Some("grok-4")),
            ("grok-3-latest", Some("grok-3")),
            ("gpt-4o-audio-preview", None),
            ("llama3", None),
            ("", None),
        ] {
            assert_eq!(Price::listed(model).map(|(_, name)| name), listed, "{model}");
        }
    }

    #[test]
    fn costs_are_rounded_up() {
        let (price, _) = Price::listed("gpt-4o").unwrap();
        assert_eq!(price.of(1_000_000, 0), 2_500_000);
        assert_eq!(price.of(0, 1_000_000), 10_000_000);
        assert_eq!(price.of(1, 0), 3);
        assert_eq!(price.of(12, 5), 80);
        assert_eq!(price.of(u64::MAX, u64::MAX), u64::MAX);
        assert_eq!(Price::FREE.of(1_000, 1_000), 0);
    }
}
