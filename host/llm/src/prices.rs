//! What models cost: micro-dollars per million tokens, as their providers list them, each from a day on. A configured
//! price goes before this table; a paid model without a price is not used at all. The table is from memory of public
//! lists: it is the operator who checks it (docs/models.md).

use puppet_types::Timestamp;
use serde::{Deserialize, Serialize};

/// What a million tokens cost, in micro-dollars.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Price {
    /// Of the prompt.
    pub prompt_usd_micros_per_million: u64,
    /// Of the completion.
    pub completion_usd_micros_per_million: u64,
}

/// A row: the model's name without its date, the day from which it costs that, and what prompt and completion cost, in
/// cents per million tokens. Later days stand below earlier ones.
type Row = (&'static str, &'static str, u64, u64);

/// When the table was last looked through.
pub const LISTED_AT: &str = "2026-01-31";

const LIST: &[Row] = &[
    ("gpt-4o", "2024-05-13", 500, 1_500),
    ("gpt-4o", "2024-10-02", 250, 1_000),
    ("gpt-4o-mini", "2024-07-18", 15, 60),
    ("gpt-4.1", "2025-04-14", 200, 800),
    ("gpt-4.1-mini", "2025-04-14", 40, 160),
    ("gpt-4.1-nano", "2025-04-14", 10, 40),
    ("gpt-4-turbo", "2024-04-09", 1_000, 3_000),
    ("gpt-4", "2023-03-14", 3_000, 6_000),
    ("gpt-3.5-turbo", "2024-01-25", 50, 150),
    ("gpt-5", "2025-08-07", 125, 1_000),
    ("gpt-5-chat", "2025-08-07", 125, 1_000),
    ("gpt-5-mini", "2025-08-07", 25, 200),
    ("gpt-5-nano", "2025-08-07", 5, 40),
    ("gpt-5.1", "2025-11-13", 125, 1_000),
    ("o3", "2025-04-16", 1_000, 4_000),
    ("o3", "2025-06-10", 200, 800),
    ("o4-mini", "2025-04-16", 110, 440),
    ("grok-1", "2024-11-04", 500, 1_500),
    ("grok-2", "2024-12-12", 200, 1_000),
    ("grok-3", "2025-04-09", 300, 1_500),
    ("grok-3-mini", "2025-04-09", 30, 50),
    ("grok-4", "2025-07-09", 300, 1_500),
    ("grok-4-fast-reasoning", "2025-09-19", 20, 50),
    ("grok-4-fast-non-reasoning", "2025-09-19", 20, 50),
    ("claude-3-5-haiku", "2024-11-04", 80, 400),
    ("claude-3-7-sonnet", "2025-02-24", 300, 1_500),
    ("claude-sonnet-4", "2025-05-22", 300, 1_500),
    ("claude-opus-4", "2025-05-22", 1_500, 7_500),
    ("claude-opus-4-1", "2025-08-05", 1_500, 7_500),
    ("claude-sonnet-4-5", "2025-09-29", 300, 1_500),
    ("claude-haiku-4-5", "2025-10-15", 100, 500),
    ("claude-opus-4-5", "2025-11-24", 500, 2_500),
    ("text-embedding-ada-002", "2023-06-13", 10, 0),
    ("text-embedding-3-small", "2024-01-25", 2, 0),
    ("text-embedding-3-large", "2024-01-25", 13, 0),
];

impl Price {
    /// Nothing: a model on one's own machine.
    pub const FREE: Self = Self { prompt_usd_micros_per_million: 0, completion_usd_micros_per_million: 0 };

    /// The list price of a model at a time, and the name it is listed under: the latest that holds by then; the first,
    /// before any does. A date or `-latest` after the name is no other model.
    pub fn listed(model: &str, at: Timestamp) -> Option<(Self, &'static str)> {
        let (bare, day) = (undated(model), day_of(at));
        let rows = || LIST.iter().filter(|(name, ..)| *name == model || *name == bare);
        let by_then = rows().rfind(|(_, from, ..)| *from <= day.as_str());
        let (name, _, prompt, completion) = by_then.or_else(|| rows().next())?;
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

/// `2026-01-31`, which sorts as time does.
fn day_of(at: Timestamp) -> String {
    at.to_string().chars().take(10).collect()
}

/// Without `-2024-08-06`, `-20250514`, `-0709` or `-latest`.
fn undated(model: &str) -> &str {
    let model = model.strip_suffix("-latest").unwrap_or(model);
    let mut bare = model;
    while let Some((before, last)) = bare.rsplit_once('-') {
        if !matches!(last.len(), 2 | 4 | 8) || !last.bytes().all(|byte| byte.is_ascii_digit()) {
            break;
        }
        bare = before;
    }
    bare
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(day: &str) -> Timestamp {
        Timestamp::parse(&format!("{day}T00:00:00Z")).unwrap()
    }

    #[test]
    fn a_price_holds_from_its_day_on() {
        let of = |day: &str| Price::listed("gpt-4o", at(day)).unwrap().0.prompt_usd_micros_per_million;
        assert_eq!((of("2024-10-01"), of("2024-10-02"), of("2030-01-01")), (5_000_000, 2_500_000, 2_500_000));
        assert_eq!(of("1999-01-01"), 5_000_000, "before any, the first");
    }

    #[test]
    fn the_list_is_in_order_and_is_told_in_the_book() {
        for (n, (name, from, ..)) in LIST.iter().enumerate() {
            assert_eq!(day_of(at(from)), *from, "{name}");
            assert!(*from <= LISTED_AT, "{name}");
            let earlier = LIST[..n].iter().filter(|(other, ..)| other == name);
            assert!(earlier.into_iter().all(|(_, other, ..)| other < from), "{name}");
        }
        let page = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/models.md");
        assert!(std::fs::read_to_string(page).unwrap().contains(LISTED_AT));
    }

    #[test]
    fn dated_names_have_the_price_of_the_model() {
        for (model, listed) in [
            ("gpt-4o", Some("gpt-4o")),
            ("gpt-4o-2024-08-06", Some("gpt-4o")),
            ("gpt-4o-mini-2024-07-18", Some("gpt-4o-mini")),
            ("grok-4-0709", Some("grok-4")),
            ("grok-3-latest", Some("grok-3")),
            ("claude-sonnet-4-5-20250929", Some("claude-sonnet-4-5")),
            ("claude-sonnet-4-20250514", Some("claude-sonnet-4")),
            ("gpt-4o-audio-preview", None),
            ("llama3", None),
            ("", None),
        ] {
            assert_eq!(Price::listed(model, at("2026-02-01")).map(|(_, name)| name), listed, "{model}");
        }
    }

    #[test]
    fn costs_are_rounded_up() {
        let (price, _) = Price::listed("gpt-4o", at("2026-02-01")).unwrap();
        assert_eq!(price.of(1_000_000, 0), 2_500_000);
        assert_eq!(price.of(0, 1_000_000), 10_000_000);
        assert_eq!(price.of(1, 0), 3);
        assert_eq!(price.of(12, 5), 80);
        assert_eq!(price.of(u64::MAX, u64::MAX), u64::MAX);
        assert_eq!(Price::FREE.of(1_000, 1_000), 0);
    }
}
